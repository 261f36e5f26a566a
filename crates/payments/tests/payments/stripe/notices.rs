//! What Stripe tells by itself: as its documentation has it, and as localstripe sends it.

use super::leg;
use crate::desk::{eur, order_key};
use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, StatusCode},
};
use hmac_sha256::HMAC;
use payments::{StripeNotices, names};
use ports::{
    DisputeFunds, DisputeState, Money, NoticeAbout, NoticeError, NoticeReader as _, PaymentNotice,
    PaymentOutcome, PaymentStatus,
};
use serde_json::{Value, json};
use testkit::localstripe::Server;
use time::OffsetDateTime;
use tokio::sync::mpsc;

const SECRET: &str = "whsec_of_the_tests";
const AT: i64 = 1_740_830_400;

fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(AT + seconds).unwrap()
}

fn signed(body: &[u8]) -> String {
    let mac = HMAC::mac([AT.to_string().as_bytes(), b".", body].concat(), SECRET);
    let hex = mac.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    format!("t={AT},v1={hex}")
}

fn event(name: &str, object: &Value) -> Value {
    json!({
        "id": "evt_1", "object": "event", "api_version": "2025-04-30.basil", "created": AT - 7,
        "type": name, "livemode": true, "pending_webhooks": 1,
        "data": {"object": object, "previous_attributes": {"status": "pending"}},
        "request": {"id": null, "idempotency_key": null},
    })
}

fn read(name: &str, object: &Value) -> Result<Option<NoticeAbout>, NoticeError> {
    let body = event(name, object).to_string();
    let notices = StripeNotices::new(SECRET.into());
    let notice = notices.read(Some(&signed(body.as_bytes())), body.as_bytes(), at(1))?;
    Ok(notice.map(|PaymentNotice { provider, event_id, about, at }| {
        assert_eq!((&*provider, &*event_id), (names::STRIPE, "evt_1"));
        assert_eq!(at, self::at(-7));
        about
    }))
}

fn money(minor: &str) -> Money {
    Money { payment: "pi_1".to_owned(), amount: eur(minor), currency: "EUR".to_owned() }
}

fn refund(status: &str) -> Value {
    let leg = leg(1, "pi_1", "30.00");
    json!({
        "id": "re_1", "object": "refund", "amount": 3_000, "currency": "eur", "charge": "ch_1",
        "payment_intent": "pi_1", "status": status, "failure_reason": null, "reason": null,
        "metadata": {"leg": leg.leg_id.as_str(), "store": "s1", "order": "o1"},
    })
}

#[test]
fn a_refund_is_about_the_leg_whose_key_it_carries() {
    let failed = |reason| {
        let failure = domain::refund::LegFailure {
            code: "REFUND_FAILED".to_owned(),
            message: format!("Stripe took the refund, which is failed now: {reason} (re_1)"),
        };
        PaymentOutcome::Declined { failure, permanent: true }
    };
    let reference = || "re_1".to_owned();
    for (name, status, outcome) in [
        ("refund.created", "pending", PaymentOutcome::Accepted { reference: reference() }),
        ("refund.updated", "requires_action", PaymentOutcome::Accepted { reference: reference() }),
        ("refund.updated", "succeeded", PaymentOutcome::Settled { reference: reference() }),
        ("charge.refund.updated", "succeeded", PaymentOutcome::Settled { reference: reference() }),
        ("refund.failed", "failed", failed("no reason given")),
    ] {
        let about = read(name, &refund(status)).unwrap();
        let expected = NoticeAbout::Leg {
            leg_id: leg(1, "pi_1", "30.00").leg_id,
            order: Some(order_key("s1", "o1")),
            moved: money("30.00"),
            outcome,
        };
        assert_eq!(about, Some(expected), "{name} {status}");
    }
    let mut told = refund("failed");
    told["failure_reason"] = "lost_or_stolen_card".into();
    let Some(NoticeAbout::Leg { outcome, .. }) = read("refund.failed", &told).unwrap() else {
        panic!("it is about a leg")
    };
    assert_eq!(outcome, failed("lost_or_stolen_card"));
}

#[test]
fn kinds_that_are_newer_than_this_are_read_by_what_they_are_about() {
    for name in ["refund.expired", "charge.refund.expired"] {
        let about = read(name, &refund("succeeded")).unwrap();
        assert!(matches!(about, Some(NoticeAbout::Leg { .. })), "{name}: {about:?}");
    }
}

fn unread(kind: &str, why: &str) -> NoticeAbout {
    NoticeAbout::Unread { kind: kind.to_owned(), why: why.to_owned() }
}

#[test]
fn a_refund_without_a_key_of_ours_is_nobodys_leg() {
    for metadata in [json!({}), json!(null), json!({"leg": "not a leg"}), json!({"order": "o1"})] {
        let mut by_hand = refund("succeeded");
        by_hand["metadata"] = metadata;
        assert_eq!(read("refund.updated", &by_hand), Ok(None), "{by_hand}");
    }
    let mut without_order = refund("succeeded");
    without_order["metadata"]["store"] = "Not A Store".into();
    let about = read("refund.updated", &without_order).unwrap();
    assert!(matches!(about, Some(NoticeAbout::Leg { order: None, .. })), "{about:?}");
    let unknown = read("refund.updated", &refund("on_its_way"));
    assert_eq!(unknown, Ok(Some(unread("refund.updated", "the refund's status"))));
}

#[test]
fn what_goes_back_by_hand_is_told_of_the_payment() {
    let charge = json!({
        "id": "ch_1", "object": "charge", "amount": 10_000, "amount_captured": 10_000,
        "amount_refunded": 4_000, "captured": true, "currency": "eur", "payment_intent": "pi_1",
        "refunded": false,
    });
    let expected = NoticeAbout::Payment {
        payment: "pi_1".to_owned(),
        currency: "EUR".to_owned(),
        status: PaymentStatus::Captured(eur("60.00")),
    };
    assert_eq!(read("charge.refunded", &charge), Ok(Some(expected)));
    // More went back than came in: nothing is read out of that.
    let mut too_much = charge.clone();
    too_much["amount_refunded"] = 10_001.into();
    assert_eq!(
        read("charge.refunded", &too_much),
        Ok(Some(unread("charge.refunded", "the payment's amounts")))
    );
    // Of what was only held, what goes back is let go.
    for (let_go, expected) in
        [(4_000, PaymentStatus::Authorized(eur("60.00"))), (10_000, PaymentStatus::Failed)]
    {
        let mut held = charge.clone();
        held["captured"] = false.into();
        held["amount_captured"] = 0.into();
        held["amount_refunded"] = let_go.into();
        let told = read("charge.refunded", &held).unwrap();
        let Some(NoticeAbout::Payment { status, .. }) = told else { panic!("{told:?}") };
        assert_eq!(status, expected);
    }
    let mut without_intent = charge;
    without_intent["payment_intent"] = json!(null);
    assert_eq!(read("charge.refunded", &without_intent), Ok(None));
}

#[test]
fn a_dispute_says_what_it_holds_and_where_it_stands() {
    let (withdrawn, reinstated) = (Some(DisputeFunds::Withdrawn), Some(DisputeFunds::Reinstated));
    for (name, status, state, funds) in [
        ("created", "needs_response", DisputeState::Open, None),
        ("created", "warning_needs_response", DisputeState::Inquiry, None),
        ("updated", "under_review", DisputeState::Open, None),
        ("updated", "warning_under_review", DisputeState::Inquiry, None),
        ("funds_withdrawn", "needs_response", DisputeState::Open, withdrawn),
        ("funds_reinstated", "won", DisputeState::Won, reinstated),
        ("closed", "won", DisputeState::Won, None),
        ("closed", "lost", DisputeState::Lost, None),
        ("closed", "warning_closed", DisputeState::Won, None),
        ("closed", "prevented", DisputeState::Prevented, None),
    ] {
        let dispute = json!({
            "id": "du_1", "object": "dispute", "amount": 2_500, "currency": "eur",
            "charge": "ch_1", "payment_intent": "pi_1", "reason": "fraudulent", "status": status,
        });
        let about = read(&format!("charge.dispute.{name}"), &dispute).unwrap();
        let dispute_id = "du_1".to_owned();
        let expected = NoticeAbout::Dispute { dispute_id, disputed: money("25.00"), state, funds };
        assert_eq!(about, Some(expected), "{name} {status}");
    }
}

#[test]
fn a_payment_says_what_came_in() {
    for (name, state, expected) in [
        ("created", "requires_payment_method", PaymentStatus::Pending),
        ("processing", "processing", PaymentStatus::Pending),
        ("payment_failed", "requires_payment_method", PaymentStatus::Pending),
        ("amount_capturable_updated", "requires_capture", PaymentStatus::Authorized(eur("100.00"))),
        ("succeeded", "succeeded", PaymentStatus::Captured(eur("70.00"))),
        ("canceled", "canceled", PaymentStatus::Failed),
    ] {
        let received = if state == "succeeded" { 7_000 } else { 0 };
        let intent = json!({
            "id": "pi_1", "object": "payment_intent", "amount": 10_000, "amount_capturable": 10_000,
            "amount_received": received, "currency": "eur", "status": state, "latest_charge": "ch_1",
        });
        let about = read(&format!("payment_intent.{name}"), &intent).unwrap();
        let (payment, currency) = ("pi_1".to_owned(), "EUR".to_owned());
        let expected = NoticeAbout::Payment { payment, currency, status: expected };
        assert_eq!(about, Some(expected), "{name}");
    }
}

#[test]
fn what_does_not_concern_us_is_nothing() {
    for name in ["customer.created", "charge.succeeded", "payout.paid", "", "refund"] {
        assert_eq!(read(name, &json!({"id": "x_1"})), Ok(None), "{name}");
    }
}

#[test]
fn what_is_signed_and_not_understood_is_kept_for_a_person() {
    for (name, object) in [
        ("refund.updated", json!({"id": "re_1"})),
        ("refund.updated", json!("re_1")),
        ("payment_intent.succeeded", json!({"id": "pi_1", "status": 7})),
        ("charge.dispute.closed", json!({"id": "du_1"})),
    ] {
        let Ok(Some(NoticeAbout::Unread { kind, why })) = read(name, &object) else {
            panic!("{name} {object}")
        };
        assert_eq!((kind.as_str(), why.is_empty()), (name, false));
    }
    let mut too_much = refund("succeeded");
    too_much["amount"] = i64::MAX.into();
    assert_eq!(read("refund.updated", &too_much), Ok(Some(unread("refund.updated", "its amount"))));
    too_much["amount"] = (-1).into();
    assert_eq!(read("refund.updated", &too_much), Ok(Some(unread("refund.updated", "its amount"))));
    let notices = StripeNotices::new(SECRET.into());
    for body in ["", "{}", "[]", "not json", "{\"id\": \"evt_1\"}"] {
        let body = body.as_bytes();
        let told = notices.read(Some(&signed(body)), body, at(0)).unwrap().unwrap();
        assert!(matches!(told.about, NoticeAbout::Unread { .. }), "{body:?}");
        assert!(told.event_id.starts_with("sha256:"), "it is known by its bytes");
    }
}

#[test]
fn what_nobody_signed_is_not_read() {
    let body = event("refund.updated", &refund("succeeded")).to_string();
    let (signature, body) = (signed(body.as_bytes()), body.as_bytes());
    let notices = StripeNotices::new(SECRET.into());
    assert_eq!(notices.signature_header(), "stripe-signature");
    assert!(notices.read(Some(&signature), body, at(300)).is_ok());
    assert_eq!(notices.read(Some(&signature), body, at(301)), Err(NoticeError::Untimely));
    let unsigned = |told: Result<_, NoticeError>| matches!(told, Err(NoticeError::Unsigned(_)));
    assert!(unsigned(notices.read(None, body, at(0))));
    assert!(unsigned(notices.read(Some("t=1,v1=00"), body, at(0))));
    assert!(unsigned(notices.read(Some(&signature), &[body, b" "].concat(), at(0))));
    let others = StripeNotices::new("whsec_of_another".into());
    assert!(unsigned(others.read(Some(&signature), body, at(0))));
}

/// Where messages are posted to: what came, with its signature.
async fn listen() -> (String, mpsc::UnboundedReceiver<(String, Bytes)>) {
    let (tell, told) = mpsc::unbounded_channel();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let app = Router::new().fallback(move |headers: HeaderMap, body: Bytes| async move {
        let signature = headers["stripe-signature"].to_str().unwrap().to_owned();
        tell.send((signature, body)).unwrap();
        StatusCode::OK
    });
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, told)
}

#[tokio::test]
async fn what_localstripe_signs_and_sends_is_understood() {
    let server = Server::start();
    let (url, mut told) = listen().await;
    server.tell(&url, SECRET);
    let payment = server.captured(10_000, "eur");
    let (signature, body) = told.recv().await.unwrap();
    let signed_at = signature.strip_prefix("t=").unwrap().split(',').next().unwrap();
    let now = OffsetDateTime::from_unix_timestamp(signed_at.parse().unwrap()).unwrap();
    let notice = StripeNotices::new(SECRET.into()).read(Some(&signature), &body, now).unwrap();
    let PaymentNotice { provider, event_id, about, at } = notice.unwrap();
    assert_eq!(provider, names::STRIPE);
    assert!(event_id.starts_with("evt_"), "{event_id}");
    assert_eq!(at, now);
    let status = PaymentStatus::Captured(eur("100.00"));
    assert_eq!(about, NoticeAbout::Payment { payment, currency: "EUR".to_owned(), status });
    let later = now + time::Duration::seconds(301);
    let stale = StripeNotices::new(SECRET.into()).read(Some(&signature), &body, later);
    assert_eq!(stale, Err(NoticeError::Untimely));
}
