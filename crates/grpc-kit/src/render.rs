//! What more than one service shows: domain values as messages.

mod gift_card;
mod refund;
mod tender;

pub use gift_card::gift_card;
pub use refund::{
    component, explanation, leg, reason, refund, refund_method, refund_state, refundable,
};
pub use tender::{dispute, tender, tender_method};

use domain::{
    Actor,
    cancellation::{CancellationReason, CancellationState},
    order::OrderState,
    screening::Check,
};
use wire::{cancellations::v1 as proto, orders::v1 as orders};

/// Whoever did something, as `created_by` and a session have it.
pub fn actor(actor: &Actor) -> String {
    format!("{}:{}", actor.kind.name(), actor.id)
}

pub const fn order_state(state: OrderState) -> orders::OrderState {
    match state {
        OrderState::Received => orders::OrderState::Received,
        OrderState::Ready => orders::OrderState::Ready,
        OrderState::Accepted => orders::OrderState::Accepted,
        OrderState::Completed => orders::OrderState::Completed,
        OrderState::Cancelled => orders::OrderState::Cancelled,
    }
}

pub const fn cancellation_state(state: CancellationState) -> proto::CancellationState {
    match state {
        CancellationState::Requested => proto::CancellationState::Requested,
        CancellationState::Rejected => proto::CancellationState::Rejected,
        CancellationState::Withdrawn => proto::CancellationState::Withdrawn,
        CancellationState::InProgress => proto::CancellationState::InProgress,
        CancellationState::Completed => proto::CancellationState::Completed,
        CancellationState::Undone => proto::CancellationState::Undone,
    }
}

pub const fn screening_check(check: Check) -> orders::ScreeningCheck {
    match check {
        Check::Fraud => orders::ScreeningCheck::Fraud,
        Check::ProhibitedGoods => orders::ScreeningCheck::ProhibitedGoods,
        Check::DeniedParty => orders::ScreeningCheck::DeniedParty,
    }
}

/// Pieces and tries as the contract counts them.
pub fn count(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

pub const fn cancellation_reason(reason: CancellationReason) -> proto::CancellationReason {
    match reason {
        CancellationReason::ChangedMind => proto::CancellationReason::ChangedMind,
        CancellationReason::ShippingDelay => proto::CancellationReason::ShippingDelay,
        CancellationReason::OutOfStock => proto::CancellationReason::OutOfStock,
        CancellationReason::Defective => proto::CancellationReason::Defective,
        CancellationReason::WrongInformation => proto::CancellationReason::WrongInformation,
        CancellationReason::UndeliverableArea => proto::CancellationReason::UndeliverableArea,
        CancellationReason::PriceError => proto::CancellationReason::PriceError,
        CancellationReason::PaymentFailed => proto::CancellationReason::PaymentFailed,
        CancellationReason::FraudDetected => proto::CancellationReason::FraudDetected,
        CancellationReason::ProhibitedGoods => proto::CancellationReason::ProhibitedGoods,
        CancellationReason::DeniedParty => proto::CancellationReason::DeniedParty,
        CancellationReason::HandoverFailed => proto::CancellationReason::HandoverFailed,
        CancellationReason::ExportImpossible => proto::CancellationReason::ExportImpossible,
        CancellationReason::Other => proto::CancellationReason::Other,
    }
}
