//! Which pieces a cancellation is about: open ones, and nothing that was shipped.

use super::{AskedLine, Cancellation, CancellationState, CancelledLine};
use crate::{
    Reason, Rejection,
    order::{Line, Order},
};
use std::collections::BTreeSet;

/// The pieces asked for, in the sequence of the order's lines; all that are open if none are
/// named.
///
/// # Errors
///
/// [`Reason::OrderShipped`] for what was shipped, also if a whole order is asked for of which a
/// part was. [`Reason::QuantityNotAvailable`] for what is held or cancelled.
pub(super) fn open(order: &Order, asked: &[AskedLine]) -> Result<Vec<CancelledLine>, Rejection> {
    if asked.is_empty() {
        return everything_open(order);
    }
    let mut lines = Vec::with_capacity(asked.len());
    for_each(order, asked, |index, place, line, ask| {
        if ask.quantity > line.open() {
            return Err(not_open(line, ask.quantity)
                .at(format!("lines[{index}].quantity"))
                .with("state", order.state.name()));
        }
        lines.push(CancelledLine { line: place, quantity: ask.quantity, restock: ask.restock });
        Ok(())
    })?;
    lines.sort_by_key(|line| line.line);
    Ok(lines)
}

fn everything_open(order: &Order) -> Result<Vec<CancelledLine>, Rejection> {
    if let Some(line) = order.lines.iter().find(|line| shipped(line) > 0) {
        return Err(not_open(line, line.quantity).with("state", order.state.name()));
    }
    let lines: Vec<_> = order
        .lines
        .iter()
        .enumerate()
        .filter(|(_, line)| line.open() > 0)
        .map(|(place, line)| CancelledLine { line: place, quantity: line.open(), restock: false })
        .collect();
    // All that is left is all of it: what a request holds is decided first.
    let held: u32 = order.lines.iter().map(|line| line.quantities.held).sum();
    let mut requests = order.cancellations.iter();
    if let Some(request) = requests.find(|it| it.state == CancellationState::Requested) {
        let text = format!(
            "cancellation request {} holds pieces of the order, {held} are held in all: accept, \
             reject or withdraw it first, or name the pieces that are open",
            request.cancellation_id
        );
        return Err(Rejection::new(Reason::QuantityNotAvailable, text)
            .with("cancellation_id", request.cancellation_id)
            .with("held", held)
            .with("left", lines.iter().map(|line| line.quantity).sum::<u32>())
            .with("state", order.state.name()));
    }
    if lines.is_empty() {
        let text = "no piece of the order is open";
        return Err(Rejection::new(Reason::QuantityNotAvailable, text)
            .with("left", 0)
            .with("state", order.state.name()));
    }
    Ok(lines)
}

/// The part of a request's pieces that is named; all of them if none is.
pub(super) fn part_of(
    order: &Order,
    request: &Cancellation,
    asked: &[AskedLine],
) -> Result<Vec<CancelledLine>, Rejection> {
    if asked.is_empty() {
        return Ok(request.lines.clone());
    }
    let mut lines = Vec::with_capacity(asked.len());
    for_each(order, asked, |index, place, line, ask| {
        let held = request.lines.iter().find(|held| held.line == place);
        let left = held.map_or(0, |held| held.quantity);
        if ask.quantity > left {
            let text = format!(
                "{} of line {} asked, the request is for {left}",
                ask.quantity, line.cart_item_id
            );
            return Err(Rejection::new(Reason::QuantityNotAvailable, text)
                .at(format!("lines[{index}].quantity"))
                .with("line", &line.cart_item_id)
                .with("asked", ask.quantity)
                .with("left", left));
        }
        let restock = held.is_some_and(|held| held.restock);
        lines.push(CancelledLine { line: place, quantity: ask.quantity, restock });
        Ok(())
    })?;
    lines.sort_by_key(|line| line.line);
    Ok(lines)
}

/// What is left of a request once a part of it is taken out.
pub(crate) fn without(lines: &[CancelledLine], part: &[CancelledLine]) -> Vec<CancelledLine> {
    let taken =
        |place| part.iter().filter(|it| it.line == place).map(|it| it.quantity).sum::<u32>();
    let rest = lines.iter().map(|line| CancelledLine {
        quantity: line.quantity.saturating_sub(taken(line.line)),
        ..line.clone()
    });
    rest.filter(|line| line.quantity > 0).collect()
}

/// Known lines, each at most once, at least one piece of each.
fn for_each(
    order: &Order,
    asked: &[AskedLine],
    mut check: impl FnMut(usize, usize, &Line, &AskedLine) -> Result<(), Rejection>,
) -> Result<(), Rejection> {
    let mut seen = BTreeSet::new();
    for (index, ask) in asked.iter().enumerate() {
        let id = &ask.cart_item_id;
        let field = |name: &str| format!("lines[{index}].{name}");
        let place = order.lines.iter().position(|line| line.cart_item_id == *id);
        let place = place.ok_or_else(|| {
            let text = format!("the order has no line {id}");
            Rejection::new(Reason::UnknownLine, text).at(field("cart_item_id")).with("asked", id)
        })?;
        if !seen.insert(id) {
            let text = format!("line {id} is listed twice");
            return Err(Rejection::new(Reason::DuplicateLine, text).at(field("cart_item_id")));
        }
        if ask.quantity == 0 {
            let text = "a quantity must be at least 1";
            return Err(Rejection::new(Reason::InvalidQuantity, text).at(field("quantity")));
        }
        check(index, place, &order.lines[place], ask)?;
    }
    Ok(())
}

const fn shipped(line: &Line) -> u32 {
    line.quantities.in_transit + line.quantities.delivered
}

/// K13, L19: what was shipped comes back as a return. What is only held or cancelled is another
/// cancellation's.
fn not_open(line: &Line, asked: u32) -> Rejection {
    let (id, open, shipped) = (&line.cart_item_id, line.open(), shipped(line));
    let rejection = if shipped > 0 && asked > line.quantity.saturating_sub(shipped) {
        let text = format!(
            "{asked} of line {id} asked, {shipped} of it shipped and {open} open: use a refund or \
             a return for what was shipped, or name the pieces that are open"
        );
        Rejection::new(Reason::OrderShipped, text).with("shipped", shipped)
    } else {
        let text = format!(
            "{asked} of line {id} asked, {open} of it open, {} held, {} cancelled and {shipped} \
             shipped",
            line.quantities.held, line.quantities.cancelled
        );
        Rejection::new(Reason::QuantityNotAvailable, text)
    };
    rejection
        .with("line", id)
        .with("asked", asked)
        .with("left", open)
        .with("held", line.quantities.held)
        .with("cancelled", line.quantities.cancelled)
}
