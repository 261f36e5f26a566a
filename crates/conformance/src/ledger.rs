//! Rules of the ledger.

use crate::build::{NOON, amount, eur, shop};
use domain::{Amount, Currencies};
use futures_util::future::join_all;
use ports::{Account, Ledger, Posting, Transfer};

/// Expands to the rules of the ledger.
#[macro_export]
macro_rules! ledger {
    ($fresh:expr) => {
        $crate::rules!($fresh, ledger =>
            what_leaves_one_account_arrives_at_another,
            a_key_moves_value_once,
            an_account_never_falls_below_zero,
            a_clearing_account_may_fall_below_zero,
            stores_and_currencies_are_apart,
            transfers_in_both_directions_at_once_lose_nothing,
        );
    };
}

fn holding(name: &str) -> Account {
    Account { name: name.to_owned(), may_be_negative: false }
}

fn clearing() -> Account {
    Account { name: "clearing".to_owned(), may_be_negative: true }
}

fn transfer(key: &str, from: Account, to: Account, text: &str) -> Transfer {
    let (key, amount) = (key.to_owned(), amount(text));
    Transfer { store_id: shop(), key, from, to, amount, currency: eur(), at: NOON }
}

async fn balance(ledger: &dyn Ledger, account: &str) -> Option<Amount> {
    ledger.balance(&shop(), account, eur()).await.unwrap()
}

async fn fund(ledger: &dyn Ledger, account: &str, text: &str) {
    let funding = transfer(&format!("fund-{account}"), clearing(), holding(account), text);
    assert_eq!(ledger.post(&funding).await.unwrap(), Posting::Posted);
}

pub async fn what_leaves_one_account_arrives_at_another(ledger: &dyn Ledger) {
    assert_eq!(balance(ledger, "gift").await, None);
    fund(ledger, "gift", "50.00").await;
    let spent = transfer("spend", holding("gift"), holding("other"), "12.34");
    assert_eq!(ledger.post(&spent).await.unwrap(), Posting::Posted);
    assert_eq!(balance(ledger, "gift").await, Some(amount("37.66")));
    assert_eq!(balance(ledger, "other").await, Some(amount("12.34")));
    assert_eq!(balance(ledger, "clearing").await, Some(amount("50.00").negated()));
    assert_eq!(ledger.find(&shop(), "spend").await.unwrap(), Some(spent));
    assert_eq!(ledger.find(&shop(), "unknown").await.unwrap(), None);
}

pub async fn a_key_moves_value_once(ledger: &dyn Ledger) {
    fund(ledger, "gift", "50.00").await;
    let first = transfer("once", holding("gift"), clearing(), "10.00");
    let same = (0..8).map(|_| ledger.post(&first));
    let outcomes: Vec<Posting> =
        join_all(same).await.into_iter().map(|outcome| outcome.unwrap()).collect();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Posting::Posted).count(), 1);
    assert!(outcomes.iter().all(|outcome| match outcome {
        Posting::Posted => true,
        Posting::AlreadyPosted(before) => *before == first,
        Posting::Insufficient { .. } => false,
    }));
    // With other content it is the first that is told.
    let other = transfer("once", holding("gift"), clearing(), "20.00");
    assert_eq!(ledger.post(&other).await.unwrap(), Posting::AlreadyPosted(first));
    assert_eq!(balance(ledger, "gift").await, Some(amount("40.00")));
}

pub async fn an_account_never_falls_below_zero(ledger: &dyn Ledger) {
    fund(ledger, "gift", "50.00").await;
    let rivals: Vec<Transfer> = (0..8)
        .map(|number| transfer(&format!("R-{number}"), holding("gift"), clearing(), "30.00"))
        .collect();
    let outcomes: Vec<Posting> = join_all(rivals.iter().map(|rival| ledger.post(rival)))
        .await
        .into_iter()
        .map(|outcome| outcome.unwrap())
        .collect();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Posting::Posted).count(), 1);
    let short = Posting::Insufficient { balance: amount("20.00") };
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == short).count(), 7);
    assert_eq!(balance(ledger, "gift").await, Some(amount("20.00")));
    // A key that moved nothing is still free.
    let refused = outcomes.iter().position(|outcome| *outcome == short).unwrap();
    let key = rivals[refused].key.clone();
    assert_eq!(ledger.find(&shop(), &key).await.unwrap(), None);
    let smaller = transfer(&key, holding("gift"), clearing(), "20.00");
    assert_eq!(ledger.post(&smaller).await.unwrap(), Posting::Posted);
    // So is an account that nobody ever posted to.
    let empty = transfer("empty", holding("nobody"), clearing(), "0.01");
    let nothing = Posting::Insufficient { balance: Amount::ZERO };
    assert_eq!(ledger.post(&empty).await.unwrap(), nothing);
    assert_eq!(balance(ledger, "nobody").await, None);
}

pub async fn a_clearing_account_may_fall_below_zero(ledger: &dyn Ledger) {
    fund(ledger, "gift", "50.00").await;
    fund(ledger, "card", "0.01").await;
    assert_eq!(balance(ledger, "clearing").await, Some(amount("50.01").negated()));
}

pub async fn stores_and_currencies_are_apart(ledger: &dyn Ledger) {
    fund(ledger, "gift", "50.00").await;
    let pounds = Currencies::iso().get("GBP").unwrap();
    assert_eq!(ledger.balance(&shop(), "gift", pounds).await.unwrap(), None);
    let other = "other".parse().unwrap();
    assert_eq!(ledger.balance(&other, "gift", eur()).await.unwrap(), None);
    let same_key = Transfer {
        store_id: other.clone(),
        ..transfer("fund-gift", clearing(), holding("gift"), "7.00")
    };
    assert_eq!(ledger.post(&same_key).await.unwrap(), Posting::Posted);
    let sevens = ledger.balance(&other, "gift", eur()).await.unwrap();
    assert_eq!(
        (sevens, balance(ledger, "gift").await),
        (Some(amount("7.00")), Some(amount("50.00")))
    );
}

pub async fn transfers_in_both_directions_at_once_lose_nothing(ledger: &dyn Ledger) {
    fund(ledger, "a", "100.00").await;
    fund(ledger, "b", "100.00").await;
    let moves = (0..40).map(async |number| {
        let (from, to) = if number % 2 == 0 { ("a", "b") } else { ("b", "a") };
        let moved = transfer(&format!("M-{number}"), holding(from), holding(to), "1.00");
        ledger.post(&moved).await.unwrap()
    });
    assert!(join_all(moves).await.iter().all(|outcome| *outcome == Posting::Posted));
    for account in ["a", "b"] {
        assert_eq!(balance(ledger, account).await, Some(amount("100.00")));
    }
}
