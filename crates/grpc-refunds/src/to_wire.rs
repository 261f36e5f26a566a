//! Domain values become messages here.

use application::Quoted;
use domain::{
    order::Order,
    refund::{Refund, RefundReason},
    store::{RefundReasonEntry, Store},
};
use grpc_kit::{
    render::{leg, refund, refundable},
    timestamp,
};
use std::fmt::Write as _;
use wire::refunds::v1 as proto;

pub(crate) fn quoted(quoted: &Quoted) -> proto::QuoteRefundResponse {
    let order = &quoted.order.state;
    let hint = quoted.plan.refund.hint.clone().unwrap_or_default();
    let hash = quoted.quote.hash.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    let plan = proto::Refund {
        refund_id: String::new(),
        legs: quoted
            .plan
            .refund
            .legs
            .iter()
            .map(|leg| proto::RefundLeg { leg_id: String::new(), ..self::leg(order, leg) })
            .collect(),
        create_time: None,
        ..refund(order, &quoted.plan.refund)
    };
    proto::QuoteRefundResponse {
        quote_id: quoted.quote.quote_id.to_string(),
        expire_time: Some(timestamp(quoted.quote.expires_at)),
        order_version: quoted.order.version.0,
        hash,
        plan: Some(plan),
        left: Some(refundable(order, quoted.order.version, &quoted.plan.left)),
        hint,
    }
}

/// A new refund with its store as it is at this time.
pub(crate) fn new_refund(
    order: &Order,
    refund: &Refund,
    store: &Store,
) -> proto::CreateRefundResponse {
    let mapped = |reason: Option<&RefundReason>| mapped(&store.settings.refund_reasons, reason);
    let store = proto::StoreThen {
        merchant_guid: store.merchant_guid.clone(),
        web_store_code: store.web_store_code.clone().unwrap_or_default(),
        web_store_instance_code: store.web_store_instance_code.clone().unwrap_or_default(),
        refund_reason: Some(mapped(refund.reason.as_ref())),
        product_reasons: refund
            .products
            .iter()
            .map(|product| mapped(product.reason.as_ref()))
            .collect(),
    };
    proto::CreateRefundResponse { refund: Some(self::refund(order, refund)), store: Some(store) }
}

/// The store's entry for what was sent, by its code.
fn mapped(known: &[RefundReasonEntry], sent: Option<&RefundReason>) -> proto::MappedReason {
    let code = sent.and_then(|sent| sent.code.as_ref());
    let entry = known.iter().find(|known| Some(&known.code) == code);
    let reason = entry.map(|entry| proto::RefundReason {
        code: Some(entry.code.clone()),
        name: entry.name.clone(),
    });
    proto::MappedReason { reason }
}
