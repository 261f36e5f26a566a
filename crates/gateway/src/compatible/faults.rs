//! What is wrong with a request, gathered so that a caller corrects it once.

use std::fmt::Display;

/// How many faults are told; there is nobody who reads more.
const MAX_FAULTS: usize = 100;

/// What kind of field is at fault: it decides which refusal answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Amount,
    Quantity,
    Other,
}

#[derive(Debug, Default)]
pub struct Faults {
    found: Vec<(Kind, String)>,
    /// Amounts that are well-formed but negative. Which of the rules refuses such a one is for the
    /// refund service to say, if it ever gets that far.
    negative: Vec<String>,
}

impl Faults {
    pub fn push(&mut self, kind: Kind, field: &str, description: impl Display) {
        if self.found.len() < MAX_FAULTS {
            self.found.push((kind, format!("{field} {description}")));
        }
    }

    pub fn negative(&mut self, field: &str) {
        if self.negative.len() < MAX_FAULTS {
            self.negative.push(format!("{field} must not be negative"));
        }
    }

    /// # Errors
    ///
    /// The reason of the refusal and its text, which names every field.
    pub fn into_result(self) -> Result<(), (&'static str, String)> {
        let Some((first, _)) = self.found.first() else { return Ok(()) };
        let reason = if self.found.iter().any(|(kind, _)| kind != first) {
            "INVALID_FIELDS"
        } else {
            match first {
                Kind::Amount => "INVALID_AMOUNT",
                Kind::Quantity => "INVALID_QUANTITY",
                Kind::Other => "INVALID_FIELDS",
            }
        };
        let texts = self.found.into_iter().map(|(_, text)| text).chain(self.negative);
        Err((reason, texts.collect::<Vec<_>>().join("; ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(kinds: &[Kind]) -> &'static str {
        let mut faults = Faults::default();
        for kind in kinds {
            faults.push(*kind, "f", "is wrong");
        }
        faults.into_result().unwrap_err().0
    }

    #[test]
    fn the_reason_is_that_of_the_fields_if_they_are_of_one_kind() {
        assert_eq!(reason(&[Kind::Amount, Kind::Amount]), "INVALID_AMOUNT");
        assert_eq!(reason(&[Kind::Quantity]), "INVALID_QUANTITY");
        assert_eq!(reason(&[Kind::Amount, Kind::Quantity]), "INVALID_FIELDS");
        assert_eq!(reason(&[Kind::Other]), "INVALID_FIELDS");
    }

    #[test]
    fn a_negative_amount_is_named_beside_others_but_is_no_fault_of_its_own() {
        let mut faults = Faults::default();
        faults.negative("A");
        assert!(
            Faults { negative: faults.negative.clone(), ..Faults::default() }.into_result().is_ok()
        );
        faults.push(Kind::Quantity, "B", "must be whole");
        let (reason, text) = faults.into_result().unwrap_err();
        assert_eq!(reason, "INVALID_QUANTITY");
        assert_eq!(text, "B must be whole; A must not be negative");
    }
}
