//! The checks on files and orders that are all made up.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its builders too")]

#[path = "screening/build.rs"]
mod build;
#[path = "screening/fraud.rs"]
mod fraud;
#[path = "screening/goods.rs"]
mod goods;
#[path = "screening/made_up.rs"]
mod made_up;
#[path = "screening/parties.rs"]
mod parties;
#[path = "screening/quality.rs"]
mod quality;
#[path = "screening/reload.rs"]
mod reload;
#[path = "screening/speed.rs"]
mod speed;
