//! What is on gift cards while a refund fills them.

use super::world::{World, eur, key, seconds, store_id};
use payments::names::LEDGER;
use ports::{PaymentOutcome, own_value};

/// What is posted counts once, also before its leg is known to have settled.
#[tokio::test(start_paused = true)]
async fn a_card_is_filled_once_while_its_leg_is_carried_out() {
    let world = World::new().await;
    let refund_id = world.refunded("o1", &[(LEDGER, "GC-1", "5.00")]).await;
    let on_the_card = async || {
        let order = world.order("o1").await;
        let cards = order.refund(refund_id).unwrap().gift_cards(&order).unwrap();
        let (ledger, currency) = (&*world.store, order.customer_currency);
        let balances = own_value::balances_without(ledger, &store_id(), &cards, currency).await;
        own_value::with_refund(&cards[0], &balances.unwrap()).unwrap()
    };
    assert_eq!(on_the_card().await, Some(eur("5.00")));

    let leg_id = world.order("o1").await.refunds[0].legs[0].leg_id.clone();
    let work = world.steps().find(&key("o1"), &leg_id).await.unwrap().unwrap();
    let providers = world.providers();
    let answer = providers.get(LEDGER).unwrap().refund(&work.payment).await;
    assert!(matches!(answer, PaymentOutcome::Settled { .. }), "{answer:?}");
    assert_eq!(world.balance(&own_value::account_name("GC-1")).await, eur("5.00"));
    assert_eq!(on_the_card().await, Some(eur("5.00")), "its leg is not booked");

    let legs = world.start_legs();
    world.settled("o1", refund_id, seconds(600)).await;
    legs.stop().await;
    assert_eq!(on_the_card().await, Some(eur("5.00")));
}
