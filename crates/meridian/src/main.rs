//! The program: `meridian serve`, and the commands around it.

mod cli;
mod clock;
mod compose;
mod demo;
mod desk;
mod report;
mod serve;
mod system;
mod tokens;
mod upstream;

use clap::Parser as _;
use cli::{Cli, Command, ConfigCommand};
use meridian::settings::{self, Settings, Sources};
use ports::Chain;
use std::{
    error::Error,
    io::{self, Write as _},
    process::ExitCode,
};

/// Memory is mostly freed on another thread than it was asked for on; this one takes no lock for it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("meridian: {}", Chain(&*error));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<(), Box<dyn Error>> {
    let sources = Sources::of_this_process(cli.config.clone(), cli.flags());
    match cli.command {
        Command::Config { command: ConfigCommand::Show } => {
            Ok(write!(io::stdout(), "{}", settings::show(&sources)?)?)
        }
        Command::Config { command: ConfigCommand::Check } => {
            settings::load(&sources)?;
            Ok(writeln!(io::stdout(), "the settings are valid")?)
        }
        Command::Serve { .. } => within(settings::load(&sources)?, serve::run),
        Command::Migrate => within(settings::load(&sources)?, compose::migrate),
        Command::Demo => within(settings::load(&sources)?, demo::run),
        Command::Token { command } => {
            within(settings::load(&sources)?, |settings| tokens::run(settings, command))
        }
        Command::Report { command } => {
            within(settings::load(&sources)?, |settings| report::run(settings, command))
        }
    }
}

/// Runs a command on a runtime, with its telemetry from the first line to the last.
fn within<F>(settings: Settings, command: impl FnOnce(Settings) -> F) -> Result<(), Box<dyn Error>>
where
    F: Future<Output = Result<(), Box<dyn Error>>>,
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
    outcome
}
