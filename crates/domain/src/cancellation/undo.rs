//! Undo: what stands in its way, what would lift that, and the step back.

mod guards;
mod proof;

use super::{Cancellation, UndoCancellation, Undone, find, forbidden, room};
use crate::{
    Amount, Reason, Rejection,
    order::{Fact, Order, OrderState, Tender},
    refund::Refund,
};
use guards::Desk;
pub use proof::went_out;

/// One thing that stands in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocker {
    pub guard: Guard,
    pub reason: Reason,
    pub message: String,
    /// What would lift it; nothing if nothing does, or only time.
    pub lifted_by: Vec<EvidenceKind>,
    /// How much has to be proved or covered, in the customer currency.
    pub amount: Option<Amount>,
}

/// The rules by their numbers. U1, U2 and U7 allow: a refund that moved nothing is voided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Guard {
    /// A leg was sent and its outcome is not known.
    U3,
    /// A person paid out.
    U4,
    /// Refunded or released at the provider.
    U5,
    /// Restored to an account of this system.
    U6,
    /// Cancelled by the platform.
    U8,
    /// Touched by a later cancellation or shipment.
    U9,
    /// Accepted under other ids since.
    U10,
    /// None of the rules: the order holds as many tenders as it may.
    Limit,
    /// None of the rules: who bought was erased, and would be needed again.
    Erased,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EvidenceKind {
    Repaid,
    Recaptured,
}

/// What an undo would do, and what keeps it from being done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndoPlan {
    pub blockers: Vec<Blocker>,
    /// Money that comes back in, each as a tender of its own.
    pub tenders: Vec<Tender>,
    /// The refund that is voided.
    pub refund: Option<Refund>,
    /// The order's state afterwards.
    pub order_state: OrderState,
    facts: Vec<Fact>,
}

/// Works an undo out. Changes nothing.
///
/// # Errors
///
/// A [`Rejection`] if there is no such cancellation, if it is not one that is accepted,
/// or if the evidence is malformed. What merely stands in the way is a [`Blocker`].
pub fn plan(order: &Order, undo: &UndoCancellation) -> Result<UndoPlan, Rejection> {
    let cancellation = find(order, undo.cancellation_id)?;
    if !cancellation.is_accepted() {
        return Err(forbidden(cancellation, "be undone"));
    }
    let refund = cancellation.refund_id.and_then(|id| order.refund(id));
    let legs = refund.map_or(&[][..], |refund| refund.legs.as_slice());
    let mut desk = Desk { order, cancellation, blockers: Vec::new(), tenders: Vec::new() };
    desk.platform();
    desk.in_flight(legs, |_| true);
    desk.later_changes();
    desk.other_ids();
    desk.own_value(refund, undo)?;
    desk.outside(legs, undo)?;
    let Desk { mut blockers, tenders, .. } = desk;
    let most = Order::MAX_TENDERS_EVER;
    if order.tenders.len() + tenders.len() > most {
        blockers.push(Blocker {
            guard: Guard::Limit,
            reason: Reason::TooManyEntries,
            message: format!("an order holds at most {most} tenders, recovered ones included"),
            lifted_by: Vec::new(),
            amount: None,
        });
    }
    let facts = facts(order, cancellation, refund, undo, &tenders);
    let after = facts.iter().fold(order.clone(), Order::evolve);
    if order.personal_data_erased && matches!(after.state, OrderState::Received | OrderState::Ready)
    {
        blockers.push(Blocker {
            guard: Guard::Erased,
            reason: Reason::OrderStateForbids,
            message: format!(
                "the order would be {} again, to be checked and sent, and who bought was erased",
                after.state.name()
            ),
            lifted_by: Vec::new(),
            amount: None,
        });
    }
    let refund = refund.cloned();
    Ok(UndoPlan { blockers, tenders, refund, order_state: after.state, facts })
}

/// K12.
pub(crate) fn undo(order: &Order, undo: &UndoCancellation) -> Result<Vec<Fact>, Rejection> {
    if undo.comment.trim().is_empty() {
        let text = "a comment is mandatory: it is the reason of the undo";
        return Err(Rejection::new(Reason::InvalidFields, text).at("comment"));
    }
    room::for_text(order, Some(&undo.comment))?;
    let UndoPlan { blockers, facts, .. } = plan(order, undo)?;
    let Some(first) = blockers.first() else { return Ok(facts) };
    let all: Vec<_> = blockers.iter().map(|it| it.reason.as_str()).collect();
    let mut rejection = Rejection::new(first.reason, first.message.clone())
        .with("guard", first.guard.name())
        .with("blockers", all.join(","));
    if let Some(amount) = first.amount {
        let decimals = order.customer_currency.exponent();
        rejection = rejection.with("amount", amount.to_text(decimals));
    }
    let lifted: Vec<_> = first.lifted_by.iter().map(|kind| kind.name()).collect();
    if !lifted.is_empty() {
        rejection = rejection.with("lifted_by", lifted.join(","));
    }
    Err(rejection)
}

fn facts(
    order: &Order,
    cancellation: &Cancellation,
    refund: Option<&Refund>,
    undo: &UndoCancellation,
    tenders: &[Tender],
) -> Vec<Fact> {
    let cancellation_id = cancellation.cancellation_id;
    let (by, at, comment) = (undo.by.clone(), undo.at, undo.comment.clone());
    let mut facts = Vec::new();
    facts.extend(refund.map(|refund| Fact::RefundVoided { refund_id: refund.refund_id }));
    facts.push(Fact::CancellationUndone {
        cancellation_id,
        undone: Undone { by, at, comment },
        tenders: tenders.to_vec(),
    });
    let after = facts.iter().fold(order.clone(), Order::evolve);
    if order.state == OrderState::Cancelled && !after.is_wholly_cancelled() {
        let state = order.cancelled_from.unwrap_or(OrderState::Ready);
        facts.push(Fact::OrderReinstated { state });
    }
    facts
}

impl Guard {
    /// The number by which the rules know it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::U3 => "U3",
            Self::U4 => "U4",
            Self::U5 => "U5",
            Self::U6 => "U6",
            Self::U8 => "U8",
            Self::U9 => "U9",
            Self::U10 => "U10",
            Self::Limit => "LIMIT",
            Self::Erased => "ERASED",
        }
    }
}

impl EvidenceKind {
    /// The stable name, as shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Repaid => "REPAID",
            Self::Recaptured => "RECAPTURED",
        }
    }
}
