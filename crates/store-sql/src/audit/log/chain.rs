//! The chain of hashes: each covers an entry with its fact, and the hash before it.
//!
//! An entry is held against the hash that is stored before it, so that what is wrong with one is
//! not wrong with all that come after. Whether an entry that does not fit was changed, or only its
//! hash, is known once the next one is read: that goes on either from the hash that is stored, or
//! from the one that should be.

use super::entry::{Logged, Name};
use crate::audit::{
    report::Report,
    suspects::{Suspect, Suspects},
};
use ports::{FaultKind, NO_ENTRY, chained};

/// Entries that do not fit, one after the other, until they are no more waited with.
const MOST_DOUBTED: usize = 100;

pub(super) struct Chain {
    /// What is stored of the last entry; none if that is not known.
    before: Option<[u8; 32]>,
    /// What should be, if that is something else.
    meant: Option<[u8; 32]>,
    doubted: Vec<(Name, Suspect)>,
}

/// What an entry is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Fits,
    /// It cannot be said, or not yet.
    Unknown,
    /// It fits to what the fact says, and its own columns do not.
    Entry(String),
    /// It is the other way round.
    Fact(String),
}

impl Default for Chain {
    fn default() -> Self {
        Self { before: Some(NO_ENTRY), meant: None, doubted: Vec::new() }
    }
}

impl Chain {
    /// What came before the next entry is not there.
    pub fn lose(&mut self, suspects: &mut Suspects, report: &mut Report<'_>) {
        self.settle(false, suspects, report);
        self.before = None;
    }

    pub fn take(
        &mut self,
        logged: &Logged,
        suspects: &mut Suspects,
        report: &mut Report<'_>,
    ) -> Verdict {
        let (fact, before) = (logged.fact.as_ref(), self.before.replace(logged.hash));
        let Some((columns, body)) = fact else {
            // The history of the order says that it is missing.
            self.settle(false, suspects, report);
            return Verdict::Unknown;
        };
        let differ = (logged.columns != *columns).then(|| logged.columns.differ(columns));
        let Some(before) = before else {
            return differ.map_or(Verdict::Unknown, Verdict::Entry);
        };
        let digest = logged.digest(columns, body);
        let other = differ.as_ref().map(|_| logged.digest(&logged.columns, body));
        for (is_meant, start) in [(false, Some(before)), (true, self.meant)] {
            let Some(start) = start else { continue };
            let fits = |digest: &[u8; 32]| chained(&start, digest) == logged.hash;
            if fits(&digest) {
                self.settle(is_meant, suspects, report);
                return differ.map_or(Verdict::Fits, Verdict::Entry);
            }
            if other.as_ref().is_some_and(fits) {
                self.settle(is_meant, suspects, report);
                return Verdict::Fact(differ.unwrap_or_default());
            }
        }
        self.doubt(logged, before, &digest, suspects, report);
        Verdict::Unknown
    }

    fn doubt(
        &mut self,
        logged: &Logged,
        before: [u8; 32],
        digest: &[u8; 32],
        suspects: &mut Suspects,
        report: &mut Report<'_>,
    ) {
        if self.doubted.len() >= MOST_DOUBTED {
            self.settle(false, suspects, report);
        }
        let starts = [Some(before), self.meant];
        let told = logged.told.clone();
        let Name { place, entry, .. } = logged.name;
        let suspect = Suspect { place, entry, starts, hash: logged.hash, told };
        self.meant = Some(chained(&self.meant.unwrap_or(before), digest));
        self.doubted.push((logged.name.clone(), suspect));
    }

    /// Whether the log ends with this hash; nothing is said of a log whose end is not there.
    pub fn leave(
        mut self,
        hash: Option<&[u8; 32]>,
        suspects: &mut Suspects,
        report: &mut Report<'_>,
    ) -> bool {
        let is_meant = hash.is_some() && self.meant.as_ref() == hash;
        let fits = hash.is_none() || is_meant || self.before.as_ref() == hash;
        self.settle(is_meant, suspects, report);
        fits
    }

    /// What did not fit either had its hash replaced, or is to be looked into.
    fn settle(
        &mut self,
        had_its_hash_replaced: bool,
        suspects: &mut Suspects,
        report: &mut Report<'_>,
    ) {
        self.meant = None;
        for (name, suspect) in self.doubted.drain(..) {
            if had_its_hash_replaced {
                let text = "its hash was replaced: the entry after it goes on from another one";
                report.tell(name.spot(), FaultKind::ChainBroken, text);
            } else {
                suspects.add(&name.store_id, &name.order_id, suspect, report);
            }
        }
    }
}
