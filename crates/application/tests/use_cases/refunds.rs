//! Refunds, their quotes, and how requests are repeated.

use crate::{
    reason,
    world::{Mishap, World, caller, part, request},
};
use application::{Failure, Missing, NewToken, Taken};
use domain::{
    Reason,
    id::TokenId,
    refund::RefundRequest,
    token::{Role, Token},
};
use ports::StoreError;
use std::time::Duration;

#[tokio::test]
async fn the_same_request_is_answered_and_not_repeated() {
    let world = World::with_order().await;
    let first = world.refund("r1", part(60)).await.unwrap();
    let again = world.refund("r1", part(60)).await.unwrap();
    assert!(!first.replayed && again.replayed);
    assert_eq!(first.bytes, again.bytes);
    assert_eq!(world.refunds_made().await, 1);
}

#[tokio::test]
async fn an_id_that_was_used_for_something_else_moves_nothing() {
    let world = World::with_order().await;
    world.refund("r1", part(60)).await.unwrap();
    let reused = world.refund("r1", part(10)).await;
    assert!(matches!(reused, Err(Failure::RequestIdReused { .. })), "{reused:?}");
    assert_eq!(world.refunds_made().await, 1);
}

#[tokio::test]
async fn a_retry_tells_the_truth_about_a_commit_whose_answer_was_lost() {
    let world = World::with_order().await;
    world.store.next_commit(Mishap::AnswerLost);
    let lost = world.refund("r1", part(60)).await;
    assert!(matches!(lost, Err(Failure::Store(StoreError::Unavailable(_)))), "{lost:?}");
    let again = world.refund("r1", part(60)).await.unwrap();
    assert!(again.replayed, "the first try was committed");
    assert_eq!(world.refunds_made().await, 1);
}

#[tokio::test]
async fn a_retry_makes_what_never_reached_the_store() {
    let world = World::with_order().await;
    world.store.next_commit(Mishap::NeverArrived);
    assert!(world.refund("r1", part(60)).await.is_err());
    assert_eq!(world.refunds_made().await, 0);
    assert!(!world.refund("r1", part(60)).await.unwrap().replayed);
    assert_eq!(world.refunds_made().await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_decision_on_stale_facts_is_made_again() {
    let world = World::with_order().await;
    world.store.next_commit(Mishap::SomebodyWasFaster);
    assert!(!world.refund("r1", part(60)).await.unwrap().replayed);
    assert_eq!(world.refunds_made().await, 1);
}

#[tokio::test(start_paused = true)]
async fn of_eight_refunds_of_sixty_percent_exactly_one_is_made() {
    let world = World::with_order().await;
    let mut running = tokio::task::JoinSet::new();
    for rival in 0..8 {
        let world = world.clone();
        running.spawn(async move { world.refund(&format!("r{rival}"), part(60)).await });
    }
    let outcomes = running.join_all().await;
    let refused = outcomes.iter().filter(|outcome| {
        matches!(outcome, Err(Failure::Rejected(rejection))
            if rejection.reason == Reason::AmountExceedsRefundable)
    });
    assert_eq!(refused.count(), 7);
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert_eq!(world.refunds_made().await, 1);
}

#[tokio::test]
async fn a_quote_is_exactly_what_its_commit_does() {
    let world = World::with_order().await;
    let quoted = world.quote(part(33)).await.unwrap();
    world.commit_quote("r1", quoted.quote.quote_id).await.unwrap();
    let made = world.order().await.refunds[0].clone();
    let plan = quoted.plan.refund;
    assert_eq!(made.total, plan.total);
    assert_eq!(made.products, plan.products);
    assert_eq!(made.components, plan.components);
    assert_eq!(made.state, plan.state);
}

#[tokio::test]
async fn a_quote_is_stale_once_the_order_changed_and_useless_once_it_expired() {
    let world = World::with_order().await;
    let quoted = world.quote(part(33)).await.unwrap();
    world.refund("r1", part(10)).await.unwrap();
    let stale = world.commit_quote("r2", quoted.quote.quote_id).await.unwrap_err();
    assert_eq!(reason(&stale), Some(Reason::QuoteStale));

    let quoted = world.quote(part(33)).await.unwrap();
    world.clock.advance(time::Duration::minutes(15));
    let expired = world.commit_quote("r3", quoted.quote.quote_id).await.unwrap_err();
    assert_eq!(reason(&expired), Some(Reason::QuoteExpired));
    assert_eq!(world.refunds_made().await, 1);
}

#[tokio::test]
async fn an_external_reference_is_one_refund_for_ever() {
    let world = World::with_order().await;
    let referring = |percent, reference: &str| RefundRequest {
        external_reference: Some(reference.to_owned()),
        ..part(percent)
    };
    // A call that was refused leaves its reference free.
    assert!(world.refund("r1", referring(101, "R-1")).await.is_err());
    let first = world.refund("r2", referring(60, "R-1")).await.unwrap();
    let same = world.refund("r3", referring(60, "R-1")).await.unwrap();
    assert_eq!((same.replayed, &same.bytes), (true, &first.bytes));
    let other = world.refund("r4", referring(10, "R-1")).await;
    assert!(matches!(other, Err(Failure::Taken { what: Taken::ExternalReference, .. })));
    // The second id stands for that content from then on.
    let reused = world.refund("r3", part(10)).await;
    assert!(matches!(reused, Err(Failure::RequestIdReused { .. })));
    assert_eq!(world.refunds_made().await, 1);
}

#[tokio::test]
async fn a_refused_refund_stores_nothing_and_wastes_no_number() {
    let world = World::with_order().await;
    let before = world.order().await;
    let refused = world.refund("r1", part(101)).await.unwrap_err();
    assert_eq!(reason(&refused), Some(Reason::InvalidAmount));
    assert_eq!(world.order().await, before);
    world.refund("r2", part(10)).await.unwrap();
    world.refund("r3", part(10)).await.unwrap();
    let order = world.order().await;
    assert_eq!(order.refunds[1].number, order.refunds[0].number + 1);
}

#[tokio::test]
async fn an_order_answers_to_the_merchants_id_too() {
    let world = World::with_order().await;
    world.accept("ext-1").await.unwrap();
    world.refund_of("ext-1", "r1", part(10)).await.unwrap();
    assert_eq!(world.refunds_made().await, 1);
    let quoted = world.quote_of("ext-1", part(10)).await.unwrap();
    world.commit_quote_of("ext-1", "r2", quoted.quote.quote_id).await.unwrap();
    assert_eq!(world.refunds_made().await, 2);
    let missing = world.refund_of("ext/2", "r3", part(10)).await.unwrap_err();
    assert!(matches!(missing, Failure::NotFound { what: Missing::Order, .. }));
}

#[tokio::test(start_paused = true)]
async fn waiting_ends_with_patience() {
    let world = World::with_order().await;
    world.refund("r1", part(10)).await.unwrap();
    let refund_id = world.order().await.refunds[0].refund_id;
    let patience = Duration::from_secs(2);
    let settled = world.refunds.settled(&world.store_id(), "O1", refund_id, patience).await;
    let (_, refund) = settled.unwrap();
    assert_eq!(refund.state, domain::refund::RefundState::Pending);
}

#[tokio::test]
async fn a_method_is_part_of_what_a_request_id_means() {
    let world = World::with_order().await;
    world.refund("same", part(10)).await.unwrap();
    assert!(world.accept_with(request("same", "AcceptOrder"), "ext-1").await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn of_two_who_revoke_a_token_one_does() {
    let world = World::with_order().await;
    let store = world.store_id();
    let new =
        NewToken { name: "t".to_owned(), role: Role::Manager, scopes: vec![], expires_at: None };
    let id = |token: &Token| token.token_id.as_uuid().as_bytes().to_vec();
    let asked = request("t", "CreateToken");
    let made = world.stores.create_token(&caller(), &store, &asked, new, &id).await.unwrap();
    let uuid = uuid::Uuid::from_slice(&made.answer.bytes).unwrap();
    let before = world.stores.get(&store).await.unwrap().version;

    let revoke = async |id: &str| {
        let (asked, token_id) = (request(id, "RevokeToken"), TokenId::from_uuid(uuid));
        world.stores.revoke_token(&caller(), &store, &asked, token_id, &|_| vec![]).await
    };
    // The first one decides on what is there before the second, and again after it.
    world.store.next_commit(Mishap::SomebodyWasFaster);
    let (first, second) = tokio::join!(revoke("r1"), revoke("r2"));
    assert!(first.is_ok() && second.is_ok(), "{first:?} {second:?}");
    assert_eq!(world.stores.get(&store).await.unwrap().version.0, before.0 + 1);
}
