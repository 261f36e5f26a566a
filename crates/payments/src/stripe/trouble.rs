//! What an answer that is no success says about a call.
//!
//! Statuses and codes: <https://docs.stripe.com/api/errors>,
//! <https://docs.stripe.com/error-low-level>, <https://docs.stripe.com/error-codes>.

use crate::failure;
use domain::refund::LegFailure;
use outbound::{Answer, Body, Lost, plain};
use ports::{NoAnswer, PaymentOutcome};
use reqwest::StatusCode;
use serde::Deserialize;

/// Stripe says so if another try would be in vain.
const SHOULD_RETRY: &str = "stripe-should-retry";

/// Codes of refusals that may pass: somebody else has the payment at hand, the account cannot pay
/// just now, or the bank cannot be reached.
const PASSING: [&str; 7] = [
    "lock_timeout",
    "rate_limit",
    "balance_insufficient",
    "insufficient_funds",
    "processing_error",
    "issuer_not_available",
    "try_again_later",
];

/// Why a call came to nothing.
#[derive(Debug)]
pub(super) struct Trouble {
    pub failure: LegFailure,
    pub kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing was done, and asking again will not help.
    Never,
    /// Nothing was done. `again`: it may be sent anew at once.
    NotNow { again: bool },
    /// Nothing was sent. `again`: it may be sent anew at once.
    Unreached { again: bool },
    /// It may have been done.
    Unclear,
    /// The same call is being carried out at this moment.
    UnderWay,
}

#[derive(Deserialize)]
struct Fault {
    error: Said,
}

/// What Stripe calls an error object.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Said {
    r#type: String,
    code: Option<String>,
    decline_code: Option<String>,
    message: Option<String>,
    param: Option<String>,
}

impl Trouble {
    pub fn new(kind: Kind, code: &str, message: impl Into<String>) -> Self {
        Self { failure: failure(code, message), kind }
    }

    /// There is no answer.
    pub fn lost(lost: Lost) -> Self {
        match lost {
            Lost::OutOfReach | Lost::Unsendable => {
                let text = "payments.stripe.url cannot be called";
                Self::new(Kind::Unreached { again: false }, "UNAVAILABLE", text)
            }
            Lost::NotSent(why) => {
                let text = format!("Stripe was not reached: {why}");
                Self::new(Kind::Unreached { again: true }, "UNAVAILABLE", text)
            }
            Lost::Unanswered(why) => {
                Self::new(Kind::Unclear, "UNAVAILABLE", format!("Stripe did not answer: {why}"))
            }
        }
    }

    /// An answer with a status that is no success.
    pub fn answered(answer: &Answer) -> Self {
        let said = said(&answer.body);
        let (kind, code, message) = match answer.status.as_u16() {
            // What Stripe says of a key holds a part of it, so that is not repeated.
            401 => {
                let text = "Stripe does not know the key in payments.stripe.secret_key";
                (Kind::NotNow { again: false }, "AUTHENTICATION".to_owned(), text.to_owned())
            }
            403 => {
                let text = "the key in payments.stripe.secret_key may not do this at Stripe";
                (Kind::NotNow { again: false }, "FORBIDDEN".to_owned(), text.to_owned())
            }
            408 | 424 | 500.. => {
                let text = format!("Stripe could not say whether it was done: {}", answer.status);
                (Kind::Unclear, "UNAVAILABLE".to_owned(), text)
            }
            409 => {
                let text = "Stripe is at the same call already";
                (Kind::UnderWay, "UNDER_WAY".to_owned(), text.to_owned())
            }
            429 => {
                let code = said.and_then(|said| said.code);
                let code = code.unwrap_or_else(|| "rate_limit".to_owned()).to_ascii_uppercase();
                let again = answer.headers.get(SHOULD_RETRY).is_none_or(|it| it != "false");
                (Kind::NotNow { again }, code, "Stripe has too much to do now".to_owned())
            }
            400..500 => match said {
                Some(said) => said.refusal(answer.status),
                // It does not come from Stripe, so nothing of Stripe's is known.
                None => return Self::unreadable(answer),
            },
            _ => return Self::unreadable(answer),
        };
        Self::new(kind, &code, message)
    }

    /// An answer that says nothing that is understood.
    pub fn unreadable(answer: &Answer) -> Self {
        let why = match answer.body {
            Body::BrokenOff => "the answer broke off",
            Body::TooLong => "the answer is too long",
            Body::Whole(_) => "the answer is not understood",
        };
        let text = format!("{why} ({})", answer.status);
        Self::new(Kind::Unclear, "UNAVAILABLE", text)
    }

    /// What became of the leg, if this is the answer to the call that was to carry it out.
    pub fn of_the_call(self) -> PaymentOutcome {
        match self.kind {
            Kind::Unclear | Kind::UnderWay => PaymentOutcome::Unknown,
            Kind::Never => PaymentOutcome::Declined { failure: self.failure, permanent: true },
            Kind::Unreached { .. } => PaymentOutcome::Unsent(self.failure),
            Kind::NotNow { .. } => {
                PaymentOutcome::Declined { failure: self.failure, permanent: false }
            }
        }
    }

    /// The same if a look at the payment came to nothing before anything was sent.
    pub fn before_the_call(self) -> PaymentOutcome {
        match self.kind {
            Kind::Unreached { .. } => PaymentOutcome::Unsent(self.failure),
            // It was there and could not say what it has. That may be so of this payment alone and
            // for ever, so it is a try like one whose answer is lost.
            Kind::Unclear => PaymentOutcome::Unknown,
            Kind::Never => PaymentOutcome::Declined { failure: self.failure, permanent: true },
            Kind::UnderWay | Kind::NotNow { .. } => {
                PaymentOutcome::Declined { failure: self.failure, permanent: false }
            }
        }
    }

    /// The same for a question.
    pub fn no_answer(self) -> NoAnswer {
        match self.kind {
            Kind::Unclear | Kind::Unreached { .. } => NoAnswer::Down(self.failure),
            Kind::Never | Kind::NotNow { .. } | Kind::UnderWay => NoAnswer::Refused(self.failure),
        }
    }
}

fn said(body: &Body) -> Option<Said> {
    let Body::Whole(body) = body else { return None };
    serde_json::from_slice::<Fault>(body).ok().map(|fault| fault.error)
}

impl Said {
    fn refusal(self, status: StatusCode) -> (Kind, String, String) {
        let message = plain(self.message.as_deref().unwrap_or_default());
        let message = if message.is_empty() { status.to_string() } else { message };
        if self.r#type == "idempotency_error" {
            return (Kind::Never, "KEY_REUSED".to_owned(), message);
        }
        let codes = [self.code.as_deref(), self.decline_code.as_deref()];
        if self.r#type == "api_error" {
            return (Kind::Unclear, "UNAVAILABLE".to_owned(), message);
        }
        let passing = codes.into_iter().flatten().any(|code| PASSING.contains(&code));
        let kind = if passing { Kind::NotNow { again: false } } else { Kind::Never };
        let code = match codes {
            [Some(code), _] => code.to_ascii_uppercase(),
            _ if status == StatusCode::NOT_FOUND => "RESOURCE_MISSING".to_owned(),
            // More than is left of a payment has no code of its own.
            _ if self.param.as_deref() == Some("amount") => "EXCEEDS_PAYMENT".to_owned(),
            _ if self.r#type.is_empty() => "REFUSED".to_owned(),
            _ => self.r#type.to_ascii_uppercase(),
        };
        (kind, plain(&code), message)
    }
}
