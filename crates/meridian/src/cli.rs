//! The command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::{path::PathBuf, time::Duration};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// The order, cancellation and refund core of a cross-border e-commerce platform.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Cli {
    /// A settings file instead of meridian.toml in the working folder.
    #[arg(long, global = true, value_name = "PATH")]
    pub config: Option<PathBuf>,
    /// Where everything is stored: `sqlite://PATH` or `postgres://USER@HOST/NAME`.
    #[arg(long, global = true, value_name = "URL")]
    pub database: Option<String>,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serves gRPC and HTTP and runs the workers, until SIGTERM or Ctrl-C.
    Serve {
        /// Address and port of the gRPC services.
        #[arg(long, value_name = "ADDRESS")]
        grpc: Option<String>,
        /// Address and port of the REST gateway.
        #[arg(long, value_name = "ADDRESS")]
        http: Option<String>,
    },
    /// Brings the database's schema up to date.
    Migrate,
    /// Fills the store "demo" with orders to try things on; run again, it changes nothing.
    Demo,
    /// Rebuilds every order of its facts and compares it with what is stored; looks at the log, the
    /// lists and the sums of money as well, and changes nothing. Ends with status 0 if all is well,
    /// 1 if there are faults, 2 if it could not be done.
    Verify {
        /// This store alone.
        #[arg(long)]
        store: Option<String>,
        /// One JSON object a line: each fault, and at last how much was looked at.
        #[arg(long)]
        json: bool,
    },
    /// Asks payment providers about every payment and every leg of a refund, and says where they do not
    /// agree with the books, and how to close each break. Changes nothing. Ends with status 0 if
    /// there is no break, 1 if there are some, 2 if it could not be done.
    Reconcile(Reconcile),
    /// Shows what happened in a store.
    Events {
        #[command(subcommand)]
        command: EventsCommand,
    },
    /// Makes and revokes access tokens.
    Token {
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// Writes a report to standard output.
    Report {
        #[command(subcommand)]
        command: ReportCommand,
    },
    /// Shows and checks the settings.
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
}

#[derive(Debug, Args)]
pub struct Reconcile {
    /// This store alone.
    #[arg(long)]
    pub store: Option<String>,
    /// Orders that were made from this time on, such as 2026-03-01T00:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub created_after: Option<OffsetDateTime>,
    /// Orders that were made before this time.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub created_before: Option<OffsetDateTime>,
    /// What is on its way is no break until it is so old.
    #[arg(long, value_name = "DURATION", default_value = "15m", value_parser = duration)]
    pub older_than: Duration,
    /// One JSON object a line: each break, and at last how much was looked at.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum EventsCommand {
    /// Prints events as they come, one JSON object a line, until Ctrl-C.
    Tail(Tail),
}

#[derive(Debug, Args)]
pub struct Tail {
    /// The store whose events they are.
    #[arg(long)]
    pub store: String,
    /// After this event, evt_…, or this position; 0 is from the start. Without it, from now on.
    #[arg(long, value_name = "EVENT_ID|POSITION")]
    pub from: Option<String>,
    /// Of these types alone, such as refund.created,refund.failed.
    #[arg(long, value_delimiter = ',')]
    pub types: Vec<String>,
    /// Goes on with what comes; so it does anyway.
    #[arg(long, conflicts_with = "until_end")]
    pub follow: bool,
    /// Ends where the feed ends.
    #[arg(long, requires = "from")]
    pub until_end: bool,
}

#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Makes a token and prints its secret, this once.
    Create(NewToken),
    /// Takes a token's rights away.
    Revoke {
        /// The store that the token is for.
        #[arg(long)]
        store: String,
        /// The token's id, tok_…
        token_id: String,
    },
}

#[derive(Debug, Args)]
pub struct NewToken {
    /// The store that the token is for.
    #[arg(long)]
    pub store: String,
    #[arg(long, value_enum)]
    pub role: Role,
    /// For people, to know it again.
    #[arg(long)]
    pub name: String,
    /// What a service may do, such as refunds:write; may be repeated.
    #[arg(long = "scope")]
    pub scopes: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub enum ReportCommand {
    /// A line per refund and component as CSV, the oldest refund first.
    RefundComponents {
        /// The store whose refunds are reported.
        #[arg(long)]
        store: String,
        /// Only refunds that were made at this time or later, such as 2026-01-31T00:00:00Z.
        #[arg(long, value_name = "TIME", value_parser = time)]
        from: Option<OffsetDateTime>,
        /// Only refunds that were made before this time.
        #[arg(long, value_name = "TIME", value_parser = time)]
        before: Option<OffsetDateTime>,
    },
}

fn time(text: &str) -> Result<OffsetDateTime, String> {
    let wanted = "is not a time as in RFC 3339, such as 2026-01-31T12:00:00Z";
    OffsetDateTime::parse(text, &Rfc3339).map_err(|_| wanted.to_owned())
}

fn duration(text: &str) -> Result<Duration, String> {
    let wanted = "is not a duration such as 15m";
    humantime_serde::re::humantime::parse_duration(text).map_err(|_| wanted.to_owned())
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Role {
    Viewer,
    Agent,
    Manager,
    Storefront,
    Service,
    Platform,
}

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Says everything that is wrong with the settings.
    Check,
    /// Prints the settings in force and where each comes from, secrets masked.
    Show,
}

impl Cli {
    /// What the flags set, as settings.
    pub fn flags(&self) -> Vec<(String, String)> {
        let (grpc, http) = match &self.command {
            Command::Serve { grpc, http } => (grpc.clone(), http.clone()),
            _ => (None, None),
        };
        [("database.url", self.database.clone()), ("grpc.listen", grpc), ("http.listen", http)]
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value?)))
            .collect()
    }
}
