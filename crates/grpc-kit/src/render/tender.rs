//! Tenders as messages.

use crate::{amount, timestamp};
use domain::{
    Amount,
    order::{Dispute, DisputeState, Order, Recovery, Tender, TenderMethod, TenderState},
    refund::{Leg, LegKind, LegState},
};
use wire::orders::v1 as proto;

pub fn tender(order: &Order, tender: &Tender) -> proto::Tender {
    let text = |value: Amount| amount(value, order.customer_currency);
    let (released, refunded) = (settled(order, tender, true), settled(order, tender, false));
    proto::Tender {
        tender_id: tender.tender_id.to_string(),
        method: tender_method(tender.method).into(),
        provider: tender.provider.clone(),
        provider_reference: tender.provider_reference.clone(),
        amount: text(tender.amount),
        state: state(tender, released).into(),
        authorized: text(tender.authorized),
        captured: text(tender.captured),
        released: text(released),
        refunded: text(refunded),
        origin: origin(tender).into(),
        recovered_from: tender
            .recovered
            .as_ref()
            .map(|recovered| recovered.cancellation_id.to_string())
            .unwrap_or_default(),
        disputed: text(disputed(order, tender)),
    }
}

pub fn dispute(order: &Order, dispute: &Dispute) -> proto::Dispute {
    let state = match dispute.state {
        DisputeState::Open => proto::DisputeState::Open,
        DisputeState::Won => proto::DisputeState::Won,
        DisputeState::Lost => proto::DisputeState::Lost,
    };
    proto::Dispute {
        dispute_id: dispute.dispute_id.to_string(),
        tender_id: dispute.tender_id.to_string(),
        amount: amount(dispute.amount, order.customer_currency),
        state: state.into(),
        open_time: Some(timestamp(dispute.opened_at)),
        as_of: Some(timestamp(dispute.as_of)),
    }
}

fn disputed(order: &Order, tender: &Tender) -> Amount {
    let disputes = order.disputes.iter().filter(|it| it.tender_id == tender.tender_id);
    let taking = disputes.filter(|it| it.state.takes()).map(|it| it.amount);
    Amount::sum(taking).unwrap_or_default()
}

pub const fn tender_method(method: TenderMethod) -> proto::TenderMethod {
    match method {
        TenderMethod::Card => proto::TenderMethod::Card,
        TenderMethod::Wallet => proto::TenderMethod::Wallet,
        TenderMethod::BankTransfer => proto::TenderMethod::BankTransfer,
        TenderMethod::Mobile => proto::TenderMethod::Mobile,
        TenderMethod::GiftCard => proto::TenderMethod::GiftCard,
        TenderMethod::Points => proto::TenderMethod::Points,
        TenderMethod::StoreCredit => proto::TenderMethod::StoreCredit,
        TenderMethod::CashOnDelivery => proto::TenderMethod::CashOnDelivery,
    }
}

/// An authorisation of which nothing was captured and everything let go is released.
fn state(tender: &Tender, released: Amount) -> proto::TenderState {
    let all = released.is_positive() && released == tender.authorized;
    match tender.state {
        TenderState::Pending => proto::TenderState::Pending,
        TenderState::Authorized if all => proto::TenderState::Released,
        TenderState::Authorized => proto::TenderState::Authorized,
        TenderState::Captured => proto::TenderState::Captured,
        TenderState::Failed => proto::TenderState::Failed,
    }
}

fn origin(tender: &Tender) -> proto::TenderOrigin {
    match tender.recovered.as_ref().map(|recovered| recovered.by) {
        None => proto::TenderOrigin::Checkout,
        Some(Recovery::Repaid) => proto::TenderOrigin::Repaid,
        Some(Recovery::Recaptured) => proto::TenderOrigin::Recaptured,
        Some(Recovery::TakenBack) => proto::TenderOrigin::TakenBack,
    }
}

/// Money that is back, or let go: what only waits does not count here.
fn settled(order: &Order, tender: &Tender, release: bool) -> Amount {
    let legs = order.refunds.iter().flat_map(|refund| &refund.legs);
    let counts = |leg: &&Leg| {
        leg.tender_id == tender.tender_id
            && leg.state == LegState::Settled
            && (leg.kind == LegKind::Release) == release
    };
    Amount::sum(legs.filter(counts).map(|leg| leg.amount)).unwrap_or_default()
}
