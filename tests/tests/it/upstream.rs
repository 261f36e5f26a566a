//! A gateway whose services are another process.

use crate::world::{Backend, Http, PLATFORM, World, encode, order, order_path};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_upstream_answers_as_one_in_the_same_process() {
    let world = World::on(Backend::Sqlite);
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let services = format!("http://{}", world.process().grpc());
    let alone = world.launch(&[
        ("MERIDIAN__SERVE__SERVICES", "gateway"),
        ("MERIDIAN__SERVE__WORKERS", ""),
        ("MERIDIAN__HTTP__UPSTREAM", &services),
    ]);
    let gateway = alone.start().unwrap_or_else(|error| panic!("{error}"));
    let http = Http::to(gateway.http()).token(PLATFORM);
    let here = http.get(&order_path("O-1")).await;
    assert_eq!(here.ok(), world.http().get(&order_path("O-1")).await.ok());

    // What a refusal quotes takes more room in a header than in a body.
    let long = order_path(&encode(&"\u{1f600}".repeat(1_000)));
    for http in [&http, &world.http()] {
        http.get(&long).await.refused(404, "ORDER_NOT_FOUND");
    }
    let body = json!({"shipping_amount": "1.00"});
    let keyed = http.with("idempotency-key", &"k".repeat(8_193));
    let refunds = format!("{}/refunds", order_path("O-1"));
    keyed.post(&refunds, &body).await.refused(400, "INVALID_FIELDS");
    let bearer = http.token(&"t".repeat(9_000));
    bearer.get(&order_path("O-1")).await.refused(400, "INVALID_FIELDS").names("authorization");
}
