//! Which tender gets how much back, and how.

use super::plan::Planner;
use super::{LegKind, RefundMethod, Rule, Side};
use crate::{
    Amount, Rejection,
    amount::allocate as by_weight,
    order::{Tender, TenderMethod},
    store::TenderOrder,
};

/// A tender's part of a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Share {
    /// Place of the tender in the order.
    pub tender: usize,
    pub kind: LegKind,
    pub amount: Amount,
    pub provider: String,
    /// `None` for an account of the refund's own.
    pub target: Option<String>,
}

/// The name under which the configuration knows the system's own accounts.
pub const LEDGER: &str = "ledger";
/// The name of payouts that a person makes.
pub const MANUAL: &str = "manual";

/// Splits the total over the tenders; never more than is left of one. What is only authorised is
/// let go before anything that was taken is given back.
pub(super) fn allocate(planner: &mut Planner<'_>, total: Amount) -> Result<Vec<Share>, Rejection> {
    let tenders = &planner.order.tenders;
    let left = planner.available()?;
    let available = Amount::sum(left.iter().copied())?;
    if total > available {
        return Err(not_captured(planner, total, available));
    }
    let mut shares = vec![Amount::ZERO; tenders.len()];
    if planner.policy.tender_order == TenderOrder::ProRata && total.is_positive() {
        shares = by_weight(total, &left, planner.customer_decimals());
    } else {
        let cash_first = planner.policy.tender_order == TenderOrder::CashFirst;
        let mut sequence: Vec<usize> = (0..tenders.len()).collect();
        // Stable: within a kind the order's own sequence stays.
        // What can only go back whole comes first, so that a fee is kept of the others.
        sequence.sort_by_key(|&index| {
            let method = tenders[index].method;
            (planner.is_cancellation() && method.refunds_in_part(), method.is_cash() != cash_first)
        });
        let mut open = total;
        for index in sequence {
            shares[index] = open.min(left[index]);
            open = open.minus(shares[index])?;
        }
    }
    let mut legs = Vec::new();
    for (index, amount) in shares.into_iter().enumerate().filter(|(_, amount)| amount.is_positive())
    {
        let tender = &tenders[index];
        let taken = &planner.left.tenders[index];
        let let_go = amount.min(planner.to_let_go(index));
        let (refunded, amount) = (taken.refunded, amount.minus(let_go)?);
        if let_go.is_positive() {
            let released = planner.books.released[index];
            legs.push(release_of(index, tender, let_go));
            let subject = format!("release {}", tender.tender_id);
            let after = released.plus(let_go)?;
            planner.derive(&subject, Side::Customer, Rule::TenderOrder, released, after, let_go);
        }
        if amount.is_positive() {
            let method = way(tender, planner.method(), planner.is_cancellation());
            legs.push(back(index, tender, method, amount));
            let subject = format!("leg {}", tender.tender_id);
            let after = refunded.plus(amount)?;
            planner.derive(&subject, Side::Customer, Rule::TenderOrder, refunded, after, amount);
        }
    }
    Ok(legs)
}

pub(super) fn release_of(index: usize, tender: &Tender, amount: Amount) -> Share {
    let (provider, target) = (tender.provider.clone(), Some(tender.provider_reference.clone()));
    Share { tender: index, kind: LegKind::Release, amount, provider, target }
}

/// A part of a tender on its way back.
pub(super) fn back(index: usize, tender: &Tender, method: RefundMethod, amount: Amount) -> Share {
    let (kind, provider, target) = way_back(tender, method);
    Share { tender: index, kind, amount, provider, target }
}

/// With a cancellation, gift cards, points and credit always get their own back.
pub(super) fn way(tender: &Tender, method: RefundMethod, cancellation: bool) -> RefundMethod {
    if cancellation && !tender.method.is_cash() { RefundMethod::Original } else { method }
}

fn way_back(tender: &Tender, method: RefundMethod) -> (LegKind, String, Option<String>) {
    let own = Some(tender.provider_reference.clone());
    match method {
        RefundMethod::BankDeposit => (LegKind::Manual, MANUAL.to_owned(), own),
        RefundMethod::GiftCard | RefundMethod::StoreCredit | RefundMethod::Points => {
            (LegKind::Restore, LEDGER.to_owned(), None)
        }
        RefundMethod::Original => {
            let manual = tender.method == TenderMethod::CashOnDelivery || tender.provider == MANUAL;
            let kind = match (manual, tender.method.is_cash()) {
                (true, _) => return (LegKind::Manual, MANUAL.to_owned(), own),
                (false, true) => LegKind::Refund,
                (false, false) => LegKind::Restore,
            };
            (kind, tender.provider.clone(), own)
        }
    }
}

fn not_captured(planner: &Planner<'_>, total: Amount, available: Amount) -> Rejection {
    let authorized = planner.order.tenders.iter().any(|tender| tender.authorized > tender.captured);
    let rejection = planner.exceeds("total_refund_amount", "the captured money", total, available);
    let disputed = planner.left.tenders.iter().map(|tender| tender.disputed);
    let rejection = match Amount::sum(disputed) {
        Ok(disputed) if disputed.is_positive() => {
            let text = disputed.to_text(planner.customer_decimals());
            let currency = planner.order.customer_currency;
            let message = format!("{}; {text} {currency} is disputed", rejection.message);
            Rejection { message, ..rejection }.with("disputed", text)
        }
        _ => rejection,
    };
    if authorized {
        let message = format!(
            "{}; a part of the payment is only authorised: cancel the order to release it",
            rejection.message
        );
        return Rejection { message, ..rejection }.with("hint", "CANCEL_INSTEAD");
    }
    rejection
}
