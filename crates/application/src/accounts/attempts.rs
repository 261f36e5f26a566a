use crate::secret_hash;
use domain::{
    id::{StoreId, UserId},
    user::User,
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use time::{Duration, OffsetDateTime};

/// How many attempts may fail within [`WINDOW`].
pub(super) const LIMIT: u32 = 10;
pub(super) const WINDOW: Duration = Duration::minutes(15);
/// Whose attempts are remembered at a time: more than are made of strangers within [`WINDOW`], whose
/// passwords are checked one at a time.
const REMEMBERED: usize = 100_000;

/// Whose attempts are counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Whose {
    /// Everybody's who comes with this login of a store from a place that nobody knows, by its hash:
    /// a long one takes no more room.
    Login([u8; 32]),
    /// Those of a device that this user has logged in from.
    Device([u8; 16]),
    /// Those of whoever is logged in as this user, and gives another password.
    Own(UserId),
}

impl Whose {
    pub fn login(store_id: &StoreId, login: &str) -> Self {
        Self::Login(secret_hash(&format!("{} {}", store_id.as_str(), User::key(login))))
    }
}

/// Attempts to log in, counted in this process.
#[derive(Clone, Default)]
pub(super) struct Attempts(Arc<Mutex<HashMap<Whose, Counted>>>);

#[derive(Debug, Clone, Copy)]
struct Counted {
    since: OffsetDateTime,
    failed: u32,
}

impl Counted {
    fn counts(&self, now: OffsetDateTime) -> bool {
        now - self.since < WINDOW
    }
}

/// Strangers make room for strangers: who is known is not forgotten for them, nor is a login that
/// was tried often for one that was tried once.
fn make_room(counted: &mut HashMap<Whose, Counted>) {
    let logins = counted.iter().filter(|(whose, _)| matches!(whose, Whose::Login(_)));
    let least = logins.min_by_key(|(_, it)| (it.failed, it.since));
    if let Some(least) = least.map(|(whose, _)| whose.clone()) {
        counted.remove(&least);
    }
}

impl Attempts {
    /// Counts one more attempt, as one that fails until [`Attempts::forget`] says otherwise: of many
    /// at once no more are made than of one after the other. Or how long to wait.
    pub fn begin(&self, whose: &Whose, now: OffsetDateTime) -> Result<(), Duration> {
        let mut counted = self.counted();
        if counted.len() >= REMEMBERED && !counted.contains_key(whose) {
            counted.retain(|_, it| it.counts(now));
            if counted.len() >= REMEMBERED {
                make_room(&mut counted);
            }
        }
        let first = Counted { since: now, failed: 0 };
        let of = counted.entry(whose.clone()).or_insert(first);
        if !of.counts(now) {
            *of = first;
        }
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
        Whose::login(&"shop".parse().unwrap(), text)
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
    fn nobody_fills_the_memory_with_logins_nor_pushes_out_whom_they_guess_at() {
        let attempts = Attempts::default();
        for _ in 0..LIMIT {
            attempts.begin(&login("ada"), NOON).unwrap();
        }
        let at = |number: usize| NOON + Duration::milliseconds(i64::try_from(number).unwrap());
        for number in 1..REMEMBERED + 5 {
            attempts.begin(&login(&number.to_string()), at(number)).unwrap();
        }
        assert_eq!(attempts.counted().len(), REMEMBERED);
        attempts.begin(&login("ada"), at(REMEMBERED)).unwrap_err();
        // Of those that were tried as often, the one that began first has gone.
        let is_there = |number: usize| attempts.counted().contains_key(&login(&number.to_string()));
        assert!(!is_there(5) && is_there(6));
        // What has been over for long makes room first.
        attempts.begin(&login("bob"), NOON + WINDOW + WINDOW).unwrap();
        assert_eq!(attempts.counted().len(), 1);
    }
}
