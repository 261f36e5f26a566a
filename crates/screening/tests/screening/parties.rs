use crate::build::{File, NOON, address, opinion, order, person, said};
use domain::screening::Verdict;
use screening::{DeniedParties, Likeness};

const LIST: &str = "id,name,aliases,country\n\
    1,Ivan Petrovich Sidorenko,Vanya Sidorenko;\u{418}\u{432}\u{430}\u{43d} \u{421}\u{438}\u{434}\u{43e}\u{440}\u{435}\u{43d}\u{43a}\u{43e},XR\n\
    2,Zolt\u{e1}n K\u{e1}rp\u{e1}thy,,XB\n\
    3,\"Strelsau Trading Co., Ltd.\",,XR\n\
    4,Wang Xiaoming,,XC\n";

fn parties() -> DeniedParties {
    let file = File::new("sanctions.csv", LIST);
    DeniedParties::open(vec![file.source()], Likeness::percent(84)).unwrap()
}

#[tokio::test]
async fn names_are_found_however_they_are_written() {
    let parties = parties();
    for (name, expected) in [
        ("Ivan Petrovich Sidorenko", Some((Verdict::Failed, "1"))),
        ("SIDORENKO, Ivan Petrovich", Some((Verdict::Failed, "1"))),
        (
            "\u{418}\u{432}\u{430}\u{43d} \u{421}\u{438}\u{434}\u{43e}\u{440}\u{435}\u{43d}\u{43a}\u{43e}",
            Some((Verdict::Failed, "1")),
        ),
        ("vanya sidorenko", Some((Verdict::Failed, "1"))),
        ("Ivan Sidorenko", Some((Verdict::Failed, "1"))),
        ("Iwan Sidorenko", Some((Verdict::Review, "1"))),
        ("Ivan Sidorienko", Some((Verdict::Review, "1"))),
        ("Ivan Sydorenko", Some((Verdict::Review, "1"))),
        ("Zoltan Karpathy", Some((Verdict::Failed, "2"))),
        ("Karpathi Zoltan", Some((Verdict::Review, "2"))),
        ("Strelsau Trading", Some((Verdict::Failed, "3"))),
        ("Strelsau Tradings GmbH", Some((Verdict::Review, "3"))),
        ("\u{738b}\u{5c0f}\u{660e}", Some((Verdict::Review, "4"))),
        ("Wang Xiaoming", Some((Verdict::Failed, "4"))),
        ("Ivan Petrov", None),
        ("Wang Wei", None),
        ("Sidorenko", None),
        ("Trading House Zenda", None),
        ("!!!", None),
    ] {
        let expected = expected.map_or((Verdict::Clear, vec![]), |(verdict, id)| {
            (verdict, vec![format!("sanctions/{id}")])
        });
        let seen = said(&parties, &order("O-1", NOON), &person(name, "")).await;
        assert_eq!(seen, expected, "{name}");
    }
}

#[tokio::test]
async fn an_order_that_names_nobody_passes_and_says_so() {
    let seen = said(&parties(), &order("O-1", NOON), &person(" ", "")).await;
    assert_eq!(seen, (Verdict::Clear, vec!["no-name".to_owned()]));
}

/// Behind more names than are compared there may be anything, but never the very words.
#[tokio::test]
async fn a_name_that_is_like_too_many_is_for_a_person() {
    // All of the same two words and one more that differs.
    let listed = (0..20_050).map(|number| format!("{number},Ivan Petrov {}\n", word_of(number)));
    let mut list = format!("id,name\n{}", listed.collect::<String>());
    list += "last,Ivan Petrov\n";
    let file = File::new("list.csv", &list);
    let parties = DeniedParties::open(vec![file.source()], Likeness::percent(95)).unwrap();
    let (verdict, named) = said(&parties, &order("O-1", NOON), &person("Iwan Petrow", "")).await;
    assert_eq!(verdict, Verdict::Review);
    assert!(named.contains(&"too-common".to_owned()), "{named:?}");
    let (verdict, named) = said(&parties, &order("O-1", NOON), &person("Petrov Ivan", "")).await;
    assert_eq!(verdict, Verdict::Failed);
    assert!(named.contains(&"list/last".to_owned()), "{named:?}");
}

#[tokio::test]
async fn words_that_say_nothing_hide_no_name() {
    let parties = parties();
    for hidden in ["the of and und et y i mr mrs ms miss dr prof", "a b c d e f g h j k l m n"] {
        for name in [format!("{hidden} Zoltan Karpathy"), format!("Zoltan {hidden} Karpathy")] {
            let seen = said(&parties, &order("O-1", NOON), &person(&name, "")).await;
            assert_eq!(seen, (Verdict::Failed, vec!["sanctions/2".to_owned()]), "{name}");
        }
    }
}

#[tokio::test]
async fn a_name_that_is_too_long_to_be_compared_whole_is_for_a_person() {
    let parties = parties();
    let words = |count| (0..count).map(word_of).collect::<Vec<_>>().join(" ");
    for (name, too_long) in [
        (words(12), false),
        (words(13), true),
        (format!("{} Zoltan Karpathy", words(12)), true),
        ("the ".repeat(13), true),
        ("x".repeat(400), false),
        (format!("  {}  ", "x".repeat(400)), false),
        ("x".repeat(401), true),
        ("!".repeat(401), true),
    ] {
        let opinion = opinion(&parties, &order("O-1", NOON), &person(&name, "")).await;
        let verdict = if too_long { Verdict::Review } else { Verdict::Clear };
        assert_eq!(opinion.verdict, verdict, "{name}");
        let said = opinion.findings.iter().map(|it| (it.rule.as_str(), it.text.as_str()));
        let text = "the name of the buyer is longer than the 12 words and 400 characters that are \
                    compared";
        assert!(said.eq(too_long.then_some(("too-long", text))), "{name}: {opinion:?}");
    }
    // Somebody else's name is nobody's, however it begins.
    let behind = format!("Zoltan Karpathy {} Other", ".".repeat(400));
    let seen = said(&parties, &order("O-1", NOON), &person(&behind, "")).await;
    assert_eq!(seen.0, Verdict::Review);
}

/// How many words are compared with each other has a limit; which words they are has none.
#[tokio::test]
async fn the_very_words_of_a_list_are_found_however_many_they_are() {
    let words: Vec<String> = (0..20).map(word_of).collect();
    let file = File::new("list.csv", &format!("id,name\n1,{}\n", words.join(" ")));
    let parties = DeniedParties::open(vec![file.source()], Likeness::percent(84)).unwrap();
    let turned = words.iter().rev().cloned().collect::<Vec<_>>();
    let seen = said(&parties, &order("O-1", NOON), &person(&turned.join(" "), "")).await;
    assert_eq!(seen, (Verdict::Failed, vec!["list/1".to_owned(), "too-long".to_owned()]));
    // One word less is another name.
    let seen = said(&parties, &order("O-1", NOON), &person(&turned[1..].join(" "), "")).await;
    assert_eq!(seen.0, Verdict::Review);
}

#[tokio::test]
async fn a_listed_name_is_told_before_what_is_only_like_one() {
    let parties = parties();
    let mut personal = person("Iwan Sidorenko", "");
    personal.billing_address = Some(address("Zoltan Karpathy", "DE"));
    let seen = said(&parties, &order("O-1", NOON), &personal).await;
    let named = ["sanctions/2", "sanctions/1"].map(str::to_owned).to_vec();
    assert_eq!(seen, (Verdict::Failed, named));
}

/// A word of its own for each number.
fn word_of(number: usize) -> String {
    let letter = |digit: usize| char::from(b"bcdfghjklm"[digit % 10]);
    [10_000, 1_000, 100, 10, 1].map(|place| letter(number / place)).iter().collect::<String>() + "a"
}

#[tokio::test]
async fn buyer_recipient_and_who_is_billed_are_looked_at() {
    let parties = parties();
    let order = order("O-1", NOON);
    let mut personal = person("A Buyer", "");
    personal.shipping_address = Some(address("Zoltan Karpathy", "DE"));
    let shipped = opinion(&parties, &order, &personal).await;
    assert_eq!(shipped.verdict, Verdict::Failed);
    assert_eq!(shipped.findings[0].text, "the name of the recipient is 100.0 % like it");
    personal.shipping_address = None;
    personal.billing_address = Some(address("Zoltan Karpathi", "DE"));
    let billed = opinion(&parties, &order, &personal).await;
    assert_eq!(billed.verdict, Verdict::Review);
    assert!(billed.findings[0].text.starts_with("the name of who is billed is 9"), "{billed:?}");
    // Nobody's name is among what is found.
    assert!(!format!("{billed:?}{shipped:?}").to_lowercase().contains("karpath"));
    // Erased, nobody can be looked for: a person decides.
    let nobody =
        ports::Screening::check(&parties, ports::Subject { order: &order, personal: None });
    assert_eq!(nobody.await.unwrap().verdict, Verdict::Review);
}

#[test]
fn every_fault_of_a_list_is_named() {
    let open = |text: &str| {
        let file = File::new("list.csv", text);
        let opened = DeniedParties::open(vec![file.source()], Likeness::percent(84));
        opened.err().unwrap().to_string()
    };
    assert!(open("number,who\n1,a").contains("has no column id"));
    assert!(open("id,name\n,a\n2,\n").contains("entry \"\" needs an id"));
    assert!(open("id,name\n,a\n2,\n").contains("entry \"2\" needs an id"));
    assert!(open("").contains("has no column id"));
}

#[tokio::test]
async fn the_demo_has_a_list() {
    let parties = DeniedParties::open(Vec::new(), Likeness::percent(84)).unwrap();
    let seen = said(&parties, &order("O-1", NOON), &person("Ruritanian Munitions Works", "")).await;
    assert_eq!(seen, (Verdict::Failed, vec!["demo/1".to_owned()]));
    let seen = said(&parties, &order("O-1", NOON), &person("Ruritanian Munition Works", "")).await;
    assert_eq!(seen.0, Verdict::Review);
}
