//! The business's no: a stable reason, a text with the figures, and the figures once more as data.

use crate::amount::AmountError;
use std::fmt;

/// Why a command was refused. Nothing is broken and nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {message}")]
pub struct Rejection {
    pub reason: Reason,
    /// Says what was asked and what would have been possible.
    pub message: String,
    /// The figures of the message as data, such as `asked` and `left`.
    pub metadata: Vec<(String, String)>,
    /// The fields at fault, where the request itself is malformed.
    pub violations: Vec<Violation>,
}

/// One field that cannot be as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Path of the field in the request, such as `products[0].refund_amount`.
    pub field: String,
    pub description: String,
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)+) => {
        /// The stable names of refusals. Part of the public contract.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Reason {
            $($(#[$doc])* $name,)+
        }

        impl Reason {
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }
        }
    };
}

reasons! {
    /// Nothing is left to refund, or the order is cancelled.
    OrderFullyRefunded = "ORDER_FULLY_REFUNDED";
    /// More than is left of a line, a charge, a tender or the captured money.
    AmountExceedsRefundable = "AMOUNT_EXCEEDS_REFUNDABLE";
    InvalidQuantity = "INVALID_QUANTITY";
    EmptyRefund = "EMPTY_REFUND";
    FullRefundWithProducts = "FULL_REFUND_WITH_PRODUCTS";
    IncompatibleFields = "INCOMPATIBLE_FIELDS";
    InvalidAmount = "INVALID_AMOUNT";
    /// Two figures that must agree do not.
    AmountMismatch = "AMOUNT_MISMATCH";
    UnknownLine = "UNKNOWN_LINE";
    DuplicateLine = "DUPLICATE_LINE";
    /// The store has not switched this on.
    NotEnabled = "NOT_ENABLED";
    NegativeRefund = "NEGATIVE_REFUND";
    OrderNotReady = "ORDER_NOT_READY";
    OrderAlreadyAccepted = "ORDER_ALREADY_ACCEPTED";
    OrderCancelled = "ORDER_CANCELLED";
    /// The order's state does not allow this.
    OrderStateForbids = "ORDER_STATE_FORBIDS";
    /// The hand-over's state does not allow this.
    HandoverStateForbids = "HANDOVER_STATE_FORBIDS";
    /// The check's state does not allow this, or the order does not have it.
    ScreeningStateForbids = "SCREENING_STATE_FORBIDS";
    PaymentNotCaptured = "PAYMENT_NOT_CAPTURED";
    /// A tender cannot go from the state it is in to the one asked for.
    PaymentStateForbids = "PAYMENT_STATE_FORBIDS";
    UnknownTender = "UNKNOWN_TENDER";
    /// The quantity is not open, or not in transit.
    QuantityNotAvailable = "QUANTITY_NOT_AVAILABLE";
    RefundNotFound = "REFUND_NOT_FOUND";
    /// The refund's state does not allow this.
    RefundStateForbids = "REFUND_STATE_FORBIDS";
    /// Whoever asked for a refund cannot approve it.
    FourEyes = "FOUR_EYES";
    /// Nothing that was shipped is cancelled.
    OrderShipped = "ORDER_SHIPPED";
    /// Only the platform's own workers cancel for this reason, or in this state nobody of it does.
    OrderProtected = "ORDER_PROTECTED";
    /// Only the whole order can be cancelled.
    PartialNotSupported = "PARTIAL_NOT_SUPPORTED";
    CancellationNotFound = "CANCELLATION_NOT_FOUND";
    /// The cancellation's state does not allow this.
    CancellationStateForbids = "CANCELLATION_STATE_FORBIDS";
    /// The time within which a customer may ask is over.
    RequestWindowClosed = "REQUEST_WINDOW_CLOSED";
    /// Not a reason that this caller may give.
    ReasonNotAllowed = "REASON_NOT_ALLOWED";
    /// Whether money went back is not known yet.
    RefundInFlight = "REFUND_IN_FLIGHT";
    /// Money went back, and nothing proves that it was paid again.
    EvidenceRequired = "EVIDENCE_REQUIRED";
    /// The proof is for less than what went back.
    EvidenceInsufficient = "EVIDENCE_INSUFFICIENT";
    /// The provider does not say that the payment stands again.
    NotRecaptured = "NOT_RECAPTURED";
    /// The payment has proved another repayment.
    PaymentReferenceTaken = "PAYMENT_REFERENCE_TAKEN";
    /// The account no longer covers what was restored to it.
    InsufficientBalance = "INSUFFICIENT_BALANCE";
    /// The platform cancelled, and nobody undoes that.
    PlatformCancellation = "PLATFORM_CANCELLATION";
    /// A later cancellation or shipment touches the same lines.
    LaterChange = "LATER_CHANGE";
    /// The merchant has since accepted the order under other ids.
    AcceptedUnderOtherIds = "ACCEPTED_UNDER_OTHER_IDS";
    /// Only another kind of caller may say this.
    NotPermitted = "NOT_PERMITTED";
    /// What somebody may not change of themselves.
    OwnAccount = "OWN_ACCOUNT";
    TooManyUsers = "TOO_MANY_USERS";
    TooManyTokens = "TOO_MANY_TOKENS";
    /// The order changed since the quote was made.
    QuoteStale = "QUOTE_STALE";
    QuoteExpired = "QUOTE_EXPIRED";
    /// An order holds at most so many refunds or shipments.
    TooManyEntries = "TOO_MANY_ENTRIES";
    /// A store has at most so many webhook endpoints.
    TooManyEndpoints = "TOO_MANY_ENDPOINTS";
    /// So many deliveries to a webhook endpoint wait that none is put in to be sent again.
    TooManyPending = "TOO_MANY_PENDING";
    /// Nothing is sent to a webhook endpoint that is disabled.
    EndpointDisabled = "ENDPOINT_DISABLED";
    /// One or more fields of the request are malformed.
    InvalidFields = "INVALID_FIELDS";
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Rejection {
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), metadata: Vec::new(), violations: Vec::new() }
    }

    /// Adds a figure of the message as data.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl fmt::Display) -> Self {
        self.metadata.push((key.into(), value.to_string()));
        self
    }

    /// A figure that was added before.
    pub fn value(&self, key: &str) -> Option<&str> {
        self.metadata.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// Adds the field at fault.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>) -> Self {
        let description = self.message.clone();
        self.violations.push(Violation { field: field.into(), description });
        self
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.description)
    }
}

/// An overflow is out of reach for amounts within their limits; if it happens it is a refusal
/// and never a wrong figure.
impl From<AmountError> for Rejection {
    fn from(error: AmountError) -> Self {
        Self::new(Reason::InvalidAmount, format!("the amount {error}"))
    }
}

/// Gathers all that is wrong with a request, so that a caller corrects it once. After the first
/// [`Violations::LISTED`] it only counts: a refusal stays small whatever was sent.
#[derive(Debug, Default)]
pub struct Violations {
    listed: Vec<Violation>,
    more: usize,
}

impl Violations {
    /// Faults that are named.
    pub const LISTED: usize = 50;

    pub fn push(&mut self, field: impl Into<String>, description: impl fmt::Display) {
        if self.listed.len() < Self::LISTED {
            let description = description.to_string();
            self.listed.push(Violation { field: field.into(), description });
        } else {
            self.more += 1;
        }
    }

    /// Keeps the value, or notes what is wrong with the field.
    pub fn check<T, E: fmt::Display>(
        &mut self,
        field: impl Into<String>,
        value: Result<T, E>,
    ) -> Option<T> {
        value.map_err(|error| self.push(field, error)).ok()
    }

    pub fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }

    /// # Errors
    ///
    /// A [`Rejection`] that names the fields, if anything was noted.
    pub fn into_result(self, reason: Reason) -> Result<(), Rejection> {
        if self.listed.is_empty() {
            return Ok(());
        }
        let mut texts: Vec<String> = self.listed.iter().map(ToString::to_string).collect();
        if self.more > 0 {
            texts.push(format!("and {} more", self.more));
        }
        let violations = self.listed;
        Err(Rejection { violations, ..Rejection::new(reason, texts.join("; ")) })
    }
}
