//! The figures as people read them.

use crate::figures::{Aim, Figures, Row, Single};
use std::{
    fmt::{self, Display, Formatter},
    time::Duration,
};

#[derive(Debug, Default)]
pub struct Report {
    pub rows: Vec<Row>,
    pub singles: Vec<Single>,
    pub notes: Vec<String>,
}

const HEAD: &str = "\
| operation | clients | Meridian /s | beside it /s | ratio | aim | p50 ms | p99 ms | beside: p50, p99 | CPU µs each: Meridian | database | client | beside: database | client | RSS MB |
|---|--:|--:|--:|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|";

impl Report {
    /// One JSON document a line.
    pub fn to_json_lines(&self) -> String {
        let rows = self.rows.iter().map(Row::to_json);
        let singles = self.singles.iter().map(Single::to_json);
        rows.chain(singles).flat_map(|line| [line.to_string(), "\n".to_owned()]).collect()
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut databases: Vec<&str> = self.rows.iter().map(|row| row.database).collect();
        databases.dedup();
        for database in databases {
            writeln!(f, "\n## {database}\n\n{HEAD}")?;
            for row in self.rows.iter().filter(|row| row.database == database) {
                line(f, row)?;
            }
        }
        writeln!(f, "\n## Alone\n\n| what | figure | aim |\n|---|--:|---|")?;
        for single in &self.singles {
            let Single { what, value, unit, aim } = single;
            let aim = aim.map(|aim| format!("{aim} {unit}")).unwrap_or_default();
            let met = self::met(single.is_met());
            writeln!(f, "| {what} | {value:.1} {unit} | {aim} {met} |")?;
        }
        let failures = self.rows.iter().filter_map(|row| {
            let failure = row.meridian.first_failure.as_ref()?;
            let (operation, clients) = (&row.operation, row.clients);
            Some(format!("{operation}, {clients} clients: {} × {failure}", row.meridian.failures))
        });
        writeln!(f)?;
        for note in self.notes.iter().cloned().chain(failures) {
            writeln!(f, "- {note}")?;
        }
        Ok(())
    }
}

fn line(f: &mut Formatter<'_>, row: &Row) -> fmt::Result {
    let Row { operation, clients, meridian, .. } = row;
    let beside = row.yardstick.as_ref();
    let of_yardstick = |show: &dyn Fn(&Figures) -> String| {
        beside.map(|(_, figures)| show(figures)).unwrap_or_default()
    };
    let aim = match row.aim {
        None => String::new(),
        Some(Aim::Ratio(aim)) => format!("≥ {aim}× {}", met(row.is_met())),
        Some(Aim::PerSecond(aim)) => format!("≥ {aim}/s {}", met(row.is_met())),
    };
    let columns = [
        operation.clone(),
        clients.to_string(),
        format!("{:.0}", meridian.per_second),
        beside
            .map(|(name, figures)| format!("{:.0} ({name})", figures.per_second))
            .unwrap_or_default(),
        row.ratio().map(|ratio| format!("{ratio:.2}×")).unwrap_or_default(),
        aim,
        millis(meridian.p50),
        millis(meridian.p99),
        of_yardstick(&|figures| format!("{}, {}", millis(figures.p50), millis(figures.p99))),
        micros(meridian.server),
        micros(meridian.database),
        micros(meridian.client),
        of_yardstick(&|figures| micros(figures.database)),
        of_yardstick(&|figures| micros(figures.client)),
        meridian.resident.map(|bytes| format!("{}", bytes >> 20)).unwrap_or_default(),
    ];
    writeln!(f, "| {} |", columns.join(" | "))
}

const fn met(met: Option<bool>) -> &'static str {
    match met {
        None => "",
        Some(true) => "met",
        Some(false) => "**missed**",
    }
}

fn millis(duration: Duration) -> String {
    format!("{:.2}", duration.as_secs_f64() * 1e3)
}

fn micros(duration: Option<Duration>) -> String {
    duration.map(|duration| duration.as_micros().to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aim_that_was_missed_stands_out() {
        let row = |per_second| Row {
            database: "SQLite",
            operation: "CreateRefund".to_owned(),
            clients: 32,
            meridian: Figures { per_second, ..Figures::default() },
            yardstick: Some(("rusqlite", Figures { per_second: 100.0, ..Figures::default() })),
            aim: Some(Aim::Ratio(1.0)),
        };
        let report = Report { rows: vec![row(99.0), row(100.0)], ..Report::default() };
        let text = report.to_string();
        assert_eq!(
            (text.matches("≥ 1× **missed**").count(), text.matches("≥ 1× met").count()),
            (1, 1)
        );
        assert_eq!(report.to_json_lines().lines().count(), 2);
    }
}
