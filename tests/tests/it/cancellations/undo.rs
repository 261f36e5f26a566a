//! Taken back: what stands in the way, what lifts it, and that the order goes on as before.

use super::{
    cancel, get,
    guide::{balance, own},
    path, pieces, sold_out, until_completed, verb,
};
use crate::{
    on_both,
    world::{World, order, order_path, tender, unique},
};
use futures_util::future::join_all;
use serde_json::{Value, json};
use testkit::scale;

on_both!(
    one_in_progress_is_undone_and_its_refund_voided,
    one_that_was_paid_back_needs_a_proof,
    a_deposit_that_was_paid_out_needs_a_repayment,
    a_payment_that_stands_again_is_asked_of_its_provider,
    points_are_taken_back_if_they_are_still_there,
    one_card_of_many_orders_is_filled_and_taken_from_at_once,
    one_that_is_on_its_way_has_to_wait,
    a_received_order_goes_on_to_become_ready,
);

fn undo() -> Value {
    json!({"comment": "the customer wants it after all"})
}

fn with_evidence(evidence: Value) -> Value {
    let mut body = undo();
    body["evidence"] = evidence;
    body
}

async fn look(world: &World, cancellation: &Value, body: Value) -> Value {
    world.http().post(&format!("{}:previewUndo", path(cancellation)), &body).await.ok()
}

async fn one_in_progress_is_undone_and_its_refund_voided(world: World) {
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let mut body = sold_out();
    body["refund_method"] = "REFUND_METHOD_BANK_DEPOSIT".into();
    let made = cancel(&world.http(), "O-1", body).await.ok();
    let seen = look(&world, &made, json!({})).await;
    assert_eq!((&seen["allowed"], &seen["blockers"]), (&json!(true), &json!([])));
    assert_eq!(seen["order_state"], "ORDER_STATE_READY");
    assert_eq!(seen["refund_id"], made["refund_id"]);
    verb(&world.http(), &made, "undo", json!({})).await.refused(400, "INVALID_FIELDS");
    let undone = verb(&world.http(), &made, "undo", undo()).await.ok();
    assert_eq!(undone["state"], "CANCELLATION_STATE_UNDONE");
    assert_eq!(undone["refund_state"], "REFUND_STATE_VOIDED");
    assert_eq!(undone["undo_comment"], "the customer wants it after all");
    let order = get(&world, "O-1").await;
    assert_eq!((&order["state"], pieces(&order, 0)), (&json!("ORDER_STATE_READY"), (0, 0, 3)));
    assert_eq!(order["refunded"]["customer"], "0.00");
    assert_eq!(world.refundable("O-1").await["total"], order["totals"]);
    // It goes on: accepted, shipped, refunded.
    let accept = json!({
        "request_id": "accept-1", "external_order_id": "A-1", "external_order_number": "1",
    });
    world.http().post(&format!("{}:accept", order_path("O-1")), &accept).await.ok();
    world.refund("O-1", &json!({"full_refund": true})).await.ok();
}

async fn one_that_was_paid_back_needs_a_proof(world: World) {
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let made = cancel(&world.http(), "O-1", sold_out()).await.ok();
    until_completed(&world, &made).await;
    let http = world.http();
    let refused = verb(&http, &made, "undo", undo()).await;
    refused.refused(400, "EVIDENCE_REQUIRED");
    assert_eq!(refused.metadata("amount"), "115.00");
    assert_eq!(refused.metadata("lifted_by"), "REPAID,RECAPTURED");
    let seen = look(&world, &made, json!({})).await;
    assert_eq!(seen["allowed"], false);
    let blocker = &seen["blockers"][0];
    assert_eq!((&blocker["guard"], &blocker["amount"]), (&json!("U5"), &json!("115.00")));
    let kinds = json!(["EVIDENCE_KIND_REPAID", "EVIDENCE_KIND_RECAPTURED"]);
    assert_eq!(blocker["lifted_by"], kinds);
    // The payment does not stand again, whatever the caller says.
    let refused = verb(&http, &made, "undo", with_evidence(json!({"recaptured": true}))).await;
    refused.refused(400, "NOT_RECAPTURED");
    let repaid = |amount: &str| {
        let repaid = json!({"payment_reference": "wire-1", "amount": amount});
        with_evidence(json!({"repaid": repaid}))
    };
    let refused = verb(&http, &made, "undo", repaid("114.99")).await;
    refused.refused(400, "EVIDENCE_INSUFFICIENT");
    let undone = verb(&http, &made, "undo", repaid("115.00")).await.ok();
    assert_eq!(undone["state"], "CANCELLATION_STATE_UNDONE");
    let order = get(&world, "O-1").await;
    let [card, wire] = order["tenders"].as_array().unwrap().as_slice() else {
        panic!("two tenders: {order}")
    };
    assert_eq!((&card["refunded"], &wire["captured"]), (&json!("115.00"), &json!("115.00")));
    assert_eq!(wire["origin"], "TENDER_ORIGIN_REPAID");
    assert_eq!(wire["recovered_from"], made["cancellation_id"]);

    // One payment proves one repayment, in the whole store; a look says so as well.
    world.ready(&super::super::world::order("O-2")).await;
    let other = cancel(&http, "O-2", sold_out()).await.ok();
    until_completed(&world, &other).await;
    let mut again = repaid("115.00");
    again["evidence"]["repaid"]["payment_reference"] = " wire-1 ".into();
    let seen = look(&world, &other, json!({"evidence": again["evidence"]})).await;
    assert_eq!(seen["blockers"][0]["reason"], "PAYMENT_REFERENCE_TAKEN");
    let refused = verb(&http, &other, "undo", again).await;
    refused.refused(409, "PAYMENT_REFERENCE_TAKEN");

    // A later refund works as if the order had been paid once; a person pays it out.
    let refund = world.refund("O-1", &json!({"full_refund": true})).await.ok();
    assert_eq!(refund["total"], json!({"customer": "115.00", "merchant": "106.38"}));
    assert_eq!(refund["legs"][0]["kind"], "LEG_KIND_MANUAL");
    let confirm = json!({"request_id": unique("paid"), "payment_reference": "SEPA 2"});
    http.post(&format!("{}:confirm", crate::world::refund_path(&refund)), &confirm).await.ok();
    world.refund("O-1", &json!({"full_refund": true})).await.refused(400, "ORDER_FULLY_REFUNDED");
}

async fn a_deposit_that_was_paid_out_needs_a_repayment(world: World) {
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let http = world.http();
    let mut body = sold_out();
    body["refund_method"] = "REFUND_METHOD_BANK_DEPOSIT".into();
    let made = cancel(&http, "O-1", body).await.ok();
    let refund = format!("{}/refunds/{}", order_path("O-1"), made["refund_id"].as_str().unwrap());
    let confirm = json!({"request_id": unique("paid"), "payment_reference": "SEPA 1"});
    http.post(&format!("{refund}:confirm"), &confirm).await.ok();
    until_completed(&world, &made).await;
    let refused = verb(&http, &made, "undo", undo()).await;
    refused.refused(400, "EVIDENCE_REQUIRED");
    assert_eq!(
        (refused.metadata("guard"), refused.metadata("lifted_by")),
        ("U4".into(), "REPAID".into())
    );
    let refused = verb(&http, &made, "undo", with_evidence(json!({"recaptured": true}))).await;
    refused.refused(400, "EVIDENCE_REQUIRED");
    let repaid = json!({"repaid": {"payment_reference": "wire-7", "amount": "115.00"}});
    let undone = verb(&http, &made, "undo", with_evidence(repaid)).await.ok();
    assert_eq!(undone["state"], "CANCELLATION_STATE_UNDONE");
    let order = get(&world, "O-1").await;
    assert_eq!((&order["state"], pieces(&order, 0)), (&json!("ORDER_STATE_READY"), (0, 0, 3)));
    assert_eq!(world.refundable("O-1").await["total"], order["totals"]);
}

async fn a_payment_that_stands_again_is_asked_of_its_provider(world: World) {
    world.open_store(json!({})).await;
    let mut again = order("O-1");
    again["tenders"][0]["provider_reference"] = "sandbox-recapture-1".into();
    world.ready(&again).await;
    let made = cancel(&world.http(), "O-1", sold_out()).await.ok();
    until_completed(&world, &made).await;
    let evidence = json!({"recaptured": true});
    let seen = look(&world, &made, json!({"evidence": evidence})).await;
    assert_eq!(
        (&seen["allowed"], &seen["tenders"][0]["captured"]),
        (&json!(true), &json!("115.00"))
    );
    verb(&world.http(), &made, "undo", with_evidence(evidence)).await.ok();
    let order = get(&world, "O-1").await;
    assert_eq!(order["tenders"][1]["origin"], "TENDER_ORIGIN_RECAPTURED");
    // And once more, all the way.
    let twice = cancel(&world.http(), "O-1", sold_out()).await.ok();
    assert_eq!(twice["refund_total"], made["refund_total"]);
    until_completed(&world, &twice).await;
    let returned = "SELECT balance FROM ledger_accounts WHERE name = 'sandbox:returned'";
    assert_eq!(world.database.count(returned), 2_300_000);
}

async fn points_are_taken_back_if_they_are_still_there(world: World) {
    world.open_store(json!({})).await;
    for order_id in ["O-1", "O-2"] {
        let mut paid = order(order_id);
        let account = format!("P-{order_id}");
        paid["tenders"] = json!([own("points", "TENDER_METHOD_POINTS", &account, "115.00"),]);
        world.ready(&paid).await;
    }
    let made = cancel(&world.http(), "O-1", sold_out()).await.ok();
    assert_eq!(balance(&world, "P-O-1"), 1_150_000);
    verb(&world.http(), &made, "undo", undo()).await.ok();
    assert_eq!(balance(&world, "P-O-1"), 0);
    let order = get(&world, "O-1").await;
    assert_eq!(order["tenders"][1]["origin"], "TENDER_ORIGIN_TAKEN_BACK");
    let twice = cancel(&world.http(), "O-1", sold_out()).await.ok();
    assert_eq!(twice["state"], "CANCELLATION_STATE_COMPLETED");
    assert_eq!(balance(&world, "P-O-1"), 1_150_000);

    let spent = cancel(&world.http(), "O-2", sold_out()).await.ok();
    // The customer has spent a part of it.
    let less = "UPDATE ledger_accounts SET balance = 1149900 \
        WHERE name = 'ledger-account:P-O-2'";
    world.database.rows(less);
    let refused = verb(&world.http(), &spent, "undo", undo()).await;
    refused.refused(400, "INSUFFICIENT_BALANCE");
    assert_eq!(refused.metadata("guard"), "U6");
    assert_eq!(balance(&world, "P-O-2"), 1_149_900);
}

/// Orders that one gift card paid are cancelled and reinstated, all at once, again and again.
async fn one_card_of_many_orders_is_filled_and_taken_from_at_once(world: World) {
    const PAID: i64 = 1_150_000;
    world.open_store(json!({})).await;
    let orders = scale::pick(8_i64, 32);
    for number in 0..orders {
        let mut paid = order(&format!("O-{number}"));
        paid["tenders"] = json!([own("gift", "TENDER_METHOD_GIFT_CARD", "GC-1", "115.00")]);
        world.place(&paid).await;
    }
    for number in 0..orders {
        world.until_ready(&format!("O-{number}")).await;
    }
    let http = world.http();
    let cancel_all = || {
        join_all((0..orders).map(|number| {
            let id = format!("O-{number}");
            let (world, http) = (&world, &http);
            async move {
                let made = cancel(http, &id, sold_out()).await.ok();
                until_completed(world, &made).await
            }
        }))
    };
    let mut made = cancel_all().await;
    for round in 0..scale::pick(3, 20) {
        assert_eq!(balance(&world, "GC-1"), orders * PAID, "round {round}");
        // Some spend what others were given back: more than the card holds is never taken.
        let less = "UPDATE ledger_accounts SET balance = balance - 1150000 \
                    WHERE name = 'ledger-account:GC-1'";
        world.database.rows(less);
        let undone = join_all(made.iter().map(|it| verb(&http, it, "undo", undo()))).await;
        let (done, refused): (Vec<_>, Vec<_>) =
            undone.iter().partition(|answer| answer.status == 200);
        assert_eq!((done.len(), refused.len()), (made.len() - 1, 1), "round {round}");
        refused[0].refused(400, "INSUFFICIENT_BALANCE");
        assert_eq!(balance(&world, "GC-1"), 0, "round {round}");
        let more = less.replace("- 1150000", "+ 1150000");
        world.database.rows(&more);
        let last = made.iter().zip(&undone).find(|(_, answer)| answer.status != 200).unwrap().0;
        verb(&http, last, "undo", undo()).await.ok();
        made = cancel_all().await;
    }
    let verified = world.launch(&[]).run(&["verify"]).unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}

async fn one_that_is_on_its_way_has_to_wait(world: World) {
    world.open_store(json!({})).await;
    let mut slow = order("O-1");
    slow["tenders"] = json!([tender("card", "sandbox-settle-later-3600000", "115.00")]);
    world.ready(&slow).await;
    let made = cancel(&world.http(), "O-1", sold_out()).await.ok();
    let at = format!("{}/refunds/{}", order_path("O-1"), made["refund_id"].as_str().unwrap());
    crate::world::eventually("the leg to be taken", || async {
        let refund = world.http().get(&at).await.ok();
        (refund["legs"][0]["state"] == "LEG_STATE_ACCEPTED").then_some(())
    })
    .await;
    verb(&world.http(), &made, "undo", undo()).await.refused(400, "REFUND_IN_FLIGHT");
    let change = json!({
        "request_id": unique("change"), "refund_method": "REFUND_METHOD_BANK_DEPOSIT",
    });
    let refused = world.http().post(&format!("{at}:changeMethod"), &change).await;
    refused.refused(400, "REFUND_STATE_FORBIDS");
}

async fn a_received_order_goes_on_to_become_ready(world: World) {
    world.open_store(json!({})).await;
    let mut awaited = order("O-1");
    awaited["tenders"][0]["state"] = "TENDER_STATE_PENDING".into();
    world.place(&awaited).await;
    let made = cancel(&world.http(), "O-1", sold_out()).await.ok();
    assert_eq!(made["state"], "CANCELLATION_STATE_COMPLETED");
    verb(&world.http(), &made, "undo", undo()).await.ok();
    assert_eq!(get(&world, "O-1").await["state"], "ORDER_STATE_RECEIVED");
    let paid = json!({
        "request_id": unique("paid"), "tender_id": "t1", "state": "TENDER_STATE_CAPTURED",
    });
    world.http().post(&format!("{}:recordPayment", order_path("O-1")), &paid).await.ok();
    world.until_ready("O-1").await;
}
