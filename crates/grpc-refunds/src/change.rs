//! The calls that change a refund after it was made: alike but for the command they mean.

use domain::{Actor, id::RefundId, order::Command};
use grpc_kit::{Fields, refund_method};
use prost::Message;
use time::OffsetDateTime;
use wire::refunds::v1 as proto;

/// Characters of a reason for a hold.
const MAX_REASON: usize = 500;
/// Characters of a payout's reference.
const MAX_REFERENCE: usize = 255;

pub(crate) trait Change: Message + Default + Send + Sync + 'static {
    const METHOD: &'static str;

    /// Store, order, refund and request id.
    fn names(&self) -> (&str, &str, &str, &str);

    /// What the command says beside the names.
    fn check(&self, _fields: &mut Fields) {}

    fn without_request_id(self) -> Self;

    fn command(&self, refund_id: RefundId, by: Actor, at: OffsetDateTime) -> Command;
}

macro_rules! names {
    () => {
        fn names(&self) -> (&str, &str, &str, &str) {
            (&self.store_id, &self.order_id, &self.refund_id, &self.request_id)
        }

        fn without_request_id(self) -> Self {
            Self { request_id: String::new(), ..self }
        }
    };
}

impl Change for proto::RetryRefundRequest {
    const METHOD: &'static str = "RetryRefund";
    names!();

    fn command(&self, refund_id: RefundId, _by: Actor, at: OffsetDateTime) -> Command {
        Command::RetryRefund { refund_id, at }
    }
}

impl Change for proto::HoldRefundRequest {
    const METHOD: &'static str = "HoldRefund";
    names!();

    fn check(&self, fields: &mut Fields) {
        fields.text("reason", &self.reason, MAX_REASON);
    }

    fn command(&self, refund_id: RefundId, by: Actor, _at: OffsetDateTime) -> Command {
        Command::HoldRefund { refund_id, by, reason: self.reason.clone() }
    }
}

impl Change for proto::ReleaseRefundRequest {
    const METHOD: &'static str = "ReleaseRefund";
    names!();

    fn command(&self, refund_id: RefundId, _by: Actor, _at: OffsetDateTime) -> Command {
        Command::ReleaseRefund { refund_id }
    }
}

impl Change for proto::ApproveRefundRequest {
    const METHOD: &'static str = "ApproveRefund";
    names!();

    fn command(&self, refund_id: RefundId, by: Actor, _at: OffsetDateTime) -> Command {
        Command::ApproveRefund { refund_id, by }
    }
}

impl Change for proto::ConfirmManualRefundRequest {
    const METHOD: &'static str = "ConfirmManualRefund";
    names!();

    fn check(&self, fields: &mut Fields) {
        fields.text("payment_reference", &self.payment_reference, MAX_REFERENCE);
    }

    fn command(&self, refund_id: RefundId, _by: Actor, at: OffsetDateTime) -> Command {
        let reference = self.payment_reference.clone();
        Command::ConfirmManual { refund_id, reference, at }
    }
}

impl Change for proto::ChangeRefundMethodRequest {
    const METHOD: &'static str = "ChangeRefundMethod";
    names!();

    fn check(&self, fields: &mut Fields) {
        if self.refund_method() == proto::RefundMethod::Unspecified {
            fields.wrong("refund_method", "must be a refund method");
        }
    }

    fn command(&self, refund_id: RefundId, _by: Actor, at: OffsetDateTime) -> Command {
        // It was checked, so that nothing can be wrong with it here.
        let method = refund_method(&mut Fields::new(), self.refund_method);
        Command::ChangeRefundMethod { refund_id, method, at }
    }
}
