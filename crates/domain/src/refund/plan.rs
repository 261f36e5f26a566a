//! The planner: what a request comes to, figure by figure. The first fault answers, in the
//! order in which the steps of [`plan`] stand.

use super::{
    Bearer, Component, ComponentKind, Derivation, RefundMethod, RefundPolicy, RefundProduct,
    RefundRequest, Rule, Side, legs, lines,
};
use crate::{
    Amount, Pair, Reason, Rejection,
    amount::{allocate, share},
    order::{Books, Order, OrderState, Refundable},
    rejection::Violations,
};
use rust_decimal::Decimal;

/// What a request comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Figures {
    pub products: Vec<RefundProduct>,
    pub components: Vec<Component>,
    pub total: Pair,
    pub legs: Vec<legs::Share>,
    pub derivations: Vec<Derivation>,
}

/// Everything the steps share.
pub(super) struct Planner<'a> {
    pub order: &'a Order,
    pub books: Books,
    pub left: Refundable,
    pub policy: &'a RefundPolicy,
    pub request: &'a RefundRequest,
    pub derivations: Vec<Derivation>,
}

/// The order-level amounts, once they are known to be well-formed.
#[derive(Default)]
struct Given {
    total: Option<Amount>,
    original_total: Option<Amount>,
    shipping: Option<Amount>,
    duties: Option<Amount>,
    gesture: Option<Amount>,
    prepaid: Option<Amount>,
    original_prepaid: Option<Amount>,
    /// Beside `request.charged_to`, one by one.
    platform: Vec<Option<Amount>>,
}

/// The customer amounts of a refund before they are converted and checked as a whole.
#[derive(Default)]
pub(super) struct Parts {
    pub products: Vec<RefundProduct>,
    pub shipping: Amount,
    pub duties: Amount,
    pub gesture: Amount,
    /// A listed line that comes to nothing although it is worth something, or asks nothing.
    pub empty_line: Option<Rejection>,
}

pub(super) fn plan(
    order: &Order,
    policy: &RefundPolicy,
    request: &RefundRequest,
) -> Result<Figures, Rejection> {
    let books = order.books()?;
    let left = books.refundable(order)?;
    let mut planner = Planner { order, books, left, policy, request, derivations: Vec::new() };
    let given = planner.well_formed()?;
    planner.compatible(&given)?;
    planner.permitted(&given)?;
    if request.full_refund && !request.products.is_empty() {
        return Err(Rejection::new(
            Reason::FullRefundWithProducts,
            "Full refund requested but list of RefundProduct is not empty.",
        ));
    }
    planner.anything_left()?;
    let parts = if request.full_refund {
        planner.everything_left(&given)?
    } else {
        planner.asked(&given)?
    };
    planner.figures(&given, parts)
}

impl Planner<'_> {
    pub fn customer_decimals(&self) -> u32 {
        self.order.customer_currency.exponent()
    }

    pub fn merchant_decimals(&self) -> u32 {
        self.order.merchant_currency.exponent()
    }

    fn well_formed(&self) -> Result<Given, Rejection> {
        let mut wrong = Violations::default();
        let request = self.request;
        let mut read = |field: &str, value: Option<Decimal>, decimals| {
            value.and_then(|value| wrong.check(field, Amount::from_decimal(value, decimals)))
        };
        let (customer, merchant) = (self.customer_decimals(), self.merchant_decimals());
        let mut given = Given {
            total: read("total_refund_amount", request.total_refund_amount, customer),
            original_total: read(
                "original_total_refund_amount",
                request.original_total_refund_amount,
                merchant,
            ),
            shipping: read("shipping_amount", request.shipping_amount, customer),
            duties: read("duties_amount", request.duties_amount, customer),
            gesture: read("service_gesture_amount", request.service_gesture_amount, customer),
            prepaid: read(
                "customer_prepaid_refund_amount",
                request.customer_prepaid_refund_amount,
                customer,
            ),
            original_prepaid: read(
                "original_customer_prepaid_refund_amount",
                request.original_customer_prepaid_refund_amount,
                merchant,
            ),
            platform: Vec::new(),
        };
        for (index, charge) in request.charged_to.iter().enumerate() {
            let field = format!("charged_to[{index}].platform_amount");
            given.platform.push(read(&field, charge.platform_amount, customer));
        }
        wrong.into_result(Reason::InvalidAmount)?;
        Ok(given)
    }

    fn compatible(&self, given: &Given) -> Result<(), Rejection> {
        let request = self.request;
        let duties = "products_duties_refund";
        let pairs = [
            (request.products_duties_refund && given.duties.is_some(), duties, "duties_amount"),
            (
                request.products_duties_refund && given.total.is_some(),
                duties,
                "total_refund_amount",
            ),
            (
                request.products_duties_refund && given.original_total.is_some(),
                duties,
                "original_total_refund_amount",
            ),
            (
                given.prepaid.is_some() && given.original_prepaid.is_some(),
                "customer_prepaid_refund_amount",
                "original_customer_prepaid_refund_amount",
            ),
        ];
        if let Some((_, one, other)) = pairs.into_iter().find(|(both, ..)| *both) {
            let text = format!("{one} and {other} cannot both be given");
            return Err(Rejection::new(Reason::IncompatibleFields, text).at(one).at(other));
        }
        let mut seen = Vec::new();
        for (index, charge) in request.charged_to.iter().enumerate() {
            let name = charge.kind.name();
            let field = format!("charged_to[{index}].type");
            if seen.contains(&charge.kind) {
                let text = format!("component {name} is listed twice");
                return Err(Rejection::new(Reason::IncompatibleFields, text).at(field));
            }
            seen.push(charge.kind);
            let fee = matches!(
                charge.kind,
                ComponentKind::PrepaidReturn | ComponentKind::CancellationFee
            );
            if fee && charge.charged_to != Bearer::Merchant {
                let text = format!("component {name} is always charged to the merchant");
                return Err(Rejection::new(Reason::IncompatibleFields, text).at(field));
            }
        }
        Ok(())
    }

    fn permitted(&self, given: &Given) -> Result<(), Rejection> {
        if self.order.state == OrderState::Received {
            return Err(Rejection::new(
                Reason::OrderNotReady,
                "the order is RECEIVED: it can be refunded once it is READY",
            )
            .with("state", self.order.state.name()));
        }
        let prepaid = [
            (given.prepaid, "customer_prepaid_refund_amount"),
            (given.original_prepaid, "original_customer_prepaid_refund_amount"),
        ];
        for (amount, field) in prepaid {
            if amount.is_some() && !self.policy.prepaid_returns {
                let text = "prepaid returns are not enabled for this store";
                return Err(Rejection::new(Reason::NotEnabled, text).at(field));
            }
        }
        let platform = self.request.charged_to.iter().position(|charge| {
            charge.charged_to == Bearer::Platform || charge.platform_amount.is_some()
        });
        if let Some(index) = platform.filter(|_| !self.policy.may_charge_platform) {
            let text = "only the platform may charge a component to the platform";
            return Err(Rejection::new(Reason::NotPermitted, text)
                .at(format!("charged_to[{index}].charged_to")));
        }
        Ok(())
    }

    fn anything_left(&self) -> Result<(), Rejection> {
        if self.order.state == OrderState::Cancelled {
            return Err(Rejection::new(
                Reason::OrderFullyRefunded,
                "the order is CANCELLED: its money goes back with the cancellation",
            )
            .with("state", self.order.state.name()));
        }
        if self.left.total.customer.is_zero() {
            let text = format!(
                "nothing is left to refund of {} {}",
                self.order.totals()?.customer.to_text(self.customer_decimals()),
                self.order.customer_currency
            );
            return Err(Rejection::new(Reason::OrderFullyRefunded, text)
                .with("left", Amount::ZERO.to_text(self.customer_decimals())));
        }
        Ok(())
    }

    fn everything_left(&mut self, given: &Given) -> Result<Parts, Rejection> {
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
            None => self.set_off(left)?,
        };
        Ok(Parts { products, shipping, duties, gesture, empty_line: None })
    }

    /// What the customer has had back beyond lines, shipping and duties is not paid twice: it is
    /// taken off as far as the captured money would not cover what is left.
    fn set_off(&mut self, left: Amount) -> Result<Amount, Rejection> {
        let returned = Amount::sum(self.books.tenders.iter().copied())?;
        let captured = Amount::sum(self.order.tenders.iter().map(|tender| tender.captured))?;
        let of_buckets = self.order.totals()?.customer.minus(left)?;
        let beyond = returned.minus(of_buckets)?.max(Amount::ZERO);
        let uncovered = left.minus(captured.minus(returned)?)?.max(Amount::ZERO);
        let offset = beyond.min(uncovered);
        if offset.is_positive() {
            let subject = "component ServiceGesture";
            let rule = Rule::EarlierGoodwillSetOff;
            self.derive(subject, Side::Customer, rule, returned, left, offset.negated());
        }
        Ok(offset.negated())
    }

    fn asked(&mut self, given: &Given) -> Result<Parts, Rejection> {
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
        let nothing = parts
            .products
            .iter()
            .all(|product| product.amount.customer.is_zero() && product.quantity == 0);
        if nothing && charges_empty { Err(nothing_asked()) } else { Ok(parts) }
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

    /// The prepaid return fee in both currencies, as a positive amount.
    fn fee(&self, given: &Given) -> Result<Pair, Rejection> {
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

    fn figures(mut self, given: &Given, parts: Parts) -> Result<Figures, Rejection> {
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
        let total = Pair::sum(amounts.iter().map(|(_, amount)| *amount))?;
        if total.customer.is_negative() {
            let text = format!(
                "the fee of {} is more than the {} it is deducted from",
                fee.customer,
                total.customer.plus(fee.customer)?
            );
            return Err(Rejection::new(Reason::NegativeRefund, text)
                .with("fee", fee.customer)
                .with("total", total.customer));
        }
        if !self.request.full_refund {
            self.declared(given, total)?;
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
        let merchant = self.at_average_rate(amount)?;
        let subject = "component ServiceGesture";
        if amount.is_positive() {
            let rule = Rule::GivenAmount;
            self.derive(subject, Side::Customer, rule, Amount::ZERO, amount, amount);
        }
        self.derive(subject, Side::Merchant, Rule::AverageRate, Amount::ZERO, amount, merchant);
        Ok(Pair::new(amount, merchant))
    }

    fn declared(&self, given: &Given, total: Pair) -> Result<(), Rejection> {
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

    /// Who bears each component; a split one stands twice. Components of nothing are left out.
    fn borne(
        &self,
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
            for (amount, charged_to) in [(rest, Bearer::Merchant), (platform, Bearer::Platform)] {
                if !amount.is_zero() {
                    components.push(Component { kind, amount, charged_to });
                }
            }
        }
        Ok(components)
    }

    pub fn derive(
        &mut self,
        subject: &str,
        side: Side,
        rule: Rule,
        before: Amount,
        after: Amount,
        amount: Amount,
    ) {
        let decimals = match (side, rule) {
            (Side::Merchant, Rule::ConvertedByLine | Rule::GivenMerchantAmount) => 4,
            (Side::Merchant, _) => self.merchant_decimals(),
            (Side::Customer, _) => self.customer_decimals(),
        };
        let subject = subject.to_owned();
        self.derivations.push(Derivation { subject, side, rule, before, after, decimals, amount });
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

    /// `AMOUNT_EXCEEDS_REFUNDABLE` with what is left per line, component and tender.
    pub fn exceeds(
        &self,
        field: impl Into<String>,
        what: &str,
        asked: Amount,
        left: Amount,
    ) -> Rejection {
        let decimals = self.customer_decimals();
        let text = |amount: Amount| amount.to_text(decimals);
        let currency = self.order.customer_currency;
        let message = format!(
            "{} {currency} asked of {what}, {} {currency} is left",
            text(asked),
            text(left)
        );
        let mut rejection = Rejection::new(Reason::AmountExceedsRefundable, message)
            .at(field)
            .with("asked", text(asked))
            .with("left", text(left))
            .with("left_total", text(self.left.total.customer))
            .with("left_shipping", text(self.left.shipping.customer))
            .with("left_duties", text(self.left.duties.customer));
        for line in self.left.lines.iter().take(MAX_LISTED) {
            let key = format!("left_line_{}", line.cart_item_id);
            rejection = rejection.with(key, text(line.amount.customer));
        }
        for tender in &self.left.tenders {
            let key = format!("left_tender_{}", tender.tender_id);
            rejection = rejection.with(key, text(tender.left));
        }
        rejection
    }

    pub const fn method(&self) -> RefundMethod {
        self.request.method
    }
}

/// Lines named in the metadata of a refusal: answers travel in headers, which have to stay small.
const MAX_LISTED: usize = 20;

pub(super) fn mismatch(
    field: impl Into<String>,
    what: &str,
    computed: Amount,
    declared: Amount,
) -> Rejection {
    let text = format!("{what} {computed}, {declared} was declared");
    Rejection::new(Reason::AmountMismatch, text)
        .at(field)
        .with("declared", declared)
        .with("computed", computed)
}

fn nothing_asked() -> Rejection {
    Rejection::new(
        Reason::EmptyRefund,
        "products, shipping, duties and goodwill come to 0 and no piece is returned",
    )
}
