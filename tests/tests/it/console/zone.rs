//! Days and times are those of the store.

use super::Session;
use crate::{
    on_both,
    world::{STORE, World, encode, order, unique},
};
use http::Method;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

on_both!(
    times_and_days_are_those_of_the_stores_zone,
    an_order_is_found_by_the_day_of_the_store,
    a_time_zone_is_chosen_on_the_settings_page,
);

async fn live_in(world: &World, zone: &str) {
    let body = json!({"request_id": unique("zone"), "settings": {"time_zone": zone}});
    world.http().send(Method::PATCH, &format!("/v1/stores/{STORE}"), body.to_string()).await.ok();
}

async fn times_and_days_are_those_of_the_stores_zone(world: World) {
    world.open_store(json!({"time_zone": "Pacific/Auckland"})).await;
    let session = Session::of(&world.http(), &world.token("ROLE_MANAGER").await).await;
    let form = "name=Till&role=VIEWER&valid_through=2035-01-31";
    let made = session.send("tokens", form).await;
    assert_eq!(made.status, 200, "{}", made.text());
    let tokens = world.http().get(&format!("/v1/stores/{STORE}/tokens")).await.ok();
    let tokens = tokens["tokens"].as_array().unwrap();
    let till = tokens.iter().find(|token| token["name"] == "Till").unwrap();
    // The day ends there 13 hours before it does in UTC: it is summer.
    assert_eq!(till["expire_time"], "2035-01-31T11:00:00Z");
    let page = session.page("access").await.text();
    assert!(page.contains("1 Feb 2035, 00:00"), "{page}");
    assert!(page.contains("All times are in Pacific/Auckland."), "{page}");
    live_in(&world, "America/New_York").await;
    let page = session.page("access").await.text();
    assert!(page.contains("31 Jan 2035, 06:00"), "{page}");
    assert!(page.contains("All times are in America/New_York."), "{page}");
    live_in(&world, "").await;
    assert!(session.page("access").await.text().contains("All times are in UTC."));
}

async fn an_order_is_found_by_the_day_of_the_store(world: World) {
    // No hour of any day is of the same day in both of these.
    world.open_store(json!({"time_zone": "Pacific/Kiritimati"})).await;
    let order = world.ready(&order("O-1")).await;
    let session = Session::of(&world.http(), &world.token("ROLE_VIEWER").await).await;
    let created = order["create_time"].as_str().unwrap();
    let day = (OffsetDateTime::parse(created, &Rfc3339).unwrap() + Duration::hours(14)).date();
    let found = async |path: &str| session.page(path).await.text().contains("O-1");
    let that_day = format!("from={day}&to={day}");
    let before = day.previous_day().unwrap();
    assert!(found(&format!("orders?{that_day}")).await, "{day}");
    assert!(!found(&format!("orders?from={before}&to={before}")).await, "{before}");
    live_in(&world, "Etc/GMT+12").await;
    assert!(!found(&format!("orders?{that_day}")).await, "{day}");
    // A file is for programs: its times are UTC wherever the store is.
    let file = session.page("orders.csv").await.text();
    assert!(file.contains(created), "{created}: {file}");
}

async fn a_time_zone_is_chosen_on_the_settings_page(world: World) {
    world.open_store(json!({})).await;
    let session = Session::of(&world.http(), &world.token("ROLE_MANAGER").await).await;
    let form = |zone: &str| format!("name=Shop&currency=EUR&time_zone={}", encode(zone));
    let stored = async || -> Value {
        world.http().get(&format!("/v1/stores/{STORE}")).await.ok()["settings"]["time_zone"].clone()
    };
    let page = session.page("settings").await.text();
    assert!(page.contains("<option value=\"Europe/Paris\">"), "{page}");
    let saved = session.send("settings", &form("europe/paris")).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    assert_eq!(stored().await, "Europe/Paris");
    // What is refused is named, stays as it was typed, and changes nothing.
    let wrong = session.send("settings", &form("Europe/Nowhere")).await;
    assert_eq!(wrong.status, 400, "{}", wrong.text());
    let text = wrong.text();
    for shown in ["<strong>Time zone</strong>", "value=\"Europe/Nowhere\""] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    assert!(text.contains("All times are in Europe/Paris."), "{text}");
    assert_eq!(stored().await, "Europe/Paris");
}
