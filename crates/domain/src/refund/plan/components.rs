//! The customer amounts in both currencies, checked as a whole, and who bears them.

use super::{Figures, Given, Parts, Planner, refusals::mismatch};
use crate::{
    Amount, Pair, Reason, Rejection,
    amount::share,
    refund::{Bearer, Component, ComponentKind, RefundProduct, Rule, Side, legs},
};

impl Planner<'_> {
    pub(super) fn figures(mut self, given: &Given, parts: Parts) -> Result<Figures, Rejection> {
        let fee = self.fee(given)?;
        let mut amounts = vec![
            (ComponentKind::Products, self.products(&parts.products)?),
            (ComponentKind::Shipping, self.charge(ComponentKind::Shipping, parts.shipping)?),
            (ComponentKind::Duties, self.charge(ComponentKind::Duties, parts.duties)?),
            (ComponentKind::ServiceGesture, self.gesture(parts.gesture)?),
        ];
        if !fee.is_zero() {
            let fee = Pair::new(fee.customer.negated(), fee.merchant.negated());
            let subject = "component PrepaidReturn";
            let rule = Rule::PrepaidFeeDeducted;
            self.derive(subject, Side::Customer, rule, Amount::ZERO, fee.customer, fee.customer);
            self.derive(subject, Side::Merchant, rule, Amount::ZERO, fee.merchant, fee.merchant);
            amounts.push((ComponentKind::PrepaidReturn, fee));
        }
        let kept = given.cancellation_fee.unwrap_or_default();
        if !kept.is_zero() {
            let pair = Pair::new(kept.negated(), self.at_average_rate(kept)?.negated());
            let (subject, rule) = ("component CancellationFee", Rule::CancellationFeeDeducted);
            self.derive(subject, Side::Customer, rule, Amount::ZERO, pair.customer, pair.customer);
            self.derive(subject, Side::Merchant, rule, Amount::ZERO, pair.merchant, pair.merchant);
            amounts.push((ComponentKind::CancellationFee, pair));
        }
        let total = Pair::sum(amounts.iter().map(|(_, amount)| *amount))?;
        if total.customer.is_negative() {
            let fee = fee.customer.plus(kept)?;
            let text = format!(
                "the fee of {fee} is more than the {} it is deducted from",
                total.customer.plus(fee)?
            );
            return Err(Rejection::new(Reason::NegativeRefund, text)
                .with("fee", fee)
                .with("total", total.customer));
        }
        if !self.request.full_refund && !self.is_cancellation() {
            declared(given, total)?;
        }
        let legs = legs::allocate(&mut self, total.customer)?;
        let components = self.borne(given, amounts)?;
        Ok(Figures {
            products: parts.products,
            components,
            total,
            legs,
            derivations: self.derivations,
        })
    }

    /// Σ of the lines; in the merchant currency the cumulative rounding of all their refunds.
    fn products(&mut self, products: &[RefundProduct]) -> Result<Pair, Rejection> {
        let now = Pair::sum(products.iter().map(|product| product.amount))?;
        if products.is_empty() {
            return Ok(Pair::ZERO);
        }
        let lines = Amount::sum(self.books.lines.iter().map(|line| line.amount.merchant))?;
        let decimals = self.merchant_decimals();
        let before = self.books.products_merchant;
        let after = lines.plus(now.merchant)?.rounded(decimals);
        let merchant = after.minus(before)?;
        let subject = "component Products";
        self.derive(
            subject,
            Side::Customer,
            Rule::SumOfLines,
            Amount::ZERO,
            now.customer,
            now.customer,
        );
        self.derive(subject, Side::Merchant, Rule::RoundedSumOfLines, before, after, merchant);
        Ok(Pair::new(now.customer, merchant))
    }

    /// Shipping or duties: the merchant amount is cumulative.
    fn charge(&mut self, kind: ComponentKind, amount: Amount) -> Result<Pair, Rejection> {
        if amount.is_zero() {
            return Ok(Pair::ZERO);
        }
        let (paid, before) = if kind == ComponentKind::Shipping {
            (self.order.shipping, self.books.shipping)
        } else {
            (self.order.duties, self.books.duties)
        };
        let customer = before.customer.plus(amount)?;
        let after = share(paid.merchant, customer, paid.customer, self.merchant_decimals());
        let merchant = after.minus(before.merchant)?;
        let subject = format!("component {}", kind.name());
        self.derive(
            &subject,
            Side::Merchant,
            Rule::ConvertedByCharge,
            before.merchant,
            after,
            merchant,
        );
        Ok(Pair::new(amount, merchant))
    }

    fn gesture(&mut self, amount: Amount) -> Result<Pair, Rejection> {
        if amount.is_zero() {
            return Ok(Pair::ZERO);
        }
        let subject = "component ServiceGesture";
        if self.is_late() && amount.is_positive() {
            let (back, merchant) = (self.books.total, self.of_late_payments(amount)?);
            let (rule, before) = (Rule::PaidAfterAll, back.merchant);
            let after = before.plus(merchant)?;
            self.derive(subject, Side::Merchant, rule, before, after, merchant);
            return Ok(Pair::new(amount, merchant));
        }
        let merchant = self.at_average_rate(amount)?;
        if amount.is_positive() {
            let rule = Rule::GivenAmount;
            self.derive(subject, Side::Customer, rule, Amount::ZERO, amount, amount);
        }
        self.derive(subject, Side::Merchant, Rule::AverageRate, Amount::ZERO, amount, merchant);
        Ok(Pair::new(amount, merchant))
    }

    /// Cumulative over all that came in late: once all that was due has gone back, so has all that
    /// the merchant was due.
    fn of_late_payments(&self, amount: Amount) -> Result<Amount, Rejection> {
        let back = self.books.total;
        let so_far = self.at_average_rate(back.customer.plus(amount)?)?;
        Ok(so_far.minus(back.merchant)?.max(Amount::ZERO))
    }

    /// The prepaid return fee in both currencies, as a positive amount.
    pub(super) fn fee(&self, given: &Given) -> Result<Pair, Rejection> {
        let totals = self.order.totals()?;
        Ok(match (given.prepaid, given.original_prepaid) {
            (Some(fee), _) => Pair::new(fee, self.at_average_rate(fee)?),
            (None, Some(fee)) => {
                let decimals = self.customer_decimals();
                Pair::new(share(totals.customer, fee, totals.merchant, decimals), fee)
            }
            (None, None) => Pair::ZERO,
        })
    }

    /// Into the merchant currency by the order's totals; the rate itself is never rounded.
    fn at_average_rate(&self, amount: Amount) -> Result<Amount, Rejection> {
        let totals = self.order.totals()?;
        Ok(share(totals.merchant, amount, totals.customer, self.merchant_decimals()))
    }

    /// Who bears each component; a split one stands twice. Components of nothing are left out.
    fn borne(
        &mut self,
        given: &Given,
        amounts: Vec<(ComponentKind, Pair)>,
    ) -> Result<Vec<Component>, Rejection> {
        let mut components = Vec::new();
        for (kind, amount) in amounts.into_iter().filter(|(_, amount)| !amount.is_zero()) {
            let charge = self.request.charged_to.iter().position(|charge| charge.kind == kind);
            let charged_to =
                charge.map_or(Bearer::Merchant, |index| self.request.charged_to[index].charged_to);
            let Some((index, part)) =
                charge.and_then(|index| Some((index, given.platform[index]?)))
            else {
                components.push(Component { kind, amount, charged_to });
                continue;
            };
            if part > amount.customer {
                let field = format!("charged_to[{index}].platform_amount");
                let text =
                    format!("{part} is more than component {}'s {}", kind.name(), amount.customer);
                return Err(Rejection::new(Reason::InvalidAmount, text)
                    .at(field)
                    .with("asked", part)
                    .with("component", amount.customer));
            }
            let merchant = share(amount.merchant, part, amount.customer, self.merchant_decimals());
            let platform = Pair::new(part, merchant);
            let rest = amount.minus(platform)?;
            for (part, charged_to) in [(rest, Bearer::Merchant), (platform, Bearer::Platform)] {
                if !part.is_zero() {
                    self.derive_part(kind, amount, part);
                    components.push(Component { kind, amount: part, charged_to });
                }
            }
        }
        Ok(components)
    }

    fn derive_part(&mut self, kind: ComponentKind, whole: Pair, part: Pair) {
        let subject = format!("component {}", kind.name());
        for (side, whole, part) in [
            (Side::Customer, whole.customer, part.customer),
            (Side::Merchant, whole.merchant, part.merchant),
        ] {
            self.derive(&subject, side, Rule::SplitByBearer, Amount::ZERO, whole, part);
        }
    }
}

/// The totals that were sent along have to be what the parts come to.
fn declared(given: &Given, total: Pair) -> Result<(), Rejection> {
    let checks = [
        (given.total, total.customer, "total_refund_amount"),
        (given.original_total, total.merchant, "original_total_refund_amount"),
    ];
    for (declared, computed, field) in checks {
        if let Some(declared) = declared.filter(|declared| *declared != computed) {
            return Err(mismatch(field, "the refund comes to", computed, declared));
        }
    }
    Ok(())
}
