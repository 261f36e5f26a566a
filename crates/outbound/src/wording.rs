//! What somebody else said, made fit to be shown.

/// Characters that are kept.
pub const MAX_MESSAGE: usize = 200;
/// Characters that are looked at.
pub const MAX_READ: usize = 2_000;

/// Without control characters, on one line, and cut.
pub fn plain(text: &str) -> String {
    let visible = |character: char| if character.is_control() { ' ' } else { character };
    let line: String = text.chars().take(MAX_READ).map(visible).collect();
    let words: Vec<&str> = line.split_whitespace().collect();
    words.join(" ").chars().take(MAX_MESSAGE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_short_line() {
        assert_eq!(plain("a\u{1b}[31m\r\n b\t\u{0}c"), "a [31m b c");
        assert_eq!(plain(&"ä".repeat(3_000)).chars().count(), MAX_MESSAGE);
    }
}
