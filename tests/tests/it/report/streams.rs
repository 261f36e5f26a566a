//! What a stream takes of its process, and how it is refused.

use super::{PATH, rows};
use crate::world::{
    Backend, Called, GUID, Grpc, Http, PLATFORM, STORE, World, eventually, order, order_path,
    reason_of, unique,
};
use futures_util::future::join_all;
use http::Method;
use serde_json::json;
use std::time::{Duration, Instant};
use tonic::{Code, Request};
use wire::refunds::v1::{
    CreateRefundRequest, ExportRefundComponentsRequest, Wait,
    refund_service_client::RefundServiceClient,
};

fn all() -> ExportRefundComponentsRequest {
    ExportRefundComponentsRequest {
        store_id: STORE.to_owned(),
        ..ExportRefundComponentsRequest::default()
    }
}

async fn slow_reader(world: &World) -> RefundServiceClient<Called> {
    Grpc::narrow(world.process().grpc(), PLATFORM).await.refunds()
}

/// Rows enough not to fit into what is sent to one who does not read.
async fn fill(world: &World) {
    const REFUNDS: usize = 150;
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let made = (0..REFUNDS).map(async |number| {
        let asked = json!({
            "shipping_amount": "0.01", "duties_amount": "0.01",
            "external_reference": format!("{number:0255}"),
            "refund_reason": {"code": "12", "name": "x".repeat(255)},
        });
        world.refund("O-1", &asked).await.ok()
    });
    join_all(made).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_keeps_its_place_until_its_reader_leaves_and_takes_none_of_the_calls() {
    let world = World::with(Backend::Sqlite, &[("MERIDIAN__GRPC__MAX_OPEN_STREAMS", "1")]);
    fill(&world).await;
    let mut refunds = slow_reader(&world).await;
    let mut open = refunds.export_refund_components(all()).await.unwrap().into_inner();
    assert!(open.message().await.unwrap().is_some());
    let refused = refunds.export_refund_components(all()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
    for accept in ["*/*", "text/csv", "text/event-stream"] {
        let answer = world.http().with("accept", accept).get(PATH).await;
        answer.refused(503, "OVERLOADED");
    }
    assert_eq!(world.http().get(&order_path("O-1")).await.status, 200);
    drop(open);
    let again = eventually("the place to be free", || async {
        let answer = world.http().get(PATH).await;
        (answer.status == 200).then_some(answer)
    })
    .await;
    assert_eq!(again.text().lines().count(), 300);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_has_its_callers_deadline_and_no_other() {
    let world = World::with(Backend::Sqlite, &[("MERIDIAN__GRPC__DEFAULT_DEADLINE", "500ms")]);
    fill(&world).await;
    let mut slow = order("O-slow");
    slow["tenders"][0]["provider_reference"] = "sandbox-settle-later-600000".into();
    world.ready(&slow).await;
    let mut refunds = slow_reader(&world).await;
    let mut patient = refunds.export_refund_components(all()).await.unwrap().into_inner();
    let mut request = Request::new(all());
    request.metadata_mut().insert("grpc-timeout", "1S".parse().unwrap());
    let mut hasty = refunds.export_refund_components(request).await.unwrap().into_inner();
    for stream in [&mut patient, &mut hasty] {
        assert!(stream.message().await.unwrap().is_some());
    }
    // Neither is read on until calls have waited for longer than the second deadline.
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(1_200) {
        let waiting = CreateRefundRequest {
            store_id: STORE.to_owned(),
            order_id: "O-slow".to_owned(),
            request_id: unique("wait"),
            shipping_amount: Some("0.01".to_owned()),
            wait: Wait::Settled.into(),
            ..CreateRefundRequest::default()
        };
        refunds.create_refund(waiting).await.unwrap();
    }
    let over = loop {
        match hasty.message().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the stream came to its end"),
            Err(status) => break status,
        }
    };
    assert_eq!(
        (over.code(), reason_of(&over)),
        (Code::DeadlineExceeded, "DEADLINE_EXCEEDED".into())
    );
    let mut count = 1;
    while patient.message().await.unwrap().is_some() {
        count += 1;
    }
    // With one of each refund that waited while the second page was still to be read.
    assert!(count >= 300, "{count} rows");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_is_refused_as_every_call_is() {
    let world = World::on(Backend::Sqlite);
    world.open_store(json!({})).await;
    world.open_store_named("other", &unique(GUID), json!({})).await;
    let manager = world.http().token(&world.token("ROLE_MANAGER").await);
    for accept in ["*/*", "text/csv", "text/event-stream"] {
        let refused = async |http: &Http, path: &str| http.with("accept", accept).get(path).await;
        let anonymous = world.http().anonymous();
        refused(&anonymous, PATH).await.refused(401, "UNAUTHENTICATED");
        let storefront = world.http().token(&world.token("ROLE_STOREFRONT").await);
        refused(&storefront, PATH).await.refused(403, "ROLE_FORBIDS");
        let path = PATH.replace(STORE, "other");
        refused(&manager, &path).await.refused(404, "STORE_NOT_FOUND");
        let path = PATH.replace(STORE, "nowhere");
        refused(&world.http(), &path).await.refused(404, "STORE_NOT_FOUND");
        for (query, field) in [
            ("created_after=yesterday", "created_after"),
            ("states=SUCCEEDED", "states[0]"),
            ("page_size=1", "page_size"),
        ] {
            let answer = refused(&manager, &format!("{PATH}?{query}")).await;
            answer.refused(400, "INVALID_FIELDS").names(field);
        }
        let answer = refused(&manager, &format!("{PATH}?states=REFUND_STATE_UNSPECIFIED")).await;
        answer.refused(400, "INVALID_FIELDS").names("states[0]");
    }
    manager.get(&format!("{PATH}?alt=xml")).await.refused(400, "INVALID_FIELDS").names("alt");
    let answer = manager.send(Method::HEAD, PATH, "").await;
    assert_eq!((answer.status, answer.bytes.len()), (200, 0));
    assert!(rows(&world, "").await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_upstream_streams_as_one_in_the_same_process() {
    let world = World::on(Backend::Sqlite);
    fill(&world).await;
    let services = format!("http://{}", world.process().grpc());
    let alone = world.launch(&[
        ("MERIDIAN__SERVE__SERVICES", "gateway"),
        ("MERIDIAN__SERVE__WORKERS", ""),
        ("MERIDIAN__HTTP__UPSTREAM", &services),
    ]);
    let gateway = alone.start().unwrap_or_else(|error| panic!("{error}"));
    let http = Http::to(gateway.http()).token(PLATFORM);
    let states = "?states=REFUND_STATE_SUCCEEDED";
    for accept in ["*/*", "text/csv", "text/event-stream"] {
        eventually("both to see every refund through", || async {
            let there = http.with("accept", accept).get(&format!("{PATH}{states}")).await;
            let here = world.http().with("accept", accept).get(&format!("{PATH}{states}")).await;
            assert_eq!((there.status, here.status), (200, 200));
            (there.bytes == here.bytes && here.bytes.len() > 100_000).then_some(())
        })
        .await;
    }
    assert!(gateway.terminate().success());
}
