//! The rules of orders and refunds, through the public commands alone.
//!
//! - [`build`]: the order, the requests and the shorthands that every test here starts from;
//! - [`table`]: every state against every command;
//! - [`cancellations`]: asked for, decided, paid back, undone;
//! - [`vectors`]: the worked refunds, digit for digit;
//! - [`property`]: what holds for every order and every sequence of requests;
//! - the rest: a test for each rule, by what it is about.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its builders too")]

mod build;
mod cancellations;
mod charged_to;
mod charges;
mod checks;
mod disputes;
mod explain;
mod full;
mod handover;
mod late;
mod legs;
mod life;
mod lines;
mod new_order;
mod payment;
mod property;
mod retry;
mod reversal;
mod screening;
mod table;
mod totals;
mod vectors;
mod which_line;
