//! What processes cost, as the kernel tells it.

use std::{fs, path::Path, time::Duration};

/// A hundredth of a second on every Linux.
const TICK: Duration = Duration::from_millis(10);

/// Processor time of a process in all its threads; `None` if it is gone.
pub fn spent_by(pid: u32) -> Option<Duration> {
    Times::of(Path::new("/proc").join(pid.to_string()).as_path()).map(|times| times.own)
}

/// Processor time of a process and of all its children, also of those that have ended.
pub fn spent_by_family(pid: u32) -> Option<Duration> {
    let parent = Times::of(Path::new("/proc").join(pid.to_string()).as_path())?;
    let children: Duration = fs::read_dir("/proc")
        .ok()?
        .filter_map(|entry| Times::of(&entry.ok()?.path()))
        .filter(|times| times.parent == pid)
        .map(|times| times.own + times.ended_children)
        .sum();
    Some(parent.own + parent.ended_children + children)
}

#[derive(Debug, PartialEq, Eq)]
struct Times {
    parent: u32,
    own: Duration,
    ended_children: Duration,
}

impl Times {
    fn of(process: &Path) -> Option<Self> {
        Self::parse(&fs::read_to_string(process.join("stat")).ok()?)
    }

    /// Fields 4 and 14 to 17 of `/proc/PID/stat`.
    fn parse(stat: &str) -> Option<Self> {
        // The name of the program stands in parentheses and may contain anything.
        let (_, fields) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let ticks = |field: usize| fields.get(field)?.parse::<u32>().ok();
        Some(Self {
            parent: ticks(1)?,
            own: TICK * (ticks(11)? + ticks(12)?),
            ended_children: TICK * (ticks(13)? + ticks(14)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_from_what_the_kernel_tells() {
        let times =
            Times::parse("7 (a) b) S 3 7 7 0 -1 4194304 9 0 0 0 120 30 5 1 20 0 1").unwrap();
        let expected = Times {
            parent: 3,
            own: Duration::from_millis(1500),
            ended_children: Duration::from_millis(60),
        };
        assert_eq!(times, expected);
    }

    #[test]
    fn our_own_process_has_spent_something_and_a_missing_one_nothing() {
        assert!(spent_by_family(std::process::id()).is_some());
        assert_eq!(spent_by(u32::MAX), None);
    }
}
