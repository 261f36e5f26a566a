use super::Stored;
use crate::{
    on_both,
    world::{GUID, STORE, World, order, order_path},
};
use http::Method;
use serde_json::json;

on_both!(what_is_no_json_object_is_refused, a_body_that_is_too_long_is_refused);

/// The routes that take a body, one of each kind.
fn paths() -> [String; 5] {
    [
        "/v1/stores".to_owned(),
        format!("/v1/stores/{STORE}/orders"),
        format!("{}/refunds", order_path("O-1")),
        format!("{}/refunds:quote", order_path("O-1")),
        format!("{}:ship", order_path("O-1")),
    ]
}

async fn what_is_no_json_object_is_refused(world: World) {
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let before = Stored::of(&world);
    let nested = |count: usize| format!("{{\"a\": {}", "[".repeat(count));
    let closed = format!("{}1{}", "{\"products\": [".repeat(2000), "]}".repeat(2000));
    let mut texts: Vec<Vec<u8>> = [
        "{",
        "}",
        "[]",
        "null",
        "true",
        "7",
        "\"x\"",
        "{]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{'a': 1}",
        "{a: 1}",
        "{\"a\": NaN}",
        "{\"a\": 01}",
        "{\"a\": 1e999}",
        "{} {}",
        "{}x",
        "{\"request_id\": \"a\", \"request_id\": \"b\"}",
        "\u{feff}{}",
        "{\"a\": \"\u{1}\"}",
        "{\"a\": \"\\ud800\"}",
        "<order/>",
        "order_id=1",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    texts.push(b"{\"request_id\": \"\xff\xfe\"}".to_vec());
    texts.push(b"\0\0\0\0".to_vec());
    texts.push(nested(100).into_bytes());
    texts.push(nested(1_000_000).into_bytes());
    texts.push(closed.into_bytes());
    for path in paths() {
        for text in &texts {
            let answer = world.http().post_text(&path, text.clone()).await;
            let start = String::from_utf8_lossy(&text[..text.len().min(60)]).into_owned();
            assert_eq!(answer.status, 400, "{path} {start}: {}", answer.text());
            answer.refused(400, "INVALID_FIELDS");
            assert!(!answer.fields().is_empty(), "{path} {start}");
        }
    }
    let compatible = format!("/Order/CreateOrderRefund?merchantGUID={GUID}");
    for text in texts {
        let answer = world.http().post_text(&compatible, text.clone()).await;
        // Some of it is an order refund that lacks everything, which is refused as such.
        let start = String::from_utf8_lossy(&text[..text.len().min(60)]).into_owned();
        assert!([400, 200].contains(&answer.status), "{start}: {}", answer.text());
        assert_eq!(answer.json()["Success"], false, "{start}");
    }
    for (method, path) in [
        (Method::DELETE, format!("/v1/stores/{STORE}")),
        (Method::PUT, order_path("O-1")),
        (Method::GET, format!("{}:ship", order_path("O-1"))),
        (Method::GET, "/Order/CreateOrderRefund".to_owned()),
    ] {
        let answer = world.http().send(method, &path, "").await;
        assert_eq!(answer.status, 405, "{path}: {}", answer.text());
        assert!(answer.headers.contains_key("allow"), "{path}");
    }
    assert_eq!(Stored::of(&world), before);
}

async fn a_body_that_is_too_long_is_refused(world: World) {
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let before = Stored::of(&world);
    let comments = |length: usize| format!("{{\"refund_comments\": \"{}\"}}", "x".repeat(length));
    let list = |item: &str| format!("[\n{}{item}\n]", format!("{item},\n").repeat(1_000_000));
    let million = format!("{{\"products\": {}}}", list("1"));
    let compatible = format!(
        "/Order/CreateOrderRefund?merchantGUID={GUID}&orderRefund=%7B%22OrderId%22%3A%22O-1%22%7D"
    );
    for path in paths() {
        let answer = world.http().post_text(&path, comments(4 << 20)).await;
        answer.refused(413, "BODY_TOO_LARGE");
        // Still read, and then refused for what is in it.
        let answer = world.http().post_text(&path, comments(3 << 20)).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.text());
        let answer = world.http().post_text(&path, million.clone()).await;
        answer.refused(400, "INVALID_FIELDS").names("body");
    }
    for (item, status) in [("{\"a\": 1}", 413), ("{}", 400), ("1", 400)] {
        let answer = world.http().post_text(&compatible, list(item)).await;
        assert_eq!(answer.status, status, "{item}: {}", answer.text());
        let said = answer.json()["Description"].as_str().unwrap().to_owned();
        assert!(status == 413 || said.contains("refundProductsList"), "{said}");
    }
    assert_eq!(Stored::of(&world), before);
    // It goes on, and its memory has not grown with what it refused.
    world.refund("O-1", &json!({"shipping_amount": "1.00"})).await.ok();
    let resident = world.process().resident_bytes();
    assert!(resident < 400 << 20, "{resident} bytes");
}
