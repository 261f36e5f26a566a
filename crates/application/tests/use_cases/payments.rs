//! What providers say of payments that stand.

use crate::{
    reason,
    world::{World, caller, part},
};
use application::{Failure, Missing};
use domain::{
    Reason,
    order::{DisputeReport, DisputeState, Order},
    refund::RefundRequest,
};
use rust_decimal::Decimal;
use time::OffsetDateTime;

fn report(state: DisputeState) -> DisputeReport {
    DisputeReport {
        tender_id: "t1".parse().unwrap(),
        dispute_id: "dp_1".parse().unwrap(),
        amount: domain::Amount::from_ten_thousandths(500_000),
        state,
        as_of: OffsetDateTime::UNIX_EPOCH,
    }
}

#[tokio::test]
async fn a_dispute_is_booked_once_and_keeps_its_amount_from_refunds() {
    let world = World::with_order().await;
    let payments = world.payments();
    let record =
        async |state| payments.record_dispute(&caller(), &world.key(), &report(state)).await;
    let order = record(DisputeState::Open).await.unwrap();
    assert_eq!(order.disputes.len(), 1);
    let version = world.version().await;
    assert_eq!(record(DisputeState::Open).await.unwrap(), order);
    assert_eq!(world.version().await, version, "what is known changes nothing");

    let refused = world.refund("r1", part(60)).await.unwrap_err();
    assert_eq!(reason(&refused), Some(Reason::AmountExceedsRefundable));
    let order = record(DisputeState::Won).await.unwrap();
    assert_eq!(order.disputes[0].state, DisputeState::Won);
    assert_eq!(record(DisputeState::Open).await.unwrap(), order, "an older word of it");
    world.refund("r2", part(60)).await.unwrap();
}

/// An order takes so many refunds and no more; what the bank decides is so all the same.
#[tokio::test]
async fn a_dispute_is_won_also_if_what_it_frees_cannot_go_back() {
    let world = World::with_order().await;
    let payments = world.payments();
    payments.record_dispute(&caller(), &world.key(), &report(DisputeState::Lost)).await.unwrap();
    let goodwill = || RefundRequest {
        service_gesture_amount: Some(Decimal::new(1, 2)),
        ..RefundRequest::default()
    };
    for number in 1..Order::MAX_REFUNDS {
        world.refund(&format!("r{number}"), goodwill()).await.unwrap();
    }
    let full = RefundRequest { full_refund: true, ..RefundRequest::default() };
    world.refund("full", full).await.unwrap();
    let later = OffsetDateTime::UNIX_EPOCH + time::Duration::SECOND;
    let won = DisputeReport { as_of: later, ..report(DisputeState::Won) };
    let order = payments.settle_dispute(&caller(), &world.key(), &won).await.unwrap();
    assert_eq!(order.disputes[0].state, DisputeState::Won);
    assert_eq!(order.refunds.len(), Order::MAX_REFUNDS);
}

#[tokio::test]
async fn a_dispute_of_nothing_that_there_is_is_refused() {
    let world = World::with_order().await;
    let payments = world.payments();
    let strange = DisputeReport { tender_id: "t9".parse().unwrap(), ..report(DisputeState::Open) };
    let refused = payments.record_dispute(&caller(), &world.key(), &strange).await.unwrap_err();
    assert_eq!(reason(&refused), Some(Reason::UnknownTender));
    let mut nowhere = world.key();
    nowhere.order_id = "O9".parse().unwrap();
    let missing = payments.record_dispute(&caller(), &nowhere, &strange).await.unwrap_err();
    assert!(matches!(missing, Failure::NotFound { what: Missing::Order, .. }), "{missing:?}");
}
