//! Rules and lists that follow their files.

use crate::file::{self, ListError, ListSource, Stamp};
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
    /// Also keeps two from reading at once.
    known: Mutex<Known>,
}

struct Known {
    /// Of what was read last, good or not; none after what could not be read. It need not change to
    /// be readable again.
    stamps: Option<Vec<Stamp>>,
    /// Why it could not be read, once that was told.
    told: Option<String>,
}

/// What a look came to.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    /// Or nothing that was not told before.
    NothingNew,
    /// It is in force.
    New,
    /// What was there stays in force.
    Unusable(String),
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
        let known = Known { stamps: Some(stamps(&sources)), told: None };
        let current = RwLock::new(Arc::new(read(&sources)?));
        Ok(Self { sources, read: Box::new(read), current, known: Mutex::new(known) })
    }

    pub fn current(&self) -> Arc<T> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the files again if one of them changed, or could not be read. Whoever asks meanwhile
    /// gets what was there. Answers whether something new is in force.
    pub fn look(&self) -> bool {
        let seen = self.see();
        match &seen {
            Seen::NothingNew => {}
            Seen::New => tracing::info!(files = self.names(), "a list was read again"),
            Seen::Unusable(error) => {
                tracing::error!(error, "a list cannot be used; the last good one stays in force");
            }
        }
        seen == Seen::New
    }

    fn see(&self) -> Seen {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let now = stamps(&self.sources);
        if known.stamps.as_ref() == Some(&now) {
            return Seen::NothingNew;
        }
        // While one file is missing the others, which may be long, are not read each time.
        let all_begin = self.sources.iter().try_for_each(file::begins);
        let error = match all_begin.and_then(|()| (self.read)(&self.sources)) {
            Ok(new) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
                *known = Known { stamps: Some(now), told: None };
                return Seen::New;
            }
            Err(error) => error,
        };
        let text = ports::Chain(&error).to_string();
        if let ListError::Wrong { .. } = error {
            *known = Known { stamps: Some(now), told: None };
            return Seen::Unusable(text);
        }
        known.stamps = None;
        if known.told.as_ref() == Some(&text) {
            return Seen::NothingNew;
        }
        known.told = Some(text.clone());
        Seen::Unusable(text)
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

#[cfg(test)]
mod tests {
    use super::{Seen, Watched};
    use crate::file::{self, ListError, ListSource};
    use std::{
        fs, io,
        path::Path,
        sync::{
            Arc,
            atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
        },
    };

    /// The text of files, read by a disk that fails when it is told to.
    struct Disk {
        texts: Watched<String>,
        fails: Arc<AtomicBool>,
        reads: Arc<AtomicUsize>,
    }

    impl Disk {
        fn of(paths: &[&Path]) -> Self {
            let (fails, reads) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
            let (failing, counted) = (fails.clone(), reads.clone());
            let sources = paths.iter().map(|path| ListSource::of(Some(path))).collect();
            let read = move |sources: &[ListSource]| {
                counted.fetch_add(1, SeqCst);
                if failing.load(SeqCst) {
                    let source = io::Error::other("the disk is away");
                    return Err(ListError::Unreadable { file: "it".into(), source });
                }
                let texts = sources.iter().map(|source| file::text(source, ""));
                let text = texts.collect::<Result<String, _>>()?;
                let wrong = || ListError::wrong(&sources[0], vec!["is wrong".into()]);
                if text.contains("wrong") { Err(wrong()) } else { Ok(text) }
            };
            Self { texts: Watched::open(sources, read).unwrap(), fails, reads }
        }

        /// What the look came to, what is in force after it, and whether something was read.
        fn look(&self) -> (Seen, String, bool) {
            let before = self.reads.load(SeqCst);
            let seen = self.texts.see();
            let read = self.reads.load(SeqCst) > before;
            (seen, self.texts.current().to_string(), read)
        }
    }

    fn unusable(text: &str) -> Seen {
        Seen::Unusable(text.to_owned())
    }

    #[test]
    fn what_could_not_be_read_is_read_again_though_it_did_not_change_and_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list");
        fs::write(&path, "old").unwrap();
        let disk = Disk::of(&[&path]);
        assert_eq!(disk.look(), (Seen::NothingNew, "old".into(), false));
        for text in ["newer", "newest of all"] {
            let old = disk.texts.current().to_string();
            fs::write(&path, text).unwrap();
            disk.fails.store(true, SeqCst);
            let away = unusable("it cannot be read: the disk is away");
            assert_eq!(disk.look(), (away, old.clone(), true));
            assert_eq!(disk.look(), (Seen::NothingNew, old, true));
            disk.fails.store(false, SeqCst);
            assert_eq!(disk.look(), (Seen::New, text.into(), true));
            assert_eq!(disk.look(), (Seen::NothingNew, text.into(), false));
        }
    }

    #[test]
    fn what_is_wrong_is_read_again_when_it_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list");
        fs::write(&path, "old").unwrap();
        let disk = Disk::of(&[&path]);
        for bytes in [b"wrong".as_slice(), b"wrong again", b"\xff"] {
            fs::write(&path, bytes).unwrap();
            let (seen, _, read) = disk.look();
            assert!(matches!(seen, Seen::Unusable(_)) && read, "{seen:?}");
            assert_eq!(disk.look(), (Seen::NothingNew, "old".into(), false));
        }
        fs::write(&path, "new").unwrap();
        assert_eq!(disk.look(), (Seen::New, "new".into(), true));
    }

    #[test]
    fn nothing_is_read_while_a_file_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let [one, other] = ["one", "other"].map(|name| folder.path().join(name));
        fs::write(&one, "1").unwrap();
        fs::write(&other, "2").unwrap();
        let disk = Disk::of(&[&one, &other]);
        fs::remove_file(&other).unwrap();
        let (seen, _, read) = disk.look();
        assert!(matches!(seen, Seen::Unusable(_)) && !read, "{seen:?}");
        assert_eq!(disk.look(), (Seen::NothingNew, "12".into(), false));
        // What can be opened and not read is missing, too.
        fs::create_dir(&other).unwrap();
        let (seen, _, read) = disk.look();
        assert!(matches!(seen, Seen::Unusable(_)) && !read, "{seen:?}");
        fs::remove_dir(&other).unwrap();
        fs::write(&other, "3").unwrap();
        assert_eq!(disk.look(), (Seen::New, "13".into(), true));
    }
}
