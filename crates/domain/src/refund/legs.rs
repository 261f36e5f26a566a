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
const LEDGER: &str = "ledger";
/// The name of payouts that a person makes.
const MANUAL: &str = "manual";

/// Splits the total over the tenders; never more than is left of one.
pub(super) fn allocate(planner: &mut Planner<'_>, total: Amount) -> Result<Vec<Share>, Rejection> {
    let tenders = &planner.order.tenders;
    let left: Vec<Amount> = planner.left.tenders.iter().map(|tender| tender.left).collect();
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
        sequence.sort_by_key(|&index| tenders[index].method.is_cash() != cash_first);
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
        let subject = format!("leg {}", tender.tender_id);
        let before = planner.left.tenders[index].refunded;
        let (kind, provider, target) = way_back(tender, planner.method());
        legs.push(Share { tender: index, kind, amount, provider, target });
        let after = before.plus(amount)?;
        planner.derive(&subject, Side::Customer, Rule::TenderOrder, before, after, amount);
    }
    Ok(legs)
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
    if authorized {
        let message = format!(
            "{}; a part of the payment is only authorised: cancel the order to release it",
            rejection.message
        );
        return Rejection { message, ..rejection }.with("hint", "CANCEL_INSTEAD");
    }
    rejection
}
