//! How a shop answers.

use crate::{
    answer::{self, with_status},
    failure::{in_doubt, refused},
    wording,
};
use domain::order::{ExternalIds, FailureClass};
use outbound::{Answer, Body};
use ports::{Push, PushFailure};
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;

/// Characters of a shop's id or number.
const MAX_ID: usize = 128;

/// Shops name these in their own way; the shorter name counts first.
#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    id: Value,
    #[serde(default)]
    external_order_id: Value,
    #[serde(default)]
    number: Value,
    #[serde(default)]
    external_order_number: Value,
}

#[derive(Deserialize, Default)]
struct Refusal {
    #[serde(default)]
    error: Value,
    #[serde(default)]
    message: Value,
}

/// The shop has the order and says what it calls it.
pub(super) fn ids(answer: &Answer) -> Option<ExternalIds> {
    if !answer.status.is_success() && answer.status != StatusCode::CONFLICT {
        return None;
    }
    let named: Named = json(answer)?;
    let id = name(given(named.id, named.external_order_id)?)?;
    let number = match given(named.number, named.external_order_number) {
        Some(number) => name(number)?,
        None => id.clone(),
    };
    Some(ExternalIds { id, number })
}

/// Why the shop does not have it.
pub(super) fn failure(answer: &Answer, push: &Push<'_>, now: OffsetDateTime) -> PushFailure {
    let refusal: Option<Refusal> = json(answer);
    let understood = refusal.is_some();
    let Refusal { error, message } = refusal.unwrap_or_default();
    let message = wording::said(message.as_str().unwrap_or_default(), push);
    let failure = answer::failure(answer, &message, now);
    let named = FailureClass::ALL.into_iter().find(|class| error.as_str() == Some(class.name()));
    match (failure.class, named) {
        (FailureClass::RejectedOther, Some(class)) if answer.status.is_client_error() => {
            PushFailure { class, ..failure }
        }
        _ if answer.status.is_redirection() => {
            let text = with_status(answer.status, "redirects are not followed");
            refused(FailureClass::RejectedOther, text)
        }
        // It says that it has the order, and not by which name.
        _ if answer.status == StatusCode::CONFLICT && !(understood && error.is_string()) => {
            in_doubt(FailureClass::RejectedOther, failure.cause)
        }
        _ => failure,
    }
}

fn json<T: for<'de> Deserialize<'de>>(answer: &Answer) -> Option<T> {
    match &answer.body {
        Body::Whole(body) => serde_json::from_slice(body).ok(),
        Body::TooLong | Body::BrokenOff => None,
    }
}

fn given(first: Value, second: Value) -> Option<Value> {
    [first, second].into_iter().find(|value| !value.is_null())
}

/// A text or a whole number.
fn name(value: Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text,
        Value::Number(number) if number.is_i64() || number.is_u64() => number.to_string(),
        _ => return None,
    };
    let fits = (1..=MAX_ID).contains(&text.chars().count()) && !text.contains(char::is_control);
    fits.then_some(text)
}
