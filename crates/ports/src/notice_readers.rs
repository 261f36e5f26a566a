use crate::NoticeReader;
use std::{collections::BTreeMap, fmt, sync::Arc};

/// Who reads what payment providers post to us, by the providers' names.
#[derive(Clone, Default)]
pub struct NoticeReaders(BTreeMap<String, Arc<dyn NoticeReader>>);

impl NoticeReaders {
    /// Adds a reader; one of the same name is replaced.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, reader: Arc<dyn NoticeReader>) -> Self {
        self.0.insert(name.into(), reader);
        self
    }

    pub fn get(&self, name: &str) -> Option<&dyn NoticeReader> {
        self.0.get(name).map(AsRef::as_ref)
    }
}

impl fmt::Debug for NoticeReaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
