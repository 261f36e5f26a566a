//! `with-postgres COMMAND ARGUMENT…`: runs a command with a PostgreSQL beside it.
//!
//! Starts a private server, tells the command its address in `MERIDIAN_TEST_POSTGRES_URL`, and stops
//! the server when the command has ended, or when this program is ended in whatever way. A server
//! that the variable already names is used as it is. Answers the command's exit code.

use std::{
    env,
    process::{Command, ExitCode},
};
use testkit::postgres::{Options, SHARED_SERVER, Server};

const USAGE: u8 = 64;
const ENDED_BY_A_SIGNAL: u8 = 130;

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let Some(program) = arguments.next() else {
        eprintln!("usage: with-postgres COMMAND [ARGUMENT…]");
        return ExitCode::from(USAGE);
    };
    let mut command = Command::new(&program);
    command.args(arguments);
    let server = env::var_os(SHARED_SERVER).is_none().then(|| Server::start(Options::default()));
    if let Some(server) = &server {
        command.env(SHARED_SERVER, server.url());
    }
    match command.status() {
        Ok(status) => {
            status.code().map_or(ENDED_BY_A_SIGNAL, |code| u8::try_from(code).unwrap_or(1)).into()
        }
        Err(error) => {
            eprintln!("{}: {error}", program.display());
            ExitCode::FAILURE
        }
    }
}
