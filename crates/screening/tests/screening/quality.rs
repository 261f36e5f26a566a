//! How many of the names that are meant are found, and how many that are not.

use crate::made_up::{People, accented, misspelt, reordered, transliterated};
use rand::{SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use screening::{Index, Likeness, ListedName};
use std::collections::HashSet;
use testkit::scale;

const SEED: u64 = 4;
/// The configured default.
const THRESHOLD: Likeness = Likeness::percent(84);

/// How a listed name is changed before it is looked for.
type Change = fn(&[String], &mut StdRng) -> Vec<String>;

const CHANGES: [(&str, Change, u32); 8] = [
    ("as it is", |name, _| name.to_vec(), 1_000),
    ("accents", |name, _| accented(name), 1_000),
    ("reordered", |name, _| reordered(name), 1_000),
    ("one edit", misspelt, 970),
    ("one edit, reordered", |name, random| reordered(&misspelt(name, random)), 970),
    ("two edits", |name, random| misspelt(&misspelt(name, random), random), 600),
    ("Cyrillic", |name, _| transliterated(name, false), 950),
    ("Greek", |name, _| transliterated(name, true), 600),
];

#[test]
fn what_is_meant_is_found_and_little_else() {
    let (listed, asked) = scale::pick((20_000, 2_000), (1_000_000, 20_000));
    let mut random = StdRng::seed_from_u64(SEED);
    let people = People::new(&mut random, 5_000, 100_000);
    let names: Vec<Vec<String>> = (0..listed).map(|_| people.name(&mut random)).collect();
    let index = Index::of(
        (0..)
            .zip(&names)
            .map(|(id, name)| ListedName { entry: format!("made-up/{id}"), name: name.join(" ") })
            .collect(),
    );
    for (what, change, least) in CHANGES {
        let mut found = 0;
        for _ in 0..asked {
            let name = names.choose(&mut random).unwrap();
            let written = change(name, &mut random).join(" ");
            let same = |entry: &str| {
                let id: usize = entry.rsplit_once('/').unwrap().1.parse().unwrap();
                sorted(&names[id]) == sorted(name)
            };
            let hits = index.find(&written, THRESHOLD).matches;
            found += u32::from(hits.iter().any(|hit| same(index.entry(hit.name))));
        }
        let per_mille = found * 1_000 / asked;
        println!("recall, {what}: {}.{} %", per_mille / 10, per_mille % 10);
        assert!(per_mille >= least, "{what}: {per_mille} of 1000 instead of {least}");
    }
    // People who are not listed: with names of their own, and with the very words of the list, of
    // which a long one has many combinations.
    let known: HashSet<Vec<String>> = names.iter().map(|name| sorted(name)).collect();
    let strangers = People::new(&mut random, 5_000, 100_000);
    for (who, people, most) in
        [("strangers", &strangers, 5), ("their namesakes", &people, scale::pick(5, 70))]
    {
        let mut wrong = 0;
        for _ in 0..asked {
            let name = people.name(&mut random);
            if !known.contains(&sorted(&name)) {
                wrong += u32::from(!index.find(&name.join(" "), THRESHOLD).matches.is_empty());
            }
        }
        let per_mille = wrong * 1_000 / asked;
        let (whole, tenth) = (per_mille / 10, per_mille % 10);
        println!("false positives against {listed} names, {who}: {whole}.{tenth} %");
        assert!(per_mille <= most, "{who}: {per_mille} of 1000");
    }
}

fn sorted(name: &[String]) -> Vec<String> {
    let mut name = name.to_vec();
    name.sort();
    name
}
