use async_trait::async_trait;
use domain::{
    order::{ExternalIds, FailureClass, Order, Personal},
    store::Handover,
};
use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

/// An order on its way into a shop's own system.
#[derive(Debug, Clone, Copy)]
pub struct Push<'p> {
    pub order: &'p Order,
    /// Who bought and where to, unless it was erased.
    pub personal: Option<&'p Personal>,
    /// Where to, and with which secret.
    pub target: &'p Handover,
}

/// Why the shop does not have the order, as far as is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushFailure {
    pub class: FailureClass,
    /// For the merchant: what the shop said, without anybody's personal data or secret.
    pub cause: String,
    /// The order may have got there all the same: the answer was lost, or nobody understood it.
    pub in_doubt: bool,
    /// The shop asks to be left alone for so long.
    pub retry_after: Option<Duration>,
}

/// A shop's own system, by role. The key of every call is the platform's order id.
#[async_trait]
pub trait StorefrontBackend: Send + Sync {
    /// What the shop calls the order, if it has it.
    ///
    /// # Errors
    ///
    /// If the shop cannot be asked now; nothing may be concluded then.
    async fn find(&self, push: Push<'_>) -> Result<Option<ExternalIds>, PushFailure>;

    /// Makes the order there. One that is there already is answered and not made again, as far as
    /// the shop can do that; who is in doubt asks [`Self::find`] first.
    ///
    /// # Errors
    ///
    /// If it was not made, or nobody knows.
    async fn push(&self, push: Push<'_>) -> Result<ExternalIds, PushFailure>;
}

/// The adapters of a deployment, by the names that stores know them by.
#[derive(Clone, Default)]
pub struct Storefronts(BTreeMap<String, Arc<dyn StorefrontBackend>>);

impl Storefronts {
    /// Adds an adapter; one of the same name is replaced.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, adapter: Arc<dyn StorefrontBackend>) -> Self {
        self.0.insert(name.into(), adapter);
        self
    }

    pub fn get(&self, name: &str) -> Option<&dyn StorefrontBackend> {
        self.0.get(name).map(AsRef::as_ref)
    }

    /// The configured names, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl fmt::Debug for Storefronts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}
