//! The program: `meridian serve`, and the commands around it.

mod cli;
mod clock;
mod compose;
mod demo;
mod desk;
mod incoming;
mod reconcile;
mod report;
mod serve;
mod system;
mod tail;
mod tokens;
mod upstream;
mod verify;

use clap::Parser as _;
use cli::{Cli, Command, ConfigCommand, EventsCommand};
use meridian::settings::{self, Settings, Sources};
use ports::Chain;
use std::{
    error::Error,
    io::{self, Write as _},
    process::{ExitCode, Termination},
};

/// Memory is mostly freed on another thread than it was asked for on; this one takes no lock for it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // Where a status says that something was found, another says that nothing was looked at.
    let looks = matches!(cli.command, Command::Verify { .. } | Command::Reconcile(_));
    match run(cli) {
        Ok(status) => status,
        Err(error) => {
            eprintln!("meridian: {}", Chain(&*error));
            if looks { verify::NOT_DONE.into() } else { ExitCode::FAILURE }
        }
    }
}

fn run(cli: Cli) -> Result<ExitCode, Box<dyn Error>> {
    let sources = Sources::of_this_process(cli.config.clone(), cli.flags());
    match cli.command {
        Command::Config { command: ConfigCommand::Show } => {
            write!(io::stdout(), "{}", settings::show(&sources)?)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Config { command: ConfigCommand::Check } => {
            settings::Certificates::open(&settings::load(&sources)?)?;
            writeln!(io::stdout(), "the settings are valid")?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Serve { .. } => within(settings::load(&sources)?, serve::run),
        Command::Migrate => within(settings::load(&sources)?, compose::migrate),
        Command::Demo => within(settings::load(&sources)?, demo::run),
        Command::Verify { store, json } => {
            within(settings::load(&sources)?, |settings| verify::run(settings, store, json))
        }
        Command::Reconcile(asked) => {
            within(settings::load(&sources)?, |settings| reconcile::run(settings, asked))
        }
        Command::Events { command: EventsCommand::Tail(tail) } => {
            within(settings::load(&sources)?, |settings| tail::run(settings, tail))
        }
        Command::Token { command } => {
            within(settings::load(&sources)?, |settings| tokens::run(settings, command))
        }
        Command::Report { command } => {
            within(settings::load(&sources)?, |settings| report::run(settings, command))
        }
    }
}

/// Runs a command on a runtime, with its telemetry from the first line to the last.
fn within<F, T>(
    settings: Settings,
    command: impl FnOnce(Settings) -> F,
) -> Result<ExitCode, Box<dyn Error>>
where
    F: Future<Output = Result<T, Box<dyn Error>>>,
    T: Termination,
{
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let grace = settings.serve.shutdown_grace;
    let outcome = runtime.block_on(async {
        let telemetry = telemetry::init(&settings.telemetry)?;
        let outcome = command(settings).await;
        if let Err(error) = telemetry.shut_down(grace) {
            eprintln!("meridian: {}", Chain(&error));
        }
        outcome
    });
    // Nothing that still blocks a thread keeps the process from ending.
    runtime.shutdown_timeout(grace);
    outcome.map(T::report)
}
