//! A private NATS server with JetStream, on a port and in a folder of its own.

use crate::log::Log;
use rustix::process::{Pid, Signal, kill_process};
use std::{
    env,
    io::{self, BufRead as _, BufReader},
    net::{Ipv4Addr, TcpListener},
    os::unix::process::CommandExt as _,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;

/// Much longer than it takes, also on a busy machine.
const READY_WITHIN: Duration = Duration::from_mins(1);

/// Another process may take the free port between our look and the server's bind.
const PORT_ATTEMPTS: u32 = 5;

/// Says the server's id, and ends the server when the pipe to its standard input closes: the kernel
/// closes that whatever way this process ends. As the server's parent it is sure to end nobody else.
const SCRIPT: &str =
    r#""$@" & server=$!; echo "$server"; cat >/dev/null; kill -KILL "$server"; wait "$server""#;

/// A running server. Dropping it ends it and removes its folder.
#[derive(Debug)]
pub struct Server {
    /// What it is started with beside its port and its folder.
    arguments: Vec<String>,
    port: u16,
    process: Option<Process>,
    folder: TempDir,
}

#[derive(Debug)]
struct Process {
    watchdog: Child,
    server: Pid,
    log: Log,
}

impl Server {
    /// # Panics
    /// If it is not installed or does not start; the message carries the end of its log.
    #[must_use]
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// With arguments of `nats-server` beside the port, the folder and JetStream.
    ///
    /// # Panics
    /// If it is not installed or does not start; the message carries the end of its log.
    #[must_use]
    pub fn with(arguments: &[&str]) -> Self {
        let folder = tempfile::Builder::new().prefix("meridian-nats-").tempdir();
        let folder = folder.unwrap_or_else(|error| panic!("no folder for NATS: {error}"));
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let mut server = Self { arguments, port: 0, process: None, folder };
        for _ in 0..PORT_ATTEMPTS {
            server.port = free_port().unwrap_or_else(|error| panic!("no port for NATS: {error}"));
            match server.launch() {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                Err(error) => panic!("NATS did not start: {error}"),
                Ok(()) => return server,
            }
        }
        panic!("found no free port for NATS")
    }

    /// Where clients find it, without a scheme. It survives [`Server::restart`].
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Kills it, as a crash would, and waits until it is gone.
    pub fn kill9(&mut self) {
        if let Some(mut process) = self.process.take() {
            drop(process.watchdog.stdin.take());
            process.watchdog.wait().ok();
            process.log.wait_for_end();
        }
    }

    /// Starts it again on its old port and folder, ending it first if it still runs.
    ///
    /// # Panics
    /// If it does not come back; the message carries the end of its log.
    pub fn restart(&mut self) {
        self.kill9();
        self.launch().unwrap_or_else(|error| panic!("NATS did not restart: {error}"));
    }

    /// Holds it: its connections stand, and nobody answers.
    pub fn hold(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        if let Some(process) = &self.process {
            // It may have gone by itself.
            kill_process(process.server, signal).ok();
        }
    }

    fn launch(&mut self) -> io::Result<()> {
        let mut watchdog = Command::new("sh")
            .args(["-c", SCRIPT, "nats-watchdog"])
            .arg(program()?)
            .args(["--addr", "127.0.0.1", "--port", &self.port.to_string(), "--jetstream"])
            .arg("--store_dir")
            .arg(self.folder.path())
            .args(&self.arguments)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // So that what ends the whole test run leaves it alive.
            .process_group(0)
            .spawn()?;
        let missing = || io::Error::other("its output is not ours");
        let log = Log::follow(watchdog.stderr.take().ok_or_else(missing)?);
        let mut id = String::new();
        BufReader::new(watchdog.stdout.take().ok_or_else(missing)?).read_line(&mut id)?;
        let id = id.trim().parse().ok().and_then(Pid::from_raw);
        let server = id.ok_or_else(|| io::Error::other("it has no id"))?;
        let process = self.process.insert(Process { watchdog, server, log });
        if process.log.wait_for(READY_WITHIN, |line| line.contains("Server is ready")).is_some() {
            return Ok(());
        }
        let log = process.log.text();
        self.kill9();
        let taken = log.contains("address already in use");
        let kind = if taken { io::ErrorKind::AddrInUse } else { io::ErrorKind::Other };
        Err(io::Error::new(kind, format!("it logged: {log}")))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill9();
    }
}

/// Debian keeps it where only root looks.
fn program() -> io::Result<PathBuf> {
    env::var_os("PATH")
        .iter()
        .flat_map(env::split_paths)
        .chain([PathBuf::from("/usr/sbin")])
        .map(|folder| folder.join("nats-server"))
        .find(|path| path.is_file())
        .ok_or_else(|| {
            let text = "nats-server is not installed: run `tools/install nats`";
            io::Error::new(io::ErrorKind::NotFound, text)
        })
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
