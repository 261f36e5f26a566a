//! Endpoints that are told of events, in virtual time.

mod again;
mod changes;
mod crash;
mod limits;
mod line;
mod order;
mod receivers;
mod schedule;
mod town;
