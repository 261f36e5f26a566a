use super::*;
use crate::Movement;
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
        gift_cards: Vec::new(),
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

fn card(id: &str, refunded: &str, movements: &[Movement]) -> GiftCard {
    GiftCard {
        card_id: id.to_owned(),
        currency: "GBP".to_owned(),
        redemption: Some("t-1".to_owned()),
        balance: Some("12.50".to_owned()),
        used: "40.00".to_owned(),
        refunded: refunded.to_owned(),
        movements: movements.to_vec(),
    }
}

#[test]
fn a_gift_card_is_shown_by_the_names_of_the_references_table() {
    let cards = vec![card("GC-1", "20.00", &[Movement::OnItsWay])];
    let expected = json!({
        "CardId": "GC-1",
        "BalanceInGiftCardCurrency": "12.50",
        "BalanceInCustomerCurrency": "12.50",
        "GiftCardCurrencyCode": "GBP",
        "CustomerCurrencyMode": "GBP",
        "BalanceUsedInCardCurrency": "40.00",
        "BalanceUsedInCustomerCurrency": "40.00",
        "RedeemTransactionId": "t-1",
        "CardFields": {"CardId": "GC-1", "giftCardBalanceToUse": "40.00"},
        "ErrorCode": null,
        "ErrorText": null,
        "IsRefundSuccess": null,
        "GiftCardType": null,
        // 31.27 × 20.00 / 60.95
        "OriginalTotalRefundAmount": "10.26",
        "RefundedBalanceInCustomerCurrency": "20.00",
        "RefundeBalanceInGiftCardCurrency": "20.00",
    });
    assert_eq!(shown(Refund { gift_cards: cards, ..worked() })["GiftCardsData"], expected);
}

#[test]
fn a_gift_card_says_how_its_movements_ended() {
    let failed = || Movement::Failed { code: "gone".to_owned(), text: "no such card".to_owned() };
    for (movements, success, code) in [
        (vec![Movement::Arrived], json!(true), json!(null)),
        (vec![Movement::Arrived, Movement::OnItsWay], json!(null), json!(null)),
        (vec![Movement::Arrived, failed()], json!(false), json!("gone")),
        (vec![failed(), Movement::OnItsWay], json!(false), json!("gone")),
    ] {
        let cards = vec![card("GC-1", "20.00", &movements)];
        let shown = &shown(Refund { gift_cards: cards, ..worked() })["GiftCardsData"];
        assert_eq!((&shown["IsRefundSuccess"], &shown["ErrorCode"]), (&success, &code));
        let text = if code.is_null() { json!(null) } else { json!("no such card") };
        assert_eq!(shown["ErrorText"], text);
    }
}

#[test]
fn several_gift_cards_are_a_list() {
    let cards = vec![card("GC-1", "20.00", &[]), card("GC-2", "5.00", &[])];
    let shown = &shown(Refund { gift_cards: cards, ..worked() })["GiftCardsData"];
    let ids: Vec<_> = shown.as_array().unwrap().iter().map(|card| &card["CardId"]).collect();
    assert_eq!(ids, ["GC-1", "GC-2"]);
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
