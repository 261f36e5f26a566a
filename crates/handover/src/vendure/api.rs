//! GraphQL calls to the Admin API, within one push's time.

use super::{
    query,
    session::{Login, Sessions},
};
use crate::{
    answer::{self, unreadable},
    failure::{lost, refused},
    wording,
};
use domain::order::FailureClass;
use outbound::{Answer, Body, Caller};
use ports::{Clock, Push, PushFailure};
use reqwest::{Url, header::HeaderMap};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

const TOKEN: &str = "vendure-auth-token";

pub(super) struct Api<'v> {
    pub caller: &'v Caller,
    pub clock: &'v dyn Clock,
    pub sessions: &'v Sessions,
    pub push: &'v Push<'v>,
    pub call_timeout: Duration,
    pub deadline: Instant,
}

/// Why a call came to nothing.
pub(super) enum Trouble {
    /// The call as such failed.
    Failed(PushFailure),
    /// The shop answered that it will not: with a code, if it has one for that.
    Refused { code: String, message: String },
}

#[derive(Deserialize)]
struct Reply {
    data: Option<Value>,
    #[serde(default)]
    errors: Vec<Fault>,
}

#[derive(Deserialize, Default)]
struct Fault {
    #[serde(default)]
    message: String,
    #[serde(default)]
    extensions: Extensions,
}

#[derive(Deserialize, Default)]
struct Extensions {
    #[serde(default)]
    code: String,
}

/// The answer to a mutation that may refuse: errors are values there.
#[derive(Deserialize)]
struct Done {
    done: Outcome,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    error_code: Option<String>,
    message: Option<String>,
    transition_error: Option<String>,
}

impl Trouble {
    /// As the failure of a push: of this class, unless the code says that it is about something
    /// else.
    pub(super) fn or(self, class: FailureClass) -> PushFailure {
        let (code, message) = match self {
            Self::Failed(failure) => return failure,
            Self::Refused { code, message } => (code, message),
        };
        let class = match code.as_str() {
            "FORBIDDEN" => FailureClass::Authentication,
            // A fault in the shop, or its database's.
            "" | "INTERNAL_SERVER_ERROR" => FailureClass::Transient,
            // The calls do not fit the shop: as a rule it lacks the plugin.
            "GRAPHQL_VALIDATION_FAILED" | "BAD_USER_INPUT" => FailureClass::RejectedOther,
            _ => class,
        };
        let code = if code.is_empty() { "no code" } else { &code };
        refused(class, format!("the shop refused ({code}): {message}"))
    }

    pub(super) fn has_code(&self, wanted: &str) -> bool {
        matches!(self, Self::Refused { code, .. } if code == wanted)
    }
}

impl From<PushFailure> for Trouble {
    fn from(failure: PushFailure) -> Self {
        Self::Failed(failure)
    }
}

impl Api<'_> {
    /// Asks, or changes something that cannot be refused but by failing. Whoever is logged out is
    /// logged in again once.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        query: &str,
        variables: Value,
    ) -> Result<T, Trouble> {
        let body = json!({ "query": query, "variables": variables });
        if let Some(token) = self.sessions.get(self.push.target) {
            let called = self.send(&body, Some(&token)).await;
            match called.and_then(|(data, _)| read(data)) {
                Err(trouble) if trouble.has_code("FORBIDDEN") => {}
                called => return called,
            }
        }
        let token = self.log_in().await?;
        let (data, _) = self.send(&body, Some(&token)).await?;
        read(data)
    }

    /// Changes something, or hears why not. The mutation is to be called `done`.
    pub(super) async fn change(&self, query: &str, variables: Value) -> Result<(), Trouble> {
        let Done { done } = self.call(query, variables).await?;
        match done.error_code {
            None => Ok(()),
            Some(code) => {
                let message = done.transition_error.or(done.message).unwrap_or_default();
                Err(Trouble::Refused { code, message: wording::said(&message, self.push) })
            }
        }
    }

    async fn log_in(&self) -> Result<SecretString, Trouble> {
        let Login { user, password } = Login::of(self.push.target)?;
        let variables = json!({ "user": user, "password": password });
        let body = json!({ "query": query::LOG_IN, "variables": variables });
        let (data, headers) = self.send(&body, None).await?;
        let Done { done } = read(data)?;
        if let Some(code) = done.error_code {
            let text = format!("the shop refused the login ({code})");
            return Err(refused(FailureClass::Authentication, text).into());
        }
        let token = headers.get(TOKEN).and_then(|token| token.to_str().ok());
        let Some(token) = token.filter(|token| !token.is_empty()) else {
            let text = "the shop gives no bearer tokens; its tokenMethod must include bearer";
            return Err(refused(FailureClass::Authentication, text).into());
        };
        let token = SecretString::from(token);
        self.sessions.put(self.push.target, token.clone());
        Ok(token)
    }

    async fn send(
        &self,
        body: &Value,
        token: Option<&SecretString>,
    ) -> Result<(Value, HeaderMap), Trouble> {
        let url: Url =
            self.push.target.url.parse().map_err(|_| {
                refused(FailureClass::RejectedOther, "the shop's URL cannot be read")
            })?;
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            let text = "the push took too long; it goes on with the next try";
            return Err(refused(FailureClass::Transient, text).into());
        }
        let mut request = self.caller.client().map_err(lost)?.post(url).json(body);
        request = request.timeout(left.min(self.call_timeout));
        if let Some(token) = token {
            request = request.bearer_auth(token.expose_secret());
        }
        let answer = self.caller.send(request).await.map_err(lost)?;
        self.judge(answer)
    }

    /// A reply says for itself what went wrong, also under a status that is no success.
    fn judge(&self, answer: Answer) -> Result<(Value, HeaderMap), Trouble> {
        let status = answer.status;
        let reply: Option<Reply> = match &answer.body {
            Body::Whole(body) => serde_json::from_slice(body).ok(),
            Body::TooLong | Body::BrokenOff => None,
        };
        let understood = status.is_success() || status.as_u16() == 400;
        match reply {
            Some(Reply { data: Some(data), errors }) if understood && errors.is_empty() => {
                Ok((data, answer.headers))
            }
            Some(Reply { errors, .. }) if understood && !errors.is_empty() => {
                let fault = errors.into_iter().next();
                let Fault { message, extensions } = fault.unwrap_or_default();
                let message = wording::said(&message, self.push);
                Err(Trouble::Refused { code: extensions.code, message })
            }
            _ if status.is_success() => Err(unreadable(&answer).into()),
            _ => Err(answer::failure(&answer, "", self.clock.now()).into()),
        }
    }
}

fn read<T: DeserializeOwned>(data: Value) -> Result<T, Trouble> {
    serde_json::from_value(data).map_err(|_| {
        let text = "the shop's answer is not understood";
        crate::failure::in_doubt(FailureClass::RejectedOther, text).into()
    })
}
