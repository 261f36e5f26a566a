//! Words that more than one service reads.

use crate::{Fields, render};
use domain::{
    cancellation::CancellationState,
    refund::{RefundMethod, RefundState},
    screening::Check,
};
use pbjson_types::Timestamp;
use ports::Period;
use time::OffsetDateTime;
use wire::refunds::v1 as proto;

/// The way back for money; the tenders' own if none is named.
pub fn refund_method(fields: &mut Fields, method: i32) -> RefundMethod {
    match proto::RefundMethod::try_from(method) {
        Ok(proto::RefundMethod::Unspecified | proto::RefundMethod::Original) => {
            RefundMethod::Original
        }
        Ok(proto::RefundMethod::GiftCard) => RefundMethod::GiftCard,
        Ok(proto::RefundMethod::StoreCredit) => RefundMethod::StoreCredit,
        Ok(proto::RefundMethod::Points) => RefundMethod::Points,
        Ok(proto::RefundMethod::BankDeposit) => RefundMethod::BankDeposit,
        Err(_) => {
            fields.wrong("refund_method", "must be a refund method");
            RefundMethod::Original
        }
    }
}

/// A field with a time, and its name.
pub type Bound<'m> = (&'static str, Option<&'m Timestamp>);

/// From a time on, and before another.
pub fn period(fields: &mut Fields, from: Bound<'_>, before: Bound<'_>) -> Period {
    let mut time = |(field, at): Bound<'_>| {
        let at = at?;
        let nanos = i128::from(at.seconds) * 1_000_000_000 + i128::from(at.nanos);
        let time = OffsetDateTime::from_unix_timestamp_nanos(nanos).ok();
        if time.is_none() {
            fields.wrong(field, "must be a time of the years 0 to 9999");
        }
        time
    };
    Period { from: time(from), before: time(before) }
}

/// Which of some words a number stands for, by how each of them is shown.
pub fn one_of<W: Copy, S: Into<i32>>(
    words: impl IntoIterator<Item = W>,
    shown: impl Fn(W) -> S,
    number: i32,
) -> Option<W> {
    words.into_iter().find(|word| shown(*word).into() == number)
}

pub fn cancellation_state(number: i32) -> Option<CancellationState> {
    one_of(CancellationState::ALL, render::cancellation_state, number)
}

pub fn refund_state(number: i32) -> Option<RefundState> {
    one_of(RefundState::ALL, render::refund_state, number)
}

/// Every word of a list; `fault` is what is wrong with a number that stands for none.
pub fn each<W>(
    fields: &mut Fields,
    field: &str,
    numbers: &[i32],
    read: impl Fn(i32) -> Option<W>,
    fault: &str,
) -> Vec<W> {
    let mut words = Vec::new();
    for (index, number) in numbers.iter().enumerate() {
        match read(*number) {
            Some(word) => words.push(word),
            None => fields.wrong(format!("{field}[{index}]"), fault),
        }
    }
    words
}

/// One of the checks of an order.
pub fn screening_check(fields: &mut Fields, field: impl Into<String>, check: i32) -> Option<Check> {
    let found = one_of(Check::ALL, render::screening_check, check);
    if found.is_none() {
        fields.wrong(field, "must be FRAUD, PROHIBITED_GOODS or DENIED_PARTY");
    }
    found
}
