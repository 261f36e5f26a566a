//! Which orders a list is to show.

use super::MAX_NAME;
use domain::{
    cancellation::CancellationState,
    order::{HandoverState, OrderState},
    refund::RefundState,
    screening::CheckState,
};
use grpc_kit::Fields;
use ports::{OrderFilter, OrderSort};
use wire::orders::v1 as proto;

pub(crate) fn filter(
    fields: &mut Fields,
    message: &proto::ListOrdersRequest,
) -> (OrderFilter, OrderSort) {
    let sort = match proto::OrderSort::try_from(message.order_by) {
        Ok(proto::OrderSort::CreateTimeAsc) => OrderSort::OldestFirst,
        Ok(_) => OrderSort::NewestFirst,
        Err(_) => {
            fields.wrong("order_by", "must be an order sort");
            OrderSort::NewestFirst
        }
    };
    let states = each(fields, "states", &message.states, state, "an order state");
    let cancellations = each(
        fields,
        "cancellation_states",
        &message.cancellation_states,
        cancellation,
        "a cancellation state",
    );
    let refunds = each(fields, "refund_states", &message.refund_states, refund, "a refund state");
    let screening =
        each(fields, "screening_states", &message.screening_states, screening, "a screening state");
    let handover =
        each(fields, "handover_states", &message.handover_states, handover, "a hand-over state");
    let search = search(fields, &message.search);
    let mut text = |name: &str, value: &str| fields.optional_text(name, value, MAX_NAME);
    let filter = OrderFilter {
        states,
        screening,
        handover,
        cancellations,
        refunds,
        search,
        external_order_id: text("external_order_id", &message.external_order_id),
        buyer_email: text("buyer_email", &message.buyer_email),
        product_code: text("product_code", &message.product_code),
        created_from: fields.time("created_after", message.created_after.as_ref()),
        created_before: fields.time("created_before", message.created_before.as_ref()),
    };
    let most = OrderFilter::MAX_TOGETHER;
    if filter.count() > most {
        let text = format!("must be at most {most} together, and {} are given", filter.count());
        fields.wrong("filters", text);
    }
    (filter, sort)
}

fn each<S>(
    fields: &mut Fields,
    field: &str,
    values: &[i32],
    read: impl Fn(i32) -> Option<S>,
    what: &str,
) -> Vec<S> {
    let mut states = Vec::new();
    for (index, value) in within_limit(fields, field, values) {
        match read(*value) {
            Some(state) => states.push(state),
            None => fields.wrong(format!("{field}[{index}]"), format!("must be {what}")),
        }
    }
    states
}

fn search(fields: &mut Fields, terms: &[String]) -> Vec<String> {
    let mut read = Vec::new();
    for (index, term) in within_limit(fields, "search", terms) {
        let term = fields.text(&format!("search[{index}]"), term.trim(), MAX_NAME);
        read.push(term);
    }
    read
}

fn within_limit<'v, V>(
    fields: &mut Fields,
    field: &str,
    values: &'v [V],
) -> impl Iterator<Item = (usize, &'v V)> + use<'v, V> {
    let most = OrderFilter::MAX_VALUES;
    if values.len() > most {
        fields.wrong(field, format!("must be at most {most}, and {} are given", values.len()));
    }
    values.iter().take(most).enumerate()
}

fn state(state: i32) -> Option<OrderState> {
    match proto::OrderState::try_from(state).ok()? {
        proto::OrderState::Unspecified => None,
        proto::OrderState::Received => Some(OrderState::Received),
        proto::OrderState::Ready => Some(OrderState::Ready),
        proto::OrderState::Accepted => Some(OrderState::Accepted),
        proto::OrderState::Completed => Some(OrderState::Completed),
        proto::OrderState::Cancelled => Some(OrderState::Cancelled),
    }
}

fn cancellation(state: i32) -> Option<CancellationState> {
    match proto::CancellationState::try_from(state).ok()? {
        proto::CancellationState::Unspecified => None,
        proto::CancellationState::Requested => Some(CancellationState::Requested),
        proto::CancellationState::Rejected => Some(CancellationState::Rejected),
        proto::CancellationState::Withdrawn => Some(CancellationState::Withdrawn),
        proto::CancellationState::InProgress => Some(CancellationState::InProgress),
        proto::CancellationState::Completed => Some(CancellationState::Completed),
        proto::CancellationState::Undone => Some(CancellationState::Undone),
    }
}

fn refund(state: i32) -> Option<RefundState> {
    match proto::RefundState::try_from(state).ok()? {
        proto::RefundState::Unspecified => None,
        proto::RefundState::Pending => Some(RefundState::Pending),
        proto::RefundState::Held => Some(RefundState::Held),
        proto::RefundState::Succeeded => Some(RefundState::Succeeded),
        proto::RefundState::Failed => Some(RefundState::Failed),
        proto::RefundState::Voided => Some(RefundState::Voided),
    }
}

fn screening(state: i32) -> Option<CheckState> {
    match proto::ScreeningState::try_from(state).ok()? {
        proto::ScreeningState::Unspecified => None,
        proto::ScreeningState::Pending => Some(CheckState::Pending),
        proto::ScreeningState::Clear => Some(CheckState::Clear),
        proto::ScreeningState::Review => Some(CheckState::Review),
        proto::ScreeningState::Failed => Some(CheckState::Failed),
    }
}

fn handover(state: i32) -> Option<HandoverState> {
    match proto::HandoverState::try_from(state).ok()? {
        proto::HandoverState::Unspecified => None,
        proto::HandoverState::NotApplicable => Some(HandoverState::NotApplicable),
        proto::HandoverState::Queued => Some(HandoverState::Queued),
        proto::HandoverState::InFlight => Some(HandoverState::InFlight),
        proto::HandoverState::Retrying => Some(HandoverState::Retrying),
        proto::HandoverState::Succeeded => Some(HandoverState::Succeeded),
        proto::HandoverState::Exhausted => Some(HandoverState::Exhausted),
    }
}
