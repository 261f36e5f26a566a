//! Rules of finding orders: by the states that they and their parts are in, by whatever leads to
//! them, and by all of it together.

mod together;

pub use together::any_conditions_together_find_what_fits;

use crate::{
    build::{
        NOON, accept, commit, external, key, load, merchant, minutes, order, place, refund,
        refund_as, shop,
    },
    cancellations::{WithLedger, cancel, id, request},
    lists::ids,
    lives,
};
use domain::{
    cancellation::CancellationState,
    id::{RefundId, StoreId},
    order::{Command, HandoverState, OrderState},
    refund::RefundState,
    screening::CheckState,
};
use ports::{OrderFilter, OrderKey, OrderSort};
use uuid::Uuid;

/// Expands to the rules of finding orders.
#[macro_export]
macro_rules! finding {
    ($fresh:expr) => {
        $crate::rules!($fresh, finding =>
            orders_are_found_by_the_states_of_their_parts,
            a_part_that_changes_its_state_changes_what_its_order_is_found_by,
            orders_are_found_by_every_id,
            an_id_that_was_replaced_finds_nothing,
            orders_are_found_by_words_of_names,
            orders_are_found_by_any_of_what_is_looked_for,
            an_order_that_is_found_twice_is_shown_once,
            whoever_was_erased_is_not_found,
            nothing_is_found_in_another_store,
            any_conditions_together_find_what_fits,
        );
    };
}

/// All pages together, oldest first.
async fn found(store: &dyn WithLedger, filter: &OrderFilter) -> Vec<String> {
    ids(store, &shop(), filter, OrderSort::OldestFirst, 2).await
}

fn search(term: &str) -> OrderFilter {
    OrderFilter { search: vec![term.to_owned()], ..OrderFilter::default() }
}

async fn act(store: &dyn WithLedger, key: &OrderKey, command: Command) {
    let change = load(store, key).await.decide(command, NOON).unwrap();
    store.commit(commit().order(change)).await.unwrap();
}

pub async fn orders_are_found_by_the_states_of_their_parts(store: &dyn WithLedger) {
    lives::of_all_kinds(store).await;
    let all = OrderFilter::default;
    for (filter, expected) in [
        (OrderFilter { screening: vec![CheckState::Clear], ..all() }, vec!["screened"]),
        (OrderFilter { screening: vec![CheckState::Failed], ..all() }, vec![]),
        (OrderFilter { handover: vec![HandoverState::Exhausted], ..all() }, vec!["pushed"]),
        (
            OrderFilter { cancellations: vec![CancellationState::Withdrawn], ..all() },
            vec!["withdrawn"],
        ),
        (
            OrderFilter { cancellations: vec![CancellationState::Undone], ..all() },
            vec!["undone", "undone-at-once"],
        ),
        // Of several states of several parts one is enough.
        (
            OrderFilter {
                cancellations: vec![CancellationState::Rejected, CancellationState::Withdrawn],
                ..all()
            },
            vec!["asked", "withdrawn"],
        ),
        (OrderFilter { refunds: vec![RefundState::Held], ..all() }, vec!["held"]),
        (
            OrderFilter { refunds: vec![RefundState::Failed], ..all() },
            vec!["reversed", "reversed-and-retried"],
        ),
        (
            OrderFilter {
                states: vec![OrderState::Ready],
                refunds: vec![RefundState::Voided],
                cancellations: vec![CancellationState::Undone],
                ..all()
            },
            vec!["undone-at-once"],
        ),
    ] {
        assert_eq!(found(store, &filter).await, expected, "{filter:?}");
    }
    let not_handed_over = OrderFilter { handover: vec![HandoverState::NotApplicable], ..all() };
    let count = found(store, &all()).await.len();
    assert_eq!(found(store, &not_handed_over).await.len(), count - 1);
}

pub async fn a_part_that_changes_its_state_changes_what_its_order_is_found_by(
    store: &dyn WithLedger,
) {
    let key = key("O-1");
    place(store, &order("O-1")).await;
    place(store, &order("O-2").created_at(minutes(1))).await;
    let in_state = |state| OrderFilter { refunds: vec![state], ..OrderFilter::default() };
    let refund_id = RefundId::from_uuid(Uuid::from_u128(5));
    act(store, &key, refund_as(refund_id, 5, "1.00")).await;
    assert_eq!(found(store, &in_state(RefundState::Pending)).await, ["O-1"]);
    let hold = Command::HoldRefund { refund_id, by: merchant(), reason: "odd".into() };
    act(store, &key, hold).await;
    assert!(found(store, &in_state(RefundState::Pending)).await.is_empty());
    assert_eq!(found(store, &in_state(RefundState::Held)).await, ["O-1"]);
    // One more that stands elsewhere.
    act(store, &key, refund(6, "1.00")).await;
    for state in [RefundState::Pending, RefundState::Held] {
        assert_eq!(found(store, &in_state(state)).await, ["O-1"]);
    }
    let asked =
        OrderFilter { cancellations: vec![CancellationState::Requested], ..OrderFilter::default() };
    assert!(found(store, &asked).await.is_empty());
    act(store, &key, request(1, &[("L2", 1)], NOON)).await;
    assert_eq!(found(store, &asked).await, ["O-1"]);
}

pub async fn orders_are_found_by_every_id(store: &dyn WithLedger) {
    let wanted = order("O-1").of_cart("cart 7").paid_as("ch_1");
    place(store, &wanted).await;
    place(store, &order("O-2").created_at(minutes(1)).of_cart("cart 8")).await;
    let refund_id = RefundId::from_uuid(Uuid::from_u128(77));
    let Command::CreateRefund(mut create) = refund_as(refund_id, 4_711, "1.00") else {
        unreachable!("it makes a refund")
    };
    create.request.external_reference = Some("case-4".to_owned());
    act(store, &wanted.key, Command::CreateRefund(create)).await;
    act(store, &wanted.key, accept("A-1")).await;
    act(store, &wanted.key, cancel(9, &[("L2", 1)], NOON)).await;
    let (refund, cancellation) = (refund_id.to_string(), id(9).to_string());
    for term in
        ["O-1", "cart 7", "A-1", "N-A-1", &refund, "4711", "case-4", &cancellation, "ch_1", " O-1 "]
    {
        assert_eq!(found(store, &search(term)).await, ["O-1"], "{term:?}");
    }
    let other = RefundId::from_uuid(Uuid::from_u128(78)).to_string();
    for term in
        ["o-1", "O-", "cart", "04711", "+4711", "CASE-4", &other, &refund.to_uppercase(), "77"]
    {
        assert!(found(store, &search(term)).await.is_empty(), "{term:?}");
    }
}

pub async fn an_id_that_was_replaced_finds_nothing(store: &dyn WithLedger) {
    let key = key("O-1");
    place(store, &order("O-1")).await;
    act(store, &key, Command::SetExternalReference(external("draft"))).await;
    assert_eq!(found(store, &search("N-draft")).await, ["O-1"]);
    act(store, &key, accept("E-1")).await;
    for term in ["draft", "N-draft"] {
        assert!(found(store, &search(term)).await.is_empty(), "{term:?}");
    }
    assert_eq!(found(store, &search("N-E-1")).await, ["O-1"]);
}

pub async fn orders_are_found_by_words_of_names(store: &dyn WithLedger) {
    for (minute, id, buyer, recipient) in [
        (1, "zoe", "Zoë Müller-Lüdenscheidt", None),
        (2, "obrien", "Flann O’Brien", Some("Zoe Smith")),
        (3, "none", "", None),
    ] {
        let new = order(id).created_at(minutes(minute)).named(buyer, recipient);
        place(store, &new).await;
    }
    for (term, expected) in [
        ("zoe", vec!["zoe", "obrien"]),
        ("ZOË", vec!["zoe", "obrien"]),
        ("Müller zoe", vec!["zoe"]),
        ("ludenscheidt", vec!["zoe"]),
        ("smith", vec!["obrien"]),
        ("o'brien, flann", vec!["obrien"]),
        ("flann mcbrien", vec![]),
        ("zo", vec![]),
        ("’", vec![]),
    ] {
        assert_eq!(found(store, &search(term)).await, expected, "{term:?}");
    }
}

pub async fn orders_are_found_by_any_of_what_is_looked_for(store: &dyn WithLedger) {
    let bought = |id: &str, email: &str| order(id).bought_by(email).named("Ada Byron", None);
    place(store, &bought("O-1", "one@example.com").with_product("RARE")).await;
    place(store, &bought("O-2", "two@example.com").created_at(minutes(1))).await;
    place(store, &bought("O-3", "three@example.com").created_at(minutes(2))).await;
    let any = |terms: &[&str]| OrderFilter {
        search: terms.iter().map(|term| (*term).to_owned()).collect(),
        ..OrderFilter::default()
    };
    assert_eq!(found(store, &any(&["RARE"])).await, ["O-1"]);
    assert_eq!(found(store, &any(&["RARE", "TWO@example.com"])).await, ["O-1", "O-2"]);
    assert_eq!(found(store, &any(&["nobody", "O-3", "rare"])).await, ["O-3"]);
    let all = ["O-1", "O-2", "O-3"];
    assert_eq!(found(store, &any(&["SKU-2", "byron"])).await, all);
    // Other conditions hold for each.
    let also = OrderFilter { product_code: Some("SKU-1".into()), ..any(&["RARE", "O-2"]) };
    assert_eq!(found(store, &also).await, ["O-2"]);
}

pub async fn an_order_that_is_found_twice_is_shown_once(store: &dyn WithLedger) {
    for minute in 0..3 {
        place(store, &order(&format!("O-{minute}")).created_at(minutes(minute))).await;
    }
    let filter = OrderFilter {
        search: ["SKU-1", "SKU-2", "ada", "O-1", "Ada.Lovelace@example.com"]
            .map(str::to_owned)
            .to_vec(),
        ..OrderFilter::default()
    };
    assert_eq!(found(store, &filter).await, ["O-0", "O-1", "O-2"]);
    let newest = ids(store, &shop(), &filter, OrderSort::NewestFirst, 1).await;
    assert_eq!(newest, ["O-2", "O-1", "O-0"]);
}

pub async fn whoever_was_erased_is_not_found(store: &dyn WithLedger) {
    let gone = order("O-1").named("Augusta Byron", Some("Ada Byron"));
    place(store, &gone).await;
    place(store, &order("O-2").created_at(minutes(1)).named("Ada Byron", None)).await;
    act(store, &gone.key, accept("A-1")).await;
    assert_eq!(found(store, &search("byron")).await, ["O-1", "O-2"]);
    act(store, &gone.key, Command::ErasePersonalData).await;
    assert_eq!(found(store, &search("byron")).await, ["O-2"]);
    assert!(found(store, &search("augusta")).await.is_empty());
    assert_eq!(found(store, &search("ada.lovelace@example.com")).await, ["O-2"]);
    assert_eq!(found(store, &search("A-1")).await, ["O-1"]);
}

pub async fn nothing_is_found_in_another_store(store: &dyn WithLedger) {
    let other: StoreId = "other".parse().unwrap();
    let theirs = order("theirs").of_store(&other).of_cart("theirs").paid_as("theirs");
    place(store, &theirs.named("Their Own", None).with_product("THEIRS")).await;
    place(store, &order("mine")).await;
    for term in ["theirs", "their", "own", "THEIRS"] {
        assert!(found(store, &search(term)).await.is_empty(), "{term}");
    }
    let ready = OrderFilter { states: vec![OrderState::Ready], ..OrderFilter::default() };
    assert_eq!(found(store, &ready).await, ["mine"]);
    for filter in [ready, search("ada.lovelace@example.com"), search("theirs")] {
        let found = ids(store, &other, &filter, OrderSort::NewestFirst, 5).await;
        assert_eq!(found, ["theirs"]);
    }
}
