//! PostgreSQL's own load tool, as the limit of what clients can do that send one statement after
//! the other.

use super::{Given, LOAD, OWN_STORE, Statement, Template, WRITE};
use crate::{
    client::Outcome,
    database::Database,
    figures::{Figures, Spent},
    messages::FIRST_ORDER,
    processes,
    settings::Span,
};
use std::{
    fmt::Write as _,
    fs, io,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};
use tempfile::TempDir;
use testkit::postgres;

/// Its threads, as many as a small machine has cores.
const THREADS: u32 = 2;
/// Rows of the tables that pgbench makes for itself, in hundreds of thousands.
const SCALE: &str = "10";
/// The name under which values of every run are given.
const FIXED: [(Given, &str); 12] = [
    (Given::Method, "method"),
    (Given::State, "state"),
    (Given::Tender, "tender"),
    (Given::Kind, "kind"),
    (Given::ActorKind, "actor_kind"),
    (Given::Actor, "actor"),
    (Given::Body, "body"),
    (Given::RefundState, "refund_state"),
    (Given::Fingerprint, "fingerprint"),
    (Given::Answer, "answer"),
    (Given::Task, "task"),
    (Given::Leg, "leg"),
];

/// Refunds as transactions, statement by statement. No other run of this process may have the same
/// number; it is below 90.
pub fn refunds(
    database: &Database,
    template: &Template,
    run: u32,
    clients: u32,
    span: Span,
) -> Outcome<Figures> {
    let folder = tempfile::Builder::new().prefix("meridian-pgbench-").tempdir()?;
    let script = folder.path().join("refund.sql");
    fs::write(&script, script_of(template))?;
    let mut command = pgbench(clients, span, Protocol::Prepared)?;
    command.arg("--file").arg(&script);
    let mut define = |name: &str, value: &str| {
        command.arg("--define").arg(format!("{name}={value}"));
    };
    define("store", OWN_STORE);
    define("i", "0");
    // Every client has its own orders, so that none waits for another.
    define("rounds", &(template.orders / clients).max(1).to_string());
    define("run", &(run + 10).to_string());
    for (given, name) in FIXED {
        let value = template.fixed(given);
        let is_binary = matches!(given, Given::Fingerprint | Given::Answer);
        define(name, &if is_binary { format!("\\x{value}") } else { value.to_owned() });
    }
    measure(command, &database.url_of_superuser(), &folder, span, || database.spent())
}

/// How pgbench sends its statements.
#[derive(Debug, Clone, Copy)]
pub enum Protocol {
    /// As texts that are parsed and planned each time, which is what it does if it is not told.
    Simple,
    /// Prepared once, as Meridian has them.
    Prepared,
}

impl Protocol {
    const fn name(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Prepared => "prepared",
        }
    }
}

/// `pgbench -S` on its own tables, with each of the protocols: one row by its key.
pub fn selects<const N: usize>(
    database: &Database,
    clients: u32,
    span: Span,
    protocols: [Protocol; N],
) -> Outcome<Vec<Figures>> {
    let tables = database.beside().ok_or_else(|| io::Error::other("pgbench needs a server"))?;
    let made = postgres::program("pgbench")?
        .args(["--initialize", "--quiet", "--scale", SCALE, &tables.url()])
        .stdout(Stdio::null())
        .output()?;
    succeeded(made.status.success(), &made.stderr)?;
    let each = protocols.map(|protocol| {
        let folder = tempfile::Builder::new().prefix("meridian-pgbench-").tempdir()?;
        let mut command = pgbench(clients, span, protocol)?;
        command.arg("--select-only");
        measure(command, &tables.url(), &folder, span, || database.spent())
    });
    each.into_iter().collect()
}

fn pgbench(clients: u32, span: Span, protocol: Protocol) -> io::Result<Command> {
    let mut command = postgres::program("pgbench")?;
    command
        .args(["--no-vacuum", "--protocol", protocol.name(), "--log"])
        .args(["--client", &clients.to_string(), "--jobs", &THREADS.min(clients).to_string()])
        .args(["--time", &(span.whole().as_secs() + 1).to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    Ok(command)
}

fn script_of(template: &Template) -> String {
    let Template { captured, returned, .. } = template;
    let mut script = format!(
        "\\set order {FIRST_ORDER} + :client_id * :rounds + :i % :rounds\n\
         \\set request (:run * 10000000 + :i) * 1000 + :client_id\n\
         \\set i :i + 1\n\
         BEGIN;\n{}\n\\gset\n\
         \\set next :version + 1\n\
         \\set captured {captured}\n\
         \\set returned {returned} + :next\n",
        rendered(&LOAD)
    );
    for statement in &WRITE {
        // Writing to a string cannot fail.
        writeln!(script, "{};", rendered(statement)).ok();
    }
    script.push_str("COMMIT;\n");
    script
}

fn rendered(statement: &Statement) -> String {
    // From the last to the first, because $1 is also the beginning of $10.
    let numbered = statement.given.iter().enumerate().rev();
    numbered.fold(statement.sql.to_owned(), |sql, (index, given)| {
        sql.replace(&format!("${}", index + 1), &variable(*given))
    })
}

fn variable(given: Given) -> String {
    let named = FIXED.iter().find(|(fixed, _)| *fixed == given).map(|(_, name)| *name);
    let name = match given {
        Given::Nothing => return "NULL".to_owned(),
        Given::Attempts => return "0".to_owned(),
        Given::Unique => return "('00000000-0000-7000-8000-' || :request)::uuid".to_owned(),
        Given::Store => "store",
        Given::Order => "order",
        Given::Request => "request",
        Given::Version => "version",
        Given::Next => "next",
        Given::Captured => "captured",
        Given::Returned => "returned",
        Given::Doc => "doc",
        _ => named.unwrap_or_default(),
    };
    format!(":{name}")
}

fn measure(
    mut command: Command,
    url: &str,
    folder: &TempDir,
    span: Span,
    database: impl Fn() -> Option<Duration>,
) -> Outcome<Figures> {
    let mut running =
        command.args(["--log-prefix", "each", url]).current_dir(folder.path()).spawn()?;
    let spent =
        |pid| Spent { server: None, database: database(), client: processes::spent_by(pid) };
    thread::sleep(span.warm_up);
    let before = spent(running.id());
    thread::sleep(span.measured);
    let after = spent(running.id());
    if let Some(status) = running.try_wait()? {
        let output = running.wait_with_output()?;
        succeeded(false, &output.stderr)?;
        return Err(io::Error::other(format!("pgbench ended early: {status}")).into());
    }
    let output = running.wait_with_output()?;
    succeeded(output.status.success(), &output.stderr)?;
    let micros = latencies(folder.path(), span)?;
    Ok(Figures::new(micros, span.measured, before, after))
}

fn succeeded(success: bool, complaint: &[u8]) -> Outcome<()> {
    let complaint = String::from_utf8_lossy(complaint);
    if success && !complaint.contains("ERROR") {
        return Ok(());
    }
    Err(io::Error::other(format!("pgbench: {}", complaint.trim())).into())
}

/// How long each transaction took that ended within the measured span. Every thread has a file.
fn latencies(folder: &Path, span: Span) -> Outcome<Vec<u32>> {
    let mut ended = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_log =
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("each."));
        if is_log {
            ended.extend(fs::read_to_string(path)?.lines().filter_map(parse));
        }
    }
    let first = ended.iter().map(|(at, micros)| at.saturating_sub(*micros)).min();
    let from = first.unwrap_or_default() + u64::try_from(span.warm_up.as_micros())?;
    let to = from + u64::try_from(span.measured.as_micros())?;
    let measured = ended.iter().filter(|(at, _)| (from..to).contains(at));
    Ok(measured.map(|(_, micros)| u32::try_from(*micros).unwrap_or(u32::MAX)).collect())
}

/// When a transaction ended, and how long it took, in microseconds, from its line: client, number,
/// duration, script, seconds, microseconds.
fn parse(line: &str) -> Option<(u64, u64)> {
    let mut fields = line.split_whitespace();
    let micros = fields.nth(2)?.parse().ok()?;
    let seconds: u64 = fields.nth(1)?.parse().ok()?;
    let rest: u64 = fields.next()?.parse().ok()?;
    Some((seconds * 1_000_000 + rest, micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_log_tells_when_and_how_long() {
        assert_eq!(parse("0 199 2241 0 1175850568 995598"), Some((1_175_850_568_995_598, 2241)));
        assert_eq!(parse("0 199"), None);
    }

    #[test]
    fn every_value_of_every_statement_has_a_variable() {
        for statement in WRITE.iter().chain([&LOAD]) {
            let sql = rendered(statement);
            assert!(!sql.contains('$') && !sql.contains(": "), "{sql}");
            assert!(!sql.contains(":,") && !sql.contains(":)"), "{sql}");
        }
    }
}
