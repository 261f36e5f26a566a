//! The calls that change a refund after it was made: alike but for the command they mean.

use domain::{Actor, id::RefundId, order::Command};
use grpc_kit::Fields;
use prost::Message;
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

    fn command(&self, refund_id: RefundId, by: Actor) -> Command;
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

    fn command(&self, refund_id: RefundId, _by: Actor) -> Command {
        Command::RetryRefund { refund_id }
    }
}

impl Change for proto::HoldRefundRequest {
    const METHOD: &'static str = "HoldRefund";
    names!();

    fn check(&self, fields: &mut Fields) {
        fields.text("reason", &self.reason, MAX_REASON);
    }

    fn command(&self, refund_id: RefundId, by: Actor) -> Command {
        Command::HoldRefund { refund_id, by, reason: self.reason.clone() }
    }
}

impl Change for proto::ReleaseRefundRequest {
    const METHOD: &'static str = "ReleaseRefund";
    names!();

    fn command(&self, refund_id: RefundId, _by: Actor) -> Command {
        Command::ReleaseRefund { refund_id }
    }
}

impl Change for proto::ApproveRefundRequest {
    const METHOD: &'static str = "ApproveRefund";
    names!();

    fn command(&self, refund_id: RefundId, by: Actor) -> Command {
        Command::ApproveRefund { refund_id, by }
    }
}

impl Change for proto::ConfirmManualRefundRequest {
    const METHOD: &'static str = "ConfirmManualRefund";
    names!();

    fn check(&self, fields: &mut Fields) {
        fields.text("payment_reference", &self.payment_reference, MAX_REFERENCE);
    }

    fn command(&self, refund_id: RefundId, _by: Actor) -> Command {
        Command::ConfirmManual { refund_id, reference: self.payment_reference.clone() }
    }
}
