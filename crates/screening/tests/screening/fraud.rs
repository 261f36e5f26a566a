use crate::build::{File, NOON, address, opinion, order, person, said};
use domain::{
    order::{Order, Personal},
    screening::{Finding, Verdict},
};
use ports::{Commit, OrderChange, Store as _};
use screening::{FraudRules, ListSource};
use std::sync::Arc;
use store_memory::MemoryStore;
use time::Duration;

fn rules(text: &str) -> FraudRules {
    on(Arc::default(), text)
}

fn on(store: Arc<MemoryStore>, text: &str) -> FraudRules {
    let file = File::new("rules.toml", text);
    FraudRules::open(file.source(), store).unwrap()
}

fn rule(conditions: &str) -> String {
    format!("[[rule]]\nname = \"it\"\noutcome = \"REVIEW\"\n{conditions}\n")
}

async fn fires(conditions: &str, order: &Order, personal: &Personal) -> bool {
    let (verdict, named) = said(&rules(&rule(conditions)), order, personal).await;
    assert_eq!(verdict == Verdict::Review, named == ["it"], "{conditions}");
    verdict == Verdict::Review
}

#[tokio::test]
async fn every_condition_by_itself() {
    let order = order("O-1", NOON);
    let mut personal = person("A Buyer", "Someone@Mail.Example.COM");
    personal.billing_address = Some(address("A Buyer", "FR"));
    for (conditions, expected) in [
        // The order comes to 100.00 USD and 90.00 EUR.
        ("amount_over = { amount = \"99.99\", currency = \"USD\" }", true),
        ("amount_over = { amount = \"100.00\", currency = \"USD\" }", false),
        ("amount_over = { amount = \"89.9999\", currency = \"EUR\" }", true),
        ("amount_over = { amount = \"90\", currency = \"EUR\" }", false),
        ("amount_over = { amount = \"1\", currency = \"JPY\" }", false),
        ("destinations = [\"AT\", \"DE\"]", true),
        ("destinations = [\"AT\"]", false),
        ("tender_methods = [\"CARD\"]", true),
        ("tender_methods = [\"CASH_ON_DELIVERY\"]", false),
        ("email_domains = [\"mail.example.com\"]", true),
        ("email_domains = [\"Example.com\"]", true),
        ("email_domains = [\"ample.com\"]", false),
        ("email_domains = [\"other.example\"]", false),
        ("countries_differ = true", true),
        // Every condition has to hold.
        ("countries_differ = true\ndestinations = [\"AT\"]", false),
        ("countries_differ = true\ndestinations = [\"DE\"]", true),
    ] {
        assert_eq!(fires(conditions, &order, &personal).await, expected, "{conditions}");
    }
    personal.shipping_address = Some(address("A Buyer", "FR"));
    assert!(!fires("countries_differ = true", &order, &personal).await);
}

#[tokio::test]
async fn what_is_not_known_of_anybody_does_not_hold() {
    let order = order("O-1", NOON);
    for personal in [Personal::default(), person("A Buyer", "no address")] {
        for conditions in ["countries_differ = true", "email_domains = [\"example.com\"]"] {
            assert!(!fires(conditions, &order, &personal).await, "{conditions}");
        }
    }
    let velocity = "velocity = { orders = 1, within_hours = 1 }";
    assert!(!fires(velocity, &order, &Personal::default()).await);
}

#[tokio::test]
async fn a_buyers_orders_are_counted_in_their_window() {
    let store = Arc::new(MemoryStore::default());
    let personal = person("A Buyer", "Buyer@example.com");
    let rules = on(store.clone(), &rule("velocity = { orders = 2, within_hours = 24 }"));
    for (number, hours_ago, expected) in [
        (1, 50, Verdict::Clear),
        (2, 20, Verdict::Clear),
        (3, 10, Verdict::Clear),
        (4, 0, Verdict::Review),
    ] {
        let order = order(&format!("O-{number}"), NOON - Duration::hours(hours_ago));
        place(&store, &order, &personal).await;
        assert_eq!(said(&rules, &order, &personal).await.0, expected, "{number}");
    }
}

/// An order may wait for its payment for days, and its buyer buy on meanwhile.
#[tokio::test]
async fn the_window_ends_when_the_order_was_made_however_late_it_is_looked_at() {
    let store = Arc::new(MemoryStore::default());
    let personal = person("A Buyer", "buyer@example.com");
    let rules = on(store.clone(), &rule("velocity = { orders = 2, within_hours = 24 }"));
    let made = [
        ("first", -100, Verdict::Clear),
        ("second", -90, Verdict::Clear),
        ("third", -80, Verdict::Review),
        ("fourth", -1, Verdict::Clear),
        ("fifth", 0, Verdict::Clear),
    ];
    let order_of = |id: &str, hours: i64| order(id, NOON + Duration::hours(hours));
    for (id, hours, _) in &made {
        place(&store, &order_of(id, *hours), &personal).await;
    }
    for (id, hours, expected) in &made {
        assert_eq!(said(&rules, &order_of(id, *hours), &personal).await.0, *expected, "{id}");
    }
    // One that was made with it counts, one that was made after it does not.
    place(&store, &order_of("after-it", 1), &personal).await;
    assert_eq!(said(&rules, &order_of("fifth", 0), &personal).await.0, Verdict::Clear);
    place(&store, &order_of("with-it", 0), &personal).await;
    assert_eq!(said(&rules, &order_of("fifth", 0), &personal).await.0, Verdict::Review);
}

#[tokio::test]
async fn blanks_and_case_make_no_other_buyer() {
    let store = Arc::new(MemoryStore::default());
    let conditions = "velocity = { orders = 2, within_hours = 24 }\n\
                      email_domains = [\" Example.com \"]";
    let rules = on(store.clone(), &rule(conditions));
    let written = ["buyer@example.com", " Buyer@Example.com", "BUYER@EXAMPLE.COM\t "];
    for (number, email) in written.into_iter().enumerate() {
        place(&store, &order(&format!("O-{number}"), NOON), &person("A Buyer", email)).await;
    }
    for email in written {
        let seen = said(&rules, &order("O-1", NOON), &person("A Buyer", email)).await;
        assert_eq!(seen.0, Verdict::Review, "{email:?}");
    }
}

async fn place(store: &MemoryStore, order: &Order, personal: &Personal) {
    let received = domain::order::Fact::OrderReceived { order: Box::new(order.clone()) };
    let mut commit = Commit::new(NOON, domain::Actor::worker("test"));
    commit.orders.push(OrderChange::create(received, personal.clone()).unwrap());
    store.commit(commit).await.unwrap();
}

#[tokio::test]
async fn one_that_fails_is_told_before_any_number_for_a_person() {
    let rule = |name: &str, outcome: &str| {
        format!("[[rule]]\nname = \"{name}\"\noutcome = \"{outcome}\"\ndestinations = [\"DE\"]\n")
    };
    let mut text: String = (0..Finding::MAX).map(|it| rule(&it.to_string(), "REVIEW")).collect();
    text += &rule("last", "FAILED");
    let (verdict, named) = said(&rules(&text), &order("O-1", NOON), &Personal::default()).await;
    assert_eq!((verdict, named[0].as_str(), named[1].as_str()), (Verdict::Failed, "last", "0"));
}

#[tokio::test]
async fn the_worst_outcome_counts_and_all_that_spoke_are_named() {
    let text = "[[rule]]\nname = \"a\"\noutcome = \"FAILED\"\ndestinations = [\"DE\"]\n\
                [[rule]]\nname = \"b\"\noutcome = \"REVIEW\"\ndestinations = [\"DE\"]\n\
                [[rule]]\nname = \"c\"\noutcome = \"FAILED\"\ndestinations = [\"AT\"]\n";
    let (verdict, named) = said(&rules(text), &order("O-1", NOON), &Personal::default()).await;
    assert_eq!((verdict, named), (Verdict::Failed, vec!["a".to_owned(), "b".to_owned()]));
}

#[tokio::test]
async fn findings_name_nobody() {
    let mut personal = person("Ada Lovelace", "ada.lovelace@disposable.example");
    personal.billing_address = Some(address("Ada Lovelace", "FR"));
    let text = rule("countries_differ = true\nemail_domains = [\"disposable.example\"]");
    let findings = opinion(&rules(&text), &order("O-1", NOON), &personal).await.findings;
    assert_eq!(findings.len(), 1);
    let said = format!("{findings:?}").to_lowercase();
    assert!(!said.contains("ada") && !said.contains("lovelace"), "{said}");
    assert!(said.contains("billed in fr and sent to de"), "{said}");
}

#[test]
fn every_fault_of_a_file_is_named() {
    let open = |text: &str| {
        let file = File::new("rules.toml", text);
        let opened = FraudRules::open(file.source(), Arc::<MemoryStore>::default());
        opened.err().unwrap().to_string()
    };
    let two = open(
        "[[rule]]\nname = \"a\"\noutcome = \"SHRUG\"\ndestinations = [\"Germany\"]\n\
         [[rule]]\nname = \"a\"\noutcome = \"REVIEW\"\n",
    );
    for expected in [
        "rule 1 (a) has the outcome \"SHRUG\"",
        "rule 1 (a) has the destination \"Germany\"",
        "rule 2 (a) needs a name of its own",
        "rule 2 (a) has no condition",
    ] {
        assert!(two.contains(expected), "{two}");
    }
    assert!(open("[[rule]]\nnam = 1").contains("unknown field"));
    assert!(
        open(&rule("amount_over = { amount = \"1e3\", currency = \"EUR\" }")).contains("amount")
    );
    assert!(open(&rule("velocity = { orders = 0, within_hours = 1 }")).contains("counts up to"));
    let missing = ListSource::File("/nowhere/rules.toml".into());
    let opened = FraudRules::open(missing, Arc::<MemoryStore>::default());
    assert!(opened.err().unwrap().to_string().contains("cannot be read"));
}

#[tokio::test]
async fn the_demo_has_rules() {
    let store = Arc::<MemoryStore>::default();
    let rules = FraudRules::open(ListSource::Demo, store).unwrap();
    let personal = person("A Buyer", "someone@disposable.example");
    let said = said(&rules, &order("O-1", NOON), &personal).await;
    assert_eq!(said, (Verdict::Review, vec!["disposable-mail".to_owned()]));
}
