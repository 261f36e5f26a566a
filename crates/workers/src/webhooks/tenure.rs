use crate::limit::in_time;
use ports::{Chain, Clock, Deliveries, EndpointKey, Lease};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use time::OffsetDateTime;
use tokio::sync::watch;

/// An endpoint that is a courier's for a while, and what the courier hears of it meanwhile.
pub(super) struct Tenure {
    pub key: EndpointKey,
    pub owner: String,
    deliveries: Arc<dyn Deliveries>,
    clock: Arc<dyn Clock>,
    length: Duration,
    until: Mutex<OffsetDateTime>,
    touched: watch::Sender<i64>,
}

/// The endpoint is not the courier's any more.
#[derive(Debug, thiserror::Error)]
#[error("the lease of an endpoint ran out")]
pub(super) struct Lost;

impl Tenure {
    pub fn new(
        key: EndpointKey,
        lease: Lease,
        touched: i64,
        length: Duration,
        deliveries: Arc<dyn Deliveries>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (until, touched) = (Mutex::new(lease.until), watch::Sender::new(touched));
        Self { key, owner: lease.owner, deliveries, clock, length, until, touched }
    }

    /// Renews the lease until it is lost.
    pub async fn hold(&self) -> Lost {
        loop {
            tokio::time::sleep(self.length / 3).await;
            let until = self.clock.now() + self.length;
            let lease = Lease { owner: self.owner.clone(), until };
            let renewed = self.deliveries.renew_endpoint(&self.key, &lease);
            match in_time(self.length / 3, renewed).await {
                Ok(Some(touched)) => {
                    *self.until.lock().unwrap_or_else(PoisonError::into_inner) = until;
                    self.heard(touched);
                }
                Ok(None) => return Lost,
                Err(error) => {
                    tracing::warn!(error = %Chain(&error), "a lease could not be renewed");
                    if self.has_run_out() {
                        return Lost;
                    }
                }
            }
        }
    }

    /// To be asked before anything is sent: a process that stood still for long would otherwise
    /// act beside whoever took the endpoint over.
    pub fn has_run_out(&self) -> bool {
        self.clock.now() >= *self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often the endpoint was touched, as the store just said.
    pub fn heard(&self, touched: i64) {
        self.touched.send_if_modified(|known| std::mem::replace(known, touched) != touched);
    }

    /// How often it was touched, as far as is known; it changes when somebody does.
    pub fn touched(&self) -> watch::Receiver<i64> {
        self.touched.subscribe()
    }

    pub async fn give_back(&self) {
        let released = self.deliveries.release_endpoint(&self.key, &self.owner);
        if let Err(error) = in_time(self.length / 3, released).await {
            // It is free again when the lease runs out.
            tracing::warn!(error = %Chain(&error), "an endpoint could not be given back");
        }
    }
}
