//! Messages become requests here, or are sent back with every mistake named.

use application::{Grant, NewCancellation, Proof};
use domain::{
    cancellation::{
        AskedLine, CancellationReason, Channel, Charges, Given, RequestedBy, default_channel,
    },
    order::Order,
    refund::RefundMethod,
};
use grpc_kit::{
    Fields, MAX_COMMENT, cancellation_state, each, one_of, period, refund_method, render,
};
use ports::CancellationFilter;
use wire::cancellations::v1 as proto;

/// Characters of a payment's reference.
const MAX_REFERENCE: usize = 255;
/// Characters of ids that others give.
const MAX_ID: usize = 128;
/// Values of one kind in a filter; no enumeration has more.
const MAX_VALUES: usize = 20;

pub(crate) fn cancel(fields: &mut Fields, message: &proto::CancelOrderRequest) -> NewCancellation {
    let requested_by = match proto::RequestedBy::try_from(message.requested_by) {
        Ok(proto::RequestedBy::Unspecified | proto::RequestedBy::Merchant) => RequestedBy::Merchant,
        Ok(proto::RequestedBy::Customer) => RequestedBy::Customer,
        // The domain says why not.
        Ok(proto::RequestedBy::Platform) => RequestedBy::Platform,
        Err(_) => {
            fields.wrong("requested_by", "must be one of the parties");
            RequestedBy::Merchant
        }
    };
    NewCancellation {
        lines: lines(fields, &message.lines),
        requested_by,
        channel: channel(fields, message.channel, default_channel(requested_by)),
        reason: given(fields, message.reason, &message.comment),
        charges: Charges {
            shipping_refund: message.shipping_refund,
            shipping_amount: fields.decimal("shipping_amount", message.shipping_amount.as_deref()),
            fee: fields.decimal("fee", message.fee.as_deref()),
        },
        method: method(fields, message.refund_method),
    }
}

/// What is looked at is what would be asked for; only the reason may be left open.
pub(crate) fn of_preview(message: proto::PreviewCancellationRequest) -> proto::CancelOrderRequest {
    let reason = match message.reason {
        0 => proto::CancellationReason::ChangedMind.into(),
        given => given,
    };
    proto::CancelOrderRequest {
        store_id: message.store_id,
        order_id: message.order_id,
        request_id: String::new(),
        lines: message.lines,
        reason,
        comment: message.comment,
        refund_method: message.refund_method,
        shipping_refund: message.shipping_refund,
        shipping_amount: message.shipping_amount,
        fee: message.fee,
        requested_by: message.requested_by,
        channel: message.channel,
    }
}

pub(crate) fn request(
    fields: &mut Fields,
    message: &proto::RequestCancellationRequest,
) -> NewCancellation {
    let party = proto::RequestedBy::try_from(message.requested_by);
    if !matches!(party, Ok(proto::RequestedBy::Unspecified | proto::RequestedBy::Customer)) {
        fields.wrong("requested_by", "must be REQUESTED_BY_CUSTOMER: a request is a customer's");
    }
    NewCancellation {
        lines: lines(fields, &message.lines),
        requested_by: RequestedBy::Customer,
        channel: channel(fields, message.channel, Channel::Account),
        reason: given(fields, message.reason, &message.comment),
        charges: Charges {
            shipping_refund: message.shipping_refund,
            shipping_amount: fields.decimal("shipping_amount", message.shipping_amount.as_deref()),
            fee: fields.decimal("fee", message.fee.as_deref()),
        },
        method: RefundMethod::Original,
    }
}

pub(crate) fn grant(fields: &mut Fields, message: &proto::AcceptCancellationRequest) -> Grant {
    Grant {
        reason: given(fields, message.reason, &message.comment),
        method: method(fields, message.refund_method),
        shipping_refund: message.shipping_refund,
    }
}

/// Value is not turned into a gift card on the way back.
fn method(fields: &mut Fields, method: i32) -> RefundMethod {
    let method = refund_method(fields, method);
    if method == RefundMethod::GiftCard {
        let text = "must be ORIGINAL, BANK_DEPOSIT, STORE_CREDIT or POINTS";
        fields.wrong("refund_method", text);
    }
    method
}

pub(crate) fn lines(fields: &mut Fields, lines: &[proto::CancelledLine]) -> Vec<AskedLine> {
    if lines.len() > Order::MAX_LINES {
        fields.wrong("lines", format!("must be at most {}", Order::MAX_LINES));
    }
    let mut read = Vec::with_capacity(lines.len().min(Order::MAX_LINES));
    for (index, line) in lines.iter().take(Order::MAX_LINES).enumerate() {
        let at = |name: &str| format!("lines[{index}].{name}");
        let id = fields.text(&at("cart_item_id"), &line.cart_item_id, MAX_ID);
        let quantity = u32::try_from(line.quantity).ok().filter(|quantity| *quantity > 0);
        if quantity.is_none() {
            fields.wrong(at("quantity"), "must be at least 1");
        }
        let quantity = quantity.unwrap_or(1);
        read.push(AskedLine { cart_item_id: id, quantity, restock: line.restock });
    }
    read
}

pub(crate) fn given(fields: &mut Fields, reason: i32, comment: &str) -> Given {
    let text = fields.optional_text("comment", comment, MAX_COMMENT);
    let reason = self::reason(reason).unwrap_or_else(|| {
        fields.wrong("reason", "must be a cancellation reason");
        CancellationReason::Other
    });
    Given { reason, text }
}

fn reason(reason: i32) -> Option<CancellationReason> {
    one_of(CancellationReason::ALL, render::cancellation_reason, reason)
}

fn channel(fields: &mut Fields, channel: i32, default: Channel) -> Channel {
    match proto::Channel::try_from(channel) {
        Ok(proto::Channel::Unspecified) => default,
        Ok(proto::Channel::Account) => Channel::Account,
        Ok(proto::Channel::Contact) => Channel::Contact,
        Ok(proto::Channel::Merchant) => Channel::Merchant,
        Ok(proto::Channel::System) | Err(_) => {
            fields.wrong("channel", "must be ACCOUNT, CONTACT or MERCHANT");
            default
        }
    }
}

pub(crate) fn proof(fields: &mut Fields, evidence: Option<&proto::Evidence>) -> Option<Proof> {
    let evidence = evidence?;
    match (&evidence.repaid, evidence.recaptured) {
        (Some(_), true) => {
            fields.wrong("evidence", "must be repaid or recaptured, not both");
            None
        }
        (Some(repaid), false) => {
            let field = "evidence.repaid.payment_reference";
            let reference = fields.text(field, &repaid.payment_reference, MAX_REFERENCE);
            let amount = fields.decimal("evidence.repaid.amount", Some(&repaid.amount));
            amount.map(|amount| Proof::Repaid { payment_reference: reference, amount })
        }
        (None, true) => Some(Proof::Recaptured),
        (None, false) => None,
    }
}

pub(crate) fn filter(
    fields: &mut Fields,
    message: &proto::ListCancellationsRequest,
) -> CancellationFilter {
    CancellationFilter {
        order_id: None,
        states: values(fields, "states", &message.states, cancellation_state),
        requested_by: values(fields, "requested_by", &message.requested_by, party),
        reasons: values(fields, "reasons", &message.reasons, reason),
        created: period(
            fields,
            ("created_after", message.created_after.as_ref()),
            ("created_before", message.created_before.as_ref()),
        ),
        accepted: period(
            fields,
            ("accepted_after", message.accepted_after.as_ref()),
            ("accepted_before", message.accepted_before.as_ref()),
        ),
        completed: period(
            fields,
            ("completed_after", message.completed_after.as_ref()),
            ("completed_before", message.completed_before.as_ref()),
        ),
        product_code: fields.optional_text("product_code", &message.product_code, MAX_ID),
    }
}

fn values<T>(
    fields: &mut Fields,
    field: &str,
    asked: &[i32],
    read: impl Fn(i32) -> Option<T>,
) -> Vec<T> {
    if asked.len() > MAX_VALUES {
        fields.wrong(field, format!("must be at most {MAX_VALUES}"));
    }
    let asked = &asked[..asked.len().min(MAX_VALUES)];
    each(fields, field, asked, read, "is not one of the values")
}

fn party(party: i32) -> Option<RequestedBy> {
    one_of(RequestedBy::ALL, crate::to_wire::party, party)
}
