//! Making a refund of a plan, or only quoting it. One code for both: a quote is what its commit
//! does.

use super::{
    Derivation, Hold, Leg, LegState, Refund, RefundPolicy, RefundRequest, RefundState,
    plan::{self, Purpose},
};
use crate::{
    Actor, Amount, Pair, Reason, Rejection,
    id::{LegId, RefundId},
    order::{CreateRefund, Fact, Order, OrderState, Refundable},
};
use rust_decimal::Decimal;

/// A refund that is not made yet, with the explanation of its figures and what it would leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub refund: Refund,
    pub derivations: Vec<Derivation>,
    pub left: Refundable,
}

/// Works out what [`create`] would make. Changes nothing.
///
/// # Errors
///
/// The [`Rejection`] that [`create`] would answer.
pub fn quote(order: &Order, create: &CreateRefund) -> Result<Plan, Rejection> {
    let made = draft(order, create, Purpose::Refund);
    let (refund, derivations) = made.map_err(|rejection| order.refused(rejection))?;
    let mut after = order.clone();
    after.refunds.push(refund.clone());
    let left = after.books()?.refundable(&after)?;
    Ok(Plan { refund, derivations, left })
}

/// The refund that pays a cancellation back, its fee deducted. `None` if nothing is to be paid.
///
/// # Errors
///
/// A [`Rejection`] by the rules of refunds, such as for an amount of shipping above what is left.
pub(crate) fn of_cancellation(
    order: &Order,
    create: &CreateRefund,
    fee: Option<Decimal>,
) -> Result<Option<(Refund, Vec<Derivation>)>, Rejection> {
    paying_back(order, create, Purpose::Cancellation { fee })
}

/// The refund of what came in after that. `None` if there is nothing.
///
/// # Errors
///
/// Those of [`of_cancellation`].
pub(crate) fn of_late_payment(
    order: &Order,
    create: &CreateRefund,
) -> Result<Option<(Refund, Vec<Derivation>)>, Rejection> {
    paying_back(order, create, Purpose::LatePayment)
}

/// The refund of what a dispute over the payment of the tender at that place has freed. `None` if
/// there is nothing.
///
/// # Errors
///
/// Those of [`of_cancellation`].
pub(crate) fn of_won_dispute(
    order: &Order,
    create: &CreateRefund,
    tender: usize,
) -> Result<Option<(Refund, Vec<Derivation>)>, Rejection> {
    paying_back(order, create, Purpose::WonDispute { tender })
}

fn paying_back(
    order: &Order,
    create: &CreateRefund,
    purpose: Purpose,
) -> Result<Option<(Refund, Vec<Derivation>)>, Rejection> {
    let (refund, derivations) = draft(order, create, purpose)?;
    let worth = |pair: &Pair| !pair.customer.is_zero() || !pair.merchant.is_zero();
    let figures = refund.components.iter().any(|component| worth(&component.amount));
    let paid = order.tenders.iter().any(|it| it.authorized.is_positive());
    // What comes to nothing because a fee keeps it is booked, or the next refund would return it.
    let something = !refund.legs.is_empty() || (paid && figures);
    Ok(something.then_some((refund, derivations)))
}

fn draft(
    order: &Order,
    create: &CreateRefund,
    purpose: Purpose,
) -> Result<(Refund, Vec<Derivation>), Rejection> {
    let request = &create.request;
    if !matches!(purpose, Purpose::Cancellation { .. }) {
        has_room(order, request)?;
    }
    let figures = plan::plan(order, &create.policy, request, purpose)?;
    let held = needs_approval(order, &create.by, &create.policy, figures.total.merchant);
    let state = match (held, figures.legs.is_empty()) {
        (_, true) => RefundState::Succeeded,
        (true, false) => RefundState::Held,
        (false, false) => RefundState::Pending,
    };
    let legs = figures.legs.into_iter().enumerate();
    let refund = Refund {
        refund_id: create.refund_id,
        number: create.number,
        state,
        full: request.full_refund,
        method: request.method,
        total: figures.total,
        products: figures.products,
        components: figures.components,
        legs: legs.map(|(index, share)| leg(order, create.refund_id, index + 1, share)).collect(),
        reason: request.reason.clone(),
        comments: request.comments.clone(),
        external_reference: request.external_reference.clone(),
        hold: (state == RefundState::Held).then_some(Hold::Approval),
        settings_version: create.policy.settings_version,
        order_version: create.order_version,
        hint: hint(order, request.full_refund).filter(|_| purpose == Purpose::Refund),
        created_by: create.by.clone(),
        created_at: create.at,
    };
    Ok((refund, figures.derivations))
}

/// # Errors
///
/// A [`Rejection`] by the rules of refunds; the first fault answers.
pub fn create(order: &Order, create: &CreateRefund) -> Result<Vec<Fact>, Rejection> {
    let (refund, derivations) = draft(order, create, Purpose::Refund)?;
    let refund_id = refund.refund_id;
    let settled = refund.state == RefundState::Succeeded;
    let hold = refund.hold.clone();
    let mut facts = vec![Fact::RefundCreated { refund: Box::new(refund), derivations }];
    // A refund that moves no money has nothing to wait for.
    facts.extend(settled.then_some(Fact::RefundSucceeded { refund_id }));
    facts.extend(hold.map(|hold| Fact::RefundHeld { refund_id, hold }));
    Ok(facts)
}

/// The order is read and written with every command, so what its refunds add to it is bounded.
fn has_room(order: &Order, request: &RefundRequest) -> Result<(), Rejection> {
    let listed = order.refunds.iter().map(|refund| refund.products.len()).sum::<usize>();
    let listed = if request.full_refund { 0 } else { listed + request.products.len() };
    let said = order.refunds.iter().map(Refund::text_length).sum::<usize>();
    let bounds = [
        (order.refunds.len() + 1, Order::MAX_REFUNDS, "refunds"),
        (listed, Order::MAX_REFUNDED_PRODUCTS, "products over all refunds"),
        (said + request.text_length(), Order::MAX_REFUND_TEXT, "bytes of comments and reasons"),
    ];
    for (count, most, what) in bounds {
        if count > most {
            let text = format!("an order holds at most {most} {what}");
            return Err(Rejection::new(Reason::TooManyEntries, text).with("limit", most));
        }
    }
    Ok(())
}

pub(super) fn leg(
    order: &Order,
    refund_id: RefundId,
    place: usize,
    share: super::legs::Share,
) -> Leg {
    let leg_id = LegId::of(refund_id, place);
    let target = share.target.unwrap_or_else(|| format!("refund-{}", refund_id.as_uuid().simple()));
    Leg {
        leg_id,
        tender_id: order.tenders[share.tender].tender_id.clone(),
        kind: share.kind,
        amount: share.amount,
        state: LegState::Pending,
        provider: share.provider,
        target,
        reference: None,
        attempts: 0,
        attempts_before_retry: 0,
        failure: None,
        reversed: false,
        mismatch: None,
        moved_at: None,
        moved_before: None,
    }
}

/// A merchant's refund above the store's limit waits for another manager. A limit in another
/// currency than the order's books cannot be compared, so every refund is above it.
fn needs_approval(order: &Order, by: &Actor, policy: &RefundPolicy, merchant: Amount) -> bool {
    by.kind == crate::ActorKind::Merchant
        && policy.approval_limit.is_some_and(|(limit, currency)| {
            currency != order.merchant_currency || merchant > limit
        })
}

/// A full refund of what was neither shipped nor accepted is better cancelled.
fn hint(order: &Order, full: bool) -> Option<String> {
    let untouched = order.state == OrderState::Ready && order.shipments.is_empty();
    (full && untouched).then(|| {
        "nothing was shipped or accepted yet: cancelling the order would stop it too".to_owned()
    })
}
