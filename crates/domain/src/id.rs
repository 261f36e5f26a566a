//! Identifiers that say what they name.

use serde::{Deserialize, Serialize, de};
use std::{cmp::Ordering, fmt, hash, marker::PhantomData, str::FromStr};
use uuid::Uuid;

/// What an [`Id`] identifies, and the prefix that says so on the wire.
pub trait Kind {
    const PREFIX: &'static str;
}

macro_rules! ids {
    ($($(#[$doc:meta])* $id:ident = $kind:ident $prefix:literal;)+) => {$(
        #[doc(hidden)]
        pub enum $kind {}
        impl Kind for $kind {
            const PREFIX: &'static str = $prefix;
        }
        $(#[$doc])*
        pub type $id = Id<$kind>;
    )+};
}

ids! {
    /// Names a refund.
    RefundId = RefundKind "rf";
    /// Names a cancellation.
    CancellationId = CancellationKind "cn";
    /// Names a stored refund quote.
    QuoteId = QuoteKind "qt";
    /// Names a shipment.
    ShipmentId = ShipmentKind "shp";
    /// Names an access token; not the secret itself.
    TokenId = TokenKind "tok";
    /// Names one entry of the event log; ordered by time.
    EventId = EventKind "evt";
    /// Names a webhook endpoint.
    EndpointId = EndpointKind "ep";
    /// Names somebody of a merchant's staff.
    UserId = UserKind "usr";
}

/// A time-ordered UUID that knows what it names: `rf_019a…` is never a `shp_019a…`.
pub struct Id<K>(Uuid, PhantomData<fn() -> K>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an identifier like \"{expected}_0190b2c40000700080000000000000aa\"")]
pub struct MalformedId {
    expected: &'static str,
}

impl<K> Id<K> {
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid, PhantomData)
    }

    pub const fn as_uuid(self) -> Uuid {
        self.0
    }
}

impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", K::PREFIX, self.0.simple())
    }
}

impl<K: Kind> FromStr for Id<K> {
    type Err = MalformedId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.strip_prefix(K::PREFIX)
            .and_then(|rest| rest.strip_prefix('_'))
            // One spelling only, so that an id can be compared as text.
            .filter(|hex| hex.len() == 32 && !hex.bytes().any(|byte| byte.is_ascii_uppercase()))
            .and_then(|hex| Uuid::try_parse(hex).ok())
            .map(Self::from_uuid)
            .ok_or(MalformedId { expected: K::PREFIX })
    }
}

// Derives would demand `K: Clone`, `K: Eq`, …; the marker never exists.
impl<K> Copy for Id<K> {}
impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> hash::Hash for Id<K> {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl<K: Kind> Serialize for Id<K> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de, K: Kind> Deserialize<'de> for Id<K> {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident: $valid:expr, $rule:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = MalformedName;

            fn from_str(text: &str) -> Result<Self, MalformedName> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) { Ok(Self(text.to_owned())) } else { Err(MalformedName($rule)) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        // By the same rule as everywhere: a page token is the caller's to forge.
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    )+};
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be {0}")]
pub struct MalformedName(&'static str);

names! {
    /// A store's slug, chosen by whoever creates it.
    StoreId: is_slug, "1 to 63 lower-case letters, digits and hyphens, starting with a letter or digit";
    /// The platform's order id, chosen by the checkout; unique within its store.
    OrderId: is_name, "1 to 64 letters, digits, '.', '_' and '-', starting with a letter or digit";
    /// Names a tender within its order.
    TenderId: is_name, "1 to 64 letters, digits, '.', '_' and '-', starting with a letter or digit";
    /// Names a leg of a refund, and is the key under which its provider knows it.
    LegId: is_name, "1 to 64 letters, digits, '.', '_' and '-', starting with a letter or digit";
    /// Names a dispute within its order, as its provider does.
    DisputeId: is_plain, "1 to 128 visible ASCII characters";
}

fn is_slug(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && !text.starts_with('-')
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

fn is_plain(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

impl LegId {
    /// The leg at `place` (counted from 1) of a refund: derived, so that it can never change.
    pub fn of(refund: RefundId, place: usize) -> Self {
        Self(format!("leg_{}_{place}", refund.as_uuid().simple()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_what_it_names() {
        let id = RefundId::from_uuid(Uuid::from_u128(0xaa));
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!(id.to_string().parse::<QuoteId>().is_err());
        assert!("rf_000000000000000000000000000000AA".parse::<RefundId>().is_err());
    }

    #[test]
    fn names_are_short_and_plain() {
        assert!("demo-1".parse::<StoreId>().is_ok());
        for bad in ["", "-a", "Demo", "a b", "a/b", &"a".repeat(64)] {
            assert!(bad.parse::<StoreId>().is_err(), "{bad:?}");
        }
        assert!("GE95135467GB".parse::<OrderId>().is_ok());
        assert!("a/b".parse::<OrderId>().is_err());
        assert!("-".parse::<OrderId>().is_err());
        assert!("dp_1/a:b".parse::<DisputeId>().is_ok());
        for bad in ["", "a b", "a\nb", "ä", &"a".repeat(129)] {
            assert!(bad.parse::<DisputeId>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_is_no_name_is_not_read_as_one() {
        assert_eq!(serde_json::from_str::<OrderId>("\"GE1\"").unwrap().as_str(), "GE1");
        assert!(serde_json::from_str::<OrderId>(r#""a\u0000b""#).is_err());
        assert!(serde_json::from_str::<StoreId>("\"Demo\"").is_err());
    }
}
