//! Requests: made, rejected, withdrawn. What accepts them is in `accept`.

use super::{
    Cancellation, CancellationState, Channel, RejectCancellation, RequestCancellation,
    RequestPolicy, RequestedBy, accept, find, forbidden, payback, pieces, room,
};
use crate::{
    Actor, Reason, Rejection,
    id::CancellationId,
    order::{Fact, Order, OrderState},
    refund::RefundMethod,
};
use time::{Duration, OffsetDateTime};

/// K1. Where the store accepts by itself, the request is accepted in the same step, unless that
/// is not possible now: then it waits for a person.
pub(crate) fn request(
    order: &Order,
    request: &RequestCancellation,
) -> Result<Vec<Fact>, Rejection> {
    let cancellation = requested(order, request)?;
    let asked = Fact::CancellationRequested { cancellation: Box::new(cancellation) };
    let after = order.clone().evolve(&asked);
    // What nobody could accept as it is asked for is not held for anybody.
    let accepted = accept::by_itself(&after, request, &Actor::worker("auto-accept"))?;
    let mut facts = vec![asked];
    if request.policy.auto_accept && accept::may_cancel(&after, &request.policy).is_ok() {
        facts.extend(accepted);
    }
    Ok(facts)
}

fn requested(order: &Order, request: &RequestCancellation) -> Result<Cancellation, Rejection> {
    room::for_request(order, request.lines.len(), request.reason.text.as_deref())?;
    if !request.policy.enabled {
        let text = "this store takes no cancellation requests of customers";
        return Err(Rejection::new(Reason::NotEnabled, text));
    }
    request.reason.check(RequestedBy::Customer)?;
    allowed_by_store(request)?;
    if order.state == OrderState::Cancelled {
        return Err(crate::order::cancelled(order));
    }
    in_window(order.created_at, request.at, &request.policy)?;
    let lines = pieces::open(order, &request.lines)?;
    payback::check_charges(order, &request.charges)?;
    accept::check_channel(
        RequestedBy::Customer,
        request.channel,
        &[Channel::Account, Channel::Contact],
    )?;
    Ok(Cancellation {
        cancellation_id: request.cancellation_id,
        state: CancellationState::Requested,
        lines,
        requested_by: RequestedBy::Customer,
        channel: request.channel,
        customer_reason: Some(request.reason.clone()),
        reason: None,
        charges: request.charges.clone(),
        refund_method: RefundMethod::Original,
        refund_id: None,
        split_from: None,
        created_by: request.by.clone(),
        created_at: request.at,
        accepted: None,
        completed_at: None,
        ended_at: None,
        undone: None,
    })
}

fn allowed_by_store(request: &RequestCancellation) -> Result<(), Rejection> {
    let (allowed, reason) = (&request.policy.reasons, request.reason.reason);
    if allowed.is_empty() || allowed.contains(&reason) {
        return Ok(());
    }
    let names: Vec<_> = allowed.iter().map(|reason| reason.name()).collect();
    let text =
        format!("this store takes from customers {}, not {}", names.join(", "), reason.name());
    Err(Rejection::new(Reason::ReasonNotAllowed, text)
        .at("reason")
        .with("asked", reason.name())
        .with("allowed", names.join(", ")))
}

fn in_window(
    ordered_at: OffsetDateTime,
    now: OffsetDateTime,
    policy: &RequestPolicy,
) -> Result<(), Rejection> {
    let window = Duration::days(policy.window_days.into());
    if policy.window_days == 0 || now - ordered_at <= window {
        return Ok(());
    }
    let text = format!(
        "customers may ask within {} days of the order, which was made {} days ago",
        policy.window_days,
        (now - ordered_at).whole_days()
    );
    Err(Rejection::new(Reason::RequestWindowClosed, text)
        .with("window_days", policy.window_days)
        .with("days", (now - ordered_at).whole_days()))
}

/// K6. A part of the pieces goes into a record of its own; the rest goes on.
pub(crate) fn reject(order: &Order, reject: RejectCancellation) -> Result<Vec<Fact>, Rejection> {
    let request = find(order, reject.cancellation_id)?;
    if request.state != CancellationState::Requested {
        return Err(forbidden(request, "be rejected"));
    }
    reject.reason.check(RequestedBy::Merchant)?;
    let lines = pieces::part_of(order, request, &reject.lines)?;
    let whole = pieces::without(&request.lines, &lines).is_empty();
    if whole {
        room::for_text(order, reject.reason.text.as_deref())?;
    } else {
        room::for_merchant(order, lines.len(), reject.reason.text.as_deref())?;
    }
    let (cancellation_id, split_from) = if whole {
        (request.cancellation_id, request.split_from)
    } else {
        (reject.split_id, Some(request.cancellation_id))
    };
    let cancellation = Cancellation {
        cancellation_id,
        state: CancellationState::Rejected,
        lines,
        reason: Some(reject.reason),
        split_from,
        ended_at: Some(reject.at),
        ..request.clone()
    };
    Ok(vec![Fact::CancellationRejected { cancellation: Box::new(cancellation) }])
}

/// K7.
pub(crate) fn withdraw(
    order: &Order,
    cancellation_id: CancellationId,
    at: OffsetDateTime,
) -> Result<Vec<Fact>, Rejection> {
    let request = find(order, cancellation_id)?;
    match request.state {
        CancellationState::Requested => {
            Ok(vec![Fact::CancellationWithdrawn { cancellation_id, at }])
        }
        CancellationState::Withdrawn => Ok(vec![]),
        _ => Err(forbidden(request, "be withdrawn")),
    }
}
