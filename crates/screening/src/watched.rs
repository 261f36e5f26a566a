//! Rules and lists that follow their files.

use crate::file::{ListError, ListSource, Stamp};
use std::{
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

/// Reads all files anew.
type Read<T> = Box<dyn Fn(&[ListSource]) -> Result<T, ListError> + Send + Sync>;

/// What is read from files, as it was last good.
pub struct Watched<T> {
    sources: Vec<ListSource>,
    read: Read<T>,
    current: RwLock<Arc<T>>,
    /// Of what was read last, good or not; also keeps two from reading at once.
    stamps: Mutex<Vec<Stamp>>,
}

impl<T: Send + Sync + 'static> Watched<T> {
    /// # Errors
    ///
    /// If a file cannot be read or understood.
    pub fn open(
        sources: Vec<ListSource>,
        read: impl Fn(&[ListSource]) -> Result<T, ListError> + Send + Sync + 'static,
    ) -> Result<Self, ListError> {
        // Taken first: what changes while it is read is read once more.
        let stamps = stamps(&sources);
        let current = RwLock::new(Arc::new(read(&sources)?));
        Ok(Self { sources, read: Box::new(read), current, stamps: Mutex::new(stamps) })
    }

    pub fn current(&self) -> Arc<T> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the files again if one of them changed. Whoever asks meanwhile gets what was there.
    /// Answers whether something new is in force.
    pub fn look(&self) -> bool {
        let mut known = self.stamps.lock().unwrap_or_else(PoisonError::into_inner);
        let now = stamps(&self.sources);
        if *known == now {
            return false;
        }
        *known = now;
        match (self.read)(&self.sources) {
            Ok(new) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
                tracing::info!(files = self.names(), "a list was read again");
                true
            }
            Err(error) => {
                let error = ports::Chain(&error).to_string();
                tracing::error!(error, "a list cannot be used; the last good one stays in force");
                false
            }
        }
    }

    /// Looks for changes for as long as somebody has it, in the background.
    pub fn keep_fresh(self: &Arc<Self>, every: Duration) {
        let watched = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(every).await;
                let Some(watched) = watched.upgrade() else { return };
                // Reading a long list takes seconds.
                tokio::task::spawn_blocking(move || watched.look()).await.ok();
            }
        });
    }

    fn names(&self) -> String {
        self.sources.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }
}

fn stamps(sources: &[ListSource]) -> Vec<Stamp> {
    sources.iter().map(Stamp::of).collect()
}
