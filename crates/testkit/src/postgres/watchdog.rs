use super::{account::Account, binaries::program};
use std::{
    io,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
};

/// `cat` returns when the pipe to its standard input closes, and the kernel closes it whatever way
/// this process ends. After an orderly stop there is nothing left to do, and both commands say so
/// in silence.
const SCRIPT: &str =
    r#"cat >/dev/null; "$1" stop --silent --mode=immediate --pgdata="$2/data"; rm -rf "$2""#;

/// A process that ends a server and removes its folder as soon as we are gone, even by `kill -9`.
#[derive(Debug)]
pub(super) struct Watchdog(Child);

impl Watchdog {
    /// In a process group of its own, so that what ends the whole test run leaves it alive.
    pub(super) fn watch(folder: &Path, account: Account) -> io::Result<Self> {
        let pg_ctl = program("pg_ctl")?;
        let mut command = Command::new("sh");
        command
            .args(["-c", SCRIPT, "postgres-watchdog"])
            .arg(pg_ctl.get_program())
            .arg(folder)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0);
        account.run_as(&mut command).spawn().map(Self)
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        self.0.wait().ok();
    }
}
