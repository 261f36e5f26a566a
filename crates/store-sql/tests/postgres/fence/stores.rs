//! Two stores in which all kinds of things have happened, each of them in both.

use super::super::{Database, fresh};
use conformance::{build::*, feed::numbered, lives};
use domain::{
    id::{EndpointId, EventId, QuoteId, StoreId, UserId},
    refund::RefundRequest,
    store::StoreFact,
    token::Role,
    user::{Session, User},
    webhook::Endpoint,
};
use ports::{
    Claim, ClaimChange, ClaimKind, Commit, Deliveries as _, EndpointChange, EndpointKey,
    Inbox as _, Lease, NoticeAbout, PaymentNotice, PublisherCursors as _, Quote, SessionChange,
    Store as _, StoreChange, TaskChange, UserChange,
};
use store_sql::SqlStore;
use uuid::Uuid;

/// The store whose rows [`shop`]'s are told from.
pub fn other() -> StoreId {
    "other".parse().unwrap()
}

/// One that has nothing.
pub fn nobody() -> StoreId {
    "nobody".parse().unwrap()
}

pub const USER: Uuid = Uuid::from_u128(71);
pub const SESSION: [u8; 32] = [72; 32];
pub const ENDPOINT: Uuid = Uuid::from_u128(73);
pub const QUOTE: Uuid = Uuid::from_u128(74);
pub const TEST_EVENT: Uuid = Uuid::from_u128(75);

/// Names that the rows of both stores share: what one has, the other has by the same ids.
const COPY: &str = "INSERT INTO {table} OVERRIDING SYSTEM VALUE \
    SELECT (jsonb_populate_record(r, replace((to_jsonb(r) || {unlike})::text, 'shop', 'other')::jsonb)).* \
    FROM {table} r WHERE r.store_id = 'shop'";

/// What has to be unlike in a whole table.
fn unlike(table: &str) -> &'static str {
    match table {
        "tokens" | "sessions" => "jsonb_build_object('hash', '\\x' || md5(r.hash::text))",
        "claims" => {
            "jsonb_build_object('claim_key', \
             CASE WHEN r.scope = '' THEN 'other ' || r.claim_key ELSE r.claim_key END)"
        }
        "outbox" => "jsonb_build_object('id', r.id + 1000000)",
        "event_log" => "jsonb_build_object('overall', r.overall + 1000000)",
        _ => "'{}'",
    }
}

/// Tables of rows that belong to stores.
pub fn tables_of_stores(database: &Database) -> Vec<String> {
    let sql = "SELECT table_name FROM information_schema.columns \
               WHERE table_schema = 'public' AND column_name = 'store_id' ORDER BY 1";
    database.query(sql).lines().map(str::to_owned).collect()
}

pub async fn two_stores() -> (SqlStore, Database) {
    let (store, database) = fresh().await;
    lives::of_all_kinds(&store).await;
    people_and_endpoints(&store).await;
    around_an_order(&store).await;
    numbered(&store).await;
    // One fact is not numbered yet.
    place(&store, &order("unnumbered")).await;
    for table in tables_of_stores(&database) {
        database.query(&format!("DELETE FROM {table} WHERE store_id = 'other'"));
        database.query(&COPY.replace("{table}", &table).replace("{unlike}", unlike(&table)));
    }
    (store, database)
}

async fn people_and_endpoints(store: &SqlStore) {
    let found = store.store(&shop()).await.unwrap().unwrap();
    let user = User {
        user_id: UserId::from_uuid(USER),
        store_id: shop(),
        login: "ada".to_owned(),
        name: "Ada".to_owned(),
        role: Role::Manager,
        password: "$argon2id$x".to_owned(),
        password_is_temporary: false,
        device_key: [9; 32],
        disabled: false,
        era: 1,
        version: 1,
        created_at: NOON,
    };
    let session: Session = user.session(NOON);
    let endpoint = Endpoint {
        endpoint_id: EndpointId::from_uuid(ENDPOINT),
        url: "https://shop.example/hook".to_owned(),
        ..conformance::deliveries::endpoint(1)
    };
    let mut after = found.state;
    after.incidentals += 1;
    let facts = vec![StoreFact::SessionBegan { user_id: user.user_id }];
    let made = Commit {
        stores: vec![StoreChange { before: found.version, after, facts }],
        users: vec![UserChange::Put(Box::new(user))],
        sessions: vec![SessionChange::Begin { hash: SESSION, session }],
        endpoints: vec![EndpointChange::Put(Box::new(endpoint))],
        ..commit()
    };
    store.commit(made).await.unwrap();
    let key = endpoint_of(&shop());
    store.send_test(&key, EventId::from_uuid(TEST_EVENT), NOON).await.unwrap();
}

pub fn endpoint_of(store_id: &StoreId) -> EndpointKey {
    EndpointKey { store_id: store_id.clone(), endpoint_id: EndpointId::from_uuid(ENDPOINT) }
}

pub fn quote_of(store_id: &StoreId) -> Quote {
    Quote {
        quote_id: QuoteId::from_uuid(QUOTE),
        order: ports::OrderKey::new(store_id.clone(), "O-1".parse().unwrap()),
        revision: 1,
        request: RefundRequest::default(),
        hash: [5; 32],
        expires_at: minutes(1_000),
    }
}

async fn around_an_order(store: &SqlStore) {
    let placed = place(store, &order("O-1")).await;
    let mut refunded = commit().order(placed.decide(refund(70, "1.00"), NOON).unwrap());
    refunded.receipt = Some(receipt("r-1"));
    refunded.tasks.push(TaskChange::Put(leg_task(&key("O-1"), "leg", NOON)));
    let claim = |kind, key: &str| {
        ClaimChange::Take(Claim {
            store_id: shop(),
            kind,
            key: key.to_owned(),
            holder: "O-1".to_owned(),
            fingerprint: [0; 32],
        })
    };
    refunded.claims.push(claim(ClaimKind::ExternalOrderId, "E-1"));
    refunded.claims.push(claim(ClaimKind::MerchantGuid, "guid-shop"));
    store.commit(refunded).await.unwrap();
    store.save_quote(&quote_of(&shop()), NOON).await.unwrap();
    store.draw_refund_numbers(&shop(), 64).await.unwrap();
    let notice = PaymentNotice {
        provider: "stripe".to_owned(),
        event_id: "evt_1".to_owned(),
        at: NOON,
        about: NoticeAbout::Unread { kind: "k".to_owned(), why: "w".to_owned() },
    };
    store.take(&notice, NOON).await.unwrap();
    let lease = Lease { owner: "me".to_owned(), until: minutes(1) };
    store.claim_cursor("broker", &lease, NOON).await.unwrap();
}
