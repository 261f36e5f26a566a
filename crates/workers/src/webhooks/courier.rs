//! Serves one endpoint.

mod books;
mod disable;
mod loading;
mod reading;
mod sends;
mod waiting;

use super::{
    lanes::Lanes,
    message::Messages,
    news::News,
    settings::DispatcherSettings,
    tenure::{Lost, Tenure},
};
use crate::pool::ContinueTrace;
use application::Disabling;
use books::Books;
use domain::{id::EventId, webhook::Endpoint};
use ports::{
    Assignment, Chain, Clock, Deliveries, EndpointKey, EventFeed, StoreError, Stretch,
    WebhookSender,
};
use sends::{CameBack, Sends, Verdict};
use std::{collections::HashSet, sync::Arc};
use tokio::{
    sync::{Semaphore, watch},
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use waiting::{Boxed, Happened, outcome};

/// What couriers work with.
#[derive(Clone)]
pub(super) struct Post {
    pub deliveries: Arc<dyn Deliveries>,
    pub feed: Arc<dyn EventFeed>,
    pub sender: Arc<dyn WebhookSender>,
    pub disabling: Arc<dyn Disabling>,
    pub messages: Messages,
    pub clock: Arc<dyn Clock>,
    pub settings: DispatcherSettings,
    /// Whether endpoints may be waiting for a courier.
    pub crowded: watch::Receiver<bool>,
    /// For messages beside the first of each endpoint.
    pub places: Arc<Semaphore>,
    pub continue_trace: ContinueTrace,
}

pub(super) struct Courier {
    post: Arc<Post>,
    tenure: Arc<Tenure>,
    endpoint: Arc<Endpoint>,
    lanes: Lanes,
    books: Books,
    sends: Sends,
    reading: Option<Boxed<Result<Stretch, StoreError>>>,
    /// Whether there may be something to read.
    more: bool,
    /// Of what comes after the cursor: what stands in the table.
    known: HashSet<EventId>,
    news: News,
    touched: watch::Receiver<i64>,
    /// How often it was touched when everything was loaded.
    loaded: i64,
    crowded: watch::Receiver<bool>,
    since: Instant,
    idle_since: Option<Instant>,
    leaving: Option<Leaving>,
}

/// Nothing new is begun; what is on its way is waited for and kept.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Leaving {
    /// There is nothing to do, or somebody else needs the place.
    Done,
    /// The process ends; what is on its way has until then.
    Stopped(Instant),
    /// Somebody touched the endpoint: everything is looked at anew. What the endpoint does meanwhile
    /// it may have done where it is not any more.
    ToReload,
    ToDisable(String),
}

impl Courier {
    pub fn new(post: Arc<Post>, assignment: Assignment, news: News) -> Self {
        let Assignment { endpoint, cursor, touched, lease } = assignment;
        let key =
            EndpointKey { store_id: endpoint.store_id.clone(), endpoint_id: endpoint.endpoint_id };
        let (deliveries, clock) = (Arc::clone(&post.deliveries), Arc::clone(&post.clock));
        let tenure = Tenure::new(key, lease, touched, post.settings.lease, deliveries, clock);
        Self {
            touched: tenure.touched(),
            loaded: touched,
            crowded: post.crowded.clone(),
            tenure: Arc::new(tenure),
            endpoint: Arc::new(endpoint),
            lanes: Lanes::default(),
            books: Books::at(cursor),
            sends: Sends::default(),
            reading: None,
            more: true,
            known: HashSet::new(),
            news,
            since: Instant::now(),
            idle_since: None,
            leaving: None,
            post,
        }
    }

    /// Serves the endpoint until there is nothing to do, and gives it back; or until it is lost.
    pub async fn serve(mut self, stop: CancellationToken) {
        let tenure = Arc::clone(&self.tenure);
        let outcome = tokio::select! {
            outcome = self.work(&stop) => outcome,
            lost = tenure.hold() => Err(lost),
        };
        if let Err(lost) = outcome {
            // Whoever has it now begins where the cursor was kept last.
            tracing::warn!(error = %Chain(&lost), "an endpoint is not served any more");
            return;
        }
        tenure.give_back().await;
    }

    async fn work(&mut self, stop: &CancellationToken) -> Result<(), Lost> {
        if !self.load().await {
            return Ok(());
        }
        loop {
            if self.tenure.has_run_out() {
                return Err(Lost);
            }
            self.begin();
            if self.is_at_rest() {
                match self.leaving.take() {
                    None if self.rest() => continue,
                    None => {}
                    Some(Leaving::ToReload) if self.reload().await => continue,
                    Some(Leaving::ToDisable(why)) => {
                        self.disable(&why).await;
                        return Ok(());
                    }
                    Some(_) => return Ok(()),
                }
            }
            let happened = self.wait(stop).await;
            self.handle(happened)?;
        }
    }

    /// Begins all that can be begun now.
    fn begin(&mut self) {
        let now = self.post.clock.now();
        self.lanes.wake(now);
        self.make_room();
        if self.leaving.is_some() {
            self.reading = None;
        }
        if let Some(Leaving::Stopped(until)) = self.leaving
            && Instant::now() >= until
        {
            self.sends.give_up();
        }
        let quiet = self.books.quiet_until(now).is_some();
        if self.leaving.is_none() && !quiet && self.books.may_go_on() {
            let new_too = !self.is_full();
            while let Some(place) = self.sends.place(&self.post) {
                let Some(item) = self.lanes.next(new_too) else { break };
                self.sends.send(&self.post, &self.endpoint, item, place);
            }
            self.read_on();
        }
        let (lanes, books) = (&self.lanes, &mut self.books);
        let at_rest = self.sends.is_empty() && self.reading.is_none();
        let ending = at_rest && (self.leaving.is_some() || self.idle_since.is_some());
        let outlook = books.outlook(lanes, lanes.stored() >= self.post.settings.backlog);
        books.keep_if_needed(&self.tenure, &self.post, outlook, self.loaded, ending);
    }

    /// So much waits to be tried again that nothing new is begun.
    fn is_full(&self) -> bool {
        self.lanes.stored() >= self.post.settings.backlog
    }

    /// Leaves if the place is needed and the turn is over.
    fn make_room(&mut self) {
        let over = self.since.elapsed() >= self.post.settings.turn;
        if self.leaving.is_none() && over && *self.crowded.borrow_and_update() {
            self.leaving = Some(Leaving::Done);
        }
    }

    /// Whether nothing is under way, and nothing can be begun.
    fn is_at_rest(&self) -> bool {
        let quiet = self.books.quiet_until(self.post.clock.now()).is_some();
        let may_begin = self.leaving.is_none()
            && !quiet
            && (self.lanes.is_ready(!self.is_full()) || self.more && !self.is_full());
        self.sends.is_empty() && self.reading.is_none() && self.books.are_closed() && !may_begin
    }

    /// Lingers for a while, and then leaves. Answers whether one of the two has begun just now.
    fn rest(&mut self) -> bool {
        let linger = self.post.settings.linger;
        let begins = self.idle_since.is_none();
        let idle_since = *self.idle_since.get_or_insert_with(Instant::now);
        let now = self.post.clock.now();
        let next = self.books.quiet_until(now).or(self.lanes.next_due());
        let is_due_soon = next.is_some_and(|due| due <= now + linger);
        let over = idle_since.elapsed() >= linger && !is_due_soon;
        if over || *self.crowded.borrow_and_update() {
            self.leaving = Some(Leaving::Done);
        }
        begins || self.leaving.is_some()
    }

    fn handle(&mut self, happened: Happened) -> Result<(), Lost> {
        match happened {
            Happened::CameBack(came_back) => self.came_back(came_back),
            Happened::Kept(kept) => {
                if let Some(touched) = self.books.was_kept(kept)? {
                    self.tenure.heard(touched);
                }
            }
            Happened::Read(Ok(stretch)) => self.read(stretch),
            Happened::Read(Err(error)) => {
                tracing::warn!(error = %Chain(&error), "a feed could not be read");
                // The next news, or the next poll, is the next try.
                self.more = false;
            }
            Happened::News => self.more = true,
            Happened::Touched => self.leaving = Some(Leaving::ToReload),
            Happened::Stop => {
                let until = Instant::now() + self.post.settings.grace;
                self.leaving = Some(Leaving::Stopped(until));
            }
            Happened::Nothing => {}
        }
        Ok(())
    }

    fn came_back(&mut self, came_back: CameBack) {
        self.idle_since = None;
        let now = self.post.clock.now();
        let (item, verdict) = came_back.judge(now);
        if let Verdict::Through = verdict {
            self.lanes.took(&item, now);
            self.books.enter(item.delivery);
            return;
        }
        for delivery in self.lanes.failed(item, now) {
            self.books.enter(delivery);
        }
        // The first word counts, and whoever is there by now has not said it.
        let settled = matches!(self.leaving, Some(Leaving::ToDisable(_) | Leaving::ToReload));
        match verdict {
            Verdict::Never(why) if !settled => self.leaving = Some(Leaving::ToDisable(why)),
            Verdict::Later(Some(until)) => self.books.leave_alone(until),
            Verdict::Never(_) | Verdict::Later(None) | Verdict::Through => {}
        }
    }
}
