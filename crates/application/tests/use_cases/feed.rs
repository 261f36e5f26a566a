use crate::world::{World, part};
use application::{Cursor, CursorFault, Failure, Feed, Tail};
use async_trait::async_trait;
use domain::id::{EventId, StoreId};
use ports::{Event, EventFeed, EventFilter, StoreError, Stretch};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use store_memory::MemoryStore;
use time::Duration;

/// A feed with troubles, one after the other.
struct Troubled {
    inner: Arc<MemoryStore>,
    /// Nobody can read over all stores from here on: a row of one of them is broken.
    broken: AtomicBool,
    /// The database was put back to where it had one event.
    put_back: AtomicBool,
}

impl Troubled {
    fn of(world: &World) -> Arc<Self> {
        let (broken, put_back) = (AtomicBool::new(false), AtomicBool::new(false));
        Arc::new(Self { inner: Arc::clone(&world.memory), broken, put_back })
    }

    fn last(&self, last: i64) -> i64 {
        if self.put_back.load(Ordering::SeqCst) { last.min(1) } else { last }
    }
}

#[async_trait]
impl EventFeed for Troubled {
    async fn events(
        &self,
        store: &StoreId,
        filter: &EventFilter,
        after: i64,
        limit: u32,
    ) -> Result<Stretch, StoreError> {
        let limit = if self.put_back.load(Ordering::SeqCst) { 0 } else { limit };
        let stretch = self.inner.events(store, filter, after, limit).await?;
        let more = stretch.more && limit > 0;
        Ok(Stretch { more, ..stretch })
    }

    async fn position(&self, store: &StoreId, event: EventId) -> Result<Option<i64>, StoreError> {
        self.inner.position(store, event).await
    }

    async fn last_position(&self, store: &StoreId) -> Result<i64, StoreError> {
        Ok(self.last(self.inner.last_position(store).await?))
    }

    async fn all_events(&self, after: i64, limit: u32) -> Result<Vec<Event>, StoreError> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(StoreError::Corrupt("a row is broken".into()));
        }
        self.inner.all_events(after, limit).await
    }

    async fn last_overall(&self) -> Result<i64, StoreError> {
        Ok(self.last(self.inner.last_overall().await?))
    }

    async fn published(&self, at_most: Duration) {
        self.inner.published(at_most).await;
    }
}

/// A feed whose end is followed.
fn followed(feed: &Arc<Troubled>) -> Feed {
    let tail = Tail::new(Arc::clone(feed) as Arc<dyn EventFeed>);
    let following = tail.clone();
    tokio::spawn(async move { following.follow().await });
    Feed::new(Arc::clone(feed) as Arc<dyn EventFeed>, tail)
}

#[tokio::test(start_paused = true)]
async fn a_row_that_cannot_be_read_keeps_nobody_else_from_their_events() {
    let world = World::with_order().await;
    let troubled = Troubled::of(&world);
    let feed = followed(&troubled);
    let filter = EventFilter::default();
    let mut watched = feed.watch(&world.store_id(), Cursor::Start, filter).await.unwrap();
    let mut kinds = Vec::new();
    for _ in 0..2 {
        kinds.push(watched.next().await.unwrap().kind);
    }
    // It waits for what comes by itself, which nobody can tell it any more.
    assert!(tokio::time::timeout(Duration::SECOND.unsigned_abs(), watched.next()).await.is_err());
    troubled.broken.store(true, Ordering::SeqCst);
    world.refund("r", part(10)).await.unwrap();
    kinds.push(watched.next().await.unwrap().kind);
    assert_eq!(kinds, ["order.received", "order.ready", "refund.created"]);
}

#[tokio::test(start_paused = true)]
async fn a_feed_that_is_shorter_than_it_was_ends_what_follows_it() {
    let world = World::with_order().await;
    let troubled = Troubled::of(&world);
    let feed = followed(&troubled);
    let filter = EventFilter::default();
    let mut watched = feed.watch(&world.store_id(), Cursor::Start, filter).await.unwrap();
    for _ in 0..2 {
        watched.next().await.unwrap();
    }
    troubled.put_back.store(true, Ordering::SeqCst);
    // A database that was put back was not there for a while.
    troubled.broken.store(true, Ordering::SeqCst);
    let ended = watched.next().await;
    assert!(matches!(ended, Err(Failure::Cursor(CursorFault::EpochChanged { last: 1 }))));
}
