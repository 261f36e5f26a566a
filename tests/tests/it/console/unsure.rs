//! What a page says when the answer to a command was lost on its way: the command is carried out
//! once, however often its form is sent.

use super::Session;
use crate::world::{Answer, Backend, Http, STORE, World, encode, order, order_path};
use gateway::Options;
use http::Request;
use serde_json::json;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::SeqCst},
};
use tokio::net::TcpListener;
use tonic::{Status, body::Body};
use tower::ServiceExt as _;

/// The pages over the services of the program, and what loses the answer to the next command.
struct Unsure {
    session: Session,
    loses: Arc<AtomicBool>,
}

impl Unsure {
    async fn of(world: &World) -> Self {
        let loses = Arc::new(AtomicBool::new(false));
        let (channel, lost) = (world.grpc().await.channel(), Arc::clone(&loses));
        let services = tower::service_fn(move |request: Request<Body>| {
            let (channel, lost) = (channel.clone(), Arc::clone(&lost));
            async move {
                let path = request.uri().path();
                let commands = path.ends_with("/CreateRefund") || path.ends_with("/CancelOrder");
                let answer = channel.oneshot(request).await?;
                let is_lost = commands && lost.swap(false, SeqCst);
                let unavailable = || Status::unavailable("the answer was lost").into_http();
                Ok::<_, tonic::transport::Error>(if is_lost { unavailable() } else { answer })
            }
        });
        let pages = console::pages(services.clone(), || time::OffsetDateTime::UNIX_EPOCH);
        let router = gateway::router_beside(services, Options::default(), pages);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let http = Http::to(listener.local_addr().unwrap());
        tokio::spawn(async { axum::serve(listener, router).await });
        Self { session: Session::of(&http, &world.token("ROLE_MANAGER").await).await, loses }
    }

    async fn send(&self, path: &str, form: &str) -> Answer {
        let form = format!("csrf={}&{form}", self.session.form_token);
        self.session.http.post_text(&format!("/console/{STORE}/{path}"), form).await
    }
}

/// A hidden field of the last form that has it.
fn hidden(page: &str, name: &str) -> String {
    let named = format!("name=\"{name}\" value=\"");
    let value = page.rsplit(&named).next().unwrap().split('"').next().unwrap();
    value.replace("&#38;", "&")
}

async fn world() -> World {
    let world = World::on(Backend::Sqlite);
    world.open_store(json!({"appeasements": true})).await;
    world.ready(&order("O-1")).await;
    world
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_whose_answer_was_lost_is_made_once() {
    let world = world().await;
    let unsure = Unsure::of(&world).await;
    let asked = "request_id=q&line=L1&quantity=&percent=&amount=5.00&line_reason=";
    let quoted = unsure.send("orders/O-1/refund", asked).await.text();
    let confirming = |page: &str| {
        let fields = ["request_id", "quote_id", "asked"];
        fields.map(|name| format!("{name}={}", encode(&hidden(page, name)))).join("&")
    };
    let confirming_first = confirming(&quoted);
    unsure.loses.store(true, SeqCst);
    let lost = unsure.send("orders/O-1/refund", &confirming_first).await;
    assert_eq!(lost.status, 503, "{}", lost.text());
    let lost = lost.text();
    assert!(lost.contains("Send it again") && lost.contains("may have been"), "{lost}");
    // What was typed is still there, and the form that is offered is the one that was sent.
    assert!(lost.contains("name=\"amount\" inputmode=\"decimal\" value=\"5.00\""), "{lost}");
    assert_eq!(confirming(&lost), confirming_first);
    let again = unsure.send("orders/O-1/refund", &confirming(&lost)).await;
    assert_eq!(again.status, 303, "{}", again.text());
    let order = world.http().get(&order_path("O-1")).await.ok();
    assert_eq!(order["refunded"]["customer"], "5.00");
    // Confirmed under another id it is stale: the figures for what was typed are made anew.
    let other = confirming(&lost).replace("request_id=", "request_id=another");
    let stale = unsure.send("orders/O-1/refund", &other).await;
    assert_eq!(stale.status, 409, "{}", stale.text());
    let stale = stale.text();
    assert!(stale.contains("QUOTE_STALE") && stale.contains("<button class=\"main\">Refund 5.00"));
    assert_ne!(hidden(&stale, "quote_id"), hidden(&lost, "quote_id"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancellation_whose_answer_was_lost_is_made_once() {
    let world = world().await;
    let unsure = Unsure::of(&world).await;
    let pieces = "do=cancel&what=pieces&line=L1&quantity=1&reason=OUT_OF_STOCK";
    unsure.loses.store(true, SeqCst);
    let lost = unsure.send("orders/O-1/cancel", &format!("request_id=c-1&{pieces}")).await;
    assert_eq!(lost.status, 503, "{}", lost.text());
    let lost = lost.text();
    assert!(lost.contains("It may have been done."), "{lost}");
    assert_eq!(hidden(&lost, "request_id"), "c-1");
    let again = unsure.send("orders/O-1/cancel", &format!("request_id=c-1&{pieces}")).await;
    assert_eq!(again.status, 303, "{}", again.text());
    let order = world.http().get(&order_path("O-1")).await.ok();
    assert_eq!(order["lines"][0]["cancelled"], 1);
    // What was refused for sure has a new id.
    let refused = unsure.send("orders/O-1/cancel", "request_id=c-2&do=cancel&what=pieces").await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert_ne!(hidden(&refused.text(), "request_id"), "c-2");
}
