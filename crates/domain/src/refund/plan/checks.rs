//! The first steps: what is said of the whole order, before any line is looked at.

use super::{Given, Planner, Purpose};
use crate::{
    Amount, Reason, Rejection,
    order::OrderState,
    refund::{Bearer, ComponentKind},
    rejection::Violations,
};
use rust_decimal::Decimal;

impl Planner<'_> {
    pub(super) fn well_formed(&self) -> Result<Given, Rejection> {
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
            cancellation_fee: match self.purpose {
                Purpose::Refund | Purpose::LatePayment | Purpose::WonDispute { .. } => None,
                Purpose::Cancellation { fee } => read("fee", fee, customer),
            },
            platform: Vec::new(),
        };
        for (index, charge) in request.charged_to.iter().enumerate() {
            let field = format!("charged_to[{index}].platform_amount");
            given.platform.push(read(&field, charge.platform_amount, customer));
        }
        wrong.into_result(Reason::InvalidAmount)?;
        Ok(given)
    }

    pub(super) fn compatible(&self, given: &Given) -> Result<(), Rejection> {
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
            let shared = charge.charged_to != Bearer::Merchant || charge.platform_amount.is_some();
            if fee && shared {
                let text = format!("component {name} is always charged to the merchant");
                return Err(Rejection::new(Reason::IncompatibleFields, text).at(field));
            }
        }
        Ok(())
    }

    pub(super) fn permitted(&self, given: &Given) -> Result<(), Rejection> {
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

    pub(super) fn anything_left(&self) -> Result<(), Rejection> {
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
}
