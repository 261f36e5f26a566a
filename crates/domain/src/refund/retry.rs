//! A failed refund once more, if its amounts are still there.

use super::{
    ComponentKind, Leg, LegKind, LegState, Refund, RefundProduct, RefundState,
    life::{closing, find, forbidden},
    method,
};
use crate::{
    Amount, Pair, Reason, Rejection,
    id::{LegId, RefundId},
    order::{Fact, Order, Refundable},
};
use time::OffsetDateTime;

/// Takes the amounts of a failed refund again, in both currencies. What others took meanwhile is
/// theirs.
///
/// A leg that failed is sent once more with its key. One that was reversed is not: to its provider
/// that key is what was done then, and the answer would be that it is done. A leg of its own takes
/// its place, and it is voided.
///
/// Of a refund that is under way it takes the marks off legs that did not match, and does no more: a
/// person has looked. Such a leg is asked for by its key before it is sent.
///
/// # Errors
///
/// [`Reason::AmountExceedsRefundable`] if a piece, a line, a component or a tender has less left.
/// [`Reason::TooManyEntries`] if the refund has no room for further legs.
pub fn retry(
    order: &Order,
    refund_id: RefundId,
    at: OffsetDateTime,
) -> Result<Vec<Fact>, Rejection> {
    let refund = find(order, refund_id)?;
    if refund.state == RefundState::Pending && refund.legs.iter().any(|leg| leg.mismatch.is_some())
    {
        return Ok(vec![Fact::RefundRetried { refund_id, legs: Vec::new(), at: Some(at) }]);
    }
    if refund.state != RefundState::Failed {
        return Err(forbidden(refund, "be retried"));
    }
    let left = order.books()?.refundable(order)?;
    if method::is_outdated(refund, &left) {
        return method::renewed(order, refund, refund.method, at);
    }
    is_free(order, refund, &left)?;
    let legs = in_place_of_reversed(refund, at);
    method::has_room(refund, legs.len())?;
    let mut facts = vec![Fact::RefundRetried { refund_id, legs, at: Some(at) }];
    // All of its money went back already, while others held its amounts.
    if refund.legs.iter().all(Leg::is_over) {
        facts.extend(closing(order, refund, at));
    }
    Ok(facts)
}

fn in_place_of_reversed(refund: &Refund, at: OffsetDateTime) -> Vec<Leg> {
    let reversed = refund.legs.iter().filter(|leg| leg.reversed && !leg.is_over());
    let anew = |(place, leg): (usize, &Leg)| Leg {
        leg_id: LegId::of(refund.refund_id, place),
        state: LegState::Pending,
        reference: None,
        attempts: 0,
        attempts_before_retry: 0,
        failure: None,
        reversed: false,
        mismatch: None,
        moved_at: Some(at),
        moved_before: None,
        ..leg.clone()
    };
    (refund.legs.len() + 1..).zip(reversed).map(anew).collect()
}

/// Whether everything that the refund needs is left.
pub(super) fn is_free(order: &Order, refund: &Refund, left: &Refundable) -> Result<(), Rejection> {
    for product in &refund.products {
        line(order, left, product)?;
    }
    components(refund, left)?;
    // A leg that settled before its refund failed still holds its money.
    let open = || refund.legs.iter().filter(|leg| !leg.is_over());
    for leg in open() {
        let same = |other: &&Leg| {
            other.tender_id == leg.tender_id
                && (other.kind == LegKind::Release) == (leg.kind == LegKind::Release)
        };
        let amount = Amount::sum(open().filter(same).map(|leg| leg.amount))?;
        tender(&Leg { amount, ..leg.clone() }, left)?;
    }
    Ok(())
}

fn line(order: &Order, left: &Refundable, product: &RefundProduct) -> Result<(), Rejection> {
    let line = &left.lines[product.line];
    if product.quantity > line.quantity {
        let text = format!(
            "{} pieces of line {} are needed again, {} are left",
            product.quantity, line.cart_item_id, line.quantity
        );
        return Err(Rejection::new(Reason::AmountExceedsRefundable, text)
            .with("asked", product.quantity)
            .with("left", line.quantity));
    }
    // The further decimals of a line's merchant amount only steer the rounding of its component.
    let decimals = order.merchant_currency.exponent();
    let booked = |pair: Pair| Pair::new(pair.customer, pair.merchant.rounded(decimals));
    let what = format!("line {}", line.cart_item_id);
    enough(&what, booked(product.amount), booked(line.amount))
}

fn components(refund: &Refund, left: &Refundable) -> Result<(), Rejection> {
    let products = left.total.minus(left.shipping)?.minus(left.duties)?;
    for (kind, left) in [
        (ComponentKind::Products, products),
        (ComponentKind::Shipping, left.shipping),
        (ComponentKind::Duties, left.duties),
    ] {
        let parts = refund.components.iter().filter(|component| component.kind == kind);
        let asked = Pair::sum(parts.map(|component| component.amount))?;
        enough(kind.name(), asked, left)?;
    }
    Ok(())
}

pub(super) fn tender(leg: &Leg, left: &Refundable) -> Result<(), Rejection> {
    let tender = left.tenders.iter().find(|tender| tender.tender_id == leg.tender_id);
    let (left, disputed) = tender.map_or_else(Default::default, |tender| match leg.kind {
        LegKind::Release => (tender.uncaptured, Amount::ZERO),
        LegKind::Refund | LegKind::Restore | LegKind::Manual => (tender.left, tender.disputed),
    });
    if leg.amount <= left {
        return Ok(());
    }
    let rejection = exceeds(&format!("tender {}", leg.tender_id), leg.amount, left);
    if disputed.is_zero() {
        return Err(rejection);
    }
    let message = format!("{}, {disputed} is disputed", rejection.message);
    Err(Rejection { message, ..rejection }.with("disputed", disputed))
}

fn enough(what: &str, asked: Pair, left: Pair) -> Result<(), Rejection> {
    let currencies = [(asked.customer, left.customer), (asked.merchant, left.merchant)];
    match currencies.into_iter().find(|(asked, left)| asked > left) {
        Some((asked, left)) => Err(exceeds(what, asked, left)),
        None => Ok(()),
    }
}

pub(super) fn exceeds(what: &str, asked: Amount, left: Amount) -> Rejection {
    let text = format!("{asked} of {what} is needed again, {left} is left");
    Rejection::new(Reason::AmountExceedsRefundable, text).with("asked", asked).with("left", left)
}
