//! The file of rules, read and checked.

use domain::{
    Amount,
    amount::parse_decimal,
    is_country,
    order::{TenderMethod, bare_email},
    screening::Verdict,
};
use serde::Deserialize;

/// Rules of one file.
const MAX_RULES: usize = 500;
/// Values that one condition lists.
const MAX_VALUES: usize = 100_000;
/// Orders that a rule counts up to.
const MAX_ORDERS: u32 = 1_000;
/// Hours that a rule looks back: a year.
const MAX_HOURS: u32 = 8_784;
/// Decimals of an amount.
const MOST_DECIMALS: u32 = 4;

#[derive(Debug, Default)]
pub(super) struct Rules {
    pub rules: Vec<Rule>,
}

#[derive(Debug)]
pub(super) struct Rule {
    pub name: String,
    pub outcome: Verdict,
    pub amount_over: Option<Over>,
    pub velocity: Option<Velocity>,
    pub countries_differ: bool,
    /// Lower case.
    pub email_domains: Vec<String>,
    pub destinations: Vec<String>,
    pub tender_methods: Vec<TenderMethod>,
}

#[derive(Debug)]
pub(super) struct Over {
    pub amount: Amount,
    pub currency: String,
}

/// More than so many orders of one buyer until the one at hand was made, that one among them.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Velocity {
    pub orders: u32,
    pub within_hours: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRules {
    #[serde(default)]
    rule: Vec<RawRule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    name: String,
    outcome: String,
    amount_over: Option<RawOver>,
    velocity: Option<Velocity>,
    #[serde(default)]
    countries_differ: bool,
    #[serde(default)]
    email_domains: Vec<String>,
    #[serde(default)]
    destinations: Vec<String>,
    #[serde(default)]
    tender_methods: Vec<TenderMethod>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOver {
    amount: String,
    currency: String,
}

impl Rule {
    /// The entry that the domain is, or is under.
    pub fn listed_domain(&self, domain: &str) -> Option<&str> {
        let listed = self.email_domains.iter().map(String::as_str);
        listed.into_iter().find(|listed| {
            domain.strip_suffix(listed).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
    }
}

/// # Errors
///
/// Every fault, each with the name or the place of its rule.
pub(super) fn read(text: &str) -> Result<Rules, Vec<String>> {
    let raw: RawRules = toml::from_str(text).map_err(|error| vec![error.to_string()])?;
    let mut faults = Vec::new();
    // A file that lost its rules lets everybody pass.
    if raw.rule.is_empty() || raw.rule.len() > MAX_RULES {
        faults.push(format!("has {} rules instead of 1 to {MAX_RULES}", raw.rule.len()));
    }
    let mut rules: Vec<Rule> = Vec::new();
    for (place, raw) in (1..).zip(raw.rule) {
        let mut fault = |text: String| faults.push(format!("rule {place} ({}) {text}", raw.name));
        if raw.name.trim().is_empty() || rules.iter().any(|rule| rule.name == raw.name) {
            fault("needs a name of its own".to_owned());
        }
        let rule = checked(&raw, &mut fault);
        rules.push(rule);
    }
    if faults.is_empty() { Ok(Rules { rules }) } else { Err(faults) }
}

fn checked(raw: &RawRule, fault: &mut impl FnMut(String)) -> Rule {
    let outcome = match raw.outcome.as_str() {
        "REVIEW" => Verdict::Review,
        "FAILED" => Verdict::Failed,
        other => {
            fault(format!("has the outcome {other:?} instead of REVIEW or FAILED"));
            Verdict::Review
        }
    };
    let amount_over = raw.amount_over.as_ref().and_then(|over| {
        let amount = parse_decimal(&over.amount)
            .and_then(|decimal| Amount::from_decimal(decimal, MOST_DECIMALS));
        if let Err(error) = &amount {
            fault(format!("has an amount that {error}"));
        }
        if over.currency.len() != 3 {
            fault(format!("has the currency {:?}", over.currency));
        }
        Some(Over { amount: amount.ok()?, currency: over.currency.clone() })
    });
    if let Some(Velocity { orders, within_hours }) = raw.velocity
        && (orders == 0 || orders > MAX_ORDERS || within_hours == 0 || within_hours > MAX_HOURS)
    {
        fault(format!("counts up to {MAX_ORDERS} orders in up to {MAX_HOURS} hours, not so"));
    }
    for (what, count) in
        [("e-mail domains", raw.email_domains.len()), ("destinations", raw.destinations.len())]
    {
        if count > MAX_VALUES {
            fault(format!("lists {count} {what} instead of at most {MAX_VALUES}"));
        }
    }
    for country in &raw.destinations {
        if !is_country(country) {
            fault(format!("has the destination {country:?}"));
        }
    }
    let conditions = [
        raw.amount_over.is_some(),
        raw.velocity.is_some(),
        raw.countries_differ,
        !raw.email_domains.is_empty(),
        !raw.destinations.is_empty(),
        !raw.tender_methods.is_empty(),
    ];
    if !conditions.contains(&true) {
        fault("has no condition".to_owned());
    }
    Rule {
        name: raw.name.clone(),
        outcome,
        amount_over,
        velocity: raw.velocity,
        countries_differ: raw.countries_differ,
        email_domains: raw.email_domains.iter().map(|it| bare_email(it)).collect(),
        destinations: raw.destinations.clone(),
        tender_methods: raw.tender_methods.clone(),
    }
}
