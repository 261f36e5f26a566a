//! Refunds: quoted, made, held, approved, retried, confirmed, explained.

mod promise;
mod report;

pub use report::Reported;

use crate::{
    Answer, Caller, Core, Failure, Missing, Request, Taken,
    core::{Ask, Decision, Found},
};
use domain::{
    ActorKind, Rejection,
    amount::AmountError,
    id::{QuoteId, RefundId, StoreId},
    order::{Command, CreateRefund, Fact, Order, Refundable},
    refund::{Derivation, Plan, Refund, RefundPolicy, RefundRequest, RefundState},
    store::Store as StoreRecord,
};
use ports::{
    Claim, ClaimChange, ClaimKind, OrderKey, Page, PageRequest, Quote, RefundFilter, RefundRef,
    RequestKey, Stored, Version, own_value::Balances,
};
use promise::{planned, still_valid};
use std::{sync::Arc, time::Duration};
use time::OffsetDateTime;

/// How long a quote can be committed.
const QUOTE_LIFE: time::Duration = time::Duration::minutes(15);
/// How often a waiting caller looks, beside being told by this process's workers.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Shows an order's refund to its caller: the service's own rendering, stored as the answer.
pub type RenderRefund<'r> = &'r (dyn Fn(&Order, &Refund) -> Vec<u8> + Sync);
/// Shows a new refund together with the store as it was then, because a replay has to answer the
/// same whatever the store is called by that time; and with what was on the order's gift cards.
pub type RenderNewRefund<'r> =
    &'r (dyn Fn(&Order, &Refund, &StoreRecord, &Balances) -> Result<Vec<u8>, AmountError> + Sync);

#[derive(Clone)]
pub struct Refunds {
    core: Arc<Core>,
}

/// What is to be refunded: described, or as quoted.
#[derive(Debug, Clone)]
pub enum NewRefund {
    Asked(Box<RefundRequest>),
    Quoted(QuoteId),
}

/// A quote with all that it promises.
#[derive(Debug, Clone)]
pub struct Quoted {
    pub quote: Quote,
    pub order: Stored<Order>,
    pub plan: Plan,
}

impl Refunds {
    pub const fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Works a refund out and keeps nothing but the quote.
    ///
    /// # Errors
    ///
    /// The [`Failure`] that [`Refunds::create`] would answer.
    pub async fn quote(
        &self,
        caller: &Caller,
        store_id: &StoreId,
        order_id: &str,
        request: RefundRequest,
    ) -> Result<Quoted, Failure> {
        let store = self.core.settings(store_id).await?;
        let (key, order) = self.core.order(store_id, order_id).await?;
        let now = self.core.now();
        let (plan, hash) = planned(&order, caller, &store.state, &request, now)?;
        let quote = Quote {
            quote_id: QuoteId::from_uuid(self.core.ids.next()),
            order: key,
            revision: order.state.revision,
            request,
            hash,
            expires_at: now + QUOTE_LIFE,
        };
        self.core.store.save_quote(&quote, now).await?;
        Ok(Quoted { quote, order, plan })
    }

    /// Makes a refund: exactly the quoted one, or what is asked.
    ///
    /// # Errors
    ///
    /// [`Failure::Rejected`] by the rules of refunds. [`Failure::Taken`] if the external
    /// reference was used with other content; with the same content its answer is given again.
    pub async fn create(
        &self,
        caller: &Caller,
        store_id: &StoreId,
        order_id: &str,
        request: &Request,
        new: NewRefund,
        render: RenderNewRefund<'_>,
    ) -> Result<Answer, Failure> {
        let store = self.core.settings(store_id).await?;
        let key = self.core.key(store_id, order_id).await?;
        let (asked, quote) = match new {
            NewRefund::Asked(asked) => (*asked, None),
            NewRefund::Quoted(quote_id) => {
                if let Some(receipt) = self.core.store.receipt(&request.key(store_id)).await? {
                    return request.replay(receipt);
                }
                // The quote stands under the order's own key, however the caller names it.
                let (key, _) = self.core.order(store_id, order_id).await?;
                let quote = self.core.store.quote(&key, quote_id).await?;
                let quote = quote
                    .ok_or_else(|| Failure::not_found(Missing::Quote, quote_id.to_string()))?;
                (quote.request.clone(), Some(quote))
            }
        };
        let number = self.core.refund_number(store_id).await?;
        let refund_id = RefundId::from_uuid(self.core.ids.next());
        let reference = asked.external_reference.clone();
        let claim = reference.as_deref().map(|key| (ClaimKind::RefundReference, key));
        let ask = Ask { claim, gift_cards: true, ..Ask::of(caller, &key, request) };
        let outcome = self
            .core
            .command(ask, |Found { order, claim, balances, now, .. }| {
                if let Some(claim) = claim {
                    return same_reference(request, claim);
                }
                let order = order.ok_or_else(|| Failure::not_found(Missing::Order, order_id))?;
                if let Some(quote) = &quote {
                    still_valid(quote, &order, caller, &store.state, now)?;
                }
                let create = CreateRefund {
                    refund_id,
                    number,
                    at: now,
                    by: caller.actor.clone(),
                    order_version: order.version.0,
                    policy: policy(caller, &store.state),
                    request: asked.clone(),
                };
                let change = order.decide(Command::CreateRefund(Box::new(create)), now)?;
                let claims = reference.iter().map(|key| take(store_id, key, request)).collect();
                let made = refund_of(&change.after, refund_id)?;
                let answer = render(&change.after, made, &store.state, &balances);
                let answer = answer.map_err(Rejection::from)?;
                Ok(Decision::Commit { change: Box::new(change), claims, answer })
            })
            .await;
        if !matches!(&outcome, Ok(answer) if !answer.replayed) && is_certain(&outcome) {
            self.core.numbers.give_back(store_id, number);
        }
        outcome
    }

    /// # Errors
    ///
    /// [`Failure::NotFound`] if the order or the refund is not there.
    pub async fn get(
        &self,
        store_id: &StoreId,
        order_id: &str,
        refund_id: RefundId,
    ) -> Result<(Order, Refund), Failure> {
        let (order, _) = self.order(store_id, order_id).await?;
        let refund = order.refund(refund_id).cloned();
        let refund =
            refund.ok_or_else(|| Failure::not_found(Missing::Refund, refund_id.to_string()))?;
        Ok((order, refund))
    }

    /// # Errors
    ///
    /// [`Failure::Store`] alone.
    pub async fn list(
        &self,
        store_id: &StoreId,
        filter: &RefundFilter,
        page: PageRequest<RefundId>,
    ) -> Result<Page<(Arc<Order>, Refund), RefundId>, Failure> {
        let found = self.core.reader.refunds(store_id, filter, page).await?;
        let order_ids = found.items.iter().map(|item| item.order_id.clone());
        let orders = self.core.orders(store_id, order_ids).await?;
        let mut items = Vec::with_capacity(found.items.len());
        for RefundRef { order_id, refund_id } in found.items {
            let order = orders.iter().find(|order| order.order_id == order_id);
            let refund = order.and_then(|order| order.refund(refund_id));
            items.extend(order.zip(refund).map(|(order, it)| (Arc::clone(order), it.clone())));
        }
        Ok(Page { items, next: found.next })
    }

    /// What is left, per line, charge and tender.
    ///
    /// # Errors
    ///
    /// [`Failure::NotFound`] if the order is not there.
    pub async fn refundable(
        &self,
        store_id: &StoreId,
        order_id: &str,
    ) -> Result<(Order, Version, Refundable), Failure> {
        let (order, version) = self.order(store_id, order_id).await?;
        let left = order.books()?.refundable(&order)?;
        Ok((order, version, left))
    }

    /// How every figure of the refund came about.
    ///
    /// # Errors
    ///
    /// [`Failure::NotFound`] if the order or the refund is not there.
    pub async fn explain(
        &self,
        store_id: &StoreId,
        order_id: &str,
        refund_id: RefundId,
    ) -> Result<(Order, Vec<Derivation>), Failure> {
        let (order, _) = self.order(store_id, order_id).await?;
        let key = OrderKey::new(store_id.clone(), order.order_id.clone());
        let logged = self.core.reader.refund_created(&key, refund_id).await?;
        match logged.map(|logged| logged.fact) {
            Some(Fact::RefundCreated { derivations, .. }) => Ok((order, derivations)),
            _ => Err(Failure::not_found(Missing::Refund, refund_id.to_string())),
        }
    }

    /// Hold, release, approve, retry or confirm, by the command that `command` makes.
    ///
    /// # Errors
    ///
    /// [`Failure::Rejected`] by the refund's state.
    #[expect(clippy::too_many_arguments, reason = "the parts of one call, each of its own type")]
    pub async fn change(
        &self,
        caller: &Caller,
        store_id: &StoreId,
        order_id: &str,
        refund_id: RefundId,
        request: &Request,
        command: &(dyn Fn(OffsetDateTime) -> Command + Sync),
        render: RenderRefund<'_>,
    ) -> Result<Answer, Failure> {
        let key = self.core.key(store_id, order_id).await?;
        let ask = Ask::of(caller, &key, request);
        let answer = self
            .core
            .command(ask, |Found { order, now, .. }| {
                let order = order.ok_or_else(|| Failure::not_found(Missing::Order, order_id))?;
                if order.state.refund(refund_id).is_none() {
                    return Err(Failure::not_found(Missing::Refund, refund_id.to_string()));
                }
                let change = order.decide(command(now), now)?;
                let answer = render(&change.after, refund_of(&change.after, refund_id)?);
                Ok(Decision::Commit { change: Box::new(change), claims: Vec::new(), answer })
            })
            .await?;
        self.core.settlements.moved(refund_id);
        Ok(answer)
    }

    /// The refund once its legs are through, or as it is when `patience` is over.
    ///
    /// # Errors
    ///
    /// As [`Refunds::get`].
    pub async fn settled(
        &self,
        store_id: &StoreId,
        order_id: &str,
        refund_id: RefundId,
        patience: Duration,
    ) -> Result<(Order, Refund), Failure> {
        let watch = self.core.settlements.watch(refund_id);
        let over = tokio::time::sleep(patience);
        tokio::pin!(over);
        loop {
            let moved = watch.next();
            let (order, refund) = self.get(store_id, order_id, refund_id).await?;
            if refund.state != RefundState::Pending {
                return Ok((order, refund));
            }
            tokio::select! {
                () = moved => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                () = &mut over => return Ok((order, refund)),
            }
        }
    }

    async fn order(&self, store_id: &StoreId, order_id: &str) -> Result<(Order, Version), Failure> {
        let (_, order) = self.core.order(store_id, order_id).await?;
        Ok((order.state, order.version))
    }
}

/// Whether the outcome says for certain that nothing was written with the number.
pub(crate) fn is_certain<T>(outcome: &Result<T, Failure>) -> bool {
    !matches!(outcome, Err(Failure::Store(_)))
}

pub(crate) fn policy(caller: &Caller, store: &StoreRecord) -> RefundPolicy {
    let settings = &store.settings;
    RefundPolicy {
        settings_version: store.settings_version,
        appeasements: settings.appeasements,
        prepaid_returns: settings.prepaid_returns,
        tender_order: settings.tender_order,
        approval_limit: settings.approval_limit.map(|limit| (limit, store.currency)),
        may_charge_platform: caller.actor.kind == ActorKind::Platform,
    }
}

fn same_reference(request: &Request, claim: Claim) -> Result<Decision, Failure> {
    if claim.fingerprint != request.fingerprint {
        return Err(Failure::Taken { what: Taken::ExternalReference, key: claim.key });
    }
    Ok(Decision::SameAs(RequestKey {
        store_id: claim.store_id,
        method: request.method,
        request_id: claim.holder,
    }))
}

fn take(store_id: &StoreId, reference: &str, request: &Request) -> ClaimChange {
    ClaimChange::Take(Claim {
        store_id: store_id.clone(),
        kind: ClaimKind::RefundReference,
        key: reference.to_owned(),
        holder: request.id.clone(),
        fingerprint: request.fingerprint,
    })
}

fn refund_of(order: &Order, refund_id: RefundId) -> Result<&Refund, Failure> {
    let refund = order.refund(refund_id);
    refund.ok_or_else(|| Failure::not_found(Missing::Refund, refund_id.to_string()))
}
