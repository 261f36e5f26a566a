//! What a payment provider reports about a tender.

use super::{Fact, Order, Tender, TenderState};
use crate::{Amount, Reason, Rejection, id::TenderId};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentReport {
    pub tender_id: TenderId,
    pub state: TenderState,
    /// What is authorised or captured in all; the whole tender if not given.
    pub amount: Option<Amount>,
    /// What the provider knows the payment by, if it is news.
    pub provider_reference: Option<String>,
}

/// A payment only moves forward, and what was captured is never less than what went back.
pub(super) fn record(order: &Order, report: PaymentReport) -> Result<Vec<Fact>, Rejection> {
    let PaymentReport { tender_id, state, amount, provider_reference } = report;
    let tender = order.tenders.iter().find(|tender| tender.tender_id == tender_id);
    let tender = tender.ok_or_else(|| {
        Rejection::new(Reason::UnknownTender, format!("the order has no tender {tender_id}"))
            .with("tender_id", &tender_id)
    })?;
    let amount = amount.unwrap_or(tender.amount);
    if amount > tender.amount {
        let text = format!("{amount} is more than the tender's {}", tender.amount);
        return Err(Rejection::new(Reason::InvalidAmount, text)
            .at("amount")
            .with("asked", amount)
            .with("tender", tender.amount));
    }
    let (authorized, captured) = match (tender.state, state) {
        (TenderState::Pending, TenderState::Authorized) => (amount, Amount::ZERO),
        (TenderState::Authorized, TenderState::Authorized) if amount == tender.authorized => {
            (tender.authorized, tender.captured)
        }
        (
            TenderState::Pending | TenderState::Authorized | TenderState::Captured,
            TenderState::Captured,
        ) if amount >= tender.captured => (tender.authorized.max(amount), amount),
        (
            TenderState::Pending | TenderState::Authorized | TenderState::Failed,
            TenderState::Failed,
        ) => (Amount::ZERO, Amount::ZERO),
        _ => return Err(forbidden(tender, state, amount)),
    };
    let provider_reference =
        provider_reference.filter(|reference| *reference != tender.provider_reference);
    let known = (state, authorized, captured) == (tender.state, tender.authorized, tender.captured);
    if known && provider_reference.is_none() {
        return Ok(vec![]);
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
