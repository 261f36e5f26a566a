//! Words that more than one service reads.

use crate::Fields;
use domain::refund::RefundMethod;
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
