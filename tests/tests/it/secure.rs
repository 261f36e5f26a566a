//! Who may connect, and what is said over TLS.

use crate::world::{Backend, Grpc, PLATFORM, STORE, World, eventually, order, order_path};
use serde_json::json;
use sockets::{ClientFiles, ClientTls, Identity};
use std::fs;
use testkit::certificates::{Authority, Pair, text};
use tokio::{io::AsyncReadExt as _, net::TcpStream};
use tokio_stream::StreamExt as _;
use tonic::{Code, body::Body};
use tower::ServiceExt as _;
use wire::{
    events::v1::{WatchEventsRequest, event_service_client::EventServiceClient},
    orders::v1::GetOrderRequest,
};

fn client(ca: &Authority, own: Option<&Pair>) -> ClientTls {
    let identity =
        own.map(|pair| Identity { certificate: pair.certificate.clone(), key: pair.key.clone() });
    ClientTls::open(&ClientFiles { ca: ca.certificate(), identity }).unwrap()
}

fn get() -> GetOrderRequest {
    GetOrderRequest { store_id: STORE.to_owned(), order_id: "O-1".to_owned() }
}

/// A process that serves gRPC over TLS, to whoever has a certificate of the authority.
async fn secret_world(ca: &Authority, pair: &Pair) -> World {
    let mut world = World::on(Backend::Sqlite);
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    world.restart_with(&[
        ("MERIDIAN__GRPC__TLS__CERTIFICATE", text(&pair.certificate)),
        ("MERIDIAN__GRPC__TLS__KEY", text(&pair.key)),
        ("MERIDIAN__GRPC__TLS__CLIENT_CA", text(&ca.certificate())),
        ("MERIDIAN__TLS__RELOAD", "100ms"),
    ]);
    world
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_are_called_with_a_certificate_and_with_no_other() {
    let (ca, stranger) = (Authority::new(), Authority::new());
    let world = secret_world(&ca, &ca.sign("server")).await;
    let address = world.process().grpc();
    let good = Grpc::over_tls(address, PLATFORM, &client(&ca, Some(&ca.sign("client")))).await;
    good.unwrap().orders().get_order(get()).await.unwrap();
    for own in [None, Some(stranger.sign("client")), Some(ca.sign_expired("late"))] {
        let refused = async {
            let grpc = Grpc::over_tls(address, PLATFORM, &client(&ca, own.as_ref())).await.ok()?;
            grpc.orders().get_order(get()).await.ok()
        };
        assert!(refused.await.is_none(), "{own:?}");
    }
    // Nor is anybody heard who takes the server for somebody else, or wants no TLS.
    assert!(Grpc::over_tls(address, PLATFORM, &client(&stranger, None)).await.is_err());
    assert!(Grpc::try_to(address, PLATFORM).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_is_replaced_while_a_stream_is_open() {
    let (old, new) = (Authority::new(), Authority::new());
    let pair = old.sign("server");
    let world = secret_world(&old, &pair).await;
    let address = world.process().grpc();
    let own = old.sign("client");
    let grpc = Grpc::over_tls(address, PLATFORM, &client(&old, Some(&own))).await.unwrap();
    let watch = WatchEventsRequest {
        store_id: STORE.to_owned(),
        from_now: true,
        ..WatchEventsRequest::default()
    };
    let mut events =
        EventServiceClient::new(grpc.called()).watch_events(watch).await.unwrap().into_inner();

    // Half of it is no certificate: nothing changes, and the log says why.
    let next = new.sign("server");
    fs::copy(&next.certificate, &pair.certificate).unwrap();
    eventually("the log to say what is wrong", || async {
        world.process().log().contains("is not the key to the certificate").then_some(())
    })
    .await;
    Grpc::over_tls(address, PLATFORM, &client(&old, Some(&own))).await.unwrap();
    pair.replace_with(&next);
    let theirs = client(&new, Some(&own));
    eventually("the new certificate to be shown", || async {
        Grpc::over_tls(address, PLATFORM, &theirs).await.ok()
    })
    .await;

    world.refund("O-1", &json!({"shipping_amount": "1.00"})).await.ok();
    let event = events.next().await.unwrap().unwrap().event.unwrap();
    assert_eq!(event.order_id, "O-1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_shows_its_certificate_to_the_services_upstream() {
    let ca = Authority::new();
    let world = secret_world(&ca, &ca.sign("server")).await;
    let services = format!("https://{}", world.process().grpc());
    let (authority, pair) = (ca.certificate(), ca.sign("gateway"));
    let alone = [
        ("MERIDIAN__SERVE__SERVICES", "gateway"),
        ("MERIDIAN__SERVE__WORKERS", ""),
        ("MERIDIAN__HTTP__UPSTREAM", &services),
        ("MERIDIAN__HTTP__UPSTREAM_TLS__CA", text(&authority)),
    ];
    let own = [
        ("MERIDIAN__HTTP__UPSTREAM_TLS__CERTIFICATE", text(&pair.certificate)),
        ("MERIDIAN__HTTP__UPSTREAM_TLS__KEY", text(&pair.key)),
    ];
    let path = order_path("O-1");
    let known = world.launch(&[&alone[..], &own].concat()).start().unwrap();
    let http = crate::world::Http::to(known.http()).token(PLATFORM);
    assert_eq!(http.get(&path).await.ok(), world.http().get(&path).await.ok());
    let unknown = world.launch(&alone).start().unwrap();
    let http = crate::world::Http::to(unknown.http()).token(PLATFORM);
    assert_eq!(http.get(&path).await.status, 503);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_gateway_itself_speaks_tls_where_it_has_a_certificate() {
    let ca = Authority::new();
    let pair = ca.sign("server");
    let world = World::with(
        Backend::Sqlite,
        &[
            ("MERIDIAN__HTTP__TLS__CERTIFICATE", text(&pair.certificate)),
            ("MERIDIAN__HTTP__TLS__KEY", text(&pair.key)),
        ],
    );
    let address = world.process().http();
    let channel = Grpc::over_tls(address, PLATFORM, &client(&ca, None)).await.unwrap().channel();
    let request = http::Request::get("/healthz").body(Body::empty()).unwrap();
    assert_eq!(channel.clone().oneshot(request).await.unwrap().status(), 200);
    // Over HTTP/2 there is no Host that a form's origin could be held against.
    for (origin, status) in [(format!("https://{address}"), 401), ("https://evil".into(), 403)] {
        let form = http::Request::post("/console/login").header("origin", origin);
        let form = form.body(Body::new("token=mrd_nobody".to_owned())).unwrap();
        let answer = channel.clone().oneshot(form).await.unwrap();
        assert_eq!(answer.status(), status);
        assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000");
    }
    assert!(world.http().try_send(http::Method::GET, "/healthz", "").await.is_err());
}

#[test]
fn checking_the_settings_names_every_file_that_cannot_be_used() {
    let ca = Authority::new();
    let (pair, other) = (ca.sign("server"), ca.sign("other"));
    let world = World::unstarted(crate::world::Database::fresh(Backend::Sqlite));
    let check = |settings: &[(&str, &str)]| {
        let output = world.launch(settings).run(&["config", "check"]).unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    let certificate = ("MERIDIAN__GRPC__TLS__CERTIFICATE", text(&pair.certificate));
    assert!(check(&[certificate, ("MERIDIAN__GRPC__TLS__KEY", text(&pair.key))]).0);
    let (is_good, told) = check(&[
        certificate,
        ("MERIDIAN__GRPC__TLS__KEY", text(&other.key)),
        ("MERIDIAN__GRPC__TLS__CLIENT_CA", text(&pair.key)),
        ("MERIDIAN__HTTP__TLS__CERTIFICATE", "/nowhere/certificate.pem"),
        ("MERIDIAN__HTTP__TLS__KEY", text(&pair.key)),
    ]);
    assert!(!is_good);
    for fault in [
        "grpc.tls.key: is not the key to the certificate",
        "grpc.tls.client_ca: has no certificate in PEM",
        "http.tls.certificate: /nowhere/certificate.pem cannot be read",
    ] {
        assert!(told.contains(fault), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_beyond_those_that_may_be_are_closed_and_others_go_on() {
    let world = World::with(
        Backend::Sqlite,
        &[("MERIDIAN__GRPC__MAX_CONNECTIONS", "2"), ("MERIDIAN__HTTP__MAX_CONNECTIONS", "2")],
    );
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let grpc = world.grpc().await;
    for address in [world.process().grpc(), world.process().http()] {
        // Each port has one that is used already.
        let _idle = TcpStream::connect(address).await.unwrap();
        let mut refused = TcpStream::connect(address).await.unwrap();
        // The end, or a reset.
        assert_eq!(refused.read(&mut [0]).await.unwrap_or(0), 0);
    }
    grpc.orders().get_order(get()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_contract_is_told_only_where_that_is_wanted() {
    use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
    use tonic_reflection::pb::v1::{
        ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    };
    for (setting, told) in [("true", None), ("false", Some(Code::Unimplemented))] {
        let world = World::with(Backend::Sqlite, &[("MERIDIAN__GRPC__REFLECTION", setting)]);
        let channel = world.grpc().await.channel();
        let question = tokio_stream::iter([ServerReflectionRequest::default()]);
        let mut client = ServerReflectionClient::new(channel.clone());
        let asked = client.server_reflection_info(question).await;
        assert_eq!(asked.err().map(|status| status.code()), told);
        HealthClient::new(channel).check(HealthCheckRequest::default()).await.unwrap();
    }
}
