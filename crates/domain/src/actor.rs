use serde::{Deserialize, Serialize};

/// Who did something. The id names a token, a user or a worker; never a buyer's personal data.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Actor {
    pub kind: ActorKind,
    pub id: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ActorKind {
    Platform,
    Merchant,
    Customer,
    Service,
    /// A worker of this system, acting for the platform.
    Worker,
}

impl Actor {
    pub fn new(kind: ActorKind, id: impl Into<String>) -> Self {
        Self { kind, id: id.into() }
    }

    pub fn worker(name: &str) -> Self {
        Self::new(ActorKind::Worker, name)
    }
}

impl ActorKind {
    /// The stable name, as stored and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Platform => "PLATFORM",
            Self::Merchant => "MERCHANT",
            Self::Customer => "CUSTOMER",
            Self::Service => "SERVICE",
            Self::Worker => "WORKER",
        }
    }
}
