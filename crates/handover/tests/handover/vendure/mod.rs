//! A real Vendure shop. A test starts one of its own and does all that it has to do there: the
//! start is what takes time.

mod admin;
mod interrupted;
mod placed;
mod proxy;
mod refused;

use crate::case::Case;
use handover::{CallSettings, Vendure, VendureSettings};
use std::{sync::Arc, time::Duration};
use testkit::{clock::TestClock, vendure::SECRET};

fn adapter() -> Vendure {
    let calls = CallSettings {
        timeout: Duration::from_mins(1),
        private_networks: true,
        ..CallSettings::default()
    };
    let settings = VendureSettings { calls, ..VendureSettings::default() };
    Vendure::new(settings, Arc::new(TestClock::default()))
}

fn case(order_id: &str, url: &str) -> Case {
    Case::new(order_id, url, SECRET)
}
