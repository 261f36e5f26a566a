//! Attempts that were denied, on their way into the event log.

use crate::{
    Caller, Core, Failure,
    store_step::{Known, StoreAsk, Written, existing, incidental},
};
use domain::{Actor, Denial, id::StoreId, store::StoreFact};
use ports::Chain;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use time::{Duration, OffsetDateTime};

/// Notes what callers who are known were refused, and writes it into the log of their store.
///
/// Whoever is refused at every call writes no more than an entry a minute: the first attempt is
/// written at once, those that follow are gathered. So nobody fills the log, and no call waits for
/// it. Attempts are noted under the caller's own store, whether what it named is another's or
/// nobody's, and without a look at which: neither the time nor the log tells.
#[derive(Clone)]
pub struct Denials {
    core: Arc<Core>,
    noted: Arc<Mutex<Noted>>,
}

/// Who was refused.
type By = (StoreId, Actor);

#[derive(Default)]
struct Noted {
    by: HashMap<By, Gathered>,
    /// Attempts for which there was no room.
    lost: u64,
}

/// What one caller was refused since its last entry.
#[derive(Debug, Default)]
struct Gathered {
    denials: Vec<Denial>,
    more: u64,
    written_at: Option<OffsetDateTime>,
}

impl Denials {
    /// Kinds of attempts that an entry lists; of others it says how many.
    pub const MAX_LISTED: usize = 20;
    /// The shortest time between two entries of a caller.
    pub const APART: Duration = Duration::minutes(1);
    /// Callers that are remembered at a time.
    const MAX_CALLERS: usize = 10_000;

    pub fn new(core: Arc<Core>) -> Self {
        Self { core, noted: Arc::default() }
    }

    /// Remembers one attempt of `actor`, who belongs to `store_id`.
    pub fn note(&self, store_id: &StoreId, actor: &Actor, denial: Denial) {
        let by = (store_id.clone(), actor.clone());
        let mut noted = self.noted();
        if noted.by.len() >= Self::MAX_CALLERS && !noted.by.contains_key(&by) {
            noted.lost += 1;
            return;
        }
        noted.by.entry(by).or_default().add(denial);
    }

    /// Writes what is due into the log. What could not be written is kept for the next time.
    pub async fn write(&self) {
        let now = self.core.now();
        self.write_what(|gathered| {
            gathered.written_at.is_none_or(|written_at| (now - written_at).abs() >= Self::APART)
        })
        .await;
    }

    /// Writes all there is: nobody will come again.
    pub async fn write_all(&self) {
        self.write_what(|_| true).await;
    }

    async fn write_what(&self, is_due: impl Fn(&Gathered) -> bool + Send) {
        for (by, gathered) in self.take(is_due) {
            if let Err(failure) = self.commit(&by, &gathered).await {
                tracing::warn!(error = %Chain(&failure), "denied attempts could not be written down");
                if !matches!(failure, Failure::NotFound { .. }) {
                    self.put_back(by, gathered);
                }
            }
        }
    }

    fn take(&self, is_due: impl Fn(&Gathered) -> bool) -> Vec<(By, Gathered)> {
        let now = self.core.now();
        let mut noted = self.noted();
        let lost = std::mem::take(&mut noted.lost);
        if lost > 0 {
            tracing::warn!(lost, "denied attempts of too many callers at a time were left out");
        }
        // Of whom nothing is heard any more nothing has to be known.
        noted.by.retain(|_, gathered| !(gathered.denials.is_empty() && is_due(gathered)));
        let due = noted.by.iter_mut().filter(|(_, it)| !it.denials.is_empty() && is_due(it));
        let take = |gathered: &mut Gathered| {
            std::mem::replace(gathered, Gathered { written_at: Some(now), ..Gathered::default() })
        };
        due.map(|(by, gathered)| (by.clone(), take(gathered))).collect()
    }

    fn put_back(&self, by: By, before: Gathered) {
        let mut noted = self.noted();
        let gathered = noted.by.entry(by).or_default();
        let since = std::mem::replace(gathered, before);
        gathered.more += since.more;
        since.denials.into_iter().for_each(|denial| gathered.add(denial));
    }

    async fn commit(&self, (store_id, actor): &By, gathered: &Gathered) -> Result<(), Failure> {
        let caller = Caller { actor: actor.clone(), trace: None };
        let ask = StoreAsk { caller: &caller, store_id, request: None };
        let nothing = || async { Ok(()) };
        let decide = |Known { store, .. }: Known<()>| {
            let Gathered { denials, more, .. } = gathered;
            let fact = StoreFact::AccessDenied { denials: denials.clone(), more: *more };
            Ok(Written::of(incidental(existing(store, store_id)?, fact), Vec::new()))
        };
        self.core.write_store(ask, nothing, decide).await.map(drop)
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gathered {
    fn add(&mut self, denial: Denial) {
        if let Some(listed) = self.denials.iter_mut().find(|listed| listed.is_like(&denial)) {
            listed.times += denial.times;
        } else if self.denials.len() < Denials::MAX_LISTED {
            self.denials.push(denial);
        } else {
            self.more += denial.times;
        }
    }
}
