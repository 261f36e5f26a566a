//! The adapters against shops: one that answers whatever a test wants, and a real one.

#![expect(clippy::unwrap_used, reason = "all of this is tests")]

#[path = "handover/case.rs"]
mod case;
#[path = "handover/generic/mod.rs"]
mod generic;
#[path = "handover/shop.rs"]
mod shop;
#[path = "handover/vendure/mod.rs"]
mod vendure;
