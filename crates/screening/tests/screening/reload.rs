//! Files that change while they are in use.

use crate::build::{File, NOON, order, person, said};
use domain::screening::Verdict;
use screening::{DeniedParties, FraudRules, Likeness, ProhibitedGoods};
use std::{sync::Arc, time::Duration};
use store_memory::MemoryStore;

#[tokio::test]
async fn a_list_that_changed_is_in_force_and_a_broken_one_is_not() {
    let file = File::new("list.csv", "id,name\n1,Zoltan Karpathy\n");
    let parties = DeniedParties::open(vec![file.source()], Likeness::percent(84)).unwrap();
    let verdict = async |name: &str| said(&parties, &order("O-1", NOON), &person(name, "")).await.0;
    assert!(!parties.look(), "nothing changed");
    file.write("id,name\n1,Rupert Hentzau von Rassendyl\n");
    assert_eq!(verdict("Zoltan Karpathy").await, Verdict::Failed);
    assert!(parties.look());
    assert_eq!(verdict("Zoltan Karpathy").await, Verdict::Clear);
    assert_eq!(verdict("Rupert Hentzau von Rassendyl").await, Verdict::Failed);
    // What cannot be understood leaves what was.
    file.write("no list at all");
    assert!(!parties.look());
    assert_eq!(verdict("Rupert Hentzau von Rassendyl").await, Verdict::Failed);
    std::fs::remove_file(file.path()).unwrap();
    assert!(!parties.look());
    assert_eq!(verdict("Rupert Hentzau von Rassendyl").await, Verdict::Failed);
    file.write("id,name\n1,Zoltan Karpathy\n2,Another Party\n");
    assert!(parties.look());
    assert_eq!(verdict("Zoltan Karpathy").await, Verdict::Failed);
}

#[tokio::test]
async fn rules_follow_their_files_too() {
    let review = "[[rule]]\nname = \"a\"\noutcome = \"REVIEW\"\ndestinations = [\"DE\"]\n";
    let file = File::new("rules.toml", &review.replace("DE", "AT"));
    let rules = FraudRules::open(file.source(), Arc::<MemoryStore>::default()).unwrap();
    let nobody = person("", "");
    assert_eq!(said(&rules, &order("O-1", NOON), &nobody).await.0, Verdict::Clear);
    file.write(review);
    assert!(rules.look());
    assert_eq!(said(&rules, &order("O-1", NOON), &nobody).await.0, Verdict::Review);

    let prohibit = |prefix: &str| {
        format!(
            "[[rule]]\nname = \"a\"\nhs_prefix = \"{prefix}\"\ndestinations = [\"*\"]\n\
             effect = \"PROHIBIT\"\n"
        )
    };
    let file = File::new("goods.toml", &prohibit("93"));
    let goods = ProhibitedGoods::open(file.source()).unwrap();
    assert_eq!(said(&goods, &order("O-1", NOON), &nobody).await.0, Verdict::Clear);
    // As long as before, and written in the same moment.
    file.write(&prohibit("61"));
    assert!(goods.look());
    assert_eq!(said(&goods, &order("O-1", NOON), &nobody).await.0, Verdict::Failed);
}

#[tokio::test(start_paused = true)]
async fn files_are_followed_in_the_background() {
    let file = File::new("list.csv", "id,name\n1,Zoltan Karpathy\n");
    let parties = DeniedParties::open(vec![file.source()], Likeness::percent(84)).unwrap();
    let parties = parties.looking_every(Duration::from_secs(5));
    file.write("id,name\n1,Rupert Hentzau von Rassendyl\n");
    let person = person("Rupert Hentzau von Rassendyl", "");
    for _ in 0..1_000 {
        if said(&parties, &order("O-1", NOON), &person).await.0 == Verdict::Failed {
            return;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    panic!("the list was not read again");
}
