//! What works in this process.

use super::{Composed, adapters};
use application::{Handovers, Legs, Processing};
use meridian::settings::{Settings, Worker};
use publishers::OrderRefunds;
use std::{error::Error, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;
use workers::{
    Broadcaster, BroadcasterPorts, BroadcasterSettings, Complete, Dispatcher, DispatcherPorts,
    DispatcherSettings, HandOver, HandoverSettings, LegSettings, Legs as WorkLegs, NoticeSettings,
    Notices as WorkNotices, Pool, PoolSettings, ProcessOrder, ProcessSettings, Work, owner,
};

/// In the build for tests: work that ends the process at the point that the environment names.
macro_rules! stopping {
    ($work:expr) => {{
        #[cfg(feature = "failpoints")]
        let work = $work.stopping(super::failpoints::stops()?);
        #[cfg(not(feature = "failpoints"))]
        let work = $work;
        work
    }};
}

impl Composed {
    /// Starts the workers; each runs until `stop` and then hands back what it holds.
    pub fn start_workers(
        &self,
        settings: &Settings,
        kinds: &[Worker],
        stop: &CancellationToken,
    ) -> Result<Vec<tokio::task::JoinHandle<()>>, Box<dyn Error>> {
        let owner = owner(&*self.ids);
        let settings_of = |kind: &Worker| PoolSettings {
            lease: settings.payments.lease,
            concurrency: match kind {
                Worker::Legs => settings.payments.concurrency,
                Worker::Ready
                | Worker::Handover
                | Worker::Complete
                | Worker::Sequencer
                | Worker::Webhooks
                | Worker::Notices
                | Worker::Broker => settings.processing.concurrency,
            },
            // A shop that is slow holds up no other's orders.
            per_store: (*kind == Worker::Handover)
                .then(|| settings.processing.concurrency.div_ceil(4)),
            grace: settings.serve.shutdown_grace,
            ..PoolSettings::default()
        };
        let mut running = Vec::new();
        for kind in kinds {
            let work: Arc<dyn Work> = match kind {
                Worker::Sequencer => {
                    let numbering = workers::number(Arc::new(self.store.clone()), stop.clone());
                    running.push(tokio::spawn(numbering));
                    continue;
                }
                Worker::Notices => {
                    let notices = self.notices(settings, owner.clone());
                    running.push(tokio::spawn(notices.run(stop.clone())));
                    continue;
                }
                Worker::Broker => {
                    if let Some(broadcaster) = self.broadcaster(settings, owner.clone())? {
                        running.push(tokio::spawn(broadcaster.run(stop.clone())));
                    }
                    continue;
                }
                Worker::Webhooks => {
                    let dispatcher = self.dispatcher(settings, owner.clone());
                    running.push(tokio::spawn(dispatcher.run(stop.clone())));
                    continue;
                }
                Worker::Ready => Arc::new(stopping!(self.process_order(settings))),
                Worker::Legs => Arc::new(stopping!(self.legs(settings))),
                Worker::Handover => Arc::new(stopping!(self.hand_over(settings))),
                Worker::Complete => Arc::new(stopping!(self.complete(settings))),
            };
            let (tasks, clock) = (Arc::new(self.store.clone()), Arc::clone(&self.clock));
            let pool = Pool::new(work, tasks, clock, settings_of(kind), owner.clone());
            let pool = pool.continuing(continue_trace);
            running.push(tokio::spawn(pool.run(stop.clone())));
        }
        Ok(running)
    }

    fn dispatcher(&self, settings: &Settings, owner: String) -> Dispatcher {
        let store = Arc::new(self.store.clone());
        let ports = DispatcherPorts {
            deliveries: store.clone(),
            feed: store.clone(),
            reader: store.clone(),
            ledger: store.clone(),
            store,
            sender: Arc::clone(&self.sender),
            refunds: Arc::new(OrderRefunds),
            disabling: Arc::new(self.webhooks.clone()),
        };
        let of_webhooks = DispatcherSettings {
            couriers: settings.webhooks.endpoints,
            lease: settings.payments.lease,
            concurrency: settings.webhooks.concurrency,
            grace: settings.serve.shutdown_grace,
            keep: settings.webhooks.keep,
            ..DispatcherSettings::default()
        };
        let clock = Arc::clone(&self.clock);
        Dispatcher::new(ports, self.tail.last(), clock, of_webhooks, owner)
            .continuing(continue_trace)
    }

    fn notices(&self, settings: &Settings, owner: String) -> WorkNotices {
        let of_notices =
            NoticeSettings { lease: settings.payments.lease, ..NoticeSettings::default() };
        let (inbox, clock) = (Arc::clone(&self.inbox), Arc::clone(&self.clock));
        WorkNotices::new(self.notices.clone(), inbox, clock, of_notices, owner)
    }

    /// None without a broker.
    fn broadcaster(
        &self,
        settings: &Settings,
        owner: String,
    ) -> Result<Option<Broadcaster>, Box<dyn Error>> {
        let Some(publisher) = adapters::publisher(&settings.broker)? else { return Ok(None) };
        let store = Arc::new(self.store.clone());
        let ports = BroadcasterPorts { feed: store.clone(), cursors: store, publisher };
        let of_broker = BroadcasterSettings {
            lease: settings.payments.lease,
            grace: settings.serve.shutdown_grace,
            ..BroadcasterSettings::default()
        };
        let (last, clock) = (self.tail.last(), Arc::clone(&self.clock));
        Ok(Some(Broadcaster::new("nats", ports, last, clock, of_broker, owner)))
    }

    fn legs(&self, settings: &Settings) -> WorkLegs {
        let of_legs = LegSettings {
            retry: settings.payments.retry.clone(),
            grace: settings.payments.grace,
            ..LegSettings::default()
        };
        let steps = Legs::new(Arc::clone(&self.core));
        WorkLegs::new(steps, self.providers.clone(), Arc::clone(&self.clock), of_legs)
    }

    fn process_order(&self, settings: &Settings) -> ProcessOrder {
        let of_orders = ProcessSettings {
            call_timeout: settings.processing.call_timeout,
            unpaid_after: settings.processing.unpaid_after,
            late_payments: settings.processing.late_payments,
            ..ProcessSettings::default()
        };
        let processing = Processing::new(Arc::clone(&self.core));
        let (providers, screenings) = (self.providers.clone(), self.screenings.clone());
        ProcessOrder::new(processing, providers, screenings, Arc::clone(&self.clock), of_orders)
    }

    fn hand_over(&self, settings: &Settings) -> HandOver {
        let of_handover = HandoverSettings {
            // The adapter gives up first, and says what it was about.
            call_timeout: settings.handover.push_timeout + Duration::from_secs(1),
            grace: settings.handover.grace,
        };
        let steps = Handovers::new(Arc::clone(&self.core));
        let processing = Processing::new(Arc::clone(&self.core));
        let storefronts = self.storefronts.clone();
        HandOver::new(steps, processing, storefronts, Arc::clone(&self.clock), of_handover)
    }

    fn complete(&self, settings: &Settings) -> Complete {
        let processing = Processing::new(Arc::clone(&self.core));
        Complete::new(processing, self.providers.clone(), settings.processing.call_timeout)
    }
}

fn continue_trace(span: &tracing::Span, traceparent: &str) {
    telemetry::continue_trace(span, |name| (name == "traceparent").then_some(traceparent));
}
