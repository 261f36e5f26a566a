//! A refund is told to its caller from messages and to a `globale` endpoint from what is stored.
//! Both hear the same.

use super::of_refund;
use domain::{
    Actor, Amount, Currencies, Pair,
    actor::ActorKind,
    id::{LegId, RefundId},
    order::{ExternalIds, Fact, NewLine, NewOrder, NewTender, Order, TenderMethod, TenderState},
    refund::{
        Bearer, Component, ComponentKind, LEDGER, Leg, LegFailure, LegKind, LegState, Refund,
        RefundMethod, RefundProduct, RefundReason, RefundState,
    },
    screening::Screening,
    store::{RefundReasonEntry, Store, StoreSettings},
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use time::macros::datetime;
use uuid::Uuid;
use wire::{refunds::v1::CreateRefundResponse, stores::v1 as stores};

const CURRENCIES: [&str; 4] = ["USD", "JPY", "KWD", "EUR"];
const METHODS: [RefundMethod; 3] =
    [RefundMethod::Original, RefundMethod::GiftCard, RefundMethod::Points];
const COMPONENTS: [ComponentKind; 6] = [
    ComponentKind::Products,
    ComponentKind::Shipping,
    ComponentKind::Duties,
    ComponentKind::ServiceGesture,
    ComponentKind::PrepaidReturn,
    ComponentKind::CancellationFee,
];
/// Their ids, which are their references as well, and who keeps their books.
const TENDERS: [(&str, TenderMethod, &str); 4] = [
    ("card", TenderMethod::Card, "sandbox"),
    ("gift-card", TenderMethod::GiftCard, LEDGER),
    ("others-card", TenderMethod::GiftCard, "sandbox"),
    ("points", TenderMethod::Points, LEDGER),
];
const STATES: [LegState; 4] =
    [LegState::Pending, LegState::Settled, LegState::Failed, LegState::Voided];

/// Of two lines, one of which has a product code, paid with three tenders.
fn order(customer: usize, merchant: usize, external: Option<ExternalIds>) -> Order {
    let currency = |place: usize| Currencies::iso().get(CURRENCIES[place]).unwrap();
    let line = |id: &str, product_code: Option<&str>| NewLine {
        cart_item_id: id.to_owned(),
        product_code: product_code.map(str::to_owned),
        secondary_product_code: None,
        name: None,
        hs_code: None,
        quantity: 3,
        total: Pair::new(amount(150_000), amount(150_000)),
        duties: None,
    };
    let tender = |(id, method, provider): (&str, TenderMethod, &str)| NewTender {
        tender_id: id.parse().unwrap(),
        method,
        provider: provider.to_owned(),
        provider_reference: id.to_owned(),
        amount: amount(75_000),
        state: TenderState::Captured,
    };
    let new = NewOrder {
        order_id: "GE95135467GB".parse().unwrap(),
        cart_id: None,
        customer_currency: currency(customer),
        merchant_currency: currency(merchant),
        destination_country: "GB".to_owned(),
        language: None,
        lines: vec![line("1", Some("SKU-1")), line("2", None)],
        shipping: Pair::default(),
        duties: Pair::default(),
        tenders: TENDERS.into_iter().map(tender).collect(),
    };
    let at = datetime!(2025-03-01 12:00 UTC);
    let fact = new.receive("demo".parse().unwrap(), &Screening::default(), at).unwrap();
    let Fact::OrderReceived { order } = fact else { unreachable!("it was received") };
    Order { external, ..*order }
}

fn store(web_store_code: Option<String>) -> Store {
    let known =
        |code: &str, name: &str| RefundReasonEntry { code: code.to_owned(), name: name.to_owned() };
    let refund_reasons = vec![known("8", "Damaged"), known("9", "Too late")];
    Store {
        store_id: "demo".parse().unwrap(),
        name: "Demo".to_owned(),
        merchant_guid: "39a4".to_owned(),
        web_store_code,
        web_store_instance_code: Some("Default".to_owned()),
        currency: Currencies::iso().get("EUR").unwrap(),
        settings: StoreSettings { refund_reasons, ..StoreSettings::default() },
        settings_version: 1,
        incidentals: 0,
        created_at: datetime!(2025-01-01 0:00 UTC),
    }
}

fn as_message(store: &Store) -> stores::Store {
    let reasons = store.settings.refund_reasons.iter();
    let refund_reasons = reasons
        .map(|it| stores::StoreRefundReason { code: it.code.clone(), name: it.name.clone() })
        .collect();
    stores::Store {
        merchant_guid: store.merchant_guid.clone(),
        web_store_code: store.web_store_code.clone().unwrap_or_default(),
        web_store_instance_code: store.web_store_instance_code.clone().unwrap_or_default(),
        settings: Some(stores::StoreSettings { refund_reasons, ..Default::default() }),
        ..stores::Store::default()
    }
}

fn amount(ten_thousandths: i64) -> Amount {
    Amount::from_ten_thousandths(ten_thousandths)
}

fn any_amount() -> impl Strategy<Value = Amount> {
    prop_oneof![
        Just(0),
        -1_000_000_000_i64..1_000_000_000,
        (-1_000_000_i64..1_000_000).prop_map(|units| units * 10_000),
    ]
    .prop_map(amount)
}

fn any_pair() -> impl Strategy<Value = Pair> {
    (any_amount(), any_amount()).prop_map(|(customer, merchant)| Pair::new(customer, merchant))
}

fn any_reason() -> impl Strategy<Value = Option<RefundReason>> {
    let code = prop_oneof![Just(None), Just(Some("8")), Just(Some("9")), Just(Some("x"))];
    let reason = code.prop_map(|code| RefundReason {
        code: code.map(str::to_owned),
        name: Some("Damaged Item".to_owned()),
    });
    proptest::option::of(reason)
}

fn any_text() -> impl Strategy<Value = Option<String>> {
    prop_oneof![Just(None), Just(Some(String::new())), Just(Some("\"ä\"\n".to_owned()))]
}

fn any_product() -> impl Strategy<Value = RefundProduct> {
    (0..2_usize, 0..4_u32, any_pair(), any_reason(), any_text()).prop_map(
        |(line, quantity, amount, reason, comments)| RefundProduct {
            line,
            quantity,
            amount,
            reason,
            comments,
        },
    )
}

fn any_component() -> impl Strategy<Value = Component> {
    (0..COMPONENTS.len(), any_pair(), any::<bool>()).prop_map(|(kind, amount, platform)| {
        let charged_to = if platform { Bearer::Platform } else { Bearer::Merchant };
        Component { kind: COMPONENTS[kind], amount, charged_to }
    })
}

fn any_leg() -> impl Strategy<Value = Leg> {
    (0..TENDERS.len(), any_amount(), 0..STATES.len()).prop_map(|(tender, amount, state)| Leg {
        leg_id: LegId::of(RefundId::from_uuid(Uuid::nil()), 1),
        tender_id: TENDERS[tender].0.parse().unwrap(),
        kind: LegKind::Refund,
        amount,
        state: STATES[state],
        provider: TENDERS[tender].2.to_owned(),
        target: TENDERS[tender].0.to_owned(),
        reference: None,
        attempts: 1,
        attempts_before_retry: 0,
        reversed: false,
        failure: (STATES[state] == LegState::Failed)
            .then(|| LegFailure { code: "gone".to_owned(), message: "no such: card".to_owned() }),
        mismatch: None,
        moved_at: None,
        moved_before: None,
    })
}

fn numbered(leg: Leg, place: usize) -> Leg {
    Leg { leg_id: LegId::of(RefundId::from_uuid(Uuid::nil()), place), ..leg }
}

fn any_refund() -> impl Strategy<Value = Refund> {
    let parts = (
        proptest::collection::vec(any_product(), 0..4),
        proptest::collection::vec(any_component(), 0..6),
        proptest::collection::vec(any_leg(), 0..4),
    );
    (any_pair(), any::<bool>(), 0..METHODS.len(), parts, any_reason(), any_text()).prop_map(
        |(total, full, method, (products, components, legs), reason, comments)| Refund {
            refund_id: RefundId::from_uuid(Uuid::nil()),
            number: 67961,
            state: RefundState::Succeeded,
            full,
            method: METHODS[method],
            total,
            products,
            components,
            legs: (1..).zip(legs).map(|(place, leg)| numbered(leg, place)).collect(),
            reason,
            comments,
            external_reference: None,
            hold: None,
            hint: None,
            settings_version: 1,
            order_version: 1,
            created_by: Actor::new(ActorKind::Merchant, "tok"),
            created_at: datetime!(2025-03-01 12:00 UTC),
        },
    )
}

proptest! {
    #[test]
    fn a_refund_reads_the_same_both_ways(
        refund in any_refund(),
        (customer, merchant) in (0..CURRENCIES.len(), 0..CURRENCIES.len()),
        shop in proptest::option::of(any_text()),
        web_store_code in any_text(),
    ) {
        let external = shop.map(|id| {
            let id = id.unwrap_or_default();
            ExternalIds { number: id.clone(), id }
        });
        let (order, store) = (order(customer, merchant, external), store(web_store_code));
        let message = grpc_kit::render::refund(&order, &refund);
        let balances = BTreeMap::from([("gift-card".to_owned(), amount(12_345_000))]);
        let gift_cards = refund.gift_cards(&order).unwrap();
        let gift_cards = gift_cards
            .iter()
            .map(|card| grpc_kit::render::gift_card(&order, card, &balances).unwrap())
            .collect();
        let made = CreateRefundResponse { refund: Some(message), store: None, gift_cards };
        let answered = of_refund(&as_message(&store), made).unwrap().notify_order_refund;
        let sent = publishers::order_refund(&order, &refund, &store, &balances).unwrap();
        // Byte by byte: the members stand in the same order, too.
        prop_assert_eq!(serde_json::to_string(&answered).unwrap(), String::from_utf8(sent).unwrap());
    }
}
