//! An order that is worked off with nothing but the console's forms.

use super::Session;
use crate::{
    on_both,
    world::{PLATFORM, Shop, World, eventually, order, order_path},
};
use serde_json::{Value, json};

on_both!(
    an_order_is_accepted_shipped_delivered_and_cancelled_in_part,
    a_check_that_waits_is_decided,
    an_order_that_the_shop_does_not_have_is_pushed_again,
    a_refund_is_held_released_and_paid_out_by_hand,
    only_what_can_be_done_with_a_refund_is_offered,
    an_agent_asks_for_a_cancellation_and_withdraws_it,
    a_token_of_a_service_has_scopes_and_runs_out,
    what_is_no_choice_of_a_filter_is_refused,
    a_refusal_is_shown_with_its_reason_and_figures,
);

async fn stored(world: &World) -> Value {
    world.http().get(&order_path("O-1")).await.ok()
}

/// A form that was carried out leads to a page that says so.
async fn done(session: &Session, path: &str, form: &str, says: &str) {
    let answer = session.send(path, form).await;
    assert_eq!(answer.status, 303, "{path}: {}", answer.text());
    let page = session.http.get(answer.headers["location"].to_str().unwrap()).await.text();
    assert!(page.contains(says), "{path}: {page}");
}

async fn an_order_is_accepted_shipped_delivered_and_cancelled_in_part(world: World) {
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let session = Session::of(&world.http(), &world.token("ROLE_MANAGER").await).await;
    let accept = "external_order_id=EXT-1&external_order_number=N-1";
    done(&session, "orders/O-1/accept", accept, "The order is accepted.").await;
    let ship = "line=L1&quantity=2&line=L2&quantity=&carrier=DHL&tracking_number=T1";
    done(&session, "orders/O-1/ship", ship, "The shipment is recorded.").await;
    let deliver = "line=L1&quantity=1";
    done(&session, "orders/O-1/deliver", deliver, "The delivery is recorded.").await;
    let cancel = "what=pieces&line=L1&quantity=1&line=L2&quantity=0&restock=L1&reason=OUT_OF_STOCK";
    let preview = session.send("orders/O-1/cancel", &format!("{cancel}&do=preview")).await;
    assert_eq!(preview.status, 200);
    // One of three pieces of 60.00, and its part of the duties.
    assert!(preview.text().contains("<strong>21.00 USD</strong>"), "{}", preview.text());
    let cancel = format!("{cancel}&do=cancel");
    done(&session, "orders/O-1/cancel", &cancel, "The cancellation is made.").await;
    let order = stored(&world).await;
    assert_eq!(order["external_order_id"], "EXT-1");
    let [one, other] = order["lines"].as_array().unwrap().as_slice() else { panic!("{order}") };
    let pieces = |line: &Value| {
        ["open", "cancelled", "in_transit", "delivered"].map(|state| line[state].as_i64().unwrap())
    };
    assert_eq!((pieces(one), pieces(other)), ([0, 1, 1, 1], [1, 0, 0, 0]));
    // Who wants pieces and names none does not cancel the whole order.
    let none = "what=pieces&line=L2&quantity=&reason=OUT_OF_STOCK&do=cancel";
    let refused = session.send("orders/O-1/cancel", none).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert_eq!(stored(&world).await["lines"][1]["open"], 1);
}

async fn a_check_that_waits_is_decided(world: World) {
    let settings = json!({"screening": {"fraud": true}});
    world.open_store(settings).await;
    let mut suspicious = order("O-1");
    suspicious["buyer"]["email"] = "someone@disposable.example".into();
    suspicious["billing_address"] = json!({"name": "A", "country": "RO"});
    suspicious["shipping_address"] = json!({"name": "B", "country": "US"});
    world.place(&suspicious).await;
    eventually("the check to wait", || async {
        let order = stored(&world).await;
        (order["screening"][0]["state"] == "SCREENING_STATE_REVIEW").then_some(())
    })
    .await;
    let session = Session::of(&world.http(), &world.token("ROLE_MANAGER").await).await;
    let waiting = session.page("waiting").await.text();
    assert!(waiting.contains("orders/O-1#todo") && waiting.contains("Fraud"), "{waiting}");
    assert!(session.page("orders/O-1").await.text().contains("Fraud waits for a decision"));
    let decide = "check=FRAUD&state=CLEAR&comment=Known+to+us";
    done(&session, "orders/O-1/screening", decide, "The check is decided.").await;
    world.until_ready("O-1").await;
}

async fn an_order_that_the_shop_does_not_have_is_pushed_again(world: World) {
    let shop = Shop::open().await;
    let sold_out = (422, json!({"error": "REJECTED_INVENTORY", "message": "sold out"}));
    shop.refuse([sold_out.clone(), sold_out]);
    world.open_store(shop.settings("NOTIFY", &[1])).await;
    world.place(&order("O-1")).await;
    eventually("the hand-over to be given up", || async {
        let order = stored(&world).await;
        (order["handover"]["state"] == "HANDOVER_STATE_EXHAUSTED").then_some(())
    })
    .await;
    let session = Session::of(&world.http(), &world.token("ROLE_AGENT").await).await;
    let waiting = session.page("waiting").await.text();
    assert!(waiting.contains("Exhausted") && waiting.contains("sold out"), "{waiting}");
    let says = "The order is about to be pushed into the shop.";
    done(&session, "orders/O-1/handover", "", says).await;
    eventually("the shop to have it", || async {
        let order = stored(&world).await;
        (order["handover"]["state"] == "HANDOVER_STATE_SUCCEEDED").then_some(())
    })
    .await;
    assert_eq!(shop.orders("O-1").len(), 1);
}

async fn a_refund_is_held_released_and_paid_out_by_hand(world: World) {
    world.open_store(json!({"approval_limit": "1.00"})).await;
    world.ready(&order("O-1")).await;
    let agent = world.http().token(&world.token("ROLE_AGENT").await);
    let asked = json!({
        "request_id": "by-hand", "total_refund_amount": "5.00",
        "refund_method": "REFUND_METHOD_BANK_DEPOSIT",
    });
    let path = format!("{}/refunds", order_path("O-1"));
    let refund = agent.post(&path, &asked).await.ok();
    assert_eq!(refund["state"], "REFUND_STATE_HELD");
    let session = Session::of(&world.http(), &world.token("ROLE_MANAGER").await).await;
    let page = format!("orders/O-1/refunds/{}", refund["refund_id"].as_str().unwrap());
    done(&session, &page, "do=approve", "The refund is approved.").await;
    let confirm = "do=confirm&payment_reference=wire-17";
    done(&session, &page, confirm, "The payout is confirmed.").await;
    assert_eq!(world.until_over(&refund).await["state"], "REFUND_STATE_SUCCEEDED");
    let late = session.send(&page, "do=hold&why=Too+late").await;
    assert_eq!(late.status, 400);
    assert!(late.text().contains("REFUND_STATE_FORBIDS"), "{}", late.text());
}

async fn a_refusal_is_shown_with_its_reason_and_figures(world: World) {
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let session = Session::of(&world.http(), &world.token("ROLE_AGENT").await).await;
    let asked = "line=L1&quantity=4&percent=&amount=&line_reason=&goodwill=1.005";
    let page = session.send("orders/O-1/refund", asked).await.text();
    assert!(page.contains("<strong>Goodwill on top</strong>"), "{page}");
    let asked = "line=L1&quantity=4&percent=&amount=&line_reason=";
    let page = session.send("orders/O-1/refund", asked).await.text();
    for shown in ["Invalid quantity", "INVALID_QUANTITY", "<dt>Left</dt><dd>3</dd>"] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    // What was written is still there.
    assert!(page.contains("name=\"quantity\" min=\"0\" max=\"3\" value=\"4\""), "{page}");
    // The same as a fragment, for a form that changes.
    let fragment = session.send("orders/O-1/refund/quote", asked).await;
    assert_eq!(fragment.status, 200);
    assert!(fragment.text().starts_with("<h2>") && fragment.text().contains("INVALID_QUANTITY"));
}

async fn only_what_can_be_done_with_a_refund_is_offered(world: World) {
    world.open_store(json!({"approval_limit": "1.00"})).await;
    world.ready(&order("O-1")).await;
    let manager = world.http().token(&world.token("ROLE_MANAGER").await);
    let asked = json!({
        "request_id": "offered", "total_refund_amount": "5.00",
        "refund_method": "REFUND_METHOD_BANK_DEPOSIT",
    });
    let path = format!("{}/refunds", order_path("O-1"));
    let refund = manager.post(&path, &asked).await.ok();
    assert_eq!(refund["needs_approval"], true, "{refund}");
    let page = format!("orders/O-1/refunds/{}", refund["refund_id"].as_str().unwrap());
    let offers = async |session: &Session| {
        let text = session.page(&page).await.text();
        let deeds = ["approve", "release", "hold", "confirm", "retry", "change"];
        let offered =
            deeds.map(|deed| (deed, text.contains(&format!("name=\"do\" value=\"{deed}\""))));
        offered.into_iter().filter(|(_, is)| *is).map(|(deed, _)| deed).collect::<Vec<_>>()
    };
    let own = Session::of(&world.http(), &manager.secret()).await;
    let other = Session::of(&world.http(), &world.token("ROLE_MANAGER").await).await;
    let agent = Session::of(&world.http(), &world.token("ROLE_AGENT").await).await;
    assert_eq!(offers(&own).await, ["change"]);
    assert_eq!(offers(&other).await, ["approve", "change"]);
    assert_eq!(offers(&agent).await, [""; 0]);
    done(&other, &page, "do=approve", "The refund is approved.").await;
    assert_eq!(offers(&agent).await, ["hold", "confirm"]);
    done(&agent, &page, "do=hold&why=Wait", "The refund is held.").await;
    assert_eq!(offers(&agent).await, ["release"]);
    done(&agent, &page, "do=release", "The refund goes on.").await;
}

async fn an_agent_asks_for_a_cancellation_and_withdraws_it(world: World) {
    world.open_store(json!({"customer_requests": {"enabled": true}})).await;
    world.ready(&order("O-1")).await;
    let agent = Session::of(&world.http(), &world.token("ROLE_AGENT").await).await;
    let page = agent.page("orders/O-1/cancel").await.text();
    assert!(page.contains("value=\"request\"") && !page.contains("value=\"cancel\""), "{page}");
    let form = "what=pieces&line=L1&quantity=1&reason=CHANGED_MIND&comment=By+phone";
    let preview = agent.send("orders/O-1/cancel", &format!("{form}&do=preview")).await;
    assert!(preview.text().contains("<strong>21.00 USD</strong>"), "{}", preview.text());
    let refused = agent.send("orders/O-1/cancel", &format!("{form}&do=cancel")).await;
    assert_eq!(refused.status, 403, "{}", refused.text());
    let says = "The cancellation is asked for.";
    done(&agent, "orders/O-1/cancel", &format!("{form}&do=request"), says).await;
    let listed = world.http().get(&format!("{}/cancellations", order_path("O-1"))).await.ok();
    let asked = &listed["cancellations"][0];
    assert_eq!(asked["channel"], "CHANNEL_CONTACT");
    assert_eq!(stored(&world).await["lines"][0]["held"], 1);
    let page = format!("orders/O-1/cancellations/{}", asked["cancellation_id"].as_str().unwrap());
    // What an acceptance does follows its form.
    let fragment = agent.send(&format!("{page}/preview"), "all_shipping=on").await;
    assert_eq!(fragment.status, 200);
    let text = fragment.text();
    assert!(text.starts_with("<h2>") && text.contains("<strong>31.00 USD</strong>"), "{text}");
    // Zeros are no rejection of all of it.
    let zeros = agent.send(&page, "do=reject&line=L1&quantity=0&reason=OUT_OF_STOCK").await;
    assert_eq!(zeros.status, 400, "{}", zeros.text());
    done(&agent, &page, "do=withdraw", "The request is withdrawn.").await;
    assert_eq!(stored(&world).await["lines"][0]["held"], 0);
}

async fn a_token_of_a_service_has_scopes_and_runs_out(world: World) {
    world.open_store(json!({})).await;
    let platform = Session::of(&world.http(), PLATFORM).await;
    let form =
        "name=Bot&role=SERVICE&scopes=orders%3Aread+refunds%3Awrite&valid_through=2020-01-01";
    let refused = platform.send("tokens", form).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    let made = platform.send("tokens", &form.replace("&valid_through=2020-01-01", "")).await;
    assert!(made.status == 200 && made.text().contains("mrd_"), "{}", made.text());
    let page = platform.page("access").await.text();
    assert!(page.contains("<small>orders:read refunds:write</small>"), "{page}");
    let manager = Session::of(&world.http(), &world.token("ROLE_MANAGER").await).await;
    assert!(!manager.page("access").await.text().contains("value=\"SERVICE\""));
}

async fn what_is_no_choice_of_a_filter_is_refused(world: World) {
    world.open_store(json!({})).await;
    let session = Session::of(&world.http(), &world.token("ROLE_MANAGER").await).await;
    for path in
        ["orders?state=NONE", "orders.csv?refund=x", "refunds?state=x", "cancellations?by=x"]
    {
        let answer = session.page(path).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.text());
        assert!(answer.text().contains("has to be one of those that are offered"), "{path}");
    }
}
