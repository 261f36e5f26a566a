//! What happens to a refund after it was made.

use super::{
    Hold, LEDGER, Leg, LegFailure, LegKind, LegMismatch, LegState, Refund, RefundState, retry,
};
use crate::{
    Actor, Amount, Reason, Rejection,
    cancellation::CancellationState,
    id::{LegId, RefundId},
    order::{Fact, Order},
};
use time::OffsetDateTime;

/// What a provider answered for a leg.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LegOutcome {
    Settled {
        reference: String,
    },
    /// Taken; it settles later.
    Accepted {
        reference: String,
    },
    /// Not done, and may be asked again with the same key.
    Deferred(LegFailure),
    /// Not done, because the provider was not reached. It was no try.
    Unsent(LegFailure),
    /// Not done, for good.
    Failed(LegFailure),
    /// The provider knows the key, and took back what it had done, or taken to be done, by it.
    Reversed(LegFailure),
    /// It may or may not have been done.
    Unknown,
    /// Something else was done under the leg's key. Nothing of that is booked.
    Mismatch(LegMismatch),
}

/// A refund of which nothing was sent yet may be held back.
pub fn hold(
    order: &Order,
    refund_id: RefundId,
    by: Actor,
    reason: String,
) -> Result<Vec<Fact>, Rejection> {
    let refund = find(order, refund_id)?;
    let waits = |leg: &Leg| matches!(leg.state, LegState::Pending | LegState::Voided);
    let sent = !refund.legs.iter().all(waits);
    match refund.state {
        RefundState::Held if refund.hold == Some(Hold::Approval) => {
            let text = "the refund already waits, for another manager's approval";
            Err(Rejection::new(Reason::RefundStateForbids, text).with("state", refund.state.name()))
        }
        RefundState::Held => Ok(vec![]),
        RefundState::Pending if !sent => {
            Ok(vec![Fact::RefundHeld { refund_id, hold: Hold::Person { by, reason } }])
        }
        RefundState::Pending => {
            let text = "a leg of the refund was already sent to its provider";
            Err(Rejection::new(Reason::RefundStateForbids, text).with("state", refund.state.name()))
        }
        _ => Err(forbidden(refund, "be held")),
    }
}

/// Lets a refund go on that a person held. One that waits for approval needs just that.
pub fn release(order: &Order, refund_id: RefundId) -> Result<Vec<Fact>, Rejection> {
    let refund = find(order, refund_id)?;
    match (&refund.state, &refund.hold) {
        (RefundState::Held, Some(Hold::Person { .. })) => {
            Ok(vec![Fact::RefundReleased { refund_id }])
        }
        (RefundState::Held, _) => {
            let text = "the refund waits for another manager's approval";
            Err(Rejection::new(Reason::FourEyes, text).with("state", refund.state.name()))
        }
        (RefundState::Pending, _) => Ok(vec![]),
        _ => Err(forbidden(refund, "be released")),
    }
}

/// Four eyes: whoever asked for the refund cannot approve it, by another credential of theirs either.
pub fn approve(order: &Order, refund_id: RefundId, by: Actor) -> Result<Vec<Fact>, Rejection> {
    let refund = find(order, refund_id)?;
    match (&refund.state, &refund.hold) {
        (RefundState::Held, Some(Hold::Approval)) if refund.created_by.is_same_person(&by) => {
            let text = "whoever asked for a refund cannot approve it";
            Err(Rejection::new(Reason::FourEyes, text).with("state", refund.state.name()))
        }
        (RefundState::Held, Some(Hold::Approval)) => {
            Ok(vec![Fact::RefundApproved { refund_id, by }])
        }
        _ => Err(forbidden(refund, "be approved")),
    }
}

/// A person paid the manual legs out.
pub fn confirm_manual(
    order: &Order,
    refund_id: RefundId,
    reference: &str,
    at: OffsetDateTime,
) -> Result<Vec<Fact>, Rejection> {
    let refund = find(order, refund_id)?;
    let manual = || refund.legs.iter().filter(|leg| leg.kind == LegKind::Manual);
    if refund.state == RefundState::Succeeded
        && manual().any(|leg| leg.reference.as_deref() == Some(reference))
    {
        return Ok(vec![]);
    }
    if refund.state != RefundState::Pending {
        return Err(forbidden(refund, "be confirmed as paid out"));
    }
    let open: Vec<&Leg> = manual().filter(|leg| !leg.state.is_final()).collect();
    if open.is_empty() {
        return Err(forbidden(refund, "be confirmed: no manual payout of it is open"));
    }
    let mut facts = Vec::new();
    let mut after = refund.clone();
    for leg in open {
        let (leg_id, reference) = (leg.leg_id.clone(), reference.to_owned());
        set(&mut after, &leg_id, LegState::Settled);
        facts.push(Fact::LegSettled { refund_id, leg_id, reference });
    }
    facts.extend(closing(order, &after, at));
    Ok(facts)
}

/// Committed before the provider is called, so that a crash in between is known. Whoever saw the
/// leg at another attempt knows nothing of what came of this one. A leg that did not match is not
/// sent: its provider would do, or repeat, another thing.
pub fn send_leg(
    order: &Order,
    refund_id: RefundId,
    leg_id: &LegId,
    attempt: u32,
    at: OffsetDateTime,
) -> Result<Vec<Fact>, Rejection> {
    let (refund, leg) = find_leg(order, refund_id, leg_id)?;
    let may_send = refund.state == RefundState::Pending
        && leg.kind != LegKind::Manual
        && leg.mismatch.is_none()
        && matches!(leg.state, LegState::Pending | LegState::Sent | LegState::Unknown);
    if !may_send {
        return Err(forbidden_leg(refund, leg, "be sent"));
    }
    if attempt != leg.attempts {
        return Err(of_another_attempt(leg, attempt));
    }
    Ok(vec![Fact::LegSent { refund_id, leg_id: leg_id.clone(), at: Some(at) }])
}

/// Books what the provider answered to an attempt, and closes the refund with its last leg.
///
/// That the leg was done or taken is true of its key, whichever attempt says so. That it was not,
/// or that nothing is known, is said of one attempt: a later one goes on without hearing of it.
///
/// What was done and taken back stays so: whatever is said of a reversed leg is older than that,
/// and changes nothing. A reversal of what is not known to be done is a failure for good.
///
/// # Errors
///
/// [`Reason::RefundStateForbids`] if the leg cannot take this outcome, and
/// [`Reason::AmountExceedsRefundable`] if it settled after all, but others took its money meanwhile.
pub fn record_leg(
    order: &Order,
    refund_id: RefundId,
    leg_id: &LegId,
    attempt: u32,
    outcome: LegOutcome,
    at: OffsetDateTime,
) -> Result<Vec<Fact>, Rejection> {
    let (refund, leg) = find_leg(order, refund_id, leg_id)?;
    if leg.reversed {
        return Ok(vec![]);
    }
    let leg_id = leg_id.clone();
    let (reversed, outcome) = match (leg.state, outcome) {
        (_, LegOutcome::Mismatch(mismatch)) => return mismatched(refund, leg, mismatch),
        (LegState::Settled, LegOutcome::Reversed(failure)) => {
            return taken_back(refund, leg, failure);
        }
        (_, LegOutcome::Reversed(failure)) => (true, LegOutcome::Failed(failure)),
        // That an attempt did nothing says nothing of the other thing that is there.
        (_, LegOutcome::Deferred(_) | LegOutcome::Unsent(_)) if leg.mismatch.is_some() => {
            (false, LegOutcome::Unknown)
        }
        (_, outcome) => (false, outcome),
    };
    let (state, fact) = match (leg.state, outcome) {
        // The same answer again; these two are final.
        (LegState::Settled, LegOutcome::Settled { .. })
        | (LegState::Failed, LegOutcome::Failed(_)) => return Ok(vec![]),
        (
            _,
            LegOutcome::Deferred(_)
            | LegOutcome::Unsent(_)
            | LegOutcome::Failed(_)
            | LegOutcome::Unknown,
        ) if attempt != leg.attempts => {
            return Err(of_another_attempt(leg, attempt));
        }
        (LegState::Accepted, LegOutcome::Accepted { .. } | LegOutcome::Unknown)
        | (LegState::Unknown, LegOutcome::Unknown) => return Ok(vec![]),
        (LegState::Failed, LegOutcome::Settled { reference }) if refund.may_settle_late() => {
            return settled_after_all(order, refund, leg, reference, at);
        }
        (LegState::Voided, LegOutcome::Settled { reference }) if leg.attempts > 0 => {
            return settled_after_all(order, refund, leg, reference, at);
        }
        // Held before it was tried again: an earlier try may have done it all the same.
        (LegState::Pending, LegOutcome::Settled { reference })
            if leg.attempts > 0 && refund.state == RefundState::Held =>
        {
            return settled_after_all(order, refund, leg, reference, at);
        }
        // A leg is under way only while its refund is.
        _ if refund.state != RefundState::Pending => {
            return Err(forbidden_leg(refund, leg, "take this outcome"));
        }
        // A leg that waits for its next try may hear of an earlier one.
        (LegState::Pending, _) if attempt == 0 => {
            return Err(forbidden_leg(refund, leg, "take this outcome: it was never sent"));
        }
        (
            LegState::Pending | LegState::Sent | LegState::Unknown | LegState::Accepted,
            LegOutcome::Settled { reference },
        ) => (LegState::Settled, Fact::LegSettled { refund_id, leg_id, reference }),
        (
            LegState::Pending | LegState::Sent | LegState::Unknown,
            LegOutcome::Accepted { reference },
        ) => (LegState::Accepted, Fact::LegAccepted { refund_id, leg_id, reference, at: Some(at) }),
        (LegState::Sent, LegOutcome::Unknown) => {
            (LegState::Unknown, Fact::LegUnknown { refund_id, leg_id, at: Some(at) })
        }
        (LegState::Sent | LegState::Unknown, LegOutcome::Deferred(failure)) => {
            (LegState::Pending, deferred(refund_id, leg_id, failure, false, at))
        }
        (LegState::Sent | LegState::Unknown, LegOutcome::Unsent(failure)) => {
            (LegState::Pending, deferred(refund_id, leg_id, failure, true, at))
        }
        (LegState::Sent | LegState::Unknown | LegState::Accepted, LegOutcome::Failed(failure)) => {
            (LegState::Failed, Fact::LegFailed { refund_id, leg_id, failure, reversed })
        }
        _ => return Err(forbidden_leg(refund, leg, "take this outcome")),
    };
    // What it was to replace settled meanwhile, so it is not tried again.
    let given_up =
        matches!(state, LegState::Pending | LegState::Failed) && is_surplus(refund, leg)?;
    let voided = || Fact::LegVoided { refund_id, leg_id: leg.leg_id.clone() };
    let (state, mut facts) = match (given_up, reversed) {
        (false, _) => (state, vec![fact]),
        (true, false) => (LegState::Voided, vec![voided()]),
        // That its key is spent is to be known all the same.
        (true, true) => (LegState::Voided, vec![fact, voided()]),
    };
    let mut after = refund.clone();
    set(&mut after, &leg.leg_id, state);
    if state == LegState::Settled {
        facts.extend(points_restored(order, refund_id, leg));
    }
    facts.extend(closing(order, &after, at));
    Ok(facts)
}

fn deferred(
    refund_id: RefundId,
    leg_id: LegId,
    failure: LegFailure,
    unsent: bool,
    at: OffsetDateTime,
) -> Fact {
    Fact::LegDeferred { refund_id, leg_id, failure, unsent, at: Some(at) }
}

/// A leg that may be at its provider, or may be sent to it, is marked. One that waits for its next
/// try is UNKNOWN then, so that it is asked for before it is sent; any other stays what it is.
fn mismatched(refund: &Refund, leg: &Leg, mismatch: LegMismatch) -> Result<Vec<Fact>, Rejection> {
    let concerned = match leg.state {
        LegState::Pending => leg.attempts > 0,
        LegState::Sent | LegState::Unknown | LegState::Accepted => true,
        LegState::Settled | LegState::Failed | LegState::Voided => false,
    };
    if refund.state != RefundState::Pending || !concerned {
        return Err(forbidden_leg(refund, leg, "be marked as another thing than was asked"));
    }
    if leg.mismatch.as_ref() == Some(&mismatch) {
        return Ok(vec![]);
    }
    let (refund_id, leg_id) = (refund.refund_id, leg.leg_id.clone());
    Ok(vec![Fact::LegMismatched { refund_id, leg_id, mismatch }])
}

/// The money is here again, so it counts against its tender no more. What belongs to this system
/// is booked here and nowhere else, and what a person paid out no provider takes back. A refund that
/// was voided went with an undo, which asked for proof that the money came in again: that this
/// happened by a reversal is no news, and counting it twice would promise it twice.
fn taken_back(refund: &Refund, leg: &Leg, failure: LegFailure) -> Result<Vec<Fact>, Rejection> {
    let own = leg.kind == LegKind::Manual || leg.provider == LEDGER;
    if own || refund.state == RefundState::Voided {
        return Err(forbidden_leg(refund, leg, "be reversed"));
    }
    let (refund_id, leg_id) = (refund.refund_id, leg.leg_id.clone());
    let surplus = is_surplus(refund, leg)?;
    Ok(vec![Fact::RefundReversed { refund_id, leg_id, failure, surplus }])
}

/// The other legs carry all of the refund already.
fn is_surplus(refund: &Refund, leg: &Leg) -> Result<bool, Rejection> {
    let others = refund
        .legs
        .iter()
        .filter(|other| other.leg_id != leg.leg_id && other.state != LegState::Voided);
    Ok(Amount::sum(others.map(|other| other.amount))? >= refund.total.customer)
}

/// The provider did what it had not done by all that was known. That is money which went back, so
/// it counts against its tender whatever becomes of the refund. What was to replace it is not paid
/// out any more, unless that is on its way, too. A refund that had failed has freed its amounts: it
/// succeeds after all only if nobody took them.
fn settled_after_all(
    order: &Order,
    refund: &Refund,
    leg: &Leg,
    reference: String,
    at: OffsetDateTime,
) -> Result<Vec<Fact>, Rejection> {
    let refund_id = refund.refund_id;
    let stands_for_it = |other: &&Leg| {
        (&other.tender_id, other.amount) == (&leg.tender_id, leg.amount)
            && other.leg_id != leg.leg_id
            && (other.kind == LegKind::Release) == (leg.kind == LegKind::Release)
            && matches!(other.state, LegState::Pending | LegState::Failed)
    };
    let replaced = refund.legs.iter().find(stands_for_it).filter(|_| leg.state == LegState::Voided);
    let voided = replaced.map(|it| Fact::LegVoided { refund_id, leg_id: it.leg_id.clone() });
    let mut facts: Vec<_> = voided.into_iter().collect();
    facts.push(Fact::LegSettled { refund_id, leg_id: leg.leg_id.clone(), reference });
    facts.extend(points_restored(order, refund_id, leg));
    let settled = facts.iter().fold(order.clone(), Order::evolve);
    covered(order, &settled, leg)?;
    let after = find(&settled, refund_id)?;
    match refund.state {
        RefundState::Pending | RefundState::Held => facts.extend(closing(order, after, at)),
        RefundState::Failed => {
            let left = order.books()?.refundable(order)?;
            if retry::is_free(order, after, &left).is_ok() {
                let closing = closing(order, after, at).into_iter();
                facts.extend(closing.filter(|fact| !matches!(fact, Fact::RefundFailed { .. })));
            } else if after.legs.iter().all(Leg::is_over) {
                // Others took its lines meanwhile, but the money of the cancellation is back.
                facts.extend(completed(order, refund_id, at));
            }
        }
        RefundState::Succeeded | RefundState::Voided => {}
    }
    Ok(facts)
}

/// The books hold no more than there was; what is beyond that is for a person to look into.
fn covered(order: &Order, settled: &Order, leg: &Leg) -> Result<(), Rejection> {
    let books = settled.books()?;
    let place = settled.tenders.iter().position(|tender| tender.tender_id == leg.tender_id);
    let Some(place) = place else { return Ok(()) };
    let tender = &settled.tenders[place];
    let released = books.released[place].plus(tender.captured)?;
    if books.tenders[place] <= tender.captured && released <= tender.authorized.max(tender.captured)
    {
        return Ok(());
    }
    let left = order.books()?.refundable(order)?.tenders[place].clone();
    let left = if leg.kind == LegKind::Release { left.uncaptured } else { left.left };
    Err(retry::exceeds(&format!("tender {}", tender.tender_id), leg.amount, left))
}

fn points_restored(order: &Order, refund_id: RefundId, leg: &Leg) -> Option<Fact> {
    let tender = order.tender(&leg.tender_id)?;
    let restored = leg.kind == LegKind::Restore && tender.method.is_points_or_credit();
    let (leg_id, tender_id, amount) = (leg.leg_id.clone(), leg.tender_id.clone(), leg.amount);
    restored.then_some(Fact::PointsRestored { refund_id, leg_id, tender_id, amount })
}

/// A refund is over with its last leg: failed if any of them failed. With one that succeeded, the
/// cancellation that it pays back is completed (K9).
pub(super) fn closing(order: &Order, refund: &Refund, at: OffsetDateTime) -> Vec<Fact> {
    let refund_id = refund.refund_id;
    if refund.legs.iter().any(|leg| !leg.state.is_final()) {
        return Vec::new();
    }
    if refund.legs.iter().any(|leg| leg.state == LegState::Failed) {
        return vec![Fact::RefundFailed { refund_id }];
    }
    let mut facts = vec![Fact::RefundSucceeded { refund_id }, Fact::RefundNotice { refund_id }];
    facts.extend(completed(order, refund_id, at));
    facts
}

/// K9.
fn completed(order: &Order, refund_id: RefundId, at: OffsetDateTime) -> Option<Fact> {
    let cancellation = order.cancellation_of(refund_id)?;
    let cancellation_id = cancellation.cancellation_id;
    let open = cancellation.state == CancellationState::InProgress;
    open.then_some(Fact::CancellationCompleted { cancellation_id, at })
}

fn set(refund: &mut Refund, leg_id: &LegId, state: LegState) {
    for leg in refund.legs.iter_mut().filter(|leg| leg.leg_id == *leg_id) {
        leg.state = state;
    }
}

pub(super) fn find(order: &Order, refund_id: RefundId) -> Result<&Refund, Rejection> {
    order.refund(refund_id).ok_or_else(|| {
        let text = format!("the order has no refund {refund_id}");
        Rejection::new(Reason::RefundNotFound, text).with("refund_id", refund_id)
    })
}

fn find_leg<'o>(
    order: &'o Order,
    refund_id: RefundId,
    leg_id: &LegId,
) -> Result<(&'o Refund, &'o Leg), Rejection> {
    let refund = find(order, refund_id)?;
    let leg = refund.legs.iter().find(|leg| leg.leg_id == *leg_id).ok_or_else(|| {
        Rejection::new(Reason::RefundNotFound, format!("the refund has no leg {leg_id}"))
    })?;
    Ok((refund, leg))
}

pub(super) fn forbidden(refund: &Refund, command: &str) -> Rejection {
    let text = format!("a refund that is {} cannot {command}", refund.state.name());
    Rejection::new(Reason::RefundStateForbids, text).with("state", refund.state.name())
}

fn of_another_attempt(leg: &Leg, attempt: u32) -> Rejection {
    let text = format!(
        "leg {} is at its attempt {}: this is about attempt {attempt}",
        leg.leg_id, leg.attempts
    );
    Rejection::new(Reason::RefundStateForbids, text)
        .with("leg_state", leg.state.name())
        .with("attempt", attempt)
        .with("attempts", leg.attempts)
}

fn forbidden_leg(refund: &Refund, leg: &Leg, command: &str) -> Rejection {
    let text = format!(
        "leg {} is {} and its refund {}: it cannot {command}",
        leg.leg_id,
        leg.state.name(),
        refund.state.name()
    );
    Rejection::new(Reason::RefundStateForbids, text)
        .with("state", refund.state.name())
        .with("leg_state", leg.state.name())
}
