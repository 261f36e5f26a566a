use async_trait::async_trait;
use domain::{
    order::{Order, Personal},
    screening::{Check, Finding, Verdict},
};
use std::{cmp::Reverse, collections::BTreeMap, fmt, sync::Arc};

/// An order as a check sees it: with the people, unless their data were erased.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'s> {
    pub order: &'s Order,
    pub personal: Option<&'s Personal>,
}

/// What a check came to, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opinion {
    pub verdict: Verdict,
    /// The worst first: an order keeps no more than [`Finding::MAX`]. Without anybody's personal
    /// data.
    pub findings: Vec<Finding>,
}

/// The check could not be made now; it is tried again.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct ScreeningError {
    pub what: String,
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// One check of an order, by role. It has no effect of its own: an answer that is lost is asked
/// for again.
#[async_trait]
pub trait Screening: Send + Sync {
    /// # Errors
    ///
    /// If the check cannot be made now; nothing may be concluded then.
    async fn check(&self, subject: Subject<'_>) -> Result<Opinion, ScreeningError>;
}

/// The checks of a deployment.
#[derive(Clone, Default)]
pub struct Screenings(BTreeMap<Check, Arc<dyn Screening>>);

impl Screenings {
    /// Adds a check's adapter; one for the same check is replaced.
    #[must_use]
    pub fn with(mut self, check: Check, adapter: Arc<dyn Screening>) -> Self {
        self.0.insert(check, adapter);
        self
    }

    pub fn get(&self, check: Check) -> Option<&dyn Screening> {
        self.0.get(&check).map(AsRef::as_ref)
    }
}

impl fmt::Debug for Screenings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Opinion {
    pub const fn clear() -> Self {
        Self { verdict: Verdict::Clear, findings: Vec::new() }
    }

    /// What all comes to that was found, each with what it alone would: the worst counts and is told
    /// first.
    pub fn of(found: impl IntoIterator<Item = (Verdict, Finding)>) -> Self {
        let mut found: Vec<(Verdict, Finding)> = found.into_iter().collect();
        found.sort_by_key(|(verdict, _)| Reverse(*verdict));
        let verdict = found.first().map_or(Verdict::Clear, |(verdict, _)| *verdict);
        Self { verdict, findings: found.into_iter().map(|(_, finding)| finding).collect() }
    }
}

impl ScreeningError {
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), source: None }
    }

    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::Opinion;
    use domain::screening::{Finding, Verdict};

    #[test]
    fn the_worst_counts_and_is_told_first() {
        use Verdict::{Clear, Failed, Review};
        for (found, verdict, told) in [
            (vec![], Clear, ""),
            (vec![(Clear, "a"), (Clear, "b")], Clear, "ab"),
            (vec![(Clear, "a"), (Review, "b"), (Clear, "c"), (Review, "d")], Review, "bdac"),
            (vec![(Review, "a"), (Failed, "b"), (Clear, "c")], Failed, "bac"),
            (vec![(Failed, "a"), (Review, "b")], Failed, "ab"),
        ] {
            let opinion =
                Opinion::of(found.iter().map(|(it, rule)| (*it, Finding::new(*rule, ""))));
            let rules: String = opinion.findings.into_iter().map(|it| it.rule).collect();
            assert_eq!((opinion.verdict, rules.as_str()), (verdict, told), "{found:?}");
        }
    }
}
