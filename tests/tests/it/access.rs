//! Who may do what, and what the others are told.

mod denials;
pub(crate) mod fence;
mod matrix;
mod timing;

use crate::{
    on_both,
    world::{Answer, GUID, Http, STORE, World, eventually, order, order_path, reason_of, unique},
};
use http::Method;
use matrix::may_call;
use serde_json::{Value, json};
use std::time::Duration;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tonic::Code;
use wire::{
    orders::v1::{CreateOrderRequest, GetOrderRequest, Order},
    refunds::v1::{ComponentCharge, CreateRefundRequest},
    rest::{ROUTES, Route},
};

on_both!(
    every_role_may_call_what_the_table_says,
    a_service_may_do_what_its_scopes_say,
    another_store_is_told_that_there_is_no_such_store,
    another_stores_orders_are_not_there,
    a_token_ends_when_it_is_revoked_or_expires,
    only_the_platform_gives_what_reaches_beyond_a_store,
    the_guid_alone_lets_in_where_the_store_says_so,
);

const ROLES: [&str; 5] =
    ["ROLE_VIEWER", "ROLE_AGENT", "ROLE_MANAGER", "ROLE_STOREFRONT", "ROLE_PLATFORM"];

fn path_of(route: &Route, store: &str) -> String {
    route
        .template
        .replace("{store_id}", store)
        .replace("{order_id}", "O-1")
        .replace("{refund_id}", "rf_00000000000000000000000000000000")
        .replace("{cancellation_id}", "cn_00000000000000000000000000000000")
        .replace("{user_id}", "usr_00000000000000000000000000000000")
        .replace("{token_id}", "tok_00000000000000000000000000000000")
        .replace("{endpoint_id}", "ep_00000000000000000000000000000000")
}

/// Calls a route with nothing in its body, which gets a caller past the door and no further.
async fn knock(http: &Http, route: &Route, store: &str) -> Answer {
    let method: Method = route.method.parse().unwrap();
    let body = match (method == Method::GET, route.template) {
        (true, _) => String::new(),
        (_, "/v1/stores") => json!({"store_id": store}).to_string(),
        _ => "{}".to_owned(),
    };
    let path = path_of(route, store);
    // Whoever is let in to a stream that does not end has to be refused behind the door.
    let path = if route.template.ends_with(":watch") { format!("{path}?after=none") } else { path };
    http.send(method, &path, body).await
}

async fn every_role_may_call_what_the_table_says(world: World) {
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    for role in ROLES {
        let http = world.http().token(&world.token(role).await);
        for route in ROUTES {
            let method = route.grpc_path.rsplit('/').next().unwrap();
            let answer = knock(&http, route, STORE).await;
            if may_call(role, method) {
                assert!(
                    [200, 400, 404].contains(&answer.status),
                    "{role} {method}: {}",
                    answer.text()
                );
                assert!(!answer.text().contains("STORE_NOT_FOUND"), "{role} {method}");
            } else {
                assert_eq!(answer.status, 403, "{role} {method}: {}", answer.text());
                assert_eq!(answer.reason(), "ROLE_FORBIDS");
            }
        }
    }
    // The same over gRPC.
    let grpc = world.grpc().await;
    let asked = || GetOrderRequest { store_id: STORE.to_owned(), order_id: "O-1".to_owned() };
    let storefront = grpc.token(&world.token("ROLE_STOREFRONT").await);
    storefront.orders().get_order(asked()).await.unwrap();
    let list = wire::orders::v1::ListOrdersRequest {
        store_id: STORE.to_owned(),
        ..wire::orders::v1::ListOrdersRequest::default()
    };
    let refused = storefront.orders().list_orders(list).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
}

async fn service_token(world: &World, scopes: Value) -> Http {
    let body = json!({
        "request_id": unique("t"), "name": "s", "role": "ROLE_SERVICE", "scopes": scopes,
    });
    let made = world.http().post(&format!("/v1/stores/{STORE}/tokens"), &body).await.ok();
    world.http().token(made["secret"].as_str().unwrap())
}

async fn a_service_may_do_what_its_scopes_say(world: World) {
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let refund = json!({"request_id": "r-1", "shipping_amount": "1.00"});
    let refunds = format!("{}/refunds", order_path("O-1"));
    let reader = service_token(&world, json!(["orders:read"])).await;
    assert_eq!(reader.get(&order_path("O-1")).await.status, 200);
    reader.get(&refunds).await.refused(403, "ROLE_FORBIDS");
    reader.post(&refunds, &refund).await.refused(403, "ROLE_FORBIDS");
    let refunder = service_token(&world, json!(["refunds:write"])).await;
    refunder.get(&order_path("O-1")).await.refused(403, "ROLE_FORBIDS");
    assert_eq!(refunder.post(&refunds, &refund).await.status, 200);
    let none = service_token(&world, json!([])).await;
    none.get(&order_path("O-1")).await.refused(403, "ROLE_FORBIDS");
    // Without the store in the path, either scope finds the store; reading takes its own.
    let elsewhere = "/v1/orders/O-1/refunds";
    let auditor = service_token(&world, json!(["refunds:read"])).await;
    for query in [String::new(), format!("?merchantGUID={GUID}")] {
        let listed = auditor.get(&format!("{elsewhere}{query}")).await.ok();
        assert_eq!(listed["refunds"].as_array().unwrap().len(), 1);
    }
    refunder.get(elsewhere).await.refused(403, "ROLE_FORBIDS");
    reader.get(elsewhere).await.refused(403, "ROLE_FORBIDS");
    let checkout = service_token(&world, json!(["orders:write"])).await;
    let body = json!({"request_id": "o-2", "order": order("O-2")});
    assert_eq!(checkout.post(&format!("/v1/stores/{STORE}/orders"), &body).await.status, 200);
}

/// A refusal with the name of the store in it replaced.
fn about(answer: &Answer, store: &str) -> String {
    assert_eq!(answer.status, 404, "{}", answer.text());
    answer.text().replace(store, "S")
}

async fn another_store_is_told_that_there_is_no_such_store(world: World) {
    world.open_store(json!({})).await;
    world.open_store_named("other", "other-guid", json!({})).await;
    world.ready(&order("O-1")).await;
    let body = json!({"request_id": "o-1", "order": order("O-1")});
    world.http().post("/v1/stores/other/orders", &body).await.ok();
    let own = |route: &&Route| route.template.contains("{store_id}");
    for role in ["ROLE_MANAGER", "ROLE_VIEWER", "ROLE_STOREFRONT"] {
        let http = world.http().token(&world.token(role).await);
        for route in ROUTES.iter().filter(own) {
            let others = knock(&http, route, "other").await;
            let nobodys = knock(&http, route, "nobody").await;
            assert_eq!(
                about(&others, "other"),
                about(&nobodys, "nobody"),
                "{role} {}",
                route.template
            );
        }
        let list = http.get("/v1/stores").await;
        assert!(!list.text().contains("other"), "{}", list.text());
    }
    // A body that names another store than the path is nobody's.
    let manager = world.http().token(&world.token("ROLE_MANAGER").await);
    let path = format!("{}/refunds", order_path("O-1"));
    for store in ["other", "nobody"] {
        let body = json!({"store_id": store, "request_id": "r-1", "shipping_amount": "1.00"});
        manager.post(&path, &body).await.refused(404, "STORE_NOT_FOUND");
        world.http().post(&path, &body).await.refused(404, "STORE_NOT_FOUND");
    }
    assert_eq!(world.database.count("SELECT count(*) FROM refunds"), 0);
    // So is an order that names one, in both forms of the body and over gRPC.
    let orders = format!("/v1/stores/{STORE}/orders");
    for store in ["other", "nobody"] {
        let mut bare = order("O-2");
        bare["store_id"] = store.into();
        let wrapped = json!({"request_id": "o-2", "order": bare});
        bare["request_id"] = "o-2".into();
        for body in [bare, wrapped] {
            world.http().post(&orders, &body).await.refused(404, "STORE_NOT_FOUND");
        }
        let within = Order { store_id: store.to_owned(), ..Order::default() };
        let request = CreateOrderRequest {
            store_id: STORE.to_owned(),
            request_id: "o-2".to_owned(),
            order: Some(within),
        };
        let refused = world.grpc().await.orders().create_order(request).await.unwrap_err();
        assert_eq!((refused.code(), &*reason_of(&refused)), (Code::NotFound, "STORE_NOT_FOUND"));
    }
    assert_eq!(world.database.count("SELECT count(*) FROM orders"), 2);
    let grpc = world.grpc().await.token(&world.token("ROLE_MANAGER").await);
    let asked = GetOrderRequest { store_id: "other".to_owned(), order_id: "O-1".to_owned() };
    assert_eq!(grpc.orders().get_order(asked).await.unwrap_err().code(), Code::NotFound);
}

async fn another_stores_orders_are_not_there(world: World) {
    world.open_store(json!({})).await;
    world.open_store_named("other", "other-guid", json!({})).await;
    let body = json!({"request_id": "o-1", "order": order("secret-order")});
    world.http().post("/v1/stores/other/orders", &body).await.ok();
    let accept = "/v1/stores/other/orders/secret-order";
    eventually("the order to become ready", || async {
        let order = world.http().get(accept).await.ok();
        (order["state"] == "ORDER_STATE_READY").then_some(())
    })
    .await;
    let ids = json!({
        "request_id": "a-1", "external_order_id": "E-1", "external_order_number": "#1",
    });
    world.http().post(&format!("{accept}:accept"), &ids).await.ok();
    let body = json!({"request_id": "r-1", "shipping_amount": "1.00", "external_reference": "CN"});
    let refund = world.http().post(&format!("{accept}/refunds"), &body).await.ok();

    let own = world.http().token(&world.token("ROLE_MANAGER").await);
    let orders = format!("/v1/stores/{STORE}/orders");
    for (there, nowhere) in [("secret-order", "no-such-order"), ("E-1", "E-2")] {
        let replaced = |answer: &Answer, id: &str| about(answer, id);
        let found = own.get(&format!("{orders}/{there}")).await;
        let nothing = own.get(&format!("{orders}/{nowhere}")).await;
        assert_eq!(replaced(&found, there), replaced(&nothing, nowhere));
    }
    let refund_id = refund["refund_id"].as_str().unwrap();
    for order_id in ["-", "secret-order", "no-such-order"] {
        let path = format!("{orders}/{order_id}/refunds/{refund_id}");
        assert_eq!(own.get(&path).await.status, 404, "{path}");
    }
    for path in
        [orders.clone(), format!("{orders}?external_order_id=E-1"), format!("{orders}/-/refunds")]
    {
        let listed = own.get(&path).await.ok();
        let empty =
            listed["orders"].as_array().or(listed["refunds"].as_array()).unwrap().is_empty();
        assert!(empty, "{path}: {listed}");
    }
    // What is unique in a store is free in another.
    let mine = json!({"request_id": "o-1", "order": order("secret-order")});
    own.post(&orders, &mine).await.refused(403, "ROLE_FORBIDS");
    world.http().post(&orders, &mine).await.ok();
    world.until_ready("secret-order").await;
    own.post(&format!("{orders}/secret-order:accept"), &ids).await.ok();
    own.post(&format!("{orders}/secret-order/refunds"), &body).await.ok();
}

async fn a_token_ends_when_it_is_revoked_or_expires(world: World) {
    world.open_store(json!({})).await;
    let received = world.place(&order("O-1")).await;
    let tokens = format!("/v1/stores/{STORE}/tokens");
    let body = json!({"request_id": "t-1", "name": "t", "role": "ROLE_VIEWER"});
    let made = world.http().post(&tokens, &body).await.ok();
    let http = world.http().token(made["secret"].as_str().unwrap());
    assert_eq!(http.get(&order_path("O-1")).await.status, 200);
    let revoke = format!("{tokens}/{}:revoke", made["token_id"].as_str().unwrap());
    let revoked = world.http().post(&revoke, &json!({"request_id": "x-1"})).await.ok();
    assert!(!revoked["revoke_time"].is_null());
    http.get(&order_path("O-1")).await.refused(401, "UNAUTHENTICATED");
    let again = world.http().post(&revoke, &json!({"request_id": "x-2"})).await.ok();
    assert_eq!(again["revoke_time"], revoked["revoke_time"]);

    // By the clock of the process, which the order shows.
    let now = OffsetDateTime::parse(received["create_time"].as_str().unwrap(), &Rfc3339).unwrap();
    let soon = (now + Duration::from_secs(4)).format(&Rfc3339).unwrap();
    let body = json!({
        "request_id": "t-2", "name": "t", "role": "ROLE_VIEWER", "expire_time": soon,
    });
    let made = world.http().post(&tokens, &body).await.ok();
    let http = world.http().token(made["secret"].as_str().unwrap());
    eventually("the token to expire", || async {
        let answer = http.get(&order_path("O-1")).await;
        assert!([200, 401].contains(&answer.status), "{}", answer.text());
        (answer.status == 401).then_some(())
    })
    .await;
}

async fn only_the_platform_gives_what_reaches_beyond_a_store(world: World) {
    world.open_store(json!({})).await;
    world.open_store_named("other", "other-guid", json!({})).await;
    let manager = world.http().token(&world.token("ROLE_MANAGER").await);
    let tokens = format!("/v1/stores/{STORE}/tokens");
    for role in ["ROLE_PLATFORM", "ROLE_SERVICE"] {
        let body = json!({"request_id": unique("t"), "name": "t", "role": role});
        manager.post(&tokens, &body).await.refused(403, "ROLE_FORBIDS");
    }
    let body = json!({"request_id": "t-1", "name": "t", "role": "ROLE_STOREFRONT"});
    manager.post(&tokens, &body).await.ok();
    let body = json!({"request_id": "t-2", "name": "t", "role": "ROLE_VIEWER"});
    manager.post("/v1/stores/other/tokens", &body).await.refused(404, "STORE_NOT_FOUND");
    // A platform's token acts for every store, whichever it was made at.
    let platform = world.http().token(&world.token("ROLE_PLATFORM").await);
    assert_eq!(platform.get("/v1/stores/other").await.status, 200);
    let listed = platform.get("/v1/stores").await.ok();
    assert_eq!(listed["stores"].as_array().unwrap().len(), 2);
    let hashes = world.database.rows("SELECT doc FROM tokens");
    let secret = world.token("ROLE_VIEWER").await;
    assert!(!hashes.iter().flatten().any(|doc| doc.contains(&secret)));
}

async fn the_guid_alone_lets_in_where_the_store_says_so(world: World) {
    world.open_store(json!({"guid_alone": true})).await;
    world.open_store_named("other", "other-guid", json!({})).await;
    world.ready(&order("O-1")).await;
    let nobody = world.http().anonymous();
    let body = json!({"orderRefund": {"OrderId": "O-1", "ShippingAmount": "1.00"}});
    let path = |guid: &str| format!("/Order/CreateOrderRefund?merchantGUID={guid}");
    assert_eq!(nobody.post(&path(GUID), &body).await.ok()["Success"], true);
    assert_eq!(nobody.post(&path("other-guid"), &body).await.status, 401);
    assert_eq!(nobody.post(&path("nobody"), &body).await.status, 401);
    // It is a credential at that endpoint alone.
    for header in ["x-merchant-guid", "merchantguid"] {
        let http = nobody.with(header, GUID);
        http.get(&order_path("O-1")).await.refused(401, "UNAUTHENTICATED");
        let refund = json!({"request_id": "r-1", "shipping_amount": "1.00"});
        let refunds = format!("{}/refunds", order_path("O-1"));
        http.post(&refunds, &refund).await.refused(401, "UNAUTHENTICATED");
    }
    // Over gRPC it reaches as far as that endpoint does, and no further.
    let grpc = world.grpc().await.anonymous();
    let asked = CreateRefundRequest {
        store_id: STORE.to_owned(),
        order_id: "O-1".to_owned(),
        request_id: "r-1".to_owned(),
        shipping_amount: Some("1.00".to_owned()),
        ..CreateRefundRequest::default()
    };
    let charge = ComponentCharge::default();
    for more in [
        CreateRefundRequest { refund_method: 2, ..asked.clone() },
        CreateRefundRequest { wait: 2, ..asked.clone() },
        CreateRefundRequest { quote_id: "qt".to_owned(), ..asked.clone() },
        CreateRefundRequest { charged_to: vec![charge], ..asked },
    ] {
        let mut request = tonic::Request::new(more);
        request.metadata_mut().insert("x-merchant-guid", GUID.parse().unwrap());
        let refused = grpc.refunds().create_refund(request).await.unwrap_err();
        assert_eq!(
            (refused.code(), &*reason_of(&refused)),
            (Code::PermissionDenied, "ROLE_FORBIDS")
        );
    }
    // A wrong token is not made good by the right GUID.
    let forged = world.http().token("forged-forged-forged");
    assert_eq!(forged.post(&path(GUID), &body).await.status, 401);
    assert_eq!(world.database.count("SELECT count(*) FROM refunds"), 1);
}
