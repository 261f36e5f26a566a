//! What a form or a query says.

use crate::{
    words::{self, Named},
    zone::Zone,
};
use gateway::rest::percent;
use pbjson_types::Timestamp;
use std::str::FromStr;
use time::{Date, format_description::well_known::Iso8601};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

/// Names and values in the order in which they were sent.
#[derive(Debug, Clone, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// `None` if the text is no query.
    pub fn of(text: &str) -> Option<Self> {
        percent::pairs(text).map(Self)
    }

    /// The trimmed text of a field; empty if it is not there.
    pub fn text(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(named, _)| named == name);
        found.map_or("", |(_, value)| value.trim())
    }

    /// The text of a field as it was typed: blanks belong to a password.
    pub fn untrimmed(&self, name: &str) -> &str {
        self.0.iter().find(|(named, _)| named == name).map_or("", |(_, value)| value)
    }

    /// The text of a field in which something stands.
    pub fn given(&self, name: &str) -> Option<String> {
        Some(self.text(name)).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// Every value of a field in which something stands.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let named = self.0.iter().filter(|(named, _)| named == name);
        named.map(|(_, value)| value.trim()).filter(|value| !value.is_empty()).collect()
    }

    /// Every value of a field, the empty ones too: for the columns of rows that belong together.
    pub fn column(&self, name: &str) -> Vec<&str> {
        let named = self.0.iter().filter(|(named, _)| named == name);
        named.map(|(_, value)| value.trim()).collect()
    }

    /// The rows of some columns in which anything stands; what counts as nothing is said.
    pub fn rows(&self, columns: &[&str], nothing: &[&str]) -> Vec<usize> {
        let columns: Vec<_> = columns.iter().map(|name| self.column(name)).collect();
        let longest = columns.iter().map(Vec::len).max().unwrap_or_default();
        let says = |row: &usize| {
            let mut texts = columns.iter().filter_map(|column| column.get(*row));
            texts.any(|text| !nothing.contains(text))
        };
        (0..longest).filter(says).collect()
    }

    /// The same as one text, every value of it, without some fields.
    pub fn written(&self, without: &[&str]) -> String {
        let kept = self.0.iter().filter(|(name, _)| !without.contains(&name.as_str()));
        let pairs = kept
            .map(|(name, value)| format!("{}={}", percent::encode(name), percent::encode(value)));
        pairs.collect::<Vec<_>>().join("&")
    }

    /// Whether a box is ticked, or a field says anything.
    pub fn has(&self, name: &str) -> bool {
        !self.text(name).is_empty()
    }

    /// Whether one of several boxes of the same name is ticked.
    pub fn holds(&self, name: &str, value: &str) -> bool {
        self.all(name).contains(&value)
    }

    /// Whether anything stands in any field.
    pub fn say_something(&self) -> bool {
        self.0.iter().any(|(name, value)| name != "page" && !value.trim().is_empty())
    }

    /// The same as a query, with one field set.
    pub fn query_with(&self, name: &str, value: &str) -> String {
        let kept = self.0.iter().filter(|(named, value)| named != name && !value.is_empty());
        let kept = kept.map(|(named, value)| (named.as_str(), value.as_str()));
        let pairs = kept.chain([(name, value)].into_iter().filter(|(_, value)| !value.is_empty()));
        let pairs = pairs
            .map(|(name, value)| format!("{}={}", percent::encode(name), percent::encode(value)));
        format!("?{}", pairs.collect::<Vec<_>>().join("&"))
    }

    /// The same from its first page on, without one value of a field.
    pub fn query_without(&self, name: &str, value: &str) -> String {
        let is_it = |named: &str, given: &str| named == name && given.trim() == value;
        let kept = self.0.iter().filter(|(named, given)| !is_it(named, given));
        Self(kept.cloned().collect()).query_with("page", "")
    }

    pub fn read(&self) -> Reading<'_> {
        Reading { fields: self, faults: Vec::new() }
    }
}

/// What is said of a field that has to be a day.
const A_DAY: &str = "has to be a day such as 2026-01-31";

/// Reads fields that have a form, and remembers every one that has not.
pub struct Reading<'f> {
    fields: &'f Fields,
    faults: Vec<(String, &'static str)>,
}

impl Reading<'_> {
    /// A number of things; `None` if nothing stands there.
    pub fn count<N: FromStr>(&mut self, name: &str) -> Option<N> {
        self.parsed(name, "has to be a whole number", |text| text.parse().ok())
    }

    /// The beginning of a day.
    pub fn day(&mut self, name: &str, zone: &Zone) -> Option<Timestamp> {
        self.parsed(name, A_DAY, |text| zone.begins(Date::parse(text, &Iso8601::DATE).ok()?))
    }

    /// The beginning of the day after, so that the day itself is within.
    pub fn through(&mut self, name: &str, zone: &Zone) -> Option<Timestamp> {
        self.parsed(name, A_DAY, |text| {
            zone.begins(Date::parse(text, &Iso8601::DATE).ok()?.next_day()?)
        })
    }

    /// Values of an enumeration, each by its name.
    pub fn numbers<E: Named>(&mut self, name: &str) -> Vec<i32> {
        let given = self.fields.all(name);
        let numbers = words::numbers::<E>(&given);
        if numbers.len() < given.len() {
            self.fault(name, "has to be one of those that are offered");
        }
        numbers
    }

    /// Says what is wrong with a field that was read elsewhere.
    pub fn fault(&mut self, name: &str, fault: &'static str) {
        self.faults.push((name.to_owned(), fault));
    }

    fn parsed<T>(
        &mut self,
        name: &str,
        fault: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.fields.text(name);
        if text.is_empty() {
            return None;
        }
        let parsed = parse(text);
        if parsed.is_none() {
            self.fault(name, fault);
        }
        parsed
    }

    /// # Errors
    ///
    /// `INVALID_ARGUMENT` with every field that could not be read.
    pub fn finish(self) -> Result<(), Status> {
        if self.faults.is_empty() {
            return Ok(());
        }
        let mut details = ErrorDetails::with_error_info("INVALID_FIELDS", "meridian", []);
        for (field, fault) in self.faults {
            details.add_bad_request_violation(field, fault);
        }
        let message = "some fields cannot be read";
        Err(Status::with_error_details(Code::InvalidArgument, message, details))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_kept_but_for_the_field_that_is_set() {
        let fields = Fields::of("q=a%26b&state=READY&page=old&from=").unwrap();
        assert_eq!(fields.query_with("page", "n=1"), "?q=a%26b&state=READY&page=n%3D1");
        assert_eq!(fields.query_with("page", ""), "?q=a%26b&state=READY");
        assert_eq!(fields.query_without("state", "READY"), "?q=a%26b");
        assert_eq!(fields.query_without("state", "HELD"), "?q=a%26b&state=READY");
    }

    #[test]
    fn what_was_written_is_read_again() {
        let fields =
            Fields::of("csrf=x&line=a&quantity=&line=b&quantity=2&comments=%C3%A9%26").unwrap();
        let written = fields.written(&["csrf"]);
        assert_eq!(written, "line=a&quantity=&line=b&quantity=2&comments=%C3%A9%26");
        assert_eq!(Fields::of(&written).unwrap().column("quantity"), ["", "2"]);
    }

    #[test]
    fn every_field_that_cannot_be_read_is_named() {
        let fields = Fields::of("pieces=two&from=31.1.2026&to=2026-01-31&left=").unwrap();
        let mut read = fields.read();
        assert_eq!((read.count::<i32>("pieces"), read.count::<i32>("left")), (None, None));
        let utc = Zone::named("UTC");
        assert_eq!(read.day("from", &utc), None);
        assert_eq!(read.day("to", &utc).unwrap().seconds, 1_769_817_600);
        let status = read.finish().unwrap_err();
        let violations = status.get_details_bad_request().unwrap().field_violations;
        let named: Vec<_> = violations.iter().map(|it| it.field.as_str()).collect();
        assert_eq!(named, ["pieces", "from"]);
    }

    #[test]
    fn a_range_of_days_is_as_long_as_they_are_there() {
        let fields = Fields::of("short=2026-03-29&long=2026-10-25").unwrap();
        let (mut read, paris) = (fields.read(), Zone::named("Europe/Paris"));
        let mut hours = |name: &str| {
            let first = read.day(name, &paris).unwrap().seconds;
            (read.through(name, &paris).unwrap().seconds - first) / 3_600
        };
        assert_eq!((hours("short"), hours("long")), (23, 25));
    }
}
