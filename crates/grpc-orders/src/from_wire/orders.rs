//! Which orders a list is to show.

use super::MAX_NAME;
use crate::to_wire;
use domain::{
    order::{HandoverState, OrderState},
    screening::CheckState,
};
use grpc_kit::{Fields, cancellation_state, each, one_of, refund_state, render::order_state};
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
    let states = several(fields, "states", &message.states, state, "must be an order state");
    let cancellations = several(
        fields,
        "cancellation_states",
        &message.cancellation_states,
        cancellation_state,
        "must be a cancellation state",
    );
    let refunds = several(
        fields,
        "refund_states",
        &message.refund_states,
        refund_state,
        "must be a refund state",
    );
    let screening = several(
        fields,
        "screening_states",
        &message.screening_states,
        screening,
        "must be a screening state",
    );
    let handover = several(
        fields,
        "handover_states",
        &message.handover_states,
        handover,
        "must be a hand-over state",
    );
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

fn several<S>(
    fields: &mut Fields,
    field: &str,
    numbers: &[i32],
    read: impl Fn(i32) -> Option<S>,
    fault: &str,
) -> Vec<S> {
    let numbers = within_limit(fields, field, numbers);
    each(fields, field, numbers, read, fault)
}

fn search(fields: &mut Fields, terms: &[String]) -> Vec<String> {
    let terms = within_limit(fields, "search", terms).iter().enumerate();
    terms
        .map(|(index, term)| fields.text(&format!("search[{index}]"), term.trim(), MAX_NAME))
        .collect()
}

fn within_limit<'v, V>(fields: &mut Fields, field: &str, values: &'v [V]) -> &'v [V] {
    let most = OrderFilter::MAX_VALUES;
    if values.len() > most {
        fields.wrong(field, format!("must be at most {most}, and {} are given", values.len()));
    }
    &values[..values.len().min(most)]
}

fn state(number: i32) -> Option<OrderState> {
    one_of(OrderState::ALL, order_state, number)
}

fn screening(number: i32) -> Option<CheckState> {
    one_of(CheckState::ALL, to_wire::screening_state, number)
}

fn handover(number: i32) -> Option<HandoverState> {
    one_of(HandoverState::ALL, to_wire::handover_state, number)
}
