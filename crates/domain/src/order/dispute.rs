//! Disputes: the customer asks the bank, and not the merchant, for money back.

use super::{CreateRefund, Fact, Order};
use crate::{
    Actor, Amount, Reason, Rejection,
    cancellation::NewRefundIds,
    id::{DisputeId, TenderId},
    refund::{self, ComponentKind, RefundPolicy, RefundRequest},
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// A payment, or a part of it, that is contested at its provider.
///
/// While it is open its amount is nobody's to give back; one that is lost was given back by the
/// bank, and one that is won is free again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispute {
    pub dispute_id: DisputeId,
    pub tender_id: TenderId,
    /// In the customer currency. May be more than was captured: fees are contested, too.
    pub amount: Amount,
    pub state: DisputeState,
    /// The earliest time that anything was said of it for.
    #[serde(with = "time::serde::rfc3339")]
    pub opened_at: OffsetDateTime,
    /// The time, at the provider, that the state and the amount are for.
    #[serde(with = "time::serde::rfc3339")]
    pub as_of: OffsetDateTime,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DisputeState {
    Open,
    Won,
    Lost,
}

/// What a provider says of a dispute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisputeReport {
    pub tender_id: TenderId,
    pub dispute_id: DisputeId,
    /// In the customer currency.
    pub amount: Amount,
    pub state: DisputeState,
    /// When that was so, at the provider.
    pub as_of: OffsetDateTime,
}

/// What a provider says of a dispute, and what is needed to give back what it frees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettleDispute {
    pub report: DisputeReport,
    pub refund: NewRefundIds,
    pub at: OffsetDateTime,
    pub by: Actor,
    pub policy: RefundPolicy,
}

impl DisputeState {
    pub const ALL: [Self; 3] = [Self::Open, Self::Won, Self::Lost];

    /// The stable name, as stored and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Won => "WON",
            Self::Lost => "LOST",
        }
    }

    pub const fn is_final(self) -> bool {
        matches!(self, Self::Won | Self::Lost)
    }

    /// Whether what it is about can not go back any other way.
    pub const fn takes(self) -> bool {
        matches!(self, Self::Open | Self::Lost)
    }
}

impl Dispute {
    /// With what else is said of it, whichever came first. Of all that was said one word counts: a
    /// final one before one that it is open, then the later one, then the one that is worse for
    /// whoever would give the money back. So every sequence of the same reports ends the same.
    fn with(&self, report: &DisputeReport) -> Self {
        let opened_at = self.opened_at.min(report.as_of);
        let rank = |state: DisputeState, as_of: OffsetDateTime, amount: Amount| {
            (state.is_final(), as_of, state == DisputeState::Lost, amount)
        };
        let said = rank(report.state, report.as_of, report.amount);
        if said <= rank(self.state, self.as_of, self.amount) {
            return Self { opened_at, ..self.clone() };
        }
        let DisputeReport { amount, state, as_of, .. } = *report;
        Self { amount, state, opened_at, as_of, ..self.clone() }
    }
}

/// Idempotent, and the same in any sequence of reports. Never refused because of what else the
/// order holds: what the bank does is not asked for.
///
/// # Errors
///
/// [`Reason::UnknownTender`]; [`Reason::InvalidAmount`] for one that is not positive or more precise
/// than its currency; [`Reason::InvalidFields`] for a dispute that is known of another tender;
/// [`Reason::TooManyEntries`].
pub(super) fn record(order: &Order, report: &DisputeReport) -> Result<Vec<Fact>, Rejection> {
    let DisputeReport { tender_id, dispute_id, amount, .. } = report;
    if order.tender(tender_id).is_none() {
        let text = format!("the order has no tender {tender_id}");
        return Err(Rejection::new(Reason::UnknownTender, text).with("tender_id", tender_id));
    }
    well_formed(order, *amount)?;
    let Some(known) = order.disputes.iter().find(|it| it.dispute_id == *dispute_id) else {
        return first(order, report);
    };
    if known.tender_id != *tender_id {
        let text = format!("dispute {dispute_id} is about tender {}", known.tender_id);
        return Err(Rejection::new(Reason::InvalidFields, text)
            .at("tender_id")
            .with("tender_id", &known.tender_id));
    }
    let dispute = known.with(report);
    if dispute == *known {
        return Ok(vec![]);
    }
    Ok(vec![if dispute.state == known.state {
        Fact::DisputeUpdated { dispute }
    } else {
        ended(dispute)
    }])
}

/// Records it, and gives back what a dispute that is won frees of an order of which nothing is left
/// to be asked for: its cancellation, or a full refund, has set off what was disputed then.
///
/// That is what the dispute held until then, whatever its last amount is. One that was won before
/// it was heard of held nothing, so nothing was set off for it. Thus every sequence of the same
/// reports gives back the same, but for one that is lost after it was won: what went back meanwhile
/// is not here to be lost.
///
/// # Errors
///
/// Those of [`record`], and [`Reason::TooManyEntries`] if the order has no room for the refund.
pub(super) fn settle(order: &Order, settle: SettleDispute) -> Result<Vec<Fact>, Rejection> {
    let SettleDispute { report, refund: ids, at, by, policy } = settle;
    let mut facts = record(order, &report)?;
    let after = facts.iter().fold(order.clone(), Order::evolve);
    let tender = order.tenders.iter().position(|tender| tender.tender_id == report.tender_id);
    let (Some(freed), Some(tender)) = (freed(order, &after, &report.dispute_id), tender) else {
        return Ok(facts);
    };
    let owed = owed(&after, tender)?.min(freed);
    if !owed.is_positive() {
        return Ok(facts);
    }
    let create = CreateRefund {
        refund_id: ids.refund_id,
        number: ids.number,
        at,
        by,
        order_version: ids.order_version,
        policy,
        request: RefundRequest {
            full_refund: true,
            service_gesture_amount: Some(owed.to_decimal()),
            ..RefundRequest::default()
        },
    };
    if let Some((refund, derivations)) = refund::of_won_dispute(&after, &create, tender)? {
        let (refund_id, hold) = (refund.refund_id, refund.hold.clone());
        facts.push(Fact::RefundCreated { refund: Box::new(refund), derivations });
        facts.extend(hold.map(|hold| Fact::RefundHeld { refund_id, hold }));
    }
    Ok(facts)
}

/// What a dispute that is won by now had held.
fn freed(before: &Order, after: &Order, dispute_id: &DisputeId) -> Option<Amount> {
    let of = |order: &Order| order.disputes.iter().find(|it| it.dispute_id == *dispute_id).cloned();
    let held = of(before).filter(|dispute| dispute.state.takes())?;
    of(after).filter(|dispute| dispute.state == DisputeState::Won)?;
    Some(held.amount)
}

/// What stands of the payments although everything of the order was given back, but for the fees
/// that were kept: as far as it stands of the payment of the tender at that place.
fn owed(order: &Order, tender: usize) -> Result<Amount, Rejection> {
    let left = order.books_for_cancelling()?.refundable(order)?;
    if left.total.customer.is_positive() {
        return Ok(Amount::ZERO);
    }
    let stands = Amount::sum(left.tenders.iter().map(|tender| tender.left))?;
    let holding = order.refunds.iter().filter(|refund| refund.holds_amounts());
    let fees = holding.flat_map(|refund| &refund.components).filter(|component| {
        let kind = component.kind;
        matches!(kind, ComponentKind::CancellationFee | ComponentKind::PrepaidReturn)
    });
    // A fee is negative.
    let owed = stands.plus(Amount::sum(fees.map(|fee| fee.amount.customer))?)?;
    let same = |place: usize| order.tenders[place].is_one_payment_with(&order.tenders[tender]);
    let of_payment = left.tenders.iter().enumerate().filter(|(place, _)| same(*place));
    Ok(owed.min(Amount::sum(of_payment.map(|(_, tender)| tender.left))?))
}

fn well_formed(order: &Order, amount: Amount) -> Result<(), Rejection> {
    let currency = order.customer_currency;
    let fits = Amount::from_decimal(amount.to_decimal(), currency.exponent());
    let wrong = match fits {
        Err(error) => error.to_string(),
        Ok(_) if !amount.is_positive() => "must be more than 0".to_owned(),
        Ok(_) => return Ok(()),
    };
    let text = format!("{amount} {currency} cannot be disputed: the amount {wrong}");
    Err(Rejection::new(Reason::InvalidAmount, text).at("amount").with("asked", amount))
}

/// One that is over before it is heard of was opened all the same.
fn first(order: &Order, report: &DisputeReport) -> Result<Vec<Fact>, Rejection> {
    let most = Order::MAX_DISPUTES;
    if order.disputes.len() >= most {
        let text = format!("an order holds at most {most} disputes");
        return Err(Rejection::new(Reason::TooManyEntries, text).with("limit", most));
    }
    let DisputeReport { tender_id, dispute_id, amount, state, as_of } = report.clone();
    let opened = Dispute {
        dispute_id,
        tender_id,
        amount,
        state: DisputeState::Open,
        opened_at: as_of,
        as_of,
    };
    let then = state.is_final().then(|| ended(Dispute { state, ..opened.clone() }));
    Ok([Fact::DisputeOpened { dispute: opened }].into_iter().chain(then).collect())
}

fn ended(dispute: Dispute) -> Fact {
    match dispute.state {
        DisputeState::Won => Fact::DisputeWon { dispute },
        DisputeState::Lost => Fact::DisputeLost { dispute },
        // A final word is never taken back.
        DisputeState::Open => Fact::DisputeUpdated { dispute },
    }
}

pub(super) fn evolve(order: &mut Order, dispute: &Dispute) {
    match order.disputes.iter_mut().find(|it| it.dispute_id == dispute.dispute_id) {
        Some(known) => known.clone_from(dispute),
        None => order.disputes.push(dispute.clone()),
    }
}
