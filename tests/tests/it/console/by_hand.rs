//! What pages say, byte by byte.

use super::Session;
use crate::{
    on_both,
    world::{STORE, Shop, World, encode, eventually, order, unique},
};
use http::Method;
use serde_json::{Value, json};

on_both!(
    every_answer_has_the_strict_headers,
    what_was_stored_is_shown_and_never_run,
    what_was_said_later_is_shown_and_never_run,
    a_table_has_no_formulas,
    a_form_that_is_sent_twice_is_carried_out_once,
    a_secret_is_shown_once,
    settings_are_saved_as_they_are_shown,
);

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What would run if it were not escaped, in a text, an attribute, and a text area.
const EVIL: &str = "</textarea><script>alert(1)</script>\"'><img src=x onerror=alert(1)>";

async fn every_answer_has_the_strict_headers(world: World) {
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let session = Session::of(&world.http(), &world.token("ROLE_MANAGER").await).await;
    let paths = [
        "orders",
        "orders.csv",
        "orders/O-1",
        "orders/nope",
        "orders/O-1/refund",
        "orders/O-1/cancel",
        "cancellations",
        "refunds",
        "waiting",
        "webhooks",
        "settings",
        "access",
        "reports",
        "reports.csv",
        "reports?month=x",
        "orders?from=x",
    ];
    let paths = paths.map(|path| format!("/console/{STORE}/{path}"));
    let others = ["/console", "/console/login", "/console/stores", "/console/assets/console.css"];
    for path in paths.iter().map(String::as_str).chain(others) {
        let answer = session.http.get(path).await;
        let header = |name: &str| answer.headers.get(name).map(|value| value.to_str().unwrap());
        assert_eq!(header("content-security-policy"), Some(POLICY), "{path}");
        assert_eq!(header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(header("referrer-policy"), Some("same-origin"), "{path}");
        assert_eq!(header("strict-transport-security"), None, "{path}");
        let kept = if path.contains("/assets/") { "private, max-age=300" } else { "no-store" };
        assert_eq!(header("cache-control"), Some(kept), "{path}");
        let text = answer.text();
        let inline = ["<style", "style=\"", "<script>", "onclick", "javascript:"];
        assert!(inline.iter().all(|it| !text.contains(it)), "{path} has something inline");
    }
    // So is what a page does not do.
    for (method, path) in
        [(Method::PUT, format!("/console/{STORE}/orders")), (Method::DELETE, "/console".to_owned())]
    {
        let answer = session.http.send(method, &path, "").await;
        assert_eq!(answer.status, 405, "{path}");
        assert_eq!(answer.headers["content-security-policy"], POLICY, "{path}");
        assert!(answer.text().contains("<title>"), "{path}: {}", answer.text());
    }
    // And what is not there.
    for path in ["/console/nope", "/console/nope/nope", &format!("/console/{STORE}/orders/")] {
        let answer = session.http.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.headers["content-security-policy"], POLICY, "{path}");
        assert_eq!(answer.headers["cache-control"], "no-store", "{path}");
        assert!(answer.text().contains("<title>"), "{path}: {}", answer.text());
    }
    // Of somebody who is nobody no more is held than a form is long.
    let long = format!("token={}", "x".repeat(64 << 10));
    let answer = world.http().anonymous().post_text("/console/login", long).await;
    assert_eq!(answer.status, 413, "{}", answer.text());
    let behind_tls = session.http.with("x-forwarded-proto", "https").get("/console/login").await;
    assert_eq!(behind_tls.headers["strict-transport-security"], "max-age=31536000");
}

async fn what_was_stored_is_shown_and_never_run(world: World) {
    let reason = json!({"code": "8", "name": EVIL});
    world.open_store(json!({"appeasements": true, "refund_reasons": [reason]})).await;
    let mut placed = order("O-1");
    for (of, field) in [("buyer", "name"), ("buyer", "phone")] {
        placed[of][field] = EVIL.chars().take(64).collect::<String>().into();
    }
    placed["customer_note"] = EVIL.into();
    placed["shipping_address"] =
        json!({"name": EVIL, "lines": [EVIL], "city": EVIL, "country": "US"});
    placed["lines"][0]["name"] = EVIL.into();
    placed["lines"][0]["product_code"] = EVIL.into();
    placed["lines"][0]["cart_item_id"] = EVIL.into();
    world.ready(&placed).await;
    let manager = world.token("ROLE_MANAGER").await;
    let session = Session::of(&world.http(), &manager).await;
    let sent = session
        .send(
            "orders/O-1/accept",
            &form(&[("external_order_id", EVIL), ("external_order_number", EVIL)]),
        )
        .await;
    assert_eq!(sent.status, 303, "{}", sent.text());
    let asked = json!({"total_refund_amount": "5.00", "refund_comments": EVIL, "external_reference": EVIL, "refund_reason": reason});
    let refund = world.refund("O-1", &asked).await.ok();
    let cancelled = json!({
        "request_id": unique("cancel"), "reason": "CANCELLATION_REASON_OTHER", "comment": EVIL,
        "lines": [{"cart_item_id": EVIL, "quantity": 1}],
    });
    let path = format!("{}:cancel", crate::world::order_path("O-1"));
    let cancelled = world.http().post(&path, &cancelled).await.ok();
    let renamed = json!({"request_id": unique("update"), "name": EVIL});
    let store = format!("/v1/stores/{STORE}");
    world.http().send(Method::PATCH, &store, renamed.to_string()).await.ok();
    let token = session.send("tokens", &form(&[("name", EVIL), ("role", "VIEWER")])).await;
    assert_eq!(token.status, 200);
    let person = [("login", "evil@example.com"), ("name", EVIL), ("role", "VIEWER")];
    assert_eq!(session.send("people", &form(&person)).await.status, 200);
    let id = |value: &Value, name: &str| value[name].as_str().unwrap().to_owned();
    let refund = format!("orders/O-1/refunds/{}", id(&refund, "refund_id"));
    let pages = [
        "orders".to_owned(),
        format!("orders?q={0}&email={0}&product={0}&from={0}", encode(EVIL)),
        "orders/O-1".to_owned(),
        "orders/O-1/refund".to_owned(),
        "orders/O-1/cancel".to_owned(),
        format!("{refund}/credit-note"),
        refund,
        format!("orders/O-1/cancellations/{}", id(&cancelled, "cancellation_id")),
        format!("orders/{}", encode(EVIL)),
        "refunds".to_owned(),
        "cancellations".to_owned(),
        "reports".to_owned(),
        "settings".to_owned(),
        "access".to_owned(),
    ];
    for page in pages {
        shown_and_not_run(&session, &page, 1).await;
    }
    let next = encode(&format!("/console/{EVIL}"));
    let login = session.http.get(&format!("/console/login?next={next}")).await.text();
    assert!(login.contains("alert(1)") && !login.contains("<script>alert"));
    // What a header would end at is no header: a location has no line of its own.
    let form = format!("token={manager}&next={}", encode("/console/x\r\nset-cookie: a=b"));
    let login = session.http.post_text("/console/login", form).await;
    assert_eq!(login.headers["location"], "/console/shop/orders");
    assert_eq!(login.headers.get_all("set-cookie").iter().count(), 1);
}

/// The page shows what is evil in so many places at least, and none of it as it came.
async fn shown_and_not_run(session: &Session, page: &str, times: usize) {
    let text = session.page(page).await.text();
    assert!(!text.contains("<script>alert") && !text.contains("<img src=x"), "{page}: {text}");
    let shown = text.matches("&#60;script&#62;alert(1)").count();
    assert!(shown >= times, "{page} shows it {shown} times, not {times}: {text}");
}

/// What people, shops and endpoints say about an order in the course of its life.
async fn what_was_said_later_is_shown_and_never_run(world: World) {
    let shop = Shop::open().await;
    let sold_out = (422, json!({"error": "REJECTED_INVENTORY", "message": EVIL}));
    shop.refuse([sold_out.clone(), sold_out]);
    let mut settings = shop.settings("NOTIFY", &[1]);
    settings["screening"] = json!({"fraud": true});
    settings["customer_requests"] = json!({"enabled": true});
    world.open_store(settings).await;
    let codes = json!({
        "request_id": "codes", "web_store_code": &EVIL[..64], "web_store_instance_code": &EVIL[..64],
    });
    world.http().send(Method::PATCH, &format!("/v1/stores/{STORE}"), codes.to_string()).await.ok();
    let mut placed = order("O-1");
    placed["buyer"]["email"] = "someone@disposable.example".into();
    placed["tenders"][0]["provider_reference"] = format!("pay-{EVIL}").into();
    world.place(&placed).await;
    let path = crate::world::order_path("O-1");
    let until = async |pointer: &'static str, state: &'static str| {
        eventually("the order to stand there", || async {
            let order = world.http().get(&path).await.ok();
            (order.pointer(pointer)? == state).then_some(())
        })
        .await;
    };
    until("/screening/0/state", "SCREENING_STATE_REVIEW").await;
    let session = Session::of(&world.http(), &world.token("ROLE_MANAGER").await).await;
    let done = async |path: &str, pairs: &[(&str, &str)]| {
        let answer = session.send(path, &form(pairs)).await;
        assert_eq!(answer.status, 303, "{path}: {}", answer.text());
    };
    done("orders/O-1/screening", &[("check", "FRAUD"), ("state", "CLEAR"), ("comment", EVIL)])
        .await;
    until("/handover/state", "HANDOVER_STATE_EXHAUSTED").await;
    shown_and_not_run(&session, "waiting", 1).await;
    done("orders/O-1/accept", &[("external_order_id", "E"), ("external_order_number", "N")]).await;
    let shipped = [
        ("line", "L1"),
        ("quantity", "1"),
        ("carrier", &EVIL[11..]),
        ("tracking_number", &EVIL[11..]),
    ];
    done("orders/O-1/ship", &shipped).await;
    let asked = json!({
        "request_id": "asked", "reason": "CANCELLATION_REASON_CHANGED_MIND", "comment": EVIL,
        "lines": [{"cart_item_id": "L1", "quantity": 1}],
    });
    let asked = world.http().post(&format!("{path}/cancellations"), &asked).await.ok();
    let request =
        format!("orders/O-1/cancellations/{}", asked["cancellation_id"].as_str().unwrap());
    shown_and_not_run(&session, &request, 1).await;
    done(&request, &[("do", "reject"), ("reason", "CHANGED_MIND"), ("comment", EVIL)]).await;
    shown_and_not_run(&session, &request, 2).await;
    let refund = json!({
        "products": [{"cart_item_id": "L1", "refund_quantity": 1, "refund_comments": EVIL}],
        "refund_method": "REFUND_METHOD_BANK_DEPOSIT",
    });
    let refund = world.refund("O-1", &refund).await.ok();
    let refund = format!("orders/O-1/refunds/{}", refund["refund_id"].as_str().unwrap());
    done(&refund, &[("do", "hold"), ("why", EVIL)]).await;
    shown_and_not_run(&session, &refund, 1).await;
    done(&refund, &[("do", "release")]).await;
    done(&refund, &[("do", "confirm"), ("payment_reference", EVIL)]).await;
    shown_and_not_run(&session, &refund, 1).await;
    // Screening, hand-over, carrier, tracking number and tender.
    shown_and_not_run(&session, "orders/O-1", 5).await;
    shown_and_not_run(&session, "settings", 2).await;
}

async fn a_table_has_no_formulas(world: World) {
    world.open_store(json!({"refund_reasons": [{"code": "8", "name": "=1+1"}]})).await;
    let mut placed = order("O-1");
    placed["buyer"]["name"] = "=HYPERLINK(\"https://evil.example\")".into();
    world.ready(&placed).await;
    let asked = json!({
        "total_refund_amount": "5.00", "refund_reason": {"code": "8", "name": "=1+1"},
    });
    world.refund("O-1", &asked).await.ok();
    let session = Session::of(&world.http(), &world.token("ROLE_MANAGER").await).await;
    let orders = session.page("orders.csv?q=buyer%40example.com").await;
    assert_eq!(orders.headers["content-type"], "text/csv; charset=utf-8");
    let cells = cells(&orders.bytes);
    assert_eq!(cells.len(), 2);
    assert_eq!(cells[1][0], "O-1");
    assert_eq!(cells[1][6], "'=HYPERLINK(\"https://evil.example\")");
    let report = session.page("reports.csv").await;
    let cells = self::cells(&report.bytes);
    assert_eq!(cells[1][2], "'=1+1 (8)");
    let total: rust_decimal::Decimal =
        cells[1..].iter().map(|line| line[4].parse::<rust_decimal::Decimal>().unwrap()).sum();
    let refunded = world.http().get(&crate::world::order_path("O-1")).await.ok();
    assert_eq!(total.to_string(), refunded["refunded"]["merchant"]);
}

fn cells(bytes: &[u8]) -> Vec<Vec<String>> {
    let mut table = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes);
    table.records().map(|line| line.unwrap().iter().map(str::to_owned).collect()).collect()
}

async fn a_form_that_is_sent_twice_is_carried_out_once(world: World) {
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let session = Session::of(&world.http(), &world.token("ROLE_AGENT").await).await;
    let page = session
        .send("orders/O-1/refund", "line=L1&quantity=1&percent=&amount=&line_reason=")
        .await
        .text();
    let hidden = |name: &str| {
        let form = page.split("name=\"quote_id\"").next().unwrap().rsplit("<form").next().unwrap();
        let all = format!(
            "{form}{}",
            page.split("name=\"quote_id\"")
                .nth(1)
                .map(|rest| format!("name=\"quote_id\"{rest}"))
                .unwrap_or_default()
        );
        all.split(&format!("name=\"{name}\" value=\""))
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap()
            .to_owned()
    };
    let form = format!(
        "csrf={}&request_id={}&quote_id={}",
        hidden("csrf"),
        hidden("request_id"),
        hidden("quote_id")
    );
    let path = format!("/console/{STORE}/orders/O-1/refund");
    let first = session.http.post_text(&path, form.clone()).await;
    let second = session.http.post_text(&path, form).await;
    assert_eq!((first.status, second.status), (303, 303), "{}", first.text());
    assert_eq!(first.headers["location"], second.headers["location"]);
    let order = world.http().get(&crate::world::order_path("O-1")).await.ok();
    assert_eq!(order["refunded"]["customer"], "20.00");
    // The same quote again is another request, for an order that has changed.
    let form =
        format!("csrf={}&request_id=another&quote_id={}", hidden("csrf"), hidden("quote_id"));
    let stale = session.http.post_text(&path, form).await;
    assert_eq!(stale.status, 409, "{}", stale.text());
    assert!(stale.text().contains("QUOTE_STALE"));
}

async fn a_secret_is_shown_once(world: World) {
    world.open_store(json!({})).await;
    let session = Session::of(&world.http(), &world.token("ROLE_MANAGER").await).await;
    let form = format!("csrf={}&request_id=once&name=Ann&role=AGENT", session.form_token);
    let path = format!("/console/{STORE}/tokens");
    let first = session.http.post_text(&path, form.clone()).await.text();
    assert!(first.contains("mrd_"), "{first}");
    let again = session.http.post_text(&path, form).await.text();
    assert!(!again.contains("mrd_") && again.contains("made before"), "{again}");
    assert!(!session.page("access").await.text().contains("mrd_"));
}

async fn settings_are_saved_as_they_are_shown(world: World) {
    world.open_store(json!({})).await;
    let session = Session::of(&world.http(), &world.token("ROLE_MANAGER").await).await;
    let version = world.http().get(&format!("/v1/stores/{STORE}")).await.ok()["version"].clone();
    let version = version.as_str().unwrap();
    let all = [
        ("version", version),
        ("name", "Renamed"),
        ("currency", "EUR"),
        ("appeasements", "on"),
        ("approval_limit", "75.50"),
        ("tender_order", "PRO_RATA"),
        ("requests", "on"),
        ("window_days", "14"),
        ("buyer_reason", "CHANGED_MIND"),
        ("reason_code", "8"),
        ("reason_name", "Damaged"),
        ("fraud", "on"),
        ("scope_check", "FRAUD"),
        ("scope_methods", "card"),
        ("scope_countries", "US, GB"),
        ("scope_prefixes", ""),
        ("scope_minimum", "100"),
    ];
    let saved = session.send("settings", &form(&all)).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    let store = world.http().get(&format!("/v1/stores/{STORE}")).await.ok();
    let settings = &store["settings"];
    assert_eq!(store["name"], "Renamed");
    assert_eq!(settings["approval_limit"], "75.50");
    assert_eq!(settings["tender_order"], "TENDER_ORDER_PRO_RATA");
    assert_eq!(settings["cancel_before_ready"], false);
    assert_eq!(settings["customer_requests"]["window_days"], 14);
    assert_eq!(settings["screening"]["scopes"][0]["destination_countries"], json!(["US", "GB"]));
    let page = session.page("settings").await.text();
    for shown in ["value=\"Renamed\"", "value=\"75.50\"", "value=\"Damaged\"", "value=\"US, GB\""] {
        assert!(page.contains(shown), "{shown}");
    }
    // Somebody who still looks at the page of before overwrites nothing, and loses nothing.
    let late = session
        .send("settings", &form(&[("version", version), ("name", "Late"), ("currency", "EUR")]))
        .await;
    assert_eq!(late.status, 409, "{}", late.text());
    let text = late.text();
    assert!(text.contains("VERSION_MISMATCH") && text.contains("value=\"Late\""), "{text}");
    // However often it is saved: the page still says what it is a change of.
    let stands = format!("name=\"version\" value=\"{version}\"");
    assert!(text.contains(&stands) && text.contains("load what stands now"), "{text}");
    // What cannot be read is said, and nothing of it is lost.
    let wrong = [
        ("version", version),
        ("name", "Kept"),
        ("currency", "EUR"),
        ("adapter", "http"),
        ("schedule", "soon"),
        ("window_days", "x"),
    ];
    let wrong = session.send("settings", &form(&wrong)).await;
    assert_eq!(wrong.status, 400);
    let text = wrong.text();
    for shown in ["value=\"Kept\"", "value=\"soon\"", "value=\"x\"", "data-input=\"schedule\""] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
}

fn form(fields: &[(&str, &str)]) -> String {
    let fields = fields.iter().map(|(name, value)| format!("{name}={}", encode(value)));
    fields.collect::<Vec<_>>().join("&")
}
