//! What holds back a caller whom nobody looks at: on PostgreSQL a caller of one store finds nothing
//! of another, also if every service lets them in.

use crate::{
    cancellations::{request, takes_requests},
    world::{Answer, Backend, Database, Http, World, act, eventually, order, refund_path, unique},
};
use http::Method;
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Duration};
use tonic::{Code, Request, Status};
use wire::{
    events::v1::{WatchEventsRequest, event_service_client::EventServiceClient},
    rest::{ROUTES, Route},
};

/// Lets everybody in: the first fence is gone.
const ADMIT_EVERYBODY: (&str, &str) = ("MERIDIAN_ADMIT_EVERYBODY", "1");

/// Who calls. The other store is that of most tests.
pub(crate) const CALLERS: &str = "curious";
pub(crate) const OTHER: &str = crate::world::STORE;
/// As long a name, of nobody.
pub(crate) const NOBODY: &str = "none";

/// What the other store has, by the names of paths.
pub(crate) struct Theirs {
    pub ids: Vec<(&'static str, String)>,
    event_id: String,
}

/// Where nobody looks at who may do what.
async fn site() -> (World, Theirs, Http) {
    let world = World::with(Backend::Postgresql, &[ADMIT_EVERYBODY]);
    let (theirs, curious) = two_stores(&world).await;
    (world, theirs, curious)
}

/// The other store with something of everything, and a manager of a store without anything.
pub(crate) async fn two_stores(world: &World) -> (Theirs, Http) {
    world.open_store(takes_requests()).await;
    world.open_store_named(CALLERS, "guid-of-the-curious", json!({})).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let of = |path: &str| format!("/v1/stores/{OTHER}/{path}");
    let http = world.http();
    world.ready(&order("O-1")).await;
    let ids = json!({"external_order_id": "E-1", "external_order_number": "#1"});
    act(world, "O-1", "accept", ids).await.ok();
    let refund = world.refund("O-1", &json!({"shipping_amount": "1.00"})).await.ok();
    world.until_over(&refund).await;
    assert_eq!(http.get(&refund_path(&refund)).await.ok()["state"], "REFUND_STATE_SUCCEEDED");
    let asked = json!({"lines": [{"cart_item_id": "L1", "quantity": 1}],
        "reason": "CANCELLATION_REASON_WRONG_INFORMATION"});
    let asked = request(&http, "O-1", asked).await.ok();
    let user = json!({
        "request_id": unique("u"), "login": "secret-login", "name": "S", "role": "ROLE_AGENT",
    });
    let user = http.post(&of("users"), &user).await.ok();
    let token = json!({"request_id": unique("t"), "name": "till", "role": "ROLE_VIEWER"});
    let token = http.post(&of("tokens"), &token).await.ok();
    let endpoint = json!({
        "request_id": unique("e"), "url": "https://hooks.example/secret-hook",
        "types": ["order.reinstated"],
    });
    let endpoint = http.post(&of("webhooks"), &endpoint).await.ok();
    let events = eventually("the events", || async {
        let events = http.get(&of("events?page_size=100")).await.ok();
        (events["events"].as_array()?.len() > 3).then_some(events)
    });
    let theirs = Theirs {
        ids: vec![
            ("{order_id}", "O-1".to_owned()),
            ("{refund_id}", text(&refund["refund_id"])),
            ("{cancellation_id}", text(&asked["cancellation_id"])),
            ("{user_id}", text(&user["user_id"])),
            ("{token_id}", text(&token["token_id"])),
            ("{endpoint_id}", text(&endpoint["endpoint_id"])),
        ],
        event_id: text(&events.await["events"][0]["event_id"]),
    };
    let manager = json!({"request_id": unique("t"), "name": "m", "role": "ROLE_MANAGER"});
    let manager = http.post(&format!("/v1/stores/{CALLERS}/tokens"), &manager).await.ok();
    let curious = http.token(manager["secret"].as_str().unwrap());
    (theirs, curious)
}

/// What makes sense of a call.
fn body(method: &str, store: &str, theirs: &Theirs) -> Value {
    let lines = json!([{"cart_item_id": "L1", "quantity": 1}]);
    let reason = "CANCELLATION_REASON_OUT_OF_STOCK";
    match method {
        "CreateStore" => json!({
            "store_id": store, "name": "N", "merchant_guid": format!("guid-{store}"),
            "currency": "EUR",
        }),
        "CreateUser" => json!({"login": "eve", "name": "Eve", "role": "ROLE_AGENT"}),
        "UpdateUser" | "UpdateStore" => json!({"name": "Eve"}),
        "CreateToken" => json!({"name": "Eve", "role": "ROLE_VIEWER"}),
        "CreateEndpoint" | "UpdateEndpoint" => json!({"url": "https://hooks.example/eve"}),
        "RedeliverEvent" => json!({"event_id": theirs.event_id}),
        "CreateOrder" => json!({"order": order("O-9")}),
        "AcceptOrder" | "SetExternalReference" => {
            json!({"external_order_id": "E-9", "external_order_number": "#9"})
        }
        "RecordPayment" => json!({"tender_id": "t1", "state": "TENDER_STATE_CAPTURED"}),
        "RecordShipment" | "RecordDelivery" => json!({"lines": lines}),
        "ResolveScreening" => json!({
            "check": "SCREENING_CHECK_FRAUD", "state": "SCREENING_STATE_CLEAR", "comment": "c",
        }),
        "QuoteRefund" | "CreateRefund" => json!({"shipping_amount": "1.00"}),
        "ChangeRefundMethod" => json!({"refund_method": "REFUND_METHOD_STORE_CREDIT"}),
        "HoldRefund" => json!({"reason": "r"}),
        "ConfirmManualRefund" => json!({"payment_reference": "p"}),
        "PreviewCancellation" | "CancelOrder" | "RequestCancellation" => {
            json!({"lines": lines, "reason": reason})
        }
        "AcceptCancellation" | "RejectCancellation" => json!({"reason": reason}),
        "UndoCancellation" => json!({"comment": "c"}),
        _ => json!({}),
    }
}

fn method_of(route: &Route) -> &str {
    route.grpc_path.rsplit('/').next().unwrap()
}

/// Calls a route for a store with the other store's ids.
async fn call(http: &Http, route: &Route, store: &str, theirs: &Theirs) -> Answer {
    let path = route.template.replace("{store_id}", store);
    let path = theirs.ids.iter().fold(path, |path, (name, id)| path.replace(name, id));
    let method: Method = route.method.parse().unwrap();
    let sent = |body: Value| if route.has_body { body.to_string() } else { String::new() };
    let body = sent(body(method_of(route), store, theirs));
    http.with("idempotency-key", &unique("eve")).send(method, &path, body).await
}

/// The routes by which something of a store can be asked for or changed. A feed that does not end is
/// watched apart.
fn routes() -> impl Iterator<Item = &'static Route> {
    let of_store =
        |route: &&Route| route.template.contains("{store_id}") || method_of(route) == "CreateStore";
    ROUTES.iter().filter(of_store).filter(|route| method_of(route) != "WatchEvents")
}

/// The methods that answer of the other store something else than of one that does not exist.
async fn leaks(http: &Http, theirs: &Theirs) -> BTreeSet<&'static str> {
    let mut leaks = BTreeSet::new();
    for route in routes() {
        let others = call(http, route, OTHER, theirs).await;
        let nobodys = call(http, route, NOBODY, theirs).await;
        // All that is wrong with the call is whose it is.
        assert!([200, 404].contains(&nobodys.status), "{route:?}: {}", nobodys.text());
        let about =
            |answer: &Answer, store: &str| (answer.status, answer.text().replace(store, "S"));
        if about(&others, OTHER) != about(&nobodys, NOBODY) {
            leaks.insert(method_of(route));
        }
    }
    for list in ["/v1/stores", "/v1/payment-notices"] {
        let listed = http.get(list).await.ok();
        if listed.to_string().contains(&format!("{OTHER:?}")) {
            leaks.insert(list);
        }
    }
    leaks
}

/// All that the other store has, but what works on its deliveries by itself.
fn stored(database: &Database) -> Vec<Vec<String>> {
    let tables = database.rows(
        "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' \
         AND column_name = 'store_id' ORDER BY 1",
    );
    let digest = |table: &Vec<String>| {
        let table = &table[0];
        let columns = if table == "webhook_endpoints" { "r.doc" } else { "r::text" };
        let sql = format!(
            "SELECT '{table}', count(*), md5(string_agg({columns}, '' ORDER BY {columns})) \
             FROM {table} r WHERE store_id = '{OTHER}'"
        );
        database.rows(&sql).remove(0)
    };
    tables.iter().map(digest).collect()
}

/// Methods that only read, and what they read is there in the other store.
const READS: &[&str] = &[
    "ExplainRefund",
    "ExportRefundComponents",
    "GetCancellation",
    "GetEndpoint",
    "GetOrder",
    "GetRefund",
    "GetRefundable",
    "GetStore",
    "ListCancellations",
    "ListDeliveries",
    "ListEndpoints",
    "ListEvents",
    "ListOrders",
    "ListRefunds",
    "ListTokens",
    "ListUsers",
    "PreviewCancellation",
    "PreviewUndo",
    "QuoteRefund",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_whom_everybody_lets_in_finds_nothing_of_another_store() {
    let (world, theirs, curious) = site().await;
    let before = stored(&world.database);
    assert_eq!(leaks(&curious, &theirs).await, BTreeSet::new());
    assert_eq!(stored(&world.database), before);

    // The same walk without the second fence: all of it is found, and some of it changed.
    tear_down(&world.database);
    let leaks = leaks(&curious, &theirs).await;
    let kept: Vec<_> = READS.iter().filter(|read| !leaks.contains(*read)).collect();
    assert!(kept.is_empty(), "{kept:?} were kept back by something else; {leaks:?}");
    assert!(leaks.contains("/v1/stores"));
    assert_ne!(stored(&world.database), before);
}

fn tear_down(database: &Database) {
    let tables = database.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'");
    for table in tables {
        database.rows(&format!("ALTER TABLE {} DISABLE ROW LEVEL SECURITY", table[0]));
    }
}

/// What a stream of the other store's feed says until it ends by itself.
async fn watched(world: &World, secret: &str) -> Vec<String> {
    let grpc = world.grpc().await.token(secret);
    let mut request = Request::new(WatchEventsRequest {
        store_id: OTHER.to_owned(),
        ..WatchEventsRequest::default()
    });
    request.set_timeout(Duration::from_secs(2));
    let mut stream =
        EventServiceClient::new(grpc.called()).watch_events(request).await.unwrap().into_inner();
    let mut kinds = Vec::new();
    loop {
        match stream.message().await {
            Ok(Some(message)) => kinds.extend(message.event.map(|event| event.r#type)),
            Ok(None) => return kinds,
            Err(status) => {
                assert!(is_over(&status), "{status:?}");
                return kinds;
            }
        }
    }
}

fn is_over(status: &Status) -> bool {
    matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled)
}

/// What a process follows of the feed it has in memory, where no policy is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_whom_everybody_lets_in_hears_nothing_of_another_store() {
    let (world, _, curious) = site().await;
    let secret = curious.secret();
    let happens = async {
        for number in 0..5 {
            world.place(&order(&format!("N-{number}"))).await;
        }
    };
    let (heard, own, ()) =
        tokio::join!(watched(&world, &secret), watched(&world, crate::world::PLATFORM), happens);
    assert_eq!(heard, [""; 0]);
    assert!(own.iter().filter(|kind| *kind == "order.received").count() >= 6, "{own:?}");
    tear_down(&world.database);
    assert!(!watched(&world, &secret).await.is_empty());
}

#[tokio::test]
async fn a_role_for_which_the_fence_does_not_hold_is_warned_of() {
    let told = |world: &World| world.process().log().contains("row-level security");
    assert!(!told(&World::on(Backend::Postgresql)));
    let database = Database::fresh(Backend::Postgresql);
    let Database::Postgresql(postgres) = &database else { panic!("it is PostgreSQL") };
    let superuser = postgres.url_of_superuser();
    let world = World::at(database, &[("MERIDIAN__DATABASE__URL", &superuser)]);
    eventually("the warning", || async { told(&world).then_some(()) }).await;
}
