//! Words that more than one service reads.

use crate::{Fields, render};
use domain::{refund::RefundMethod, screening::Check};
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
