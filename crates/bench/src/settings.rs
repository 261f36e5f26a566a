use clap::{Parser, ValueEnum, value_parser};
use std::{path::PathBuf, time::Duration};

/// Measures Meridian beside what the machine and its databases can do at all.
#[derive(Debug, Clone, Parser)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[command(name = "bench")]
pub struct Settings {
    /// A short run that shows that everything works; its figures mean little.
    #[arg(long)]
    quick: bool,
    /// Seconds that each figure is measured for.
    #[arg(long, default_value_t = 8, value_parser = value_parser!(u64).range(1..=300))]
    seconds: u64,
    /// Seconds of load before that.
    #[arg(long, default_value_t = 2, value_parser = value_parser!(u64).range(0..=60))]
    warm_up: u64,
    /// Calls at the same time, one figure for each.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 8, 32, 64],
        value_parser = value_parser!(u32).range(1..=512))]
    clients: Vec<u32>,
    /// HTTP/2 connections that the clients share.
    #[arg(long, default_value_t = 2, value_parser = value_parser!(u32).range(1..=64))]
    connections: u32,
    /// Orders to refund; when all had their refund, they get another one.
    #[arg(long, default_value_t = 60_000, value_parser = value_parser!(u32).range(1_000..=1_000_000))]
    orders: u32,
    /// The databases to measure.
    #[arg(long, value_delimiter = ',', default_values = ["postgresql", "sqlite"])]
    database: Vec<Engine>,
    /// Sets one of PostgreSQL's settings, where its defaults are not what is to be measured.
    #[arg(long = "postgres", value_name = "NAME=VALUE")]
    postgres: Vec<String>,
    /// Runs Meridian as a role that goes around row-level security, to see what that costs.
    #[arg(long)]
    unfenced: bool,
    /// Measures orders on their whole way into a shop instead, with and without many older ones.
    #[arg(long)]
    pipeline: bool,
    /// Measures events instead: how soon they can be read, and how fast.
    #[arg(long, conflicts_with = "pipeline")]
    events: bool,
    /// Measures instead what a store that calls too often takes from its neighbour.
    #[arg(long, conflicts_with_all = ["pipeline", "events"])]
    neighbours: bool,
    /// Calls in a second that a store may make then; it makes ten times as many, which have to have
    /// room on the machine together with whoever makes them.
    #[arg(long, default_value_t = 200, value_parser = value_parser!(u32).range(10..=100_000))]
    rate: u32,
    /// Orders that go all the way with `--pipeline`.
    #[arg(long, default_value_t = 10_000, value_parser = value_parser!(u32).range(100..=1_000_000))]
    pipeline_orders: u32,
    /// Older orders that are there the second time.
    #[arg(long, default_value_t = 1_000_000, value_parser = value_parser!(u32).range(1_000..=10_000_000))]
    old_orders: u32,
    /// Leaves out what stands beside Meridian, to look at one figure again.
    #[arg(long)]
    no_yardsticks: bool,
    /// Where the figures go as JSON, one a line; beside this program if not given.
    #[arg(long)]
    json: Option<PathBuf>,
}

/// A kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    #[value(name = "postgresql")]
    PostgreSql,
    Sqlite,
}

impl Engine {
    pub const fn name(self) -> &'static str {
        match self {
            Self::PostgreSql => "PostgreSQL",
            Self::Sqlite => "SQLite",
        }
    }
}

/// How long load lasts.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    pub warm_up: Duration,
    pub measured: Duration,
}

impl Span {
    pub fn whole(self) -> Duration {
        self.warm_up + self.measured
    }
}

impl Settings {
    pub fn span(&self) -> Span {
        if self.quick {
            return Span { warm_up: Duration::from_secs(1), measured: Duration::from_secs(1) };
        }
        Span {
            warm_up: Duration::from_secs(self.warm_up),
            measured: Duration::from_secs(self.seconds),
        }
    }

    pub fn clients(&self) -> Vec<u32> {
        if self.quick { vec![1, 32] } else { self.clients.clone() }
    }

    pub const fn connections(&self) -> u32 {
        self.connections
    }

    pub const fn orders(&self) -> u32 {
        if self.quick { 2_000 } else { self.orders }
    }

    pub const fn pipeline(&self) -> bool {
        self.pipeline
    }

    pub const fn events(&self) -> bool {
        self.events
    }

    pub const fn neighbours(&self) -> bool {
        self.neighbours
    }

    pub const fn rate(&self) -> u32 {
        self.rate
    }

    pub const fn pipeline_orders(&self) -> u32 {
        if self.quick { 500 } else { self.pipeline_orders }
    }

    pub const fn old_orders(&self) -> u32 {
        if self.quick { 5_000 } else { self.old_orders }
    }

    /// PostgreSQL's settings by name.
    pub fn postgres(&self) -> impl Iterator<Item = (&str, &str)> {
        self.postgres.iter().filter_map(|setting| setting.split_once('='))
    }

    pub fn measures(&self, engine: Engine) -> bool {
        self.database.contains(&engine)
    }

    pub const fn unfenced(&self) -> bool {
        self.unfenced
    }

    pub const fn yardsticks(&self) -> bool {
        !self.no_yardsticks
    }

    pub fn json(&self) -> Option<PathBuf> {
        let beside = || Some(std::env::current_exe().ok()?.with_file_name("bench.jsonl"));
        self.json.clone().or_else(beside)
    }
}
