use super::*;
use domain::{Actor, order::ExternalIds};
use time::macros::datetime;
use uuid::Uuid;

fn event() -> Event {
    Event {
        event_id: EventId::from_uuid(Uuid::from_u128(0x0195_5193_de7b_7010_8f45_da7e_3d57_4cfe)),
        kind: "refund.succeeded",
        store_id: "s1".parse().unwrap(),
        order_id: Some("O-1".parse().unwrap()),
        entity_id: "rf_01955193de7b70108f45da7e3d574cff".to_owned(),
        sequence: 4,
        position: 17,
        overall: 99,
        occurred_at: datetime!(2025-03-01 12:00:00.25 UTC),
        actor: Actor::worker("legs"),
        external: Some(ExternalIds { id: "gid/1".to_owned(), number: "#1001".to_owned() }),
        data: r#"{"state":"REFUND_STATE_SUCCEEDED","total":{"customer":"60.00"}}"#.to_owned(),
        trace: None,
    }
}

fn body(event: &Event) -> String {
    String::from_utf8(standard(event).unwrap()).unwrap()
}

#[test]
fn a_message_says_what_happened_and_what_it_is_about() {
    let expected = concat!(
        r#"{"type":"refund.succeeded","timestamp":"2025-03-01T12:00:00.25Z","store_id":"s1","#,
        r#""sequence":4,"data":{"entity_id":"rf_01955193de7b70108f45da7e3d574cff","#,
        r#""event_id":"evt_01955193de7b70108f45da7e3d574cfe","external_order_id":"gid/1","#,
        r##""external_order_number":"#1001","order_id":"O-1","position":17,"##,
        r#""state":"REFUND_STATE_SUCCEEDED","total":{"customer":"60.00"}}}"#,
    );
    assert_eq!(body(&event()), expected);
}

#[test]
fn what_is_not_there_is_left_out() {
    let event = Event { order_id: None, external: None, sequence: 0, ..event() };
    let body: Value = serde_json::from_str(&body(&event)).unwrap();
    assert_eq!(body["sequence"], 0);
    for name in ["order_id", "external_order_id", "external_order_number"] {
        assert_eq!(body["data"].get(name), None);
    }
}

#[test]
fn what_an_event_says_itself_stands() {
    let data = r#"{"external_order_id":"orphan"}"#.to_owned();
    let body: Value = serde_json::from_str(&body(&Event { data, ..event() })).unwrap();
    assert_eq!(body["data"]["external_order_id"], "orphan");
    assert_eq!(body["data"]["external_order_number"], "#1001");
}

#[test]
fn a_test_has_no_data() {
    let at = datetime!(2025-03-01 12:00 UTC);
    let body = String::from_utf8(test(&"s1".parse().unwrap(), at).unwrap()).unwrap();
    let expected = r#"{"type":"webhook.test","timestamp":"2025-03-01T12:00:00Z","store_id":"s1","sequence":0,"data":{}}"#;
    assert_eq!(body, expected);
}
