//! What lists of orders are narrowed by, as one number for each order: a bit for each state that the
//! order or a part of it is in.
//!
//! Few of the numbers that there could be occur in a store, so that an index by them answers any
//! combination: see `reader/orders.rs`. The numbers are stored, so that a bit never gets another
//! meaning; a new state takes one that is free.

use domain::{
    cancellation::CancellationState,
    order::{HandoverState, Order, OrderState},
    refund::RefundState,
    screening::CheckState,
};
use ports::OrderFilter;

/// The bits of an order.
pub(crate) fn of(order: &Order) -> i64 {
    let cancellations = order.cancellations.iter().map(|it| cancellation(it.state));
    let refunds = order.refunds.iter().map(|it| refund(it.state));
    let of_order = [state(order.state), handover(order.handover_state())];
    let of_order = of_order.into_iter().chain(order.screening_state().map(screening));
    all(of_order.chain(cancellations).chain(refunds))
}

/// For each condition of a filter the bits of which an order has to have one.
pub(crate) fn wanted(filter: &OrderFilter) -> Vec<i64> {
    let each = [
        all(filter.states.iter().copied().map(state)),
        all(filter.screening.iter().copied().map(screening)),
        all(filter.handover.iter().copied().map(handover)),
        all(filter.cancellations.iter().copied().map(cancellation)),
        all(filter.refunds.iter().copied().map(refund)),
    ];
    // A condition that was not given wants nothing.
    each.into_iter().filter(|bits| *bits != 0).collect()
}

fn all(places: impl Iterator<Item = u32>) -> i64 {
    places.fold(0, |bits, place| bits | 1 << place)
}

const fn state(state: OrderState) -> u32 {
    match state {
        OrderState::Received => 0,
        OrderState::Ready => 1,
        OrderState::Accepted => 2,
        OrderState::Completed => 3,
        OrderState::Cancelled => 4,
    }
}

const fn screening(state: CheckState) -> u32 {
    match state {
        CheckState::Pending => 8,
        CheckState::Clear => 9,
        CheckState::Review => 10,
        CheckState::Failed => 11,
    }
}

const fn handover(state: HandoverState) -> u32 {
    match state {
        HandoverState::NotApplicable => 16,
        HandoverState::Queued => 17,
        HandoverState::InFlight => 18,
        HandoverState::Retrying => 19,
        HandoverState::Succeeded => 20,
        HandoverState::Exhausted => 21,
    }
}

const fn cancellation(state: CancellationState) -> u32 {
    match state {
        CancellationState::Requested => 24,
        CancellationState::Rejected => 25,
        CancellationState::Withdrawn => 26,
        CancellationState::InProgress => 27,
        CancellationState::Completed => 28,
        CancellationState::Undone => 29,
    }
}

const fn refund(state: RefundState) -> u32 {
    match state {
        RefundState::Pending => 32,
        RefundState::Held => 33,
        RefundState::Succeeded => 34,
        RefundState::Failed => 35,
        RefundState::Voided => 36,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_has_a_bit_of_its_own() {
        let mut places: Vec<u32> = OrderState::ALL.map(state).to_vec();
        places.extend(CheckState::ALL.map(screening));
        places.extend(HandoverState::ALL.map(handover));
        places.extend(CancellationState::ALL.map(cancellation));
        places.extend(RefundState::ALL.map(refund));
        let count = places.len();
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), count);
        assert!(places.iter().all(|place| *place < 63));
    }

    #[test]
    fn a_condition_wants_any_of_its_states() {
        let filter = OrderFilter {
            states: vec![OrderState::Ready, OrderState::Cancelled],
            refunds: vec![RefundState::Held],
            ..OrderFilter::default()
        };
        assert_eq!(wanted(&filter), [0b1_0010, 1 << 33]);
        assert!(wanted(&OrderFilter::default()).is_empty());
    }
}
