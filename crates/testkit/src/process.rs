//! The built program as a process of its own: started, asked for its size, ended gently or not.

mod binary;
mod launch;

pub use launch::Launch;

use crate::log::Log;
use rustix::process::{Pid, Signal, kill_process};
use std::{
    fs,
    net::SocketAddr,
    process::{Child, ExitStatus},
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;

/// From SIGTERM to the end of the process.
const ENDS_WITHIN: Duration = Duration::from_mins(1);

/// A running `meridian serve` that has said that it is ready. Dropping it kills it.
#[derive(Debug)]
pub struct Meridian {
    child: Child,
    stdout: Log,
    stderr: Log,
    ready: Ready,
    // Shared with the launch, and gone with the last of both.
    _folder: Arc<TempDir>,
}

/// Where a process listens; `None` for what it does not serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ready {
    grpc: Option<SocketAddr>,
    http: Option<SocketAddr>,
}

impl Meridian {
    /// Starts it with these environment variables on free ports.
    ///
    /// # Panics
    /// If it does not become ready; the message carries the end of its log.
    #[must_use]
    pub fn start(environment: &[(&str, &str)]) -> Self {
        let launch = environment
            .iter()
            .fold(Launch::default(), |launch, (name, value)| launch.set(name, value));
        launch.start().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Where its gRPC services are.
    ///
    /// # Panics
    /// If it serves none.
    pub fn grpc(&self) -> SocketAddr {
        self.ready.grpc.expect("this process serves gRPC")
    }

    /// Where its gateway is.
    ///
    /// # Panics
    /// If it has none.
    pub fn http(&self) -> SocketAddr {
        self.ready.http.expect("this process serves HTTP")
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it logged last.
    pub fn log(&self) -> String {
        self.stderr.text()
    }

    /// Ends it with SIGKILL, as a crash or a power cut would, and waits until it is gone.
    pub fn kill9(mut self) {
        self.end();
    }

    /// Asks it to end with SIGTERM and waits until it has.
    ///
    /// # Panics
    /// If it takes longer than a minute.
    #[must_use]
    pub fn terminate(mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.stdout.wait_for(ENDS_WITHIN, |_| false);
        match self.child.try_wait() {
            Ok(Some(status)) => status,
            _ if self.stdout.has_ended() => self.child.wait().expect("it is our own child"),
            _ => panic!(
                "still running after {ENDS_WITHIN:?}; it logged:\n{}\nits threads:\n{}",
                self.log(),
                threads(self.pid())
            ),
        }
    }

    /// Whether it has ended by itself.
    ///
    /// # Panics
    /// If the system does not tell.
    pub fn has_ended(&mut self) -> bool {
        self.ended().is_some()
    }

    /// How it has ended by itself, if it has.
    ///
    /// # Panics
    /// If the system does not tell.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("it is our own child")
    }

    /// The memory it occupies now, in bytes (RSS).
    ///
    /// # Panics
    /// If it is gone.
    pub fn resident_bytes(&self) -> u64 {
        let path = format!("/proc/{}/status", self.pid());
        let status = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        resident_bytes(&status).unwrap_or_else(|| panic!("{path} has no VmRSS"))
    }

    /// Processor time since its start, in all its threads.
    ///
    /// # Panics
    /// If it is gone.
    pub fn processor_time(&self) -> Duration {
        let path = format!("/proc/{}/stat", self.pid());
        let stat = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        processor_time(&stat).unwrap_or_else(|| panic!("{path} has no times"))
    }

    fn signal(&self, signal: Signal) {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            // It may have gone by itself.
            kill_process(pid, signal).ok();
        }
    }

    fn end(&mut self) {
        // It may have gone by itself; waiting is right in both cases.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Drop for Meridian {
    fn drop(&mut self) {
        self.end();
    }
}

/// What each thread does, as the kernel sees it: name, state and the time it has used.
fn threads(pid: u32) -> String {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let stats = threads.filter_map(|thread| fs::read_to_string(thread.path().join("stat")).ok());
    stats.collect()
}

fn resident_bytes(status: &str) -> Option<u64> {
    const KIB: u64 = 1024;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * KIB)
}

/// Fields 14 and 15 of `/proc/PID/stat`, in hundredths of a second on every Linux.
fn processor_time(stat: &str) -> Option<Duration> {
    const TICK: u64 = 10;
    // The name of the program stands in parentheses and may contain anything.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(Duration::from_millis((user + system) * TICK))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_and_time_are_read_from_what_the_kernel_tells() {
        assert_eq!(resident_bytes("VmPeak:\t 9 kB\nVmRSS:\t   12 kB\n"), Some(12 * 1024));
        let stat = "7 (a) b) S 1 7 7 0 -1 4194304 9 0 0 0 120 30 0 0 20 0 1";
        assert_eq!(processor_time(stat), Some(Duration::from_millis(1500)));
    }
}
