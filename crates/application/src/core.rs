//! What every use case shares: the ports, the queue per order, and the loop that reads, decides
//! and commits until nobody was faster.

use crate::{
    Failure, Missing, numbers::Numbers, queue::Queues, settlements::Settlements, tasks, transfers,
};
use domain::{
    Actor,
    id::{OrderId, StoreId},
    order::{Order, TenderMethod},
    refund::LEDGER,
    store::Store as StoreRecord,
};
use futures_util::future::try_join_all;
use ports::{
    Claim, ClaimChange, ClaimKind, Clock, Commit, Fence, Ids, Ledger, Loaded, OrderChange,
    OrderKey, Reader, Receipt, RequestKey, Store, StoreError, Stored, Version,
    own_value::{self, Balances},
};
use rand::Rng as _;
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use time::OffsetDateTime;

/// How often a command is decided again because another process was faster.
const ATTEMPTS: u32 = 30;
/// The longest pause before deciding again.
const MAX_PAUSE: Duration = Duration::from_millis(40);
/// How long another process's change of a store's settings may go unnoticed.
const SETTINGS_FRESH: time::Duration = time::Duration::seconds(1);
/// Stores whose settings are kept at hand.
const MAX_CACHED_STORES: usize = 10_000;

pub struct Core {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) reader: Arc<dyn Reader>,
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) numbers: Arc<Numbers>,
    pub(crate) settlements: Arc<Settlements>,
    queues: Arc<Queues>,
    stores: Arc<Mutex<KnownStores>>,
}

/// When a store was read, and what was read.
type KnownStores = HashMap<StoreId, (OffsetDateTime, Arc<Stored<StoreRecord>>)>;

/// Who calls, and within which trace.
#[derive(Debug, Clone)]
pub struct Caller {
    pub actor: Actor,
    /// W3C `traceparent`.
    pub trace: Option<String>,
}

/// Makes a command idempotent: the same id with the same content is answered, not repeated.
#[derive(Debug, Clone)]
pub struct Request {
    /// Scoped to store and method.
    pub id: String,
    pub method: &'static str,
    /// Digest of the content.
    pub fingerprint: [u8; 32],
}

impl Caller {
    /// A commit of nothing yet, in the caller's name and trace.
    pub(crate) fn commit(&self, now: OffsetDateTime) -> Commit {
        let mut commit = Commit::new(now, self.actor.clone());
        commit.trace.clone_from(&self.trace);
        commit
    }
}

/// A command's answer as the service rendered it, then or at an earlier time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub bytes: Vec<u8>,
    pub replayed: bool,
}

/// A command's answer, and beside it the secret that was made: only the first time.
#[derive(Debug, Clone)]
pub struct Made {
    pub answer: Answer,
    pub secret: Option<String>,
}

impl Made {
    pub(crate) fn of(answer: Answer, made: Option<String>) -> Self {
        let secret = made.filter(|_| !answer.replayed);
        Self { answer, secret }
    }
}

/// One command on one order.
pub(crate) struct Ask<'a> {
    pub caller: &'a Caller,
    pub key: &'a OrderKey,
    pub request: &'a Request,
    /// A unique key that the decision has to know the holder of.
    pub claim: Option<(ClaimKind, &'a str)>,
    /// Whether it has to know what is on the order's gift cards.
    pub gift_cards: bool,
}

impl<'a> Ask<'a> {
    /// One that has to know nothing beside the order.
    pub const fn of(caller: &'a Caller, key: &'a OrderKey, request: &'a Request) -> Self {
        Self { caller, key, request, claim: None, gift_cards: false }
    }
}

/// What a decision is made on.
pub(crate) struct Found {
    /// The order's own key, also where the caller named it by the merchant's id.
    pub key: OrderKey,
    pub order: Option<Stored<Order>>,
    pub claim: Option<Claim>,
    /// What is on the order's gift cards in this system's books, if that was asked for.
    pub balances: Balances,
    pub now: OffsetDateTime,
}

/// What a decision leaves to do.
pub(crate) enum Decision {
    Commit {
        change: Box<OrderChange>,
        claims: Vec<ClaimChange>,
        answer: Vec<u8>,
    },
    /// Another request had this very outcome: its receipt has the answer.
    SameAs(RequestKey),
}

impl Core {
    pub fn new(
        store: Arc<dyn Store>,
        reader: Arc<dyn Reader>,
        ledger: Arc<dyn Ledger>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Arc<Self> {
        Arc::new(Self {
            store,
            reader,
            ledger,
            clock,
            ids,
            numbers: Arc::default(),
            settlements: Arc::default(),
            queues: Arc::default(),
            stores: Arc::default(),
        })
    }

    /// The same over other ways to the same records, such as behind the fence of a caller. Whatever
    /// else the two share: commands on one order queue up over both.
    #[must_use]
    pub fn over(
        &self,
        store: Arc<dyn Store>,
        reader: Arc<dyn Reader>,
        ledger: Arc<dyn Ledger>,
    ) -> Arc<Self> {
        Arc::new(Self {
            store,
            reader,
            ledger,
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            numbers: Arc::clone(&self.numbers),
            settlements: Arc::clone(&self.settlements),
            queues: Arc::clone(&self.queues),
            stores: Arc::clone(&self.stores),
        })
    }

    pub fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// The number of a refund that is about to be made.
    pub(crate) async fn refund_number(&self, store_id: &StoreId) -> Result<i64, StoreError> {
        let draw = |count| self.store.draw_refund_numbers(store_id, count);
        self.numbers.take(store_id, draw).await
    }

    /// Reads the order and the request's receipt, decides, and commits, again and again while
    /// others are faster. An order that is not there may be there by the merchant's id.
    pub(crate) async fn command(
        &self,
        ask: Ask<'_>,
        decide: impl Fn(Found) -> Result<Decision, Failure> + Send + Sync,
    ) -> Result<Answer, Failure> {
        match self.in_turn(&ask, ask.key, &decide).await {
            Err(failure @ Failure::NotFound { what: Missing::Order, .. }) => {
                let named = self.by_external_id(&ask.key.store_id, ask.key.order_id.as_str());
                match named.await? {
                    Some(key) => self.in_turn(&ask, &key, &decide).await,
                    None => Err(failure),
                }
            }
            outcome => outcome,
        }
    }

    /// The same without a second try of its own: for a decision that was made on more than the
    /// order, which all has to be read anew.
    pub(crate) async fn command_once(
        &self,
        ask: Ask<'_>,
        decide: impl Fn(Found) -> Result<Decision, Failure> + Send + Sync,
    ) -> Result<Answer, Failure> {
        let _turn = self.queues.enter(ask.key).await?;
        self.attempt(&ask, ask.key, &decide).await
    }

    async fn in_turn(
        &self,
        ask: &Ask<'_>,
        key: &OrderKey,
        decide: &(impl Fn(Found) -> Result<Decision, Failure> + Send + Sync),
    ) -> Result<Answer, Failure> {
        let _turn = self.queues.enter(key).await?;
        let mut pauses = Pauses::default();
        loop {
            match self.attempt(ask, key, decide).await {
                Err(failure) if failure.is_conflict() && pauses.left() => pauses.next().await,
                outcome => return outcome,
            }
        }
    }

    async fn attempt(
        &self,
        ask: &Ask<'_>,
        key: &OrderKey,
        decide: &(impl Fn(Found) -> Result<Decision, Failure> + Send + Sync),
    ) -> Result<Answer, Failure> {
        let Ask { caller, request, claim, gift_cards, .. } = ask;
        let request_key = request.key(&key.store_id);
        let Loaded { order, receipt } = self.store.load(key, Some(&request_key)).await?;
        if let Some(receipt) = receipt {
            return request.replay(receipt);
        }
        let claim = match claim {
            Some((kind, name)) => self.store.claim(&key.store_id, *kind, name).await?,
            None => None,
        };
        let balances = match &order {
            Some(order) if *gift_cards => self.gift_cards_of(&order.state).await?,
            _ => Balances::new(),
        };
        let found = Found { key: key.clone(), order, claim, balances, now: self.now() };
        let (change, claims, answer) = match decide(found)? {
            Decision::Commit { change, claims, answer } => (*change, claims, answer),
            Decision::SameAs(other) => {
                let first = self.store.receipt(&other).await?.ok_or(StoreError::Conflict)?;
                // This id, too, now stands for that content.
                let mut commit = Commit::new(self.now(), caller.actor.clone());
                commit.receipt = Some(Receipt {
                    key: request_key,
                    fingerprint: request.fingerprint,
                    answer: first.answer.clone(),
                });
                self.store.commit(commit).await?;
                return Ok(Answer { bytes: first.answer, replayed: true });
            }
        };
        let mut commit = self.commit_of(caller, change);
        commit.claims = claims;
        commit.receipt = Some(Receipt {
            key: request_key,
            fingerprint: request.fingerprint,
            answer: answer.clone(),
        });
        self.commit(commit).await?;
        Ok(Answer { bytes: answer, replayed: false })
    }

    async fn gift_cards_of(&self, order: &Order) -> Result<Balances, StoreError> {
        let cards = order
            .tenders
            .iter()
            .filter(|tender| tender.method == TenderMethod::GiftCard && tender.provider == LEDGER);
        let references = cards.map(|card| &*card.provider_reference);
        let currency = order.customer_currency;
        own_value::balances(&*self.ledger, &order.store_id, references, currency).await
    }

    /// A worker's step: no receipt, because the order's own state makes it idempotent.
    pub(crate) async fn step<T: Send>(
        &self,
        key: &OrderKey,
        decide: impl Fn(Stored<Order>, OffsetDateTime) -> Result<(Commit, T), Failure> + Send + Sync,
    ) -> Result<T, Failure> {
        let _turn = self.queues.enter(key).await?;
        let mut pauses = Pauses::default();
        loop {
            let Loaded { order, .. } = self.store.load(key, None).await?;
            let order =
                order.ok_or_else(|| Failure::not_found(Missing::Order, key.order_id.as_str()))?;
            let (commit, outcome) = decide(order, self.now())?;
            if commit.orders.is_empty() && commit.tasks.is_empty() {
                return Ok(outcome);
            }
            match self.commit(commit).await {
                Ok(()) => return Ok(outcome),
                Err(failure) if failure.is_conflict() && pauses.left() => pauses.next().await,
                Err(failure) => return Err(failure),
            }
        }
    }

    /// A step that is one command and nothing else. Answers the order after it.
    pub(crate) async fn take_step(
        &self,
        caller: &Caller,
        key: &OrderKey,
        command: impl Fn(OffsetDateTime) -> domain::order::Command + Send + Sync,
    ) -> Result<Order, Failure> {
        self.step(key, |order, now| {
            let change = order.decide(command(now), now)?;
            let after = change.after.clone();
            Ok((self.commit_of(caller, change), after))
        })
        .await
    }

    /// With the own value that moves with it.
    async fn commit(&self, mut commit: Commit) -> Result<(), Failure> {
        commit.transfers = transfers::of(&*self.ledger, &commit).await?;
        Ok(self.store.commit(commit).await?)
    }

    /// The earlier answer to this very request, if there is one.
    pub(crate) async fn answered(
        &self,
        store_id: &StoreId,
        request: &Request,
    ) -> Result<Option<Answer>, Failure> {
        let receipt = self.store.receipt(&request.key(store_id)).await?;
        let same = receipt.filter(|receipt| receipt.fingerprint == request.fingerprint);
        Ok(same.map(|receipt| Answer { bytes: receipt.answer, replayed: true }))
    }

    pub(crate) fn commit_of(&self, caller: &Caller, change: OrderChange) -> Commit {
        let now = self.now();
        let mut commit = caller.commit(now);
        commit.tasks = tasks::of(&change, now);
        commit.order(change)
    }

    /// The order by the platform's id or, failing that, by the merchant's.
    pub(crate) async fn order(
        &self,
        store_id: &StoreId,
        reference: &str,
    ) -> Result<(OrderKey, Stored<Order>), Failure> {
        let key = self.key(store_id, reference).await?;
        if let Some(order) = self.store.load(&key, None).await?.order {
            return Ok((key, order));
        }
        if let Some(key) = self.by_external_id(store_id, reference).await?
            && let Some(order) = self.store.load(&key, None).await?.order
        {
            return Ok((key, order));
        }
        Err(Failure::not_found(Missing::Order, reference))
    }

    /// The orders that a list is about, each read once.
    pub(crate) async fn orders(
        &self,
        store_id: &StoreId,
        order_ids: impl Iterator<Item = OrderId>,
    ) -> Result<Vec<Arc<Order>>, Failure> {
        let order_ids: BTreeSet<_> = order_ids.collect();
        let read = order_ids.into_iter().map(|order_id| async {
            self.reader.order(&OrderKey::new(store_id.clone(), order_id)).await
        });
        let found = try_join_all(read).await?.into_iter().flatten();
        Ok(found.map(|view| Arc::new(view.order)).collect())
    }

    /// The key to try first: the text itself if it can be an order id, else the merchant's id
    /// looked up.
    pub(crate) async fn key(
        &self,
        store_id: &StoreId,
        reference: &str,
    ) -> Result<OrderKey, Failure> {
        if let Ok(order_id) = reference.parse() {
            return Ok(OrderKey::new(store_id.clone(), order_id));
        }
        let named = self.by_external_id(store_id, reference).await?;
        named.ok_or_else(|| Failure::not_found(Missing::Order, reference))
    }

    pub(crate) async fn by_external_id(
        &self,
        store_id: &StoreId,
        external_id: &str,
    ) -> Result<Option<OrderKey>, Failure> {
        // No id has control characters, and not every database can be asked for them.
        if external_id.chars().any(char::is_control) {
            return Ok(None);
        }
        let claim = self.store.claim(store_id, ClaimKind::ExternalOrderId, external_id).await?;
        let order_id = claim.and_then(|claim| claim.holder.parse::<OrderId>().ok());
        Ok(order_id.map(|order_id| OrderKey::new(store_id.clone(), order_id)))
    }

    /// The store with its settings, at most a second old.
    pub async fn settings(&self, store_id: &StoreId) -> Result<Arc<Stored<StoreRecord>>, Failure> {
        let now = self.now();
        if let Some((read_at, found)) = self.cached_stores().get(store_id)
            && (now - *read_at).abs() < SETTINGS_FRESH
            && Fence::lets_see(store_id)
        {
            return Ok(Arc::clone(found));
        }
        let found = self.store.store(store_id).await?;
        let found =
            Arc::new(found.ok_or_else(|| Failure::not_found(Missing::Store, store_id.as_str()))?);
        let mut cached = self.cached_stores();
        if cached.len() >= MAX_CACHED_STORES {
            cached.clear();
        }
        cached.insert(store_id.clone(), (now, Arc::clone(&found)));
        Ok(found)
    }

    pub(crate) fn forget_settings(&self, store_id: &StoreId) {
        self.cached_stores().remove(store_id);
    }

    fn cached_stores(&self) -> MutexGuard<'_, KnownStores> {
        self.stores.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Request {
    pub(crate) fn key(&self, store_id: &StoreId) -> RequestKey {
        RequestKey { store_id: store_id.clone(), method: self.method, request_id: self.id.clone() }
    }

    /// The earlier answer, if the content is the same.
    pub(crate) fn replay(&self, receipt: Receipt) -> Result<Answer, Failure> {
        if receipt.fingerprint == self.fingerprint {
            Ok(Answer { bytes: receipt.answer, replayed: true })
        } else {
            Err(Failure::RequestIdReused { id: self.id.clone() })
        }
    }
}

/// Shows a decided order to its caller: the service's own rendering, stored as the answer.
pub(crate) type Render<'r> = &'r (dyn Fn(&Order, Version) -> Vec<u8> + Sync);

/// Pauses between decisions that were made on stale facts: longer each time, with full jitter.
#[derive(Default)]
pub(crate) struct Pauses {
    taken: u32,
}

impl Pauses {
    pub const fn left(&self) -> bool {
        self.taken < ATTEMPTS
    }

    pub async fn next(&mut self) {
        let longest = (Duration::from_millis(1) * 2_u32.saturating_pow(self.taken)).min(MAX_PAUSE);
        self.taken += 1;
        // Drawn before the pause: the generator is bound to its thread.
        let share: f64 = rand::rng().random();
        tokio::time::sleep(longest.mul_f64(share)).await;
    }
}
