//! The shop in `tools/vendure` as a process: a real Vendure with a database in memory.

use rustix::process::{Pid, Signal, kill_process};
use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

/// `user:password` of its administrator.
pub const SECRET: &str = "superadmin:superadmin";

/// Much longer than it takes, also on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// Ends when it is dropped.
#[derive(Debug)]
pub struct Server {
    process: Child,
    /// Of its Admin API. The administrator is [`SECRET`].
    pub url: String,
}

impl Server {
    /// # Panics
    /// If Vendure is not installed or does not start; it takes some seconds.
    #[must_use]
    pub fn start() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/vendure");
        assert!(
            folder.join("node_modules/@vendure/core").is_dir(),
            "Vendure is not installed: run `npm ci --ignore-scripts` in tools/vendure"
        );
        let mut process = Command::new("node")
            .arg("server.js")
            .current_dir(&folder)
            .env("PORT", "0")
            // It ends with us, also if we are killed: that closes this pipe.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("node, version 20 or later, is needed: {error}"));
        let lines = lines_of(&mut process);
        let mut server = Self { process, url: String::new() };
        let mut seen = Vec::new();
        while let Ok(line) = lines.recv_timeout(PATIENCE) {
            if let Ok(ready) = serde_json::from_str::<serde_json::Value>(&line) {
                server.url =
                    format!("{}/admin-api", ready["ready"].as_str().expect("it says where it is"));
                return server;
            }
            seen.push(line);
        }
        panic!("Vendure did not start: {}", seen.join("\n"));
    }
}

/// Read to the end, so that the shop never waits for a reader.
fn lines_of(process: &mut Child) -> Receiver<String> {
    let (line, lines) = mpsc::channel();
    let output = BufReader::new(process.stdout.take().expect("its output is ours"));
    thread::spawn(move || {
        for read in output.lines().map_while(Result::ok) {
            // Nobody listens any more once it is ready.
            let _ended = line.send(read);
        }
    });
    lines
}

impl Drop for Server {
    fn drop(&mut self) {
        let pid = Pid::from_child(&self.process);
        if kill_process(pid, Signal::TERM).is_err() {
            eprintln!("Vendure had ended already");
        }
        let _ended = self.process.wait();
    }
}
