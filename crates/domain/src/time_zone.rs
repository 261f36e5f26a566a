//! Where a store's days begin and end.

use jiff::tz::TimeZoneDatabase;
use serde::{Deserialize, Serialize};

const UTC: &str = "UTC";

/// A time zone of the IANA database, by its name.
///
/// Names are checked against the database that is compiled in, so that the same name is known
/// wherever the program runs. What was stored is not checked again: a name never leaves the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TimeZone(String);

impl TimeZone {
    /// In the database's own spelling; case does not matter. `None` if there is no such zone.
    pub fn named(name: &str) -> Option<Self> {
        let zone = TimeZoneDatabase::bundled().get(name).ok().filter(|zone| !zone.is_unknown())?;
        zone.iana_name().map(|name| Self(name.to_owned()))
    }

    pub fn name(&self) -> &str {
        &self.0
    }

    pub(crate) fn is_utc(&self) -> bool {
        self.0 == UTC
    }
}

impl Default for TimeZone {
    fn default() -> Self {
        Self(UTC.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreSettings;

    #[test]
    fn a_name_is_kept_as_the_database_spells_it() {
        let name = |name: &str| TimeZone::named(name).map(|zone| zone.name().to_owned());
        assert_eq!(name("europe/paris").as_deref(), Some("Europe/Paris"));
        assert_eq!(name("utc").as_deref(), Some("UTC"));
        for wrong in ["", "Mars/Olympus", "Etc/Unknown", "+02:00", "CEST-2", " UTC"] {
            assert_eq!(name(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn settings_from_before_are_in_utc_and_stay_as_they_were_written() {
        let before = serde_json::to_value(StoreSettings::default()).unwrap();
        assert_eq!(before.get("time_zone"), None);
        let mut settings: StoreSettings = serde_json::from_value(before).unwrap();
        assert_eq!(settings.time_zone.name(), "UTC");
        settings.time_zone = TimeZone::named("Europe/Paris").unwrap();
        let stored = serde_json::to_value(&settings).unwrap();
        assert_eq!(stored["time_zone"], "Europe/Paris");
        assert_eq!(serde_json::from_value::<StoreSettings>(stored).unwrap(), settings);
    }
}
