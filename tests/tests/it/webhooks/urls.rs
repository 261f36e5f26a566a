//! Where messages may not be sent. What a name leads to is found out when it is dialled.

use super::{endpoint, make, update, webhooks};
use crate::{on_both, world::World};
use serde_json::json;

on_both!(
    an_address_of_ours_is_no_endpoint,
    an_endpoint_does_not_move_to_an_address_of_ours,
    a_replay_is_answered_whatever_the_rule_is_by_then,
);

/// Each way to write an address that is not everybody's, and what is no https URL at all.
const REFUSED: [&str; 14] = [
    "https://127.0.0.1/",
    "https://169.254.169.254/latest/meta-data",
    "https://[::ffff:10.0.0.1]/",
    "https://0x7f.1/",
    "https://2130706433/",
    "https://10.0.0.1:8443/hooks",
    "https://[::1]/",
    "https://localhost/hooks",
    "http://shop.example/hooks",
    "http://127.0.0.1:8080/",
    "ftp://shop.example/",
    "https://me:secret@shop.example/",
    "https://shop.example/#here",
    "shop.example",
];

async fn an_address_of_ours_is_no_endpoint(world: World) {
    world.open_store(json!({})).await;
    let http = world.http();
    for url in REFUSED {
        make(&http, &json!({"url": url})).await.refused(400, "INVALID_FIELDS").names("url");
    }
    let long = format!("https://shop.example/{}", "a".repeat(2_048));
    make(&http, &json!({"url": long})).await.refused(400, "INVALID_FIELDS").names("url");
    make(&http, &json!({})).await.refused(400, "INVALID_FIELDS").names("url");
    assert_eq!(http.get(&webhooks()).await.ok()["endpoints"], json!([]));
    assert_eq!(world.database.count("SELECT count(*) FROM webhook_endpoints"), 0);
}

async fn an_endpoint_does_not_move_to_an_address_of_ours(world: World) {
    world.open_store(json!({})).await;
    let made = endpoint(&world).await;
    for url in REFUSED {
        let moved = update(&world.http(), &made, &json!({"url": url})).await;
        moved.refused(400, "INVALID_FIELDS").names("url");
    }
    let moved = update(&world.http(), &made, &json!({"url": "https://1.1.1.1/hooks"})).await.ok();
    assert_eq!((&moved["url"], &moved["version"]), (&json!("https://1.1.1.1/hooks"), &json!("2")));
}

async fn a_replay_is_answered_whatever_the_rule_is_by_then(mut world: World) {
    world.restart_with(&[("MERIDIAN__WEBHOOKS__ALLOW_LOOPBACK", "true")]);
    world.open_store(json!({})).await;
    let body = json!({"request_id": "e-1", "url": "http://127.0.0.1:9/hooks"});
    let first = world.http().post(&webhooks(), &body).await.ok();
    assert!(first["secret"].as_str().unwrap().starts_with("whsec_"));

    world.restart_with(&[]);
    let mut replay = world.http().post(&webhooks(), &body).await.ok();
    assert_eq!(replay["secret"], "");
    replay["secret"] = first["secret"].clone();
    assert_eq!(replay, first);
    let other = json!({"request_id": "e-1", "url": "http://127.0.0.1:10/hooks"});
    world.http().post(&webhooks(), &other).await.refused(400, "INVALID_FIELDS");
}
