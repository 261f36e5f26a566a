//! The documented protocol, row by row.

mod answers;
mod limits;
mod reach;
mod requests;

use crate::{
    case::Case,
    shop::{Reply, Shop},
};
use domain::order::{ExternalIds, FailureClass};
use handover::{CallSettings, GenericHttp};
use ports::{PushFailure, StorefrontBackend as _};
use std::{sync::Arc, time::Duration};
use testkit::clock::TestClock;

/// Base64 of "a key of thirty-two plain bytes!".
const SECRET: &str = "whsec_YSBrZXkgb2YgdGhpcnR5LXR3byBwbGFpbiBieXRlcyE=";

fn adapter(settings: &CallSettings) -> GenericHttp {
    GenericHttp::new(settings.clone(), Arc::new(TestClock::default()))
}

fn patient() -> CallSettings {
    CallSettings {
        timeout: Duration::from_mins(1),
        private_networks: true,
        ..CallSettings::default()
    }
}

fn case(url: &str) -> Case {
    Case::new("GE-1", url, SECRET)
}

async fn pushed(
    reply: impl Fn() -> Reply + Send + Sync + 'static,
) -> Result<ExternalIds, PushFailure> {
    let shop = Shop::with(reply).await;
    adapter(&patient()).push(case(&shop.url).push()).await
}

async fn found(
    reply: impl Fn() -> Reply + Send + Sync + 'static,
) -> Result<Option<ExternalIds>, PushFailure> {
    let shop = Shop::with(reply).await;
    adapter(&patient()).find(case(&shop.url).push()).await
}

/// The class, and whether the order may be there.
fn short(failure: &PushFailure) -> (FailureClass, bool) {
    (failure.class, failure.in_doubt)
}
