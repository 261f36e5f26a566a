//! Measures Meridian beside what the machine and its databases can do at all, in one run on one
//! machine: refunds beside the same statements without Meridian, reads beside `pgbench -S`.
//!
//! The program is started as it is in production. The load comes from one thread of this process
//! over HTTP/2, on the same cores.

#![expect(clippy::float_arithmetic, reason = "figures are for reading; no money is among them")]

mod client;
mod database;
mod events;
mod figures;
mod load;
mod messages;
mod neighbours;
mod pipeline;
mod processes;
mod report;
mod settings;
mod site;
mod yardstick;

use clap::Parser as _;
use client::Outcome;
use figures::{Aim, Bound, Figures, Row, Single};
use report::Report;
use settings::{Engine, Settings};
use site::{Site, Workers};
use std::{fs, process::ExitCode};
use yardstick::{
    Template,
    pgbench::{self, Protocol},
    rusqlite,
};

/// How many clients read, and refund while the workers run.
const READERS: u32 = 32;
const MOST_MEGABYTES: f64 = 40.0;
const MOST_SECONDS: f64 = 1.0;

fn main() -> ExitCode {
    let settings = Settings::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = runtime.map_err(Into::into).and_then(|runtime| runtime.block_on(run(&settings)));
    match outcome {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(settings: &Settings) -> Outcome<Report> {
    let mut report = Report::default();
    for engine in [Engine::PostgreSql, Engine::Sqlite] {
        if settings.measures(engine) && settings.pipeline() {
            pipeline::measure(engine, settings, &mut report).await?;
        } else if settings.measures(engine) && settings.events() {
            events::measure(engine, settings, &mut report).await?;
        } else if settings.measures(engine) && settings.neighbours() {
            neighbours::measure(engine, settings, &mut report).await?;
        } else if settings.measures(engine) {
            measure(engine, settings, &mut report).await?;
        }
    }
    if let Some(path) = settings.json() {
        fs::write(&path, report.to_json_lines())?;
        report.notes.push(format!("the same as JSON lines: {}", path.display()));
    }
    Ok(report)
}

async fn measure(engine: Engine, settings: &Settings, report: &mut Report) -> Outcome<()> {
    eprintln!("{}: making {} orders", engine.name(), settings.orders());
    let mut site = Site::build(engine, settings, &mut report.singles).await?;
    let template = if settings.yardsticks() {
        let first = messages::order_id(0);
        Some(Template::take(&site.database, &first, settings.orders())?)
    } else {
        None
    };
    site.database.settle();
    start_alone(&mut site, &mut report.singles).await?;
    for (run, clients) in (0..).zip(settings.clients()) {
        eprintln!("{}: refunds, {clients} clients", engine.name());
        let meridian = site.refunds(clients).await?;
        let yardstick = match &template {
            Some(template) => beside(&site, template, run, clients, settings)?,
            None => None,
        };
        let aim = aim(engine, clients);
        report.rows.push(row(engine, "CreateRefund", clients, meridian, yardstick, aim));
    }
    reads(&site, settings, report).await?;
    with_workers(&mut site, report).await?;
    let (acknowledged, stored) = site.acknowledged_and_stored()?;
    let engine = engine.name();
    report.notes.push(format!("{engine}: {acknowledged} refunds acknowledged, {stored} stored"));
    Ok(())
}

/// On the existing database, with no worker but the one that makes events of what is committed.
async fn start_alone(site: &mut Site, singles: &mut Vec<Single>) -> Outcome<()> {
    let took = site.start(Workers::Sequencer).await?;
    let bytes = site.idle_bytes().await?;
    let engine = site.database.engine().name();
    singles.push(Single {
        what: format!("{engine}: from the start to the ready line"),
        value: took.as_secs_f64(),
        unit: "s",
        aim: Some(Bound::AtMost(MOST_SECONDS)),
    });
    singles.push(Single {
        what: format!("{engine}: memory when idle (RSS)"),
        value: f64::from(u32::try_from(bytes >> 10)?) / 1024.0,
        unit: "MB",
        aim: Some(Bound::AtMost(MOST_MEGABYTES)),
    });
    Ok(())
}

/// The same without Meridian.
fn beside(
    site: &Site,
    template: &Template,
    run: u32,
    clients: u32,
    settings: &Settings,
) -> Outcome<Option<(&'static str, Figures)>> {
    let (database, span) = (&site.database, settings.span());
    eprintln!("{}: the same without Meridian", database.engine().name());
    Ok(match database.engine() {
        Engine::PostgreSql => {
            let figures = pgbench::refunds(database, template, run, clients, span)?;
            Some(("pgbench", figures))
        }
        Engine::Sqlite => Some(("rusqlite", rusqlite::refunds(database, template, run, span)?)),
    })
}

const fn aim(engine: Engine, clients: u32) -> Option<Aim> {
    match (engine, clients) {
        (Engine::PostgreSql, 8) => Some(Aim::Ratio(0.7)),
        (Engine::PostgreSql | Engine::Sqlite, 32) => Some(Aim::Ratio(1.0)),
        (Engine::PostgreSql, 64) => Some(Aim::Ratio(2.0)),
        _ => None,
    }
}

async fn reads(site: &Site, settings: &Settings, report: &mut Report) -> Outcome<()> {
    let engine = site.database.engine();
    eprintln!("{}: reads", engine.name());
    let meridian = site.reads(READERS).await?;
    let mut add = |yardstick, aim| {
        report.rows.push(row(engine, "GetOrder", READERS, meridian.clone(), yardstick, aim));
    };
    match engine {
        Engine::PostgreSql if settings.yardsticks() => {
            let protocols = [Protocol::Simple, Protocol::Prepared];
            let figures = pgbench::selects(&site.database, READERS, settings.span(), protocols)?;
            let names = ["pgbench -S", "pgbench -S -M prepared"];
            let aims = [Some(Aim::Ratio(0.5)), None];
            for ((figures, name), aim) in figures.into_iter().zip(names).zip(aims) {
                add(Some((name, figures)), aim);
            }
        }
        Engine::PostgreSql => add(None, None),
        Engine::Sqlite => add(None, Some(Aim::PerSecond(10_000.0))),
    }
    Ok(())
}

/// The refunds so far would be a backlog of their own, so their work is dropped.
async fn with_workers(site: &mut Site, report: &mut Report) -> Outcome<()> {
    let engine = site.database.engine();
    eprintln!("{}: refunds while the workers run", engine.name());
    site.stop();
    site.database.execute("DELETE FROM tasks")?;
    site.start(Workers::All).await?;
    let meridian = site.refunds(READERS).await?;
    let operation = "CreateRefund, workers on";
    report.rows.push(row(engine, operation, READERS, meridian, None, None));
    Ok(())
}

fn row(
    engine: Engine,
    operation: &str,
    clients: u32,
    meridian: Figures,
    yardstick: Option<(&'static str, Figures)>,
    aim: Option<Aim>,
) -> Row {
    let operation = operation.to_owned();
    Row { database: engine.name(), operation, clients, meridian, yardstick, aim }
}
