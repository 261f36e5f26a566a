use domain::id::{StoreId, UserId};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use time::{Duration, OffsetDateTime};

/// How many attempts may fail within [`WINDOW`].
pub(super) const LIMIT: u32 = 10;
pub(super) const WINDOW: Duration = Duration::minutes(15);
/// Whose attempts are remembered at a time. Of more, those that began first are forgotten.
const REMEMBERED: usize = 10_000;

/// Whose attempts are counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Whose {
    /// Everybody's who comes with this login of a store from a place that nobody knows.
    Login(StoreId, String),
    /// Those of a device that this user has logged in from.
    Device([u8; 16]),
    /// Those of whoever is logged in as this user, and gives another password.
    Own(UserId),
}

/// Attempts to log in, counted in this process.
#[derive(Clone, Default)]
pub(super) struct Attempts(Arc<Mutex<HashMap<Whose, Counted>>>);

#[derive(Debug, Clone, Copy)]
struct Counted {
    since: OffsetDateTime,
    failed: u32,
}

impl Attempts {
    /// Counts one more attempt, as one that fails until [`Attempts::forget`] says otherwise: of many
    /// at once no more are made than of one after the other. Or how long to wait.
    pub fn begin(&self, whose: &Whose, now: OffsetDateTime) -> Result<(), Duration> {
        let mut counted = self.counted();
        counted.retain(|_, it| now - it.since < WINDOW);
        if counted.len() >= REMEMBERED && !counted.contains_key(whose) {
            // Strangers make room for strangers: who is known is not forgotten for them.
            let logins = counted.iter().filter(|(whose, _)| matches!(whose, Whose::Login(..)));
            let first = logins.min_by_key(|(_, it)| it.since).map(|(whose, _)| whose.clone());
            first.map(|first| counted.remove(&first));
        }
        let of = counted.entry(whose.clone()).or_insert(Counted { since: now, failed: 0 });
        if of.failed >= LIMIT {
            return Err(of.since + WINDOW - now);
        }
        of.failed += 1;
        Ok(())
    }

    /// It came to no failure that counts.
    pub fn take_back(&self, whose: &Whose) {
        let mut counted = self.counted();
        let Some(of) = counted.get_mut(whose) else { return };
        of.failed = of.failed.saturating_sub(1);
        if of.failed == 0 {
            counted.remove(whose);
        }
    }

    /// They are in: what failed before does not count any more.
    pub fn forget(&self, whose: &Whose) {
        self.counted().remove(whose);
    }

    fn counted(&self) -> MutexGuard<'_, HashMap<Whose, Counted>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: OffsetDateTime = time::macros::datetime!(2026-03-01 12:00 UTC);

    fn login(text: &str) -> Whose {
        Whose::Login("shop".parse().unwrap(), text.to_owned())
    }

    #[test]
    fn after_so_many_failures_one_waits() {
        let attempts = Attempts::default();
        for second in 0..LIMIT {
            attempts.begin(&login("ada"), NOON + Duration::seconds(second.into())).unwrap();
        }
        let later = NOON + Duration::minutes(5);
        assert_eq!(attempts.begin(&login("ada"), later), Err(Duration::minutes(10)));
        assert_eq!(attempts.begin(&login("bob"), later), Ok(()));
        assert_eq!(attempts.begin(&Whose::Device([1; 16]), later), Ok(()));
        assert_eq!(attempts.begin(&login("ada"), NOON + WINDOW), Ok(()));
    }

    #[test]
    fn who_gets_in_begins_anew() {
        let attempts = Attempts::default();
        for _ in 0..LIMIT {
            attempts.begin(&login("ada"), NOON).unwrap();
        }
        attempts.take_back(&login("ada"));
        attempts.begin(&login("ada"), NOON).unwrap();
        attempts.forget(&login("ada"));
        attempts.begin(&login("ada"), NOON).unwrap();
    }

    #[test]
    fn nobody_fills_the_memory_with_logins() {
        let attempts = Attempts::default();
        for number in 0..REMEMBERED + 5 {
            let at = NOON + Duration::milliseconds(i64::try_from(number).unwrap());
            attempts.begin(&login(&number.to_string()), at).unwrap();
        }
        assert_eq!(attempts.counted().len(), REMEMBERED);
    }
}
