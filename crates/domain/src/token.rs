//! Access tokens: what a caller shows, and what it may do with it.

use crate::{
    actor::Actor,
    id::{StoreId, TokenId},
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// Tokens that one store may have at a time, without those that have ended.
pub const MAX_TOKENS: u32 = 500;

/// A token as it is kept. The secret itself is shown once and never stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    pub token_id: TokenId,
    /// The store it was made for. A platform token may act for every store.
    pub store_id: StoreId,
    pub name: String,
    /// The person who made it, or the token of nobody's; not known of those of older builds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_by: Option<Actor>,
    pub role: Role,
    /// What a service token may do; empty for the other roles.
    pub scopes: Vec<String>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub expires_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    pub revoked_at: Option<OffsetDateTime>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Role {
    Viewer,
    Agent,
    Manager,
    /// A storefront that passes on its customers' wishes.
    Storefront,
    /// An internal service with named scopes.
    Service,
    Platform,
}

impl Role {
    /// What people of a merchant may be.
    pub const STAFF: [Self; 3] = [Self::Viewer, Self::Agent, Self::Manager];
}

impl Token {
    /// Whether the token still opens anything at `now`.
    pub fn is_live(&self, now: OffsetDateTime) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|expiry| now < expiry)
    }

    /// When it ended, or will; never unless somebody revokes it.
    pub fn ends_at(&self) -> Option<OffsetDateTime> {
        self.revoked_at.or(self.expires_at)
    }
}
