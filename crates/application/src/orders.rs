//! Taking orders in, showing them, and what merchant and platform do with them.

use crate::{
    Answer, Caller, Core, Failure, Missing, Request, Taken,
    core::{Ask, Decision, Found, Render},
    late::Late,
};
use domain::{
    Currency,
    id::StoreId,
    order::{Command, ExternalIds, NewOrder, Order, Parcel, PaymentReport, Personal, Shipment},
    screening::Check,
};
use ports::{
    Claim, ClaimChange, ClaimKind, OrderChange, OrderFilter, OrderKey, OrderOrigin, OrderSort,
    OrderView, Page, PageRequest, Stored,
};
use std::sync::Arc;

#[derive(Clone)]
pub struct Orders {
    core: Arc<Core>,
}

impl Orders {
    pub const fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// The earlier answer to this very request. What a request is judged by may have changed since:
    /// settings, the time. A repetition is answered all the same.
    ///
    /// # Errors
    ///
    /// [`Failure::Store`] alone.
    pub async fn answered(
        &self,
        store_id: &StoreId,
        request: &Request,
    ) -> Result<Option<Answer>, Failure> {
        self.core.answered(store_id, request).await
    }

    /// The merchant currency of an order that names none.
    ///
    /// # Errors
    ///
    /// [`Failure::NotFound`] if there is no such store.
    pub async fn books_currency(&self, store_id: &StoreId) -> Result<Currency, Failure> {
        Ok(self.core.settings(store_id).await?.state.currency)
    }

    /// L1. The order id is unique in its store.
    ///
    /// # Errors
    ///
    /// [`Failure::Taken`] if another request made an order of this id.
    pub async fn create(
        &self,
        caller: &Caller,
        store_id: &StoreId,
        request: &Request,
        order: NewOrder,
        personal: Personal,
        render: Render<'_>,
    ) -> Result<Answer, Failure> {
        let store = self.core.settings(store_id).await?;
        let key = OrderKey::new(store_id.clone(), order.order_id.clone());
        let ask = Ask::of(caller, &key, request);
        self.core
            .command(ask, |found| {
                if found.order.is_some() {
                    let key = order.order_id.to_string();
                    return Err(Failure::Taken { what: Taken::OrderId, key });
                }
                let received = order.clone().receive(
                    store_id.clone(),
                    &store.state.settings.screening,
                    found.now,
                )?;
                let change = OrderChange::create(received, personal.clone())
                    .ok_or_else(|| Failure::not_found(Missing::Order, order.order_id.as_str()))?;
                Ok(committed(change, Vec::new(), render))
            })
            .await
    }

    /// # Errors
    ///
    /// [`Failure::NotFound`] also for an order of another store.
    pub async fn get(&self, store_id: &StoreId, order_id: &str) -> Result<OrderView, Failure> {
        let key = self.core.key(store_id, order_id).await?;
        if let Some(view) = self.core.reader.order(&key).await? {
            return Ok(view);
        }
        if let Some(key) = self.core.by_external_id(store_id, order_id).await?
            && let Some(view) = self.core.reader.order(&key).await?
        {
            return Ok(view);
        }
        Err(Failure::not_found(Missing::Order, order_id))
    }

    /// # Errors
    ///
    /// [`Failure::Store`] alone.
    pub async fn list(
        &self,
        store_id: &StoreId,
        filter: &OrderFilter,
        sort: OrderSort,
        page: PageRequest<OrderOrigin>,
    ) -> Result<Page<OrderView, OrderOrigin>, Failure> {
        Ok(self.core.reader.orders(store_id, filter, sort, page).await?)
    }

    /// L8 to L11. The merchant's order id is unique in the store.
    ///
    /// # Errors
    ///
    /// [`Failure::Taken`] if another order has the id.
    pub async fn accept(
        &self,
        caller: &Caller,
        store_id: &StoreId,
        order_id: &str,
        request: &Request,
        external: &ExternalIds,
        render: Render<'_>,
    ) -> Result<Answer, Failure> {
        let command = || Command::Accept(external.clone());
        self.name(caller, store_id, order_id, request, external, &command, render).await
    }

    /// L11: draft ids, without a change of status.
    ///
    /// # Errors
    ///
    /// [`Failure::Taken`] if another order has the id.
    pub async fn set_external_reference(
        &self,
        caller: &Caller,
        store_id: &StoreId,
        order_id: &str,
        request: &Request,
        external: &ExternalIds,
        render: Render<'_>,
    ) -> Result<Answer, Failure> {
        let command = || Command::SetExternalReference(external.clone());
        self.name(caller, store_id, order_id, request, external, &command, render).await
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one call, each of its own type")]
    async fn name(
        &self,
        caller: &Caller,
        store_id: &StoreId,
        order_id: &str,
        request: &Request,
        external: &ExternalIds,
        command: &(dyn Fn() -> Command + Sync),
        render: Render<'_>,
    ) -> Result<Answer, Failure> {
        let key = self.core.key(store_id, order_id).await?;
        let claim = Some((ClaimKind::ExternalOrderId, external.id.as_str()));
        let ask = Ask { claim, ..Ask::of(caller, &key, request) };
        self.core
            .command(ask, |Found { key, order, claim, now, .. }| {
                let order = present(order, order_id)?;
                let change = order.decide(command(), now)?;
                let mine = claim.as_ref().is_some_and(|c| c.holder == key.order_id.as_str());
                if claim.is_some() && !mine {
                    let key = external.id.clone();
                    return Err(Failure::Taken { what: Taken::ExternalOrderId, key });
                }
                let mut claims = Vec::new();
                if !mine && !change.facts.is_empty() {
                    claims.push(take_external_id(&key, external));
                    claims.extend(free_external_id(&key, &order.state, external));
                }
                Ok(committed(change, claims, render))
            })
            .await
    }

    /// L17.
    ///
    /// # Errors
    ///
    /// [`Failure::Rejected`] by the order's state.
    pub async fn complete(
        &self,
        caller: &Caller,
        store_id: &StoreId,
        order_id: &str,
        request: &Request,
        render: Render<'_>,
    ) -> Result<Answer, Failure> {
        self.plain(caller, store_id, order_id, request, render, &|| Command::Complete).await
    }

    /// Takes away what of an order names anybody.
    ///
    /// # Errors
    ///
    /// [`Failure::Rejected`] as long as it is not accepted and may still be handed over.
    pub async fn erase_personal_data(
        &self,
        caller: &Caller,
        store_id: &StoreId,
        order_id: &str,
        request: &Request,
        render: Render<'_>,
    ) -> Result<Answer, Failure> {
        let command = || Command::ErasePersonalData;
        self.plain(caller, store_id, order_id, request, render, &command).await
    }

    /// What comes in for an order that the platform has cancelled goes back in the same step.
    ///
    /// # Errors
    ///
    /// [`Failure::Rejected`] if the tender cannot go to the reported state.
    pub async fn record_payment(
        &self,
        caller: &Caller,
        store_id: &StoreId,
        order_id: &str,
        request: &Request,
        report: &(dyn Fn(&Order) -> Result<PaymentReport, domain::Rejection> + Sync),
        render: Render<'_>,
    ) -> Result<Answer, Failure> {
        let key = self.core.key(store_id, order_id).await?;
        let ask = Ask::of(caller, &key, request);
        let late = Late::of(&self.core, caller, store_id).await?;
        let outcome = self
            .core
            .command(ask, |Found { order, now, .. }| {
                let order = present(order, order_id)?;
                let change = late.payment(&order, report(&order.state)?, now)?;
                Ok(committed(change, Vec::new(), render))
            })
            .await;
        late.close(&outcome, |answer| !answer.replayed);
        outcome
    }

    /// L24.
    ///
    /// # Errors
    ///
    /// [`Failure::Rejected`] if a quantity is not open.
    pub async fn ship(
        &self,
        caller: &Caller,
        store_id: &StoreId,
        order_id: &str,
        request: &Request,
        shipment: Shipped,
        render: Render<'_>,
    ) -> Result<Answer, Failure> {
        let shipment_id = domain::id::ShipmentId::from_uuid(self.core.ids.next());
        let shipment = Shipment {
            shipment_id,
            parcels: shipment.parcels,
            carrier: shipment.carrier,
            tracking_number: shipment.tracking_number,
            shipped_at: self.core.now(),
        };
        let command = || Command::Ship(shipment.clone());
        self.plain(caller, store_id, order_id, request, render, &command).await
    }

    /// L25. No parcels: everything in transit.
    ///
    /// # Errors
    ///
    /// [`Failure::Rejected`] if a quantity is not in transit.
    pub async fn deliver(
        &self,
        caller: &Caller,
        store_id: &StoreId,
        order_id: &str,
        request: &Request,
        parcels: Vec<Parcel>,
        render: Render<'_>,
    ) -> Result<Answer, Failure> {
        let command = || Command::Deliver(parcels.clone());
        self.plain(caller, store_id, order_id, request, render, &command).await
    }

    /// A person decides about a check that waits for one.
    ///
    /// # Errors
    ///
    /// [`Failure::Rejected`] if the check waits for nobody.
    pub async fn resolve_screening(
        &self,
        caller: &Caller,
        store_id: &StoreId,
        order_id: &str,
        request: &Request,
        resolution: Resolution,
        render: Render<'_>,
    ) -> Result<Answer, Failure> {
        let at = self.core.now();
        let command = || Command::ResolveScreening {
            check: resolution.check,
            clear: resolution.clear,
            comment: resolution.comment.clone(),
            by: caller.actor.clone(),
            at,
        };
        self.plain(caller, store_id, order_id, request, render, &command).await
    }

    /// Pushes an order to its shop again, from the beginning of the schedule.
    ///
    /// # Errors
    ///
    /// [`Failure::Rejected`] by where the hand-over stands.
    pub async fn retry_handover(
        &self,
        caller: &Caller,
        store_id: &StoreId,
        order_id: &str,
        request: &Request,
        render: Render<'_>,
    ) -> Result<Answer, Failure> {
        let command = || Command::RetryHandover { by: caller.actor.clone() };
        self.plain(caller, store_id, order_id, request, render, &command).await
    }

    async fn plain(
        &self,
        caller: &Caller,
        store_id: &StoreId,
        order_id: &str,
        request: &Request,
        render: Render<'_>,
        command: &(dyn Fn() -> Command + Sync),
    ) -> Result<Answer, Failure> {
        let key = self.core.key(store_id, order_id).await?;
        let ask = Ask::of(caller, &key, request);
        self.core
            .command(ask, |Found { order, now, .. }| {
                let order = present(order, order_id)?;
                Ok(committed(order.decide(command(), now)?, Vec::new(), render))
            })
            .await
    }
}

/// What a person says about a check.
#[derive(Debug, Clone)]
pub struct Resolution {
    pub check: Check,
    pub clear: bool,
    pub comment: String,
}

/// What left the shop.
#[derive(Debug, Clone)]
pub struct Shipped {
    pub parcels: Vec<Parcel>,
    pub carrier: String,
    pub tracking_number: String,
}

fn present(order: Option<Stored<Order>>, id: &str) -> Result<Stored<Order>, Failure> {
    order.ok_or_else(|| Failure::not_found(Missing::Order, id))
}

fn committed(change: OrderChange, claims: Vec<ClaimChange>, render: Render<'_>) -> Decision {
    let answer = render(&change.after, change.version());
    Decision::Commit { change: Box::new(change), claims, answer }
}

pub(crate) fn take_external_id(key: &OrderKey, external: &ExternalIds) -> ClaimChange {
    ClaimChange::Take(Claim {
        store_id: key.store_id.clone(),
        kind: ClaimKind::ExternalOrderId,
        key: external.id.clone(),
        holder: key.order_id.to_string(),
        fingerprint: [0; 32],
    })
}

/// A draft id that gives way to another.
pub(crate) fn free_external_id(
    key: &OrderKey,
    order: &Order,
    new: &ExternalIds,
) -> Option<ClaimChange> {
    let draft = order.external.as_ref().filter(|draft| draft.id != new.id)?;
    Some(ClaimChange::Free {
        store_id: key.store_id.clone(),
        kind: ClaimKind::ExternalOrderId,
        key: draft.id.clone(),
        holder: key.order_id.to_string(),
    })
}
