//! Days and times as the people of a store have them.

use jiff::tz::{TimeZone, TimeZoneDatabase};
use pbjson_types::Timestamp;
use time::{
    Date, OffsetDateTime, UtcOffset, format_description::BorrowedFormatItem,
    macros::format_description,
};

/// The time zone of a store; summer and winter time are the database's that is compiled in.
#[derive(Debug, Clone)]
pub struct Zone(TimeZone);

impl Zone {
    /// UTC if there is none of that name: an older database than the services' may stand here.
    pub fn named(name: &str) -> Self {
        Self(TimeZoneDatabase::bundled().get(name).unwrap_or(TimeZone::UTC))
    }

    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// A time: "27 Nov 2026, 05:11"; empty if there is none.
    #[expect(clippy::ref_option, reason = "templates hand everything over by reference")]
    pub fn time(&self, at: &Option<Timestamp>) -> String {
        let shown =
            format_description!("[day padding:none] [month repr:short] [year], [hour]:[minute]");
        self.formatted(at.as_ref(), shown)
    }

    /// The same by its day alone.
    #[expect(clippy::ref_option, reason = "templates hand everything over by reference")]
    pub fn day(&self, at: &Option<Timestamp>) -> String {
        let shown = format_description!("[day padding:none] [month repr:short] [year]");
        self.formatted(at.as_ref(), shown)
    }

    /// Which day it is.
    pub fn day_of(&self, at: OffsetDateTime) -> Date {
        self.local(at).date()
    }

    /// The first moment of a day, which is not midnight where clocks skip it. A day that was left
    /// out altogether begins where the next one does. `None` beyond what a calendar has.
    pub fn begins(&self, day: Date) -> Option<Timestamp> {
        let year = day.year().try_into().ok()?;
        let (month, day) = (u8::from(day.month()).try_into().ok()?, day.day().try_into().ok()?);
        let day = jiff::civil::Date::new(year, month, day).ok()?;
        let first = day.to_zoned(self.0.clone()).and_then(|first| first.start_of_day()).ok()?;
        Some(Timestamp { seconds: first.timestamp().as_second(), nanos: 0 })
    }

    /// Beyond the years of the calendar times stay as they are.
    fn local(&self, at: OffsetDateTime) -> OffsetDateTime {
        let (first, last) = (jiff::Timestamp::MIN, jiff::Timestamp::MAX);
        let seconds = at.unix_timestamp().clamp(first.as_second(), last.as_second());
        let instant = jiff::Timestamp::from_second(seconds).unwrap_or_default();
        let offset = UtcOffset::from_whole_seconds(self.0.to_offset(instant).seconds());
        offset.ok().and_then(|offset| at.checked_to_offset(offset)).unwrap_or(at)
    }

    fn formatted(&self, at: Option<&Timestamp>, shown: &[BorrowedFormatItem<'_>]) -> String {
        let at = at.and_then(|at| OffsetDateTime::from_unix_timestamp(at.seconds).ok());
        at.and_then(|at| self.local(at).format(&shown).ok()).unwrap_or_default()
    }
}

/// The names that a store may choose from.
pub fn names() -> Vec<String> {
    let database = TimeZoneDatabase::bundled();
    database.available().map(|name| name.as_str().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::{date, datetime};

    fn shown(zone: &str, at: OffsetDateTime) -> String {
        Zone::named(zone).time(&Some(Timestamp { seconds: at.unix_timestamp(), nanos: 5 }))
    }

    /// Where the day begins, and how many hours it has.
    fn day(zone: &str, day: Date) -> (OffsetDateTime, i64) {
        let zone = Zone::named(zone);
        let first = zone.begins(day).unwrap().seconds;
        let next = zone.begins(day.next_day().unwrap()).unwrap().seconds;
        (OffsetDateTime::from_unix_timestamp(first).unwrap(), (next - first) / 3_600)
    }

    #[test]
    fn times_are_shown_in_summer_and_in_winter_time() {
        let winter = datetime!(2026-01-31 23:30 UTC);
        assert_eq!(shown("UTC", winter), "31 Jan 2026, 23:30");
        assert_eq!(shown("Europe/Paris", winter), "1 Feb 2026, 00:30");
        assert_eq!(shown("America/New_York", winter), "31 Jan 2026, 18:30");
        assert_eq!(shown("Pacific/Auckland", winter), "1 Feb 2026, 12:30");
        assert_eq!(shown("Europe/Paris", datetime!(2026-07-31 23:30 UTC)), "1 Aug 2026, 01:30");
        assert_eq!(shown("Europe/Paris", datetime!(2026-03-29 00:59 UTC)), "29 Mar 2026, 01:59");
        assert_eq!(shown("Europe/Paris", datetime!(2026-03-29 01:00 UTC)), "29 Mar 2026, 03:00");
        assert_eq!(Zone::named("Europe/Paris").time(&None), "");
        assert_eq!(
            shown("Pacific/Auckland", datetime!(9999-12-31 23:59 UTC)),
            "31 Dec 9999, 23:59"
        );
    }

    #[test]
    fn a_day_is_as_long_as_the_clocks_make_it() {
        let paris = |it| day("Europe/Paris", it);
        assert_eq!(paris(date!(2026 - 03 - 28)), (datetime!(2026-03-27 23:00 UTC), 24));
        assert_eq!(paris(date!(2026 - 03 - 29)), (datetime!(2026-03-28 23:00 UTC), 23));
        assert_eq!(paris(date!(2026 - 10 - 25)), (datetime!(2026-10-24 22:00 UTC), 25));
        assert_eq!(day("UTC", date!(2026 - 03 - 29)), (datetime!(2026-03-29 0:00 UTC), 24));
        // The clocks of Santiago skip midnight, and Samoa left a day out to change sides.
        let santiago = day("America/Santiago", date!(2026 - 09 - 06));
        assert_eq!(santiago, (datetime!(2026-09-06 4:00 UTC), 23));
        let left_out = day("Pacific/Apia", date!(2011 - 12 - 30));
        assert_eq!(left_out, (datetime!(2011-12-30 10:00 UTC), 0));
    }

    #[test]
    fn the_day_that_it_is_depends_on_where() {
        let at = datetime!(2026-12-31 11:00 UTC);
        assert_eq!(Zone::named("Pacific/Auckland").day_of(at), date!(2027 - 01 - 01));
        assert_eq!(Zone::named("Pacific/Honolulu").day_of(at), date!(2026 - 12 - 31));
    }

    #[test]
    fn a_zone_that_is_unknown_is_utc_and_says_so() {
        assert_eq!(Zone::named("Mars/Olympus").name(), "UTC");
        assert_eq!(Zone::named("").name(), "UTC");
        assert_eq!(Zone::named("Europe/Paris").name(), "Europe/Paris");
        assert!(names().iter().any(|name| name == "Pacific/Auckland"));
    }
}
