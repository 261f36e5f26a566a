//! The refund that is asked for, from the two texts that describe it.

use super::{
    faults::{Faults, Kind},
    fields::Fields,
    json::{Json, List, Names},
};
use serde_json::value::RawValue;
use wire::refunds::v1::{CreateRefundRequest, ProductToRefund, RefundReason};

/// How many products a refund may list, as in the contract.
const MAX_PRODUCTS: usize = 500;

/// The longest texts that are taken, in characters, as in the contract. An order may be named by
/// the merchant's id too.
const MAX_ORDER_ID: usize = 128;
const MAX_CODE: usize = 64;
/// Characters of a line's id and of a product code, as many as an order takes.
const MAX_ID: usize = 128;
const MAX_NAME: usize = 255;
const MAX_REFERENCE: usize = 255;
const MAX_COMMENTS: usize = 2000;

/// How the list of products is called where it is a member of the body.
pub const PRODUCTS: &str = "refundProductsList";

const ORDER_REFUND: &[Names] = &[
    &["OrderId"],
    &["FullRefund"],
    &["TotalRefundAmount"],
    &["OriginalTotalRefundAmount"],
    &["ProductsDutiesRefund"],
    &["ShippingRefund"],
    &["RefundReason", "OrderRefundReasonObject"],
    &["ServiceGestureAmount"],
    &["ShippingAmount"],
    &["DutiesAmount"],
    &["RefundComments"],
    &["externalReference"],
    &["CustomerPrepaidRefundAmount"],
    &["OriginalCustomerPrepaidRefundAmount"],
];

const PRODUCT: &[Names] = &[
    &["CartItemId"],
    &["ProductCode"],
    &["RefundQuantity"],
    &["OriginalRefundAmount"],
    &["RefundAmountPercent"],
    &["RefundAmount"],
    &["RefundReason", "OrderRefundReasonObject"],
    &["RefundComments"],
];

const REASON: &[Names] = &[&["OrderRefundReasonCode"], &["Name"]];

/// Reads both texts; what is not found in them is left for the caller to fill in.
pub fn read(
    order_refund: &str,
    products: Option<&str>,
    faults: &mut Faults,
) -> CreateRefundRequest {
    let products = products.map(|list| read_products(list, faults)).unwrap_or_default();
    let mut fields = Fields::of(order_refund, ORDER_REFUND, "", faults);
    CreateRefundRequest {
        order_id: fields.mandatory_text("OrderId", MAX_ORDER_ID).unwrap_or_default(),
        full_refund: fields.flag("FullRefund"),
        total_refund_amount: fields.amount("TotalRefundAmount"),
        original_total_refund_amount: fields.amount("OriginalTotalRefundAmount"),
        products_duties_refund: fields.flag("ProductsDutiesRefund"),
        shipping_refund: fields.flag("ShippingRefund"),
        shipping_amount: fields.amount("ShippingAmount"),
        duties_amount: fields.amount("DutiesAmount"),
        service_gesture_amount: fields.amount("ServiceGestureAmount"),
        refund_reason: reason(&mut fields),
        refund_comments: fields.text("RefundComments", MAX_COMMENTS).unwrap_or_default(),
        external_reference: fields.text("externalReference", MAX_REFERENCE),
        customer_prepaid_refund_amount: fields.amount("CustomerPrepaidRefundAmount"),
        original_customer_prepaid_refund_amount: fields
            .amount("OriginalCustomerPrepaidRefundAmount"),
        products,
        ..CreateRefundRequest::default()
    }
}

fn read_products(list: &str, faults: &mut Faults) -> Vec<ProductToRefund> {
    let List { items, count } = List::pick(list, MAX_PRODUCTS).unwrap_or_else(|error| {
        faults.push(Kind::Other, PRODUCTS, format_args!("is not a JSON array: {error}"));
        List::default()
    });
    if count > items.len() {
        let wrong = format_args!("lists {count} products; at most {MAX_PRODUCTS} are taken");
        faults.push(Kind::Other, PRODUCTS, wrong);
        return Vec::new();
    }
    let items = items.into_iter().enumerate();
    items.map(|(place, item)| product(place, item, faults)).collect()
}

fn product(place: usize, item: &RawValue, faults: &mut Faults) -> ProductToRefund {
    let path = format!("{PRODUCTS}[{place}]");
    let Ok(Json::Object(text)) = Json::of(item) else {
        faults.push(Kind::Other, &path, "must be an object");
        return ProductToRefund::default();
    };
    let mut fields = Fields::of(text, PRODUCT, &path, faults);
    ProductToRefund {
        cart_item_id: fields.text("CartItemId", MAX_ID),
        product_code: fields.text("ProductCode", MAX_ID),
        refund_quantity: fields.quantity("RefundQuantity"),
        refund_amount: fields.amount("RefundAmount"),
        original_refund_amount: fields.amount("OriginalRefundAmount"),
        refund_amount_percent: fields.amount("RefundAmountPercent"),
        refund_reason: reason(&mut fields),
        refund_comments: fields.text("RefundComments", MAX_COMMENTS).unwrap_or_default(),
    }
}

fn reason(fields: &mut Fields<'_, '_>) -> Option<RefundReason> {
    let mut reason = fields.object("RefundReason", REASON)?;
    let code = reason.text("OrderRefundReasonCode", MAX_CODE);
    let name = reason.text("Name", MAX_NAME).unwrap_or_default();
    (code.is_some() || !name.is_empty()).then_some(RefundReason { code, name })
}

#[cfg(test)]
mod tests;
