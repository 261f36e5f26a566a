//! Names as they are compared: lower-case Latin words, without what says nothing about who it is.

/// Characters that are looked at of a name that is asked for.
pub const MAX_CHARACTERS: usize = 400;
/// Words that are compared of a name that is asked for, without those that say nothing.
pub const MAX_WORDS: usize = 12;

/// How people are addressed, and which form a firm has.
const SAY_NOTHING: [&str; 36] = [
    "mr", "mrs", "ms", "miss", "dr", "prof", "sir", "herr", "frau", "mme", "mlle", "sr", "sra",
    "the", "of", "and", "und", "et", "y", "i", "ltd", "limited", "llc", "inc", "corp", "co",
    "company", "plc", "gmbh", "ag", "kg", "sa", "sarl", "srl", "bv", "ooo",
];

/// As much of a name as is looked at, and whether that is all of it.
pub fn beginning(name: &str) -> (&str, bool) {
    let name = name.trim();
    match name.char_indices().nth(MAX_CHARACTERS) {
        Some((end, _)) => (&name[..end], false),
        None => (name, true),
    }
}

/// The words of a name: other scripts in Latin letters, without accents, case and punctuation, and
/// without what says nothing, unless nothing else would be left.
pub fn words(name: &str) -> Vec<String> {
    // An apostrophe or a dot within a word is part of how it is written, not a gap.
    let latin = deunicode::deunicode(name).to_lowercase().replace(['\'', '`', '.'], "");
    let all = latin.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let all: Vec<&str> = all.collect();
    let telling: Vec<&str> =
        all.iter().copied().filter(|word| word.len() > 1 && !SAY_NOTHING.contains(word)).collect();
    let words = if telling.is_empty() { all } else { telling };
    words.into_iter().map(str::to_owned).collect()
}

/// What is written in several ways for one sound, above all when it comes from another script, and
/// how it is written here.
const SOUNDS: [(&str, &str); 20] = [
    ("shch", "sh"),
    ("sch", "sh"),
    ("kh", "h"),
    ("gh", "g"),
    ("ph", "f"),
    ("ck", "k"),
    ("ks", "x"),
    ("mp", "b"),
    ("ou", "u"),
    ("oo", "u"),
    ("ee", "i"),
    ("w", "v"),
    ("y", "i"),
    ("j", "i"),
    ("q", "k"),
    ("ch", "\u{1}"),
    ("c", "k"),
    ("\u{1}", "ch"),
    ("th", "t"),
    ("tz", "ts"),
];

/// A word as it sounds: the same for what is only written otherwise.
pub fn sound(word: &str) -> String {
    let written = SOUNDS.iter().fold(word.to_owned(), |word, (from, to)| word.replace(from, to));
    let mut heard = String::with_capacity(written.len());
    for letter in written.chars() {
        if !heard.ends_with(letter) {
            heard.push(letter);
        }
    }
    heard
}

#[cfg(test)]
mod tests {
    use super::{MAX_CHARACTERS, beginning, sound, words};

    #[test]
    fn what_sounds_the_same_is_the_same() {
        for (one, other) in [
            ("mikhail", "mihail"),
            ("schneider", "shneider"),
            ("alexander", "aleksander"),
            ("yousef", "iusef"),
            ("walter", "valter"),
            ("philipp", "filip"),
            ("jackson", "iakson"),
        ] {
            assert_eq!(sound(one), sound(other), "{one} and {other}");
        }
        assert_ne!(sound("chang"), sound("kang"));
    }

    #[test]
    fn however_it_is_written_it_is_the_same_words() {
        for (name, expected) in [
            ("José  María  Muñoz-Ávila", "jose maria munoz avila"),
            ("MUÑOZ AVILA, Jose Maria", "munoz avila jose maria"),
            ("Dr. Ødegård", "odegard"),
            ("Иван Петров", "ivan petrov"),
            ("Γιώργος Νίκου", "giorgos nikou"),
            ("王小明", "wang xiao ming"),
            ("O'Brien & Sons Ltd.", "obrien sons"),
            ("Zażółć Gęślą GmbH & Co. KG", "zazolc gesla"),
            ("The Company", "the company"),
            ("J. R. Ewing", "ewing"),
            ("X", "x"),
            ("  ", ""),
            ("\u{1f4e6}", "package"),
        ] {
            assert_eq!(words(name).join(" "), expected, "{name}");
        }
    }

    #[test]
    fn a_name_without_end_has_one() {
        let long = "\u{17b}".repeat(MAX_CHARACTERS);
        assert_eq!(beginning(&format!("\u{17b}{long}")), (long.as_str(), false));
        assert_eq!(beginning(&format!(" {long}\t")), (long.as_str(), true));
        assert_eq!(beginning(" "), ("", true));
    }

    #[test]
    fn what_says_nothing_takes_no_words_place() {
        let name = format!("{} Ivan {} Petrov", "the ".repeat(99), "X. ".repeat(99));
        assert_eq!(words(&name).join(" "), "ivan petrov");
    }
}
