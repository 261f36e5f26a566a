//! The loop of commands on a store and what belongs to it: read, decide, commit, and decide again
//! if somebody was faster.

use crate::{Answer, Caller, Core, Failure, Missing, Request, core::Pauses};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use domain::{
    id::StoreId,
    store::{Store as StoreRecord, StoreFact},
};
use ports::{
    ClaimChange, EndpointChange, Receipt, SessionChange, StoreChange, StoreError, Stored,
    TokenChange, UserChange,
};
use time::OffsetDateTime;

/// One command on one store.
#[derive(Clone, Copy)]
pub(crate) struct StoreAsk<'a> {
    pub caller: &'a Caller,
    pub store_id: &'a StoreId,
    /// None for a worker's step, because what it changes makes it idempotent.
    pub request: Option<&'a Request>,
}

/// What a decision on a store is made on. Read anew with every try, the store first: its version
/// tells if any of it was changed since.
pub(crate) struct Known<B> {
    pub store: Option<Stored<StoreRecord>>,
    pub beside: B,
    pub now: OffsetDateTime,
}

/// What comes of a command on a store.
enum Judged {
    /// It was answered before.
    Earlier(Answer),
    /// It is to be written.
    Now(Box<Written>, OffsetDateTime),
}

/// What a decision on a store leaves to commit.
pub(crate) struct Written {
    pub change: StoreChange,
    pub token: Option<TokenChange>,
    pub endpoint: Option<EndpointChange>,
    pub users: Vec<UserChange>,
    pub sessions: Vec<SessionChange>,
    pub claims: Vec<ClaimChange>,
    pub answer: Vec<u8>,
}

impl Written {
    /// A change of the store with nothing beside it.
    pub const fn of(change: StoreChange, answer: Vec<u8>) -> Self {
        Self {
            change,
            token: None,
            endpoint: None,
            users: Vec::new(),
            sessions: Vec::new(),
            claims: Vec::new(),
            answer,
        }
    }
}

impl Core {
    /// `read`: what the decision has to know beside the store.
    pub(crate) async fn write_store<B, F>(
        &self,
        ask: StoreAsk<'_>,
        read: impl Fn() -> F + Send + Sync,
        decide: impl Fn(Known<B>) -> Result<Written, Failure> + Send + Sync,
    ) -> Result<Answer, Failure>
    where
        B: Send,
        F: Future<Output = Result<B, StoreError>> + Send,
    {
        let StoreAsk { caller, store_id, request } = ask;
        let mut pauses = Pauses::default();
        loop {
            let (written, now) = match self.judged(ask, &read, &decide).await? {
                Judged::Earlier(answer) => return Ok(answer),
                Judged::Now(written, now) => (*written, now),
            };
            let Written { change, token, endpoint, users, sessions, claims, answer } = written;
            if change.facts.is_empty() && request.is_none() {
                return Ok(Answer { bytes: answer, replayed: false });
            }
            let mut commit = caller.commit(now);
            commit.claims = claims;
            (commit.users, commit.sessions) = (users, sessions);
            commit.tokens.extend(token);
            commit.endpoints.extend(endpoint);
            commit.stores.extend((!change.facts.is_empty()).then_some(change));
            commit.receipt = request.map(|request| Receipt {
                key: request.key(store_id),
                fingerprint: request.fingerprint,
                answer: answer.clone(),
            });
            match self.store.commit(commit).await {
                Ok(()) => {
                    self.forget_settings(store_id);
                    return Ok(Answer { bytes: answer, replayed: false });
                }
                Err(StoreError::Conflict) if pauses.left() => pauses.next().await,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The earlier answer to this very request, or none if there is something to be written by now:
    /// for whoever has work to do that is done for that alone. What comes of it is decided anew.
    pub(crate) async fn judge_store<B, F>(
        &self,
        ask: StoreAsk<'_>,
        read: impl Fn() -> F + Send + Sync,
        decide: impl Fn(Known<B>) -> Result<Written, Failure> + Send + Sync,
    ) -> Result<Option<Answer>, Failure>
    where
        B: Send,
        F: Future<Output = Result<B, StoreError>> + Send,
    {
        Ok(match self.judged(ask, &read, &decide).await? {
            Judged::Earlier(answer) => Some(answer),
            Judged::Now(..) => None,
        })
    }

    async fn judged<B, F>(
        &self,
        StoreAsk { store_id, request, .. }: StoreAsk<'_>,
        read: &(impl Fn() -> F + Send + Sync),
        decide: &(impl Fn(Known<B>) -> Result<Written, Failure> + Send + Sync),
    ) -> Result<Judged, Failure>
    where
        B: Send,
        F: Future<Output = Result<B, StoreError>> + Send,
    {
        let store = self.store.store(store_id).await?;
        let beside = read().await?;
        // Read last: if this very request wrote what was found above, its receipt is there now.
        if let Some(request) = request
            && let Some(receipt) = self.store.receipt(&request.key(store_id)).await?
        {
            return Ok(Judged::Earlier(request.replay(receipt)?));
        }
        let now = self.now();
        Ok(Judged::Now(Box::new(decide(Known { store, beside, now })?), now))
    }

    /// What a caller proves itself with; `kind` says what it is the secret of.
    pub(crate) fn bearer_secret(&self, kind: &str) -> String {
        format!("{kind}{}", BASE64_URL_SAFE_NO_PAD.encode(self.ids.secret()))
    }

    /// What messages are signed with, by the format of Standard Webhooks.
    pub(crate) fn signing_secret(&self) -> String {
        format!("whsec_{}", BASE64_STANDARD.encode(self.ids.secret()))
    }
}

/// A fact of a store's history that changes nothing of the store.
pub(crate) fn incidental(store: Stored<StoreRecord>, fact: StoreFact) -> StoreChange {
    let Stored { state: mut after, version: before } = store;
    after.incidentals += 1;
    StoreChange { before, after, facts: vec![fact] }
}

/// What is unique over all stores is found whichever of them is named.
pub(crate) fn any_store() -> Option<StoreId> {
    "any".parse().ok()
}

pub(crate) fn existing(
    found: Option<Stored<StoreRecord>>,
    store_id: &StoreId,
) -> Result<Stored<StoreRecord>, Failure> {
    found.ok_or_else(|| Failure::not_found(Missing::Store, store_id.as_str()))
}
