//! Acceptance: the pieces are cancelled and the refund is made, in one step.

use super::{
    AcceptCancellation, Acceptance, CancelOrder, Cancellation, CancellationReason,
    CancellationState, Channel, RequestCancellation, RequestPolicy, RequestedBy, find, forbidden,
    payback::{
        Extent, Payback, check_charges, in_one_piece, in_part, is_own_value, make_refund, restored,
    },
    pieces, room,
};
use crate::{
    Actor, Reason, Rejection,
    order::{Fact, HandoverState, Order, OrderState, Refundable},
    refund::{Derivation, Refund, RefundState},
};

/// What a cancellation would do, from the code that does it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancellationPlan {
    /// As it would be right after.
    pub cancellation: Cancellation,
    /// `None` if nothing is to be paid back.
    pub refund: Option<Refund>,
    pub derivations: Vec<Derivation>,
    /// The order's state right after.
    pub order_state: OrderState,
    pub left: Refundable,
}

/// K2 and K3.
pub(crate) fn cancel(order: &Order, cancel: CancelOrder) -> Result<Vec<Fact>, Rejection> {
    if cancel.requested_by == RequestedBy::Platform {
        let text = "the platform cancels by its workers alone";
        return Err(Rejection::new(Reason::OrderProtected, text)
            .at("requested_by")
            .with("state", order.state.name()));
    }
    check_channel(cancel.requested_by, cancel.channel, &[default_channel(cancel.requested_by)])?;
    cancel.reason.check(RequestedBy::Merchant)?;
    check_charges(order, &cancel.charges)?;
    may_cancel(order, &cancel.policy)?;
    room::for_merchant(order, cancel.lines.len(), cancel.reason.text.as_deref())?;
    new(order, cancel)
}

/// K4: L3 to L6 while the order is RECEIVED, L15 when it is READY and no try to hand it
/// over is left. To be READY is a promise to the merchant, which the platform keeps otherwise.
pub(crate) fn platform_cancel(order: &Order, cancel: CancelOrder) -> Result<Vec<Fact>, Rejection> {
    let (reason, at) = (cancel.reason.reason, cancel.at);
    match (order.state, reason) {
        (OrderState::Cancelled, _) => return Ok(vec![]),
        (OrderState::Ready, CancellationReason::HandoverFailed) if is_exhausted(order) => {}
        (OrderState::Received, reason)
            if reason.is_platforms() && reason != CancellationReason::HandoverFailed => {}
        _ => return Err(protected(order, reason)),
    }
    cancel.reason.check(RequestedBy::Platform)?;
    // What customers asked for goes with all the rest, for the platform's reason and not theirs.
    let mut facts = Vec::new();
    let mut after = order.clone();
    for request in &order.cancellations {
        if request.state == CancellationState::Requested {
            let rejected = Fact::CancellationRejected {
                cancellation: Box::new(Cancellation {
                    state: CancellationState::Rejected,
                    reason: Some(cancel.reason.clone()),
                    ended_at: Some(at),
                    ..request.clone()
                }),
            };
            after = after.evolve(&rejected);
            facts.push(rejected);
        }
    }
    facts.extend(new(&after, cancel)?);
    Ok(facts)
}

/// A person may have had it tried again, or put it back, since the worker looked.
fn is_exhausted(order: &Order) -> bool {
    order.handover.as_ref().is_some_and(|it| it.state == HandoverState::Exhausted)
}

fn protected(order: &Order, reason: CancellationReason) -> Rejection {
    let text = format!(
        "the platform does not cancel an order that is {} for {}",
        order.state.name(),
        reason.name()
    );
    Rejection::new(Reason::OrderProtected, text)
        .with("state", order.state.name())
        .with("reason", reason.name())
}

/// A cancellation that nobody has to accept any more.
fn new(order: &Order, cancel: CancelOrder) -> Result<Vec<Fact>, Rejection> {
    let lines = pieces::open(order, &cancel.lines)?;
    let (customer_reason, reason) = match cancel.requested_by {
        // On the phone it is the merchant who names the reason; it may be none of a customer's.
        RequestedBy::Customer if cancel.reason.reason.is_customers() => {
            (Some(cancel.reason.clone()), cancel.reason)
        }
        _ => (None, cancel.reason),
    };
    let cancellation = Cancellation {
        cancellation_id: cancel.cancellation_id,
        state: CancellationState::InProgress,
        lines,
        requested_by: cancel.requested_by,
        channel: cancel.channel,
        customer_reason,
        reason: Some(reason),
        charges: cancel.charges,
        refund_method: cancel.method,
        refund_id: None,
        split_from: None,
        created_by: cancel.by.clone(),
        created_at: cancel.at,
        accepted: None,
        completed_at: None,
        ended_at: None,
        undone: None,
    };
    let (ids, at) = (cancel.refund, cancel.at);
    let (by, policy) = (&cancel.by, &cancel.policy);
    accepted(order, cancellation, &Payback { ids, at, by, asked_by: by, policy })
}

/// K5.
pub(crate) fn accept(order: &Order, accept: AcceptCancellation) -> Result<Vec<Fact>, Rejection> {
    let request = find(order, accept.cancellation_id)?;
    if request.state != CancellationState::Requested {
        return Err(forbidden(request, "be accepted"));
    }
    accept.reason.check(RequestedBy::Merchant)?;
    may_cancel(order, &accept.policy)?;
    room::for_merchant(order, request.lines.len(), accept.reason.text.as_deref())?;
    let mut cancellation = Cancellation {
        state: CancellationState::InProgress,
        reason: Some(accept.reason),
        refund_method: accept.method,
        ..request.clone()
    };
    if accept.shipping_refund {
        cancellation.charges.shipping_refund = true;
        cancellation.charges.shipping_amount = None;
    }
    let (ids, at) = (accept.refund, accept.at);
    let (by, policy) = (&accept.by, &accept.policy);
    accepted(order, cancellation, &Payback { ids, at, by, asked_by: by, policy })
}

/// K5 by the store's setting, right after the request was made. Says of every request whether it
/// could be accepted as it is.
pub(super) fn by_itself(
    order: &Order,
    request: &RequestCancellation,
    by: &Actor,
) -> Result<Vec<Fact>, Rejection> {
    let asked = find(order, request.cancellation_id)?;
    let cancellation = Cancellation { state: CancellationState::InProgress, ..asked.clone() };
    let (ids, at) = (request.refund, request.at);
    let (asked_by, policy) = (&request.by, &request.policy);
    accepted(order, cancellation, &Payback { ids, at, by, asked_by, policy })
}

/// L7, L16 and L18.
pub(super) fn may_cancel(order: &Order, policy: &RequestPolicy) -> Result<(), Rejection> {
    match order.state {
        OrderState::Received if !policy.cancel_before_ready => {
            let text = "this store does not cancel an order before it is READY";
            Err(Rejection::new(Reason::NotEnabled, text).with("state", order.state.name()))
        }
        OrderState::Received | OrderState::Ready | OrderState::Accepted | OrderState::Completed => {
            Ok(())
        }
        OrderState::Cancelled => Err(crate::order::cancelled(order)),
    }
}

fn accepted(
    order: &Order,
    mut cancellation: Cancellation,
    payback: &Payback<'_>,
) -> Result<Vec<Fact>, Rejection> {
    let cancellation_id = cancellation.cancellation_id;
    cancellation.accepted = Some(Acceptance {
        by: payback.by.clone(),
        at: payback.at,
        ordinal: 1 + order.cancellations.iter().filter(|it| it.accepted.is_some()).count(),
        shipments: order.shipments.len(),
        external: order.external.clone(),
    });
    let acceptance = Fact::CancellationAccepted { cancellation: Box::new(cancellation.clone()) };
    let after = order.clone().evolve(&acceptance);
    let whole = after.is_wholly_cancelled();
    if !whole {
        in_part(order)?;
    }
    let extent =
        match (whole, after.lines.iter().all(|line| line.open() + line.quantities.held == 0)) {
            (true, _) => Extent::Everything,
            (false, true) => Extent::LastOpen,
            (false, false) => Extent::Part,
        };
    let made = make_refund(order, &cancellation, payback, extent)?;
    if let Some((refund, _)) = &made {
        in_one_piece(order, &cancellation.charges, refund)?;
    }
    let requested_by = cancellation.requested_by;
    let given = cancellation.reason.as_ref().or(cancellation.customer_reason.as_ref());
    let reason = given.map(|given| given.reason);
    cancellation.refund_id = made.as_ref().map(|(refund, _)| refund.refund_id);
    let nothing_due = made.is_none();
    let mut facts = vec![Fact::CancellationAccepted { cancellation: Box::new(cancellation) }];
    let mut paid = Vec::new();
    if let Some((refund, derivations)) = made {
        let moves_at_once = match refund.state {
            RefundState::Pending => is_own_value(order, &refund),
            // Nothing is to be moved: what was to go back is kept as the fee, or was given before.
            state => state == RefundState::Succeeded,
        };
        if moves_at_once {
            paid = restored(&refund);
        }
        let hold = refund.hold.clone();
        let refund_id = refund.refund_id;
        facts.push(Fact::RefundCreated { refund: Box::new(refund), derivations });
        facts.extend(hold.map(|hold| Fact::RefundHeld { refund_id, hold }));
    }
    if whole {
        let by = payback.by.clone();
        facts.push(Fact::OrderCancelled { cancellation_id, requested_by, reason, by });
    }
    // K8.
    if nothing_due || !paid.is_empty() {
        facts.extend(paid);
        facts.push(Fact::CancellationCompleted { cancellation_id, at: payback.at });
    }
    Ok(facts)
}

/// K1 to K3 say how each of them comes in.
pub(super) fn check_channel(
    requested_by: RequestedBy,
    channel: Channel,
    allowed: &[Channel],
) -> Result<(), Rejection> {
    if allowed.contains(&channel) {
        return Ok(());
    }
    let names: Vec<_> = allowed.iter().map(|channel| channel.name()).collect();
    let text = format!(
        "what a {} wants comes in by {} here, not by {}",
        requested_by.name(),
        names.join(" or "),
        channel.name()
    );
    Err(Rejection::new(Reason::InvalidFields, text).at("channel"))
}

/// What a command of this module would do.
///
/// # Errors
///
/// Those of the command whose facts these are.
pub fn preview(order: &Order, facts: &[Fact]) -> Result<CancellationPlan, Rejection> {
    let after = facts.iter().fold(order.clone(), Order::evolve);
    let accepted = facts.iter().find_map(|fact| match fact {
        Fact::CancellationAccepted { cancellation } => Some(cancellation.cancellation_id),
        _ => None,
    });
    let missing = || Rejection::new(Reason::CancellationNotFound, "nothing would be cancelled");
    let cancellation = accepted.and_then(|id| after.cancellation(id)).ok_or_else(missing)?.clone();
    let derivations = facts.iter().find_map(|fact| match fact {
        Fact::RefundCreated { derivations, .. } => Some(derivations.clone()),
        _ => None,
    });
    Ok(CancellationPlan {
        refund: cancellation.refund_id.and_then(|id| after.refund(id)).cloned(),
        cancellation,
        derivations: derivations.unwrap_or_default(),
        order_state: after.state,
        left: after.books()?.refundable(&after)?,
    })
}

/// How a cancellation came in, if nobody says it.
pub const fn default_channel(requested_by: RequestedBy) -> Channel {
    match requested_by {
        RequestedBy::Customer => Channel::Contact,
        RequestedBy::Merchant => Channel::Merchant,
        RequestedBy::Platform => Channel::System,
    }
}
