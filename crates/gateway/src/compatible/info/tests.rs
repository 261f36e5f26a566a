use super::*;
use serde_json::{Value, json};
use wire::{
    refunds::v1::ComponentType,
    stores::v1::{StoreRefundReason, StoreSettings},
};

fn pair(customer: &str, merchant: &str) -> MoneyPair {
    MoneyPair { customer: customer.to_owned(), merchant: merchant.to_owned() }
}

fn sent(code: Option<&str>) -> RefundReason {
    RefundReason { code: code.map(str::to_owned), name: "Damaged Item".to_owned() }
}

fn store() -> Store {
    let known = StoreRefundReason { code: "8".to_owned(), name: "Damaged".to_owned() };
    let settings = StoreSettings { refund_reasons: vec![known], ..StoreSettings::default() };
    Store {
        merchant_guid: "39a4".to_owned(),
        web_store_instance_code: "Default".to_owned(),
        settings: Some(settings),
        ..Store::default()
    }
}

fn part(
    kind: ComponentType,
    customer: &str,
    merchant: &str,
    by: ChargedTo,
) -> refunds::RefundComponent {
    let amount = Some(pair(customer, merchant));
    refunds::RefundComponent { r#type: kind.into(), amount, charged_to: by.into() }
}

fn leg(method: TenderMethod, amount: &str) -> RefundLeg {
    let amount = amount.to_owned();
    RefundLeg { tender_method: method.into(), amount, ..RefundLeg::default() }
}

fn refund() -> Refund {
    Refund {
        refund_number: 67961,
        order_id: "GE95135467GB".to_owned(),
        external_order_id: "orderid123".to_owned(),
        total: Some(pair("70.95", "36.40")),
        products: vec![refunds::RefundProduct {
            cart_item_id: "2".to_owned(),
            product_code: "SKU-1".to_owned(),
            refund_quantity: 1,
            amount: Some(pair("60.95", "31.2707")),
            refund_reason: Some(sent(Some("9"))),
            refund_comments: "kept".to_owned(),
        }],
        components: vec![
            part(ComponentType::Products, "60.95", "31.27", ChargedTo::Merchant),
            part(ComponentType::ServiceGesture, "4.00", "2.05", ChargedTo::Merchant),
            part(ComponentType::ServiceGesture, "6.00", "3.08", ChargedTo::Platform),
        ],
        legs: vec![leg(TenderMethod::GiftCard, "20.00"), leg(TenderMethod::Card, "50.95")],
        refund_reason: Some(sent(Some("8"))),
        ..Refund::default()
    }
}

/// As a receipt from before refunds said what their store was.
fn alone(refund: Refund) -> CreateRefundResponse {
    CreateRefundResponse { refund: Some(refund), ..<_>::default() }
}

fn shown(refund: Refund) -> Value {
    serde_json::to_value(of_refund(&store(), alone(refund)).unwrap()).unwrap()
}

#[test]
fn a_refund_is_shown_as_its_store_was_and_not_as_it_is() {
    let entry = RefundReason { code: Some("9".to_owned()), name: "Too late".to_owned() };
    let then = StoreThen {
        merchant_guid: "old-guid".to_owned(),
        web_store_code: "old-code".to_owned(),
        web_store_instance_code: String::new(),
        refund_reason: Some(MappedReason { reason: None }),
        product_reasons: vec![MappedReason { reason: Some(entry) }],
    };
    let made = CreateRefundResponse { store: Some(then), ..alone(refund()) };
    let shown = serde_json::to_value(of_refund(&store(), made).unwrap()).unwrap();
    let shown = &shown["NotifyOrderRefund"];
    assert_eq!(
        (&shown["MerchantGUID"], &shown["WebStoreCode"]),
        (&json!("old-guid"), &json!("old-code"))
    );
    assert_eq!(shown["WebStoreInstanceCode"], Value::Null);
    let unmapped = json!({"OrderRefundReasonCode": null, "Name": "Undefined"});
    assert_eq!(shown["RefundReason"], unmapped, "the store did not know it then");
    let mapped = json!({"OrderRefundReasonCode": "9", "Name": "Too late"});
    assert_eq!(shown["Products"][0]["RefundReason"], mapped);
}

#[test]
fn a_refund_is_shown_with_every_member() {
    let component = |kind, amount, original, by| {
        json!({
            "Amount": amount,
            "OriginalAmount": original,
            "IsChargedToMerchant": by,
            "ComponentType": kind,
            "RefundAmount": amount,
        })
    };
    let expected = json!({
        "Success": true,
        "Reason": "Refund generated with id 67961",
        "NotifyOrderRefund": {
            "MerchantOrderId": "orderid123",
            "RefundId": "67961",
            "MerchantGUID": "39a4",
            "Products": [{
                "CartItemId": "2",
                "RefundQuantity": "1",
                "OriginalRefundAmount": "31.2707",
                "RefundAmount": "60.9500",
                "RefundReason": {"OrderRefundReasonCode": null, "Name": "Undefined"},
                "RefundComments": "kept",
                "sku": "SKU-1",
            }],
            "Components": [
                component("Products", "60.95", "31.27", "TRUE"),
                component("ServiceGesture", "4.00", "2.05", "TRUE"),
                component("ServiceGesture", "6.00", "3.08", "FALSE"),
            ],
            "OrderId": "GE95135467GB",
            "TotalRefundAmount": "70.95",
            "RefundReason": {"OrderRefundReasonCode": "8", "Name": "Damaged"},
            "RefundComments": null,
            "OriginalTotalRefundAmount": "36.40",
            "ServiceGestureAmount": "10.00",
            "WebStoreCode": null,
            "WebStoreInstanceCode": "Default",
            "FullRefund": false,
            "RefundAsGiftCard": false,
            "TotalGiftCardsRefundAmount": "20.00",
            "TotalGiftCardsRefundAmountinMerchantCurrency": "10.26",
            "GiftCardsData": null,
        },
    });
    assert_eq!(shown(refund()), expected);
}

#[test]
fn the_members_stand_in_the_order_of_the_reference() {
    let text = serde_json::to_string(&of_refund(&store(), alone(refund())).unwrap()).unwrap();
    let start = r#"{"Success":true,"Reason":"Refund generated with id 67961","NotifyOrderRefund":{"MerchantOrderId":"#;
    assert!(text.starts_with(start), "{text}");
}

#[test]
fn a_currency_without_decimals_has_none_but_on_products() {
    let bare = Refund {
        total: Some(pair("0", "0.000")),
        components: Vec::new(),
        legs: Vec::new(),
        products: vec![refunds::RefundProduct {
            amount: Some(pair("0", "0.0000")),
            ..refunds::RefundProduct::default()
        }],
        refund_reason: None,
        full_refund: true,
        ..refund()
    };
    let shown = &shown(bare)["NotifyOrderRefund"];
    assert_eq!(
        (&shown["TotalRefundAmount"], &shown["OriginalTotalRefundAmount"]),
        (&json!("0"), &json!("0.000"))
    );
    assert_eq!((&shown["ServiceGestureAmount"], &shown["FullRefund"]), (&json!("0"), &json!(true)));
    assert_eq!(shown["TotalGiftCardsRefundAmountinMerchantCurrency"], "0.000");
    assert_eq!(shown["Products"][0]["RefundAmount"], "0.0000");
    assert_eq!((&shown["Components"], &shown["RefundReason"]), (&json!([]), &Value::Null));
}

#[test]
fn a_refund_as_gift_card_goes_to_one_whole() {
    let as_card = Refund { refund_method: RefundMethod::GiftCard.into(), ..refund() };
    let shown = &shown(as_card)["NotifyOrderRefund"];
    assert_eq!(shown["RefundAsGiftCard"], true);
    assert_eq!(shown["TotalGiftCardsRefundAmount"], "70.95");
    assert_eq!(shown["TotalGiftCardsRefundAmountinMerchantCurrency"], "36.40");
}

#[test]
fn what_cannot_be_shown_is_not_guessed() {
    let missing = Refund { total: None, ..refund() };
    assert!(of_refund(&store(), alone(missing)).is_none());
    let kind = part(ComponentType::Unspecified, "1", "1", ChargedTo::Merchant);
    let unknown = Refund { components: vec![kind], ..refund() };
    assert!(of_refund(&store(), alone(unknown)).is_none());
}
