//! HTTP calls of Stripe, within the time that one question or order has.

use super::{
    StripeSettings,
    object::{Intent, Page, Refund},
    trouble::{Kind, Trouble},
};
use outbound::{Answer, Body, CallSettings, Caller, Lost};
use reqwest::{Client, RequestBuilder, Url};
use secrecy::ExposeSecret as _;
use serde::de::DeserializeOwned;
use std::time::Duration;
use tokio::time::Instant;

/// What the calls and answers here were written for. Without it, an account's own setting decides.
/// From 2025-03-31 on what is captured in part or cancelled leaves no refund behind, so refunds are
/// money that went back and nothing else.
pub(super) const VERSION: &str = "2025-04-30.basil";

/// Bytes that are read of an answer: 100 refunds take about 150 KB.
pub(super) const MAX_BODY: usize = 1024 * 1024;

/// The most that Stripe gives at a time.
const PAGE: &str = "100";

/// Pages of refunds of one payment that are looked through. Stripe has no such limit, and nobody
/// gives a payment back in 5,000 parts.
const MAX_PAGES: usize = 50;

/// Times that one call is made.
const TRIES: u32 = 3;

/// Before the second try; twice as long before the third.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

const REPLAYED: &str = "idempotent-replayed";

/// What is called, and by what key.
pub(super) struct Api {
    settings: StripeSettings,
    caller: Caller,
}

/// The answer to a call that changes something.
pub(super) struct Done<T> {
    pub object: T,
    /// What was answered to an earlier call with the same key: it may have become untrue since.
    pub replayed: bool,
}

impl Api {
    pub fn new(settings: StripeSettings) -> Self {
        let calls = CallSettings {
            connect_timeout: settings.connect_timeout,
            timeout: settings.timeout,
            // The platform's own setting, not a merchant's: it may be a proxy beside us.
            private_networks: true,
            ..CallSettings::default()
        };
        Self { caller: Caller::new(calls, MAX_BODY), settings }
    }

    /// When a question or an order that is begun now has to be over.
    pub fn deadline(&self) -> Instant {
        Instant::now() + self.settings.patience
    }

    pub async fn intent(&self, id: &str, until: Instant) -> Result<Intent, Trouble> {
        let expand = [("expand[]", "latest_charge")];
        self.get(&["payment_intents", id], &expand, until).await
    }

    pub async fn refund(&self, id: &str, until: Instant) -> Result<Refund, Trouble> {
        self.get(&["refunds", id], &[], until).await
    }

    /// All refunds of a payment, or an error: never a part of them.
    pub async fn refunds_of(&self, intent: &str, until: Instant) -> Result<Vec<Refund>, Trouble> {
        let mut all: Vec<Refund> = Vec::new();
        for _ in 0..MAX_PAGES {
            let last = all.last().map(|refund| refund.id.clone());
            let mut query = vec![("payment_intent", intent), ("limit", PAGE)];
            query.extend(last.as_deref().map(|last| ("starting_after", last)));
            let Page { data, has_more } = self.get(&["refunds"], &query, until).await?;
            let stuck = data.is_empty();
            all.extend(data);
            if !has_more {
                return Ok(all);
            }
            if stuck {
                break;
            }
        }
        let text = "Stripe's list of the payment's refunds has no end";
        Err(Trouble::new(Kind::Unclear, "UNAVAILABLE", text))
    }

    pub async fn make_refund(
        &self,
        key: &str,
        form: &[(&str, &str)],
        until: Instant,
    ) -> Result<Done<Refund>, Trouble> {
        self.post(&["refunds"], key, form, until).await
    }

    pub async fn cancel(
        &self,
        key: &str,
        intent: &str,
        until: Instant,
    ) -> Result<Done<Intent>, Trouble> {
        self.post(&["payment_intents", intent, "cancel"], key, &[], until).await
    }

    /// What changes nothing may be asked again whatever became of it. It carries no key: Stripe
    /// gives keys a meaning for POST only.
    async fn get<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        until: Instant,
    ) -> Result<T, Trouble> {
        let make = || Ok(self.client()?.get(self.at(path)?).query(query));
        let again = |kind: Kind| {
            matches!(
                kind,
                Kind::Unclear
                    | Kind::UnderWay
                    | Kind::NotNow { again: true }
                    | Kind::Unreached { again: true }
            )
        };
        let answer = self.repeat(make, again, until).await?;
        read(&answer)
    }

    /// Sent anew only if it was not carried out: whatever may have been done is looked for first,
    /// and that is not decided here.
    async fn post<T: DeserializeOwned>(
        &self,
        path: &[&str],
        key: &str,
        form: &[(&str, &str)],
        until: Instant,
    ) -> Result<Done<T>, Trouble> {
        let make = || {
            let request = self.client()?.post(self.at(path)?);
            Ok(request.header("idempotency-key", key).form(form))
        };
        let again = |kind: Kind| {
            matches!(kind, Kind::NotNow { again: true } | Kind::Unreached { again: true })
        };
        let answer = self.repeat(make, again, until).await?;
        let replayed = answer.headers.get(REPLAYED).is_some_and(|it| it == "true");
        Ok(Done { object: read(&answer)?, replayed })
    }

    async fn repeat(
        &self,
        make: impl Fn() -> Result<RequestBuilder, Trouble>,
        again: impl Fn(Kind) -> bool,
        until: Instant,
    ) -> Result<Answer, Trouble> {
        let mut pause = FIRST_PAUSE;
        for _ in 1..TRIES {
            match self.send(make()?, until).await {
                Err(trouble) if again(trouble.kind) && Instant::now() + pause < until => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                done => return done,
            }
        }
        self.send(make()?, until).await
    }

    async fn send(&self, request: RequestBuilder, until: Instant) -> Result<Answer, Trouble> {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            let text = "there was no time left to ask Stripe";
            return Err(Trouble::new(Kind::Unreached { again: false }, "OUT_OF_TIME", text));
        }
        let request = request
            .bearer_auth(self.settings.secret_key.expose_secret())
            .header("stripe-version", VERSION)
            .timeout(left.min(self.settings.timeout));
        let answer = self.caller.send(request).await.map_err(Trouble::lost)?;
        if answer.status.is_success() { Ok(answer) } else { Err(Trouble::answered(&answer)) }
    }

    fn client(&self) -> Result<&Client, Trouble> {
        self.caller.client().map_err(Trouble::lost)
    }

    fn at(&self, path: &[&str]) -> Result<Url, Trouble> {
        let mut url = self.settings.url.clone();
        let Ok(mut segments) = url.path_segments_mut() else {
            return Err(Trouble::lost(Lost::Unsendable));
        };
        segments.pop_if_empty().push("v1").extend(path);
        drop(segments);
        Ok(url)
    }
}

fn read<T: DeserializeOwned>(answer: &Answer) -> Result<T, Trouble> {
    let Body::Whole(body) = &answer.body else { return Err(Trouble::unreadable(answer)) };
    serde_json::from_slice(body).map_err(|_| Trouble::unreadable(answer))
}
