//! All names of all lists, to be found by names that are only like them.
//!
//! Words are kept once. A name is found by its rarest words: each word of the name that is asked
//! for leads to the words of the lists that are at most so many edits from it, and those to the
//! names that they are in. Which words are near is found by leaving letters out of both: two words
//! that are an edit apart have a word in common if each may lose a letter.

use super::{Likeness, ListedName, normal};
use std::collections::{HashMap, HashSet};

/// Names that are answered, the most alike first.
const MOST: usize = 5;
/// Names that are compared letter by letter for one that is asked for.
const MAX_COMPARED: usize = 20_000;

/// Every name of every list.
pub struct Index {
    words: Words,
    /// The words of all names, one name after the other, and where each begins.
    name_words: Vec<u32>,
    names: Vec<u32>,
    /// The entry that each name is of, as what it is called.
    entries: Vec<Box<str>>,
    entry_of: Vec<u32>,
    /// The names that each word is in, one word after the other, and where each begins.
    found_in: Vec<u32>,
    postings: Vec<u32>,
    /// Names by their words as they are written, in alphabetical order, sorted by a hash of those.
    written: Vec<(u64, u32)>,
    /// Names by all their letters without gaps, sorted by a hash of those.
    joined: Vec<(u32, u32)>,
}

/// What is like a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The most alike first; at most 5.
    pub matches: Vec<Match>,
    /// Whether every name that could be like it was compared. Names that are the very words are
    /// always among the matches.
    pub all: bool,
    /// Whether all of the name was compared.
    pub whole: bool,
}

impl Default for Found {
    fn default() -> Self {
        Self { matches: Vec::new(), all: true, whole: true }
    }
}

/// A name that is like the one that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match {
    pub name: usize,
    pub likeness: Likeness,
}

/// Every different word, and which are near to which.
#[derive(Default)]
struct Words {
    letters: String,
    ends: Vec<u32>,
    /// Words by the hash of what is left of them without some letters, sorted by that.
    shortened: Vec<(u32, u32)>,
}

impl Index {
    pub fn of(listed: Vec<ListedName>) -> Self {
        let mut known: HashMap<String, u32> = HashMap::new();
        let mut index = Self {
            words: Words::default(),
            name_words: Vec::new(),
            names: vec![0],
            entries: Vec::new(),
            entry_of: Vec::new(),
            found_in: Vec::new(),
            postings: Vec::new(),
            written: Vec::new(),
            joined: Vec::new(),
        };
        for ListedName { entry, name } in listed {
            let words = normal::words(&name);
            if words.is_empty() {
                continue;
            }
            let name = number(index.entry_of.len());
            index.written.push((as_written(&words), name));
            let words: Vec<String> = words.iter().map(|word| normal::sound(word)).collect();
            index.joined.push((hash(words.concat().bytes()), name));
            for word in words {
                let next = number(known.len());
                let word = *known.entry(word).or_insert_with_key(|word| {
                    index.words.letters.push_str(word);
                    index.words.ends.push(number(index.words.letters.len()));
                    next
                });
                index.name_words.push(word);
            }
            index.names.push(number(index.name_words.len()));
            // Aliases follow their entry's own name.
            if index.entries.last().is_none_or(|last| **last != *entry) {
                index.entries.push(entry.into_boxed_str());
            }
            index.entry_of.push(number(index.entries.len() - 1));
        }
        drop(known);
        index.written.sort_unstable();
        index.joined.sort_unstable();
        index.words.shorten();
        index.post();
        index
    }

    /// Fills in which names each word is in.
    fn post(&mut self) {
        let mut begins = vec![0_u32; self.words.ends.len() + 1];
        for word in &self.name_words {
            begins[usize_of(*word) + 1] += 1;
        }
        for place in 1..begins.len() {
            begins[place] += begins[place - 1];
        }
        let mut next = begins.clone();
        self.postings = vec![0; self.name_words.len()];
        for name in 0..self.entry_of.len() {
            for word in &self.name_words[self.range(name)] {
                let place = &mut next[usize_of(*word)];
                self.postings[usize_of(*place)] = number(name);
                *place += 1;
            }
        }
        self.found_in = begins;
    }

    /// Names in all lists.
    pub const fn len(&self) -> usize {
        self.entry_of.len()
    }

    pub const fn is_empty(&self) -> bool {
        self.entry_of.is_empty()
    }

    /// What the entry of a name is called: its list and its id.
    pub fn entry(&self, name: usize) -> &str {
        &self.entries[usize_of(self.entry_of[name])]
    }

    /// Bytes that it takes.
    pub fn bytes(&self) -> usize {
        let numbers =
            [&self.name_words, &self.names, &self.entry_of, &self.found_in, &self.postings]
                .map(|numbers| numbers.capacity() * size_of::<u32>());
        let pairs = [&self.joined, &self.words.shortened]
            .map(|pairs| pairs.capacity() * size_of::<(u32, u32)>());
        let entries = self.entries.iter().map(|entry| entry.len() + size_of::<Box<str>>());
        numbers.iter().chain(&pairs).sum::<usize>()
            + self.written.capacity() * size_of::<(u64, u32)>()
            + entries.sum::<usize>()
            + self.words.letters.capacity()
            + self.words.ends.capacity() * size_of::<u32>()
    }

    /// The names that are at least so alike, the most alike first, one for each entry.
    pub fn find(&self, name: &str, threshold: Likeness) -> Found {
        let (name, ends) = normal::beginning(name);
        let asked = normal::words(name);
        let whole = ends && asked.len() <= normal::MAX_WORDS;
        if asked.is_empty() || self.is_empty() {
            return Found { whole, ..Found::default() };
        }
        // What goes on is not the same, however it begins.
        let same = ends.then(|| self.as_written(as_written(&asked))).into_iter().flatten();
        let asked: Vec<String> = asked.iter().map(|word| normal::sound(word)).collect();
        let compared = asked.iter().map(String::as_str).take(normal::MAX_WORDS);
        let asked_words: Vec<&str> = compared.collect();
        let mut found: Vec<Match> =
            same.map(|name| Match { name, likeness: Likeness::SAME }).collect();
        let (candidates, all) = self.candidates(&asked_words);
        for name in candidates {
            if found.iter().any(|it| it.name == name) {
                continue;
            }
            let words: Vec<&str> = self.words_of(name).collect();
            let likeness = Likeness::of(&asked_words, &words).min(Likeness::nearly());
            if likeness >= threshold {
                found.push(Match { name, likeness });
            }
        }
        for name in self.with_other_gaps(&asked.concat()) {
            if !found.iter().any(|it| it.name == name) && Likeness::nearly() >= threshold {
                found.push(Match { name, likeness: Likeness::nearly() });
            }
        }
        found.sort_by_key(|it| (std::cmp::Reverse(it.likeness), it.name));
        let mut entries = HashSet::new();
        found.retain(|it| entries.insert(self.entry_of[it.name]));
        found.truncate(MOST);
        Found { matches: found, all, whole }
    }

    /// Names that have words near to those asked for: to all of them, or to all but one of three or
    /// more, whichever of the two has that one more.
    /// And whether these are all there are.
    fn candidates(&self, asked: &[&str]) -> (Vec<usize>, bool) {
        let near: Vec<Vec<u32>> = asked.iter().map(|word| self.words.near(word)).collect();
        let mut rarest: Vec<usize> = (0..near.len()).collect();
        rarest.sort_by_key(|place| near[*place].iter().map(|it| self.count(*it)).sum::<usize>());
        // Without any one word, one of the two rarest is there.
        let may_miss = usize::from(asked.len() > 2);
        let leads = &rarest[..=may_miss];
        let mut seen = HashSet::new();
        let mut candidates = Vec::new();
        for lead in leads {
            for word in &near[*lead] {
                for name in self.names_with(*word) {
                    if !seen.insert(*name) {
                        continue;
                    }
                    let words = &self.name_words[self.range(usize_of(*name))];
                    let is_near = |near: &&Vec<u32>| {
                        words.iter().any(|word| near.binary_search(word).is_ok())
                    };
                    let hits = near.iter().filter(is_near).count();
                    if hits + may_miss >= asked.len() && words.len() <= asked.len() + 1 {
                        candidates.push(usize_of(*name));
                        if candidates.len() >= MAX_COMPARED {
                            return (candidates, false);
                        }
                    }
                }
            }
        }
        (candidates, true)
    }

    fn as_written(&self, wanted: u64) -> impl Iterator<Item = usize> {
        let begin = self.written.partition_point(|(hash, _)| *hash < wanted);
        let same = self.written[begin..].iter().take_while(move |(hash, _)| *hash == wanted);
        same.map(|(_, name)| usize_of(*name))
    }

    fn with_other_gaps<'i>(&'i self, letters: &'i str) -> impl Iterator<Item = usize> + 'i {
        let wanted = hash(letters.bytes());
        let begin = self.joined.partition_point(|(hash, _)| *hash < wanted);
        let same = self.joined[begin..].iter().take_while(move |(hash, _)| *hash == wanted);
        same.map(|(_, name)| usize_of(*name))
            .filter(move |name| self.words_of(*name).collect::<String>() == letters)
    }

    fn words_of(&self, name: usize) -> impl Iterator<Item = &str> {
        self.name_words[self.range(name)].iter().map(|word| self.words.get(*word))
    }

    fn range(&self, name: usize) -> std::ops::Range<usize> {
        usize_of(self.names[name])..usize_of(self.names[name + 1])
    }

    fn names_with(&self, word: u32) -> &[u32] {
        let word = usize_of(word);
        &self.postings[usize_of(self.found_in[word])..usize_of(self.found_in[word + 1])]
    }

    fn count(&self, word: u32) -> usize {
        self.names_with(word).len()
    }
}

impl Words {
    fn get(&self, word: u32) -> &str {
        let word = usize_of(word);
        let begin = word.checked_sub(1).map_or(0, |before| usize_of(self.ends[before]));
        &self.letters[begin..usize_of(self.ends[word])]
    }

    fn shorten(&mut self) {
        let mut shortened = Vec::new();
        for word in 0..number(self.ends.len()) {
            let letters = self.get(word).as_bytes();
            without_some(letters, |hash| shortened.push((hash, word)));
        }
        shortened.sort_unstable();
        shortened.dedup();
        shortened.shrink_to_fit();
        self.shortened = shortened;
    }

    /// The words that are at most so many edits away as a word of this length may be, sorted.
    fn near(&self, asked: &str) -> Vec<u32> {
        let mut seen = HashSet::new();
        let mut near = Vec::new();
        without_some(asked.as_bytes(), |hash| {
            let begin = self.shortened.partition_point(|(other, _)| *other < hash);
            for (_, word) in self.shortened[begin..].iter().take_while(|(it, _)| *it == hash) {
                if seen.insert(*word) {
                    let letters = self.get(*word);
                    let most = edits(asked.len().max(letters.len()));
                    if letters.len().abs_diff(asked.len()) <= most
                        && strsim::osa_distance(asked, letters) <= most
                    {
                        near.push(*word);
                    }
                }
            }
        });
        near.sort_unstable();
        near
    }
}

/// Edits that a word of so many letters may be away.
const fn edits(letters: usize) -> usize {
    match letters {
        0..=2 => 0,
        3..=5 => 1,
        _ => 2,
    }
}

/// Letters of a word that are looked at for what is near: what differs later is found by comparing.
const BEGINNING: usize = 9;

/// The hashes of a word's beginning, as it is and without so many letters as it may be edits away.
fn without_some(word: &[u8], mut take: impl FnMut(u32)) {
    let beginning = &word[..word.len().min(BEGINNING)];
    let most = edits(word.len());
    take(hash(beginning.iter().copied()));
    if most == 0 {
        return;
    }
    for first in 0..beginning.len() {
        let rest = || beginning.iter().enumerate().filter(move |(place, _)| *place != first);
        take(hash(rest().map(|(_, letter)| *letter)));
        if most < 2 {
            continue;
        }
        for second in first + 1..beginning.len() {
            let rest = rest().filter(|(place, _)| *place != second);
            take(hash(rest.map(|(_, letter)| *letter)));
        }
    }
}

/// The same for the same words in any order.
fn as_written(words: &[String]) -> u64 {
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    words.sort_unstable();
    let letters = words.iter().flat_map(|word| word.bytes().chain([b' ']));
    // FNV-1a of 64 bits.
    letters.fold(0xcbf2_9ce4_8422_2325, |hash, letter| {
        (hash ^ u64::from(letter)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// FNV-1a: short and the same on every machine. Who has the same hash is compared by letters.
fn hash(letters: impl Iterator<Item = u8>) -> u32 {
    letters.fold(0x811c_9dc5, |hash, letter| (hash ^ u32::from(letter)).wrapping_mul(0x0100_0193))
}

/// There are fewer names and words than 2^32: a list has a limit.
fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

const fn usize_of(number: u32) -> usize {
    number as usize
}
