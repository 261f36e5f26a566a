//! Percent-encoding of paths and queries.

/// Decodes `%41`; `None` if a percent sign is not followed by two hex digits or the result is no
/// UTF-8.
pub fn decode(text: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => hex(bytes.next()?)? * 16 + hex(bytes.next()?)?,
            other => other,
        });
    }
    String::from_utf8(decoded).ok()
}

/// The pairs of a query, in which a plus sign is a space; `None` if one cannot be decoded.
pub fn pairs(query: &str) -> Option<Vec<(String, String)>> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decode(&name.replace('+', " "))?, decode(&value.replace('+', " "))?))
        })
        .collect()
}

/// Encodes a text for one segment of a path; letters, digits, `-`, `.`, `_` and `~` stay.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => encoded.push(char::from(byte)),
            _ => encoded.extend(['%', digit(byte >> 4), digit(byte & 0xF)]),
        }
    }
    encoded
}

fn digit(value: u8) -> char {
    char::from_digit(value.into(), 16).unwrap_or('0').to_ascii_uppercase()
}

fn hex(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_encoded_is_decoded() {
        assert_eq!(decode("a%2Fb%3a+").as_deref(), Some("a/b:+"));
        assert_eq!(decode("%e2%82%ac").as_deref(), Some("€"));
    }

    #[test]
    fn what_is_encoded_is_decoded_to_itself() {
        assert_eq!(encode("GE-1.2_3~"), "GE-1.2_3~");
        assert_eq!(encode("a/b:€"), "a%2Fb%3A%E2%82%AC");
        assert_eq!(decode(&encode("a/b:€ %")).as_deref(), Some("a/b:€ %"));
    }

    #[test]
    fn what_cannot_be_decoded_is_not_guessed() {
        for bad in ["%", "%4", "%zz", "%+1", "%ff"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_query_is_a_list_of_pairs() {
        let pairs = pairs("a=1&b=x+y&a=2&&c").unwrap();
        let expected = [("a", "1"), ("b", "x y"), ("a", "2"), ("c", "")];
        assert_eq!(pairs, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
    }
}
