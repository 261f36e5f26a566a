//! Where rules and lists come from.

use std::{
    fmt, fs,
    io::{self, Read as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

/// Bytes of a file of rules or of a list.
pub(crate) const MAX_BYTES: u64 = 1 << 30;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListSource {
    /// Compiled in, made up, and never changing.
    Demo,
    File(PathBuf),
}

impl ListSource {
    /// The file, or the demo's without one.
    pub fn of(path: Option<&Path>) -> Self {
        path.map_or(Self::Demo, |path| Self::File(path.to_owned()))
    }
}

impl fmt::Display for ListSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Demo => f.write_str("the demo's list"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// A file of rules or a list that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    #[error("{file} cannot be read")]
    Unreadable {
        file: String,
        #[source]
        source: io::Error,
    },
    /// Every fault, each with its place.
    #[error("{file}: {}", faults.join("; "))]
    Wrong { file: String, faults: Vec<String> },
}

impl ListError {
    fn unreadable(file: &ListSource, source: io::Error) -> Self {
        Self::Unreadable { file: file.to_string(), source }
    }

    pub(crate) fn wrong(source: &ListSource, faults: Vec<String>) -> Self {
        Self::Wrong { file: source.to_string(), faults }
    }
}

/// What tells a version of a file from the next, without reading it: which file it is, how long,
/// and when it was written and changed, in seconds and nanoseconds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Stamp(Option<(u64, u64, [i64; 4])>);

impl Stamp {
    pub fn of(source: &ListSource) -> Self {
        let ListSource::File(path) = source else { return Self(None) };
        let read = fs::metadata(path);
        let times = |it: &fs::Metadata| [it.mtime(), it.mtime_nsec(), it.ctime(), it.ctime_nsec()];
        Self(read.map(|it| (it.ino(), it.len(), times(&it))).ok())
    }
}

/// Whether there is something that can be read.
pub(crate) fn begins(source: &ListSource) -> Result<(), ListError> {
    let ListSource::File(path) = source else { return Ok(()) };
    let read = fs::File::open(path).and_then(|mut file| file.read(&mut [0]));
    read.map(drop).map_err(|error| ListError::unreadable(source, error))
}

/// The text of a file, or the demo's.
pub(crate) fn text(source: &ListSource, demo: &'static str) -> Result<String, ListError> {
    let ListSource::File(path) = source else { return Ok(demo.to_owned()) };
    let unreadable = |error| ListError::unreadable(source, error);
    let length = fs::metadata(path).map_err(unreadable)?.len();
    if length > MAX_BYTES {
        let text = format!("has {length} bytes instead of at most {MAX_BYTES}");
        return Err(ListError::wrong(source, vec![text]));
    }
    let bytes = fs::read(path).map_err(unreadable)?;
    // Reading it again makes it no better.
    String::from_utf8(bytes).map_err(|error| ListError::wrong(source, vec![error.to_string()]))
}
