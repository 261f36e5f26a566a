//! The planner: what a request comes to, figure by figure. The first fault answers, in the
//! order in which the steps of [`plan`] stand.

mod charges;
mod checks;
mod components;
mod refusals;

pub(super) use refusals::mismatch;

use super::{
    Component, Derivation, RefundMethod, RefundPolicy, RefundProduct, RefundRequest, Rule, Side,
    legs,
};
use crate::{
    Amount, Pair, Reason, Rejection,
    order::{Books, Order, Refundable},
};
use rust_decimal::Decimal;

/// What a refund is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Somebody asked for it, by the rules of refunds.
    Refund,
    /// Pieces were cancelled. What was only authorised is let go, and the fee is deducted.
    Cancellation { fee: Option<Decimal> },
    /// Money came in for an order that was cancelled before.
    LatePayment,
    /// A dispute over the payment of this tender was won, of an order that was given back otherwise.
    WonDispute { tender: usize },
}

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
    pub purpose: Purpose,
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
    cancellation_fee: Option<Amount>,
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
    purpose: Purpose,
) -> Result<Figures, Rejection> {
    let books = match purpose {
        Purpose::Refund => order.books()?,
        Purpose::Cancellation { .. } | Purpose::LatePayment | Purpose::WonDispute { .. } => {
            order.books_for_cancelling()?
        }
    };
    let left = books.refundable(order)?;
    let derivations = Vec::new();
    let mut planner = Planner { order, books, left, policy, request, purpose, derivations };
    let given = planner.well_formed()?;
    if planner.is_cancellation() {
        let parts = if request.full_refund {
            planner.everything_left(&given)?
        } else {
            planner.cancelled(&given)?
        };
        return planner.figures(&given, parts);
    }
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

    pub const fn method(&self) -> RefundMethod {
        self.request.method
    }

    pub const fn is_cancellation(&self) -> bool {
        !matches!(self.purpose, Purpose::Refund)
    }

    /// Whether it is for money that is here after all was given back.
    pub const fn is_late(&self) -> bool {
        matches!(self.purpose, Purpose::LatePayment | Purpose::WonDispute { .. })
    }

    /// What of a tender that is only authorised is to be let go with it.
    pub fn to_let_go(&self, index: usize) -> Amount {
        match self.purpose {
            Purpose::Cancellation { .. } | Purpose::LatePayment => {
                self.left.tenders[index].uncaptured
            }
            Purpose::Refund | Purpose::WonDispute { .. } => Amount::ZERO,
        }
    }

    /// What may go back over each tender: of its capture, and for a cancellation also of what was
    /// only authorised. What a dispute has freed is of its payment alone.
    pub fn available(&self) -> Result<Vec<Amount>, Rejection> {
        let mut available = Vec::with_capacity(self.left.tenders.len());
        for (index, tender) in self.left.tenders.iter().enumerate() {
            let concerned = match self.purpose {
                Purpose::WonDispute { tender: won } => {
                    let tenders = &self.order.tenders;
                    tenders[index].is_one_payment_with(&tenders[won])
                }
                Purpose::Refund | Purpose::Cancellation { .. } | Purpose::LatePayment => true,
            };
            let amount = tender.left.plus(self.to_let_go(index))?;
            available.push(if concerned { amount } else { Amount::ZERO });
        }
        Ok(available)
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
}
