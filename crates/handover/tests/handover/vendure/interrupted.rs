//! A push that breaks off anywhere is taken up again, and makes one order in the end.

use super::{
    adapter,
    admin::Admin,
    case,
    proxy::{self, Loss},
};
use domain::order::FailureClass;
use ports::StorefrontBackend as _;
use testkit::vendure::Server;

#[tokio::test]
async fn however_a_push_breaks_off_there_is_one_order_in_the_end() {
    let server = Server::start();
    let admin = Admin::of(&server).await;
    for loss in [Loss::OfTheCall, Loss::OfTheAnswer] {
        let mut place = 0;
        while breaks_off(&server, &admin, place, loss).await {
            place += 1;
        }
        // Or nothing was tried here.
        assert!(place > 12, "only {place} calls");
    }
    a_draft_that_waits_for_its_payment_may_still_change(&server, &admin).await;
}

/// Whether the push makes so many calls that the one at this place was lost.
async fn breaks_off(server: &Server, admin: &Admin<'_>, place: usize, loss: Loss) -> bool {
    let order_id = format!("GE-{place}-{loss:?}");
    let at_this_place = move |call, _: &_| (call == place).then_some(loss);
    let (proxy, adapter) = (proxy::before(server, at_this_place).await, adapter());
    let case = case(&order_id, &proxy.url);
    let Err(failure) = adapter.push(case.push()).await else {
        assert!(proxy.requests().len() <= place, "{order_id}: the loss was not noticed");
        return false;
    };
    assert_eq!(failure.class, FailureClass::Transient, "{order_id}: {}", failure.cause);
    let orders = admin.orders(&order_id).await;
    let is_placed = orders.iter().any(|order| order["orderPlacedAt"].is_string());
    assert!(failure.in_doubt || !is_placed, "{order_id}: it is there, and nobody says so");
    let found = adapter.find(case.push()).await.unwrap();
    assert_eq!(found.is_some(), is_placed, "{order_id}");
    let taken = match found {
        Some(taken) => taken,
        None => adapter.push(case.push()).await.unwrap(),
    };
    let order = admin.placed(&order_id).await;
    assert_eq!(order["id"], taken.id);
    assert_eq!(order["totalWithTax"], 10630, "{order_id}");
    assert_eq!(adapter.push(case.push()).await, Ok(taken), "{order_id}");
    true
}

async fn a_draft_that_waits_for_its_payment_may_still_change(server: &Server, admin: &Admin<'_>) {
    let is_payment = |body: &[u8]| String::from_utf8_lossy(body).contains("addManualPayment");
    let proxy =
        proxy::before(server, move |_, it| is_payment(&it.body).then_some(Loss::OfTheCall)).await;
    let mut case = case("GE-changed", &proxy.url);
    let failure = adapter().push(case.push()).await.unwrap_err();
    assert!(failure.in_doubt);
    assert_eq!(admin.orders("GE-changed").await[0]["state"], "ArrangingPayment");
    case.order.lines[1].quantities.cancelled = 1;
    case.target.url.clone_from(&server.url);
    adapter().push(case.push()).await.unwrap();
    assert_eq!(admin.placed("GE-changed").await["totalWithTax"], 4_630);
}
