//! Passwords that are given by the system, by a form that nobody's own choice has.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

const PREFIX: &str = "mrp_";
const BYTES: usize = 16;

/// A password of so many bits is not guessed.
pub(super) fn given_password(drawn: [u8; BYTES]) -> String {
    format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(drawn))
}

/// Whether a text has the form of a password that is given, whoever it was given to, if to anybody.
pub fn is_given_password(text: &str) -> bool {
    let drawn = text.strip_prefix(PREFIX).and_then(|it| BASE64_URL_SAFE_NO_PAD.decode(it).ok());
    drawn.is_some_and(|drawn| drawn.len() == BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_is_told_from_what_is_chosen() {
        let given = given_password([7; BYTES]);
        assert!(is_given_password(&given), "{given}");
        let bare = given.strip_prefix(PREFIX).unwrap();
        let longer = format!("{given}AA");
        for chosen in ["", "mrp_", "mrp_correct horse battery", bare, &given[..25], &longer] {
            assert!(!is_given_password(chosen), "{chosen}");
        }
    }
}
