//! The table of state × command. What is not listed is refused.

use super::{
    Command, ExternalIds, Fact, Order, OrderState, dispute, handover, late, payment, screening,
    shipping,
};
use crate::{Amount, Reason, Rejection, cancellation, refund};

pub(super) fn decide(order: &Order, command: Command) -> Result<Vec<Fact>, Rejection> {
    match command {
        Command::MarkReady { plug_and_play } => mark_ready(order, plug_and_play),
        Command::RecordScreening { check, verdict, findings, by, at } => {
            screening::record(order, check, verdict, findings, by, at)
        }
        Command::ResolveScreening { check, clear, comment, by, at } => {
            screening::resolve(order, check, clear, comment, by, at)
        }
        Command::StartHandover { turn, target } => handover::start(order, turn, target),
        Command::RecordHandover { turn, outcome, at } => handover::record(order, turn, outcome, at),
        Command::RetryHandover { by } => handover::retry(order, by),
        Command::Accept(external) => accept(order, external),
        Command::SetExternalReference(external) => set_external_reference(order, external),
        Command::Complete => complete(order),
        Command::ErasePersonalData => erase_personal_data(order),
        Command::RecordPayment(report) => payment::record(order, report, false),
        Command::RecordLatePayment(late) => late::give_back(order, *late),
        Command::RecordDispute(report) => dispute::record(order, &report),
        Command::SettleDispute(settle) => dispute::settle(order, *settle),
        Command::Ship(shipment) => shipping::ship(order, shipment),
        Command::Deliver(parcels) => shipping::deliver(order, parcels),
        Command::CreateRefund(create) => refund::create(order, &create),
        Command::HoldRefund { refund_id, by, reason } => refund::hold(order, refund_id, by, reason),
        Command::ReleaseRefund { refund_id } => refund::release(order, refund_id),
        Command::ApproveRefund { refund_id, by } => refund::approve(order, refund_id, by),
        Command::RetryRefund { refund_id, at } => refund::retry(order, refund_id, at),
        Command::ConfirmManual { refund_id, reference, at } => {
            refund::confirm_manual(order, refund_id, &reference, at)
        }
        Command::SendLeg { refund_id, leg_id, attempt, at } => {
            refund::send_leg(order, refund_id, &leg_id, attempt, at)
        }
        Command::RecordLeg { refund_id, leg_id, attempt, outcome, at } => {
            refund::record_leg(order, refund_id, &leg_id, attempt, outcome, at)
        }
        Command::ChangeRefundMethod { refund_id, method, at } => {
            refund::change_method(order, refund_id, method, at)
        }
        Command::RequestCancellation(request) => cancellation::request(order, &request),
        Command::WithdrawCancellation { cancellation_id, at } => {
            cancellation::withdraw(order, cancellation_id, at)
        }
        Command::AcceptCancellation(accept) => cancellation::accept(order, *accept),
        Command::RejectCancellation(reject) => cancellation::reject(order, *reject),
        Command::CancelOrder(cancel) => cancellation::cancel(order, *cancel),
        Command::CancelByPlatform(cancel) => cancellation::platform_cancel(order, *cancel),
        Command::UndoCancellation(undo) => cancellation::undo(order, &undo),
    }
}

/// L2: every payment has to be confirmed, and every check clear.
fn mark_ready(order: &Order, plug_and_play: bool) -> Result<Vec<Fact>, Rejection> {
    match order.state {
        OrderState::Received => {
            if let Some(open) = order.tenders.iter().find(|tender| !tender.is_confirmed()) {
                let text = format!(
                    "tender {} is {}, not authorised or captured",
                    open.tender_id,
                    open.state.name()
                );
                return Err(Rejection::new(Reason::OrderNotReady, text)
                    .with("tender_id", &open.tender_id)
                    .with("tender_state", open.state.name()));
            }
            screening::all_clear(order)?;
            let mut facts = vec![Fact::OrderReady];
            facts.extend(plug_and_play.then_some(Fact::HandoverQueued));
            Ok(facts)
        }
        OrderState::Ready => Ok(vec![]),
        _ => Err(forbidden(order, "become ready")),
    }
}

/// L8 to L11.
fn accept(order: &Order, external: ExternalIds) -> Result<Vec<Fact>, Rejection> {
    match order.state {
        OrderState::Ready => Ok(vec![Fact::OrderAccepted { external }]),
        OrderState::Accepted | OrderState::Completed => same_ids(order, &external),
        OrderState::Received => Err(not_ready(order)),
        OrderState::Cancelled => Err(cancelled(order)),
    }
}

/// L11: draft ids may be stored before the order is accepted.
fn set_external_reference(order: &Order, external: ExternalIds) -> Result<Vec<Fact>, Rejection> {
    match order.state {
        OrderState::Received | OrderState::Ready => {
            if order.external.as_ref() == Some(&external) {
                return Ok(vec![]);
            }
            Ok(vec![Fact::ExternalReferenceSet { external }])
        }
        OrderState::Accepted | OrderState::Completed => same_ids(order, &external),
        OrderState::Cancelled => Err(cancelled(order)),
    }
}

fn same_ids(order: &Order, asked: &ExternalIds) -> Result<Vec<Fact>, Rejection> {
    match &order.external {
        Some(held) if held != asked => {
            let text =
                format!("the order was already accepted as id {} number {}", held.id, held.number);
            Err(Rejection::new(Reason::OrderAlreadyAccepted, text)
                .with("external_order_id", &held.id)
                .with("external_order_number", &held.number)
                .with("state", order.state.name()))
        }
        _ => Ok(vec![]),
    }
}

/// L17: the capture has to be done, or not needed.
fn complete(order: &Order) -> Result<Vec<Fact>, Rejection> {
    match order.state {
        OrderState::Accepted => all_captured(order).map(|()| vec![Fact::OrderCompleted]),
        OrderState::Completed => Ok(vec![]),
        OrderState::Received => Err(not_ready(order)),
        OrderState::Ready => Err(forbidden(order, "be completed before it is accepted")),
        OrderState::Cancelled => Err(cancelled(order)),
    }
}

/// Nobody is forgotten whom something is still to be sent to: until an order is accepted it has yet
/// to be checked and handed over.
fn erase_personal_data(order: &Order) -> Result<Vec<Fact>, Rejection> {
    match order.state {
        _ if order.personal_data_erased => Ok(vec![]),
        OrderState::Accepted | OrderState::Completed | OrderState::Cancelled => {
            Ok(vec![Fact::PersonalDataErased])
        }
        OrderState::Received | OrderState::Ready => {
            Err(forbidden(order, "lose its buyer before it is accepted or cancelled"))
        }
    }
}

/// What was let go of a tender need not be captured.
fn all_captured(order: &Order) -> Result<(), Rejection> {
    let books = order.books()?;
    for (tender, released) in order.tenders.iter().zip(&books.released) {
        let due = tender.amount.minus(*released)?.max(Amount::ZERO);
        if tender.captured < due {
            let text = format!(
                "{} of tender {} is captured, {due} has to be",
                tender.captured, tender.tender_id
            );
            return Err(Rejection::new(Reason::PaymentNotCaptured, text)
                .with("tender_id", &tender.tender_id)
                .with("captured", tender.captured)
                .with("amount", due));
        }
    }
    Ok(())
}

pub(crate) fn not_ready(order: &Order) -> Rejection {
    let text = format!("the order is {} and not ready yet", order.state.name());
    Rejection::new(Reason::OrderNotReady, text).with("state", order.state.name())
}

pub(crate) fn cancelled(order: &Order) -> Rejection {
    Rejection::new(Reason::OrderCancelled, "the order is CANCELLED")
        .with("state", order.state.name())
}

fn forbidden(order: &Order, command: &str) -> Rejection {
    let text = format!("an order that is {} cannot {command}", order.state.name());
    Rejection::new(Reason::OrderStateForbids, text).with("state", order.state.name())
}
