//! What the refunds of an order have taken, and what is left.

use super::{Dispute, DisputeState, Order, Tender};
use crate::{
    Amount, Pair, Rejection,
    amount::AmountError,
    cancellation::CancellationState,
    id::TenderId,
    refund::{ComponentKind, Leg, LegKind, LegState, Refund},
};

/// What every refund that holds amounts has taken so far. Derived, never stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Books {
    /// In the order of the order's lines.
    pub lines: Vec<LineBooks>,
    /// The Products components in the merchant currency, as booked.
    pub products_merchant: Amount,
    pub shipping: Pair,
    pub duties: Pair,
    /// The totals of the refunds: what goes back in all.
    pub total: Pair,
    /// Per tender, what of its capture is returned or on its way back, in the customer currency.
    pub tenders: Vec<Amount>,
    /// Per tender, what of its authorisation is let go or about to be.
    pub released: Vec<Amount>,
    /// Per tender, what disputes that are open or lost are about.
    pub disputed: Vec<Amount>,
    /// Per tender, the part of it that is lost.
    pub lost: Vec<Amount>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LineBooks {
    pub amount: Pair,
    pub quantity: u32,
}

/// What is left to refund, per line, charge and tender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refundable {
    pub total: Pair,
    pub lines: Vec<LineLeft>,
    pub shipping: Pair,
    pub duties: Pair,
    pub tenders: Vec<TenderLeft>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineLeft {
    pub cart_item_id: String,
    pub quantity: u32,
    /// The merchant amount carries four decimals.
    pub amount: Pair,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenderLeft {
    pub tender_id: TenderId,
    pub captured: Amount,
    pub refunded: Amount,
    /// What disputes that are open or lost are about. May be more than was captured.
    pub disputed: Amount,
    /// Captured, and neither refunded nor disputed.
    pub left: Amount,
    /// Authorised, and neither captured nor let go.
    pub uncaptured: Amount,
}

impl Refundable {
    /// More is taken of something than there was.
    fn is_overdrawn(&self) -> bool {
        let lines = self.lines.iter().map(|line| line.amount.customer);
        let tenders = self.tenders.iter().map(|tender| tender.left);
        let charges = [self.shipping.customer, self.duties.customer];
        lines.chain(tenders).chain(charges).any(Amount::is_negative)
    }
}

impl Books {
    /// What is taken already for a further cancellation: a refund that failed has freed its amounts,
    /// but the pieces of its cancellation are cancelled, and what they cost is still to go back
    /// with them. If others took it meanwhile there is nothing to be kept for it.
    pub(super) fn for_cancelling(order: &Order) -> Result<Self, Rejection> {
        let owes = |refund: &&Refund| {
            let Some(cancellation) = order.cancellation_of(refund.refund_id) else { return false };
            // One that was completed owes again what its provider took back.
            let open = match cancellation.state {
                CancellationState::InProgress => true,
                CancellationState::Completed => !refund.legs.iter().all(Leg::is_over),
                _ => false,
            };
            open && !refund.holds_amounts()
        };
        let mut books = Self::of(order)?;
        let mut kept = Vec::new();
        for refund in order.refunds.iter().filter(owes) {
            kept.push(refund.refund_id);
            let holds = |it: &Refund| it.holds_amounts() || kept.contains(&it.refund_id);
            let with_it = Self::taken(order, holds)?;
            if with_it.refundable(order)?.is_overdrawn() {
                kept.pop();
            } else {
                books = with_it;
            }
        }
        Ok(books)
    }

    pub(super) fn of(order: &Order) -> Result<Self, Rejection> {
        Self::taken(order, Refund::holds_amounts)
    }

    fn taken(order: &Order, holds: impl Fn(&Refund) -> bool) -> Result<Self, Rejection> {
        let mut books = Self {
            lines: vec![LineBooks::default(); order.lines.len()],
            products_merchant: Amount::ZERO,
            shipping: Pair::ZERO,
            duties: Pair::ZERO,
            total: Pair::ZERO,
            tenders: vec![Amount::ZERO; order.tenders.len()],
            released: vec![Amount::ZERO; order.tenders.len()],
            disputed: vec![Amount::ZERO; order.tenders.len()],
            lost: vec![Amount::ZERO; order.tenders.len()],
        };
        for refund in &order.refunds {
            let holds = holds(refund);
            for leg in &refund.legs {
                // A settled leg of a failed refund is money that did go back.
                if leg.state == LegState::Settled || (holds && leg.state != LegState::Voided) {
                    let tender = order.tenders.iter().position(|t| t.tender_id == leg.tender_id);
                    let sums = match leg.kind {
                        LegKind::Release => &mut books.released,
                        LegKind::Refund | LegKind::Restore | LegKind::Manual => &mut books.tenders,
                    };
                    if let Some(sum) = tender.and_then(|index| sums.get_mut(index)) {
                        *sum = sum.plus(leg.amount)?;
                    }
                }
            }
            if holds {
                books.take(refund)?;
            }
        }
        for dispute in order.disputes.iter().filter(|it| it.state.takes()) {
            books.contest(order, dispute)?;
        }
        Ok(books)
    }

    /// What is disputed is a payment as a whole: what its tender does not have is taken of the others
    /// that are the same payment, and what none of them has stays with its own.
    fn contest(&mut self, order: &Order, dispute: &Dispute) -> Result<(), AmountError> {
        let own = order.tenders.iter().position(|it| it.tender_id == dispute.tender_id);
        let Some(own) = own else { return Ok(()) };
        let tender = &order.tenders[own];
        let same =
            |place: &usize| *place != own && order.tenders[*place].is_one_payment_with(tender);
        let others = (0..order.tenders.len()).filter(same);
        let mut rest = dispute.amount;
        for place in std::iter::once(own).chain(others) {
            let here = self.here_of(place, &order.tenders[place])?.minus(self.disputed[place])?;
            let part = rest.min(here.max(Amount::ZERO));
            rest = rest.minus(part)?;
            self.hold(place, part, dispute.state)?;
        }
        self.hold(own, rest, dispute.state)
    }

    fn hold(&mut self, place: usize, part: Amount, state: DisputeState) -> Result<(), AmountError> {
        self.disputed[place] = self.disputed[place].plus(part)?;
        if state == DisputeState::Lost {
            self.lost[place] = self.lost[place].plus(part)?;
        }
        Ok(())
    }

    fn take(&mut self, refund: &Refund) -> Result<(), AmountError> {
        self.total = self.total.plus(refund.total)?;
        for product in &refund.products {
            if let Some(line) = self.lines.get_mut(product.line) {
                line.amount = line.amount.plus(product.amount)?;
                line.quantity += product.quantity;
            }
        }
        for component in &refund.components {
            match component.kind {
                ComponentKind::Products => {
                    self.products_merchant =
                        self.products_merchant.plus(component.amount.merchant)?;
                }
                ComponentKind::Shipping => self.shipping = self.shipping.plus(component.amount)?,
                ComponentKind::Duties => self.duties = self.duties.plus(component.amount)?,
                ComponentKind::ServiceGesture
                | ComponentKind::PrepaidReturn
                | ComponentKind::CancellationFee => {}
            }
        }
        Ok(())
    }

    /// What of a tender may still go back: captured, and not returned or on its way, nor disputed.
    /// A dispute takes no more than there is. What is on its way stays so: it had been promised
    /// before, and whether it is still done is for the provider to say.
    ///
    /// # Errors
    ///
    /// Never for amounts within their limits.
    pub fn left_of(&self, index: usize, tender: &Tender) -> Result<Amount, AmountError> {
        let here = self.here_of(index, tender)?;
        let disputed = self.disputed.get(index).copied().unwrap_or_default();
        if here.is_negative() { Ok(here) } else { Ok(here.minus(disputed)?.max(Amount::ZERO)) }
    }

    /// What of a tender was taken by disputes that are lost, and so is with the customer.
    ///
    /// # Errors
    ///
    /// Never for amounts within their limits.
    pub fn lost_of(&self, index: usize, tender: &Tender) -> Result<Amount, AmountError> {
        let lost = self.lost.get(index).copied().unwrap_or_default();
        Ok(self.here_of(index, tender)?.min(lost).max(Amount::ZERO))
    }

    fn here_of(&self, index: usize, tender: &Tender) -> Result<Amount, AmountError> {
        tender.captured.minus(self.tenders.get(index).copied().unwrap_or_default())
    }

    /// What of a tender is authorised and may still be captured, or let go.
    ///
    /// # Errors
    ///
    /// Never for amounts within their limits.
    pub fn uncaptured_of(&self, index: usize, tender: &Tender) -> Result<Amount, AmountError> {
        let released = self.released.get(index).copied().unwrap_or_default();
        Ok(tender.authorized.minus(tender.captured)?.minus(released)?.max(Amount::ZERO))
    }

    /// What of a tender stands: authorised or captured, and not on its way back.
    ///
    /// # Errors
    ///
    /// Never for amounts within their limits.
    pub fn standing_of(&self, index: usize, tender: &Tender) -> Result<Amount, AmountError> {
        self.left_of(index, tender)?.plus(self.uncaptured_of(index, tender)?)
    }

    /// # Errors
    ///
    /// Never for amounts within their limits.
    pub fn refundable(&self, order: &Order) -> Result<Refundable, Rejection> {
        let mut lines = Vec::with_capacity(order.lines.len());
        for (line, taken) in order.lines.iter().zip(&self.lines) {
            lines.push(LineLeft {
                cart_item_id: line.cart_item_id.clone(),
                quantity: line.quantity.saturating_sub(taken.quantity),
                amount: line.total.minus(taken.amount)?,
            });
        }
        let shipping = order.shipping.minus(self.shipping)?;
        let duties = order.duties.minus(self.duties)?;
        let customer = Pair::sum(lines.iter().map(|line| line.amount))?.customer;
        // The Products component is the rounding of all lines, so its rest is, too.
        let products = Amount::sum(order.lines.iter().map(|line| line.total.merchant))?;
        let merchant = products.minus(self.products_merchant)?;
        let total = Pair::new(customer, merchant).plus(shipping)?.plus(duties)?;
        let mut tenders = Vec::with_capacity(order.tenders.len());
        for (index, tender) in order.tenders.iter().enumerate() {
            tenders.push(TenderLeft {
                tender_id: tender.tender_id.clone(),
                captured: tender.captured,
                refunded: self.tenders[index],
                disputed: self.disputed[index],
                left: self.left_of(index, tender)?,
                uncaptured: self.uncaptured_of(index, tender)?,
            });
        }
        Ok(Refundable { total, lines, shipping, duties, tenders })
    }
}
