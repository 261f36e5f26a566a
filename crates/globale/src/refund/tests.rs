use super::*;
use serde_json::{Value, json};

fn pair(customer: &str, merchant: &str) -> Pair {
    Pair { customer: customer.to_owned(), merchant: merchant.to_owned() }
}

/// The worked example of the reference document.
fn worked() -> Refund {
    let comments = Some("Damaged shipment but the customer kept it".to_owned());
    Refund {
        number: 67961,
        merchant_guid: "39a4ffdsfds-f6324b-41ce-afdsfa-c8ef18234132".to_owned(),
        web_store_code: None,
        web_store_instance_code: Some("GlobalEDefaultStoreInstance".to_owned()),
        order_id: "GE95135467GB".to_owned(),
        merchant_order_id: Some("orderid123".to_owned()),
        full: false,
        as_gift_card: false,
        total: pair("60.95", "31.27"),
        products: vec![Product {
            cart_item_id: "2".to_owned(),
            sku: None,
            quantity: "1".to_owned(),
            amount: pair("60.95", "31.2707"),
            reason: Some(OrderRefundReason::unmapped()),
            comments: comments.clone(),
        }],
        components: vec![Component {
            kind: ComponentType::Products,
            amount: pair("60.95", "31.27"),
            charged_to_platform: false,
        }],
        to_gift_cards: Vec::new(),
        reason: Some(OrderRefundReason::unmapped()),
        comments,
    }
}

fn shown(refund: Refund) -> Value {
    serde_json::to_value(OrderRefund::of(refund).unwrap()).unwrap()
}

#[test]
fn the_worked_example_reads_as_in_the_reference() {
    let kept = "Damaged shipment but the customer kept it";
    let undefined = json!({"OrderRefundReasonCode": null, "Name": "Undefined"});
    // Its members with their values; what follows after them stands in the reference's tables and
    // not in its example, where an order without gift cards would show them so.
    let expected = json!({
        "MerchantOrderId": "orderid123",
        "RefundId": "67961",
        "MerchantGUID": "39a4ffdsfds-f6324b-41ce-afdsfa-c8ef18234132",
        "Products": [{
            "CartItemId": "2",
            "RefundQuantity": "1",
            "OriginalRefundAmount": "31.2707",
            "RefundAmount": "60.9500",
            "RefundReason": undefined,
            "RefundComments": kept,
            "sku": null,
        }],
        "Components": [{
            "Amount": "60.95",
            "OriginalAmount": "31.27",
            "IsChargedToMerchant": "TRUE",
            "ComponentType": "Products",
            "RefundAmount": "60.95",
        }],
        "OrderId": "GE95135467GB",
        "TotalRefundAmount": "60.95",
        "RefundReason": undefined,
        "RefundComments": kept,
        "OriginalTotalRefundAmount": "31.27",
        "ServiceGestureAmount": "0.00",
        "WebStoreCode": null,
        "WebStoreInstanceCode": "GlobalEDefaultStoreInstance",
        "FullRefund": false,
        "RefundAsGiftCard": false,
        "TotalGiftCardsRefundAmount": "0.00",
        "TotalGiftCardsRefundAmountinMerchantCurrency": "0.00",
        "GiftCardsData": null,
    });
    assert_eq!(shown(worked()), expected);
}

#[test]
fn gestures_and_gift_cards_are_summed_up() {
    let gesture = |customer: &str, charged_to_platform| Component {
        kind: ComponentType::ServiceGesture,
        amount: pair(customer, "0.00"),
        charged_to_platform,
    };
    let to_gift_cards = vec!["20.00".to_owned(), "10.475".to_owned()];
    let components = vec![gesture("4.00", false), gesture("6.00", true)];
    let shown = shown(Refund { components, to_gift_cards, ..worked() });
    assert_eq!(shown["ServiceGestureAmount"], "10.00");
    assert_eq!(shown["Components"][1]["IsChargedToMerchant"], "FALSE");
    assert_eq!(shown["TotalGiftCardsRefundAmount"], "30.475");
    assert_eq!(shown["TotalGiftCardsRefundAmountinMerchantCurrency"], "15.64");
}

#[test]
fn an_empty_text_is_no_text() {
    let empty = || Some(String::new());
    let shown = shown(Refund {
        merchant_order_id: empty(),
        web_store_code: empty(),
        web_store_instance_code: empty(),
        comments: empty(),
        reason: None,
        ..worked()
    });
    for member in [
        "MerchantOrderId",
        "WebStoreCode",
        "WebStoreInstanceCode",
        "RefundComments",
        "RefundReason",
    ] {
        assert_eq!(shown[member], Value::Null, "{member}");
    }
}

#[test]
fn what_cannot_be_shown_is_not_guessed() {
    for refund in [
        Refund { total: pair("x", "1"), ..worked() },
        Refund { total: pair("1", ""), ..worked() },
        Refund { to_gift_cards: vec!["much".to_owned()], ..worked() },
    ] {
        assert_eq!(OrderRefund::of(refund).unwrap_err(), Unshowable);
    }
}
