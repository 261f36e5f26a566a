//! The order: the one consistency boundary of refunds, shipments and cancellations.

mod books;
mod command;
mod decide;
mod dispute;
mod evolve;
mod fact;
pub mod handover;
mod late;
mod line;
mod new;
mod payment;
mod screening;
mod shipping;
mod tender;

pub use books::{Books, LineBooks, LineLeft, Refundable, TenderLeft};
pub use command::{Command, CreateRefund};
pub(crate) use decide::cancelled;
pub use dispute::{Dispute, DisputeReport, DisputeState, SettleDispute};
pub use fact::Fact;
pub use handover::{FailedTry, FailureClass, Handover, HandoverOutcome, HandoverState, Turn};
pub use late::LatePayment;
pub use line::{Line, Quantities};
pub use new::{NewLine, NewOrder, NewTender};
pub use payment::PaymentReport;
pub use shipping::{Parcel, Shipment};
pub use tender::{Recovered, Recovery, Tender, TenderMethod, TenderState};

use crate::{
    Currency, Pair, Rejection,
    cancellation::Cancellation,
    id::{CancellationId, OrderId, RefundId, StoreId, TenderId},
    refund::{Leg, Refund},
    screening::{Check, CheckState, Screened},
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// An order with everything a decision about it depends on.
///
/// What is left to refund is not stored: [`Order::books`] derives it from the refunds that hold
/// amounts, so a refund that fails gives its amounts back by no more than its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub store_id: StoreId,
    pub order_id: OrderId,
    pub cart_id: Option<String>,
    pub customer_currency: Currency,
    pub merchant_currency: Currency,
    /// ISO 3166-1 alpha-2.
    pub destination_country: String,
    pub language: Option<String>,
    pub lines: Vec<Line>,
    pub shipping: Pair,
    /// Duties, taxes and clearance fees.
    pub duties: Pair,
    pub tenders: Vec<Tender>,
    pub state: OrderState,
    /// The checks that it has to pass before it is READY, settled when it was received.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub screening: Vec<Screened>,
    /// From READY on, for a store whose orders are pushed into its own system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handover: Option<Handover>,
    pub external: Option<ExternalIds>,
    pub shipments: Vec<Shipment>,
    pub refunds: Vec<Refund>,
    /// Each once, as they were heard of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disputes: Vec<Dispute>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cancellations: Vec<Cancellation>,
    /// The state that a cancelled order had before, and gets back with an undo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled_from: Option<OrderState>,
    /// Nothing that names anybody is kept of it any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub personal_data_erased: bool,
    /// Counts the facts that readers of the feed see: the `sequence` of the last of them.
    pub published: i64,
    /// Counts every change but the payment worker's progress on legs; a quote is for one of these.
    pub revision: i64,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OrderState {
    Received,
    Ready,
    Accepted,
    Completed,
    Cancelled,
}

/// What the merchant's own system calls the order.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ExternalIds {
    pub id: String,
    pub number: String,
}

/// Everything about an order that is somebody's personal data. Kept beside the order and never
/// in facts, events or logs, so that it can be erased while amounts and ids stay.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Personal {
    pub buyer: Buyer,
    pub shipping_address: Option<Address>,
    pub billing_address: Option<Address>,
    pub customer_note: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Buyer {
    pub name: String,
    pub email: String,
    pub phone: String,
}

/// An e-mail address as it is compared and searched for: without blanks around it, in lower case.
/// The order keeps it as it was given.
pub fn bare_email(email: &str) -> String {
    email.trim().to_lowercase()
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Address {
    pub name: String,
    pub lines: Vec<String>,
    pub city: String,
    pub region: String,
    pub postal_code: String,
    pub country: String,
    pub phone: String,
}

impl Order {
    /// Refunds that one order may hold; the document stays small enough to be read with every
    /// command.
    pub const MAX_REFUNDS: usize = 1_000;
    /// Products that the refunds of one order may list in all, but for a full refund, which is
    /// the last.
    pub const MAX_REFUNDED_PRODUCTS: usize = 5_000;
    /// Bytes of comments and reasons that the refunds of one order may hold in all.
    pub const MAX_REFUND_TEXT: usize = 200_000;
    /// Legs that one refund may hold, those that a change of method replaced included.
    pub const MAX_LEGS: usize = 200;
    /// Cancellations that one order may hold, those that were undone among them.
    pub const MAX_CANCELLATIONS: usize = 1_000;
    /// Lines that the cancellations of one order may list in all.
    pub const MAX_CANCELLED_LINES: usize = 5_000;
    /// Bytes that a merchant may say about the cancellations of one order in all.
    pub const MAX_CANCELLATION_TEXT: usize = 200_000;
    /// Requests of customers that one order may hold beside those that were accepted.
    pub const MAX_REQUESTS: usize = 100;
    /// Lines that those requests may list in all.
    pub const MAX_REQUESTED_LINES: usize = 2_000;
    /// Bytes that customers may say about the cancellations of one order in all.
    pub const MAX_REQUEST_TEXT: usize = 100_000;
    /// Disputes that one order may hold.
    pub const MAX_DISPUTES: usize = 100;
    /// Shipments that one order may hold.
    pub const MAX_SHIPMENTS: usize = 1_000;
    /// Lines that the shipments of one order may name in all.
    pub const MAX_PARCELS: usize = 5_000;
    /// Lines that one order may hold.
    pub const MAX_LINES: usize = 500;
    /// Tenders that one order may come with.
    pub const MAX_TENDERS: usize = 20;
    /// Tenders that one order may hold, those of money that came in again included.
    pub const MAX_TENDERS_EVER: usize = 200;

    /// Says what a command would change, or why it may not. Changes nothing.
    ///
    /// # Errors
    ///
    /// A [`Rejection`] with its reason and figures.
    pub fn decide(&self, command: Command) -> Result<Vec<Fact>, Rejection> {
        decide::decide(self, command).map_err(|rejection| self.refused(rejection))
    }

    /// Whoever came too late is told where the order is by now.
    pub(crate) fn refused(&self, rejection: Rejection) -> Rejection {
        match rejection.value("state") {
            Some(_) => rejection,
            None => rejection.with("state", self.state.name()),
        }
    }

    /// Applies a fact that has happened. Never judges.
    #[must_use]
    pub fn evolve(self, fact: &Fact) -> Self {
        evolve::evolve(self, fact)
    }

    /// What was paid in all, in both currencies.
    ///
    /// # Errors
    ///
    /// Never for an order that was received: its sums were checked then.
    pub fn totals(&self) -> Result<Pair, Rejection> {
        let lines = Pair::sum(self.lines.iter().map(|line| line.total))?;
        Ok(lines.plus(self.shipping)?.plus(self.duties)?)
    }

    /// What every refund that holds amounts has taken so far.
    ///
    /// # Errors
    ///
    /// Never for amounts within their limits.
    pub fn books(&self) -> Result<Books, Rejection> {
        Books::of(self)
    }

    /// The same for a further cancellation.
    ///
    /// # Errors
    ///
    /// Never for amounts within their limits.
    pub(crate) fn books_for_cancelling(&self) -> Result<Books, Rejection> {
        Books::for_cancelling(self)
    }

    pub fn tender(&self, tender_id: &TenderId) -> Option<&Tender> {
        self.tenders.iter().find(|tender| tender.tender_id == *tender_id)
    }

    /// The tender whose payment a leg goes back over.
    pub fn payment_of(&self, leg: &Leg) -> Option<&TenderId> {
        self.tender(&leg.tender_id).map(Tender::payment)
    }

    pub fn line(&self, cart_item_id: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.cart_item_id == cart_item_id)
    }

    pub fn screened(&self, check: Check) -> Option<&Screened> {
        self.screening.iter().find(|screened| screened.check == check)
    }

    /// Where its screening stands as a whole: as the worst of its checks, and `None` without any.
    pub fn screening_state(&self) -> Option<CheckState> {
        let worst_first =
            [CheckState::Failed, CheckState::Review, CheckState::Pending, CheckState::Clear];
        let is_in = |state: &CheckState| self.screening.iter().any(|it| it.state == *state);
        worst_first.into_iter().find(is_in)
    }

    /// Where its hand-over stands; one that is not handed over needs none.
    pub fn handover_state(&self) -> HandoverState {
        self.handover.as_ref().map_or(HandoverState::NotApplicable, |handover| handover.state)
    }

    pub fn refund(&self, refund_id: RefundId) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.refund_id == refund_id)
    }

    pub fn cancellation(&self, cancellation_id: CancellationId) -> Option<&Cancellation> {
        self.cancellations.iter().find(|it| it.cancellation_id == cancellation_id)
    }

    /// The cancellation that a refund pays back.
    pub fn cancellation_of(&self, refund_id: RefundId) -> Option<&Cancellation> {
        self.cancellations.iter().find(|it| it.refund_id == Some(refund_id))
    }

    /// Whether every piece was cancelled.
    pub fn is_wholly_cancelled(&self) -> bool {
        self.lines.iter().all(|line| line.quantities.cancelled == line.quantity)
    }
}

impl OrderState {
    pub const ALL: [Self; 5] =
        [Self::Received, Self::Ready, Self::Accepted, Self::Completed, Self::Cancelled];

    /// The stable name, as stored and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Received => "RECEIVED",
            Self::Ready => "READY",
            Self::Accepted => "ACCEPTED",
            Self::Completed => "COMPLETED",
            Self::Cancelled => "CANCELLED",
        }
    }
}
