use crate::desk::{Desk, decline, eur, is_settled};
use domain::refund::LegKind;
use ports::{PaymentOrder, own_value};

#[tokio::test]
async fn a_tender_that_was_spent_opens_its_account_at_zero() {
    let desk = Desk::accounts();
    let leg = desk.leg(1, "GC-1", "40.00");
    assert_eq!(desk.find_balance(&own_value::account_name("GC-1")).await, None);
    assert!(is_settled(&desk.refund(&leg).await));
    // 100.00 were spent before, 40.00 of them are back: on the account, and no more than that.
    assert_eq!(desk.balance(&own_value::account_name("GC-1")).await, eur("40.00"));
    assert_eq!(desk.balance("ledger-clearing").await, eur("60.00"));
    assert_eq!(desk.balance("ledger-outside").await, eur("100.00").negated());
}

#[tokio::test]
async fn what_was_spent_is_booked_once_per_tender() {
    let desk = Desk::accounts();
    for place in 1..=3 {
        assert!(is_settled(&desk.refund(&desk.leg(place, "GC-1", "10.00")).await));
    }
    assert_eq!(desk.balance("ledger-clearing").await, eur("70.00"));
    assert_eq!(desk.balance(&own_value::account_name("GC-1")).await, eur("30.00"));
}

#[tokio::test]
async fn what_was_spent_is_booked_once_wherever_it_goes_back_to() {
    let desk = Desk::accounts();
    for (place, target) in [(1, "credit-1"), (2, "credit-2"), (3, "credit-3")] {
        assert!(is_settled(&desk.refund(&desk.leg(place, target, "10.00")).await));
        assert_eq!(desk.balance(&own_value::account_name(target)).await, eur("10.00"));
    }
    assert_eq!(desk.balance("ledger-clearing").await, eur("70.00"));
    assert_eq!(desk.balance("ledger-outside").await, eur("100.00").negated());
}

#[tokio::test]
async fn tenders_of_one_account_add_up() {
    let desk = Desk::accounts();
    for (place, tender, spent) in [(1, "t1", "100.00"), (2, "t2", "60.00"), (3, "t3", "100.00")] {
        let leg = PaymentOrder {
            tender_id: tender.parse().unwrap(),
            captured: eur(spent),
            ..desk.leg(place, "GC-1", spent)
        };
        assert!(is_settled(&desk.refund(&leg).await));
    }
    assert_eq!(desk.balance("ledger-outside").await, eur("260.00").negated());
    assert_eq!(desk.balance("ledger-clearing").await, eur("0.00"));
    assert_eq!(desk.balance(&own_value::account_name("GC-1")).await, eur("260.00"));
}

#[tokio::test]
async fn what_is_captured_later_is_booked_as_well() {
    let desk = Desk::accounts();
    let captured = |amount, leg| PaymentOrder { captured: eur(amount), ..leg };
    desk.refund(&captured("20.00", desk.leg(1, "GC-1", "20.00"))).await;
    desk.refund(&captured("100.00", desk.leg(2, "GC-1", "80.00"))).await;
    assert_eq!(desk.balance("ledger-clearing").await, eur("0.00"));
    assert_eq!(desk.balance(&own_value::account_name("GC-1")).await, eur("100.00"));
}

#[tokio::test]
async fn a_card_that_is_refunded_as_credit_was_not_spent_here() {
    let desk = Desk::accounts();
    let method = domain::order::TenderMethod::Card;
    let leg = PaymentOrder { method, ..desk.leg(1, "credit-1", "25.00") };
    assert!(is_settled(&desk.refund(&leg).await));
    assert_eq!(desk.balance(&own_value::account_name("credit-1")).await, eur("25.00"));
    assert_eq!(desk.balance("ledger-clearing").await, eur("25.00").negated());
    assert_eq!(desk.find_balance("ledger-outside").await, None);
}

#[tokio::test]
async fn money_is_not_refunded_to_an_account() {
    let desk = Desk::accounts();
    let leg = PaymentOrder { kind: LegKind::Refund, ..desk.leg(1, "GC-1", "25.00") };
    assert_eq!(decline(&desk.refund(&leg).await), Some(("UNSUPPORTED", true)));
    assert_eq!(desk.find_balance(&own_value::account_name("GC-1")).await, None);
}
