//! What tests stand on: a private PostgreSQL, a private broker, a clock that stands still, the program as a process,
//! and the size of the expensive tests. Test code only, so failures panic with their reason.
//!
//! - [`postgres::fresh_database`]: an empty database for one test;
//! - [`postgres::Server`]: a server that a test may configure, kill and restart;
//! - [`process::Meridian`]: the built program on free ports, to be ended gently or not;
//! - [`certificates::Authority`]: certificates, good and expired, in files;
//! - [`clock::TestClock`]: the time that the test says it is;
//! - [`vendure::Server`]: a shop system that others wrote;
//! - [`localstripe::Server`]: a payment provider that others wrote, as a fake;
//! - [`stripe::Fake`]: the same of our own, strict, which counts what it does and misbehaves;
//! - [`nats::Server`]: a broker that a test may kill, hold and restart;
//! - [`scale::pick`]: how many.

pub mod certificates;
pub mod clock;
pub mod localstripe;
mod log;
pub mod nats;
pub mod postgres;
pub mod process;
pub mod scale;
pub mod stripe;
pub mod vendure;
