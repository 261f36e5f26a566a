use crate::fields;
use std::time::Duration;
use tokio::time::Instant;
use tonic::Status;

/// When a call has to be answered.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(Instant);

/// No call runs longer, whatever its client asks for.
pub(crate) const LONGEST: Duration = Duration::from_mins(5);

impl Deadline {
    pub(crate) fn after(timeout: Duration) -> Self {
        Self(Instant::now() + timeout.min(LONGEST))
    }

    /// The earlier of this and so long from now.
    pub(crate) fn at_most(self, timeout: Duration) -> Self {
        Self(self.0.min(Instant::now() + timeout))
    }

    pub(crate) const fn at(self) -> Instant {
        self.0
    }

    /// How long is left, less what rendering and sending the answer takes on a busy machine.
    pub fn left(self) -> Duration {
        const ANSWERING: Duration = Duration::from_millis(250);
        let left = self.0.saturating_duration_since(Instant::now());
        left.saturating_sub((left / 10).min(ANSWERING))
    }
}

impl Default for Deadline {
    fn default() -> Self {
        Self::after(Duration::from_secs(10))
    }
}

/// Reads `grpc-timeout`: at most eight digits and a unit, as the gRPC protocol has it.
pub(crate) fn parse(header: &str) -> Result<Duration, Status> {
    let malformed =
        || fields::refused("grpc-timeout", "must be 1 to 8 digits and one of H, M, S, m, u, n");
    let (digits, unit) =
        header.split_at_checked(header.len().saturating_sub(1)).ok_or_else(malformed)?;
    let plain = (1..=8).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    let count: u64 = digits.parse().ok().filter(|_| plain).ok_or_else(malformed)?;
    match unit {
        "H" => Ok(Duration::from_secs(count * 3600)),
        "M" => Ok(Duration::from_secs(count * 60)),
        "S" => Ok(Duration::from_secs(count)),
        "m" => Ok(Duration::from_millis(count)),
        "u" => Ok(Duration::from_micros(count)),
        "n" => Ok(Duration::from_nanos(count)),
        _ => Err(malformed()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_protocol_allows_is_read() {
        assert_eq!(parse("1m").unwrap(), Duration::from_millis(1));
        assert_eq!(parse("99999999H").unwrap(), Duration::from_hours(99_999_999));
        for bad in ["", "m", "1", "1x", "-1m", "1 m", "123456789m", "1e3m", "½m"] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }
}
