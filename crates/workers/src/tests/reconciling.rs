//! What is on its way, and since when.

use super::world::{World, platform, seconds};
use application::{BreakKind, Reconciling};
use domain::{order::Command, refund::LegState};
use payments::names::SANDBOX;
use ports::Period;
use std::time::Duration;

async fn breaks(world: &World) -> Vec<BreakKind> {
    let reconciling = Reconciling {
        reader: world.store.clone(),
        inbox: world.store.clone(),
        providers: world.providers(),
        clock: world.clock.clone(),
        patience: Duration::from_mins(15),
        call_timeout: seconds(30),
    };
    let mut found = Vec::new();
    let period = Period::default();
    reconciling.reconcile(None, period, &mut |it| found.push(it.kind)).await.unwrap();
    found
}

/// Its refund is old, and it is not.
#[tokio::test(start_paused = true)]
async fn a_leg_is_old_by_when_it_was_sent_and_not_by_its_refund() {
    let world = World::new().await;
    let paid = [(SANDBOX, "sandbox-settle-later-3600000", "25.00")];
    let refund_id = world.refunded("o1", &paid).await;
    let hold = Command::HoldRefund { refund_id, by: platform().actor, reason: "odd".to_owned() };
    world.change("o1", refund_id, hold).await;
    tokio::time::sleep(Duration::from_hours(24)).await;
    assert_eq!(breaks(&world).await, [BreakKind::RefundHeld]);
    world.change("o1", refund_id, Command::ReleaseRefund { refund_id }).await;
    let worker = world.start_legs();
    let is_taken = |state| state == LegState::Accepted;
    assert!(world.wait_for("o1", seconds(9), |it| is_taken(it.refunds[0].legs[0].state)).await);
    worker.stop().await;
    assert_eq!(breaks(&world).await, []);
    tokio::time::sleep(Duration::from_mins(16)).await;
    assert_eq!(breaks(&world).await, [BreakKind::LegAcceptedTooLong]);
}
