//! The machine's own resolver, which cannot be told to stop.
//!
//! A look-up holds a thread until the machine gives it up, long after whoever asked went away, and
//! these threads are for everybody. So there are so many look-ups and no more, and few of one name:
//! a name server that says nothing keeps nobody from calling anybody else.

use crate::limits::{MAX_LOOKUPS, MAX_LOOKUPS_OF_NAME};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::{
    collections::HashMap,
    io,
    net::{SocketAddr, ToSocketAddrs as _},
    sync::{Arc, LazyLock, Mutex, PoisonError},
};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

type LookUp = dyn Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync;

#[derive(Clone)]
pub(crate) struct System {
    look_up: Arc<LookUp>,
    all: Arc<Semaphore>,
    /// Of each name that somebody looks up or waits to look up.
    names: Arc<Mutex<HashMap<String, Arc<Semaphore>>>>,
}

/// Given back when the look-up really ended.
type Places = (OwnedSemaphorePermit, OwnedSemaphorePermit);

static OF_PROCESS: LazyLock<Arc<System>> = LazyLock::new(|| {
    Arc::new(System::new(|name| (name, 0).to_socket_addrs().map(Iterator::collect)))
});

impl System {
    /// The one that all share, as they share the threads.
    pub fn of_process() -> Arc<dyn Resolve> {
        OF_PROCESS.clone()
    }

    fn new(look_up: impl Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static) -> Self {
        let all = Arc::new(Semaphore::new(MAX_LOOKUPS));
        Self { look_up: Arc::new(look_up), all, names: Arc::default() }
    }

    /// Waits until there are some, for as long as whoever asks does.
    async fn places(&self, name: &str) -> Result<Places, AcquireError> {
        let of_name = self.of_name(name).acquire_owned().await?;
        Ok((of_name, Arc::clone(&self.all).acquire_owned().await?))
    }

    fn of_name(&self, name: &str) -> Arc<Semaphore> {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever holds a place or waits for one holds on to this, too.
        names.retain(|_, places| Arc::strong_count(places) > 1);
        let new = || Arc::new(Semaphore::new(MAX_LOOKUPS_OF_NAME));
        Arc::clone(names.entry(name.to_ascii_lowercase()).or_insert_with(new))
    }
}

impl Resolve for System {
    fn resolve(&self, name: Name) -> Resolving {
        let system = self.clone();
        Box::pin(async move {
            let places = system.places(name.as_str()).await?;
            let look_up = move || {
                let found = (system.look_up)(name.as_str());
                drop(places);
                found
            };
            let found = tokio::task::spawn_blocking(look_up).await??;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{sync::mpsc, time::Duration};
    use tokio::{sync::mpsc as signals, time::timeout};

    #[tokio::test]
    async fn a_name_server_that_says_nothing_stops_no_other() {
        let (begins, mut begun) = signals::unbounded_channel();
        let (opens, opened) = mpsc::channel::<()>();
        let opened = Mutex::new(opened);
        let system = System::new(move |name| {
            if name.starts_with("dead") {
                begins.send(name.to_owned()).unwrap();
                // Until the other end is gone.
                opened.lock().unwrap().recv().ok();
            }
            Ok(vec![SocketAddr::from(([1, 1, 1, 1], 0))])
        });
        let look_up = |name: &str| system.resolve(name.parse().unwrap());
        for number in 0..100 {
            for _ in 0..10 {
                // Whoever asked goes away before there is an answer.
                let asked = look_up(&format!("dead{number}.example"));
                assert!(timeout(Duration::ZERO, asked).await.is_err());
            }
        }
        for _ in 0..100 * MAX_LOOKUPS_OF_NAME {
            begun.recv().await.unwrap();
        }
        for _ in 0..100 {
            let found = timeout(Duration::from_secs(20), look_up("shop.example")).await;
            assert_eq!(found.unwrap().unwrap().count(), 1);
        }
        assert!(begun.try_recv().is_err(), "there are few of one name");
        assert_eq!(system.all.available_permits(), MAX_LOOKUPS - 100 * MAX_LOOKUPS_OF_NAME);
        drop(opens);
        let found = timeout(Duration::from_secs(20), look_up("DEAD1.example")).await;
        assert_eq!(found.unwrap().unwrap().count(), 1);
        // However many names there were.
        let all = u32::try_from(MAX_LOOKUPS).unwrap();
        timeout(Duration::from_secs(20), system.all.acquire_many(all))
            .await
            .unwrap()
            .unwrap()
            .forget();
        drop(system.of_name("another.example"));
        assert_eq!(system.names.lock().unwrap().len(), 1);
    }
}
