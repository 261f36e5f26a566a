//! Domain values become messages here.

use application::Quoted;
use domain::{
    Amount,
    order::{Order, Refundable, TenderMethod},
    refund::{
        Bearer, Component, ComponentKind, Derivation, Hold, Leg, LegKind, LegState, Refund,
        RefundMethod, RefundProduct, RefundReason, RefundState, Side,
    },
    store::{RefundReasonEntry, Store},
};
use grpc_kit::{amount, line_pair, pair, timestamp};
use ports::Version;
use std::fmt::Write as _;
use wire::{orders::v1 as orders, refunds::v1 as proto};

pub(crate) fn quoted(quoted: &Quoted) -> proto::QuoteRefundResponse {
    let order = &quoted.order.state;
    let hint = quoted.plan.refund.hint.clone().unwrap_or_default();
    let hash = quoted.quote.hash.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    let plan = proto::Refund {
        refund_id: String::new(),
        legs: quoted
            .plan
            .refund
            .legs
            .iter()
            .map(|leg| proto::RefundLeg { leg_id: String::new(), ..self::leg(order, leg) })
            .collect(),
        create_time: None,
        ..refund(order, &quoted.plan.refund)
    };
    proto::QuoteRefundResponse {
        quote_id: quoted.quote.quote_id.to_string(),
        expire_time: Some(timestamp(quoted.quote.expires_at)),
        order_version: quoted.order.version.0,
        hash,
        plan: Some(plan),
        left: Some(refundable(order, quoted.order.version, &quoted.plan.left)),
        hint,
    }
}

pub(crate) fn refund(order: &Order, refund: &Refund) -> proto::Refund {
    proto::Refund {
        refund_id: refund.refund_id.to_string(),
        refund_number: refund.number,
        store_id: order.store_id.to_string(),
        order_id: order.order_id.to_string(),
        external_order_id: order.external.as_ref().map(|it| it.id.clone()).unwrap_or_default(),
        state: state(refund.state).into(),
        full_refund: refund.full,
        total: Some(pair(refund.total, order)),
        customer_currency: order.customer_currency.to_string(),
        merchant_currency: order.merchant_currency.to_string(),
        products: refund.products.iter().map(|product| self::product(order, product)).collect(),
        components: refund.components.iter().map(|it| component(order, it)).collect(),
        legs: refund.legs.iter().map(|leg| self::leg(order, leg)).collect(),
        refund_reason: refund.reason.as_ref().map(reason),
        refund_comments: refund.comments.clone().unwrap_or_default(),
        external_reference: refund.external_reference.clone().unwrap_or_default(),
        refund_method: method(refund.method).into(),
        settings_version: refund.settings_version,
        order_version: refund.order_version,
        hold: refund.hold.as_ref().map(hold).unwrap_or_default(),
        hint: refund.hint.clone().unwrap_or_default(),
        created_by: format!("{}:{}", refund.created_by.kind.name(), refund.created_by.id),
        create_time: Some(timestamp(refund.created_at)),
    }
}

/// A new refund with its store as it is at this time.
pub(crate) fn new_refund(
    order: &Order,
    refund: &Refund,
    store: &Store,
) -> proto::CreateRefundResponse {
    let mapped = |reason: Option<&RefundReason>| mapped(&store.settings.refund_reasons, reason);
    let store = proto::StoreThen {
        merchant_guid: store.merchant_guid.clone(),
        web_store_code: store.web_store_code.clone().unwrap_or_default(),
        web_store_instance_code: store.web_store_instance_code.clone().unwrap_or_default(),
        refund_reason: Some(mapped(refund.reason.as_ref())),
        product_reasons: refund
            .products
            .iter()
            .map(|product| mapped(product.reason.as_ref()))
            .collect(),
    };
    proto::CreateRefundResponse { refund: Some(self::refund(order, refund)), store: Some(store) }
}

/// The store's entry for what was sent, by its code.
fn mapped(known: &[RefundReasonEntry], sent: Option<&RefundReason>) -> proto::MappedReason {
    let code = sent.and_then(|sent| sent.code.as_ref());
    let entry = known.iter().find(|known| Some(&known.code) == code);
    let reason = entry.map(|entry| proto::RefundReason {
        code: Some(entry.code.clone()),
        name: entry.name.clone(),
    });
    proto::MappedReason { reason }
}

fn product(order: &Order, product: &RefundProduct) -> proto::RefundProduct {
    let line = order.lines.get(product.line);
    proto::RefundProduct {
        cart_item_id: line.map(|line| line.cart_item_id.clone()).unwrap_or_default(),
        product_code: line.and_then(|line| line.product_code.clone()).unwrap_or_default(),
        refund_quantity: count(product.quantity),
        amount: Some(line_pair(product.amount, order)),
        refund_reason: product.reason.as_ref().map(reason),
        refund_comments: product.comments.clone().unwrap_or_default(),
    }
}

fn component(order: &Order, component: &Component) -> proto::RefundComponent {
    let kind = match component.kind {
        ComponentKind::Products => proto::ComponentType::Products,
        ComponentKind::Shipping => proto::ComponentType::Shipping,
        ComponentKind::Duties => proto::ComponentType::Duties,
        ComponentKind::ServiceGesture => proto::ComponentType::ServiceGesture,
        ComponentKind::PrepaidReturn => proto::ComponentType::PrepaidReturn,
        ComponentKind::CancellationFee => proto::ComponentType::CancellationFee,
    };
    let charged_to = match component.charged_to {
        Bearer::Merchant => proto::ChargedTo::Merchant,
        Bearer::Platform => proto::ChargedTo::Platform,
    };
    proto::RefundComponent {
        r#type: kind.into(),
        amount: Some(pair(component.amount, order)),
        charged_to: charged_to.into(),
    }
}

fn tender_method(order: &Order, leg: &Leg) -> orders::TenderMethod {
    let tender = order.tenders.iter().find(|tender| tender.tender_id == leg.tender_id);
    tender.map_or(orders::TenderMethod::Unspecified, |tender| match tender.method {
        TenderMethod::Card => orders::TenderMethod::Card,
        TenderMethod::Wallet => orders::TenderMethod::Wallet,
        TenderMethod::BankTransfer => orders::TenderMethod::BankTransfer,
        TenderMethod::Mobile => orders::TenderMethod::Mobile,
        TenderMethod::GiftCard => orders::TenderMethod::GiftCard,
        TenderMethod::Points => orders::TenderMethod::Points,
        TenderMethod::StoreCredit => orders::TenderMethod::StoreCredit,
        TenderMethod::CashOnDelivery => orders::TenderMethod::CashOnDelivery,
    })
}

fn leg(order: &Order, leg: &Leg) -> proto::RefundLeg {
    let kind = match leg.kind {
        LegKind::Refund => proto::LegKind::Refund,
        LegKind::Restore => proto::LegKind::Restore,
        LegKind::Manual => proto::LegKind::Manual,
    };
    let state = match leg.state {
        LegState::Pending => proto::LegState::Pending,
        LegState::Sent => proto::LegState::Sent,
        LegState::Unknown => proto::LegState::Unknown,
        LegState::Accepted => proto::LegState::Accepted,
        LegState::Settled => proto::LegState::Settled,
        LegState::Failed => proto::LegState::Failed,
    };
    let failure = leg.failure.as_ref().map(|it| format!("{}: {}", it.code, it.message));
    proto::RefundLeg {
        leg_id: leg.leg_id.to_string(),
        tender_id: leg.tender_id.to_string(),
        tender_method: tender_method(order, leg).into(),
        kind: kind.into(),
        amount: amount(leg.amount, order.customer_currency),
        state: state.into(),
        provider: leg.provider.clone(),
        provider_reference: leg.reference.clone().unwrap_or_default(),
        attempts: count(leg.attempts),
        failure: failure.unwrap_or_default(),
    }
}

fn reason(reason: &RefundReason) -> proto::RefundReason {
    proto::RefundReason { code: reason.code.clone(), name: reason.name.clone().unwrap_or_default() }
}

fn hold(hold: &Hold) -> String {
    match hold {
        Hold::Approval => "waits for another manager's approval".to_owned(),
        Hold::Person { by, reason } => format!("held by {}: {reason}", by.id),
    }
}

const fn state(state: RefundState) -> proto::RefundState {
    match state {
        RefundState::Pending => proto::RefundState::Pending,
        RefundState::Held => proto::RefundState::Held,
        RefundState::Succeeded => proto::RefundState::Succeeded,
        RefundState::Failed => proto::RefundState::Failed,
        RefundState::Voided => proto::RefundState::Voided,
    }
}

const fn method(method: RefundMethod) -> proto::RefundMethod {
    match method {
        RefundMethod::Original => proto::RefundMethod::Original,
        RefundMethod::GiftCard => proto::RefundMethod::GiftCard,
        RefundMethod::StoreCredit => proto::RefundMethod::StoreCredit,
        RefundMethod::Points => proto::RefundMethod::Points,
        RefundMethod::BankDeposit => proto::RefundMethod::BankDeposit,
    }
}

pub(crate) fn refundable(order: &Order, version: Version, left: &Refundable) -> proto::Refundable {
    let text = |value: Amount| amount(value, order.customer_currency);
    let lines = left.lines.iter().map(|line| proto::RefundableLine {
        cart_item_id: line.cart_item_id.clone(),
        quantity: count(line.quantity),
        amount: Some(line_pair(line.amount, order)),
    });
    let tenders = left.tenders.iter().map(|tender| proto::RefundableTender {
        tender_id: tender.tender_id.to_string(),
        captured: text(tender.captured),
        refunded: text(tender.refunded),
        left: text(tender.left),
    });
    proto::Refundable {
        total: Some(pair(left.total, order)),
        lines: lines.collect(),
        shipping: Some(pair(left.shipping, order)),
        duties: Some(pair(left.duties, order)),
        tenders: tenders.collect(),
        version: version.0,
    }
}

pub(crate) fn explanation(order: &Order, derivation: &Derivation) -> proto::Explanation {
    let currency = match derivation.side {
        Side::Customer => order.customer_currency,
        Side::Merchant => order.merchant_currency,
    };
    let text = |value: Amount| value.to_text(derivation.decimals.max(currency.exponent()));
    proto::Explanation {
        subject: derivation.subject.clone(),
        currency: currency.to_string(),
        rule: derivation.rule.name().to_owned(),
        before: text(derivation.before),
        after: text(derivation.after),
        rounding: format!("half away from zero, {} decimals", derivation.decimals),
        amount: text(derivation.amount),
        text: derivation.rule.text().to_owned(),
    }
}

fn count(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}
