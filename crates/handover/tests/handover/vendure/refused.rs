use super::{SECRET, adapter, admin::Admin, case};
use crate::{
    case::{Case, currency, line, pair},
    shop::{Reply, Shop},
};
use domain::order::FailureClass::{
    self, Authentication, RejectedAddress, RejectedInventory, RejectedOther, RejectedProduct,
    Transient,
};
use ports::StorefrontBackend as _;
use std::time::Duration;
use testkit::vendure::Server;

#[tokio::test]
async fn a_refusal_says_what_it_is_about() {
    let server = Server::start();
    let admin = Admin::of(&server).await;
    a_product_that_the_shop_does_not_sell(&server, &admin).await;
    more_than_the_shop_has(&server, &admin).await;
    an_address_that_the_shop_does_not_ship_to(&server, &admin).await;
    a_login_that_the_shop_does_not_know(&server).await;
    money_that_the_shop_does_not_take(&server).await;
}

/// Nothing in the shop counts as the order.
async fn refused(case: &Case, class: FailureClass, words: &str) {
    let adapter = adapter();
    let failure = adapter.push(case.push()).await.unwrap_err();
    assert_eq!((failure.class, failure.in_doubt), (class, false), "{}", failure.cause);
    assert!(failure.cause.contains(words), "{}", failure.cause);
    if class != Authentication {
        assert_eq!(adapter.find(case.push()).await, Ok(None));
    }
}

fn of(order_id: &str, sku: &str, quantity: u32, url: &str) -> Case {
    let lines = vec![
        line("l1", "SHIRT-M", 1, pair("20.00", "18.00")),
        line("l2", sku, quantity, pair("6.00", "5.00")),
    ];
    Case::of(order_id, lines, url, SECRET)
}

async fn a_product_that_the_shop_does_not_sell(server: &Server, admin: &Admin<'_>) {
    for (order_id, sku) in [("GE-unknown", "NO-SUCH"), ("GE-withdrawn", "WITHDRAWN")] {
        let words = format!("the shop does not sell {sku}");
        refused(&of(order_id, sku, 1, &server.url), RejectedProduct, &words).await;
        assert!(admin.orders(order_id).await.is_empty());
    }
    let mut case = case("GE-no-code", &server.url);
    case.order.lines[1].product_code = None;
    refused(&case, RejectedProduct, "line l2 has no product code").await;
}

async fn more_than_the_shop_has(server: &Server, admin: &Admin<'_>) {
    refused(&of("GE-sold-out", "SOLD-OUT", 1, &server.url), RejectedInventory, "SOLD-OUT: ").await;
    // Two of three are in the draft then. With one piece less the same draft becomes the order.
    let mut case = of("GE-lamps", "LAMP", 3, &server.url);
    refused(&case, RejectedInventory, "LAMP: ").await;
    case.order.lines[1].quantities.cancelled = 1;
    adapter().push(case.push()).await.unwrap();
    assert_eq!(admin.placed("GE-lamps").await["totalWithTax"], 3_263);
    refused(&of("GE-no-lamps", "LAMP", 1, &server.url), RejectedInventory, "LAMP: ").await;
}

async fn an_address_that_the_shop_does_not_ship_to(server: &Server, admin: &Admin<'_>) {
    let mut abroad = case("GE-abroad", &server.url);
    let personal = abroad.personal.as_mut().unwrap();
    "BR".clone_into(&mut personal.shipping_address.as_mut().unwrap().country);
    refused(&abroad, RejectedAddress, "BR").await;
    // Once the address is right it goes on with the draft that it has.
    let personal = abroad.personal.as_mut().unwrap();
    "FR".clone_into(&mut personal.shipping_address.as_mut().unwrap().country);
    adapter().push(abroad.push()).await.unwrap();
    assert_eq!(admin.placed("GE-abroad").await["shippingAddress"]["countryCode"], "FR");

    let mut nobody = case("GE-nobody", &server.url);
    nobody.personal.as_mut().unwrap().shipping_address = None;
    refused(&nobody, RejectedAddress, "no shipping address").await;
    nobody.personal.as_mut().unwrap().buyer.email = String::new();
    refused(&nobody, RejectedAddress, "no e-mail address").await;
    nobody.personal = None;
    refused(&nobody, RejectedAddress, "erased").await;
}

async fn a_login_that_the_shop_does_not_know(server: &Server) {
    // Somebody's good session must not serve a wrong password.
    let adapter = adapter();
    let mut case = case("GE-login", &server.url);
    assert_eq!(adapter.find(case.push()).await, Ok(None));
    for secret in ["superadmin:wrong", "nobody:superadmin", "superadmin", "superadmin:", ""] {
        secret.clone_into(&mut case.target.secret);
        let failure = adapter.push(case.push()).await.unwrap_err();
        assert_eq!((failure.class, failure.in_doubt), (Authentication, false));
        assert!(!failure.cause.contains("wrong"), "{}", failure.cause);
        let failure = adapter.find(case.push()).await.unwrap_err();
        assert_eq!((failure.class, failure.in_doubt), (Authentication, true));
    }
}

async fn money_that_the_shop_does_not_take(server: &Server) {
    let mut dollars = case("GE-dollars", &server.url);
    dollars.order.merchant_currency = currency("USD");
    refused(&dollars, RejectedOther, "the shop's channel is in EUR, the order in USD").await;
    let mut fine = case("GE-fine", &server.url);
    fine.order.shipping.merchant = domain::Amount::from_ten_thousandths(10_001);
    refused(&fine, RejectedOther, "decimals").await;
}

#[tokio::test]
async fn what_is_no_vendure_shop_is_said_to_be_none() {
    let pushed = async |reply: fn() -> Reply| {
        let shop = Shop::with(reply).await;
        adapter().push(case("GE-1", &shop.url).push()).await.unwrap_err()
    };
    for reply in [
        || Reply::json(200, "<html>"),
        || Reply::json(200, r#"{"data":null}"#),
        || Reply::json(200, r#"{"data":{}}"#),
        || Reply::json(404, "nothing here"),
        || Reply::json(302, "").with("location", "http://127.0.0.1:9/"),
        || {
            Reply::json(
                400,
                r#"{"errors":[{"message":"no such field","extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}"#,
            )
        },
    ] {
        let failure = pushed(reply).await;
        assert_eq!((failure.class, failure.in_doubt), (RejectedOther, false));
    }
    let failure = pushed(|| Reply::json(503, "").with("retry-after", "60")).await;
    assert_eq!((failure.class, failure.in_doubt), (Transient, false));
    assert_eq!(failure.retry_after, Some(Duration::from_mins(1)));
    assert_eq!(pushed(|| Reply::json(403, "")).await.class, Authentication);
    let failure = pushed(|| Reply::json(200, r#"{"data":{"done":{}}}"#)).await;
    assert_eq!(failure.class, Authentication, "it logs in and has no token: {}", failure.cause);
    let failure = pushed(|| Reply::json(200, r#"{"errors":[{"message":"database is locked"}]}"#));
    assert_eq!(failure.await.class, Transient);
}
