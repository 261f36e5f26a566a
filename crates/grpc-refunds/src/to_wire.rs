//! Domain values become messages here.

use application::{Quoted, Reported};
use domain::{
    amount::AmountError,
    order::Order,
    refund::{Leg, Refund, RefundReason},
    store::{RefundReasonEntry, Store},
};
use grpc_kit::{
    render::{component, explanation, gift_card, leg, reason, refund, refund_state, refundable},
    timestamp,
};
use ports::own_value::Balances;
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
        explanations: quoted.plan.derivations.iter().map(|it| explanation(order, it)).collect(),
    }
}

/// A new refund with its store as it is at this time.
pub(crate) fn new_refund(
    order: &Order,
    refund: &Refund,
    store: &Store,
    balances: &Balances,
) -> Result<proto::CreateRefundResponse, AmountError> {
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
    let cards = refund.gift_cards(order)?;
    Ok(proto::CreateRefundResponse {
        refund: Some(self::refund(order, refund)),
        store: Some(store),
        gift_cards: cards
            .iter()
            .map(|card| gift_card(order, card, balances))
            .collect::<Result<_, _>>()?,
    })
}

/// A row for each component of a refund, in their order.
pub(crate) fn rows(
    reported: &Reported,
) -> impl Iterator<Item = proto::ExportRefundComponentsResponse> + '_ {
    let Reported { order, refund, settled_at } = reported;
    (1..).zip(&refund.components).map(move |(place, component)| {
        let proto::RefundComponent { r#type, amount, charged_to } =
            self::component(order, component);
        let row = proto::RefundComponentRow {
            refund_id: refund.refund_id.to_string(),
            refund_number: refund.number,
            credit_note_number: credit_note_number(refund),
            order_id: order.order_id.to_string(),
            external_order_id: order.external.as_ref().map(|it| it.id.clone()).unwrap_or_default(),
            state: refund_state(refund.state).into(),
            create_time: Some(timestamp(refund.created_at)),
            settle_time: settled_at.map(timestamp),
            place,
            component_type: r#type,
            amount,
            customer_currency: order.customer_currency.to_string(),
            merchant_currency: order.merchant_currency.to_string(),
            charged_to,
            external_reference: refund.external_reference.clone().unwrap_or_default(),
            refund_reason: refund.reason.as_ref().map(reason),
            legs: refund.legs.iter().map(|leg| row_leg(order, leg)).collect(),
        };
        proto::ExportRefundComponentsResponse { row: Some(row) }
    })
}

/// As the contract promises it: a refund has one number for ever, so its credit note does.
fn credit_note_number(refund: &Refund) -> String {
    format!("CN-{}", refund.number)
}

fn row_leg(order: &Order, leg: &Leg) -> proto::RefundComponentLeg {
    let proto::RefundLeg { tender_id, kind, amount, state, .. } = self::leg(order, leg);
    proto::RefundComponentLeg { tender_id, kind, amount, state }
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
