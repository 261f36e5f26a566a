//! What somebody else said, made fit to be shown.

/// Characters that are kept.
pub const MAX_MESSAGE: usize = 200;
/// Characters that are looked at.
pub const MAX_READ: usize = 2_000;

/// Only what can be seen, on one line, and cut.
pub fn plain(text: &str) -> String {
    let visible = |character: char| if is_visible(character) { character } else { ' ' };
    let line: String = text.chars().take(MAX_READ).map(visible).collect();
    let words: Vec<&str> = line.split_whitespace().collect();
    words.join(" ").chars().take(MAX_MESSAGE).collect()
}

/// What turns a line around, joins or marks and is not seen itself does not count, nor does what
/// stands for bytes that are no text.
fn is_visible(character: char) -> bool {
    let hidden = matches!(
        character,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{e000}'..='\u{f8ff}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{ffff}'
            | '\u{e0000}'..
    );
    !hidden && !character.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_short_line() {
        assert_eq!(plain("a\u{1b}[31m\r\n b\t\u{0}c"), "a [31m b c");
        assert_eq!(plain("a\u{202e}b \u{feff}\u{fffd} \u{2029}c"), "a b c");
        assert_eq!(plain("प्रणाली नहीं मिली"), "प्रणाली नहीं मिली");
        assert_eq!(plain(&"ä".repeat(3_000)).chars().count(), MAX_MESSAGE);
    }
}
