use super::{act, get};
use crate::{
    on_both,
    world::{STORE, World, order, order_path, unique},
};
use serde_json::{Value, json};

on_both!(
    an_order_is_received_and_then_ready_within_a_second,
    an_order_is_ready_once_its_payment_is_confirmed,
    an_order_is_accepted_once,
    draft_ids_may_be_set_before_the_order_is_accepted,
    an_order_is_completed_once_all_is_captured,
    a_payment_only_moves_forward,
    what_is_open_is_shipped_and_what_is_under_way_arrives,
    an_order_is_found_by_the_merchants_id,
);

/// Seconds and nanoseconds of the minute that a time stands in.
fn nanoseconds(time: &Value) -> i64 {
    let time = time.as_str().unwrap().trim_end_matches('Z');
    let (minute, seconds) = time.rsplit_once(':').unwrap();
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let minute: i64 = minute.rsplit_once(':').unwrap().1.parse().unwrap();
    let nanos: i64 = format!("{fraction:0<9}").parse().unwrap();
    (minute * 60 + whole.parse::<i64>().unwrap()) * 1_000_000_000 + nanos
}

async fn an_order_is_received_and_then_ready_within_a_second(world: World) {
    world.open_store(json!({})).await;
    let received = world.place(&order("O-1")).await;
    assert_eq!(received["state"], "ORDER_STATE_RECEIVED");
    assert_eq!(received["version"], "1");
    assert_eq!(received["store_id"], STORE);
    assert_eq!(received["totals"], json!({"customer": "115.00", "merchant": "106.38"}));
    assert_eq!(received["refunded"], json!({"customer": "0.00", "merchant": "0.00"}));
    // The duties that the order gave, by the value of the lines.
    let duties: Vec<_> =
        received["lines"].as_array().unwrap().iter().map(|line| &line["duties"]).collect();
    assert_eq!(duties[0], &json!({"customer": "3.00", "merchant": "2.78"}));
    assert_eq!(duties[1], &json!({"customer": "2.00", "merchant": "1.85"}));

    let mut fastest = i64::MAX;
    for number in 2..6 {
        let ready = world.ready(&order(&format!("O-{number}"))).await;
        let took = nanoseconds(&ready["update_time"]) - nanoseconds(&ready["create_time"]);
        fastest = fastest.min(took.rem_euclid(3_600_000_000_000));
        assert_eq!(ready["version"], "2");
    }
    assert!(fastest < 1_000_000_000, "ready after {fastest} ns");
    let mut again = order("O-1");
    again["customer_note"] = "another".into();
    let body = json!({"request_id": unique("again"), "order": again});
    let taken = world.http().post(&format!("/v1/stores/{STORE}/orders"), &body).await;
    taken.refused(409, "ORDER_EXISTS");
}

async fn an_order_is_ready_once_its_payment_is_confirmed(world: World) {
    world.open_store(json!({})).await;
    let paid_by = |order_id: &str, reference: &str, state: &str| {
        let mut order = order(order_id);
        order["tenders"][0]["provider_reference"] = reference.into();
        order["tenders"][0]["state"] = state.into();
        order
    };
    world.ready(&paid_by("authorised", "p", "TENDER_STATE_AUTHORIZED")).await;
    let captured =
        world.ready(&paid_by("later", "sandbox-capture-later", "TENDER_STATE_PENDING")).await;
    assert_eq!(captured["tenders"][0]["state"], "TENDER_STATE_CAPTURED");
    let authorised =
        world.ready(&paid_by("soon", "sandbox-authorize-later-100", "TENDER_STATE_PENDING")).await;
    assert_eq!(authorised["tenders"][0]["authorized"], "115.00");
    assert_eq!(authorised["tenders"][0]["captured"], "0.00");

    // Where an order names no merchant currency, the books are in the store's.
    let mut plain = order("plain");
    plain.as_object_mut().unwrap().remove("merchant_currency");
    assert_eq!(world.ready(&plain).await["merchant_currency"], "EUR");

    let mut free = order("free");
    free["lines"] = json!([{
        "cart_item_id": "L1", "quantity": 1, "total": {"customer": "0", "merchant": "0.00"},
    }]);
    for absent in ["shipping", "duties", "tenders"] {
        free.as_object_mut().unwrap().remove(absent);
    }
    let free = world.ready(&free).await;
    assert_eq!(free["shipping"], json!({"customer": "0.00", "merchant": "0.00"}));

    // What is not paid waits, whatever else becomes ready meanwhile.
    world.place(&paid_by("unpaid", "p", "TENDER_STATE_PENDING")).await;
    world.place(&paid_by("failed", "sandbox-fail-later", "TENDER_STATE_PENDING")).await;
    world.ready(&order("O-1")).await;
    assert_eq!(get(&world, "unpaid").await["state"], "ORDER_STATE_RECEIVED");
    let captured = json!({"tender_id": "t1", "state": "TENDER_STATE_CAPTURED"});
    act(&world, "unpaid", "recordPayment", &captured).await.ok();
    world.until_ready("unpaid").await;
}

async fn an_order_is_accepted_once(world: World) {
    world.open_store(json!({})).await;
    let mut unpaid = order("unpaid");
    unpaid["tenders"][0]["state"] = "TENDER_STATE_PENDING".into();
    world.place(&unpaid).await;
    world.ready(&order("O-1")).await;
    world.ready(&order("O-2")).await;
    let ids =
        |id: &str, number: &str| json!({"external_order_id": id, "external_order_number": number});
    let refused = act(&world, "unpaid", "accept", &ids("E-1", "#1")).await;
    assert_eq!(refused.refused(400, "ORDER_NOT_READY").metadata("state"), "RECEIVED");

    let accepted = act(&world, "O-1", "accept", &ids("E-1", "#1")).await.ok();
    assert_eq!(accepted["state"], "ORDER_STATE_ACCEPTED");
    assert_eq!(accepted["external_order_id"], "E-1");
    assert_eq!(accepted["external_order_number"], "#1");
    assert_eq!(accepted["buyer"]["email"], "buyer@example.com");
    let again = act(&world, "O-1", "accept", &ids("E-1", "#1")).await.ok();
    assert_eq!(again, accepted);
    for other in [ids("E-9", "#1"), ids("E-1", "#9")] {
        act(&world, "O-1", "accept", &other).await.refused(400, "ORDER_ALREADY_ACCEPTED");
    }
    // The merchant's id is unique in the store.
    act(&world, "O-2", "accept", &ids("E-1", "#2")).await.refused(409, "EXTERNAL_ORDER_ID_TAKEN");
    act(&world, "O-2", "accept", &ids("E-2", "#1")).await.ok();
    act(&world, "O-9", "accept", &ids("E-3", "#3")).await.refused(404, "ORDER_NOT_FOUND");
    assert_eq!(get(&world, "O-1").await, accepted);
}

async fn draft_ids_may_be_set_before_the_order_is_accepted(world: World) {
    world.open_store(json!({})).await;
    let mut unpaid = order("O-1");
    unpaid["tenders"][0]["state"] = "TENDER_STATE_PENDING".into();
    world.place(&unpaid).await;
    world.ready(&order("O-2")).await;
    let ids = |id: &str| json!({"external_order_id": id, "external_order_number": "#1"});
    let draft = act(&world, "O-1", "setExternalReference", &ids("D-1")).await.ok();
    assert_eq!(draft["state"], "ORDER_STATE_RECEIVED");
    assert_eq!(draft["external_order_id"], "D-1");
    let taken = act(&world, "O-2", "setExternalReference", &ids("D-1")).await;
    taken.refused(409, "EXTERNAL_ORDER_ID_TAKEN");
    // A draft that gives way to another is free again.
    act(&world, "O-1", "setExternalReference", &ids("D-2")).await.ok();
    act(&world, "O-2", "setExternalReference", &ids("D-1")).await.ok();
    assert_eq!(get(&world, "D-2").await["order_id"], "O-1");
    assert_eq!(get(&world, "D-1").await["order_id"], "O-2");
    // The order is accepted by the draft's own id or by another.
    let accepted = act(&world, "O-2", "accept", &ids("E-1")).await.ok();
    assert_eq!(accepted["external_order_id"], "E-1");
    act(&world, "O-2", "setExternalReference", &ids("E-1")).await.ok();
    let refused = act(&world, "O-2", "setExternalReference", &ids("D-1")).await;
    refused.refused(400, "ORDER_ALREADY_ACCEPTED");
    world.http().get(&order_path("D-1")).await.refused(404, "ORDER_NOT_FOUND");
}

async fn an_order_is_completed_once_all_is_captured(world: World) {
    world.open_store(json!({})).await;
    let mut authorised = order("O-1");
    authorised["tenders"][0]["state"] = "TENDER_STATE_AUTHORIZED".into();
    world.place(&authorised).await;
    let mut unpaid = order("O-2");
    unpaid["tenders"][0]["state"] = "TENDER_STATE_PENDING".into();
    world.place(&unpaid).await;
    world.until_ready("O-1").await;
    let nothing = json!({});
    act(&world, "O-2", "complete", &nothing).await.refused(400, "ORDER_NOT_READY");
    act(&world, "O-1", "complete", &nothing).await.refused(400, "ORDER_STATE_FORBIDS");
    let ids = json!({"external_order_id": "E-1", "external_order_number": "#1"});
    act(&world, "O-1", "accept", &ids).await.ok();
    let refused = act(&world, "O-1", "complete", &nothing).await;
    assert_eq!(refused.refused(400, "PAYMENT_NOT_CAPTURED").metadata("tender_id"), "t1");
    let part = json!({"tender_id": "t1", "state": "TENDER_STATE_CAPTURED", "amount": "114.99"});
    act(&world, "O-1", "recordPayment", &part).await.ok();
    let refused = act(&world, "O-1", "complete", &nothing).await;
    assert_eq!(refused.refused(400, "PAYMENT_NOT_CAPTURED").metadata("captured"), "114.99");
    let all = json!({"tender_id": "t1", "state": "TENDER_STATE_CAPTURED"});
    act(&world, "O-1", "recordPayment", &all).await.ok();
    let completed = act(&world, "O-1", "complete", &nothing).await.ok();
    assert_eq!(completed["state"], "ORDER_STATE_COMPLETED");
    assert_eq!(act(&world, "O-1", "complete", &nothing).await.ok(), completed);
    // Accepting it again, with its own ids, is still no change.
    assert_eq!(act(&world, "O-1", "accept", &ids).await.ok(), completed);
}

async fn a_payment_only_moves_forward(world: World) {
    world.open_store(json!({})).await;
    let mut unpaid = order("O-1");
    unpaid["tenders"][0]["state"] = "TENDER_STATE_PENDING".into();
    world.place(&unpaid).await;
    let report = |state: &str, amount: Value| {
        let mut body = json!({"tender_id": "t1", "state": format!("TENDER_STATE_{state}")});
        if !amount.is_null() {
            body["amount"] = amount;
        }
        body
    };
    let unknown = json!({"tender_id": "t9", "state": "TENDER_STATE_CAPTURED"});
    act(&world, "O-1", "recordPayment", &unknown).await.refused(400, "UNKNOWN_TENDER");
    let mut authorised = report("AUTHORIZED", json!("100.00"));
    authorised["provider_reference"] = "pay-2".into();
    let tender = act(&world, "O-1", "recordPayment", &authorised).await.ok()["tenders"][0].clone();
    assert_eq!(tender["state"], "TENDER_STATE_AUTHORIZED");
    assert_eq!(tender["authorized"], "100.00");
    assert_eq!(tender["provider_reference"], "pay-2");
    for (state, amount, captured) in
        [("CAPTURED", json!("40.00"), "40.00"), ("CAPTURED", Value::Null, "115.00")]
    {
        let order = act(&world, "O-1", "recordPayment", &report(state, amount)).await.ok();
        assert_eq!(order["tenders"][0]["captured"], captured);
    }
    for (state, amount) in
        [("CAPTURED", json!("40.00")), ("AUTHORIZED", Value::Null), ("FAILED", Value::Null)]
    {
        let refused = act(&world, "O-1", "recordPayment", &report(state, amount)).await;
        assert_eq!(refused.refused(400, "PAYMENT_STATE_FORBIDS").metadata("state"), "CAPTURED");
    }
    let too_much = act(&world, "O-1", "recordPayment", &report("CAPTURED", json!("115.01"))).await;
    too_much.refused(400, "INVALID_AMOUNT").names("amount");
    let ready = world.until_ready("O-1").await;
    let again = act(&world, "O-1", "recordPayment", &report("CAPTURED", Value::Null)).await.ok();
    assert_eq!(again["version"], ready["version"], "the same news again is none");
}

async fn what_is_open_is_shipped_and_what_is_under_way_arrives(world: World) {
    world.open_store(json!({})).await;
    let mut unpaid = order("unpaid");
    unpaid["tenders"][0]["state"] = "TENDER_STATE_PENDING".into();
    world.place(&unpaid).await;
    world.ready(&order("O-1")).await;
    let lines = |lines: &[(&str, i32)]| {
        let lines = lines.iter().map(|(id, count)| json!({"cart_item_id": id, "quantity": count}));
        json!({"lines": lines.collect::<Value>()})
    };
    let quantities = |order: &Value, line: usize| {
        let line = &order["lines"][line];
        (line["open"].clone(), line["in_transit"].clone(), line["delivered"].clone())
    };
    let one = lines(&[("L1", 1)]);
    act(&world, "unpaid", "ship", &one).await.refused(400, "ORDER_NOT_READY");
    act(&world, "unpaid", "deliver", &one).await.refused(400, "ORDER_NOT_READY");
    act(&world, "O-1", "deliver", &one).await.refused(400, "QUANTITY_NOT_AVAILABLE");
    act(&world, "O-1", "deliver", &json!({})).await.refused(400, "QUANTITY_NOT_AVAILABLE");
    let too_many = act(&world, "O-1", "ship", &lines(&[("L2", 1), ("L1", 4)])).await;
    too_many.refused(400, "QUANTITY_NOT_AVAILABLE");
    assert_eq!((too_many.metadata("line"), too_many.metadata("left")), ("L1".into(), "3".into()));
    let twice = act(&world, "O-1", "ship", &lines(&[("L1", 1), ("L1", 1)])).await;
    twice.refused(400, "DUPLICATE_LINE");
    act(&world, "O-1", "ship", &lines(&[("L9", 1)])).await.refused(400, "UNKNOWN_LINE");

    let mut parcel = lines(&[("L1", 2), ("L2", 1)]);
    parcel["carrier"] = "DHL".into();
    parcel["tracking_number"] = "T-1".into();
    let shipped = act(&world, "O-1", "ship", &parcel).await.ok();
    assert_eq!(shipped["state"], "ORDER_STATE_READY");
    assert_eq!(quantities(&shipped, 0), (1.into(), 2.into(), 0.into()));
    assert_eq!(shipped["shipments"][0]["tracking_number"], "T-1");
    assert_eq!(shipped["shipments"][0]["delivered"], false);
    act(&world, "O-1", "ship", &lines(&[("L2", 1)])).await.refused(400, "QUANTITY_NOT_AVAILABLE");
    act(&world, "O-1", "ship", &one).await.ok();

    let some = act(&world, "O-1", "deliver", &lines(&[("L1", 2)])).await.ok();
    assert_eq!(quantities(&some, 0), (0.into(), 1.into(), 2.into()));
    assert_eq!(some["shipments"][0]["delivered"], false);
    let all = act(&world, "O-1", "deliver", &json!({})).await.ok();
    assert_eq!(quantities(&all, 0), (0.into(), 0.into(), 3.into()));
    assert_eq!(quantities(&all, 1), (0.into(), 0.into(), 1.into()));
    assert_eq!(all["state"], "ORDER_STATE_READY");
    assert!(all["shipments"].as_array().unwrap().iter().all(|it| it["delivered"] == true));
    // What arrived can be refunded like anything else.
    let asked = json!({"products": [{"cart_item_id": "L1", "refund_quantity": 3}]});
    assert_eq!(world.refund("O-1", &asked).await.ok()["total"]["customer"], "60.00");
}

async fn an_order_is_found_by_the_merchants_id(world: World) {
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    world.ready(&order("O-2")).await;
    let ids = |id: &str| json!({"external_order_id": id, "external_order_number": "#1"});
    // An id that could not be the platform's, and one that is another order's.
    act(&world, "O-1", "accept", &ids("Shop/7 (é)")).await.ok();
    act(&world, "O-2", "accept", &ids("O-1")).await.ok();
    let named = crate::world::encode("Shop/7 (é)");
    assert_eq!(get(&world, &named).await["order_id"], "O-1");
    assert_eq!(get(&world, "O-1").await["order_id"], "O-1", "the platform's id wins");

    let asked = json!({"shipping_amount": "1.00"});
    let quote = world.http().post(&format!("{}/refunds:quote", order_path(&named)), &asked).await;
    assert_eq!(quote.ok()["plan"]["order_id"], "O-1");
    let refund = world.refund(&named, &asked).await.ok();
    assert_eq!(
        (&refund["order_id"], &refund["external_order_id"]),
        (&json!("O-1"), &json!("Shop/7 (é)"))
    );
    let path = format!("{}/refunds/{}", order_path(&named), refund["refund_id"].as_str().unwrap());
    assert_eq!(world.http().get(&path).await.ok()["order_id"], "O-1");
    assert_eq!(world.http().get(&format!("{path}:explain")).await.status, 200);
    assert_eq!(world.refundable(&named).await["shipping"]["customer"], "9.00");
    let listed = world.http().get(&format!("{}/refunds", order_path(&named))).await.ok();
    assert_eq!(listed["refunds"].as_array().unwrap().len(), 1);
    let lines = json!({"lines": [{"cart_item_id": "L1", "quantity": 1}]});
    let shipped = act(&world, &named, "ship", &lines).await;
    assert_eq!(shipped.ok()["order_id"], "O-1");
    let path = format!("/Order/CreateOrderRefund?merchantGUID={}", crate::world::GUID);
    let body = json!({"orderRefund": {"OrderId": "Shop/7 (é)", "ShippingAmount": 1}});
    let made = world.http().post(&path, &body).await.ok();
    assert_eq!(made["NotifyOrderRefund"]["OrderId"], "O-1");
    assert_eq!(made["NotifyOrderRefund"]["MerchantOrderId"], "Shop/7 (é)");
}
