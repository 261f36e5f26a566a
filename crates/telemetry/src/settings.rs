use crate::InitError;
use serde::Deserialize;
use std::time::Duration;
use tracing_subscriber::EnvFilter;

/// What is logged, how, and where telemetry goes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where an OTLP collector takes gRPC without TLS, as `http://HOST:PORT`; `None` exports nothing.
    pub endpoint: Option<String>,
    pub log_format: LogFormat,
    /// A level, or rules like `info,workers=debug`. Holds for logs, traces and exported logs alike.
    pub filter: String,
    /// How often metrics are sent.
    #[serde(with = "humantime_serde")]
    pub metrics_interval: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line, for machines.
    Json,
    /// For people.
    Pretty,
}

impl Settings {
    pub(crate) fn parsed_filter(&self) -> Result<EnvFilter, InitError> {
        parse(&self.filter)
            .map_err(|reason| InitError::Filter { filter: self.filter.clone(), reason })
    }
}

/// Whether a log filter can be used, or why not.
pub fn check_filter(filter: &str) -> Result<(), String> {
    parse(filter).map(drop)
}

fn parse(filter: &str) -> Result<EnvFilter, String> {
    EnvFilter::builder().parse(filter).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_a_level_or_rules() {
        assert_eq!(check_filter("info,workers=debug"), Ok(()));
        assert!(check_filter("workers=loud").is_err());
    }
}
