//! Who is logged in: the bearer secret in a cookie, and what proves that a form came from a page
//! that was made for it.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac_sha256::HMAC;
use http::{HeaderMap, HeaderValue, header};

/// Bound to this very host and to TLS by its name; browsers take it from a loopback address, too.
const COOKIE: &str = "__Host-meridian";

/// How long a browser keeps it, in seconds: a long day of work. The token itself may end earlier.
const KEPT_FOR: u32 = 12 * 60 * 60;

/// What a user has logged in from before; it opens nothing by itself.
const DEVICE: &str = "__Host-meridian-device";

/// How long a browser keeps that, in seconds: a year.
const DEVICE_KEPT_FOR: u32 = 365 * 24 * 60 * 60;

/// The store that somebody last logged in to from here.
const STORE: &str = "__Host-meridian-store";

/// What a form's token is made over. The key is the session's secret, so that every process makes
/// and knows the same one, today and after a restart.
const FORM: &str = "meridian console form";

/// A bearer secret. It has no `Debug` that shows it.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// What the cookies of a request say.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        sent(headers, COOKIE).filter(|secret| !secret.is_empty()).map(Self)
    }

    /// The header that a call proves itself with; `None` if no header can hold the secret.
    pub fn bearer(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", self.0)).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// The cookie that logs in.
    pub fn cookie(&self) -> Option<HeaderValue> {
        cookie(COOKIE, &self.0, KEPT_FOR)
    }

    /// What every form of this session carries.
    pub fn form_token(&self) -> String {
        URL_SAFE_NO_PAD.encode(HMAC::mac(FORM, &self.0))
    }

    /// Whether a form carries it; in a time that does not depend on how much of it is right.
    pub fn made(&self, form_token: &str) -> bool {
        let token = URL_SAFE_NO_PAD.decode(form_token).ok();
        let token: Option<[u8; 32]> = token.and_then(|token| token.try_into().ok());
        token.is_some_and(|token| HMAC::verify(FORM, &self.0, &token))
    }
}

/// The cookie that logs out.
pub fn no_cookie() -> Option<HeaderValue> {
    cookie(COOKIE, "", 0)
}

/// What is shown at the next log-in from here.
pub fn device(headers: &HeaderMap) -> String {
    sent(headers, DEVICE).unwrap_or_default()
}

/// The cookie that keeps it.
pub fn device_cookie(device: &str) -> Option<HeaderValue> {
    cookie(DEVICE, device, DEVICE_KEPT_FOR)
}

/// The store that is proposed at the next log-in from here.
pub fn store(headers: &HeaderMap) -> String {
    sent(headers, STORE).unwrap_or_default()
}

/// The cookie that keeps it.
pub fn store_cookie(store_id: &str) -> Option<HeaderValue> {
    cookie(STORE, store_id, DEVICE_KEPT_FOR)
}

/// What a cookie of a request holds.
fn sent(headers: &HeaderMap, name: &str) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).into_iter();
    let mut pairs = cookies.filter_map(|value| value.to_str().ok()).flat_map(|it| it.split(';'));
    let encoded = pairs.find_map(|pair| {
        let (named, value) = pair.trim().split_once('=')?;
        (named == name).then_some(value)
    })?;
    String::from_utf8(URL_SAFE_NO_PAD.decode(encoded).ok()?).ok()
}

fn cookie(name: &str, value: &str, max_age: u32) -> Option<HeaderValue> {
    let value = URL_SAFE_NO_PAD.encode(value);
    let attributes = "Path=/; Secure; HttpOnly; SameSite=Lax";
    HeaderValue::from_str(&format!("{name}={value}; Max-Age={max_age}; {attributes}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookies(text: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(text).unwrap())])
    }

    #[test]
    fn a_secret_comes_back_out_of_its_cookie() {
        let secret = Secret::new("a; secret=\"of\" the configuration");
        let cookie = secret.cookie().unwrap();
        let sent = cookie.to_str().unwrap().split_once(';').unwrap().0;
        let found = Secret::of(&cookies(&format!("theme=dark; {sent}"))).unwrap();
        assert_eq!(found.0, secret.0);
        for other in ["", "meridian=bXJk", "__Host-meridian=", "__Host-meridian=%%"] {
            assert!(Secret::of(&cookies(other)).is_none(), "{other}");
        }
    }

    #[test]
    fn a_form_belongs_to_one_session() {
        let (one, other) = (Secret::new("one"), Secret::new("other"));
        assert!(one.made(&one.form_token()));
        assert!(!one.made(&other.form_token()));
        for forged in ["", "AAAA", &"A".repeat(43)] {
            assert!(!one.made(forged), "{forged}");
        }
    }
}
