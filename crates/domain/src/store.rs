//! A store: one web shop of a merchant, and the tenant that every record belongs to.

use crate::{
    Amount, Currency, Denial, TimeZone,
    cancellation::CancellationReason,
    id::{EndpointId, EventId, StoreId, UserId},
    screening::Screening,
    token::Role,
    webhook::Endpoint,
};
use serde::{Deserialize, Serialize};
use std::fmt;
use time::OffsetDateTime;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Store {
    pub store_id: StoreId,
    pub name: String,
    /// The merchant's credential-like name in the compatible endpoint; unique over all stores,
    /// without regard to case. Empty if it has none.
    pub merchant_guid: String,
    pub web_store_code: Option<String>,
    pub web_store_instance_code: Option<String>,
    /// What the approval limit is in, and the merchant currency of an order that names none.
    pub currency: Currency,
    pub settings: StoreSettings,
    /// Counts changes of the settings; a refund names the one that it was computed with.
    pub settings_version: i64,
    /// How many of its facts changed nothing of it: attempts that were denied, sessions.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub incidentals: i64,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
const fn is_zero(count: &i64) -> bool {
    *count == 0
}

impl Store {
    /// As it may be written down for ever: without what it proves itself with elsewhere.
    #[must_use]
    pub fn without_secrets(mut self) -> Self {
        if let Some(handover) = &mut self.settings.handover {
            handover.secret.clear();
        }
        self
    }

    /// How often it was changed, of so many facts: what callers know as its version.
    pub const fn changes(&self, facts: i64) -> i64 {
        facts - self.incidentals
    }

    /// Whether this is the store's GUID. No text is the GUID of a store that has none.
    pub fn has_guid(&self, guid: &str) -> bool {
        !guid.is_empty() && self.merchant_guid.to_lowercase() == guid.to_lowercase()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own in the contract")]
pub struct StoreSettings {
    /// A refund of a line may leave the quantity out.
    pub appeasements: bool,
    /// A prepaid return fee may be deducted from a refund.
    pub prepaid_returns: bool,
    /// The compatible endpoint answers refusals in the `ErrorInfo` shape.
    pub error_info: bool,
    /// The merchant's GUID alone is credential enough for the compatible endpoint.
    pub guid_alone: bool,
    pub cancel_before_ready: bool,
    /// In the store's currency. A merchant's refund above it waits for another manager.
    pub approval_limit: Option<Amount>,
    pub tender_order: TenderOrder,
    pub customer_requests: CustomerRequests,
    /// Plug & play: where orders are pushed to.
    pub handover: Option<Handover>,
    pub screening: Screening,
    pub refund_reasons: Vec<RefundReasonEntry>,
    /// What a day and a month are to the people of the store.
    #[serde(default, skip_serializing_if = "TimeZone::is_utc")]
    pub time_zone: TimeZone,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self {
            appeasements: false,
            prepaid_returns: false,
            error_info: false,
            guid_alone: false,
            cancel_before_ready: true,
            approval_limit: None,
            tender_order: TenderOrder::default(),
            customer_requests: CustomerRequests::default(),
            handover: None,
            screening: Screening::default(),
            refund_reasons: Vec::new(),
            time_zone: TimeZone::default(),
        }
    }
}

/// Which tenders a refund goes back to first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TenderOrder {
    /// Gift cards, points and store credit, then the rest in the order's own sequence.
    #[default]
    NonCashFirst,
    CashFirst,
    /// In proportion to what is left of each, largest remainder.
    ProRata,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CustomerRequests {
    pub enabled: bool,
    /// Days from the order date within which a customer may ask; 0 sets no limit.
    pub window_days: u32,
    pub auto_accept: bool,
    /// Reasons that customers may give, of those that customers may give anywhere; none named is
    /// all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<CancellationReason>,
}

/// How orders are pushed into the shop's own system.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handover {
    /// The adapter's configured name.
    pub adapter: String,
    pub url: String,
    /// What the adapter proves itself with to the shop. Never shown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub secret: String,
    pub exhausted: HandoverExhausted,
    /// Waits between tries, in seconds; none is [`Handover::SCHEDULE`].
    pub schedule_seconds: Vec<u32>,
}

impl Handover {
    /// One try, and then one after each of these waits: 30 s, 2 min, 10 min, 30 min, 2 h, 6 h.
    pub const SCHEDULE: [u32; 6] = [30, 120, 600, 1_800, 7_200, 21_600];

    /// What tells one shop from another.
    pub fn place(&self) -> String {
        format!("{} {}", self.adapter, self.url)
    }

    /// How long to wait after the try of this number, counted from 1; nothing after the last.
    pub fn wait_after(&self, number: u32) -> Option<u32> {
        let waits: &[u32] =
            if self.schedule_seconds.is_empty() { &Self::SCHEDULE } else { &self.schedule_seconds };
        let place = usize::try_from(number).ok()?.checked_sub(1)?;
        waits.get(place).copied()
    }
}

impl fmt::Debug for Handover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handover")
            .field("adapter", &self.adapter)
            .field("url", &self.url)
            .field("exhausted", &self.exhausted)
            .field("schedule_seconds", &self.schedule_seconds)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum HandoverExhausted {
    #[default]
    Notify,
    Cancel,
}

/// A reason the store knows: its own code and the name it stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundReasonEntry {
    pub code: String,
    pub name: String,
}

/// What happened to a store, in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum StoreFact {
    #[serde(rename = "store.created")]
    Created { store: Box<Store> },
    #[serde(rename = "store.updated")]
    Updated { store: Box<Store> },
    #[serde(rename = "token.created")]
    TokenCreated { token: Box<crate::token::Token> },
    #[serde(rename = "token.revoked")]
    TokenRevoked { token_id: crate::id::TokenId },
    #[serde(rename = "webhook.created")]
    EndpointCreated { endpoint: Box<Endpoint> },
    #[serde(rename = "webhook.updated")]
    EndpointUpdated { endpoint: Box<Endpoint> },
    #[serde(rename = "webhook.secret_rotated")]
    EndpointSecretRotated { endpoint_id: EndpointId },
    #[serde(rename = "webhook.deleted")]
    EndpointDeleted { endpoint_id: EndpointId },
    /// Somebody asked for one event, or those of a time, to be sent to it again.
    #[serde(rename = "webhook.sent_again")]
    EndpointSentAgain {
        endpoint_id: EndpointId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        event_id: Option<EventId>,
        #[serde(
            default,
            with = "time::serde::rfc3339::option",
            skip_serializing_if = "Option::is_none"
        )]
        from: Option<OffsetDateTime>,
        #[serde(
            default,
            with = "time::serde::rfc3339::option",
            skip_serializing_if = "Option::is_none"
        )]
        before: Option<OffsetDateTime>,
        events: u32,
    },
    /// Somebody asked for a test to be sent to it.
    #[serde(rename = "webhook.tested")]
    EndpointTested { endpoint_id: EndpointId, event_id: EventId },
    /// It did not take what it was sent. Others are told of this, so that neither the path of its URL
    /// nor anything that it answered stands here.
    #[serde(rename = "webhook.disabled")]
    EndpointDisabled { endpoint_id: EndpointId, url: String, why: String },
    /// Somebody was entered. Who that is stands with the user alone.
    #[serde(rename = "user.created")]
    UserCreated { user_id: UserId, role: Role },
    #[serde(rename = "user.updated")]
    UserUpdated { user_id: UserId, role: Role, disabled: bool, password_reset: bool },
    /// With their name, login and password.
    #[serde(rename = "user.deleted")]
    UserDeleted { user_id: UserId },
    /// By themselves.
    #[serde(rename = "user.password_changed")]
    PasswordChanged { user_id: UserId },
    #[serde(rename = "session.began")]
    SessionBegan { user_id: UserId },
    #[serde(rename = "session.ended")]
    SessionEnded { user_id: UserId },
    /// The actor tried what it may not, and was refused.
    #[serde(rename = "access.denied")]
    AccessDenied {
        denials: Vec<Denial>,
        /// Attempts beyond those that are listed.
        #[serde(default)]
        more: u64,
    },
}

impl StoreFact {
    /// The stable name, as stored.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Created { .. } => "store.created",
            Self::Updated { .. } => "store.updated",
            Self::TokenCreated { .. } => "token.created",
            Self::TokenRevoked { .. } => "token.revoked",
            Self::EndpointCreated { .. } => "webhook.created",
            Self::EndpointUpdated { .. } => "webhook.updated",
            Self::EndpointSecretRotated { .. } => "webhook.secret_rotated",
            Self::EndpointDeleted { .. } => "webhook.deleted",
            Self::EndpointSentAgain { .. } => "webhook.sent_again",
            Self::EndpointTested { .. } => "webhook.tested",
            Self::EndpointDisabled { .. } => "webhook.disabled",
            Self::UserCreated { .. } => "user.created",
            Self::UserUpdated { .. } => "user.updated",
            Self::UserDeleted { .. } => "user.deleted",
            Self::PasswordChanged { .. } => "user.password_changed",
            Self::SessionBegan { .. } => "session.began",
            Self::SessionEnded { .. } => "session.ended",
            Self::AccessDenied { .. } => "access.denied",
        }
    }
}
