//! What became of a message, in words for the merchant.

use super::signature::PREFIX;
use outbound::{Answer, Body, Lost, plain, retry_after};
use ports::{Outgoing, Reception, Sent};
use reqwest::StatusCode;

/// Where nothing that follows the status counts.
pub(super) fn by_status(status: StatusCode) -> Option<Sent> {
    let reception = match status {
        StatusCode::GONE => Reception::Gone,
        _ if status.is_success() => Reception::Accepted,
        _ if status.is_redirection() => failed(with_status(status, "redirects are not followed")),
        _ => return None,
    };
    Some(Sent { status: Some(status.as_u16()), reception })
}

/// Of a failure that the endpoint may have said more about.
pub(super) fn of(answer: &Answer, message: &Outgoing<'_>) -> Sent {
    let status = answer.status;
    let reception = Reception::Failed {
        why: with_status(status, &said(&answer.body, message.secrets)),
        retry_after: match status {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                retry_after(&answer.headers, message.at)
            }
            _ => None,
        },
    };
    Sent { status: Some(status.as_u16()), reception }
}

pub(super) fn lost(lost: Lost) -> Sent {
    match lost {
        Lost::OutOfReach => unsent("the URL's address may not be called"),
        Lost::Unsendable => unsent("the URL cannot be called"),
        Lost::NotSent(why) => unsent(&format!("the endpoint was not reached: {why}")),
        Lost::Unanswered(why) => unsent(&format!("the endpoint did not answer: {why}")),
    }
}

pub(super) fn unsent(why: &str) -> Sent {
    Sent { status: None, reception: failed(why.to_owned()) }
}

fn failed(why: String) -> Reception {
    Reception::Failed { why, retry_after: None }
}

fn with_status(status: StatusCode, said: &str) -> String {
    let code = status.as_u16();
    if said.is_empty() { format!("HTTP {code}") } else { format!("HTTP {code}: {said}") }
}

/// Some of what the endpoint said, without its secrets, should it repeat them.
fn said(body: &Body, secrets: &[String]) -> String {
    let Body::Whole(body) = body else { return String::new() };
    let mut text = String::from_utf8_lossy(body).into_owned();
    for secret in secrets {
        text = text.replace(secret.strip_prefix(PREFIX).unwrap_or(secret), "…");
    }
    plain(&text)
}
