//! Goods that may not go somewhere.

use crate::{ListError, ListSource, file, watched::Watched};
use async_trait::async_trait;
use domain::{
    is_country,
    order::Line,
    screening::{Finding, Verdict, bare_code},
};
use ports::{Opinion, Screening, ScreeningError, Subject};
use serde::Deserialize;
use std::{sync::Arc, time::Duration};

const DEMO: &str = include_str!("../lists/prohibited-goods.toml");

/// Rules of one file.
const MAX_RULES: usize = 50_000;
/// Stands for every destination.
const ANYWHERE: &str = "*";

/// Rules by customs code and destination: PROHIBIT fails the order, WARN says so and lets it pass.
pub struct ProhibitedGoods(Arc<Watched<Rules>>);

#[derive(Debug, Default)]
struct Rules {
    without_code: WithoutCode,
    rules: Vec<Rule>,
}

/// What is done with a line that has no customs code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum WithoutCode {
    #[default]
    Clear,
    /// A person looks at it.
    Review,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Effect {
    Prohibit,
    Warn,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    without_code: WithoutCode,
    #[serde(default)]
    rule: Vec<Rule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    name: String,
    hs_prefix: String,
    destinations: Vec<String>,
    effect: Effect,
}

impl ProhibitedGoods {
    /// # Errors
    ///
    /// Every fault of the file.
    pub fn open(source: ListSource) -> Result<Self, ListError> {
        let rules = Watched::open(vec![source], |sources| {
            let [source] = sources else { return Ok(Rules::default()) };
            read(&file::text(source, DEMO)?).map_err(|it| ListError::wrong(source, it))
        })?;
        Ok(Self(Arc::new(rules)))
    }

    /// Follows the file, in the background.
    #[must_use]
    pub fn looking_every(self, pause: Duration) -> Self {
        self.0.keep_fresh(pause);
        self
    }

    /// Follows the file now.
    pub fn look(&self) -> bool {
        self.0.look()
    }
}

fn read(text: &str) -> Result<Rules, Vec<String>> {
    let raw: Raw = toml::from_str(text).map_err(|error| vec![error.to_string()])?;
    let mut faults = Vec::new();
    // A file that lost its rules lets everything pass.
    if raw.rule.is_empty() || raw.rule.len() > MAX_RULES {
        faults.push(format!("has {} rules instead of 1 to {MAX_RULES}", raw.rule.len()));
    }
    let mut rules = Vec::with_capacity(raw.rule.len());
    for (place, rule) in (1..).zip(raw.rule) {
        let hs_prefix = bare_code(&rule.hs_prefix);
        if hs_prefix.is_empty() {
            faults.push(format!("rule {place} ({}) has no customs code", rule.name));
        }
        if rule.destinations.is_empty() {
            faults.push(format!("rule {place} ({}) has no destination", rule.name));
        }
        for country in &rule.destinations {
            if country != ANYWHERE && !is_country(country) {
                let text = format!("rule {place} ({}) has the destination {country:?}", rule.name);
                faults.push(text);
            }
        }
        rules.push(Rule { hs_prefix, ..rule });
    }
    let without_code = raw.without_code;
    if faults.is_empty() { Ok(Rules { without_code, rules }) } else { Err(faults) }
}

impl Rule {
    fn goes_to(&self, country: &str) -> bool {
        self.destinations.iter().any(|it| it == ANYWHERE || it == country)
    }
}

impl Rules {
    fn look_at(&self, line: &Line, destination: &str, found: &mut Vec<(Verdict, Finding)>) {
        let code = line.hs_code.as_deref().map(bare_code).unwrap_or_default();
        if code.is_empty() {
            if self.without_code == WithoutCode::Review {
                let text = format!("line {} has no customs code", line.cart_item_id);
                found.push((Verdict::Review, Finding::new("without-code", text)));
            }
            return;
        }
        let rules = self.rules.iter().filter(|rule| code.starts_with(&rule.hs_prefix));
        for rule in rules.filter(|rule| rule.goes_to(destination)) {
            let (verdict, does) = match rule.effect {
                Effect::Prohibit => (Verdict::Failed, "may not go"),
                Effect::Warn => (Verdict::Clear, "goes with a warning"),
            };
            let (line, prefix) = (&line.cart_item_id, &rule.hs_prefix);
            let text = format!("line {line}: {prefix} {does} to {destination}");
            found.push((verdict, Finding::new(&rule.name, text)));
        }
    }
}

#[async_trait]
impl Screening for ProhibitedGoods {
    async fn check(&self, subject: Subject<'_>) -> Result<Opinion, ScreeningError> {
        let (rules, order) = (self.0.current(), subject.order);
        let mut found = Vec::new();
        for line in &order.lines {
            rules.look_at(line, &order.destination_country, &mut found);
        }
        Ok(Opinion::of(found))
    }
}
