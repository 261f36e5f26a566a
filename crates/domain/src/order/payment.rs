//! What a payment provider reports about a tender.

use super::{Fact, Order, OrderState, Tender, TenderState};
use crate::{
    Amount, Reason, Rejection,
    id::TenderId,
    refund::{LegKind, LegState},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentReport {
    pub tender_id: TenderId,
    pub state: TenderState,
    /// What is authorised or captured in all; the whole tender if not given.
    pub amount: Option<Amount>,
    /// What the provider knows the payment by, if it is news.
    pub provider_reference: Option<String>,
}

/// A payment only moves forward, and what was captured is never less than what went back. For an
/// order that is cancelled nothing comes in any more, unless it is `late` and given back: then also
/// what had been given up.
pub(super) fn record(
    order: &Order,
    report: PaymentReport,
    late: bool,
) -> Result<Vec<Fact>, Rejection> {
    let PaymentReport { tender_id, state, amount, provider_reference } = report;
    let place = order.tenders.iter().position(|tender| tender.tender_id == tender_id);
    let place = place.ok_or_else(|| {
        Rejection::new(Reason::UnknownTender, format!("the order has no tender {tender_id}"))
            .with("tender_id", &tender_id)
    })?;
    let tender = &order.tenders[place];
    let books = order.books()?;
    let released = books.released[place];
    // What was let go already is neither captured nor lapsed.
    let gone = order.refunds.iter().flat_map(|refund| &refund.legs).filter(|leg| {
        (leg.kind, leg.state) == (LegKind::Release, LegState::Settled) && leg.tender_id == tender_id
    });
    let gone = Amount::sum(gone.map(|leg| leg.amount))?;
    let all =
        if state == TenderState::Captured { tender.amount.minus(gone)? } else { tender.amount };
    let amount = amount.unwrap_or(all);
    if amount.is_negative() {
        let text = format!("{amount} is less than nothing");
        return Err(Rejection::new(Reason::InvalidAmount, text).at("amount").with("asked", amount));
    }
    if amount > tender.amount {
        let text = format!("{amount} is more than the tender's {}", tender.amount);
        return Err(Rejection::new(Reason::InvalidAmount, text)
            .at("amount")
            .with("asked", amount)
            .with("tender", tender.amount));
    }
    // What is captured after something was let go comes on top of that.
    let with_gone = gone.plus(amount)?.min(tender.amount).max(tender.authorized);
    let (authorized, captured) = match (tender.state, state) {
        (TenderState::Pending, TenderState::Authorized) => (amount, Amount::ZERO),
        (TenderState::Failed, TenderState::Authorized) if late => (with_gone, Amount::ZERO),
        (TenderState::Authorized, TenderState::Authorized) if amount >= tender.authorized => {
            (amount, tender.captured)
        }
        (TenderState::Failed, TenderState::Captured) if late => (with_gone, amount),
        (
            TenderState::Pending | TenderState::Authorized | TenderState::Captured,
            TenderState::Captured,
        ) if amount >= tender.captured => (with_gone, amount),
        (
            TenderState::Pending | TenderState::Authorized | TenderState::Failed,
            TenderState::Failed,
        ) => (gone, Amount::ZERO),
        _ => return Err(forbidden(tender, state, amount)),
    };
    let provider_reference =
        provider_reference.filter(|reference| *reference != tender.provider_reference);
    if provider_reference.is_some() && tender.recovered.is_some() {
        let text = format!("tender {tender_id} came in again: what it is known by does not change");
        return Err(Rejection::new(Reason::PaymentStateForbids, text)
            .at("provider_reference")
            .with("provider_reference", &tender.provider_reference));
    }
    let known = (state, authorized, captured) == (tender.state, tender.authorized, tender.captured);
    if known && provider_reference.is_none() {
        return Ok(vec![]);
    }
    if released.plus(captured)? > authorized {
        return Err(let_go(tender, state, amount, released));
    }
    if !late && order.state == OrderState::Cancelled && authorized > tender.authorized {
        return Err(too_late(order, tender, state));
    }
    Ok(vec![Fact::PaymentRecorded { tender_id, state, authorized, captured, provider_reference }])
}

fn forbidden(tender: &Tender, asked: TenderState, amount: Amount) -> Rejection {
    let text = format!(
        "tender {} is {} with {} captured and cannot become {} with {amount}",
        tender.tender_id,
        tender.state.name(),
        tender.captured,
        asked.name(),
    );
    Rejection::new(Reason::PaymentStateForbids, text)
        .with("state", tender.state.name())
        .with("captured", tender.captured)
}

/// What is let go, or about to be, is not captured any more.
fn let_go(tender: &Tender, asked: TenderState, amount: Amount, released: Amount) -> Rejection {
    let text = format!(
        "{released} of tender {}'s {} is let go, or about to be: it cannot become {} with {amount}",
        tender.tender_id,
        tender.authorized,
        asked.name(),
    );
    Rejection::new(Reason::PaymentStateForbids, text)
        .with("state", tender.state.name())
        .with("released", released)
}

/// Nothing would give it back: the cancellation has paid back what there was.
fn too_late(order: &Order, tender: &Tender, asked: TenderState) -> Rejection {
    let text = format!(
        "the order is CANCELLED: tender {} cannot become {}; give the payment back at its \
         provider, or undo the cancellation first",
        tender.tender_id,
        asked.name(),
    );
    Rejection::new(Reason::OrderCancelled, text).with("state", order.state.name())
}
