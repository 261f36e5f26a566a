use super::{Meridian, Ready, binary};
use crate::log::Log;
use std::{
    env,
    ffi::OsString,
    io,
    path::PathBuf,
    process::{Command, Output, Stdio},
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;

/// From the start of the process to the ready line, migrations included.
const READY_WITHIN: Duration = Duration::from_mins(1);

/// The one line on standard output, followed by `name=ADDRESS` for each listener.
const READY: &str = "meridian ready";

/// Settings come from the test alone, not from whoever runs it.
const PREFIX: &str = "MERIDIAN__";

/// How to start the program. One launch can be started more than once: its working folder lasts as
/// long as it does.
#[derive(Debug, Clone)]
pub struct Launch {
    program: Option<PathBuf>,
    arguments: Vec<OsString>,
    environment: Vec<(String, String)>,
    folder: Arc<TempDir>,
}

impl Default for Launch {
    /// `meridian serve` on free ports of 127.0.0.1, with an empty working folder.
    fn default() -> Self {
        let folder = tempfile::Builder::new().prefix("meridian-").tempdir();
        let listen = |name: &str| (name.to_owned(), "127.0.0.1:0".to_owned());
        Self {
            program: None,
            arguments: vec!["serve".into()],
            environment: vec![listen("MERIDIAN__GRPC__LISTEN"), listen("MERIDIAN__HTTP__LISTEN")],
            folder: Arc::new(folder.expect("the temporary folder takes another one")),
        }
    }
}

impl Launch {
    /// Sets an environment variable; a later one wins.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Runs another command of the program to its end, with the same settings.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn run(&self, arguments: &[&str]) -> io::Result<Output> {
        self.command()?.args(arguments).output()
    }

    /// The program with these settings, to be told what to do.
    ///
    /// # Errors
    /// If there is none.
    pub fn command(&self) -> io::Result<Command> {
        let program = self.program.clone().map_or_else(binary::meridian, Ok)?;
        let mut command = Command::new(program);
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with(PREFIX) {
                command.env_remove(name);
            }
        }
        command
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        Ok(command)
    }

    /// Starts the process and waits until it is ready.
    ///
    /// # Errors
    /// If it ends or takes longer than a minute before; the error carries the end of its log.
    pub fn start(&self) -> io::Result<Meridian> {
        let mut child = self
            .command()?
            .args(&self.arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let missing = || io::Error::other("the process has no output");
        let stdout = Log::follow(child.stdout.take().ok_or_else(missing)?);
        let stderr = Log::follow(child.stderr.take().ok_or_else(missing)?);
        let line = stdout.wait_for(READY_WITHIN, |line| line.starts_with(READY));
        let ready = line.as_deref().and_then(Ready::parse);
        // Dropping it kills it, ready or not.
        let listens = ready.unwrap_or(Ready { grpc: None, http: None });
        let mut meridian =
            Meridian { child, stdout, stderr, ready: listens, _folder: Arc::clone(&self.folder) };
        if ready.is_some() {
            return Ok(meridian);
        }
        meridian.end();
        meridian.stderr.wait_for_end();
        let status = meridian.child.wait()?;
        let log = meridian.log();
        Err(io::Error::other(format!("meridian did not get ready ({status}); it logged:\n{log}")))
    }
}

impl Ready {
    fn parse(line: &str) -> Option<Self> {
        let mut ready = Self { grpc: None, http: None };
        for listener in line.strip_prefix(READY)?.split_whitespace() {
            let (name, address) = listener.split_once('=')?;
            let address = Some(address.parse().ok()?);
            match name {
                "grpc" => ready.grpc = address,
                "http" => ready.http = address,
                _ => return None,
            }
        }
        Some(ready)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program that behaves as the script says, to test what this module makes of it.
    fn script(script: &str) -> Launch {
        let arguments = ["-c", script].map(OsString::from).to_vec();
        Launch { program: Some("/bin/sh".into()), arguments, ..Launch::default() }
    }

    #[test]
    fn the_ready_line_tells_where_it_listens() {
        let meridian =
            script("echo meridian ready grpc=127.0.0.1:7 http=127.0.0.1:8; exec sleep 60")
                .start()
                .unwrap();
        assert_eq!((meridian.grpc().port(), meridian.http().port()), (7, 8));
        assert!(meridian.resident_bytes() > 0);
        meridian.kill9();
    }

    #[test]
    fn a_program_that_ends_before_it_is_ready_is_an_error_with_its_log() {
        let error = script("echo no database >&2; exit 3").start().unwrap_err().to_string();
        assert!(error.contains("exit status: 3") && error.contains("no database"), "{error}");
    }

    #[test]
    fn termination_lets_the_program_end_by_itself() {
        let body = "trap 'kill $!; exit 5' TERM; sleep 60 & echo meridian ready; wait";
        let meridian = script(body).start().unwrap();
        assert_eq!(meridian.terminate().code(), Some(5));
    }
}
