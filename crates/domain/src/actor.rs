use serde::{Deserialize, Serialize};

/// Who did something. The id names a token, a user or a worker; never a buyer's personal data.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Actor {
    pub kind: ActorKind,
    pub id: String,
    /// Whose token it is that acts: the id of who made it, or of who made the token that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behind: Option<String>,
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
        Self { kind, id: id.into(), behind: None }
    }

    /// The one whose credential it is; themselves, if nobody is behind them.
    #[must_use]
    pub fn person(&self) -> Self {
        Self::new(self.kind, self.behind.as_ref().unwrap_or(&self.id).clone())
    }

    /// Four eyes are those of two people, however many credentials one of them has.
    pub fn is_same_person(&self, other: &Self) -> bool {
        self.person() == other.person()
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
