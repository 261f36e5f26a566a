//! Reading fields: every one that is wrong is named, all of them at once.

use crate::{Admitted, refusal};
use application::{Failure, Request};
use domain::{Amount, Currency, Reason, amount::parse_decimal, rejection::Violations};
use prost::Message;
use rust_decimal::Decimal;
use sha2::{Digest, Sha256};
use std::{fmt::Display, str::FromStr};
use time::OffsetDateTime;
use tonic::Status;

/// Characters of a comment.
pub const MAX_COMMENT: usize = 2_000;
/// Decimals of an amount in any currency.
const MOST_DECIMALS: u32 = 4;
/// Characters of a request id.
const MAX_REQUEST_ID: usize = 128;

/// The refusal of a request for one field alone.
pub(crate) fn refused(field: &str, description: impl Display) -> Status {
    let mut fields = Fields::new();
    fields.wrong(field, description);
    // It is never empty here.
    fields.finish().err().unwrap_or_else(refusal::internal)
}

/// Reads the fields of one request and gathers what is wrong with them.
#[derive(Debug, Default)]
pub struct Fields {
    wrong: Violations,
    only_amounts: bool,
}

impl Fields {
    pub fn new() -> Self {
        Self { wrong: Violations::default(), only_amounts: true }
    }

    pub fn nothing_wrong(&self) -> bool {
        self.wrong.is_empty()
    }

    pub fn wrong(&mut self, field: impl Into<String>, description: impl Display) {
        self.only_amounts = false;
        self.wrong.push(field, description);
    }

    /// Keeps the value, or notes what is wrong with the field.
    pub fn check<T, E: Display>(
        &mut self,
        field: impl Into<String>,
        value: Result<T, E>,
    ) -> Option<T> {
        value.map_err(|error| self.wrong(field, error)).ok()
    }

    pub fn parse<T>(&mut self, field: impl Into<String>, text: &str) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        self.check(field, text.parse::<T>())
    }

    /// A text that has to be there, of at most `most` characters and without control characters.
    pub fn text(&mut self, field: &str, text: &str, most: usize) -> String {
        if text.is_empty() {
            self.wrong(field, "must be given");
        }
        self.optional_text(field, text, most).unwrap_or_default()
    }

    /// A text that may be missing. NUL and other control characters but line breaks and tabs are
    /// refused: not every place a text goes to can carry them.
    pub fn optional_text(&mut self, field: &str, text: &str, most: usize) -> Option<String> {
        if text.chars().count() > most {
            self.wrong(field, format!("must have at most {most} characters"));
        }
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            self.wrong(field, "must not have control characters");
        }
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// An amount: it has no more decimals than its currency. Where the currency is at fault itself,
    /// it is only read as a plain decimal, so that all faults are named at once.
    pub fn amount(
        &mut self,
        field: impl Into<String>,
        text: &str,
        currency: impl Into<Option<Currency>>,
    ) -> Amount {
        let read = match currency.into() {
            Some(currency) => Amount::parse(text, currency),
            None => {
                parse_decimal(text).and_then(|decimal| Amount::from_decimal(decimal, MOST_DECIMALS))
            }
        };
        match read {
            Ok(amount) => amount,
            Err(error) => {
                self.wrong.push(field, error);
                Amount::ZERO
            }
        }
    }

    /// A decimal whose currency only the order knows.
    pub fn decimal(&mut self, field: impl Into<String>, text: Option<&str>) -> Option<Decimal> {
        let text = text?;
        parse_decimal(text).map_err(|error| self.wrong.push(field, error)).ok()
    }

    /// A time, if there is one.
    pub fn time(
        &mut self,
        field: impl Into<String>,
        at: Option<&pbjson_types::Timestamp>,
    ) -> Option<OffsetDateTime> {
        let at = at?;
        let nanos = i128::from(at.seconds) * 1_000_000_000 + i128::from(at.nanos);
        let time = OffsetDateTime::from_unix_timestamp_nanos(nanos).ok();
        if time.is_none() {
            self.wrong(field, "must be a time of the years 0 to 9999");
        }
        time
    }

    /// The id that makes a command idempotent: the field, or the header that may stand for it.
    pub fn request_id(&mut self, field: &str, admitted: &Admitted) -> String {
        let header = admitted.idempotency_key.as_deref().unwrap_or_default();
        let id = if field.is_empty() { header } else { field };
        if !header.is_empty() && id != header {
            self.wrong("request_id", "must equal the header idempotency-key if both are given");
        }
        if id.is_empty() {
            self.wrong("request_id", "must be given, here or as the header idempotency-key");
        } else if id.len() > MAX_REQUEST_ID || !id.bytes().all(|b| b.is_ascii_graphic()) {
            let text = format!("must be 1 to {MAX_REQUEST_ID} visible ASCII characters");
            self.wrong("request_id", text);
        }
        id.to_owned()
    }

    /// # Errors
    ///
    /// `INVALID_ARGUMENT` that names every field at fault.
    pub fn finish(self) -> Result<(), Status> {
        let only_amounts = self.only_amounts;
        let reason = if only_amounts { Reason::InvalidAmount } else { Reason::InvalidFields };
        let result = self.wrong.into_result(reason);
        result.map_err(|rejection| refusal::of(&Failure::Rejected(rejection)))
    }
}

/// The request of a command. `content` is the message without its request id, so that the id
/// can be compared with what it was used for.
pub fn fingerprint(id: String, method: &'static str, content: &impl Message) -> Request {
    Request { id, method, fingerprint: Sha256::digest(content.encode_to_vec()).into() }
}

/// A time as it is shown.
pub fn timestamp(at: OffsetDateTime) -> pbjson_types::Timestamp {
    let nanos = i32::try_from(at.nanosecond()).unwrap_or_default();
    pbjson_types::Timestamp { seconds: at.unix_timestamp(), nanos }
}
