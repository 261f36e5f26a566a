//! Which tender gets how much back, and by which way.

use crate::{
    on_both,
    world::{GUID, STORE, World, eventually, order, order_path, tender, unique},
};
use http::Method;
use serde_json::{Value, json};
use wire::refunds::v1::{CreateRefundRequest, GiftCardThen, RefundMethod};

on_both!(
    gift_card_points_and_card_get_back_what_they_gave,
    the_store_says_which_tenders_come_first,
    a_refund_to_a_gift_card_goes_to_an_account_of_its_own,
    the_compatible_endpoint_shows_the_gift_card,
    a_card_that_a_refund_opens_is_shown_with_what_is_put_on_it,
);

fn own(tender_id: &str, method: &str, account: &str, amount: &str) -> Value {
    let mut tender = tender(tender_id, account, amount);
    tender["method"] = method.into();
    tender["provider"] = "ledger".into();
    tender
}

/// 115.00 by a gift card of 30, points worth 20, and a card.
fn mixed(order_id: &str) -> Value {
    let mut order = order(order_id);
    order["tenders"] = json!([
        tender("card", "pay-1", "65.00"),
        own("gift", "TENDER_METHOD_GIFT_CARD", "GC-1", "30.00"),
        own("points", "TENDER_METHOD_POINTS", "PT-1", "20.00"),
    ]);
    order
}

fn legs(refund: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let legs = refund["legs"].as_array().unwrap().iter();
    legs.map(|leg| (text(&leg["tender_id"]), text(&leg["kind"]), text(&leg["amount"]))).collect()
}

fn balance(world: &World, account: &str) -> i64 {
    let sql = format!("SELECT balance FROM ledger_accounts WHERE name = '{account}'");
    world.database.count(&sql)
}

async fn gift_card_points_and_card_get_back_what_they_gave(world: World) {
    world.open_store(json!({})).await;
    world.ready(&mixed("O-1")).await;
    let leg = |tender: &str, kind: &str, amount: &str| {
        (tender.to_owned(), format!("LEG_KIND_{kind}"), amount.to_owned())
    };
    let mut made = Vec::new();
    for (amount, expected) in [
        ("40.00", vec![leg("gift", "RESTORE", "30.00"), leg("points", "RESTORE", "10.00")]),
        ("25.00", vec![leg("card", "REFUND", "15.00"), leg("points", "RESTORE", "10.00")]),
        ("50.00", vec![leg("card", "REFUND", "50.00")]),
    ] {
        let refund = world.refund("O-1", &json!({"total_refund_amount": amount})).await.ok();
        let mut found = legs(&refund);
        found.sort();
        assert_eq!(found, expected);
        made.push(world.until_over(&refund).await);
    }
    assert!(made.iter().all(|refund| refund["state"] == "REFUND_STATE_SUCCEEDED"), "{made:?}");
    assert_eq!(balance(&world, "ledger-account:GC-1"), 300_000);
    assert_eq!(balance(&world, "ledger-account:PT-1"), 200_000);
    assert_eq!(balance(&world, "sandbox:returned"), 650_000);
    let now = world.http().get(&order_path("O-1")).await.ok();
    for tender in now["tenders"].as_array().unwrap() {
        assert_eq!(tender["refunded"], tender["captured"]);
    }
    let left = world.refundable("O-1").await;
    assert!(left["tenders"].as_array().unwrap().iter().all(|tender| tender["left"] == "0.00"));
    world.refund("O-1", &json!({"full_refund": true})).await.refused(400, "ORDER_FULLY_REFUNDED");
}

async fn the_store_says_which_tenders_come_first(world: World) {
    world.open_store(json!({})).await;
    for (number, order, amount, expected) in [
        (1, "CASH_FIRST", "70.00", [("card", "65.00"), ("gift", "5.00")].as_slice()),
        (2, "PRO_RATA", "11.50", &[("card", "6.50"), ("gift", "3.00"), ("points", "2.00")]),
        (3, "PRO_RATA", "0.02", &[("card", "0.01"), ("gift", "0.01")]),
        (4, "NON_CASH_FIRST", "30.01", &[("gift", "30.00"), ("points", "0.01")]),
    ] {
        let settings = json!({"tender_order": format!("TENDER_ORDER_{order}")});
        let body = json!({"request_id": unique("patch"), "settings": settings});
        let path = format!("/v1/stores/{STORE}");
        world.http().send(Method::PATCH, &path, body.to_string()).await.ok();
        let order_id = format!("O-{number}");
        world.ready(&mixed(&order_id)).await;
        let refund = world.refund(&order_id, &json!({"total_refund_amount": amount})).await.ok();
        let mut found: Vec<_> =
            legs(&refund).into_iter().map(|(tender, _, amount)| (tender, amount)).collect();
        found.sort();
        let expected: Vec<_> =
            expected.iter().map(|(t, a)| ((*t).to_owned(), (*a).to_owned())).collect();
        assert_eq!(found, expected, "{order}");
        assert_eq!(world.until_over(&refund).await["state"], "REFUND_STATE_SUCCEEDED");
    }
}

async fn a_refund_to_a_gift_card_goes_to_an_account_of_its_own(world: World) {
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let asked = json!({"shipping_refund": true, "refund_method": "REFUND_METHOD_GIFT_CARD"});
    let refund = world.refund("O-1", &asked).await.ok();
    assert_eq!(refund["legs"][0]["kind"], "LEG_KIND_RESTORE");
    assert_eq!(world.until_over(&refund).await["state"], "REFUND_STATE_SUCCEEDED");
    let sql = "SELECT balance FROM ledger_accounts WHERE name LIKE 'ledger-account:refund-%'";
    assert_eq!(world.database.count(sql), 100_000);
}

/// Refunds part of an order at the compatible endpoint, and answers what it shows.
async fn refunded_there(world: &World, order_id: &str, reference: &str, amount: &str) -> Value {
    let path = format!("/Order/CreateOrderRefund?merchantGUID={GUID}");
    let asked = json!({
        "OrderId": order_id, "TotalRefundAmount": amount, "ExternalReference": reference,
    });
    let answer = world.http().post(&path, &json!({"orderRefund": asked})).await.ok();
    answer["NotifyOrderRefund"].clone()
}

async fn the_compatible_endpoint_shows_the_gift_card(world: World) {
    world.open_store(json!({})).await;
    for order_id in ["O-1", "O-2"] {
        world.ready(&mixed(order_id)).await;
    }
    // The card holds what an earlier refund of another order brought there.
    let earlier = world.refund("O-1", &json!({"total_refund_amount": "12.50"})).await.ok();
    world.until_over(&earlier).await;
    let shown = refunded_there(&world, "O-2", "CN-1", "31.00").await;
    assert_eq!(shown["TotalGiftCardsRefundAmount"], "30.00");
    assert_eq!(shown["RefundAsGiftCard"], false);
    let expected = json!({
        "CardId": "GC-1",
        "BalanceInGiftCardCurrency": "42.50",
        "BalanceInCustomerCurrency": "42.50",
        "GiftCardCurrencyCode": shown["GiftCardsData"]["CustomerCurrencyMode"],
        "CustomerCurrencyMode": "USD",
        "BalanceUsedInCardCurrency": "30.00",
        "BalanceUsedInCustomerCurrency": "30.00",
        "RedeemTransactionId": "gift",
        "CardFields": {"CardId": "GC-1", "giftCardBalanceToUse": "30.00"},
        "ErrorCode": null,
        "ErrorText": null,
        "IsRefundSuccess": null,
        "GiftCardType": null,
        "OriginalTotalRefundAmount": shown["TotalGiftCardsRefundAmountinMerchantCurrency"],
        "RefundedBalanceInCustomerCurrency": "30.00",
        "RefundeBalanceInGiftCardCurrency": "30.00",
    });
    assert_eq!(shown["GiftCardsData"], expected);
    // What is on it changes; what was answered does not.
    let on_card = "ledger-account:GC-1";
    eventually("the refund to be on the card", || async {
        (balance(&world, on_card) == 425_000).then_some(())
    })
    .await;
    let rest = world.refund("O-1", &json!({"total_refund_amount": "17.50"})).await.ok();
    world.until_over(&rest).await;
    assert_eq!(balance(&world, on_card), 600_000);
    assert_eq!(refunded_there(&world, "O-2", "CN-1", "31.00").await, shown);
    // Nothing of this one goes to a card.
    let card = refunded_there(&world, "O-2", "CN-2", "20.00").await;
    assert_eq!(card["GiftCardsData"], Value::Null);
}

async fn a_card_that_a_refund_opens_is_shown_with_what_is_put_on_it(world: World) {
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let asked = CreateRefundRequest {
        store_id: STORE.to_owned(),
        order_id: "O-1".to_owned(),
        request_id: "r-1".to_owned(),
        shipping_refund: Some(true),
        refund_method: RefundMethod::GiftCard.into(),
        ..CreateRefundRequest::default()
    };
    let made = world.grpc().await.refunds().create_refund(asked).await.unwrap().into_inner();
    let leg_id = made.refund.unwrap().legs[0].leg_id.clone();
    let card = &made.gift_cards[0];
    assert!(card.card_id.starts_with("refund-"), "{card:?}");
    let expected = GiftCardThen {
        card_id: card.card_id.clone(),
        tender_id: String::new(),
        balance: "10.00".to_owned(),
        balance_used: "0.00".to_owned(),
        refunded: "10.00".to_owned(),
        leg_ids: vec![leg_id],
    };
    assert_eq!(made.gift_cards, [expected]);
}
