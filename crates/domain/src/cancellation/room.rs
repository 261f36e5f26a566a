//! The order is read and written with every command, so what its cancellations add is bounded.
//!
//! What customers ask for and no person accepted has a budget of its own: it never keeps a merchant
//! from cancelling. The platform's workers are not bounded: each of their steps is one of few.

use super::{Acceptance, Cancellation, RequestedBy};
use crate::{ActorKind, Reason, Rejection, order::Order};

/// Checks that there is room for one more request of a customer.
pub(super) fn for_request(
    order: &Order,
    lines: usize,
    text: Option<&str>,
) -> Result<(), Rejection> {
    let theirs = || order.cancellations.iter().filter(|it| is_customers(it));
    let said: usize =
        order.cancellations.iter().map(|it| length(it.customer_reason.as_ref())).sum();
    within(theirs().count() + 1, Order::MAX_REQUESTS, "requests that no person accepted")?;
    within(
        theirs().map(|it| it.lines.len()).sum::<usize>() + named(order, lines),
        Order::MAX_REQUESTED_LINES,
        "lines over all requests that no person accepted",
    )?;
    let said = said + text.map_or(0, str::len);
    within(said, Order::MAX_REQUEST_TEXT, "bytes of customers' reasons")
}

/// Checks that there is room for one more record that the merchant makes.
pub(super) fn for_merchant(
    order: &Order,
    lines: usize,
    text: Option<&str>,
) -> Result<(), Rejection> {
    let theirs = || order.cancellations.iter().filter(|it| !is_customers(it));
    within(theirs().count() + 1, Order::MAX_CANCELLATIONS, "cancellations")?;
    within(
        theirs().map(|it| it.lines.len()).sum::<usize>() + named(order, lines),
        Order::MAX_CANCELLED_LINES,
        "lines over all cancellations",
    )?;
    for_text(order, text)
}

/// Checks that there is room for something more that the merchant says.
pub(super) fn for_text(order: &Order, text: Option<&str>) -> Result<(), Rejection> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(()) };
    let said = order.cancellations.iter().map(|it| {
        length(it.reason.as_ref()) + it.undone.as_ref().map_or(0, |undone| undone.comment.len())
    });
    let said = said.sum::<usize>() + text.len();
    within(said, Order::MAX_CANCELLATION_TEXT, "bytes of comments on cancellations")
}

/// A customer's wish that no person accepted. A part that was split off is the merchant's doing.
fn is_customers(it: &Cancellation) -> bool {
    let by_a_person = |accepted: &Acceptance| accepted.by.kind != ActorKind::Worker;
    it.requested_by == RequestedBy::Customer
        && it.split_from.is_none()
        && !it.accepted.as_ref().is_some_and(by_a_person)
}

/// None named is all of them.
fn named(order: &Order, lines: usize) -> usize {
    if lines == 0 { order.lines.len() } else { lines }
}

fn length(given: Option<&super::Given>) -> usize {
    given.and_then(|given| given.text.as_ref()).map_or(0, String::len)
}

fn within(count: usize, most: usize, what: &str) -> Result<(), Rejection> {
    if count <= most {
        return Ok(());
    }
    let text = format!("an order holds at most {most} {what}");
    Err(Rejection::new(Reason::TooManyEntries, text).with("limit", most))
}
