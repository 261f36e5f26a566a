use super::Stored;
use crate::{
    on_both,
    world::{STORE, World, order, order_path, raw, reason_of},
};
use futures_util::future::join_all;
use serde_json::json;
use std::time::Duration;
use tonic::{Code, Request, codegen::Bytes};
use wire::{
    accounts::v1::{LogInRequest, account_service_client::AccountServiceClient},
    orders::v1::{
        CreateOrderRequest, GetOrderRequest, ListOrdersRequest, Order, OrderLine, Tender,
    },
    refunds::v1::{ComponentCharge, CreateRefundRequest, ProductToRefund},
};

on_both!(
    a_message_that_is_too_large_is_refused,
    a_deadline_is_kept_and_a_malformed_one_refused,
    a_command_goes_on_when_its_deadline_has_passed,
    nobody_is_let_in_without_a_token,
    enum_values_that_do_not_exist_are_named,
    what_is_no_message_is_the_callers_fault,
    whoever_needs_no_token_takes_nobody_elses_place,
);

fn get() -> GetOrderRequest {
    GetOrderRequest { store_id: STORE.to_owned(), order_id: "O-1".to_owned() }
}

async fn a_message_that_is_too_large_is_refused(world: World) {
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let before = Stored::of(&world);
    let grpc = world.grpc().await;
    let refund = |comments: usize| CreateRefundRequest {
        store_id: STORE.to_owned(),
        order_id: "O-1".to_owned(),
        request_id: "r-1".to_owned(),
        refund_comments: "x".repeat(comments),
        ..CreateRefundRequest::default()
    };
    let refused = grpc.refunds().create_refund(refund(5 << 20)).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused:?}");
    assert_eq!(reason_of(&refused), "MESSAGE_TOO_LARGE");
    let refused = grpc.refunds().create_refund(refund(2 << 20)).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused:?}");
    assert!(refused.message().contains("refund_comments"), "{refused:?}");

    let products = vec![ProductToRefund::default(); 100_000];
    let listed = CreateRefundRequest { products, ..refund(0) };
    let refused = grpc.refunds().create_refund(listed).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused:?}");
    let lines = vec![OrderLine::default(); 100_000];
    let order = Order { order_id: "O-2".to_owned(), lines, ..Order::default() };
    let many = CreateOrderRequest {
        store_id: STORE.to_owned(),
        request_id: "o-2".to_owned(),
        order: Some(order),
    };
    let refused = grpc.orders().create_order(many).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused:?}");

    // Whoever logs in has little to say.
    let log_in = LogInRequest { password: "x".repeat(8 << 10), ..LogInRequest::default() };
    let mut accounts = AccountServiceClient::new(grpc.anonymous().called());
    let refused = accounts.log_in(log_in).await.unwrap_err();
    assert_eq!(reason_of(&refused), "MESSAGE_TOO_LARGE");

    let mut request = Request::new(get());
    request.metadata_mut().insert("x-much", "x".repeat(64 << 10).parse().unwrap());
    let refused = grpc.orders().get_order(request).await.unwrap_err();
    assert_eq!(
        (refused.code(), &*reason_of(&refused)),
        (Code::ResourceExhausted, "HEADERS_TOO_LARGE")
    );
    assert_eq!(Stored::of(&world), before);
    let grpc = world.grpc().await;
    grpc.orders().get_order(get()).await.unwrap();
}

async fn what_is_no_message_is_the_callers_fault(world: World) {
    world.open_store(json!({})).await;
    let grpc = world.grpc().await;
    let path = "/meridian.orders.v1.OrderService/GetOrder";
    for bytes in [&b"\x0a\xff\xff\xff\xff\x0f"[..], b"\x08\x01", b"\x0a\x01\xff", &[0xff; 1000]] {
        let request = Request::new(Bytes::copy_from_slice(bytes));
        let refused = raw::call(&grpc, path, request).await.unwrap_err();
        assert_eq!(
            (refused.code(), &*reason_of(&refused)),
            (Code::InvalidArgument, "INVALID_FIELDS"),
            "{bytes:?}"
        );
    }
    let mut compressed = Request::new(Bytes::new());
    compressed.metadata_mut().insert("grpc-encoding", "gzip".parse().unwrap());
    let refused = raw::call(&grpc, path, compressed).await.unwrap_err();
    assert_eq!((refused.code(), &*reason_of(&refused)), (Code::InvalidArgument, "INVALID_FIELDS"));
    assert!(refused.message().contains("grpc-encoding"), "{refused:?}");
    let nothing = "/meridian.orders.v1.OrderService/Nothing";
    let refused = raw::call(&grpc, nothing, Request::new(Bytes::new())).await.unwrap_err();
    assert_eq!((refused.code(), &*reason_of(&refused)), (Code::Unimplemented, "UNIMPLEMENTED"));
    // Who is nobody is told that first.
    let refused =
        raw::call(&grpc.anonymous(), nothing, Request::new(Bytes::new())).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
}

/// Of a message that is signed nobody knows whose it is before it is here.
async fn whoever_needs_no_token_takes_nobody_elses_place(mut world: World) {
    world.restart_with(&[("MERIDIAN__GRPC__MAX_CONCURRENT_CALLS", "4")]);
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let grpc = world.grpc().await;
    let anonymous = grpc.anonymous();
    let silent =
        async |path| join_all((0..40).map(|_| raw::call_without_a_message(&anonymous, path))).await;
    let http = world.http().anonymous();
    let others = async {
        for _ in 0..20 {
            grpc.orders().get_order(get()).await.unwrap();
        }
        // From one address come half of what may be there at most: others are heard all the same.
        for _ in 0..20 {
            let heard = http.post_text("/providers/nobody/notices", "{}").await;
            assert_eq!(heard.status, 404, "{}", heard.text());
            assert_eq!(http.get("/readyz").await.status, 200);
        }
    };
    let notices = silent("/meridian.payments.v1.PaymentService/ReceiveNotice");
    let health = silent("/grpc.health.v1.Health/Check");
    let (notices, health, ()) = tokio::join!(notices, health, others);
    // After 10 seconds and after one, whatever the caller would have waited.
    for (silent, most) in [(notices, 16), (health, 32)] {
        let count = |code| silent.iter().filter(|status| status.code() == code).count();
        let (refused, ended) = (count(Code::Unavailable), count(Code::DeadlineExceeded));
        assert_eq!((refused, ended), (40 - most, most), "{silent:?}");
        let refused = silent.iter().find(|status| status.code() == Code::Unavailable).unwrap();
        assert_eq!(reason_of(refused), "OVERLOADED");
    }
}

async fn a_deadline_is_kept_and_a_malformed_one_refused(world: World) {
    world.open_store(json!({})).await;
    let mut slow = order("O-1");
    slow["tenders"][0]["provider_reference"] = "sandbox-settle-later-60000".into();
    world.ready(&slow).await;
    let grpc = world.grpc().await;
    let asking = |timeout: &str| {
        let mut request = Request::new(get());
        request.metadata_mut().insert("grpc-timeout", timeout.parse().unwrap());
        request
    };
    for malformed in ["1", "m", "1x", "-1m", "1e3m", "123456789m", "1 m", "soon"] {
        let refused = grpc.orders().get_order(asking(malformed)).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{malformed}: {refused:?}");
        assert!(refused.message().contains("grpc-timeout"), "{refused:?}");
    }
    // Whoever waits for a leg that takes a minute is answered by the deadline, with what is true.
    let mut waiting = Request::new(CreateRefundRequest {
        store_id: STORE.to_owned(),
        order_id: "O-1".to_owned(),
        request_id: "r-1".to_owned(),
        shipping_amount: Some("1.00".to_owned()),
        wait: wire::refunds::v1::Wait::Settled.into(),
        ..CreateRefundRequest::default()
    });
    waiting.set_timeout(Duration::from_secs(3));
    let refund = grpc.refunds().create_refund(waiting).await.unwrap().into_inner().refund.unwrap();
    assert_eq!(refund.state(), wire::refunds::v1::RefundState::Pending);
    let http = world.http().with("x-request-timeout", "soon");
    http.get("/v1/stores").await.refused(400, "INVALID_FIELDS").names("x-request-timeout");
    assert_eq!(world.database.count("SELECT count(*) FROM refunds"), 1);
}

async fn a_command_goes_on_when_its_deadline_has_passed(world: World) {
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let body = json!({"request_id": "r-1", "shipping_amount": "1.00"});
    let path = format!("{}/refunds", order_path("O-1"));
    let lock = world.database.lock();
    // Sent as a gateway header: a gRPC client would keep the deadline by itself.
    let hurried = world.http().with("grpc-timeout", "300m");
    hurried.post(&path, &body).await.refused(504, "DEADLINE_EXCEEDED");
    drop(lock);
    let refund = world.http().post(&path, &body).await.ok();
    world.until_over(&refund).await;
    assert_eq!(world.database.count("SELECT count(*) FROM refunds"), 1);
}

async fn nobody_is_let_in_without_a_token(world: World) {
    world.open_store(json!({})).await;
    let grpc = world.grpc().await;
    let mut refusals = Vec::new();
    for caller in [grpc.anonymous(), grpc.token("forged"), grpc.token("")] {
        let refused = caller.orders().get_order(get()).await.unwrap_err();
        assert_eq!(
            (refused.code(), &*reason_of(&refused)),
            (Code::Unauthenticated, "UNAUTHENTICATED")
        );
        refusals.push(refused.message().to_owned());
    }
    refusals.dedup();
    assert_eq!(refusals.len(), 1);
    for value in ["Basic cGxhdGZvcm0=", "Bearer", "platform-token-of-the-tests", "Bearer  x"] {
        let http = world.http().with("authorization", value);
        http.get("/v1/stores").await.refused(401, "UNAUTHENTICATED");
    }
    world.http().anonymous().get("/v1/stores").await.refused(401, "UNAUTHENTICATED");
}

async fn enum_values_that_do_not_exist_are_named(world: World) {
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let grpc = world.grpc().await;
    let asked = CreateRefundRequest {
        store_id: STORE.to_owned(),
        order_id: "O-1".to_owned(),
        request_id: "r-1".to_owned(),
        shipping_amount: Some("1.00".to_owned()),
        ..CreateRefundRequest::default()
    };
    for (field, request) in [
        ("wait", CreateRefundRequest { wait: 99, ..asked.clone() }),
        ("refund_method", CreateRefundRequest { refund_method: -1, ..asked.clone() }),
    ] {
        let refused = grpc.refunds().create_refund(request).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{refused:?}");
        assert!(refused.message().contains(field), "{refused:?}");
    }
    let charge =
        ComponentCharge { charged_to: 99, platform_amount: Some("0.50".to_owned()), r#type: 2 };
    let charged = CreateRefundRequest { charged_to: vec![charge], ..asked };
    let refused = grpc.refunds().create_refund(charged).await.unwrap_err();
    assert!(refused.message().contains("charged_to[0].charged_to"), "{refused:?}");
    assert_eq!(world.database.count("SELECT count(*) FROM refunds"), 0);

    let tender = Tender { state: 99, method: 99, ..Tender::default() };
    let order = Order { tenders: vec![tender], ..Order::default() };
    let request = CreateOrderRequest {
        store_id: STORE.to_owned(),
        request_id: "o-2".to_owned(),
        order: Some(order),
    };
    let refused = grpc.orders().create_order(request).await.unwrap_err();
    for field in ["order.tenders[0].state", "order.tenders[0].method"] {
        assert!(refused.message().contains(field), "{refused:?}");
    }
    let list = ListOrdersRequest {
        store_id: STORE.to_owned(),
        states: vec![99],
        order_by: 99,
        ..ListOrdersRequest::default()
    };
    let refused = grpc.orders().list_orders(list).await.unwrap_err();
    for field in ["states[0]", "order_by"] {
        assert!(refused.message().contains(field), "{refused:?}");
    }
}
