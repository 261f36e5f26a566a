//! Whatever conditions come together: what is found is what fits, by no index at all.

use crate::{
    build::{commit, minutes, order, shop},
    cancellations::WithLedger,
    lists::ids,
    lives,
};
use domain::{
    cancellation::CancellationState,
    order::{HandoverState, OrderState},
    refund::RefundState,
    screening::CheckState,
};
use ports::{OrderFilter, OrderSort, OrderView, PageRequest};
use proptest::{
    collection::vec,
    option::weighted,
    prelude::*,
    sample::{select, subsequence},
    test_runner::{Config, TestRunner},
};
use testkit::scale;
use tokio::{runtime::Handle, task::block_in_place};

pub async fn any_conditions_together_find_what_fits(store: &dyn WithLedger) {
    lives::of_all_kinds(store).await;
    strangers(store).await;
    let page = PageRequest { size: 1_000, after: None };
    let (every, oldest) = (OrderFilter::default(), OrderSort::OldestFirst);
    let all = store.orders(&shop(), &every, oldest, page).await.unwrap().items;
    assert!(all.len() > 40);
    let config =
        Config { cases: scale::pick(300, 5_000), failure_persistence: None, ..<_>::default() };
    let given = (filters(&all), any::<bool>(), 1_u32..12);
    block_in_place(|| {
        let found = TestRunner::new(config).run(&given, |(filter, newest, size)| {
            let sort = if newest { OrderSort::NewestFirst } else { OrderSort::OldestFirst };
            let fits = |view: &&OrderView| filter.fits(&view.order, view.personal.as_ref());
            let mut expected: Vec<String> =
                all.iter().filter(fits).map(|view| view.order.order_id.to_string()).collect();
            if newest {
                expected.reverse();
            }
            let found = Handle::current().block_on(ids(store, &shop(), &filter, sort, size));
            prop_assert_eq!(found, expected);
            Ok(())
        });
        found.unwrap_or_else(|failure| panic!("{failure}"));
    });
}

/// Orders of several people, some of the same moment.
async fn strangers(store: &dyn WithLedger) {
    let people = [
        ("Ada Byron", None, "ada@example.com"),
        ("Augusta Byron", Some("Ada King"), "augusta@example.com"),
        ("Zoë King", None, "zoe@example.com"),
        ("", Some("Zoe Müller"), "ada@example.com"),
    ];
    let some = people.iter().cycle().zip(0..24);
    for ((name, recipient, email), number) in some {
        let new = order(&format!("S-{number}")).created_at(minutes(number / 3));
        let new = new.named(name, *recipient).bought_by(email);
        let new = if number % 5 == 0 { new.with_product("RARE") } else { new };
        store.commit(commit().order(new.change())).await.unwrap();
    }
}

fn filters(all: &[OrderView]) -> impl Strategy<Value = OrderFilter> + use<> {
    let states = (
        some_of(OrderState::ALL.to_vec()),
        some_of(CheckState::ALL.to_vec()),
        some_of(HandoverState::ALL.to_vec()),
        some_of(CancellationState::ALL.to_vec()),
        some_of(RefundState::ALL.to_vec()),
    );
    let terms = terms(all);
    let search = prop_oneof![
        2 => Just(Vec::new()),
        3 => vec(select(terms), 1..4),
    ];
    let one_of = |of: &[&str]| {
        let of: Vec<String> = of.iter().map(|text| (*text).to_owned()).collect();
        weighted(0.15, select(of))
    };
    let texts = (
        one_of(&["E-1", "nothing"]),
        one_of(&["ADA@example.com", "ada.lovelace@example.com", "nobody@example.com"]),
        one_of(&["RARE", "SKU-1", "EAN-2", "nothing"]),
    );
    let dates = (weighted(0.2, -2_i64..60), weighted(0.2, -2_i64..60));
    (states, search, texts, dates).prop_map(|(states, search, texts, (from, before))| {
        let (states, screening, handover, cancellations, refunds) = states;
        let (external_order_id, buyer_email, product_code) = texts;
        OrderFilter {
            states,
            screening,
            handover,
            cancellations,
            refunds,
            search,
            external_order_id,
            buyer_email,
            product_code,
            created_from: from.map(minutes),
            created_before: before.map(minutes),
        }
    })
}

/// More often than not none, which is no condition.
fn some_of<S: Clone + std::fmt::Debug + 'static>(all: Vec<S>) -> impl Strategy<Value = Vec<S>> {
    let most = all.len();
    prop_oneof![
        3 => Just(Vec::new()),
        2 => subsequence(all, 1..most),
    ]
}

/// What there is to look for, and what there is not.
fn terms(all: &[OrderView]) -> Vec<String> {
    let people = ["ada", "BYRON", "zoe king", "king ada", "müller", "lovelace", "nobody", "ad"];
    let others = ["SKU-1", "RARE", "ean-2", "cart", "sandbox-card", "Zoe@Example.com", "-"];
    let mut terms: Vec<String> = people.into_iter().chain(others).map(str::to_owned).collect();
    for view in all {
        let order = &view.order;
        terms.push(order.order_id.to_string());
        terms.extend(order.external.iter().flat_map(|it| [it.id.clone(), it.number.clone()]));
        let refunds = order.refunds.iter();
        terms.extend(refunds.flat_map(|it| [it.refund_id.to_string(), it.number.to_string()]));
        terms.extend(order.cancellations.iter().map(|it| it.cancellation_id.to_string()));
    }
    terms
}
