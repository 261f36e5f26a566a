//! What went out of the house has to be proved to have come back.

use super::{EvidenceKind, Guard, guards::Desk};
use crate::{
    Amount, Reason, Rejection,
    amount::AmountError,
    cancellation::{Evidence, Standing, UndoCancellation, money},
    id::TenderId,
    order::{Order, Recovery, Tender, TenderMethod, TenderState},
    refund::{Leg, LegKind, LegState, MANUAL},
};

/// Whether the money of a leg is out of the house: it went back, or what was to be let go has
/// lapsed meanwhile. What went to accounts of this system is not.
pub fn went_out(order: &Order, leg: &Leg) -> bool {
    let tender = order.tender(&leg.tender_id);
    let lapsed = leg.kind == LegKind::Release
        && leg.state != LegState::Settled
        && tender.is_some_and(|tender| tender.state == TenderState::Failed);
    lapsed || (leg.state == LegState::Settled && !leg.is_restored_here())
}

/// A release that is not the last word on its authorisation: another took its place, or turned out
/// to be done.
fn is_replaced(leg: &Leg, later: &[Leg], all: &[Leg]) -> bool {
    let same = |other: &&Leg| other.kind == LegKind::Release && other.tender_id == leg.tender_id;
    leg.state != LegState::Settled
        && (later.iter().any(|other| same(&other))
            || all
                .iter()
                .filter(same)
                .any(|other| other.state == LegState::Settled && other.amount == leg.amount))
}

impl Desk<'_> {
    /// U4 and U5: what went out of the house has to be proved to have come back.
    pub(super) fn outside(
        &mut self,
        legs: &[Leg],
        undo: &UndoCancellation,
    ) -> Result<(), Rejection> {
        let out = legs.iter().enumerate().filter(|(place, leg)| {
            went_out(self.order, leg) && !is_replaced(leg, &legs[place + 1..], legs)
        });
        let (manual, provider): (Vec<&Leg>, Vec<&Leg>) =
            out.map(|(_, leg)| leg).partition(|leg| leg.kind == LegKind::Manual);
        let sum = |legs: &[&Leg]| Amount::sum(legs.iter().map(|leg| leg.amount));
        let (by_hand, by_provider) = (sum(&manual)?, sum(&provider)?);
        match &undo.evidence {
            Some(Evidence::Repaid { payment_reference, amount, taken }) => {
                let returned = by_hand.plus(by_provider)?;
                let amount = self.repaid(payment_reference, *amount)?;
                if returned.is_zero() {
                    return Ok(());
                }
                let guard = if by_hand.is_zero() { Guard::U5 } else { Guard::U4 };
                self.check_repaid(guard, payment_reference, *taken, amount, returned);
            }
            Some(Evidence::Recaptured { standing }) => {
                self.need_repayment(by_hand);
                self.recaptured(&provider, standing)?;
            }
            None => {
                self.need_repayment(by_hand);
                if by_provider.is_positive() {
                    let text = format!(
                        "{} went back by the payment provider, or lapsed there: prove that it was \
                         paid again, or that the payment stands again",
                        money(self.order, by_provider)
                    );
                    let kinds = [EvidenceKind::Repaid, EvidenceKind::Recaptured];
                    let reason = Reason::EvidenceRequired;
                    self.block_for(Guard::U5, reason, text, &kinds, by_hand.plus(by_provider)?);
                }
            }
        }
        Ok(())
    }

    fn need_repayment(&mut self, by_hand: Amount) {
        if by_hand.is_positive() {
            let text = format!(
                "{} was paid out by hand: prove that it was paid again",
                money(self.order, by_hand)
            );
            let kinds = [EvidenceKind::Repaid];
            self.block_for(Guard::U4, Reason::EvidenceRequired, text, &kinds, by_hand);
        }
    }

    fn repaid(&self, reference: &str, amount: rust_decimal::Decimal) -> Result<Amount, Rejection> {
        let decimals = self.order.customer_currency.exponent();
        let amount = Amount::from_decimal(amount, decimals).map_err(|error: AmountError| {
            Rejection::new(Reason::InvalidAmount, error.to_string()).at("evidence.repaid.amount")
        })?;
        if reference.trim().is_empty() {
            let text = "a payment reference is mandatory";
            return Err(
                Rejection::new(Reason::InvalidFields, text).at("evidence.repaid.payment_reference")
            );
        }
        Ok(amount)
    }

    fn check_repaid(
        &mut self,
        guard: Guard,
        reference: &str,
        taken: bool,
        amount: Amount,
        returned: Amount,
    ) {
        let lifted_by = [EvidenceKind::Repaid];
        let reason = Reason::EvidenceInsufficient;
        if taken {
            let text = format!("payment {reference} has proved another repayment");
            let reason = Reason::PaymentReferenceTaken;
            self.block_for(guard, reason, text, &lifted_by, returned);
            return;
        }
        let known = |tender: &Tender| tender.provider_reference == reference;
        if self.order.tenders.iter().any(known) {
            let text = format!("payment {reference} is one of the order's already, not a new one");
            self.block_for(guard, reason, text, &lifted_by, returned);
        } else if amount < returned {
            let text = format!(
                "{} was paid again, {} went back",
                money(self.order, amount),
                money(self.order, returned)
            );
            self.block_for(guard, reason, text, &lifted_by, returned);
        } else {
            let (method, provider) = (TenderMethod::BankTransfer, MANUAL.to_owned());
            let reference = reference.to_owned();
            let tender = self.tender(method, provider, reference, amount, Recovery::Repaid, None);
            self.tenders.push(tender);
        }
    }

    /// Judged payment by payment, with all tenders that stand for it: a provider answers for the
    /// whole of a payment, whatever of it went back and came again.
    fn recaptured(
        &mut self,
        legs: &[&Leg],
        standing: &[(TenderId, Standing)],
    ) -> Result<(), Rejection> {
        let order = self.order;
        for paid in order.tenders.iter().filter(|tender| tender.payment() == &tender.tender_id) {
            let is_its = |leg: &Leg| order.payment_of(leg) == Some(&paid.tender_id);
            let mine = legs.iter().filter(|leg| is_its(leg));
            let needed = Amount::sum(mine.map(|leg| leg.amount))?;
            if needed.is_zero() {
                continue;
            }
            for other in &order.refunds {
                if self.cancellation.refund_id != Some(other.refund_id) {
                    self.in_flight(&other.legs, is_its);
                }
            }
            let found = standing.iter().find(|(tender_id, _)| *tender_id == paid.tender_id);
            let standing = found.map_or(Standing::Unknown, |(_, standing)| *standing);
            let (stands, captured) = match standing {
                Standing::Captured(amount) => (amount, true),
                Standing::Authorized(amount) => (amount, false),
                Standing::Nothing | Standing::Unknown => (Amount::ZERO, false),
            };
            let due = self.at_the_provider(paid, is_its)?.plus(needed)?;
            if stands >= due {
                let (provider, reference) =
                    (paid.provider.clone(), paid.provider_reference.clone());
                let (by, of) = (Recovery::Recaptured, Some(paid.tender_id.clone()));
                let mut tender = self.tender(paid.method, provider, reference, needed, by, of);
                if !captured {
                    tender.state = TenderState::Authorized;
                    tender.captured = Amount::ZERO;
                }
                self.tenders.push(tender);
                continue;
            }
            let says = match standing {
                Standing::Unknown => "cannot be asked now".to_owned(),
                _ => format!("says that {} of it stands", money(self.order, stands)),
            };
            let text = format!(
                "{} of payment {} went back, so {} of it has to stand, and its provider {says}",
                money(self.order, needed),
                paid.tender_id,
                money(self.order, due),
            );
            let kinds = [EvidenceKind::Repaid, EvidenceKind::Recaptured];
            self.block_for(Guard::U5, Reason::NotRecaptured, text, &kinds, needed);
        }
        Ok(())
    }

    /// What the provider has of a payment if nothing of it came again since: all that was ever
    /// taken or authorised, less what it has given back or let go. What only waits to go back, or
    /// went another way, is still there.
    fn at_the_provider(
        &self,
        paid: &Tender,
        is_its: impl Fn(&Leg) -> bool,
    ) -> Result<Amount, Rejection> {
        let tenders = self.order.tenders.iter().filter(|it| it.payment() == &paid.tender_id);
        let taken = Amount::sum(tenders.map(|tender| tender.authorized.max(tender.captured)))?;
        let legs = self.order.refunds.iter().flat_map(|refund| &refund.legs);
        let gone = legs.filter(|leg| {
            leg.state == LegState::Settled && leg.provider == paid.provider && is_its(leg)
        });
        Ok(taken.minus(Amount::sum(gone.map(|leg| leg.amount))?)?.max(Amount::ZERO))
    }
}
