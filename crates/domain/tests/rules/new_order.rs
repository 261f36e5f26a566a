//! What checkout hands over has to add up.

use crate::build::{amount, checkout, checkout_of, line, pair, ready, received, tender};
use domain::{
    Amount, Pair, Reason,
    order::{NewLine, NewOrder, Order, OrderState, TenderMethod, TenderState},
    screening::Screening,
};
use time::OffsetDateTime;

#[test]
fn an_order_that_adds_up_is_received() {
    let order = received(checkout());
    assert_eq!(order.state, OrderState::Received);
    assert_eq!(order.totals(), Ok(pair("85.00", "102.00")));
    assert_eq!(order.tenders[0].captured, amount("85.00"));
}

#[test]
fn everything_that_is_wrong_is_named_at_once() {
    let mut order = checkout();
    order.lines.push(NewLine { quantity: 0, ..line("shirt", 1, pair("0", "1.00")) });
    order.lines[2].duties = Some(pair("0", "2.00"));
    order.shipping = pair("0", "3.00");
    order.duties = pair("0", "4.00");
    order.tenders.push(tender("card", TenderMethod::Points, amount("1.00")));
    assert_eq!(
        violations(order),
        [
            "order.lines[2].cart_item_id must be unique within the order",
            "order.lines[2].quantity must be at least 1",
            "order.lines[2].total.merchant must be 0 where the customer amount is 0",
            "order.shipping.merchant must be 0 where the customer amount is 0",
            "order.duties.merchant must be 0 where the customer amount is 0",
            "order.tenders[1].tender_id must be unique within the order",
            "order.tenders must add up to lines, shipping and duties: tenders are 86, the order is 70 GBP",
            "order.lines must give duties for every line or for none",
        ]
    );
}

#[test]
fn tenders_pay_exactly_the_order() {
    for (paid, adds_up) in [("84.99", false), ("85.00", true), ("85.01", false)] {
        let tenders = vec![tender("card", TenderMethod::Card, amount(paid))];
        assert_eq!(violations(NewOrder { tenders, ..checkout() }).is_empty(), adds_up, "{paid}");
    }
    assert!(!violations(NewOrder { tenders: Vec::new(), ..checkout() }).is_empty());
    let free = checkout_of(vec![line("gift", 1, Pair::ZERO)]);
    assert!(violations(NewOrder { tenders: Vec::new(), ..free }).is_empty());
}

#[test]
fn duties_given_per_line_are_the_orders() {
    let with = |first: Option<Pair>, second: Option<Pair>| {
        let mut order = checkout();
        (order.lines[0].duties, order.lines[1].duties) = (first, second);
        order
    };
    let order = with(Some(pair("1.00", "8.40")), Some(pair("6.00", "0")));
    let lines = received(order).lines;
    assert_eq!([lines[0].duties, lines[1].duties], [pair("1.00", "8.40"), pair("6.00", "0")]);

    assert_eq!(
        violations(with(Some(pair("7.00", "8.40")), None)),
        ["order.lines must give duties for every line or for none"]
    );
    for other in [pair("6.01", "0"), pair("6.00", "0.01")] {
        let wrong = violations(with(Some(pair("1.00", "8.40")), Some(other)));
        assert_eq!(wrong.len(), 1);
        assert!(wrong[0].starts_with("order.duties must be the sum of the lines' duties"));
    }
}

#[test]
fn duties_are_spread_by_customer_value_and_ties_go_to_the_earlier() {
    let duties = |lines: Vec<NewLine>, duties: Pair| -> Vec<Pair> {
        let order = checkout_of(lines);
        let paid = order.tenders[0].amount.plus(duties.customer).unwrap();
        let tenders = vec![tender("card", TenderMethod::Card, paid)];
        ready(NewOrder { duties, tenders, ..order }).lines.iter().map(|line| line.duties).collect()
    };
    let one = |id: &str| line(id, 1, pair("1.00", "1.00"));
    assert_eq!(
        duties(vec![one("a"), one("b"), one("c")], pair("0.05", "0.04")),
        [pair("0.02", "0.02"), pair("0.02", "0.01"), pair("0.01", "0.01")]
    );
    let dear = line("d", 1, pair("98.00", "1.00"));
    assert_eq!(
        duties(vec![one("a"), one("b"), dear], pair("0.01", "1.00")),
        [pair("0", "0.01"), pair("0", "0.01"), pair("0.01", "0.98")]
    );
    // Where everything is free, everything weighs the same.
    let free = |id: &str| line(id, 1, Pair::ZERO);
    assert_eq!(
        duties(vec![free("a"), free("b")], pair("0.03", "0.03")),
        [pair("0.02", "0.02"), pair("0.01", "0.01")]
    );
}

#[test]
fn an_order_is_at_most_the_largest_amount_in_both_currencies() {
    let most = Pair::new(Amount::MAX, Amount::MAX);
    assert!(violations(checkout_of(vec![line("a", 1, most)])).is_empty());
    for other in
        [Pair::new(amount("0.01"), Amount::ZERO), Pair::new(amount("0.01"), amount("0.01")), most]
    {
        let wrong = violations(checkout_of(vec![line("a", 1, most), line("b", 1, other)]));
        assert_eq!(wrong, ["order must come to at most 1000000000000"]);
    }
    let merchant = Pair::new(amount("0.01"), Amount::MAX);
    let wrong = violations(checkout_of(vec![line("a", 1, merchant), line("b", 1, merchant)]));
    assert_eq!(wrong, ["order must come to at most 1000000000000"]);
}

#[test]
fn a_sum_that_cannot_be_represented_is_a_fault_and_no_panic() {
    let huge = Amount::from_ten_thousandths(i64::MAX);
    let tenders = vec![tender("card", TenderMethod::Card, huge); 2];
    let line = |id: &str| line(id, 1, Pair::new(huge, huge));
    let order = NewOrder { lines: vec![line("a"), line("b")], tenders, ..checkout() };
    assert_eq!(
        violations(order),
        [
            "order.tenders[1].tender_id must be unique within the order",
            "order must be at most 1000000000000"
        ]
    );
}

#[test]
fn an_order_has_so_many_lines_and_tenders() {
    assert!(violations(checkout_of(Vec::new()))[0].starts_with("order.lines must be 1 to 500"));
    let lines = |count: usize| -> Vec<NewLine> {
        (0..count).map(|id| line(&id.to_string(), 1, pair("1", "1"))).collect()
    };
    assert!(violations(checkout_of(lines(Order::MAX_LINES))).is_empty());
    assert_eq!(violations(checkout_of(lines(Order::MAX_LINES + 1))).len(), 1);
    let tenders = (0..=Order::MAX_TENDERS)
        .map(|id| tender(&id.to_string(), TenderMethod::Card, Amount::ZERO))
        .chain([tender("card", TenderMethod::Card, amount("85.00"))])
        .collect();
    assert_eq!(
        violations(NewOrder { tenders, ..checkout() }),
        ["order.tenders must be at most 20"]
    );
}

#[test]
fn a_tender_starts_as_checkout_says() {
    for (state, authorized, captured) in [
        (TenderState::Pending, "0", "0"),
        (TenderState::Authorized, "85.00", "0"),
        (TenderState::Captured, "85.00", "85.00"),
        (TenderState::Failed, "0", "0"),
    ] {
        let mut order = checkout();
        order.tenders[0].state = state;
        let tender = &received(order).tenders[0];
        assert_eq!(
            (tender.authorized, tender.captured),
            (amount(authorized), amount(captured)),
            "{}",
            state.name()
        );
    }
}

fn violations(order: NewOrder) -> Vec<String> {
    match order.receive("demo".parse().unwrap(), &Screening::default(), OffsetDateTime::UNIX_EPOCH)
    {
        Ok(_) => Vec::new(),
        Err(refused) => {
            assert_eq!(refused.reason, Reason::InvalidFields);
            refused.violations.iter().map(ToString::to_string).collect()
        }
    }
}
