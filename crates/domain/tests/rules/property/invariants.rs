//! What holds after every step, whatever was asked.

use crate::build::left;
use domain::{
    Amount, Pair,
    amount::AmountError,
    order::{DisputeState, Fact, Order, Tender, TenderLeft},
    refund::{ComponentKind, Leg, LegKind, LegState, Refund, RefundState},
};

/// # Panics
///
/// With the first thing that does not hold.
pub fn hold(order: &Order) {
    for refund in &order.refunds {
        adds_up(refund);
    }
    never_more_than_captured(order);
    never_more_than_paid(order);
}

fn adds_up(refund: &Refund) {
    let components = Pair::sum(refund.components.iter().map(|component| component.amount));
    assert_eq!(components, Ok(refund.total), "the components are the total");
    assert!(refund.components.iter().all(|component| !component.amount.is_zero()));
    // Legs that others replaced do not count.
    let legs = refund.legs.iter().filter(|leg| leg.state != LegState::Voided).map(|leg| leg.amount);
    if refund.state != RefundState::Voided {
        assert_eq!(Amount::sum(legs), Ok(refund.total.customer), "the legs are the total");
    }
    assert!(refund.legs.iter().all(|leg| leg.amount.is_positive()), "no leg of nothing");
    assert!(!refund.total.customer.is_negative());
    let products = Amount::sum(refund.products.iter().map(|product| product.amount.customer));
    let component = of_kind(refund, ComponentKind::Products).map(|pair| pair.customer);
    assert_eq!(products, component, "the lines are the component");
    assert!(refund.products.is_sorted_by(|one, next| one.line < next.line));
}

fn of_kind(refund: &Refund, kind: ComponentKind) -> Result<Pair, AmountError> {
    let parts = refund.components.iter().filter(|component| component.kind == kind);
    Pair::sum(parts.map(|component| component.amount))
}

fn never_more_than_captured(order: &Order) {
    for tender in &order.tenders {
        assert!(tender.captured <= tender.amount);
    }
    let left = left(order);
    for (tender, left) in order.tenders.iter().zip(&left.tenders) {
        let sum = |release: bool| {
            let legs = order.refunds.iter().flat_map(|refund| {
                let legs = refund.legs.iter().filter(|leg| leg.tender_id == tender.tender_id);
                let holds = |leg: &&Leg| reserves(refund) && leg.state != LegState::Voided;
                legs.filter(move |leg| holds(leg) || leg.state == LegState::Settled)
            });
            let legs = legs.filter(|leg| (leg.kind == LegKind::Release) == release);
            Amount::sum(legs.map(|leg| leg.amount)).unwrap()
        };
        let (returned, released) = (sum(false), sum(true));
        assert!(returned <= tender.captured, "{tender:?} gets {returned} back");
        let bound = released.plus(tender.captured).unwrap();
        assert!(bound <= tender.authorized, "{released} of {tender:?} is let go");
        assert_eq!((left.refunded, left.captured), (returned, tender.captured));
        let here = tender.captured.minus(returned).unwrap();
        assert!(!left.left.is_negative() && left.left <= here, "{left:?} of {here}");
    }
    for tender in &order.tenders {
        never_more_of_a_payment(order, tender);
    }
}

/// What is disputed is a payment as a whole, whichever tenders are paid by it.
fn never_more_of_a_payment(order: &Order, tender: &Tender) {
    let same = |other: &Tender| {
        (&other.provider, &other.provider_reference)
            == (&tender.provider, &tender.provider_reference)
    };
    let left = left(order);
    let tenders = order.tenders.iter().zip(&left.tenders).filter(|(other, _)| same(other));
    let sum = |of: fn(&TenderLeft) -> Amount| {
        Amount::sum(tenders.clone().map(|(_, left)| of(left))).unwrap()
    };
    let here = sum(|left| left.captured).minus(sum(|left| left.refunded)).unwrap();
    let taken = order.disputes.iter().filter(|it| it.state != DisputeState::Won);
    let taken = taken.filter(|it| order.tender(&it.tender_id).is_some_and(same));
    let disputed = Amount::sum(taken.map(|it| it.amount)).unwrap();
    assert_eq!(sum(|left| left.disputed), disputed);
    assert_eq!(here.minus(disputed).unwrap().max(Amount::ZERO), sum(|left| left.left));
}

/// Said here once more: what is tested does not judge itself.
fn reserves(refund: &Refund) -> bool {
    matches!(refund.state, RefundState::Pending | RefundState::Held | RefundState::Succeeded)
}

fn never_more_than_paid(order: &Order) {
    let left = left(order);
    for (index, (line, left)) in order.lines.iter().zip(&left.lines).enumerate() {
        let taken = order.refunds.iter().filter(|refund| reserves(refund));
        let taken = taken.flat_map(|refund| &refund.products).filter(|part| part.line == index);
        let amount = Pair::sum(taken.clone().map(|part| part.amount)).unwrap();
        let quantity: u32 = taken.map(|part| part.quantity).sum();
        assert!(amount.customer <= line.total.customer, "{line:?} gets {amount:?} back");
        assert!(quantity <= line.quantity, "{quantity} pieces of {line:?}");
        assert_eq!(line.total.minus(amount), Ok(left.amount));
        assert_eq!(line.quantity - quantity, left.quantity);
    }
    for part in [left.shipping, left.duties, left.total] {
        assert!(!part.customer.is_negative(), "{left:?}");
    }
}

/// Where nothing was freed, the merchant bears no more than was paid either, and never less than
/// nothing of a part.
pub fn hold_for_the_merchant(order: &Order) {
    let left = left(order);
    let lines = left.lines.iter().map(|line| line.amount.merchant);
    for amount in lines.chain([left.shipping, left.duties, left.total].map(|left| left.merchant)) {
        assert!(!amount.is_negative(), "{left:?}");
    }
    for refund in &order.refunds {
        assert!(refund.products.iter().all(|product| !product.amount.merchant.is_negative()));
        for component in &refund.components {
            let charge = matches!(
                component.kind,
                ComponentKind::Products | ComponentKind::Shipping | ComponentKind::Duties
            );
            assert!(!charge || !component.amount.merchant.is_negative(), "{component:?}");
        }
    }
}

/// Stored and read again, an order and what happened to it are the same; and what happened makes
/// the order once more.
pub fn survive_storage(order: &Order, facts: &[Fact]) {
    let text = serde_json::to_string(order).unwrap();
    assert_eq!(&serde_json::from_str::<Order>(&text).unwrap(), order);
    let read: Vec<Fact> = facts
        .iter()
        .map(|fact| serde_json::from_str(&serde_json::to_string(fact).unwrap()).unwrap())
        .collect();
    assert_eq!(read, facts);
}
