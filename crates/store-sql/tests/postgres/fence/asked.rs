//! Everything that can be asked of one store, by one name each.

use super::stores::{ENDPOINT, QUOTE, SESSION, USER, endpoint_of};
use conformance::build::*;
use domain::{
    id::{EventId, QuoteId, RefundId, StoreId, TokenId, UserId},
    order::OrderState,
};
use ports::{
    CancellationFilter, ClaimKind, Deliveries, DeliveryFilter, EventFeed, EventFilter, Inbox,
    Ledger, OrderFilter, OrderKey, OrderSort, PageRequest, People, Reader, RefundFilter, Store,
    StoreError, TaskKind, Tasks,
};
use std::{collections::BTreeMap, fmt::Debug};
use store_sql::SqlStore;

/// What there is to ask for, as it is stored of [`shop`].
#[derive(Debug, Clone)]
pub struct Known {
    pub refund: (OrderKey, RefundId),
    pub token: TokenId,
    pub token_hash: [u8; 32],
    pub event: EventId,
    pub payment: (String, String),
    pub account: String,
}

pub type Answers = BTreeMap<&'static str, String>;

fn page<C>() -> PageRequest<C> {
    PageRequest { size: 1_000, after: None }
}

/// A statement fails that finds several where there is one.
fn text<T: Debug>(answer: Result<T, StoreError>) -> String {
    match answer {
        Ok(answer) => format!("{answer:?}"),
        Err(error) => format!("failed: {error:?}"),
    }
}

pub async fn everything(store: &SqlStore, of: &StoreId, known: &Known) -> Answers {
    let mut answers = Answers::new();
    answers.extend(orders(store, of, known).await);
    answers.extend(lists(store, of).await);
    answers.extend(records(store, of, known).await);
    answers.extend(feed_and_endpoints(store, of, known).await);
    answers.extend(beside(store, of, known).await);
    answers
}

async fn orders(store: &SqlStore, of: &StoreId, known: &Known) -> Answers {
    let key = |id: &str| OrderKey::new(of.clone(), id.parse().unwrap());
    let request = ports::RequestKey { store_id: of.clone(), ..request("r-1") };
    let (refunded, refund) = (&known.refund.0, known.refund.1);
    let refunded = OrderKey::new(of.clone(), refunded.order_id.clone());
    let loaded = store.load(&key("O-1"), Some(&request)).await.unwrap();
    let claim = Store::claim(store, of, ClaimKind::ExternalOrderId, "E-1").await;
    let quote = store.quote(&key("O-1"), QuoteId::from_uuid(QUOTE)).await;
    [
        ("load: the order", format!("{:?}", loaded.order)),
        ("load: the receipt", format!("{:?}", loaded.receipt)),
        ("order", text(store.order(&key("O-1")).await)),
        ("receipt", text(store.receipt(&request).await)),
        ("claim", text(claim)),
        ("quote", text(quote)),
        ("facts", text(store.facts(&key("O-1")).await)),
        ("refund_created", text(store.refund_created(&refunded, refund).await)),
        ("refunds of an order", text(store.refunds(of, &of_order("O-1"), page()).await)),
    ]
    .into()
}

fn of_order(id: &str) -> RefundFilter {
    RefundFilter { order_id: Some(id.parse().unwrap()), ..RefundFilter::default() }
}

async fn lists(store: &SqlStore, of: &StoreId) -> Answers {
    let orders = async |filter: OrderFilter| {
        let newest = OrderSort::NewestFirst;
        text(store.orders(of, &filter, newest, page()).await.map(|page| page.items))
    };
    let all = OrderFilter::default;
    let email = "Ada.Lovelace@example.com".to_owned();
    let counted = store.count_orders_of(of, &email, minutes(-9_999)..=minutes(9_999), 1_000);
    let ids: Vec<_> = ["legs", "O-1", "refunded", "delivered"].map(|id| id.parse().unwrap()).into();
    let cancelled = async |filter: CancellationFilter| {
        text(store.cancellations(of, &filter, page()).await.map(|page| page.items))
    };
    let any = CancellationFilter::default;
    [
        ("orders", orders(all()).await),
        ("orders: state", orders(OrderFilter { states: vec![OrderState::Ready], ..all() }).await),
        ("orders: buyer", orders(OrderFilter { buyer_email: Some(email.clone()), ..all() }).await),
        (
            "orders: product",
            orders(OrderFilter { product_code: Some("SKU-1".to_owned()), ..all() }).await,
        ),
        (
            "orders: external id",
            orders(OrderFilter { external_order_id: Some("E-1".to_owned()), ..all() }).await,
        ),
        (
            "orders: period",
            orders(OrderFilter { created_from: Some(minutes(-9_999)), ..all() }).await,
        ),
        ("count_orders_of", text(counted.await)),
        ("refunds", text(store.refunds(of, &RefundFilter::default(), page()).await)),
        ("refunds_succeeded", text(store.refunds_succeeded(of, &ids).await)),
        ("cancellations", cancelled(any()).await),
        (
            "cancellations: product",
            cancelled(CancellationFilter { product_code: Some("SKU-1".to_owned()), ..any() }).await,
        ),
        ("waiting", text(store.waiting(of, &[], page()).await.map(|page| page.items))),
        (
            "waiting: kind",
            text(store.waiting(of, &[TaskKind::Leg], page()).await.map(|page| page.items)),
        ),
    ]
    .into()
}

async fn records(store: &SqlStore, of: &StoreId, known: &Known) -> Answers {
    [
        ("store", text(Store::store(store, of).await)),
        ("stores", text(store.stores(page()).await.map(|page| page.items))),
        ("tokens", text(store.tokens(of, page()).await.map(|page| page.items))),
        ("token", text(store.token(of, known.token).await)),
        ("token_by_hash", text(store.token_by_hash(&known.token_hash).await)),
        ("user", text(store.user(of, UserId::from_uuid(USER)).await)),
        ("users", text(store.users(of, page()).await.map(|page| page.items))),
        ("count_users", text(store.count_users(of).await)),
        ("session", text(store.session(&SESSION).await)),
    ]
    .into()
}

async fn feed_and_endpoints(store: &SqlStore, of: &StoreId, known: &Known) -> Answers {
    let events = async |filter: EventFilter| {
        text(store.events(of, &filter, 0, 1_000).await.map(|stretch| stretch.events))
    };
    let of_order = EventFilter { order_id: Some("O-1".parse().unwrap()), ..EventFilter::default() };
    let of_type = EventFilter { types: vec!["order.ready"], ..EventFilter::default() };
    let endpoint = endpoint_of(of);
    assert_eq!(endpoint.endpoint_id.as_uuid(), ENDPOINT);
    let sent = store.deliveries(&endpoint, &DeliveryFilter::default(), page()).await;
    let backlog = store.backlog(&endpoint).await.map(|backlog| backlog.pending);
    [
        ("events", events(EventFilter::default()).await),
        ("events: order", events(of_order).await),
        ("events: type", events(of_type).await),
        ("position", text(store.position(of, known.event).await)),
        ("last_position", text(store.last_position(of).await)),
        ("all_events", text(store.all_events(0, 10_000).await)),
        ("last_overall", text(store.last_overall().await)),
        ("endpoint", text(store.endpoint(&endpoint).await)),
        ("endpoints", text(store.endpoints(of).await)),
        ("deliveries", text(sent.map(|page| page.items))),
        ("backlog", text(backlog)),
    ]
    .into()
}

async fn beside(store: &SqlStore, of: &StoreId, known: &Known) -> Answers {
    let (provider, reference) = &known.payment;
    [
        ("ledger: find", text(store.find(of, "t-1").await)),
        ("ledger: balance", text(store.balance(of, &known.account, eur()).await)),
        ("payments", text(store.payments(provider, reference).await)),
        ("open_notices", text(store.open_notices(page()).await.map(|page| page.items))),
    ]
    .into()
}
