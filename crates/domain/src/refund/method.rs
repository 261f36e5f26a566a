//! Another way back, for what could not go or has not gone by the first.

use super::{
    Leg, LegKind, LegState, Refund, RefundMethod, RefundState, create,
    legs::{back, release_of, way},
    life::{closing, find, forbidden},
    retry,
};
use crate::{
    Amount, Reason, Rejection,
    id::RefundId,
    order::{Fact, Order, Refundable, TenderState},
};
use time::OffsetDateTime;

/// K11. Legs that were not carried out are replaced; those that settled stay, and an authorisation
/// is let go whatever the method. A refund that failed takes its amounts again, as a retry does.
///
/// # Errors
///
/// [`Reason::RefundStateForbids`] once a leg is on its way or nothing is open any more, and for a
/// refund that failed if the method stays: that is a retry, with the same keys.
/// [`Reason::AmountExceedsRefundable`] if a failed refund's amounts are no longer there.
pub fn change_method(
    order: &Order,
    refund_id: RefundId,
    method: RefundMethod,
    at: OffsetDateTime,
) -> Result<Vec<Fact>, Rejection> {
    let refund = find(order, refund_id)?;
    if method == RefundMethod::GiftCard && order.cancellation_of(refund_id).is_some() {
        let text = "a cancellation is paid back as ORIGINAL, BANK_DEPOSIT, STORE_CREDIT or POINTS";
        return Err(Rejection::new(Reason::InvalidFields, text).at("refund_method"));
    }
    match refund.state {
        RefundState::Failed if refund.legs.iter().all(Leg::is_over) => {
            return Err(forbidden(refund, "be paid by another method: all of it went back"));
        }
        RefundState::Failed if refund.method == method => {
            return Err(forbidden(refund, "change to the method that it has: retry it"));
        }
        RefundState::Pending | RefundState::Held | RefundState::Failed => {}
        RefundState::Succeeded | RefundState::Voided => {
            return Err(forbidden(refund, "be paid by another method"));
        }
    }
    if let Some(leg) = refund.legs.iter().find(|leg| is_under_way(leg)) {
        let text = format!(
            "leg {} is {}: the method can be changed once its outcome is known",
            leg.leg_id,
            leg.state.name()
        );
        return Err(Rejection::new(Reason::RefundStateForbids, text)
            .with("state", refund.state.name())
            .with("leg_state", leg.state.name()));
    }
    if refund.method == method { Ok(vec![]) } else { renewed(order, refund, method, at) }
}

const fn is_under_way(leg: &Leg) -> bool {
    matches!(leg.state, LegState::Sent | LegState::Unknown | LegState::Accepted)
}

/// Whether a failed refund was to let go of what is not only authorised any more.
pub(super) fn is_outdated(refund: &Refund, left: &Refundable) -> bool {
    let releases = refund.legs.iter().filter(|leg| leg.kind == LegKind::Release && !leg.is_over());
    releases.into_iter().any(|leg| retry::tender(leg, left).is_err())
}

/// The refund with other legs for what is open of it.
pub(super) fn renewed(
    order: &Order,
    refund: &Refund,
    method: RefundMethod,
    at: OffsetDateTime,
) -> Result<Vec<Fact>, Rejection> {
    let refund_id = refund.refund_id;
    let left = order.books()?.refundable(order)?;
    let legs = replaced(order, refund, method, &left)?;
    has_room(refund, legs.len())?;
    let mut facts = vec![Fact::RefundMethodChanged { refund_id, method, legs }];
    let changed = facts.iter().fold(order.clone(), Order::evolve);
    let after = find(&changed, refund_id)?;
    if refund.state == RefundState::Failed {
        retry::is_free(order, after, &left)?;
        // Nothing of it is open any more: what was to be let go has lapsed by itself.
        if after.legs.iter().all(Leg::is_over) {
            facts.extend(closing(order, after, at));
        }
    }
    Ok(facts)
}

pub(super) fn has_room(refund: &Refund, further: usize) -> Result<(), Rejection> {
    let most = Order::MAX_LEGS;
    if refund.legs.len() + further > most {
        let text = format!("a refund holds at most {most} legs, replaced ones included");
        return Err(Rejection::new(Reason::TooManyEntries, text).with("limit", most));
    }
    Ok(())
}

/// New legs, because a leg's key stands for one movement for ever. What was to be let go and was
/// taken meanwhile is given back; of a payment that has failed meanwhile nothing is left to do.
fn replaced(
    order: &Order,
    refund: &Refund,
    method: RefundMethod,
    all_left: &Refundable,
) -> Result<Vec<Leg>, Rejection> {
    let cancellation = order.cancellation_of(refund.refund_id).is_some();
    let mut shares = Vec::new();
    // An authorisation is let go whatever the method, as long as that was not refused.
    let stays = |leg: &Leg| leg.kind == LegKind::Release && refund.state != RefundState::Failed;
    for leg in refund.legs.iter().filter(|leg| !leg.is_over() && !stays(leg)) {
        let index = order.tenders.iter().position(|tender| tender.tender_id == leg.tender_id);
        let Some(index) = index else { continue };
        let (tender, left) = (&order.tenders[index], &all_left.tenders[index]);
        let (let_go, given_back) = if leg.kind == LegKind::Release {
            let let_go = leg.amount.min(left.uncaptured);
            (let_go, leg.amount.minus(let_go)?.min(left.left))
        } else {
            (Amount::ZERO, leg.amount)
        };
        let lapsed = leg.amount.minus(let_go)?.minus(given_back)?;
        if lapsed.is_positive() && tender.state != TenderState::Failed {
            retry::tender(leg, all_left)?;
        }
        shares.extend(let_go.is_positive().then(|| release_of(index, tender, let_go)));
        let way = way(tender, method, cancellation);
        shares.extend(given_back.is_positive().then(|| back(index, tender, way, given_back)));
    }
    let places = refund.legs.len() + 1..;
    Ok(places
        .zip(shares)
        .map(|(place, share)| create::leg(order, refund.refund_id, place, share))
        .collect())
}
