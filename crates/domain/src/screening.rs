//! Screening: what is looked at before an order may become ready, and what came of it.
//!
//! Findings say which rule spoke and never whom it spoke of: they stand in facts and events, where
//! nobody's name is.

use crate::{
    Actor, Amount, Currency,
    cancellation::CancellationReason,
    order::{Order, TenderMethod},
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// What an order is checked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Check {
    Fraud,
    ProhibitedGoods,
    DeniedParty,
}

/// Where a check of one order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CheckState {
    /// It was not looked at yet.
    Pending,
    Clear,
    /// A person has to decide.
    Review,
    /// The platform cancels the order.
    Failed,
}

/// What a check comes to; the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Verdict {
    Clear,
    Review,
    Failed,
}

/// One thing that a rule or a list had to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule's or the list entry's own name, such as `amount-over-5000` or `demo-list/17`.
    pub rule: String,
    /// In words, with the figures and without anybody's personal data.
    pub text: String,
}

impl Finding {
    /// Findings that are kept of one check: the first, which are the worst.
    pub const MAX: usize = 20;
    /// Characters that are kept of each part of one.
    pub const MAX_TEXT: usize = 300;

    pub fn new(rule: impl Into<String>, text: impl Into<String>) -> Self {
        Self { rule: rule.into(), text: text.into() }
    }
}

/// A check that an order has to pass, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Screened {
    pub check: Check,
    pub state: CheckState,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// Who decided, a worker or a person; nobody while it is pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Actor>,
    #[serde(
        default,
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub at: Option<OffsetDateTime>,
    /// What a person said to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

impl Screened {
    pub const fn pending(check: Check) -> Self {
        Self {
            check,
            state: CheckState::Pending,
            findings: Vec::new(),
            by: None,
            at: None,
            comment: None,
        }
    }
}

impl Check {
    pub const ALL: [Self; 3] = [Self::Fraud, Self::ProhibitedGoods, Self::DeniedParty];

    /// The stable name, as stored and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fraud => "FRAUD",
            Self::ProhibitedGoods => "PROHIBITED_GOODS",
            Self::DeniedParty => "DENIED_PARTY",
        }
    }

    /// Why the platform cancels an order that fails it (L4 to L6).
    pub const fn reason(self) -> CancellationReason {
        match self {
            Self::Fraud => CancellationReason::FraudDetected,
            Self::ProhibitedGoods => CancellationReason::ProhibitedGoods,
            Self::DeniedParty => CancellationReason::DeniedParty,
        }
    }
}

impl CheckState {
    pub const ALL: [Self; 4] = [Self::Pending, Self::Clear, Self::Review, Self::Failed];

    /// The stable name, as stored and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Clear => "CLEAR",
            Self::Review => "REVIEW",
            Self::Failed => "FAILED",
        }
    }
}

impl From<Verdict> for CheckState {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Clear => Self::Clear,
            Verdict::Review => Self::Review,
            Verdict::Failed => Self::Failed,
        }
    }
}

/// Which checks a store wants.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Screening {
    pub fraud: bool,
    pub prohibited_goods: bool,
    pub denied_party: bool,
    /// Narrow a check that is on to some orders; one without any is for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<Scope>,
}

/// Orders that a check is for: those that meet every condition that is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    pub check: Check,
    /// Any of these is among the tenders.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tender_methods: Vec<TenderMethod>,
    /// The destination is one of these, ISO 3166-1 alpha-2.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub destinations: Vec<String>,
    /// Any line's customs code begins with one of these. A line without a code meets it, too: what
    /// is not known is not let through unseen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hs_prefixes: Vec<String>,
    /// The order comes to at least so much. One with another merchant currency meets it, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_total: Option<Least>,
}

/// An amount in a store's currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Least {
    pub amount: Amount,
    pub currency: Currency,
}

impl Screening {
    /// Scopes that one store may have.
    pub const MAX_SCOPES: usize = 50;
    /// Values that one condition of a scope may list.
    pub const MAX_VALUES: usize = 300;

    /// The checks that an order has to pass here.
    pub fn wanted(&self, order: &Order) -> Vec<Check> {
        Check::ALL.into_iter().filter(|check| self.wants(*check, order)).collect()
    }

    fn wants(&self, check: Check, order: &Order) -> bool {
        let on = match check {
            Check::Fraud => self.fraud,
            Check::ProhibitedGoods => self.prohibited_goods,
            Check::DeniedParty => self.denied_party,
        };
        let mut scopes = self.scopes.iter().filter(|scope| scope.check == check).peekable();
        on && (scopes.peek().is_none() || scopes.any(|scope| scope.covers(order)))
    }
}

impl Scope {
    fn covers(&self, order: &Order) -> bool {
        let methods = || order.tenders.iter().map(|tender| tender.method);
        (self.tender_methods.is_empty() || methods().any(|it| self.tender_methods.contains(&it)))
            && (self.destinations.is_empty()
                || self.destinations.contains(&order.destination_country))
            && (self.hs_prefixes.is_empty() || order.lines.iter().any(|line| self.has_code(line)))
            && self.minimum_total.is_none_or(|least| least.is_met_by(order))
    }

    fn has_code(&self, line: &crate::order::Line) -> bool {
        let code = line.hs_code.as_deref().map(bare_code).unwrap_or_default();
        code.is_empty()
            || self.hs_prefixes.iter().any(|prefix| code.starts_with(&bare_code(prefix)))
    }
}

impl Least {
    fn is_met_by(self, order: &Order) -> bool {
        let total = || order.totals().map(|total| total.merchant);
        order.merchant_currency != self.currency || total().is_ok_and(|it| it >= self.amount)
    }
}

/// A customs code without the dots and blanks that people write into it.
pub fn bare_code(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}
