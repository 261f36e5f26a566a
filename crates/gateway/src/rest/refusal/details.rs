//! The details of a status in JSON. Meridian's services send these three and no others.

use crate::rest::shape::Fault;
use serde::Serialize;
use std::{collections::BTreeMap, time::Duration};
use tonic_types::ErrorDetail;

const DOMAIN: &str = "meridian";

#[derive(Debug, Serialize)]
#[serde(tag = "@type")]
pub enum Detail {
    #[serde(rename = "type.googleapis.com/google.rpc.ErrorInfo")]
    ErrorInfo { reason: String, domain: String, metadata: BTreeMap<String, String> },
    #[serde(rename = "type.googleapis.com/google.rpc.BadRequest")]
    BadRequest { field_violations: Vec<FieldViolation> },
    #[serde(rename = "type.googleapis.com/google.rpc.RetryInfo")]
    RetryInfo { retry_delay: String },
}

#[derive(Debug, Serialize)]
pub struct FieldViolation {
    field: String,
    description: String,
}

impl Detail {
    pub fn of(detail: ErrorDetail) -> Option<Self> {
        match detail {
            ErrorDetail::ErrorInfo(info) => Some(Self::ErrorInfo {
                reason: info.reason,
                domain: info.domain,
                metadata: info.metadata.into_iter().collect(),
            }),
            ErrorDetail::BadRequest(bad) => {
                let violations = bad.field_violations.into_iter().map(|violation| FieldViolation {
                    field: violation.field,
                    description: violation.description,
                });
                Some(Self::BadRequest { field_violations: violations.collect() })
            }
            ErrorDetail::RetryInfo(info) => {
                Some(Self::RetryInfo { retry_delay: seconds(info.retry_delay?) })
            }
            _ => None,
        }
    }

    pub fn reason(reason: &str) -> Self {
        let (reason, domain) = (reason.to_owned(), DOMAIN.to_owned());
        Self::ErrorInfo { reason, domain, metadata: BTreeMap::new() }
    }

    pub fn retry(delay: Duration) -> Self {
        Self::RetryInfo { retry_delay: seconds(delay) }
    }

    pub fn bad_request(faults: Vec<Fault>) -> Self {
        let violations = faults.into_iter();
        let violations = violations
            .map(|Fault { field, description }| FieldViolation { field, description })
            .collect();
        Self::BadRequest { field_violations: violations }
    }

    pub const fn is_reason(&self) -> bool {
        matches!(self, Self::ErrorInfo { .. })
    }
}

pub fn retry_delay(detail: &ErrorDetail) -> Option<Duration> {
    match detail {
        ErrorDetail::RetryInfo(info) => info.retry_delay,
        _ => None,
    }
}

/// As protobuf writes a duration in JSON: `2s`, `0.200s`.
fn seconds(delay: Duration) -> String {
    match (delay.as_secs(), delay.subsec_millis()) {
        (seconds, 0) => format!("{seconds}s"),
        (seconds, millis) => format!("{seconds}.{millis:03}s"),
    }
}
