use crate::PaymentProvider;
use std::{collections::BTreeMap, fmt, sync::Arc};

/// The payment providers of a deployment, by the names that tenders and legs know them by.
#[derive(Clone, Default)]
pub struct Providers(BTreeMap<String, Arc<dyn PaymentProvider>>);

/// No provider of this name is configured. What was to be asked of it has to wait: nothing may
/// be concluded about the money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no payment provider {name:?} is configured")]
pub struct UnknownProvider {
    pub name: String,
}

impl Providers {
    /// Adds a provider; one of the same name is replaced.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, provider: Arc<dyn PaymentProvider>) -> Self {
        self.0.insert(name.into(), provider);
        self
    }

    /// # Errors
    ///
    /// [`UnknownProvider`] for a name that is not configured.
    pub fn get(&self, name: &str) -> Result<&dyn PaymentProvider, UnknownProvider> {
        let found = self.0.get(name).map(AsRef::as_ref);
        found.ok_or_else(|| UnknownProvider { name: name.to_owned() })
    }

    /// Every provider with its name, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &dyn PaymentProvider)> {
        self.0.iter().map(|(name, provider)| (name.as_str(), provider.as_ref()))
    }

    /// The configured names, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl fmt::Debug for Providers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}
