//! The form of a refund as a request. Amounts stay texts: the service says what is wrong with them.

use crate::{faults::PRODUCTS, fields::Fields, words};
use tonic::Status;
use wire::{
    refunds::v1::{ProductToRefund, QuoteRefundRequest, RefundMethod, RefundReason},
    stores::v1::StoreRefundReason,
};

pub fn read(
    form: &Fields,
    known: &[StoreRefundReason],
    store_id: String,
    order_id: String,
) -> Result<QuoteRefundRequest, Status> {
    let whole = form.text("what") == "everything";
    let common = QuoteRefundRequest {
        store_id,
        order_id,
        refund_reason: reason(form.text("reason"), known),
        refund_comments: form.text("comments").to_owned(),
        external_reference: form.given("external_reference"),
        service_gesture_amount: form.given("goodwill"),
        customer_prepaid_refund_amount: form.given("return_fee"),
        refund_method: words::number::<RefundMethod>(form.text("method")),
        ..QuoteRefundRequest::default()
    };
    if whole {
        return Ok(QuoteRefundRequest { full_refund: Some(true), ..common });
    }
    Ok(QuoteRefundRequest {
        products: products(form, known)?,
        shipping_refund: form.has("all_shipping").then_some(true),
        shipping_amount: form.given("shipping"),
        products_duties_refund: form.has("their_duties").then_some(true),
        duties_amount: form.given("duties"),
        ..common
    })
}

/// The lines of which anything is to be given back.
fn products(form: &Fields, known: &[StoreRefundReason]) -> Result<Vec<ProductToRefund>, Status> {
    let columns = ["line", "quantity", "percent", "amount", "line_reason"];
    let mut products = Vec::new();
    for [line, quantity, percent, amount, line_reason] in PRODUCTS.read(form, columns) {
        let quantity = match quantity {
            "" => None,
            text => Some(text.parse().map_err(|_| {
                Status::invalid_argument(format!("“{text}” pieces of {line} is no whole number"))
            })?),
        };
        products.push(ProductToRefund {
            cart_item_id: Some(line.to_owned()),
            refund_quantity: quantity,
            refund_amount_percent: Some(percent.to_owned()).filter(|text| !text.is_empty()),
            refund_amount: Some(amount.to_owned()).filter(|text| !text.is_empty()),
            refund_reason: reason(line_reason, known),
            ..ProductToRefund::default()
        });
    }
    Ok(products)
}

fn reason(code: &str, known: &[StoreRefundReason]) -> Option<RefundReason> {
    let known = known.iter().find(|reason| reason.code == code && !code.is_empty())?;
    Some(RefundReason { code: Some(known.code.clone()), name: known.name.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(form: &str) -> QuoteRefundRequest {
        let known = [StoreRefundReason { code: "8".to_owned(), name: "Damaged".to_owned() }];
        read(&Fields::of(form).unwrap(), &known, "acme".to_owned(), "O1".to_owned()).unwrap()
    }

    #[test]
    fn only_lines_that_say_something_are_refunded() {
        let form = "line=a&quantity=&percent=&amount=&line_reason=8\
                    &line=b&quantity=2&percent=12.5&amount=&line_reason=8\
                    &line=c&quantity=&percent=&amount=3.00&line_reason=&reason=8&goodwill=1";
        let asked = asked(form);
        let [one, other] = asked.products.as_slice() else { panic!("{:?}", asked.products) };
        assert_eq!(one.cart_item_id.as_deref(), Some("b"));
        assert_eq!(
            (one.refund_quantity, one.refund_amount_percent.as_deref()),
            (Some(2), Some("12.5"))
        );
        assert_eq!(one.refund_reason.as_ref().unwrap().name, "Damaged");
        assert_eq!((other.refund_quantity, other.refund_amount.as_deref()), (None, Some("3.00")));
        assert_eq!(other.refund_reason, None);
        assert_eq!(asked.service_gesture_amount.as_deref(), Some("1"));
        assert_eq!(asked.full_refund, None);
    }

    #[test]
    fn everything_names_no_lines() {
        let asked = asked("what=everything&line=a&quantity=1&all_shipping=on");
        assert_eq!(asked.full_refund, Some(true));
        assert!(asked.products.is_empty());
        assert_eq!(asked.shipping_refund, None);
    }

    #[test]
    fn a_quantity_that_is_none_is_said_so() {
        let form = Fields::of("line=a&quantity=1.5").unwrap();
        assert!(read(&form, &[], String::new(), String::new()).is_err());
    }
}
