//! Names that nobody has: syllables thrown together.

use rand::{Rng as _, rngs::StdRng};

const BEGINS: [&str; 24] = [
    "b", "br", "d", "dr", "f", "g", "gr", "h", "k", "kr", "l", "m", "n", "p", "r", "s", "st", "t",
    "tr", "v", "w", "z", "sh", "ch",
];
const VOWELS: [&str; 8] = ["a", "e", "i", "o", "u", "ai", "ei", "ou"];
const ENDS: [&str; 14] = ["", "", "", "n", "r", "l", "s", "t", "m", "k", "nd", "rt", "ls", "x"];

/// Words of two to four syllables.
pub fn word(random: &mut StdRng) -> String {
    let mut word = String::new();
    for _ in 0..random.random_range(2..=4) {
        word += BEGINS[random.random_range(0..BEGINS.len())];
        word += VOWELS[random.random_range(0..VOWELS.len())];
    }
    word + ENDS[random.random_range(0..ENDS.len())]
}

/// First names and surnames that names are made of; some are common and most are rare.
pub struct People {
    first: Vec<String>,
    last: Vec<String>,
}

impl People {
    pub fn new(random: &mut StdRng, first: usize, last: usize) -> Self {
        Self {
            first: (0..first).map(|_| word(random)).collect(),
            last: (0..last).map(|_| word(random)).collect(),
        }
    }

    /// Two words, or three with a middle name.
    pub fn name(&self, random: &mut StdRng) -> Vec<String> {
        let mut name = vec![skewed(&self.first, random).to_owned()];
        if random.random_range(0..4) == 0 {
            name.push(skewed(&self.first, random).to_owned());
        }
        name.push(skewed(&self.last, random).to_owned());
        name
    }
}

/// The first of them far more often than the last.
fn skewed<'w>(words: &'w [String], random: &mut StdRng) -> &'w str {
    let one = random.random_range(0..words.len());
    &words[random.random_range(0..=one)]
}

/// One letter is wrong, missing, too many, or changes places with the next.
pub fn misspelt(name: &[String], random: &mut StdRng) -> Vec<String> {
    let mut name = name.to_vec();
    let long: Vec<usize> = (0..name.len()).filter(|place| name[*place].len() > 3).collect();
    let Some(place) = long.get(random.random_range(0..long.len().max(1))) else { return name };
    let mut letters: Vec<char> = name[*place].chars().collect();
    let at = random.random_range(1..letters.len() - 1);
    match random.random_range(0..4) {
        0 => letters[at] = if letters[at] == 'o' { 'a' } else { 'o' },
        1 => drop(letters.remove(at)),
        2 => letters.insert(at, 'e'),
        _ => letters.swap(at, at + 1),
    }
    name[*place] = letters.into_iter().collect();
    name
}

/// Another order of the words.
pub fn reordered(name: &[String]) -> Vec<String> {
    let mut name = name.to_vec();
    name.rotate_right(1);
    name
}

/// In Cyrillic or Greek letters, by how they sound.
pub fn transliterated(name: &[String], greek: bool) -> Vec<String> {
    const CYRILLIC: [(&str, &str); 26] = [
        ("sh", "\u{448}"),
        ("ch", "\u{447}"),
        ("a", "\u{430}"),
        ("b", "\u{431}"),
        ("d", "\u{434}"),
        ("e", "\u{435}"),
        ("f", "\u{444}"),
        ("g", "\u{433}"),
        ("h", "\u{445}"),
        ("i", "\u{438}"),
        ("k", "\u{43a}"),
        ("l", "\u{43b}"),
        ("m", "\u{43c}"),
        ("n", "\u{43d}"),
        ("o", "\u{43e}"),
        ("p", "\u{43f}"),
        ("r", "\u{440}"),
        ("s", "\u{441}"),
        ("t", "\u{442}"),
        ("u", "\u{443}"),
        ("v", "\u{432}"),
        ("w", "\u{432}"),
        ("x", "\u{43a}\u{441}"),
        ("y", "\u{439}"),
        ("z", "\u{437}"),
        ("c", "\u{446}"),
    ];
    const GREEK: [(&str, &str); 26] = [
        ("sh", "\u{3c3}"),
        ("ch", "\u{3c7}"),
        ("a", "\u{3b1}"),
        ("b", "\u{3bc}\u{3c0}"),
        ("d", "\u{3b4}"),
        ("e", "\u{3b5}"),
        ("f", "\u{3c6}"),
        ("g", "\u{3b3}"),
        ("h", "\u{3c7}"),
        ("i", "\u{3b9}"),
        ("k", "\u{3ba}"),
        ("l", "\u{3bb}"),
        ("m", "\u{3bc}"),
        ("n", "\u{3bd}"),
        ("o", "\u{3bf}"),
        ("p", "\u{3c0}"),
        ("r", "\u{3c1}"),
        ("s", "\u{3c3}"),
        ("t", "\u{3c4}"),
        ("u", "\u{3bf}\u{3c5}"),
        ("v", "\u{3b2}"),
        ("w", "\u{3b2}"),
        ("x", "\u{3be}"),
        ("y", "\u{3b3}"),
        ("z", "\u{3b6}"),
        ("c", "\u{3ba}"),
    ];
    let letters = if greek { &GREEK } else { &CYRILLIC };
    let written = |word: &String| {
        letters.iter().fold(word.clone(), |word, (latin, other)| word.replace(latin, other))
    };
    name.iter().map(written).collect()
}

/// With accents on its vowels.
pub fn accented(name: &[String]) -> Vec<String> {
    let accents = [("a", "\u{e1}"), ("e", "\u{e8}"), ("o", "\u{f6}"), ("u", "\u{fb}")];
    let written = |word: &String| {
        accents.iter().fold(word.clone(), |word, (plain, accent)| word.replace(plain, accent))
    };
    name.iter().map(written).collect()
}
