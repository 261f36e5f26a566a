//! In the build for tests: ports behind which the process ends at the point that the environment
//! names, a provider that is given another key with every try, and a gate that admits everybody.

use async_trait::async_trait;
use domain::{
    Currency,
    id::{QuoteId, StoreId, TenderId},
    order::{Fact, Tender},
    store::Store as StoreRecord,
};
use grpc_kit::Gate;
use ports::{
    Circuit, Claim, ClaimKind, Commit, Inbox, KeptNotice, Lease, LeftAlone, Loaded, NoAnswer,
    NoticeKey, NoticePlace, NumberBlock, OrderKey, Page, PageRequest, PaymentNotice, PaymentOrder,
    PaymentOutcome, PaymentProvider, PaymentStatus, Providers, Quote, Receipt, RequestKey, Store,
    StoreError, Stored,
};
use std::{
    env, process,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};
use time::OffsetDateTime;
use workers::{Point, Stops};

/// The point, and at which passing: `leg.sent_committed:3`.
const STOP_AT: &str = "MERIDIAN_STOP_AT";

/// Set to anything, it breaks the rule that the key of a leg never changes, so that a test sees
/// whether it would notice.
const KEY_PER_TRY: &str = "MERIDIAN_KEY_PER_TRY";

/// Set to anything, it lets every caller call everything of every store, so that a test sees what
/// holds if nobody looks.
const ADMIT_EVERYBODY: &str = "MERIDIAN_ADMIT_EVERYBODY";

/// What the environment says, counted anew by each who asks.
pub fn stops() -> Result<Stops, String> {
    Stops::parse(&env::var(STOP_AT).unwrap_or_default())
}

/// They count what passes over any of them.
pub fn stores<const N: usize>(all: [Arc<dyn Store>; N]) -> Result<[Arc<dyn Store>; N], String> {
    let stops = Arc::new(stops()?);
    Ok(all.map(|inner| -> Arc<dyn Store> {
        Arc::new(StoppingStore { inner, stops: Arc::clone(&stops) })
    }))
}

pub fn gate(gate: Gate) -> Gate {
    if env::var_os(ADMIT_EVERYBODY).is_some() { gate.admitting_everybody() } else { gate }
}

pub fn inbox(inner: Arc<dyn Inbox>) -> Result<Arc<dyn Inbox>, String> {
    Ok(Arc::new(StoppingInbox { inner, stops: stops()? }))
}

pub fn providers(all: &Providers) -> Result<Providers, String> {
    let stops = Arc::new(stops()?);
    let tries = env::var_os(KEY_PER_TRY).map(|_| Arc::<AtomicU32>::default());
    let stopping = all.names().map(|name| {
        let (stops, tries) = (Arc::clone(&stops), tries.clone());
        (name, StoppingProvider { all: all.clone(), name: name.to_owned(), stops, tries })
    });
    Ok(stopping.fold(Providers::default(), |all, (name, one)| all.with(name, Arc::new(one))))
}

struct StoppingStore {
    inner: Arc<dyn Store>,
    stops: Arc<Stops>,
}

/// Where the process may end before a commit that makes this a fact.
const fn before(fact: &Fact) -> Option<Point> {
    match fact {
        Fact::RefundCreated { .. } => Some(Point::RefundDecided),
        Fact::LegSent { .. } => Some(Point::Sending),
        Fact::RefundReversed { .. } | Fact::LegFailed { reversed: true, .. } => {
            Some(Point::Reversing)
        }
        _ => None,
    }
}

/// And after it.
const fn after(fact: &Fact) -> Option<Point> {
    match fact {
        Fact::RefundCreated { .. } => Some(Point::RefundCommitted),
        Fact::LegUnknown { .. } => Some(Point::UnknownCommitted),
        Fact::LegDeferred { .. } => Some(Point::DeferredCommitted),
        Fact::LegAccepted { .. } => Some(Point::AcceptedCommitted),
        Fact::RefundReversed { .. } | Fact::LegFailed { reversed: true, .. } => {
            Some(Point::Reversed)
        }
        _ => None,
    }
}

#[async_trait]
impl Store for StoppingStore {
    async fn load(
        &self,
        order: &OrderKey,
        request: Option<&RequestKey>,
    ) -> Result<Loaded, StoreError> {
        self.inner.load(order, request).await
    }

    async fn receipt(&self, request: &RequestKey) -> Result<Option<Receipt>, StoreError> {
        self.inner.receipt(request).await
    }

    async fn claim(
        &self,
        store: &StoreId,
        kind: ClaimKind,
        key: &str,
    ) -> Result<Option<Claim>, StoreError> {
        self.inner.claim(store, kind, key).await
    }

    async fn store(&self, store: &StoreId) -> Result<Option<Stored<StoreRecord>>, StoreError> {
        self.inner.store(store).await
    }

    async fn draw_refund_numbers(
        &self,
        store: &StoreId,
        count: u32,
    ) -> Result<NumberBlock, StoreError> {
        self.inner.draw_refund_numbers(store, count).await
    }

    async fn save_quote(&self, quote: &Quote, now: OffsetDateTime) -> Result<(), StoreError> {
        self.inner.save_quote(quote, now).await
    }

    async fn quote(&self, order: &OrderKey, quote: QuoteId) -> Result<Option<Quote>, StoreError> {
        self.inner.quote(order, quote).await
    }

    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        let at = |point: fn(&Fact) -> Option<Point>| -> Vec<Point> {
            let facts = commit.orders.iter().flat_map(|change| &change.facts);
            facts.filter_map(point).collect()
        };
        let (before, after) = (at(before), at(after));
        for point in before {
            self.stops.reach(point).await;
        }
        self.inner.commit(commit).await?;
        for point in after {
            self.stops.reach(point).await;
        }
        Ok(())
    }
}

struct StoppingInbox {
    inner: Arc<dyn Inbox>,
    stops: Stops,
}

#[async_trait]
impl Inbox for StoppingInbox {
    async fn take(&self, notice: &PaymentNotice, now: OffsetDateTime) -> Result<bool, StoreError> {
        self.stops.reach(Point::NoticeReceived).await;
        let taken = self.inner.take(notice, now).await?;
        self.stops.reach(Point::NoticeKept).await;
        Ok(taken)
    }

    async fn claim_notices(
        &self,
        lease: &Lease,
        now: OffsetDateTime,
        limit: u32,
    ) -> Result<Vec<KeptNotice>, StoreError> {
        let claimed = self.inner.claim_notices(lease, now, limit).await?;
        if !claimed.is_empty() {
            self.stops.reach(Point::NoticeClaimed).await;
        }
        Ok(claimed)
    }

    async fn finish_notice(
        &self,
        key: &NoticeKey,
        owner: &str,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        self.stops.reach(Point::NoticeLookedInto).await;
        let finished = self.inner.finish_notice(key, owner, now).await?;
        self.stops.reach(Point::NoticeFinished).await;
        Ok(finished)
    }

    async fn put_aside(
        &self,
        key: &NoticeKey,
        owner: &str,
        due_at: OffsetDateTime,
        why: &str,
    ) -> Result<bool, StoreError> {
        self.inner.put_aside(key, owner, due_at, why).await
    }

    async fn open_notices(
        &self,
        page: PageRequest<NoticePlace>,
    ) -> Result<Page<KeptNotice, NoticePlace>, StoreError> {
        self.inner.open_notices(page).await
    }

    async fn forget_notices(&self, before: OffsetDateTime, limit: u32) -> Result<u64, StoreError> {
        self.inner.forget_notices(before, limit).await
    }

    async fn payments(
        &self,
        provider: &str,
        reference: &str,
    ) -> Result<Vec<(OrderKey, TenderId)>, StoreError> {
        self.inner.payments(provider, reference).await
    }
}

struct StoppingProvider {
    all: Providers,
    name: String,
    stops: Arc<Stops>,
    /// Counted if every one of them is to have a key of its own.
    tries: Option<Arc<AtomicU32>>,
}

impl StoppingProvider {
    fn inner(&self) -> &dyn PaymentProvider {
        self.all.get(&self.name).expect("it is one of them")
    }

    fn keyed(&self, order: &PaymentOrder) -> PaymentOrder {
        let mut order = order.clone();
        if let Some(tries) = &self.tries {
            let (process, number) = (process::id(), tries.fetch_add(1, Ordering::Relaxed));
            let key = format!("{}.{process}.{number}", order.leg_id);
            order.leg_id = key.parse().expect("a key with numbers is a key");
        }
        order
    }
}

#[async_trait]
impl PaymentProvider for StoppingProvider {
    async fn status(
        &self,
        order: &OrderKey,
        tender: &Tender,
        currency: Currency,
    ) -> Result<PaymentStatus, NoAnswer> {
        self.inner().status(order, tender, currency).await
    }

    async fn release(&self, order: &PaymentOrder) -> PaymentOutcome {
        self.inner().release(&self.keyed(order)).await
    }

    async fn refund(&self, order: &PaymentOrder) -> PaymentOutcome {
        self.inner().refund(&self.keyed(order)).await
    }

    async fn find(&self, order: &PaymentOrder) -> Result<Option<PaymentOutcome>, NoAnswer> {
        self.stops.reach(Point::Asking).await;
        self.inner().find(&self.keyed(order)).await
    }

    fn left_alone(&self) -> Option<LeftAlone> {
        self.inner().left_alone()
    }

    fn circuit(&self) -> Option<Circuit> {
        self.inner().circuit()
    }
}
