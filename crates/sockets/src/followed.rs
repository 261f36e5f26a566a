//! What is made of files, and made anew when they change.

use crate::files::{self, Bytes, Fault};
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, RwLock, Weak},
    time::Duration,
};
use telemetry::{KeyValue, metrics::Counter};

type Make<T> = Box<dyn Fn(&[Bytes]) -> Result<T, Vec<Fault>> + Send + Sync>;

/// As it was last good.
pub(crate) struct Followed<T> {
    paths: Vec<PathBuf>,
    make: Make<T>,
    current: RwLock<Arc<T>>,
    /// What was read last, good or not: a fault is told once.
    read: Mutex<Vec<Bytes>>,
    reloads: Counter<u64>,
}

/// What a look came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    NothingNew,
    /// It is in force.
    New,
    /// What was there stays in force.
    Broken(Vec<Fault>),
}

impl<T: Send + Sync + 'static> Followed<T> {
    pub fn open(
        paths: Vec<PathBuf>,
        make: impl Fn(&[Bytes]) -> Result<T, Vec<Fault>> + Send + Sync + 'static,
    ) -> Result<Self, Vec<Fault>> {
        let read = read(&paths);
        let current = RwLock::new(Arc::new(make(&read)?));
        let reloads = telemetry::meter()
            .u64_counter("tls.reloads")
            .with_description("Certificates that were read again, by what came of it")
            .build();
        Ok(Self { paths, make: Box::new(make), current, read: Mutex::new(read), reloads })
    }

    pub fn current(&self) -> Arc<T> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Compares what the files have, not when they were written: a certificate is often put in place
    /// by a link that begins to point elsewhere.
    pub fn look(&self) -> Seen {
        let now = read(&self.paths);
        let mut known = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if *known == now {
            return Seen::NothingNew;
        }
        let made = (self.make)(&now);
        *known = now;
        match made {
            Ok(new) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
                tracing::info!(files = ?self.paths, "a certificate was read again");
                self.count("new");
                Seen::New
            }
            Err(faults) => {
                for fault in &faults {
                    tracing::error!(
                        %fault,
                        "a certificate cannot be used; the last good one stays in force"
                    );
                }
                self.count("broken");
                Seen::Broken(faults)
            }
        }
    }

    /// Looks for changes for as long as somebody has it, in the background.
    pub fn keep_fresh(self: &Arc<Self>, every: Duration) {
        let followed = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(every).await;
                let Some(followed) = Weak::upgrade(&followed) else { return };
                tokio::task::spawn_blocking(move || followed.look()).await.ok();
            }
        });
    }

    fn count(&self, outcome: &'static str) {
        self.reloads.add(1, &[KeyValue::new("outcome", outcome)]);
    }
}

fn read(paths: &[PathBuf]) -> Vec<Bytes> {
    paths.iter().map(|path| files::read(path)).collect()
}
