//! Payments that are contested at the customer's bank.

use crate::build::{
    amount, answered, blamed, checkout, components, decided, decimal, declined, disputed, figure,
    full, goodwill, last, left, merchant, pair, pieces, policy, products, ready, refunded, refusal,
    retry, settled, tender, total,
};
use crate::cancellations::build::{cancel, refund_ids};
use domain::{
    Reason,
    cancellation::{CancelOrder, Charges},
    event::{Data, Told},
    order::{
        Command, Dispute, DisputeReport,
        DisputeState::{self, Lost, Open, Won},
        Fact, NewOrder, NewTender, Order, SettleDispute, TenderMethod, TenderState,
    },
    refund::{LegKind, RefundPolicy, RefundState},
    store::TenderOrder,
};
use time::OffsetDateTime;

#[test]
fn an_open_dispute_occupies_a_lost_one_consumes_and_a_won_one_frees() {
    let order = ready(checkout());
    let all = left(&order);
    let open = with(order, disputed("dp-1", "30.00", Open, 1));
    let tender = &left(&open).tenders[0];
    assert_eq!((tender.disputed, tender.left), (amount("30.00"), amount("55.00")));
    let lost = with(open.clone(), disputed("dp-1", "30.00", Lost, 2));
    assert_eq!(left(&lost), left(&open));
    assert_eq!(left(&with(open, disputed("dp-1", "30.00", Won, 2))), all);
}

#[test]
fn a_dispute_takes_no_more_than_there_is() {
    let order = refunded(ready(checkout()), products([pieces("shirt", 3)]));
    let order = with(order, disputed("dp-1", "70.00", Open, 1));
    let order = with(order, disputed("dp-2", "99.00", Lost, 1));
    let tender = &left(&order).tenders[0];
    assert_eq!((tender.disputed, tender.left), (amount("169.00"), amount("0.00")));
    assert_eq!(tender.refunded, amount("60.00"), "what is on its way stays so");
    // And it arrives.
    assert_eq!(last(&answered(order, 0, settled())).state, RefundState::Succeeded);
}

#[test]
fn a_refund_above_what_is_not_disputed_is_refused_with_the_figures() {
    let order = with(ready(checkout()), disputed("dp-1", "30.00", Open, 1));
    for (request, asked) in
        [(total("55.01"), "55.01"), (full(), "85.00"), (goodwill("56"), "56.00")]
    {
        let refused = refusal(&order, request);
        assert_eq!(refused.reason, Reason::AmountExceedsRefundable);
        let text = format!(
            "{asked} GBP asked of the captured money, 55.00 GBP is left; 30.00 GBP is disputed"
        );
        assert_eq!(refused.message, text);
        for (key, expected) in [
            ("asked", asked),
            ("left", "55.00"),
            ("disputed", "30.00"),
            ("left_tender_card", "55.00"),
            ("disputed_tender_card", "30.00"),
        ] {
            assert_eq!(figure(&refused, key), Some(expected), "{key}");
        }
    }
    assert_eq!(last(&refunded(order, total("55.00"))).total.customer, amount("55.00"));
}

#[test]
fn what_is_disputed_of_one_tender_goes_over_no_other() {
    let order = ready(NewOrder {
        tenders: vec![
            tender("voucher", TenderMethod::GiftCard, amount("30.00")),
            tender("card", TenderMethod::Card, amount("55.00")),
        ],
        ..checkout()
    });
    let order = with(order, disputed("dp-1", "50.00", Open, 1));
    let order = refunded(order, total("35.00"));
    let legs: Vec<_> = last(&order).legs.iter().map(|leg| leg.amount).collect();
    assert_eq!(legs, [amount("30.00"), amount("5.00")]);
    assert_eq!(refusal(&order, total("0.01")).reason, Reason::AmountExceedsRefundable);
}

#[test]
fn a_dispute_holds_all_tenders_that_are_the_same_payment() {
    let half = |tender_id: &str, share: &str| NewTender {
        provider_reference: "payment-1".to_owned(),
        ..tender(tender_id, TenderMethod::Card, amount(share))
    };
    let order = ready(NewOrder {
        tenders: vec![
            tender("another", TenderMethod::Card, amount("5.00")),
            half("card", "30.00"),
            half("rest", "50.00"),
        ],
        ..checkout()
    });
    let of = |order: &Order| -> Vec<_> {
        left(order).tenders.iter().map(|it| (it.disputed, it.left)).collect()
    };
    let part = with(order.clone(), disputed("dp-1", "40.00", Open, 1));
    let expected = [("0", "5"), ("30", "0"), ("10", "40")];
    assert_eq!(of(&part), expected.map(|(held, left)| (amount(held), amount(left))));
    let more = with(order, disputed("dp-1", "90.00", Lost, 1));
    let expected = [("0", "5"), ("40", "0"), ("50", "0")];
    assert_eq!(of(&more), expected.map(|(held, left)| (amount(held), amount(left))));
}

#[test]
fn a_failed_refund_is_not_retried_with_what_is_disputed() {
    let order = refunded(ready(checkout()), products([pieces("shirt", 3)]));
    let order = answered(order, 0, declined());
    let order = with(order, disputed("dp-1", "30.00", Open, 1));
    let refund_id = last(&order).refund_id;
    let refused = order.decide(retry(refund_id)).unwrap_err();
    assert_eq!(refused.reason, Reason::AmountExceedsRefundable);
    let text = "60 of tender card is needed again, 55 is left, 30 is disputed";
    assert_eq!(refused.message, text);
    assert_eq!(figure(&refused, "disputed"), Some("30"));
    let order = with(order, disputed("dp-1", "30.00", Won, 2));
    assert!(order.decide(retry(refund_id)).is_ok());
}

#[test]
fn a_full_refund_sets_off_what_the_bank_gave_back() {
    let order = with(ready(checkout()), disputed("dp-1", "30.00", Lost, 1));
    let order = refunded(order, full());
    let refund = last(&order);
    assert_eq!(refund.total, pair("55.00", "66.00"));
    assert_eq!(components(refund)[3], ("ServiceGesture", pair("-30.00", "-36.00")));
    assert!(left(&order).tenders[0].left.is_zero());
}

/// Processing stops whatever the bank decides.
#[test]
fn a_cancellation_goes_through_and_gives_back_what_is_not_disputed() {
    for state in [Open, Lost] {
        let order = with(ready(checkout()), disputed("dp-1", "30.00", state, 1));
        let order = decided(order, Command::CancelOrder(Box::new(cancel([]))));
        assert_eq!(last(&order).total.customer, amount("55.00"), "{state:?}");
    }
}

/// Its cancellation gave back what was free then, and nothing else asks for the rest.
#[test]
fn what_a_dispute_frees_after_a_cancellation_goes_back() {
    for (before, fee, of, back, merchant) in [
        (Open, None, "30.00", "30.00", "36.00"),
        (Lost, None, "30.00", "30.00", "36.00"),
        // More than was captured was contested.
        (Open, None, "99.00", "85.00", "102.00"),
        // The fee is the merchant's.
        (Open, Some("5.00"), "30.00", "30.00", "36.00"),
    ] {
        let order = with(ready(checkout()), disputed("dp-1", of, before, 1));
        let charges = Charges { fee: fee.map(decimal), ..Charges::default() };
        let order =
            decided(order, Command::CancelOrder(Box::new(CancelOrder { charges, ..cancel([]) })));
        let won = decided(order.clone(), won("dp-1", of));
        let refund = last(&won);
        assert_eq!(refund.total, pair(back, merchant), "{before:?} {of} {fee:?}");
        assert_eq!(components(refund), [("ServiceGesture", pair(back, merchant))]);
        assert_eq!(left(&won).tenders[0].left, amount(fee.unwrap_or("0.00")));
        // Once: the same again is no news, and what is won twice over is not given back again.
        assert!(won.decide(self::won("dp-1", of)).unwrap().is_empty());
        let again = decided(with(won, disputed("dp-1", of, Lost, 3)), won_at("dp-1", of, 4));
        assert_eq!(again.refunds.len(), order.refunds.len() + 1);
    }
}

#[test]
fn what_a_dispute_frees_after_a_full_refund_goes_back() {
    let order = with(ready(checkout()), disputed("dp-1", "30.00", Lost, 1));
    let order = decided(refunded(order, full()), won("dp-1", "30.00"));
    assert_eq!(last(&order).total, pair("30.00", "36.00"));
    assert!(left(&order).tenders[0].left.is_zero());
}

/// Whatever the last word says of its amount, in whichever sequence the words come.
#[test]
fn what_a_dispute_held_goes_back_however_often_its_amount_is_told() {
    let cancelled = || {
        let order = with(ready(checkout()), disputed("dp-1", "50.00", Open, 1));
        decided(order, Command::CancelOrder(Box::new(cancel([]))))
    };
    for words in [
        &[("30.00", 2), ("50.00", 3)][..],
        &[("50.00", 3), ("30.00", 2)],
        &[("30.00", 2)],
        &[("99.00", 2), ("30.00", 3)],
    ] {
        let order = words
            .iter()
            .fold(cancelled(), |order, (of, second)| decided(order, won_at("dp-1", of, *second)));
        let back: Vec<_> = order.refunds[1..].iter().map(|it| it.total.customer).collect();
        assert_eq!(back, [amount("50.00")], "{words:?}");
        assert!(left(&order).tenders[0].left.is_zero());
    }
}

/// Nothing was set off for it, so what stands is not its own.
#[test]
fn a_dispute_that_was_won_before_it_was_heard_of_makes_no_refund() {
    let order = with(ready(checkout()), disputed("dp-1", "30.00", Lost, 1));
    let order = refunded(order, full());
    // Somebody else made it so that this is not given back by itself.
    let order = with(order, disputed("dp-1", "30.00", Won, 2));
    let order = decided(order, won_at("dp-2", "20.00", 3));
    assert_eq!((order.refunds.len(), left(&order).tenders[0].left), (1, amount("30.00")));
    assert_eq!(order.disputes[1].state, Won);
}

/// And not by letting go of what the fee keeps of an authorisation.
#[test]
fn what_a_dispute_frees_goes_back_over_its_own_payment() {
    let part = |tender_id: &str, payment: &str, share: &str| NewTender {
        provider_reference: payment.to_owned(),
        ..tender(tender_id, TenderMethod::Card, amount(share))
    };
    let held = part("held", "payment-2", "25.00");
    let held = NewTender { state: TenderState::Authorized, ..held };
    let order = ready(NewOrder {
        tenders: vec![held, part("rest", "payment-1", "20.00"), part("card", "payment-1", "40.00")],
        ..checkout()
    });
    let order = with(order, disputed("dp-1", "50.00", Open, 1));
    let policy = RefundPolicy { tender_order: TenderOrder::ProRata, ..policy() };
    let charges = Charges { fee: Some(decimal("7.00")), ..Charges::default() };
    let mut cancelled = CancelOrder { charges, ..cancel([]) };
    cancelled.policy.refund = policy.clone();
    let order = decided(order, Command::CancelOrder(Box::new(cancelled)));
    assert_eq!(left(&order).tenders[0].uncaptured, amount("5.00"));
    let won = SettleDispute { policy, ..settle("dp-1", "50.00", 2) };
    let order = decided(order, Command::SettleDispute(Box::new(won)));
    assert_eq!(last(&order).total.customer, amount("45.00"));
    let legs: Vec<_> =
        last(&order).legs.iter().map(|it| (it.kind, it.tender_id.as_str())).collect();
    assert_eq!(legs, [(LegKind::Refund, "rest"), (LegKind::Refund, "card")]);
}

#[test]
fn what_a_dispute_frees_stays_where_it_can_be_asked_for() {
    let order = with(ready(checkout()), disputed("dp-1", "30.00", Open, 1));
    let order = decided(refunded(order, total("55.00")), won("dp-1", "30.00"));
    assert_eq!((order.refunds.len(), left(&order).tenders[0].left), (1, amount("30.00")));
}

#[test]
fn every_refusal_of_a_dispute() {
    let order = with(ready(checkout()), disputed("dp-1", "30.00", Open, 1));
    let of = |tender: &str, report: DisputeReport| DisputeReport {
        tender_id: tender.parse().unwrap(),
        ..report
    };
    let open = |name: &str, of: &str| disputed(name, of, Open, 1);
    for (report, reason, field) in [
        (of("other", open("dp-2", "1")), Reason::UnknownTender, ""),
        (open("dp-2", "0"), Reason::InvalidAmount, "amount"),
        (open("dp-2", "-1"), Reason::InvalidAmount, "amount"),
        (open("dp-2", "0.001"), Reason::InvalidAmount, "amount"),
        (open("dp-1", "0"), Reason::InvalidAmount, "amount"),
    ] {
        let refused = order.decide(Command::RecordDispute(report)).unwrap_err();
        assert_eq!((refused.reason, blamed(&refused)), (reason, field), "{refused}");
    }
    // Known of another tender.
    let second = NewOrder {
        tenders: vec![
            tender("card", TenderMethod::Card, amount("80.00")),
            tender("other", TenderMethod::Card, amount("5.00")),
        ],
        ..checkout()
    };
    let order = with(ready(second), open("dp-1", "30.00"));
    let report = of("other", open("dp-1", "30.00"));
    let refused = order.decide(Command::RecordDispute(report)).unwrap_err();
    assert_eq!((refused.reason, blamed(&refused)), (Reason::InvalidFields, "tender_id"));
    // So many and no more; what is known of is heard of all the same.
    let mut order = order;
    let one = order.disputes[0].clone();
    order.disputes = (0..Order::MAX_DISPUTES)
        .map(|place| Dispute { dispute_id: format!("dp-{place}").parse().unwrap(), ..one.clone() })
        .collect();
    let refused = order.decide(Command::RecordDispute(open("new", "1"))).unwrap_err();
    assert_eq!(refused.reason, Reason::TooManyEntries);
    assert!(order.decide(Command::RecordDispute(disputed("dp-7", "30.00", Won, 2))).is_ok());
}

#[test]
fn what_is_told_of_a_dispute() {
    let order = ready(checkout());
    let facts = order.decide(Command::RecordDispute(disputed("dp-1", "30.00", Lost, 1))).unwrap();
    let names: Vec<_> = facts.iter().map(Fact::name).collect();
    assert_eq!(names, ["dispute.opened", "dispute.lost"], "one that is over was opened");
    let order = facts.iter().fold(order, Order::evolve);
    assert_eq!(order.published, 3);
    for (fact, state) in facts.iter().zip(["DISPUTE_STATE_OPEN", "DISPUTE_STATE_LOST"]) {
        let told = Told::of(fact, &order).unwrap();
        assert_eq!(told.entity_id, "dp-1");
        let (dispute_id, tender_id) = ("dp-1".to_owned(), "card".to_owned());
        let (amount, currency) = ("30.00".to_owned(), "GBP".to_owned());
        let state = state.to_owned();
        assert_eq!(told.data, Data::Dispute { dispute_id, tender_id, amount, currency, state });
    }
}

#[test]
fn of_all_that_is_said_of_a_dispute_one_word_counts() {
    let report = |state, second, of: &str| disputed("dp-1", of, state, second);
    #[rustfmt::skip]
    let table = [
        // The same again.
        (report(Open, 1, "3"), report(Open, 1, "3"), Open, "3", 0),
        // A later amount, and a larger one of the same time.
        (report(Open, 1, "3"), report(Open, 2, "2"), Open, "2", 1),
        (report(Open, 1, "3"), report(Open, 1, "4"), Open, "4", 1),
        // Over is over, whatever the clock says.
        (report(Open, 9, "3"), report(Won, 1, "3"), Won, "3", 1),
        (report(Lost, 1, "3"), report(Open, 9, "5"), Lost, "3", 0),
        // Of two last words the later, and of two at once that it is lost.
        (report(Won, 1, "3"), report(Lost, 2, "3"), Lost, "3", 1),
        (report(Lost, 1, "3"), report(Won, 2, "3"), Won, "3", 1),
        (report(Won, 1, "3"), report(Lost, 1, "3"), Lost, "3", 1),
        (report(Lost, 1, "3"), report(Won, 1, "9"), Lost, "3", 0),
    ];
    for (one, other, state, of, facts) in table {
        let order = with(ready(checkout()), one.clone());
        let decided = order.decide(Command::RecordDispute(other.clone())).unwrap();
        assert_eq!(decided.len(), facts, "{one:?}, then {other:?}");
        let order = decided.iter().fold(order, Order::evolve);
        let dispute = &order.disputes[0];
        assert_eq!((dispute.state, dispute.amount), (state, amount(of)), "{one:?}, then {other:?}");
        assert_eq!(dispute.opened_at, one.as_of.min(other.as_of));
        let the_other_way = with(with(ready(checkout()), other), one);
        assert_eq!(the_other_way.disputes, order.disputes);
    }
}

#[test]
fn what_only_the_audit_trail_has_to_know_is_not_told() {
    let order = with(ready(checkout()), disputed("dp-1", "30.00", Open, 2));
    let facts = order.decide(Command::RecordDispute(disputed("dp-1", "30.00", Open, 1))).unwrap();
    assert_eq!(facts.iter().map(Fact::name).collect::<Vec<_>>(), ["dispute.updated"]);
    assert!(!facts[0].is_public());
    let order = facts.iter().fold(order, Order::evolve);
    assert_eq!(order.disputes[0].opened_at, disputed("dp-1", "1", Open, 1).as_of);
}

#[test]
fn states_have_stable_names() {
    let names = DisputeState::ALL.map(DisputeState::name);
    assert_eq!(names, ["OPEN", "WON", "LOST"]);
}

fn won(name: &str, of: &str) -> Command {
    won_at(name, of, 2)
}

fn won_at(name: &str, of: &str, second: i64) -> Command {
    Command::SettleDispute(Box::new(settle(name, of, second)))
}

fn settle(name: &str, of: &str, second: i64) -> SettleDispute {
    SettleDispute {
        report: disputed(name, of, Won, second),
        refund: refund_ids(50 + u128::from(second.unsigned_abs())),
        at: OffsetDateTime::UNIX_EPOCH,
        by: merchant(),
        policy: policy(),
    }
}

fn with(order: Order, report: DisputeReport) -> Order {
    decided(order, Command::RecordDispute(report))
}
