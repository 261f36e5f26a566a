use crate::desk::{Desk, currency, decline, order_key, tender};
use domain::order::TenderState;
use payments::{Accounts, Manual, Providers, UnknownProvider, names};
use ports::{PaymentProvider as _, PaymentStatus};
use std::sync::Arc;

#[tokio::test]
async fn a_manual_leg_is_never_sent() {
    let leg = Desk::sandbox().leg(1, "iban", "10.00");
    assert_eq!(decline(&Manual.refund(&leg).await), Some(("MANUAL", true)));
    assert_eq!(Manual.find(&leg).await.unwrap(), None);
    let cash = tender("cash", TenderState::Pending);
    let status = Manual.status(&order_key("s1", "o1"), &cash, currency("EUR")).await;
    assert_eq!(status.unwrap(), PaymentStatus::Pending);
}

#[tokio::test]
async fn providers_are_found_by_name_and_others_are_an_error() {
    let desk = Desk::accounts();
    let accounts = Accounts::new(desk.ledger.clone(), desk.clock.clone());
    let providers = Providers::default()
        .with(names::LEDGER, Arc::new(accounts))
        .with(names::MANUAL, Arc::new(Manual));
    assert_eq!(providers.names().collect::<Vec<_>>(), ["ledger", "manual"]);
    assert!(providers.get("ledger").is_ok());
    let unknown = providers.get("acme").err();
    assert_eq!(unknown, Some(UnknownProvider { name: "acme".to_owned() }));
    assert!(providers.get("Ledger").is_err());
}
