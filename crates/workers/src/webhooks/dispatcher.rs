use super::{
    AFTER_ERROR,
    courier::{Courier, Post},
    message::Messages,
    news::News,
    settings::DispatcherSettings,
};
use crate::{
    limit::{in_time, stopped_for},
    pool::ContinueTrace,
};
use application::Disabling;
use ports::{
    Assignment, Chain, Clock, Deliveries, EventFeed, Lease, Ledger, OrderRefundBody, Reader, Store,
    StoreError, WebhookSender,
};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{Semaphore, watch},
    task::{JoinError, JoinSet},
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

/// How long the store may take to keep what is left when the process ends.
const HANDING_BACK: Duration = Duration::from_secs(2);

/// How often what was delivered long ago is dropped, how much of it at a time, and the pause while
/// there is more.
const SWEEP: Duration = Duration::from_mins(1);
const SWEPT: u32 = 1_000;
const SWEEP_ON: Duration = Duration::from_secs(1);

/// What endpoints are served with.
#[derive(Clone)]
pub struct DispatcherPorts {
    pub deliveries: Arc<dyn Deliveries>,
    pub feed: Arc<dyn EventFeed>,
    pub reader: Arc<dyn Reader>,
    pub store: Arc<dyn Store>,
    pub ledger: Arc<dyn Ledger>,
    pub sender: Arc<dyn WebhookSender>,
    pub refunds: Arc<dyn OrderRefundBody>,
    pub disabling: Arc<dyn Disabling>,
}

/// Has endpoints told of events. Any number of processes may run one.
pub struct Dispatcher {
    post: Arc<Post>,
    news: News,
    crowded: watch::Sender<bool>,
    owner: String,
    claims: u64,
}

impl Dispatcher {
    /// `last` is the last position over all stores that this process knows of; a change of it says
    /// that events came. `owner` comes from [`crate::owner`], once per process.
    pub fn new(
        ports: DispatcherPorts,
        last: watch::Receiver<i64>,
        clock: Arc<dyn Clock>,
        settings: DispatcherSettings,
        owner: impl Into<String>,
    ) -> Self {
        let DispatcherPorts { deliveries, feed, reader, store, ledger, sender, refunds, disabling } =
            ports;
        let messages = Messages { feed: Arc::clone(&feed), reader, store, ledger, refunds };
        let crowded = watch::Sender::new(false);
        let post = Post {
            deliveries,
            feed,
            sender,
            disabling,
            messages,
            clock,
            settings,
            crowded: crowded.subscribe(),
            places: Arc::new(Semaphore::new(settings.messages)),
            continue_trace: |_, _| (),
        };
        let news = News::new(last, settings.poll);
        Self { post: Arc::new(post), news, crowded, owner: owner.into(), claims: 0 }
    }

    /// The spans of messages become part of the traces of the commands that they come from.
    #[must_use]
    pub fn continuing(mut self, continue_trace: ContinueTrace) -> Self {
        let post = Post { continue_trace, ..Post::clone(&self.post) };
        self.post = Arc::new(post);
        self
    }

    /// Works until `stop` is cancelled, then waits for what is on its way, at most the grace, and
    /// gives everything back. An error of the store or of an endpoint never ends it.
    pub async fn run(mut self, stop: CancellationToken) {
        tracing::info!(owner = self.owner, "webhook dispatcher started");
        let sweeping = sweep(Arc::clone(&self.post));
        let mut couriers = JoinSet::new();
        tokio::select! {
            () = self.serve(&mut couriers, &stop) => {}
            () = sweeping => {}
        }
        let all = async { while couriers.join_next().await.is_some() {} };
        let grace = self.post.settings.grace + HANDING_BACK;
        // What does not end in time is dropped; its leases run out by themselves.
        tokio::time::timeout(grace, all).await.ok();
        tracing::info!("webhook dispatcher stopped");
    }

    async fn serve(&mut self, couriers: &mut JoinSet<()>, stop: &CancellationToken) {
        let most = self.post.settings.couriers.max(1);
        let mut failures = 0;
        let mut may_be_ready = true;
        let mut rested = Instant::now();
        while !stop.is_cancelled() {
            let free = most.saturating_sub(couriers.len());
            if may_be_ready && free > 0 {
                self.news.looks();
                may_be_ready = match self.claim(free, couriers, stop).await {
                    // As many as could be taken: there may be more.
                    Ok(taken) => {
                        failures = 0;
                        taken == free
                    }
                    Err(error) => {
                        tracing::warn!(error = %Chain(&error), "endpoints could not be claimed");
                        rested = Instant::now() + AFTER_ERROR.pause(failures);
                        failures += 1;
                        false
                    }
                };
            }
            // There may be endpoints that wait for a place.
            self.crowded.send_if_modified(|crowded| {
                let now = couriers.len() >= most;
                std::mem::replace(crowded, now) != now
            });
            let next = async {
                tokio::time::sleep_until(rested).await;
                self.news.wait().await;
            };
            tokio::select! {
                () = stop.cancelled() => {}
                Some(ended) = couriers.join_next() => {
                    // Its place is free, and more may have come for whoever it served.
                    may_be_ready = true;
                    broke_off(ended);
                }
                () = next, if !may_be_ready => may_be_ready = true,
            }
        }
    }

    async fn claim(
        &mut self,
        limit: usize,
        couriers: &mut JoinSet<()>,
        stop: &CancellationToken,
    ) -> Result<usize, StoreError> {
        let post = &self.post;
        self.claims += 1;
        // What this very process lost, because it stood still for too long, and claims again is
        // somebody else's to whoever still holds on to it.
        let owner = format!("{}-{}", self.owner, self.claims);
        let now = post.clock.now();
        let lease = Lease { owner, until: now + post.settings.lease };
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        let claimed = post.deliveries.claim_endpoints(limit, &lease, now);
        let claimed = tokio::select! {
            claimed = in_time(post.settings.lease, claimed) => claimed?,
            () = stopped_for(stop, HANDING_BACK) => return Ok(0),
        };
        let count = claimed.len();
        for assignment in claimed {
            let span = span(&assignment);
            let courier = Courier::new(Arc::clone(post), assignment, self.news.clone());
            couriers.spawn(courier.serve(stop.clone()).instrument(span));
        }
        Ok(count)
    }
}

fn span(assignment: &Assignment) -> tracing::Span {
    let endpoint = &assignment.endpoint;
    tracing::info_span!(
        "courier",
        store_id = %endpoint.store_id,
        endpoint_id = %endpoint.endpoint_id,
    )
}

/// Whoever it served is served again when the lease has run out.
fn broke_off(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(error = %Chain(&error), "a courier broke off");
    }
}

/// Drops what was delivered long ago, for ever.
async fn sweep(post: Arc<Post>) {
    let mut pause = SWEEP;
    loop {
        tokio::time::sleep(pause).await;
        pause = SWEEP;
        let before = post.clock.now() - post.settings.keep;
        let dropped = post.deliveries.drop_delivered(before, SWEPT);
        match in_time(SWEEP, dropped).await {
            Ok(0) => {}
            Ok(count) => {
                tracing::debug!(count, "old deliveries were dropped");
                if count >= u64::from(SWEPT) {
                    pause = SWEEP_ON;
                }
            }
            Err(error) => {
                tracing::warn!(error = %Chain(&error), "old deliveries could not be dropped");
            }
        }
    }
}
