//! A name against a million: how long it takes, and how much memory.

use crate::made_up::{People, misspelt, word};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use screening::{Index, Likeness, ListedName};
use std::time::{Duration, Instant};
use testkit::scale;

const SEED: u64 = 5;
const THRESHOLD: Likeness = Likeness::percent(84);
/// One hundredth of the calls may take longer.
const P99: Duration = Duration::from_millis(5);

#[test]
fn a_name_is_found_among_a_million_in_five_milliseconds() {
    let (listed, asked) = scale::pick((50_000, 500), (1_000_000, 20_000));
    let mut random = StdRng::seed_from_u64(SEED);
    let people = People::new(&mut random, 5_000, 200_000);
    let names: Vec<Vec<String>> = (0..listed).map(|_| people.name(&mut random)).collect();
    let list = (0..).zip(&names);
    let list =
        list.map(|(id, name)| ListedName { entry: format!("made-up/{id}"), name: name.join(" ") });
    let list: Vec<ListedName> = list.collect();
    let begun = Instant::now();
    let index = Index::of(list);
    println!(
        "{listed} names: indexed in {:?}, {} bytes each",
        begun.elapsed(),
        index.bytes() / listed
    );
    let mut took = Vec::with_capacity(asked);
    for _ in 0..asked {
        // A quarter each: one of the list, nearly one, somebody else of the kind, a stranger.
        let name = match random.random_range(0..4) {
            0 => names.choose(&mut random).unwrap().clone(),
            1 => misspelt(names.choose(&mut random).unwrap(), &mut random),
            2 => people.name(&mut random),
            _ => vec![word(&mut random), word(&mut random)],
        };
        let name = name.join(" ");
        let begun = Instant::now();
        let found = index.find(&name, THRESHOLD);
        took.push(begun.elapsed());
        assert!(found.matches.len() <= 5);
    }
    took.sort_unstable();
    let at = |per_mille: usize| took[(asked * per_mille / 1_000).min(asked - 1)];
    println!("p50 {:?}, p99 {:?}, p99.9 {:?}, most {:?}", at(500), at(990), at(999), at(1_000));
    // A build for development is many times slower.
    if !cfg!(debug_assertions) {
        assert!(at(990) <= P99, "{:?}", at(990));
    }
}
