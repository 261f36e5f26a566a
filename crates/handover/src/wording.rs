//! What a shop said, made fit for a cause: short, plain, and nobody's data.

use domain::order::{Address, Personal};
use outbound::{MAX_READ, plain};
use ports::Push;

/// Shorter texts stand in too many words to be taken out of them.
const MIN_PERSONAL: usize = 3;

/// As [`plain`] makes it, and without the buyer's data and the store's secret, should the shop repeat them.
pub(crate) fn said(text: &str, push: &Push<'_>) -> String {
    let mut text: Vec<char> = text.chars().take(MAX_READ).map(visible).collect();
    let mut private = push.personal.map(texts).unwrap_or_default();
    private.push(&push.target.secret);
    private.extend(push.target.secret.split_once(':').map(|(_, password)| password));
    // A whole name before its parts.
    private.sort_by_key(|text| std::cmp::Reverse(text.len()));
    for private in private {
        let private: Vec<char> = private.trim().chars().map(visible).collect();
        if private.len() >= MIN_PERSONAL {
            text = without(&text, &private);
        }
    }
    plain(&text.into_iter().collect::<String>())
}

fn visible(character: char) -> char {
    if character.is_control() { ' ' } else { character }
}

fn texts(personal: &Personal) -> Vec<&str> {
    let Personal { buyer, shipping_address, billing_address, customer_note } = personal;
    let mut texts = vec![buyer.email.as_str(), &buyer.phone];
    let mut names = vec![buyer.name.as_str()];
    for address in [shipping_address, billing_address].into_iter().flatten() {
        let Address { name, lines, city, region, postal_code, country: _, phone } = address;
        names.push(name);
        texts.extend([city.as_str(), region, postal_code, phone]);
        texts.extend(lines.iter().map(String::as_str));
    }
    texts.extend(customer_note.as_deref());
    for name in names {
        texts.push(name);
        texts.extend(name.split_whitespace());
    }
    texts
}

fn without(text: &[char], private: &[char]) -> Vec<char> {
    let mut left = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        let begins = rest.len() >= private.len()
            && rest.iter().zip(private).all(|(a, b)| a.to_lowercase().eq(b.to_lowercase()));
        if begins {
            left.push('…');
            rest = &rest[private.len()..];
        } else {
            left.push(*first);
            rest = tail;
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_taken_out_wherever_it_stands() {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        let left = without(&chars("Ada, ADA and adam"), &chars("ada"));
        assert_eq!(left.into_iter().collect::<String>(), "…, … and …m");
    }
}
