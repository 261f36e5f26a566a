use super::{
    USER,
    account::Account,
    binaries::{program, run},
    watchdog::Watchdog,
};
use crate::log::Log;
use rustix::process::{Pid, Signal, kill_process};
use std::{
    io,
    net::{Ipv4Addr, TcpListener},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Stdio},
    time::Duration,
};
use tempfile::TempDir;

/// From the start of the process to "ready to accept connections", crash recovery included.
const READY_WITHIN: Duration = Duration::from_mins(1);

/// Another process may take the free port between our look and the server's bind.
const PORT_ATTEMPTS: u32 = 5;

const READY: &str = "database system is ready to accept connections";

/// Small enough for many servers side by side. Every commit is flushed, as in production.
const SETTINGS: [(&str, &str); 8] = [
    ("shared_buffers", "32MB"),
    ("max_connections", "200"),
    ("listen_addresses", "127.0.0.1"),
    ("unix_socket_directories", ""),
    ("fsync", "on"),
    ("max_wal_size", "256MB"),
    ("log_min_messages", "warning"),
    ("autovacuum_naptime", "10s"),
];

/// How a server of one's own is to differ from the others.
#[derive(Debug, Clone, Default)]
pub struct Options {
    settings: Vec<(String, String)>,
}

impl Options {
    /// Sets one of PostgreSQL's settings, for example `default_transaction_isolation` to
    /// `serializable`. A later value wins over an earlier one.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// A running PostgreSQL with its own data folder. Dropping it stops it and removes the folder.
#[derive(Debug)]
pub struct Server {
    options: Options,
    port: u16,
    process: Option<Process>,
    account: Account,
    // Dropped in this order: the watchdog finds the folder gone and does nothing.
    folder: TempDir,
    _watchdog: Watchdog,
}

#[derive(Debug)]
struct Process {
    child: Child,
    log: Log,
}

impl Server {
    /// A new server, ready to accept connections.
    ///
    /// # Panics
    /// If PostgreSQL is not installed or does not start; the message carries the end of its log.
    #[must_use]
    pub fn start(options: Options) -> Self {
        Self::try_start(options).unwrap_or_else(|error| panic!("PostgreSQL did not start: {error}"))
    }

    fn try_start(options: Options) -> io::Result<Self> {
        let account = Account::choose()?;
        let folder = tempfile::Builder::new().prefix("meridian-postgres-").tempdir()?;
        account.own(folder.path())?;
        let watchdog = Watchdog::watch(folder.path(), account)?;
        init(folder.path(), account)?;
        let mut server =
            Self { options, port: 0, process: None, account, folder, _watchdog: watchdog };
        for _ in 0..PORT_ATTEMPTS {
            server.port = free_port()?;
            match server.launch() {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => (),
                Err(error) => return Err(error),
                Ok(()) => return Ok(server),
            }
        }
        Err(io::Error::other("found no free port"))
    }

    /// Where clients find the database `postgres` of this server. It survives [`Server::restart`].
    pub fn url(&self) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/postgres", self.port)
    }

    /// The process id of the postmaster; `None` while the server is stopped.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(|process| process.child.id())
    }

    /// The last lines that the server logged since its last start.
    pub fn log(&self) -> String {
        self.process.as_ref().map(|process| process.log.text()).unwrap_or_default()
    }

    /// Ends all connections and the server at once, without a checkpoint: the next start recovers.
    pub fn stop_immediate(&mut self) {
        self.end(Signal::QUIT);
    }

    /// Kills the server with SIGKILL and waits until its children have noticed.
    pub fn kill9(&mut self) {
        self.end(Signal::KILL);
    }

    /// Starts the server again on its old port and data, stopping it first if it still runs.
    ///
    /// # Panics
    /// If it does not come back; the message carries the end of its log.
    pub fn restart(&mut self) {
        self.end(Signal::INT);
        self.launch().unwrap_or_else(|error| panic!("PostgreSQL did not restart: {error}"));
    }

    fn launch(&mut self) -> io::Result<()> {
        let mut command = program("postgres")?;
        command.arg("-D").arg(self.folder.path().join("data")).arg("-p").arg(self.port.to_string());
        let own = self.options.settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in SETTINGS.into_iter().chain(own) {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        command
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0);
        let mut child = self.account.run_as(&mut command).spawn()?;
        let stderr = child.stderr.take().ok_or_else(|| io::Error::other("no standard error"))?;
        let log = Log::follow(stderr);
        let process = self.process.insert(Process { child, log });
        if process.log.wait_for(READY_WITHIN, |line| line.contains(READY)).is_some() {
            return Ok(());
        }
        let log = process.log.text();
        self.end(Signal::QUIT);
        let port_is_taken = log.contains("Address already in use");
        let kind = if port_is_taken { io::ErrorKind::AddrInUse } else { io::ErrorKind::Other };
        Err(io::Error::new(kind, format!("it logged: {log}")))
    }

    fn end(&mut self, signal: Signal) {
        let Some(mut process) = self.process.take() else { return };
        let pid = i32::try_from(process.child.id()).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // It may have gone by itself; waiting below is right in both cases.
            kill_process(pid, signal).ok();
        }
        process.child.wait().ok();
        process.log.wait_for_end();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end(Signal::QUIT);
    }
}

fn init(folder: &Path, account: Account) -> io::Result<()> {
    let mut command = program("initdb")?;
    command
        .arg("--pgdata")
        .arg(folder.join("data"))
        .args([
            "--username",
            USER,
            "--auth",
            "trust",
            "--encoding",
            "UTF8",
            "--locale",
            "C",
            "--no-sync",
        ])
        .current_dir(folder)
        .stdin(Stdio::null());
    run(account.run_as(&mut command)).map(drop)
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
