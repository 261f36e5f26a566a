//! Which checks an order has to pass, and what their answers do.

use crate::build::{amount, checkout, currency, decided, merchant};
use domain::{
    Actor, Reason,
    order::{Command, Fact, NewOrder, Order, OrderState, TenderMethod},
    screening::{Check, CheckState, Finding, Least, Scope, Screening, Verdict},
};
use time::OffsetDateTime;

const AT: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

fn screened(order: NewOrder, screening: &Screening) -> Order {
    let fact = order.receive("demo".parse().unwrap(), screening, AT).unwrap();
    let Fact::OrderReceived { order } = fact else { panic!("an order is received") };
    *order
}

fn all() -> Screening {
    Screening { fraud: true, prohibited_goods: true, denied_party: true, scopes: Vec::new() }
}

fn record(check: Check, verdict: Verdict) -> Command {
    let findings = vec![Finding::new("rule-1", "it looks odd")];
    Command::RecordScreening { check, verdict, findings, by: Actor::worker("w"), at: AT }
}

fn resolve(check: Check, clear: bool) -> Command {
    let comment = "a customer of ten years".to_owned();
    Command::ResolveScreening { check, clear, comment, by: merchant(), at: AT }
}

const READY: Command = Command::MarkReady { plug_and_play: false };

#[test]
fn an_order_has_the_checks_that_its_store_wants() {
    let checks = |screening: &Screening| {
        screened(checkout(), screening).screening.into_iter().map(|it| it.check).collect::<Vec<_>>()
    };
    assert_eq!(checks(&Screening::default()), []);
    assert_eq!(checks(&all()), Check::ALL);
    let one = Screening { denied_party: true, ..Screening::default() };
    assert_eq!(checks(&one), [Check::DeniedParty]);
}

#[test]
fn a_check_is_narrowed_by_payment_destination_cart_and_value() {
    let scope = Scope {
        check: Check::Fraud,
        tender_methods: Vec::new(),
        destinations: Vec::new(),
        hs_prefixes: Vec::new(),
        minimum_total: None,
    };
    let mut order = checkout();
    order.lines[0].hs_code = Some("6109.10".into());
    order.lines[1].hs_code = Some("6115 95".into());
    let least = |text: &str, code: &str| Least { amount: amount(text), currency: currency(code) };
    let scopes = [
        (Scope { tender_methods: vec![TenderMethod::Card], ..scope.clone() }, true),
        (Scope { tender_methods: vec![TenderMethod::Points], ..scope.clone() }, false),
        (Scope { destinations: vec!["FR".into(), "GB".into()], ..scope.clone() }, true),
        (Scope { destinations: vec!["FR".into()], ..scope.clone() }, false),
        (Scope { hs_prefixes: vec!["6115".into()], ..scope.clone() }, true),
        (Scope { hs_prefixes: vec!["61.09".into()], ..scope.clone() }, true),
        (Scope { hs_prefixes: vec!["93".into()], ..scope.clone() }, false),
        // The order comes to 102.00 EUR.
        (Scope { minimum_total: Some(least("102.00", "EUR")), ..scope.clone() }, true),
        (Scope { minimum_total: Some(least("102.01", "EUR")), ..scope.clone() }, false),
        (Scope { minimum_total: Some(least("999.00", "USD")), ..scope.clone() }, true),
        (
            Scope { check: Check::DeniedParty, destinations: vec!["FR".into()], ..scope.clone() },
            true,
        ),
    ];
    for (narrowed, wanted) in &scopes {
        let screening =
            Screening { fraud: true, scopes: vec![narrowed.clone()], ..Screening::default() };
        let order = screened(order.clone(), &screening);
        assert_eq!(order.screened(Check::Fraud).is_some(), *wanted, "{narrowed:?}");
    }
    // All conditions of one scope, any scope of several.
    let [card, france] = [scopes[0].0.clone(), scopes[3].0.clone()];
    let both = Scope { destinations: france.destinations.clone(), ..card.clone() };
    for (scopes, wanted) in [(vec![both], false), (vec![card, france], true)] {
        let screening = Screening { fraud: true, scopes, ..Screening::default() };
        assert_eq!(screened(order.clone(), &screening).screening.len(), usize::from(wanted));
    }
    // What no code is known of is not let through unseen.
    order.lines[0].hs_code = None;
    let screening =
        Screening { fraud: true, scopes: vec![scopes[6].0.clone()], ..Screening::default() };
    assert_eq!(screened(order, &screening).screening.len(), 1);
}

/// A dot is a refusal, a number says how many facts there are.
#[test]
fn every_answer_against_every_state_of_a_check() {
    #[rustfmt::skip]
    let table = [
        //                    clear review failed resolve ready
        (CheckState::Pending, "1 1 1 . ."),
        (CheckState::Clear,   "0 0 0 . 1"),
        (CheckState::Review,  "0 0 0 1 ."),
        (CheckState::Failed,  "0 0 0 . ."),
    ];
    assert_eq!(table.map(|(state, _)| state), CheckState::ALL);
    let check = Check::ProhibitedGoods;
    let screening = Screening { prohibited_goods: true, ..Screening::default() };
    for (state, row) in table {
        let mut order = screened(checkout(), &screening);
        order.screening[0].state = state;
        let verdicts = [Verdict::Clear, Verdict::Review, Verdict::Failed];
        let commands = verdicts.map(|verdict| record(check, verdict)).into_iter();
        let commands = commands.chain([resolve(check, true), READY]);
        let seen: Vec<String> = commands
            .map(|it| order.decide(it).map_or(".".to_owned(), |facts| facts.len().to_string()))
            .collect();
        assert_eq!(seen.join(" "), row, "{}", state.name());
    }
}

#[test]
fn only_an_order_that_is_received_is_screened() {
    for state in OrderState::ALL {
        let order = Order { state, ..screened(checkout(), &all()) };
        let recorded = order.decide(record(Check::Fraud, Verdict::Clear));
        assert_eq!(recorded.is_ok(), state == OrderState::Received, "{}", state.name());
        let mut order = order;
        order.screening[0].state = CheckState::Review;
        let resolved = order.decide(resolve(Check::Fraud, true));
        assert_eq!(resolved.is_ok(), state == OrderState::Received, "{}", state.name());
    }
}

#[test]
fn a_review_is_public_and_an_order_goes_on_once_every_check_is_clear() {
    let order = screened(checkout(), &all());
    assert_eq!(order.decide(READY).unwrap_err().reason, Reason::OrderNotReady);
    let order = decided(order, record(Check::Fraud, Verdict::Clear));
    let facts = order.decide(record(Check::ProhibitedGoods, Verdict::Review)).unwrap();
    assert_eq!((facts[0].name(), facts[0].is_public()), ("order.screening_review", true));
    let order = decided(order, record(Check::ProhibitedGoods, Verdict::Review));
    let order = decided(order, record(Check::DeniedParty, Verdict::Clear));
    let refused = order.decide(READY).unwrap_err();
    assert_eq!(refused.value("check"), Some("PROHIBITED_GOODS"));
    assert_eq!(refused.value("check_state"), Some("REVIEW"));
    let order = decided(order, resolve(Check::ProhibitedGoods, true));
    let screened = order.screened(Check::ProhibitedGoods).unwrap();
    assert_eq!(screened.comment.as_deref(), Some("a customer of ten years"));
    assert_eq!(screened.by, Some(merchant()));
    assert_eq!(screened.findings, [Finding::new("rule-1", "it looks odd")]);
    assert_eq!(decided(order, READY).state, OrderState::Ready);
}

#[test]
fn findings_have_an_end() {
    let order = screened(checkout(), &all());
    let mut findings = vec![Finding::new("r".repeat(999), "t".repeat(999)); 99];
    findings.insert(0, Finding::new("worst", "the worst comes first"));
    let (check, verdict, by) = (Check::Fraud, Verdict::Failed, Actor::worker("w"));
    let command = Command::RecordScreening { check, verdict, findings, by, at: AT };
    let screened = decided(order, command).screened(check).unwrap().clone();
    assert_eq!((screened.state, screened.findings[0].rule.as_str()), (CheckState::Failed, "worst"));
    assert_eq!(screened.findings.len(), Finding::MAX);
    let kept = &screened.findings[1..];
    assert_eq!((kept[0].rule.len(), kept[0].text.len()), (Finding::MAX_TEXT, Finding::MAX_TEXT));
}
