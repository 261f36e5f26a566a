//! A thin adapter on `reqwest`, because a library that builds the objects as a whole fails on those
//! that it does not know, after the money has moved. It stands in this crate rather than one of its
//! own: nobody but the composition root depends on it, and that has all it needs already.

mod api;
mod asked;
mod minor;
mod notices;
mod object;
mod refunding;
mod releasing;
mod signature;
mod trouble;

pub use notices::StripeNotices;

use crate::failure;
use api::Api;
use async_trait::async_trait;
use domain::{Currency, order::Tender, refund::LegKind};
use outbound::{is_loopback, plain};
use ports::{NoAnswer, OrderKey, PaymentOrder, PaymentOutcome, PaymentProvider, PaymentStatus};
use reqwest::Url;
use secrecy::SecretString;
use std::{fmt, time::Duration};
use trouble::Trouble;

/// How Stripe is called.
#[derive(Debug, Clone)]
pub struct StripeSettings {
    /// Of the API, without its version.
    url: Url,
    secret_key: SecretString,
    /// Until a connection stands.
    connect_timeout: Duration,
    /// For one call, until its answer is read.
    timeout: Duration,
    /// For all calls that one question or one order needs, repeated ones among them.
    patience: Duration,
}

/// The URL cannot be one of an API that a secret is sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StripeUrlError {
    #[error("is no URL")]
    Unreadable,
    /// The secret key goes there with every call.
    #[error("has to begin with https://, unless it leads to this machine itself")]
    InTheClear,
    #[error("must have no user, query or fragment")]
    Surplus,
}

impl StripeSettings {
    pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
    pub const TIMEOUT: Duration = Duration::from_secs(8);
    /// Less than the 30 seconds after which the worker of legs gives an answer up.
    pub const PATIENCE: Duration = Duration::from_secs(20);

    /// # Errors
    ///
    /// [`StripeUrlError`] for a URL that the key must not be sent to.
    pub fn new(url: &str, secret_key: SecretString) -> Result<Self, StripeUrlError> {
        Ok(Self {
            url: parse_url(url)?,
            secret_key,
            connect_timeout: Self::CONNECT_TIMEOUT,
            timeout: Self::TIMEOUT,
            patience: Self::PATIENCE,
        })
    }

    /// With other bounds: for one call, and for all that one question or one order needs.
    #[must_use]
    pub const fn within(mut self, timeout: Duration, patience: Duration) -> Self {
        (self.timeout, self.patience) = (timeout, patience);
        self
    }

    /// Whether [`Self::new`] takes the URL.
    ///
    /// # Errors
    ///
    /// [`StripeUrlError`] if it does not.
    pub fn check_url(url: &str) -> Result<(), StripeUrlError> {
        parse_url(url).map(drop)
    }
}

fn parse_url(url: &str) -> Result<Url, StripeUrlError> {
    let url: Url = url.parse().map_err(|_| StripeUrlError::Unreadable)?;
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        _ => return Err(StripeUrlError::InTheClear),
    }
    let has_user = !url.username().is_empty() || url.password().is_some();
    if has_user || url.query().is_some() || url.fragment().is_some() {
        return Err(StripeUrlError::Surplus);
    }
    Ok(url)
}

/// Cards and what else Stripe takes, over its HTTP API.
///
/// A tender's `provider_reference` is the id of a `PaymentIntent`. It is refunded, in part and as often
/// as there is anything left, and cancelled to let go of what was authorised. The store's
/// and the leg's id are the key of every call that does something, and stand with the refund itself:
/// Stripe forgets the key after a day, and the refund is found by them for ever.
///
/// Stripe's word is held against what was asked, to the last unit. What is not understood is
/// [`PaymentOutcome::Unknown`], and is looked for before anything is sent again.
pub struct Stripe(Api);

impl Stripe {
    pub fn new(settings: StripeSettings) -> Self {
        Self(Api::new(settings))
    }
}

impl fmt::Debug for Stripe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stripe").finish_non_exhaustive()
    }
}

#[async_trait]
impl PaymentProvider for Stripe {
    async fn status(
        &self,
        _: &OrderKey,
        tender: &Tender,
        currency: Currency,
    ) -> Result<PaymentStatus, NoAnswer> {
        let id = asked::intent_id(&tender.provider_reference).map_err(NoAnswer::Refused)?;
        let intent = self.0.intent(id, self.0.deadline()).await;
        let intent = intent.map_err(Trouble::no_answer)?;
        if intent.id != id || intent.code() != currency.code() {
            let text = format!("Stripe has the payment in {}: {}", intent.code(), intent.id);
            return Err(NoAnswer::Refused(failure("OTHER_CURRENCY", plain(&text))));
        }
        intent.stands().ok_or_else(|| {
            let text =
                format!("what Stripe says of the payment, {}, does not add up", intent.status);
            NoAnswer::Refused(failure("NOT_UNDERSTOOD", plain(&text)))
        })
    }

    /// All of an authorisation, or nothing: Stripe knows no part of one.
    async fn release(&self, order: &PaymentOrder) -> PaymentOutcome {
        releasing::release(&self.0, order).await
    }

    async fn refund(&self, order: &PaymentOrder) -> PaymentOutcome {
        match order.kind {
            LegKind::Refund => refunding::refund(&self.0, order).await,
            LegKind::Release | LegKind::Restore | LegKind::Manual => {
                let text = "Stripe gives money back by refunds only";
                let failure = failure("UNSUPPORTED", text);
                PaymentOutcome::Declined { failure, permanent: true }
            }
        }
    }

    async fn find(&self, order: &PaymentOrder) -> Result<Option<PaymentOutcome>, NoAnswer> {
        match order.kind {
            LegKind::Release => releasing::find(&self.0, order).await,
            LegKind::Refund | LegKind::Restore | LegKind::Manual => {
                refunding::find(&self.0, order).await
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_sent_to_nobody_in_the_clear() {
        let check = StripeSettings::check_url;
        for url in ["https://api.stripe.com", "https://proxy.internal:8443/stripe/"] {
            assert_eq!(check(url), Ok(()), "{url}");
        }
        for url in ["http://127.0.0.1:8420", "http://localhost:8420/", "http://[::1]:1"] {
            assert_eq!(check(url), Ok(()), "{url}");
        }
        for url in ["http://api.stripe.com", "http://10.0.0.1", "ftp://127.0.0.1", "mailto:a@b.c"] {
            assert_eq!(check(url), Err(StripeUrlError::InTheClear), "{url}");
        }
        for url in ["https://a:b@api.stripe.com", "https://api.stripe.com/?a", "https://a.b/#c"] {
            assert_eq!(check(url), Err(StripeUrlError::Surplus), "{url}");
        }
        assert_eq!(check("api.stripe.com"), Err(StripeUrlError::Unreadable));
    }

    #[test]
    fn nobody_reads_the_key_in_a_log() {
        let key = SecretString::from("sk_test_very_secret");
        let settings = StripeSettings::new("https://api.stripe.com", key).unwrap();
        let shown = format!("{settings:?} {:?}", Stripe::new(settings.clone()));
        assert!(!shown.contains("very_secret"), "{shown}");
    }
}
