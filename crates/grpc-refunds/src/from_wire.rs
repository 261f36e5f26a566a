//! Messages become requests here, or are sent back with every mistake named.

use application::NewRefund;
use domain::{
    id::QuoteId,
    order::Order,
    refund::{
        Bearer, ComponentCharge, ComponentKind, ProductRequest, RefundReason, RefundRequest,
        RefundState,
    },
};
use grpc_kit::{Fields, MAX_COMMENT, each, period, refund_method, refund_state};
use ports::RefundFilter;
use wire::refunds::v1 as proto;

/// Characters of an external reference.
const MAX_REFERENCE: usize = 255;
/// Characters of ids that others give.
const MAX_ID: usize = 128;
/// Component types; each may be charged once.
const MAX_CHARGES: usize = 6;
/// States a list may be filtered by; there are no more.
const MAX_STATES: usize = 5;
/// Characters of a reason's code and name.
const MAX_CODE: usize = 64;
const MAX_NAME: usize = 255;

/// A quote asks for the same as the refund it is for.
pub(crate) fn of_quote(message: proto::QuoteRefundRequest) -> proto::CreateRefundRequest {
    proto::CreateRefundRequest {
        store_id: message.store_id,
        order_id: message.order_id,
        full_refund: message.full_refund,
        total_refund_amount: message.total_refund_amount,
        original_total_refund_amount: message.original_total_refund_amount,
        products_duties_refund: message.products_duties_refund,
        shipping_refund: message.shipping_refund,
        shipping_amount: message.shipping_amount,
        duties_amount: message.duties_amount,
        service_gesture_amount: message.service_gesture_amount,
        refund_reason: message.refund_reason,
        refund_comments: message.refund_comments,
        external_reference: message.external_reference,
        customer_prepaid_refund_amount: message.customer_prepaid_refund_amount,
        original_customer_prepaid_refund_amount: message.original_customer_prepaid_refund_amount,
        products: message.products,
        charged_to: message.charged_to,
        refund_method: message.refund_method,
        request_id: String::new(),
        quote_id: String::new(),
        wait: 0,
    }
}

/// Whether a request says what the compatible endpoint has no words for. A GUID alone is a
/// credential for that endpoint, and over gRPC it reaches no further.
pub(crate) fn says_more_than_compatible(message: &proto::CreateRefundRequest) -> bool {
    !message.quote_id.is_empty()
        || !message.charged_to.is_empty()
        || message.refund_method != 0
        || message.wait != 0
}

/// What is described, or what was quoted; never both.
pub(crate) fn new_refund(fields: &mut Fields, message: &proto::CreateRefundRequest) -> NewRefund {
    if proto::Wait::try_from(message.wait).is_err() {
        fields.wrong("wait", "must be WAIT_NONE or WAIT_SETTLED");
    }
    if message.quote_id.is_empty() {
        return NewRefund::Asked(Box::new(request(fields, message)));
    }
    let only_quoted = proto::CreateRefundRequest {
        store_id: message.store_id.clone(),
        order_id: message.order_id.clone(),
        request_id: message.request_id.clone(),
        quote_id: message.quote_id.clone(),
        wait: message.wait,
        ..proto::CreateRefundRequest::default()
    };
    if *message != only_quoted {
        fields.wrong("quote_id", "must be the only description of the refund");
    }
    let quote_id: Option<QuoteId> = fields.parse("quote_id", &message.quote_id);
    quote_id.map_or_else(|| NewRefund::Asked(Box::default()), NewRefund::Quoted)
}

pub(crate) fn request(fields: &mut Fields, message: &proto::CreateRefundRequest) -> RefundRequest {
    if message.products.len() > Order::MAX_LINES {
        fields.wrong("products", format!("must be at most {}", Order::MAX_LINES));
    }
    let products = message.products.iter().take(Order::MAX_LINES).enumerate();
    let products = products.map(|(index, product)| self::product(fields, index, product)).collect();
    let mut decimal = |name: &str, text: &Option<String>| fields.decimal(name, text.as_deref());
    let mut request = RefundRequest {
        full_refund: message.full_refund(),
        total_refund_amount: decimal("total_refund_amount", &message.total_refund_amount),
        original_total_refund_amount: decimal(
            "original_total_refund_amount",
            &message.original_total_refund_amount,
        ),
        products_duties_refund: message.products_duties_refund(),
        shipping_refund: message.shipping_refund(),
        shipping_amount: decimal("shipping_amount", &message.shipping_amount),
        duties_amount: decimal("duties_amount", &message.duties_amount),
        service_gesture_amount: decimal("service_gesture_amount", &message.service_gesture_amount),
        customer_prepaid_refund_amount: decimal(
            "customer_prepaid_refund_amount",
            &message.customer_prepaid_refund_amount,
        ),
        original_customer_prepaid_refund_amount: decimal(
            "original_customer_prepaid_refund_amount",
            &message.original_customer_prepaid_refund_amount,
        ),
        products,
        ..RefundRequest::default()
    };
    request.reason = reason(fields, "refund_reason", message.refund_reason.as_ref());
    request.comments =
        fields.optional_text("refund_comments", &message.refund_comments, MAX_COMMENT);
    let reference = message.external_reference.as_deref().unwrap_or_default();
    request.external_reference =
        fields.optional_text("external_reference", reference, MAX_REFERENCE);
    request.charged_to = charges(fields, &message.charged_to);
    request.method = refund_method(fields, message.refund_method);
    request
}

fn product(fields: &mut Fields, index: usize, product: &proto::ProductToRefund) -> ProductRequest {
    let at = |name: &str| format!("products[{index}].{name}");
    ProductRequest {
        cart_item_id: fields.optional_text(
            &at("cart_item_id"),
            product.cart_item_id.as_deref().unwrap_or_default(),
            MAX_ID,
        ),
        product_code: fields.optional_text(
            &at("product_code"),
            product.product_code.as_deref().unwrap_or_default(),
            MAX_ID,
        ),
        refund_quantity: product.refund_quantity.map(i64::from),
        refund_amount: fields.decimal(at("refund_amount"), product.refund_amount.as_deref()),
        original_refund_amount: fields
            .decimal(at("original_refund_amount"), product.original_refund_amount.as_deref()),
        refund_amount_percent: fields
            .decimal(at("refund_amount_percent"), product.refund_amount_percent.as_deref()),
        reason: reason(fields, &at("refund_reason"), product.refund_reason.as_ref()),
        comments: fields.optional_text(
            &at("refund_comments"),
            &product.refund_comments,
            MAX_COMMENT,
        ),
    }
}

fn reason(
    fields: &mut Fields,
    at: &str,
    reason: Option<&proto::RefundReason>,
) -> Option<RefundReason> {
    let reason = reason?;
    let code = reason.code.as_deref().unwrap_or_default();
    Some(RefundReason {
        code: fields.optional_text(&format!("{at}.code"), code, MAX_CODE),
        name: fields.optional_text(&format!("{at}.name"), &reason.name, MAX_NAME),
    })
}

fn charges(fields: &mut Fields, charges: &[proto::ComponentCharge]) -> Vec<ComponentCharge> {
    if charges.len() > MAX_CHARGES {
        fields.wrong("charged_to", format!("must be at most {MAX_CHARGES}"));
    }
    let mut read = Vec::new();
    for (index, charge) in charges.iter().take(MAX_CHARGES).enumerate() {
        let at = |name: &str| format!("charged_to[{index}].{name}");
        let kind = match charge.r#type() {
            proto::ComponentType::Products => Some(ComponentKind::Products),
            proto::ComponentType::Shipping => Some(ComponentKind::Shipping),
            proto::ComponentType::Duties => Some(ComponentKind::Duties),
            proto::ComponentType::ServiceGesture => Some(ComponentKind::ServiceGesture),
            proto::ComponentType::PrepaidReturn => Some(ComponentKind::PrepaidReturn),
            proto::ComponentType::CancellationFee => Some(ComponentKind::CancellationFee),
            proto::ComponentType::Unspecified => None,
        };
        let charged_to = match proto::ChargedTo::try_from(charge.charged_to) {
            Ok(proto::ChargedTo::Merchant) => Some(Bearer::Merchant),
            Ok(proto::ChargedTo::Platform) => Some(Bearer::Platform),
            // Who bears the rest of a split goes without saying.
            Ok(proto::ChargedTo::Unspecified) => {
                charge.platform_amount.as_ref().map(|_| Bearer::Merchant)
            }
            Err(_) => None,
        };
        let platform_amount =
            fields.decimal(at("platform_amount"), charge.platform_amount.as_deref());
        if kind.is_none() {
            fields.wrong(at("type"), "must be a component type");
        }
        if charged_to.is_none() {
            fields.wrong(at("charged_to"), "must be CHARGED_TO_MERCHANT or CHARGED_TO_PLATFORM");
        }
        if let (Some(kind), Some(charged_to)) = (kind, charged_to) {
            read.push(ComponentCharge { kind, charged_to, platform_amount });
        }
    }
    read
}

pub(crate) fn export(
    fields: &mut Fields,
    message: &proto::ExportRefundComponentsRequest,
) -> RefundFilter {
    let made = period(
        fields,
        ("created_after", message.created_after.as_ref()),
        ("created_before", message.created_before.as_ref()),
    );
    RefundFilter { order_id: None, states: states(fields, &message.states), made }
}

pub(crate) fn states(fields: &mut Fields, states: &[i32]) -> Vec<RefundState> {
    if states.len() > MAX_STATES {
        fields.wrong("states", format!("must be at most {MAX_STATES}"));
    }
    let states = &states[..states.len().min(MAX_STATES)];
    each(fields, "states", states, refund_state, "must be a refund state")
}
