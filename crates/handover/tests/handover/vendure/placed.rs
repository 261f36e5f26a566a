use super::{
    adapter,
    admin::{Admin, log_out},
    case, proxy,
};
use crate::case::{Case, ids, line, pair};
use domain::{Pair, order::FailureClass};
use futures_util::future::join_all;
use ports::StorefrontBackend as _;
use serde_json::{Value, json};
use testkit::vendure::Server;

#[tokio::test]
async fn an_order_is_placed_once_and_as_it_was_bought() {
    let server = Server::start();
    let admin = Admin::of(&server).await;
    an_order_is_placed_as_it_was_bought(&server, &admin).await;
    an_order_is_found_from_when_it_is_placed(&server, &admin).await;
    a_second_push_answers_the_first_order(&server, &admin).await;
    pushes_at_once_make_one_order(&server, &admin).await;
    what_was_cancelled_before_is_left_out(&server, &admin).await;
    an_order_that_costs_nothing_is_placed(&server, &admin).await;
    an_order_may_be_large(&server, &admin).await;
    a_user_who_may_make_orders_is_enough(&server, &admin).await;
    whoever_was_logged_out_logs_in_again(&server).await;
}

async fn an_order_is_placed_as_it_was_bought(server: &Server, admin: &Admin<'_>) {
    let taken = adapter().push(case("GE-placed", &server.url).push()).await.unwrap();
    let order = admin.placed("GE-placed").await;
    assert_eq!(taken, ids(order["id"].as_str().unwrap(), order["code"].as_str().unwrap()));
    assert_eq!((&order["currencyCode"], &order["totalWithTax"]), (&json!("EUR"), &json!(10630)));
    // 35.00 EUR for three shirts is 11.67 for two of them and 11.66 for one.
    assert_eq!(
        lines(&order),
        [("SHIRT-M", 1, 1_166), ("SHIRT-M", 2, 2_334), ("SHOES-42", 1, 6_000)]
    );
    let customer =
        json!({"emailAddress": "ada@example.com", "firstName": "Ada", "lastName": "Lovelace"});
    assert_eq!(order["customer"], customer);
    let address = json!({
        "fullName": "Ada Lovelace", "streetLine1": "Hauptstraße 5", "streetLine2": "3. Stock",
        "city": "Potsdam", "province": "Brandenburg", "postalCode": "14467", "countryCode": "DE",
        "phoneNumber": "+49 30 1234567",
    });
    assert_eq!(order["shippingAddress"], address);
    let shipping = json!([{"priceWithTax": 1130, "shippingMethod": {"code": "platform"}}]);
    assert_eq!(order["shippingLines"], shipping);
    let payments = json!([
        {"state": "Settled", "amount": 10630, "method": "platform", "transactionId": "GE-placed"}
    ]);
    assert_eq!(order["payments"], payments);
}

async fn an_order_is_found_from_when_it_is_placed(server: &Server, admin: &Admin<'_>) {
    let (adapter, case) = (adapter(), case("GE-found", &server.url));
    assert_eq!(adapter.find(case.push()).await, Ok(None));
    let taken = adapter.push(case.push()).await.unwrap();
    assert_eq!(adapter.find(case.push()).await, Ok(Some(taken)));
    let order = admin.placed("GE-found").await;
    // What the shop has cancelled it has not, and does not get again.
    let cancel = "mutation ($id: ID!) { cancelOrder(input: { orderId: $id }) { __typename } }";
    admin.ask(cancel, json!({ "id": order["id"] })).await;
    assert_eq!(admin.orders("GE-found").await[0]["state"], "Cancelled");
    assert_eq!(adapter.find(case.push()).await, Ok(None));
    let refused = adapter.push(case.push()).await.unwrap_err();
    assert_eq!((refused.class, refused.in_doubt), (FailureClass::RejectedOther, false));
    assert!(refused.cause.ends_with("was cancelled in the shop"), "{}", refused.cause);
    assert_eq!(admin.orders("GE-found").await.len(), 1);
}

async fn a_second_push_answers_the_first_order(server: &Server, admin: &Admin<'_>) {
    let case = case("GE-twice", &server.url);
    let first = adapter().push(case.push()).await.unwrap();
    assert_eq!(adapter().push(case.push()).await, Ok(first));
    admin.placed("GE-twice").await;
}

async fn pushes_at_once_make_one_order(server: &Server, admin: &Admin<'_>) {
    let (case, adapter) = (case("GE-at-once", &server.url), adapter());
    let answers = join_all((0..4).map(|_| adapter.push(case.push()))).await;
    let taken = adapter.push(case.push()).await.unwrap();
    assert!(answers.iter().flatten().all(|answer| *answer == taken));
    // Whoever got in another's way may come again.
    let failures: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().err()).collect();
    assert!(failures.iter().all(|failure| !failure.in_doubt), "{failures:?}");
    assert_eq!(admin.placed("GE-at-once").await["totalWithTax"], 10630);
}

async fn what_was_cancelled_before_is_left_out(server: &Server, admin: &Admin<'_>) {
    let mut case = case("GE-cancelled", &server.url);
    case.order.lines[0].quantities.cancelled = 1;
    case.order.lines[1].quantities.cancelled = 1;
    adapter().push(case.push()).await.unwrap();
    let order = admin.placed("GE-cancelled").await;
    // Two thirds of 35.00 EUR.
    assert_eq!(lines(&order), [("SHIRT-M", 1, 1_166), ("SHIRT-M", 1, 1_167)]);
}

async fn an_order_that_costs_nothing_is_placed(server: &Server, admin: &Admin<'_>) {
    let mut case = case("GE-free", &server.url);
    case.order.lines.truncate(1);
    case.order.lines[0].total = Pair::ZERO;
    case.order.shipping = Pair::ZERO;
    case.order.duties = Pair::ZERO;
    adapter().push(case.push()).await.unwrap();
    assert_eq!(admin.placed("GE-free").await["totalWithTax"], 0);
}

async fn an_order_may_be_large(server: &Server, admin: &Admin<'_>) {
    let lines = (0..50).map(|n| line(&format!("l{n}"), "SCARF", 7, pair("11.00", "10.00")));
    let case = Case::of("GE-large", lines.collect(), &server.url, super::SECRET);
    adapter().push(case.push()).await.unwrap();
    let order = admin.placed("GE-large").await;
    assert_eq!(order["lines"].as_array().unwrap().len(), 100);
    assert_eq!(order["totalWithTax"], 51_130);
}

/// With the permissions that the documentation asks for, and no others.
async fn a_user_who_may_make_orders_is_enough(server: &Server, admin: &Admin<'_>) {
    let role = "mutation { createRole(input: {
        code: \"platform\", description: \"Platform\", permissions: [
            CreateOrder, ReadOrder, UpdateOrder, DeleteOrder, ReadCatalog, ReadCustomer
        ] }) { id } }";
    let role = admin.ask(role, Value::Null).await["createRole"]["id"].clone();
    let user = "mutation ($role: ID!) { createAdministrator(input: {
        emailAddress: \"platform@example.com\", firstName: \"P\", lastName: \"P\",
        password: \"with:colon\", roleIds: [$role] }) { id } }";
    admin.ask(user, json!({ "role": role })).await;
    let mut case = case("GE-few-permissions", &server.url);
    "platform@example.com:with:colon".clone_into(&mut case.target.secret);
    "new@example.com".clone_into(&mut case.personal.as_mut().unwrap().buyer.email);
    let taken = adapter().push(case.push()).await.unwrap();
    assert_eq!(adapter().find(case.push()).await, Ok(Some(taken)));
    admin.placed("GE-few-permissions").await;
}

async fn whoever_was_logged_out_logs_in_again(server: &Server) {
    let (proxy, adapter) = (proxy::before(server, |_, _| None).await, adapter());
    let case = case("GE-session", &proxy.url);
    assert_eq!(adapter.find(case.push()).await, Ok(None));
    assert_eq!(proxy.requests().len(), 2, "a login and a question");
    let last = proxy.requests().pop().unwrap();
    log_out(server, last.header("authorization").unwrap()).await;
    adapter.push(case.push()).await.unwrap();
    let logins = proxy.requests().iter().filter(|it| it.header("authorization").is_none()).count();
    assert_eq!(logins, 2);
    Admin::of(server).await.placed("GE-session").await;
}

/// SKU, pieces and price of each line, in order.
fn lines(order: &Value) -> Vec<(&str, u64, u64)> {
    let line = |line: &'_ Value| -> (u64, u64) {
        (line["quantity"].as_u64().unwrap(), line["linePriceWithTax"].as_u64().unwrap())
    };
    let lines = order["lines"].as_array().unwrap();
    let mut lines: Vec<_> = lines
        .iter()
        .map(|it| (it["productVariant"]["sku"].as_str().unwrap(), line(it).0, line(it).1))
        .collect();
    lines.sort_unstable();
    lines
}
