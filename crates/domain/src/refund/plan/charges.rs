//! The customer amounts: lines, shipping, duties and goodwill, and that they are not empty.

use super::{
    Given, Parts, Planner, Purpose,
    refusals::{mismatch, nothing_asked},
};
use crate::{
    Amount, Pair, Rejection,
    amount::allocate,
    order::Refundable,
    refund::{RefundProduct, Rule, Side, lines},
};

impl Parts {
    /// Neither money nor a piece.
    fn come_to_nothing(&self) -> Result<bool, Rejection> {
        let products = Amount::sum(self.products.iter().map(|product| product.amount.customer))?;
        let all = products.plus(self.shipping)?.plus(self.duties)?.plus(self.gesture)?;
        Ok(all.is_zero() && self.products.iter().all(|product| product.quantity == 0))
    }
}

impl Planner<'_> {
    pub(super) fn everything_left(&mut self, given: &Given) -> Result<Parts, Rejection> {
        let products = lines::everything_left(self)?;
        let Refundable { shipping, duties, total, .. } = &self.left;
        let (shipping, duties, left) = (shipping.customer, duties.customer, total.customer);
        self.derive_charge(
            "component Shipping",
            Rule::EverythingLeft,
            self.books.shipping,
            shipping,
        )?;
        self.derive_charge("component Duties", Rule::EverythingLeft, self.books.duties, duties)?;
        let gesture = match given.gesture {
            Some(gesture) => gesture,
            None if self.purpose == Purpose::LatePayment => self.paid_after_all(left)?,
            None if self.is_cancellation() => self.never_paid(left)?,
            None => self.set_off(left)?,
        };
        let parts = Parts { products, shipping, duties, gesture, empty_line: None };
        if !self.is_cancellation() && parts.come_to_nothing()? {
            return Err(nothing_asked());
        }
        Ok(parts)
    }

    pub(super) fn asked(&mut self, given: &Given) -> Result<Parts, Rejection> {
        let mut parts = lines::asked(self)?;
        parts.shipping = self.shipping(given)?;
        parts.duties = self.duties(given, &parts.products)?;
        parts.gesture = given.gesture.unwrap_or_default();
        let charges_empty =
            parts.shipping.is_zero() && parts.duties.is_zero() && parts.gesture.is_zero();
        if let Some(empty) = parts.empty_line {
            return Err(empty);
        }
        if parts.products.is_empty() && charges_empty {
            let total = given.total.filter(|total| total.is_positive());
            return self.spread(total.ok_or_else(nothing_asked)?, given);
        }
        if parts.come_to_nothing()? { Err(nothing_asked()) } else { Ok(parts) }
    }

    /// The pieces of a cancellation that is not the last one: their amounts, their duties, and of
    /// shipping what was asked for.
    pub(super) fn cancelled(&mut self, given: &Given) -> Result<Parts, Rejection> {
        let products = lines::cancelled(self)?;
        let shipping = self.shipping(given)?;
        let duties = self.duties(given, &products)?;
        let gross = Amount::sum(products.iter().map(|product| product.amount.customer))?;
        let gesture = self.never_paid(gross.plus(shipping)?.plus(duties)?)?;
        Ok(Parts { products, shipping, duties, gesture, empty_line: None })
    }

    /// A cancellation gives back what there is: what the customer has had back as goodwill, or
    /// never paid, is set off.
    fn never_paid(&mut self, gross: Amount) -> Result<Amount, Rejection> {
        let offset = gross.minus(Amount::sum(self.available()?)?)?.max(Amount::ZERO);
        if offset.is_positive() {
            let (subject, rule) = ("component ServiceGesture", Rule::NeverPaid);
            self.derive(subject, Side::Customer, rule, offset, Amount::ZERO, offset.negated());
        }
        Ok(offset.negated())
    }

    /// What the cancellation set off as never paid has come in now, or some of it.
    fn paid_after_all(&mut self, left: Amount) -> Result<Amount, Rejection> {
        let more = Amount::sum(self.available()?)?.minus(left)?;
        if !more.is_positive() {
            return self.never_paid(left);
        }
        let (subject, rule) = ("component ServiceGesture", Rule::PaidAfterAll);
        self.derive(subject, Side::Customer, rule, Amount::ZERO, more, more);
        Ok(more)
    }

    /// What the customer has had back beyond lines, shipping and duties is not paid twice: after
    /// that, a full refund ends at what was captured. What the bank gave back with a dispute that
    /// was lost is such a thing. A fee that was kept counts the other way and is no reason to pay
    /// more; money that was never captured is no reason to pay less.
    fn set_off(&mut self, left: Amount) -> Result<Amount, Rejection> {
        let mut returned = Amount::sum(self.books.tenders.iter().copied())?;
        for (index, tender) in self.order.tenders.iter().enumerate() {
            returned = returned.plus(self.books.lost_of(index, tender)?)?;
        }
        let of_buckets = self.order.totals()?.customer.minus(left)?;
        let beyond = returned.minus(of_buckets)?;
        if !beyond.is_positive() {
            return Ok(Amount::ZERO);
        }
        let captured = Amount::sum(self.order.tenders.iter().map(|tender| tender.captured))?;
        let offset = left.minus(captured.minus(returned)?)?.max(Amount::ZERO);
        if offset.is_positive() {
            let subject = "component ServiceGesture";
            let rule = Rule::EarlierGoodwillSetOff;
            self.derive(subject, Side::Customer, rule, offset, Amount::ZERO, offset.negated());
        }
        Ok(offset.negated())
    }

    fn shipping(&mut self, given: &Given) -> Result<Amount, Rejection> {
        let left = self.left.shipping.customer;
        let (amount, rule) = match (self.request.shipping_refund, given.shipping) {
            (_, Some(amount)) if amount > left => {
                return Err(self.exceeds("shipping_amount", "shipping", amount, left));
            }
            (true, Some(amount)) if amount != left => {
                return Err(mismatch(
                    "shipping_amount",
                    "shipping_refund returns all shipping left",
                    left,
                    amount,
                ));
            }
            (_, Some(amount)) => (amount, Rule::GivenAmount),
            (true, None) => (left, Rule::EverythingLeft),
            (false, None) => return Ok(Amount::ZERO),
        };
        self.derive_charge("component Shipping", rule, self.books.shipping, amount)?;
        Ok(amount)
    }

    fn duties(&mut self, given: &Given, products: &[RefundProduct]) -> Result<Amount, Rejection> {
        let left = self.left.duties.customer;
        let (amount, rule) = match given.duties {
            Some(amount) if amount > left => {
                return Err(self.exceeds("duties_amount", "duties", amount, left));
            }
            Some(amount) => (amount, Rule::GivenAmount),
            None if self.request.products_duties_refund => {
                (lines::duties_of(self, products)?.min(left), Rule::ProductsDutiesShare)
            }
            None => return Ok(Amount::ZERO),
        };
        self.derive_charge("component Duties", rule, self.books.duties, amount)?;
        Ok(amount)
    }

    /// A total without parts goes over what is left of every line, shipping and duties. A fee is
    /// deducted from what is spread, so that the total asked for is the net one, as with parts.
    fn spread(&mut self, total: Amount, given: &Given) -> Result<Parts, Rejection> {
        let gross = total.plus(self.fee(given)?.customer)?;
        let left = self.left.total.customer;
        if gross > left {
            return Err(self.exceeds("total_refund_amount", "the order", gross, left));
        }
        let mut weights: Vec<Amount> =
            self.left.lines.iter().map(|line| line.amount.customer).collect();
        weights.extend([self.left.shipping.customer, self.left.duties.customer]);
        let mut spread = allocate(gross, &weights, self.customer_decimals());
        let duties = spread.pop().unwrap_or_default();
        let shipping = spread.pop().unwrap_or_default();
        let products = lines::spread(self, &spread)?;
        let rule = Rule::SpreadOverWhatIsLeft;
        self.derive_charge("component Shipping", rule, self.books.shipping, shipping)?;
        self.derive_charge("component Duties", rule, self.books.duties, duties)?;
        Ok(Parts { products, shipping, duties, ..Parts::default() })
    }

    fn derive_charge(
        &mut self,
        subject: &str,
        rule: Rule,
        before: Pair,
        amount: Amount,
    ) -> Result<(), Rejection> {
        if !amount.is_zero() {
            let after = before.customer.plus(amount)?;
            self.derive(subject, Side::Customer, rule, before.customer, after, amount);
        }
        Ok(())
    }
}
