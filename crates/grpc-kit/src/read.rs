//! Words that more than one service reads.

use crate::{Fields, render};
use domain::{refund::RefundMethod, screening::Check};
use pbjson_types::Timestamp;
use ports::Period;
use time::OffsetDateTime;
use wire::{orders::v1 as orders, refunds::v1 as proto};

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

/// One of the checks of an order.
pub fn screening_check(fields: &mut Fields, field: impl Into<String>, check: i32) -> Option<Check> {
    let named = orders::ScreeningCheck::try_from(check).ok();
    let known = |check: &Check| named == Some(render::screening_check(*check));
    let found = Check::ALL.into_iter().find(known);
    if found.is_none() {
        fields.wrong(field, "must be FRAUD, PROHIBITED_GOODS or DENIED_PARTY");
    }
    found
}
