use std::fmt;

/// How alike two names are, in whole thousandths: 1000 is the same words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Likeness(u32);

/// A word that one of the names does not have, such as a middle name, takes this off.
const WORD_LESS: u32 = 80;
/// The same letters with other gaps between them, or the same sounds written otherwise.
const NEARLY: Likeness = Likeness(980);

impl Likeness {
    pub const SAME: Self = Self(1_000);

    /// From 0 to 100 per cent; more is 100.
    pub const fn percent(percent: u8) -> Self {
        let percent = if percent > 100 { 100 } else { percent };
        Self(percent as u32 * 10)
    }

    pub(super) const fn nearly() -> Self {
        NEARLY
    }

    pub const fn is_same(self) -> bool {
        self.0 == Self::SAME.0
    }

    /// Of two names' words: each of one is paired with the one of the other that it is most like, by
    /// how many edits it takes, long words counting for more than short ones. One word may be
    /// missing of three or more.
    pub fn of(one: &[&str], other: &[&str]) -> Self {
        let (few, many) = if one.len() <= other.len() { (one, other) } else { (other, one) };
        let missing = many.len() - few.len();
        if few.is_empty() || missing > 1 || (missing == 1 && few.len() < 2) {
            return Self(0);
        }
        let mut free: Vec<&str> = many.to_vec();
        let (mut alike, mut letters) = (0, 0);
        // The longest first, so that a short word does not take the place of a long one.
        let mut few = few.to_vec();
        few.sort_by_key(|word| std::cmp::Reverse(word.len()));
        for word in few {
            let nearest = free
                .iter()
                .enumerate()
                .map(|(place, other)| (strsim::osa_distance(word, other), place))
                .min_by_key(|(edits, place)| (*edits, free[*place].len().abs_diff(word.len())));
            let Some((edits, place)) = nearest else { return Self(0) };
            let other = free.swap_remove(place);
            let longest = word.len().max(other.len());
            let weight = word.len() + other.len();
            alike += weight * (longest - edits.min(longest)) * 1_000 / longest;
            letters += weight;
        }
        let likeness = u32::try_from(alike / letters.max(1)).unwrap_or(0);
        Self(if missing == 1 { likeness.saturating_sub(WORD_LESS) } else { likeness })
    }
}

impl fmt::Display for Likeness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{} %", self.0 / 10, self.0 % 10)
    }
}

#[cfg(test)]
mod tests {
    use super::Likeness;

    fn of(one: &str, other: &str) -> u32 {
        let words = |name: &'static str| name.split(' ').collect::<Vec<_>>();
        let (one, other) = (one.to_owned().leak(), other.to_owned().leak());
        Likeness::of(&words(one), &words(other)).0
    }

    #[test]
    fn words_are_compared_in_any_order_and_by_their_length() {
        for (one, other, expected) in [
            ("ivan petrov", "ivan petrov", 1_000),
            ("petrov ivan", "ivan petrov", 1_000),
            ("ivan petrow", "ivan petrov", 900),
            ("ivan pertov", "ivan petrov", 900),
            ("ivn petrov", "ivan petrov", 907),
            ("juan perez", "juan carlos perez", 920),
            ("juan", "juan perez", 0),
            ("juan perez", "juan carlos maria perez", 0),
            ("anna", "anna", 1_000),
            ("", "anna", 0),
        ] {
            assert_eq!(of(one, other), expected, "{one} and {other}");
            assert_eq!(of(other, one), expected, "{other} and {one}");
        }
        assert!(of("john smith", "jane doe") < 300);
    }

    #[test]
    fn a_likeness_is_shown_in_per_cent() {
        assert_eq!(Likeness::percent(88).to_string(), "88.0 %");
        assert_eq!(Likeness(915).to_string(), "91.5 %");
        assert_eq!(Likeness::percent(255), Likeness::SAME);
    }
}
