use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Read},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

/// Lines kept for the message of a failing test.
const KEPT_LINES: usize = 200;

/// What a child process prints, read in a thread so that the child never waits for us.
///
/// The stream ends when the last process that holds it has gone, which also tells when a killed
/// server's children are gone.
#[derive(Debug)]
pub(crate) struct Log {
    shared: Arc<Shared>,
    reader: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    lines: Mutex<Lines>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Lines {
    kept: VecDeque<String>,
    ended: bool,
}

impl Log {
    pub(crate) fn follow(stream: impl Read + Send + 'static) -> Self {
        let shared = Arc::<Shared>::default();
        let ours = Arc::clone(&shared);
        let reader = thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                ours.push(line);
            }
            ours.end();
        });
        Self { shared, reader: Some(reader) }
    }

    /// The first kept line that `wanted` says yes to; `None` once the stream has ended without one
    /// or the time is over.
    pub(crate) fn wait_for(
        &self,
        within: Duration,
        wanted: impl Fn(&str) -> bool,
    ) -> Option<String> {
        let find = |lines: &Lines| lines.kept.iter().find(|line| wanted(line)).cloned();
        let (lines, _) = self
            .shared
            .changed
            .wait_timeout_while(self.shared.lock(), within, |lines| {
                !lines.ended && find(lines).is_none()
            })
            .unwrap_or_else(PoisonError::into_inner);
        find(&lines)
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.shared.lock().ended
    }

    /// The last lines, oldest first.
    pub(crate) fn text(&self) -> String {
        self.shared.lock().kept.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }

    /// Waits until every process that could write to the stream has gone.
    pub(crate) fn wait_for_end(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.join().ok();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, line: String) {
        let mut lines = self.lock();
        if lines.kept.len() == KEPT_LINES {
            lines.kept.pop_front();
        }
        lines.kept.push_back(line);
        self.changed.notify_all();
    }

    fn end(&self) {
        self.lock().ended = true;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(30);

    #[test]
    fn a_line_that_came_is_found_and_one_that_never_comes_ends_with_the_stream() {
        let log = Log::follow("starting\nready at 7\nstopping\n".as_bytes());
        assert_eq!(log.wait_for(LONG, |line| line.starts_with("ready")).unwrap(), "ready at 7");
        assert_eq!(log.wait_for(LONG, |line| line == "never"), None);
    }

    #[test]
    fn only_the_last_lines_are_kept() {
        let mut log = Log::follow(std::io::Cursor::new("line\n".repeat(KEPT_LINES + 5)));
        log.wait_for_end();
        assert_eq!(log.text().lines().count(), KEPT_LINES);
    }
}
