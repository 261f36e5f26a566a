//! Whether a payment provider is called, or left alone because it is down.

use time::OffsetDateTime;

/// As with an electric circuit: closed is in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CircuitState {
    /// It is called.
    Closed,
    /// It is left alone.
    Open,
    /// It is called once, to see whether it is there again.
    HalfOpen,
}

impl CircuitState {
    pub const ALL: [Self; 3] = [Self::Closed, Self::Open, Self::HalfOpen];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "CLOSED",
            Self::Open => "OPEN",
            Self::HalfOpen => "HALF_OPEN",
        }
    }
}

/// How a provider stands with this process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circuit {
    pub state: CircuitState,
    /// Since when it is closed, or is not.
    pub since: OffsetDateTime,
    /// Until when it is left alone, while it is open.
    pub until: Option<OffsetDateTime>,
    /// How many of the last calls in a row came to nothing.
    pub failures: u32,
}

/// A provider that is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeftAlone {
    /// When it is worth asking again.
    pub until: OffsetDateTime,
}
