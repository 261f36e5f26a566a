//! JSON as REST shows and takes it.

use serde_json::{Value, json};
use wire::{
    money::v1::MoneyPair,
    orders::v1::{Order, OrderLine, OrderState, Tender, TenderMethod, TenderState},
    refunds::v1::{CreateRefundRequest, Refund, RefundReason, RefundState, Wait},
    stores::v1::{Role, StoreSettings, TenderOrder, Token},
};

fn pair(customer: &str, merchant: &str) -> MoneyPair {
    MoneyPair { customer: customer.to_owned(), merchant: merchant.to_owned() }
}

#[test]
fn an_answer_shows_every_field_in_the_order_of_the_contract() {
    let tender = Tender {
        tender_id: "t1".to_owned(),
        method: TenderMethod::GiftCard.into(),
        amount: "60.95".to_owned(),
        state: TenderState::Captured.into(),
        ..Tender::default()
    };
    assert_eq!(
        serde_json::to_string(&tender).unwrap(),
        concat!(
            r#"{"tender_id":"t1","method":"TENDER_METHOD_GIFT_CARD","provider":"","#,
            r#""provider_reference":"","amount":"60.95","state":"TENDER_STATE_CAPTURED","#,
            r#""authorized":"","captured":"","released":"","refunded":"","origin":"TENDER_ORIGIN_UNSPECIFIED","#,
            r#""recovered_from":"","disputed":""}"#
        )
    );
}

#[test]
fn what_is_absent_is_shown_as_null() {
    let settings = serde_json::to_value(StoreSettings::default()).unwrap();
    assert_eq!(
        settings,
        json!({
            "appeasements": false,
            "prepaid_returns": false,
            "error_info": false,
            "guid_alone": false,
            "cancel_before_ready": null,
            "approval_limit": null,
            "tender_order": "TENDER_ORDER_UNSPECIFIED",
            "customer_requests": null,
            "handover": null,
            "screening": null,
            "refund_reasons": [],
            "time_zone": "",
        })
    );
    let token = serde_json::to_value(Token::default()).unwrap();
    assert_eq!((&token["expire_time"], &token["secret"]), (&Value::Null, &json!("")));
}

#[test]
fn an_order_shows_its_amounts_in_both_currencies() {
    let order = Order {
        order_id: "GE1".to_owned(),
        state: OrderState::Ready.into(),
        lines: vec![OrderLine { total: Some(pair("13.827", "33.02")), ..OrderLine::default() }],
        shipping: Some(pair("0.000", "0.00")),
        version: 3,
        create_time: Some(pbjson_types::Timestamp { seconds: 1_780_000_000, nanos: 250_000_000 }),
        ..Order::default()
    };
    let shown = serde_json::to_value(&order).unwrap();
    assert_eq!(shown["state"], "ORDER_STATE_READY");
    assert_eq!(shown["lines"][0]["total"], json!({"customer": "13.827", "merchant": "33.02"}));
    assert_eq!(shown["shipping"], json!({"customer": "0.000", "merchant": "0.00"}));
    assert_eq!(shown["version"], "3");
    assert_eq!(shown["create_time"], "2026-05-28T20:26:40.250Z");
    assert_eq!(serde_json::from_value::<Order>(shown).unwrap(), order);
}

#[test]
fn a_refund_keeps_a_reason_without_a_code() {
    let reason = RefundReason { code: None, name: "Undefined".to_owned() };
    let refund = Refund {
        state: RefundState::Pending.into(),
        refund_reason: Some(reason),
        ..Refund::default()
    };
    let shown = serde_json::to_value(refund).unwrap();
    assert_eq!(shown["refund_reason"], json!({"code": null, "name": "Undefined"}));
    assert_eq!(shown["state"], "REFUND_STATE_PENDING");
    assert_eq!((&shown["products"], &shown["full_refund"]), (&json!([]), &json!(false)));
}

#[test]
fn both_forms_of_a_name_are_taken() {
    for given in [
        json!({"order_id": "o", "total_refund_amount": "0", "wait": "WAIT_SETTLED",
            "products": [{"cart_item_id": "L1", "refund_quantity": 2}]}),
        json!({"orderId": "o", "totalRefundAmount": "0", "wait": "WAIT_SETTLED",
            "products": [{"cartItemId": "L1", "refundQuantity": "2"}]}),
    ] {
        let request: CreateRefundRequest = serde_json::from_value(given).unwrap();
        assert_eq!((request.order_id.as_str(), request.wait()), ("o", Wait::Settled));
        assert_eq!(request.total_refund_amount.as_deref(), Some("0"));
        assert_eq!(request.shipping_amount, None);
        assert_eq!(request.products[0].refund_quantity, Some(2));
    }
}

#[test]
fn what_the_contract_does_not_know_is_refused() {
    for given in [
        json!({"order_id": "o", "amount": "1"}),
        json!({"order_id": 1}),
        json!({"total_refund_amount": 60.95}),
        json!({"refund_method": "ORIGINAL"}),
        json!({"products": [{"refund_quantity": 1.5}]}),
    ] {
        assert!(serde_json::from_value::<CreateRefundRequest>(given.clone()).is_err(), "{given}");
    }
}

#[test]
fn enums_carry_their_prefix() {
    for (shown, name) in [
        (Role::Platform.as_str_name(), "ROLE_PLATFORM"),
        (TenderOrder::NonCashFirst.as_str_name(), "TENDER_ORDER_NON_CASH_FIRST"),
        (Wait::None.as_str_name(), "WAIT_NONE"),
    ] {
        assert_eq!(shown, name);
    }
}

#[test]
fn a_time_is_shown_in_utc_whatever_its_field_is_called() {
    let at = pbjson_types::Timestamp { seconds: 1_780_000_000, nanos: 0 };
    let event = wire::events::v1::Event { occurred_at: Some(at), ..Default::default() };
    let attempt = wire::webhooks::v1::DeliveryAttempt { time: Some(at), ..Default::default() };
    let event = serde_json::to_value(&event).unwrap();
    let attempt = serde_json::to_value(&attempt).unwrap();
    for shown in [&event["occurred_at"], &attempt["time"]] {
        assert_eq!(shown, "2026-05-28T20:26:40Z");
    }
}
