//! Refunds as messages.

use super::{actor, count, tender_method};
use crate::{amount, line_pair, pair, timestamp};
use domain::{
    Amount,
    order::{Order, Refundable},
    refund::{
        Bearer, Component, ComponentKind, Derivation, Hold, Leg, LegKind, LegMismatch, LegState,
        Refund, RefundMethod, RefundProduct, RefundReason, RefundState, Side,
    },
};
use ports::Version;
use wire::{orders::v1 as orders, refunds::v1 as proto};

pub fn refund(order: &Order, refund: &Refund) -> proto::Refund {
    proto::Refund {
        refund_id: refund.refund_id.to_string(),
        refund_number: refund.number,
        store_id: order.store_id.to_string(),
        order_id: order.order_id.to_string(),
        external_order_id: order.external.as_ref().map(|it| it.id.clone()).unwrap_or_default(),
        state: refund_state(refund.state).into(),
        full_refund: refund.full,
        total: Some(pair(refund.total, order)),
        customer_currency: order.customer_currency.to_string(),
        merchant_currency: order.merchant_currency.to_string(),
        products: refund.products.iter().map(|product| self::product(order, product)).collect(),
        components: refund.components.iter().map(|it| component(order, it)).collect(),
        legs: refund.legs.iter().map(|leg| self::leg(order, leg)).collect(),
        refund_reason: refund.reason.as_ref().map(reason),
        refund_comments: refund.comments.clone().unwrap_or_default(),
        external_reference: refund.external_reference.clone().unwrap_or_default(),
        refund_method: refund_method(refund.method).into(),
        settings_version: refund.settings_version,
        order_version: refund.order_version,
        hold: refund.hold.as_ref().map(hold).unwrap_or_default(),
        needs_approval: refund.hold == Some(Hold::Approval),
        hint: refund.hint.clone().unwrap_or_default(),
        created_by: actor(&refund.created_by),
        create_time: Some(timestamp(refund.created_at)),
    }
}

fn product(order: &Order, product: &RefundProduct) -> proto::RefundProduct {
    let line = order.lines.get(product.line);
    proto::RefundProduct {
        cart_item_id: line.map(|line| line.cart_item_id.clone()).unwrap_or_default(),
        product_code: line.and_then(|line| line.product_code.clone()).unwrap_or_default(),
        refund_quantity: count(product.quantity),
        amount: Some(line_pair(product.amount, order)),
        refund_reason: product.reason.as_ref().map(reason),
        refund_comments: product.comments.clone().unwrap_or_default(),
    }
}

pub fn component(order: &Order, component: &Component) -> proto::RefundComponent {
    let kind = match component.kind {
        ComponentKind::Products => proto::ComponentType::Products,
        ComponentKind::Shipping => proto::ComponentType::Shipping,
        ComponentKind::Duties => proto::ComponentType::Duties,
        ComponentKind::ServiceGesture => proto::ComponentType::ServiceGesture,
        ComponentKind::PrepaidReturn => proto::ComponentType::PrepaidReturn,
        ComponentKind::CancellationFee => proto::ComponentType::CancellationFee,
    };
    let charged_to = match component.charged_to {
        Bearer::Merchant => proto::ChargedTo::Merchant,
        Bearer::Platform => proto::ChargedTo::Platform,
    };
    proto::RefundComponent {
        r#type: kind.into(),
        amount: Some(pair(component.amount, order)),
        charged_to: charged_to.into(),
    }
}

pub fn leg(order: &Order, leg: &Leg) -> proto::RefundLeg {
    let kind = match leg.kind {
        LegKind::Release => proto::LegKind::Release,
        LegKind::Refund => proto::LegKind::Refund,
        LegKind::Restore => proto::LegKind::Restore,
        LegKind::Manual => proto::LegKind::Manual,
    };
    let state = match leg.state {
        LegState::Pending => proto::LegState::Pending,
        LegState::Sent => proto::LegState::Sent,
        LegState::Unknown => proto::LegState::Unknown,
        LegState::Accepted => proto::LegState::Accepted,
        LegState::Settled => proto::LegState::Settled,
        LegState::Failed => proto::LegState::Failed,
        LegState::Voided => proto::LegState::Voided,
    };
    let failure = leg.failure.as_ref().map(|it| format!("{}: {}", it.code, it.message));
    proto::RefundLeg {
        leg_id: leg.leg_id.to_string(),
        tender_id: leg.tender_id.to_string(),
        tender_method: method_of(order, leg).into(),
        kind: kind.into(),
        amount: amount(leg.amount, order.customer_currency),
        state: state.into(),
        provider: leg.provider.clone(),
        provider_reference: leg.reference.clone().unwrap_or_default(),
        attempts: count(leg.attempts),
        failure: failure.unwrap_or_default(),
        reversed: leg.reversed,
        mismatch: leg.mismatch.as_ref().map(mismatch).unwrap_or_default(),
    }
}

pub fn reason(reason: &RefundReason) -> proto::RefundReason {
    proto::RefundReason { code: reason.code.clone(), name: reason.name.clone().unwrap_or_default() }
}

fn mismatch(LegMismatch { reference, asked, said }: &LegMismatch) -> String {
    format!("{said} as {reference}, {asked} was asked")
}

fn hold(hold: &Hold) -> String {
    match hold {
        Hold::Approval => "waits for another manager's approval".to_owned(),
        Hold::Person { by, reason } => format!("held by {}: {reason}", by.id),
    }
}

pub const fn refund_state(state: RefundState) -> proto::RefundState {
    match state {
        RefundState::Pending => proto::RefundState::Pending,
        RefundState::Held => proto::RefundState::Held,
        RefundState::Succeeded => proto::RefundState::Succeeded,
        RefundState::Failed => proto::RefundState::Failed,
        RefundState::Voided => proto::RefundState::Voided,
    }
}

pub const fn refund_method(method: RefundMethod) -> proto::RefundMethod {
    match method {
        RefundMethod::Original => proto::RefundMethod::Original,
        RefundMethod::GiftCard => proto::RefundMethod::GiftCard,
        RefundMethod::StoreCredit => proto::RefundMethod::StoreCredit,
        RefundMethod::Points => proto::RefundMethod::Points,
        RefundMethod::BankDeposit => proto::RefundMethod::BankDeposit,
    }
}

pub fn refundable(order: &Order, version: Version, left: &Refundable) -> proto::Refundable {
    let text = |value: Amount| amount(value, order.customer_currency);
    let lines = left.lines.iter().map(|line| proto::RefundableLine {
        cart_item_id: line.cart_item_id.clone(),
        quantity: count(line.quantity),
        amount: Some(line_pair(line.amount, order)),
    });
    let tenders = left.tenders.iter().map(|tender| proto::RefundableTender {
        tender_id: tender.tender_id.to_string(),
        captured: text(tender.captured),
        refunded: text(tender.refunded),
        left: text(tender.left),
        uncaptured: text(tender.uncaptured),
        disputed: text(tender.disputed),
    });
    proto::Refundable {
        total: Some(pair(left.total, order)),
        lines: lines.collect(),
        shipping: Some(pair(left.shipping, order)),
        duties: Some(pair(left.duties, order)),
        tenders: tenders.collect(),
        version: version.0,
    }
}

pub fn explanation(order: &Order, derivation: &Derivation) -> proto::Explanation {
    let currency = match derivation.side {
        Side::Customer => order.customer_currency,
        Side::Merchant => order.merchant_currency,
    };
    let text = |value: Amount| value.to_text(derivation.decimals.max(currency.exponent()));
    proto::Explanation {
        subject: derivation.subject.clone(),
        currency: currency.to_string(),
        rule: derivation.rule.name().to_owned(),
        before: text(derivation.before),
        after: text(derivation.after),
        rounding: format!("half away from zero, {} decimals", derivation.decimals),
        amount: text(derivation.amount),
        text: derivation.rule.text().to_owned(),
    }
}

fn method_of(order: &Order, leg: &Leg) -> orders::TenderMethod {
    let tender = order.tender(&leg.tender_id);
    tender.map_or(orders::TenderMethod::Unspecified, |tender| tender_method(tender.method))
}
