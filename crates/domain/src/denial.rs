//! What somebody of a store tried and was not let to do.

use serde::{Deserialize, Serialize};

/// One kind of attempt, however often it was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denial {
    /// What was answered: `ROLE_FORBIDS`, `STORE_NOT_FOUND`, `TOKEN_ENDED`.
    pub reason: String,
    /// What was called; empty if it is no method of ours.
    pub method: String,
    /// What it was about, if that can be an identifier. Whatever else stood there might be
    /// somebody's data, which has no place in a log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named: Option<String>,
    pub times: u64,
}

impl Denial {
    /// What is longer is no identifier.
    const MAX_NAMED: usize = 64;

    /// One attempt. `named`: what the caller asked for, as it stood there.
    pub fn new(
        reason: impl Into<String>,
        method: impl Into<String>,
        named: Option<String>,
    ) -> Self {
        let named = named.filter(|named| is_identifier(named));
        Self { reason: reason.into(), method: method.into(), named, times: 1 }
    }

    /// Whether the two differ in nothing but how often.
    pub fn is_like(&self, other: &Self) -> bool {
        (&self.reason, &self.method, &self.named) == (&other.reason, &other.method, &other.named)
    }
}

/// What begins a secret of ours, which somebody may have put in the wrong place.
const SECRETS: [&str; 4] = ["mrd_", "mrp_", "mrs_", "whsec_"];

/// No address of anybody passes for one, no telephone number, no name of a word or more, and no
/// secret: an identifier has letters and digits.
fn is_identifier(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let has = |wanted: fn(&u8) -> bool| text.as_bytes().iter().any(wanted);
    text.len() <= Denial::MAX_NAMED
        && text.bytes().all(fits)
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_alphabetic)
        && !SECRETS.iter().any(|secret| text.starts_with(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_somebodys_data_is_not_kept() {
        let named =
            |text: &str| Denial::new("ORDER_NOT_FOUND", "GetOrder", Some(text.to_owned())).named;
        let longest = format!("x1{}", "x".repeat(62));
        for kept in ["GE95135471GB", "rf_0190b2c40000700080000000000000aa", "shop-2", &longest] {
            assert_eq!(named(kept).as_deref(), Some(kept));
        }
        let (too_long, secret) = (format!("{longest}x"), format!("mrs_{}", "a1".repeat(21)));
        for dropped in [
            "",
            "jane@example.com",
            "Jane Doe",
            "jane.doe",
            "+491701234567",
            "491701234567",
            "<b1>",
            &too_long,
            &secret,
            "mrd_drCKH_qaxNQRi59bmaY",
            "mrp_drCKH_qaxNQRi59bmaYx1A",
        ] {
            assert_eq!(named(dropped), None, "{dropped}");
        }
    }
}
