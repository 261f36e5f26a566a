//! Names as they are looked for.

use domain::order::Personal;
use std::iter;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Words that are kept of the names of one order, and that one search may have.
pub const MAX_NAME_WORDS: usize = 16;

/// The words of a name as they are compared: in lower case and without accents. A hyphen divides
/// words, an apostrophe does not. More than [`MAX_NAME_WORDS`] are none: nobody is called so.
pub fn name_words(name: &str) -> Vec<String> {
    let words = words(name);
    if words.len() > MAX_NAME_WORDS { Vec::new() } else { words }
}

/// The words by which an order is found: of the buyer's name, and of the recipient's.
pub fn person_words(personal: &Personal) -> Vec<String> {
    let recipient = personal.shipping_address.as_ref().map(|address| address.name.as_str());
    let names = iter::once(personal.buyer.name.as_str()).chain(recipient);
    let mut found = Vec::new();
    for word in names.flat_map(words) {
        if !found.contains(&word) && found.len() < MAX_NAME_WORDS {
            found.push(word);
        }
    }
    found
}

/// Each once, in the sequence in which they stand.
fn words(name: &str) -> Vec<String> {
    let plain: String = name
        .nfkd()
        .filter(|letter| !is_combining_mark(*letter) && !matches!(letter, '\'' | '’' | 'ʼ' | '`'))
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .collect();
    let plain = UNDIVIDED.iter().fold(plain, |text, (letter, plain)| text.replace(*letter, plain));
    let mut found: Vec<String> = Vec::new();
    for word in plain.split(|letter: char| !letter.is_alphanumeric()) {
        if !word.is_empty() && found.iter().all(|known| known != word) {
            found.push(word.to_owned());
        }
    }
    found
}

/// Letters with a mark that Unicode does not take apart, as people write them who do not have them.
const UNDIVIDED: [(char, &str); 8] = [
    ('ø', "o"),
    ('ł', "l"),
    ('đ', "d"),
    ('ð', "d"),
    ('þ', "th"),
    ('æ', "ae"),
    ('œ', "oe"),
    ('ħ', "h"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use domain::order::{Address, Buyer};

    #[test]
    fn names_are_compared_as_people_type_them() {
        for (name, words) in [
            ("Ada Lovelace", "ada lovelace"),
            ("  ADA\tLOVELACE, Ada ", "ada lovelace"),
            ("Zoë Müller-Lüdenscheidt", "zoe muller ludenscheidt"),
            ("O’Brien o'brien OBRIEN", "obrien"),
            ("Strauß STRAUSS", "strauss"),
            ("Łukasz Bjørnsen", "lukasz bjornsen"),
            ("İbrahim ışık", "ibrahim isik"),
            ("ΟΔΥΣΣΕΥΣ Οδυσσεύς", "οδυσσευσ"),
            ("Ｆｕｌｌ ﬁeld", "full field"),
            ("Иван Петров", "иван петров"),
            ("山田 太郎", "山田 太郎"),
            ("J. R. R. Tolkien 3rd", "j r tolkien 3rd"),
            ("-- ’ ", ""),
        ] {
            assert_eq!(name_words(name).join(" "), words, "{name}");
        }
    }

    #[test]
    fn a_recipient_is_found_beside_the_buyer() {
        let named = |name: &str| Address { name: name.to_owned(), ..Address::default() };
        let buyer = Buyer { name: "Ada Byron".to_owned(), ..Buyer::default() };
        let shipping_address = Some(named("Byron, Augusta"));
        let billing_address = Some(named("Somebody Else"));
        let personal = Personal { buyer, shipping_address, billing_address, ..Personal::default() };
        assert_eq!(person_words(&personal), ["ada", "byron", "augusta"]);
    }

    #[test]
    fn a_name_without_end_has_an_end() {
        let letters: String = ('a'..='z').flat_map(|letter| [letter, ' ']).collect();
        assert!(name_words(&letters).is_empty());
        let buyer = Buyer { name: letters, ..Buyer::default() };
        let personal = Personal { buyer, ..Personal::default() };
        assert_eq!(person_words(&personal).len(), MAX_NAME_WORDS);
    }
}
