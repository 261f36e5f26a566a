//! What holds after every step, whatever was asked.

use crate::build::left;
use domain::{
    Amount, Pair,
    amount::AmountError,
    order::{Fact, Order},
    refund::{ComponentKind, Refund},
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
    let legs = Amount::sum(refund.legs.iter().map(|leg| leg.amount));
    assert_eq!(legs, Ok(refund.total.customer), "the legs are the total");
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
    for tender in &left.tenders {
        assert!(!tender.left.is_negative(), "{tender:?} got more than was captured");
    }
}

fn never_more_than_paid(order: &Order) {
    let books = order.books().unwrap();
    let left = left(order);
    for ((line, taken), left) in order.lines.iter().zip(&books.lines).zip(&left.lines) {
        assert!(taken.quantity <= line.quantity, "{} got too many pieces", line.cart_item_id);
        assert!(!left.amount.customer.is_negative(), "{left:?}");
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
