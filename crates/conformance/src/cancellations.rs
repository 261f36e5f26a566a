//! Rules of what cancellations add: their lists, value that moves with a commit, and the cap on
//! what is let go.

use crate::{
    Subject,
    build::{
        NOON, NewOrderOf, amount, commit, eur, key, load, merchant, minutes, order, place, shop,
    },
};
use domain::{
    Amount,
    cancellation::{
        AcceptCancellation, AskedLine, CancelOrder, CancellationReason, CancellationState, Channel,
        Charges, Evidence, Given, NewRefundIds, RejectCancellation, RequestCancellation,
        RequestPolicy, RequestedBy, UndoCancellation,
    },
    id::{CancellationId, RefundId, StoreId},
    order::Command,
    refund::{LegOutcome, RefundMethod, RefundPolicy},
    store::TenderOrder,
};
use ports::{
    Account, CancellationFilter, Ledger, OrderKey, PageRequest, Period, StoreError, Transfer,
};
use time::OffsetDateTime;
use uuid::Uuid;

/// Expands to the rules of cancellations.
#[macro_export]
macro_rules! cancellations {
    ($fresh:expr) => {
        $crate::rules!($fresh, cancellations =>
            cancellations_are_listed_newest_first_page_by_page,
            cancellations_are_filtered_by_each_condition,
            a_part_that_was_rejected_takes_its_products_along,
            what_came_in_again_is_stored_with_the_rest,
            value_moves_with_its_commit,
            a_commit_whose_value_cannot_move_changes_nothing,
            more_than_was_authorised_is_never_let_go,
        );
    };
}

/// Both ports of one adapter.
pub trait WithLedger: Subject + Ledger {}
impl<T: Subject + Ledger> WithLedger for T {}

pub(crate) fn id(number: u128) -> CancellationId {
    CancellationId::from_uuid(Uuid::from_u128(number))
}

pub(crate) fn ids(number: u128) -> NewRefundIds {
    let refund_id = RefundId::from_uuid(Uuid::from_u128(1_000 + number));
    NewRefundIds { refund_id, number: i64::try_from(number).unwrap(), order_version: 1 }
}

pub(crate) fn policy() -> RequestPolicy {
    RequestPolicy {
        enabled: true,
        window_days: 0,
        auto_accept: false,
        reasons: Vec::new(),
        cancel_before_ready: true,
        refund: RefundPolicy {
            settings_version: 1,
            appeasements: true,
            prepaid_returns: false,
            tender_order: TenderOrder::NonCashFirst,
            approval_limit: None,
            may_charge_platform: false,
        },
    }
}

pub(crate) fn given(reason: CancellationReason) -> Given {
    Given { reason, text: None }
}

pub(crate) fn lines(asked: &[(&str, u32)]) -> Vec<AskedLine> {
    let line = |&(id, quantity): &(&str, u32)| AskedLine {
        cart_item_id: id.to_owned(),
        quantity,
        restock: true,
    };
    asked.iter().map(line).collect()
}

pub fn request(number: u128, asked: &[(&str, u32)], at: OffsetDateTime) -> Command {
    Command::RequestCancellation(Box::new(RequestCancellation {
        cancellation_id: id(number),
        refund: ids(number),
        at,
        by: merchant(),
        lines: lines(asked),
        reason: given(CancellationReason::ChangedMind),
        charges: Charges::default(),
        channel: Channel::Account,
        policy: policy(),
    }))
}

/// The merchant cancels some of an order.
pub fn cancel(number: u128, asked: &[(&str, u32)], at: OffsetDateTime) -> Command {
    Command::CancelOrder(Box::new(CancelOrder {
        cancellation_id: id(number),
        refund: ids(number),
        at,
        by: merchant(),
        lines: lines(asked),
        requested_by: RequestedBy::Merchant,
        channel: Channel::Merchant,
        reason: given(CancellationReason::OutOfStock),
        charges: Charges::default(),
        method: RefundMethod::Original,
        policy: policy(),
    }))
}

pub(crate) fn accept(number: u128, at: OffsetDateTime) -> Command {
    Command::AcceptCancellation(Box::new(AcceptCancellation {
        cancellation_id: id(number),
        refund: ids(number),
        at,
        by: merchant(),
        reason: given(CancellationReason::Defective),
        method: RefundMethod::Original,
        shipping_refund: false,
        policy: policy(),
    }))
}

async fn step(store: &dyn WithLedger, key: &OrderKey, command: Command) {
    let change = load(store, key).await.decide(command, NOON).unwrap();
    store.commit(commit().order(change)).await.unwrap();
}

/// Every leg of a cancellation's refund settles.
async fn settle(store: &dyn WithLedger, key: &OrderKey, number: u128, at: OffsetDateTime) {
    let refund_id = ids(number).refund_id;
    let order = load(store, key).await.state;
    for leg in order.refund(refund_id).unwrap().legs.clone() {
        let leg_id = leg.leg_id;
        step(
            store,
            key,
            Command::SendLeg {
                refund_id,
                leg_id: leg_id.clone(),
                attempt: 0,
                at: OffsetDateTime::UNIX_EPOCH,
            },
        )
        .await;
        let outcome = LegOutcome::Settled { reference: "done".into() };
        step(store, key, Command::RecordLeg { refund_id, leg_id, attempt: 1, outcome, at }).await;
    }
}

async fn found(store: &dyn WithLedger, of: &StoreId, filter: CancellationFilter) -> Vec<u128> {
    let page = PageRequest { size: 50, after: None };
    let page = store.cancellations(of, &filter, page).await.unwrap();
    assert_eq!(page.next, None);
    page.items.iter().map(|found| found.cancellation_id.as_uuid().as_u128()).collect()
}

pub async fn cancellations_are_listed_newest_first_page_by_page(store: &dyn WithLedger) {
    place(store, &order("O-1")).await;
    place(store, &order("O-2")).await;
    for number in 1..=5 {
        let order = if number % 2 == 0 { "O-2" } else { "O-1" };
        step(store, &key(order), cancel(number, &[("L1", 1)], NOON)).await;
    }
    let (mut after, mut listed) = (None, Vec::new());
    loop {
        let page = PageRequest { size: 2, after };
        let filter = CancellationFilter::default();
        let page = store.cancellations(&shop(), &filter, page).await.unwrap();
        assert!(page.items.len() <= 2);
        listed.extend(page.items.iter().map(|it| it.cancellation_id.as_uuid().as_u128()));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(listed, [5, 4, 3, 2, 1]);
    let of_one = CancellationFilter { order_id: Some(key("O-2").order_id), ..<_>::default() };
    assert_eq!(found(store, &shop(), of_one).await, [4, 2]);
    let other = "other".parse().unwrap();
    assert!(found(store, &other, CancellationFilter::default()).await.is_empty());
}

pub async fn cancellations_are_filtered_by_each_condition(store: &dyn WithLedger) {
    use CancellationState::{Completed, InProgress, Requested, Withdrawn};
    let new = |id: &str, code: &str| -> NewOrderOf { order(id).with_product(code) };
    for (id, code) in [("O-1", "RED"), ("O-2", "RED"), ("O-3", "BLUE"), ("O-4", "BLUE")] {
        place(store, &new(id, code)).await;
    }
    step(store, &key("O-1"), request(1, &[("L1", 1)], minutes(1))).await;
    step(store, &key("O-2"), request(2, &[("L1", 1)], minutes(2))).await;
    step(store, &key("O-2"), accept(2, minutes(12))).await;
    step(store, &key("O-3"), cancel(3, &[("L1", 1), ("L2", 1)], minutes(3))).await;
    settle(store, &key("O-3"), 3, minutes(23)).await;
    step(store, &key("O-4"), request(4, &[("L2", 1)], minutes(4))).await;
    let at = minutes(14);
    step(store, &key("O-4"), Command::WithdrawCancellation { cancellation_id: id(4), at }).await;

    let all = CancellationFilter::default;
    let period = |from: i64, before: i64| Period {
        from: Some(minutes(from)),
        before: Some(minutes(before)),
    };
    let states =
        |states: &[CancellationState]| CancellationFilter { states: states.to_vec(), ..all() };
    let reasons = |reason| CancellationFilter { reasons: vec![reason], ..all() };
    let by = |party| CancellationFilter { requested_by: vec![party], ..all() };
    let product = |code: &str| CancellationFilter { product_code: Some(code.into()), ..all() };
    for (filter, expected) in [
        (all(), vec![4, 3, 2, 1]),
        (states(&[Requested]), vec![1]),
        (states(&[InProgress, Completed]), vec![3, 2]),
        (states(&[Withdrawn]), vec![4]),
        (by(RequestedBy::Customer), vec![4, 2, 1]),
        (by(RequestedBy::Merchant), vec![3]),
        (by(RequestedBy::Platform), vec![]),
        (reasons(CancellationReason::ChangedMind), vec![4, 2, 1]),
        (reasons(CancellationReason::Defective), vec![2]),
        (reasons(CancellationReason::OutOfStock), vec![3]),
        (CancellationFilter { created: period(2, 4), ..all() }, vec![3, 2]),
        (CancellationFilter { accepted: period(0, 100), ..all() }, vec![3, 2]),
        (CancellationFilter { accepted: period(12, 13), ..all() }, vec![2]),
        (CancellationFilter { completed: period(23, 24), ..all() }, vec![3]),
        (CancellationFilter { completed: period(24, 99), ..all() }, vec![]),
        (product("RED"), vec![2, 1]),
        (product("EAN-2"), vec![4, 3]),
        (product("red"), vec![]),
        (CancellationFilter { states: vec![Completed], ..product("BLUE") }, vec![3]),
    ] {
        assert_eq!(found(store, &shop(), filter.clone()).await, expected, "{filter:?}");
    }
}

pub async fn a_part_that_was_rejected_takes_its_products_along(store: &dyn WithLedger) {
    place(store, &order("O-1")).await;
    step(store, &key("O-1"), request(1, &[("L1", 2), ("L2", 1)], NOON)).await;
    let reject = RejectCancellation {
        cancellation_id: id(1),
        split_id: id(2),
        at: NOON,
        lines: lines(&[("L2", 1)]),
        reason: given(CancellationReason::PriceError),
    };
    step(store, &key("O-1"), Command::RejectCancellation(Box::new(reject))).await;
    let product = |code: &str| CancellationFilter {
        product_code: Some(code.into()),
        ..CancellationFilter::default()
    };
    assert_eq!(found(store, &shop(), product("SKU-1")).await, [1]);
    assert_eq!(found(store, &shop(), product("SKU-2")).await, [2]);
    let rejected = CancellationFilter {
        states: vec![CancellationState::Rejected],
        ..CancellationFilter::default()
    };
    assert_eq!(found(store, &shop(), rejected).await, [2]);
}

pub(crate) fn undo(number: u128, evidence: Option<Evidence>) -> Command {
    Command::UndoCancellation(Box::new(UndoCancellation {
        cancellation_id: id(number),
        at: NOON,
        by: merchant(),
        comment: "after all".into(),
        evidence,
        balances: vec![("ledger-gift".into(), amount("20.00"))],
    }))
}

/// The gift card takes its 20.00 back, the card's 100.00 were paid anew; and both can be
/// returned again.
pub async fn what_came_in_again_is_stored_with_the_rest(store: &dyn WithLedger) {
    let key = key("O-1");
    place(store, &order("O-1")).await;
    step(store, &key, cancel(1, &[], NOON)).await;
    settle(store, &key, 1, NOON).await;
    let repaid = Evidence::Repaid {
        payment_reference: "wire".into(),
        amount: amount("100.00").to_decimal(),
        taken: false,
    };
    step(store, &key, undo(1, Some(repaid))).await;
    assert_eq!(load(store, &key).await.state.tenders.len(), 4);
    step(store, &key, cancel(2, &[], NOON)).await;
    let again = load(store, &key).await.state;
    assert_eq!(again.refund(ids(2).refund_id).unwrap().total.customer, amount("120.00"));
    assert_eq!(found(store, &shop(), CancellationFilter::default()).await, [2, 1]);
}

pub(crate) fn transfer(name: &str, from: &str, to: &str, text: &str) -> Transfer {
    let account =
        |name: &str| Account { name: name.to_owned(), may_be_negative: name == "clearing" };
    let (from, to) = (account(from), account(to));
    let (key, amount) = (name.to_owned(), amount(text));
    Transfer { store_id: shop(), key, from, to, amount, currency: eur(), at: NOON }
}

async fn balance(store: &dyn WithLedger, account: &str) -> Option<Amount> {
    Ledger::balance(store, &shop(), account, eur()).await.unwrap()
}

pub async fn value_moves_with_its_commit(store: &dyn WithLedger) {
    let key = key("O-1");
    let placed = place(store, &order("O-1")).await;
    let change = placed.decide(cancel(1, &[("L2", 1)], NOON), NOON).unwrap();
    let mut with_value = commit().order(change);
    with_value.transfers = vec![
        transfer("t-1", "clearing", "points", "15.00"),
        // What one of them brings is there for the next.
        transfer("t-2", "points", "other", "5.00"),
    ];
    store.commit(with_value).await.unwrap();
    assert_eq!(load(store, &key).await.state.cancellations.len(), 1);
    assert_eq!(balance(store, "points").await, Some(amount("10.00")));
    assert_eq!(balance(store, "clearing").await, Some(amount("15.00").negated()));
    assert!(Ledger::find(store, &shop(), "t-1").await.unwrap().is_some());
}

pub async fn a_commit_whose_value_cannot_move_changes_nothing(store: &dyn WithLedger) {
    let key = key("O-1");
    place(store, &order("O-1")).await;
    store.post(&transfer("fund", "clearing", "points", "10.00")).await.unwrap();
    for fault in [
        transfer("t-1", "points", "other", "10.01"),
        transfer("t-1", "nowhere", "other", "0.01"),
        transfer("fund", "clearing", "points", "10.00"),
    ] {
        let placed = load(store, &key).await;
        let change = placed.decide(cancel(1, &[("L2", 1)], NOON), NOON).unwrap();
        let mut with_value = commit().order(change);
        with_value.transfers = vec![transfer("t-0", "clearing", "points", "0.00"), fault];
        let outcome = store.commit(with_value).await;
        assert!(matches!(outcome, Err(StoreError::Conflict)), "{outcome:?}");
        assert_eq!(load(store, &key).await, placed);
        assert!(Ledger::find(store, &shop(), "t-0").await.unwrap().is_none());
        assert_eq!(balance(store, "points").await, Some(amount("10.00")));
    }
}

/// A step that the order itself would never decide: the schema's own rule stops it.
pub async fn more_than_was_authorised_is_never_let_go(store: &dyn WithLedger) {
    let placed = place(store, &order("O-1")).await;
    let mut change = placed.decide(cancel(1, &[("L2", 1)], NOON), NOON).unwrap();
    for refund in &mut change.after.refunds {
        for leg in &mut refund.legs {
            leg.kind = domain::refund::LegKind::Release;
        }
    }
    let outcome = store.commit(commit().order(change)).await;
    assert!(matches!(outcome, Err(StoreError::Corrupt(_))), "{outcome:?}");
    assert_eq!(load(store, &key("O-1")).await, placed);
}
