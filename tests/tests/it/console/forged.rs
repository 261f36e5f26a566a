//! What is refused: forms from elsewhere, sessions that are nobody's, stores of others.

use super::Session;
use crate::{
    on_both,
    world::{Answer, STORE, World, order, order_path, unique},
};
use serde_json::json;

on_both!(
    a_form_from_elsewhere_changes_nothing,
    a_session_ends_with_its_token,
    a_session_that_was_planted_is_not_gone_on_with,
    a_viewer_is_offered_nothing_and_may_do_nothing,
);

const ACCEPT: &str = "external_order_id=EXT-1&external_order_number=1";

async fn a_form_from_elsewhere_changes_nothing(world: World) {
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let session = Session::of(&world.http(), &world.token("ROLE_MANAGER").await).await;
    let other = Session::of(&world.http(), &world.token("ROLE_MANAGER").await).await;
    let path = format!("/console/{STORE}/orders/O-1/accept");
    let send = async |http: &crate::world::Http, token: &str| {
        let form = format!("csrf={token}&request_id={}&{ACCEPT}", unique("form"));
        http.post_text(&path, form).await
    };
    let good = &session.form_token;
    let elsewhere = [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ];
    for (name, value) in elsewhere {
        refused(&send(&session.http.with(name, value), good).await, 403);
    }
    for token in ["", "AAAA", &other.form_token] {
        refused(&send(&session.http, token).await, 403);
    }
    let without = session.http.post_text(&path, ACCEPT).await;
    refused(&without, 403);
    assert_eq!(world.http().get(&order_path("O-1")).await.ok()["state"], "ORDER_STATE_READY");
    // Logging in is a form as well: nobody is logged in as somebody else by another site.
    let evil = world.http().anonymous().with("origin", "https://evil.example");
    refused(&evil.post_text("/console/login", "token=x").await, 403);
    let here = session.http.with("origin", &format!("http://{}", world.process().http()));
    assert_eq!(send(&here.with("sec-fetch-site", "same-origin"), good).await.status, 303);
    assert_eq!(world.http().get(&order_path("O-1")).await.ok()["state"], "ORDER_STATE_ACCEPTED");
}

fn refused(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert!(!answer.headers.contains_key("location"));
}

/// Somebody who sets a cookie in another's browser, their own or one that they made up, has nothing
/// of what the other then does.
async fn a_session_that_was_planted_is_not_gone_on_with(world: World) {
    world.open_store(json!({})).await;
    let orders = format!("/console/{STORE}/orders");
    let (own, theirs) = (world.token("ROLE_MANAGER").await, world.token("ROLE_VIEWER").await);
    for planted in ["mrd_made-up-and-planted-by-somebody-else-00000", &theirs] {
        let cookie = format!("__Host-meridian={planted}");
        let there = world.http().anonymous().with("cookie", &cookie);
        let before = there.get(&orders).await.status;
        let session = there.with("content-type", "application/x-www-form-urlencoded");
        let answer = session.post_text("/console/login", format!("token={own}")).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        let set = answer.headers["set-cookie"].to_str().unwrap();
        assert!(!set.contains(planted), "the session is that of a new secret");
        // What was planted opens what it did before: no more.
        let after = there.get(&orders).await;
        assert_eq!(after.status, before);
        assert!(!after.text().contains("Access</a>"), "{}", after.text());
    }
}

async fn a_session_ends_with_its_token(world: World) {
    world.open_store(json!({})).await;
    let body = json!({"request_id": unique("token"), "name": "m", "role": "ROLE_MANAGER"});
    let made = world.http().post(&format!("/v1/stores/{STORE}/tokens"), &body).await.ok();
    let session = Session::of(&world.http(), made["secret"].as_str().unwrap()).await;
    assert_eq!(session.page("orders").await.status, 200);
    let id = made["token_id"].as_str().unwrap();
    let revoke = format!("/v1/stores/{STORE}/tokens/{id}:revoke");
    world.http().post(&revoke, &json!({"request_id": unique("revoke")})).await.ok();
    let gone = crate::world::eventually("the session to end", || async {
        let page = session.page("orders").await;
        (page.status != 200).then_some(page)
    })
    .await;
    assert_eq!(gone.status, 303);
    assert!(gone.headers["location"].to_str().unwrap().starts_with("/console/login"));
    // So is a form, whatever it says.
    let sent = session.send("orders/O-1/accept", ACCEPT).await;
    assert_eq!(sent.headers["location"], "/console/login");
}

async fn a_viewer_is_offered_nothing_and_may_do_nothing(world: World) {
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let viewer = Session::of(&world.http(), &world.token("ROLE_VIEWER").await).await;
    let page = viewer.page("orders/O-1").await.text();
    for offered in ["Work on it", "/refund\"", "/cancel\"", "/access\""] {
        assert!(!page.contains(offered), "{offered}");
    }
    for path in ["orders/O-1/accept", "orders/O-1/ship", "settings", "tokens", "webhooks"] {
        let answer = viewer.send(path, ACCEPT).await;
        assert_eq!(answer.status, 403, "{path}: {}", answer.text());
    }
    // A storefront's token is for no person.
    let storefront = world.token("ROLE_STOREFRONT").await;
    let http = world.http().anonymous();
    let login = http.post_text("/console/login", format!("token={storefront}")).await;
    refused(&login, 403);
    assert!(!login.headers.contains_key("set-cookie"));
}
