//! An order made once more of what happened to it.

use domain::order::{Fact, Order};

/// The order after a fact; nothing if the history does not begin with the order.
pub(crate) fn after(order: Option<Order>, fact: &Fact) -> Option<Order> {
    match (order, fact) {
        (Some(order), fact) => Some(order.evolve(fact)),
        (None, Fact::OrderReceived { order }) => Some((**order).clone().evolve(fact)),
        (None, _) => None,
    }
}
