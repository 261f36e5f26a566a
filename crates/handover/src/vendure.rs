mod api;
mod basket;
mod buyer;
mod draft;
mod order;
mod placing;
mod query;
mod session;
mod variants;

use crate::failure::undecided;
use api::Api;
use async_trait::async_trait;
use domain::order::ExternalIds;
use outbound::{CallSettings, Caller};
use placing::Placing;
use ports::{Clock, Push, PushFailure, StorefrontBackend};
use session::Sessions;
use std::{fmt, sync::Arc, time::Duration};

/// How orders are made in Vendure shops.
#[derive(Debug, Clone)]
pub struct VendureSettings {
    pub calls: CallSettings,
    /// For all the calls of one push. One that ran out of time is taken up by the next.
    pub push_timeout: Duration,
    /// The code of the shipping method that orders of the platform have.
    pub shipping_method: String,
    /// The method that payments are recorded with.
    pub payment_method: String,
    /// Decimals of a Vendure amount: the `precision` of the shops' `MoneyStrategy`.
    pub money_precision: u32,
}

impl Default for VendureSettings {
    fn default() -> Self {
        Self {
            calls: CallSettings::default(),
            push_timeout: Duration::from_mins(1),
            shipping_method: "platform".to_owned(),
            payment_method: "platform".to_owned(),
            money_precision: 2,
        }
    }
}

/// The shop system Vendure 3, over its Admin API. The URL is that of the Admin API, the secret is
/// `user:password` of an administrator, and the shop has the plugin in `tools/vendure`.
///
/// An order is made as a draft that carries the platform's order id, which the shop's database
/// takes once. It counts as made when its payment is recorded; until then whoever comes again
/// takes the same draft up where it was left. The shop charges what the buyer has paid: in the
/// merchant currency, line by line, with shipping and duties as the price of the shipping.
pub struct Vendure {
    settings: VendureSettings,
    caller: Caller,
    clock: Arc<dyn Clock>,
    sessions: Sessions,
}

impl Vendure {
    /// Bytes that are read of an answer: an order of 1,000 lines.
    pub const MAX_BODY: usize = 1024 * 1024;

    pub fn new(settings: VendureSettings, clock: Arc<dyn Clock>) -> Self {
        let caller = Caller::new(settings.calls.clone(), Self::MAX_BODY);
        Self { settings, caller, clock, sessions: Sessions::default() }
    }

    fn api<'v>(&'v self, push: &'v Push<'v>) -> Api<'v> {
        Api {
            caller: &self.caller,
            clock: self.clock.as_ref(),
            sessions: &self.sessions,
            push,
            call_timeout: self.settings.calls.timeout,
            deadline: tokio::time::Instant::now() + self.settings.push_timeout,
        }
    }
}

impl fmt::Debug for Vendure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vendure").field("settings", &self.settings).finish_non_exhaustive()
    }
}

#[async_trait]
impl StorefrontBackend for Vendure {
    async fn find(&self, push: Push<'_>) -> Result<Option<ExternalIds>, PushFailure> {
        let found = order::find(&self.api(&push)).await.map_err(undecided)?;
        let there = found.filter(|found| found.is_placed() && !found.is_cancelled());
        Ok(there.map(order::ShopOrder::into_ids))
    }

    async fn push(&self, push: Push<'_>) -> Result<ExternalIds, PushFailure> {
        let api = self.api(&push);
        Placing { api: &api, settings: &self.settings }.place().await
    }
}
