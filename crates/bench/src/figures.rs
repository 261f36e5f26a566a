//! What was measured, and what it was to be.

use serde_json::{Value, json};
use std::{
    fmt::{self, Display, Formatter},
    time::Duration,
};

/// Operations that ended within a span of time, and what they cost.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    pub per_second: f64,
    pub p50: Duration,
    pub p99: Duration,
    /// Processor time per operation of the process that is measured; nobody's where the database
    /// is measured alone.
    pub server: Option<Duration>,
    /// The same of PostgreSQL with all of its processes.
    pub database: Option<Duration>,
    /// The same of whoever makes the load.
    pub client: Option<Duration>,
    /// Memory of the measured process at the end, in bytes.
    pub resident: Option<u64>,
    pub failures: u64,
    pub first_failure: Option<String>,
}

/// Processor time since the start of each process that takes part.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spent {
    pub server: Option<Duration>,
    pub database: Option<Duration>,
    pub client: Option<Duration>,
}

/// What a figure is to reach.
#[derive(Debug, Clone, Copy)]
pub enum Aim {
    /// Times the yardstick.
    Ratio(f64),
    PerSecond(f64),
}

/// One figure of Meridian's with what stands beside it.
#[derive(Debug, Clone)]
pub struct Row {
    pub database: &'static str,
    pub operation: String,
    pub clients: u32,
    pub meridian: Figures,
    pub yardstick: Option<(&'static str, Figures)>,
    pub aim: Option<Aim>,
}

/// What a figure is to be.
#[derive(Debug, Clone, Copy)]
pub enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Bound {
    fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtMost(most) => value <= most,
            Self::AtLeast(least) => value >= least,
        }
    }
}

impl Display for Bound {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(most) => write!(f, "≤ {most}"),
            Self::AtLeast(least) => write!(f, "≥ {least}"),
        }
    }
}

/// A figure that stands alone.
#[derive(Debug, Clone)]
pub struct Single {
    pub what: String,
    pub value: f64,
    pub unit: &'static str,
    pub aim: Option<Bound>,
}

impl Figures {
    /// From how long each operation of the measured span took, in microseconds.
    pub fn new(mut micros: Vec<u32>, measured: Duration, before: Spent, after: Spent) -> Self {
        micros.sort_unstable();
        let count = u32::try_from(micros.len()).unwrap_or(u32::MAX);
        let each = |before: Option<Duration>, after: Option<Duration>| {
            after?.saturating_sub(before?).checked_div(count)
        };
        Self {
            per_second: f64::from(count) / measured.as_secs_f64(),
            p50: percentile(&micros, 50),
            p99: percentile(&micros, 99),
            server: each(before.server, after.server),
            database: each(before.database, after.database),
            client: each(before.client, after.client),
            ..Self::default()
        }
    }

    fn to_json(&self) -> Value {
        let micros = |duration: Option<Duration>| duration.map(|duration| duration.as_micros());
        json!({
            "per_second": self.per_second.round(),
            "p50_us": self.p50.as_micros(),
            "p99_us": self.p99.as_micros(),
            "cpu_us": micros(self.server),
            "database_cpu_us": micros(self.database),
            "client_cpu_us": micros(self.client),
            "resident_bytes": self.resident,
            "failures": self.failures,
            "first_failure": self.first_failure,
        })
    }
}

/// The smallest of the sorted values that so many percent of them do not exceed.
pub fn percentile(sorted: &[u32], percent: usize) -> Duration {
    let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    Duration::from_micros(sorted.get(place).copied().unwrap_or_default().into())
}

impl Row {
    pub fn ratio(&self) -> Option<f64> {
        let (_, yardstick) = self.yardstick.as_ref()?;
        Some(self.meridian.per_second / yardstick.per_second)
    }

    pub fn is_met(&self) -> Option<bool> {
        match self.aim? {
            Aim::Ratio(aim) => self.ratio().map(|ratio| ratio >= aim),
            Aim::PerSecond(aim) => Some(self.meridian.per_second >= aim),
        }
    }

    pub fn to_json(&self) -> Value {
        let (name, yardstick) = self
            .yardstick
            .as_ref()
            .map_or((None, None), |(name, figures)| (Some(*name), Some(figures.to_json())));
        json!({
            "database": self.database,
            "operation": self.operation,
            "clients": self.clients,
            "meridian": self.meridian.to_json(),
            "yardstick": name,
            "beside": yardstick,
            "ratio": self.ratio(),
            "met": self.is_met(),
        })
    }
}

impl Single {
    pub fn is_met(&self) -> Option<bool> {
        self.aim.map(|aim| aim.is_met(self.value))
    }

    pub fn to_json(&self) -> Value {
        json!({
            "what": self.what,
            "value": self.value,
            "unit": self.unit,
            "aim": self.aim.map(|aim| aim.to_string()),
            "met": self.is_met(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let hundred: Vec<u32> = (1..=100).collect();
        assert_eq!(percentile(&hundred, 50).as_micros(), 50);
        assert_eq!(percentile(&hundred, 99).as_micros(), 99);
        assert_eq!(percentile(&[7], 99).as_micros(), 7);
        assert_eq!(percentile(&[], 99).as_micros(), 0);
    }

    #[test]
    fn what_was_spent_is_shared_by_the_operations() {
        let second = Duration::from_secs(1);
        let at = |seconds| Spent { server: Some(second * seconds), ..Spent::default() };
        let figures = Figures::new(vec![10; 4], second * 2, at(1), at(3));
        assert!((figures.per_second - 2.0).abs() < f64::EPSILON);
        assert_eq!((figures.server, figures.database), (Some(second / 2), None));
    }
}
