use crate::{
    Amount, Currency, Pair,
    cancellation::{Cancellation, CancellationReason, CancelledLine},
    id::{CancellationId, LegId, RefundId},
    order::{Dispute, Fact, FailedTry, Order, OrderState, Parcel},
    refund::{Refund, RefundReason, RefundState},
    screening::{Check, Finding},
    store::StoreFact,
};
use serde::Serialize;

/// Decimals of a refunded line's amount in the merchant currency.
const LINE_DECIMALS: u32 = 4;

/// An amount in both currencies of the order, in decimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Amounts {
    pub customer: String,
    pub merchant: String,
}

/// Some pieces of one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Piece {
    pub cart_item_id: String,
    pub quantity: u32,
    /// Whether the stock goes back to the shelf.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restock: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amounts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

/// Why something was refunded, as whoever asked for it put it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// By what the event is about; written without a name of the variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Data {
    Received {
        state: String,
        customer_currency: String,
        merchant_currency: String,
        total: Amounts,
    },
    State {
        state: String,
    },
    Cancelled {
        state: String,
        cancellation_id: CancellationId,
        requested_by: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    HandoverFailed {
        number: u32,
        class: String,
        cause: String,
        in_doubt: bool,
    },
    Orphaned {
        external_order_id: String,
        external_order_number: String,
    },
    Shipped {
        shipment_id: String,
        carrier: String,
        tracking_number: String,
        lines: Vec<Piece>,
    },
    Lines {
        lines: Vec<Piece>,
    },
    Review {
        check: String,
        /// The names of the rules and list entries.
        findings: Vec<String>,
    },
    Cancellation {
        cancellation_id: CancellationId,
        state: String,
        requested_by: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        customer_reason: Option<String>,
        lines: Vec<Piece>,
        #[serde(skip_serializing_if = "Option::is_none")]
        refund_id: Option<RefundId>,
    },
    Refund {
        refund_id: RefundId,
        refund_number: i64,
        state: String,
        total: Amounts,
        full_refund: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        external_reference: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cancellation_id: Option<CancellationId>,
    },
    /// The provider took a leg back that had settled.
    Reversed {
        refund_id: RefundId,
        refund_number: i64,
        state: String,
        total: Amounts,
        leg_id: LegId,
        tender_id: String,
        /// Of the leg, in the customer currency.
        amount: String,
        currency: String,
        /// The provider's code for why.
        code: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        cancellation_id: Option<CancellationId>,
    },
    /// What the buyer is to be told: in a general form, without products, if there is no reason.
    Notice {
        refund_id: RefundId,
        refund_number: i64,
        currency: String,
        total: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<Reason>,
        lines: Vec<Piece>,
    },
    Points {
        refund_id: RefundId,
        tender_id: String,
        amount: String,
        currency: String,
    },
    Dispute {
        dispute_id: String,
        tender_id: String,
        /// In the customer currency.
        amount: String,
        currency: String,
        state: String,
    },
    Disabled {
        endpoint_id: String,
        url: String,
        why: String,
    },
}

/// About the order as it is where a fact says no more than that.
pub(super) fn of(fact: &Fact, order: &Order) -> (String, Data) {
    specific(fact, order).unwrap_or_else(|| (order.order_id.to_string(), state(order.state)))
}

fn specific(fact: &Fact, order: &Order) -> Option<(String, Data)> {
    let about_order = |data| Some((order.order_id.to_string(), data));
    match fact {
        Fact::OrderReceived { order } => about_order(received(order)),
        Fact::OrderReady => about_order(state(OrderState::Ready)),
        Fact::OrderAccepted { .. } => about_order(state(OrderState::Accepted)),
        Fact::OrderCompleted => about_order(state(OrderState::Completed)),
        Fact::OrderReinstated { state: it } => about_order(state(*it)),
        Fact::OrderCancelled { cancellation_id, requested_by, reason, .. } => {
            about_order(Data::Cancelled {
                state: order_state(OrderState::Cancelled),
                cancellation_id: *cancellation_id,
                requested_by: format!("REQUESTED_BY_{}", requested_by.name()),
                reason: reason.map(cancellation_reason),
            })
        }
        Fact::HandoverFailed { failure, in_doubt } => about_order(failed(failure, *in_doubt)),
        Fact::OrderOrphaned { external } => about_order(Data::Orphaned {
            external_order_id: external.id.clone(),
            external_order_number: external.number.clone(),
        }),
        Fact::Shipped { shipment } => about_order(Data::Shipped {
            shipment_id: shipment.shipment_id.to_string(),
            carrier: shipment.carrier.clone(),
            tracking_number: shipment.tracking_number.clone(),
            lines: parcels(&shipment.parcels),
        }),
        Fact::Delivered { parcels: them } => about_order(Data::Lines { lines: parcels(them) }),
        Fact::ScreeningReview { check, findings, .. } => about_order(review(*check, findings)),
        Fact::RefundCreated { refund, .. } => Some(about_refund(refund, refund.state, order)),
        Fact::RefundHeld { refund_id, .. } => in_state(*refund_id, RefundState::Held, order),
        Fact::RefundSucceeded { refund_id } => in_state(*refund_id, RefundState::Succeeded, order),
        Fact::RefundFailed { refund_id } => in_state(*refund_id, RefundState::Failed, order),
        Fact::RefundReversed { refund_id, leg_id, failure, .. } => {
            reversed(order.refund(*refund_id)?, leg_id, &failure.code, order)
        }
        Fact::RefundVoided { refund_id } => in_state(*refund_id, RefundState::Voided, order),
        Fact::RefundNotice { refund_id } => Some(notice(order.refund(*refund_id)?, order)),
        Fact::PointsRestored { refund_id, tender_id, amount, .. } => {
            let currency = order.customer_currency;
            let data = Data::Points {
                refund_id: *refund_id,
                tender_id: tender_id.to_string(),
                amount: amount.to_text(currency.exponent()),
                currency: currency.code().to_owned(),
            };
            Some((refund_id.to_string(), data))
        }
        Fact::DisputeOpened { dispute }
        | Fact::DisputeWon { dispute }
        | Fact::DisputeLost { dispute } => Some(about_dispute(dispute, order)),
        Fact::CancellationRequested { cancellation }
        | Fact::CancellationAccepted { cancellation }
        | Fact::CancellationRejected { cancellation } => {
            Some(about_cancellation(cancellation, cancellation.state.name(), order))
        }
        Fact::CancellationWithdrawn { cancellation_id, .. } => {
            Some(about_cancellation(order.cancellation(*cancellation_id)?, "WITHDRAWN", order))
        }
        Fact::CancellationCompleted { cancellation_id, .. } => {
            Some(about_cancellation(order.cancellation(*cancellation_id)?, "COMPLETED", order))
        }
        Fact::CancellationUndone { cancellation_id, .. } => {
            Some(about_cancellation(order.cancellation(*cancellation_id)?, "UNDONE", order))
        }
        _ => None,
    }
}

pub(super) fn of_store(fact: &StoreFact) -> Option<(String, Data)> {
    match fact {
        StoreFact::EndpointDisabled { endpoint_id, url, why } => {
            let endpoint_id = endpoint_id.to_string();
            let (url, why) = (url.clone(), why.clone());
            Some((endpoint_id.clone(), Data::Disabled { endpoint_id, url, why }))
        }
        _ => None,
    }
}

fn received(order: &Order) -> Data {
    let lines = order.lines.iter().map(|line| line.total);
    // It was received with a sum that the books hold.
    let total = Pair::sum(lines.chain([order.shipping, order.duties])).unwrap_or_default();
    Data::Received {
        state: order_state(OrderState::Received),
        customer_currency: order.customer_currency.code().to_owned(),
        merchant_currency: order.merchant_currency.code().to_owned(),
        total: amounts(total, order),
    }
}

fn state(state: OrderState) -> Data {
    Data::State { state: order_state(state) }
}

fn order_state(state: OrderState) -> String {
    format!("ORDER_STATE_{}", state.name())
}

fn failed(failure: &FailedTry, in_doubt: bool) -> Data {
    Data::HandoverFailed {
        number: failure.number,
        class: format!("HANDOVER_FAILURE_CLASS_{}", failure.class.name()),
        cause: failure.cause.clone(),
        in_doubt,
    }
}

fn review(check: Check, findings: &[Finding]) -> Data {
    Data::Review {
        check: format!("SCREENING_CHECK_{}", check.name()),
        findings: findings.iter().map(|finding| finding.rule.clone()).collect(),
    }
}

fn parcels(parcels: &[Parcel]) -> Vec<Piece> {
    let piece = |parcel: &Parcel| Piece::of(&parcel.cart_item_id, parcel.quantity);
    parcels.iter().map(piece).collect()
}

fn in_state(refund_id: RefundId, state: RefundState, order: &Order) -> Option<(String, Data)> {
    Some(about_refund(order.refund(refund_id)?, state, order))
}

fn about_refund(refund: &Refund, state: RefundState, order: &Order) -> (String, Data) {
    let data = Data::Refund {
        refund_id: refund.refund_id,
        refund_number: refund.number,
        state: format!("REFUND_STATE_{}", state.name()),
        total: amounts(refund.total, order),
        full_refund: refund.full,
        external_reference: refund.external_reference.clone(),
        cancellation_id: order.cancellation_of(refund.refund_id).map(|it| it.cancellation_id),
    };
    (refund.refund_id.to_string(), data)
}

/// In the state that the refund has after it: one that has other legs on their way goes on.
fn reversed(refund: &Refund, leg_id: &LegId, code: &str, order: &Order) -> Option<(String, Data)> {
    let leg = refund.legs.iter().find(|leg| leg.leg_id == *leg_id)?;
    let data = Data::Reversed {
        refund_id: refund.refund_id,
        refund_number: refund.number,
        state: format!("REFUND_STATE_{}", refund.state.name()),
        total: amounts(refund.total, order),
        leg_id: leg.leg_id.clone(),
        tender_id: leg.tender_id.to_string(),
        amount: text(leg.amount, order.customer_currency),
        currency: order.customer_currency.code().to_owned(),
        code: code.to_owned(),
        cancellation_id: order.cancellation_of(refund.refund_id).map(|it| it.cancellation_id),
    };
    Some((refund.refund_id.to_string(), data))
}

fn notice(refund: &Refund, order: &Order) -> (String, Data) {
    let reason = refund.reason.as_ref().and_then(Reason::of);
    let with_reason = reason.is_some() || refund.products.iter().any(|line| line.reason.is_some());
    let lines = refund.products.iter().filter(|_| with_reason).filter_map(|product| {
        let line = order.lines.get(product.line)?;
        let currency = order.customer_currency;
        let amount = Amounts {
            customer: product.amount.customer.to_text(currency.exponent()),
            merchant: product.amount.merchant.to_text(LINE_DECIMALS),
        };
        Some(Piece {
            amount: Some(amount),
            reason: product.reason.as_ref().and_then(Reason::of),
            ..Piece::of(&line.cart_item_id, product.quantity)
        })
    });
    let currency = order.customer_currency;
    let data = Data::Notice {
        refund_id: refund.refund_id,
        refund_number: refund.number,
        currency: currency.code().to_owned(),
        total: text(refund.total.customer, currency),
        lines: lines.collect(),
        reason,
    };
    (refund.refund_id.to_string(), data)
}

fn about_dispute(dispute: &Dispute, order: &Order) -> (String, Data) {
    let dispute_id = dispute.dispute_id.to_string();
    let data = Data::Dispute {
        dispute_id: dispute_id.clone(),
        tender_id: dispute.tender_id.to_string(),
        amount: text(dispute.amount, order.customer_currency),
        currency: order.customer_currency.code().to_owned(),
        state: format!("DISPUTE_STATE_{}", dispute.state.name()),
    };
    (dispute_id, data)
}

fn about_cancellation(it: &Cancellation, state: &str, order: &Order) -> (String, Data) {
    let piece = |cancelled: &CancelledLine| {
        let line = order.lines.get(cancelled.line)?;
        let restock = Some(cancelled.restock);
        Some(Piece { restock, ..Piece::of(&line.cart_item_id, cancelled.quantity) })
    };
    let reason = |given: &crate::cancellation::Given| cancellation_reason(given.reason);
    let data = Data::Cancellation {
        cancellation_id: it.cancellation_id,
        state: format!("CANCELLATION_STATE_{state}"),
        requested_by: format!("REQUESTED_BY_{}", it.requested_by.name()),
        reason: it.reason.as_ref().map(reason),
        customer_reason: it.customer_reason.as_ref().map(reason),
        lines: it.lines.iter().filter_map(piece).collect(),
        refund_id: it.refund_id,
    };
    (it.cancellation_id.to_string(), data)
}

fn cancellation_reason(reason: CancellationReason) -> String {
    format!("CANCELLATION_REASON_{}", reason.name())
}

fn amounts(pair: Pair, order: &Order) -> Amounts {
    Amounts {
        customer: text(pair.customer, order.customer_currency),
        merchant: text(pair.merchant, order.merchant_currency),
    }
}

fn text(amount: Amount, currency: Currency) -> String {
    amount.to_text(currency.exponent())
}

impl Piece {
    fn of(cart_item_id: &str, quantity: u32) -> Self {
        let cart_item_id = cart_item_id.to_owned();
        Self { cart_item_id, quantity, restock: None, amount: None, reason: None }
    }
}

impl Reason {
    fn of(given: &RefundReason) -> Option<Self> {
        let any = given.code.is_some() || given.name.is_some();
        any.then(|| Self { code: given.code.clone(), name: given.name.clone() })
    }
}
