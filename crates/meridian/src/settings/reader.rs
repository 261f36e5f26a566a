use super::{
    fault::{Fault, Faults},
    layers::{Entry, Layers, Origin},
    value::{Setting, within},
};
use config::ValueKind;
use std::{collections::BTreeMap, ops::RangeInclusive, time::Duration};

/// Takes key after key out of the layers and goes on after a fault, so that all of them are found.
/// In place of a value that cannot be read it answers the default.
pub(super) struct Reader {
    entries: BTreeMap<String, Entry>,
    defaults: BTreeMap<String, Entry>,
    faults: Vec<Fault>,
}

impl Reader {
    pub(super) fn new(layers: Layers, faults: Vec<Fault>) -> Self {
        Self { entries: layers.0, defaults: Layers::defaults().0, faults }
    }

    pub(super) fn get<T: Setting>(&mut self, key: &str) -> T {
        self.checked(key, T::read)
    }

    pub(super) fn duration(&mut self, key: &str, range: RangeInclusive<Duration>) -> Duration {
        self.checked(key, |value| {
            let duration = Duration::read(value)?;
            let show = |duration: &Duration| {
                humantime_serde::re::humantime::format_duration(*duration).to_string()
            };
            within(&duration, &range, show).map(|()| duration)
        })
    }

    pub(super) fn number<T>(&mut self, key: &str, range: RangeInclusive<u64>) -> T
    where
        T: TryFrom<u64>,
    {
        self.checked(key, |value| {
            let number = u64::read(value)?;
            within(&number, &range, u64::to_string)?;
            T::try_from(number).map_err(|_| format!("{number} is too large"))
        })
    }

    /// A value with a reading of its own.
    pub(super) fn checked<T>(
        &mut self,
        key: &str,
        read: impl Fn(&ValueKind) -> Result<T, String>,
    ) -> T {
        let entry = self.entries.remove(key);
        match entry.as_ref().map(|entry| (entry, read(&entry.value))) {
            Some((_, Ok(value))) => return value,
            Some((entry, Err(reason))) => self.fault(key, reason, &entry.origin),
            None => (),
        }
        let default = self.defaults.get(key).map(|entry| read(&entry.value));
        match default {
            Some(Ok(value)) => value,
            _ => unreachable!("a test reads the defaults, and {key} has none that is valid"),
        }
    }

    pub(super) fn fault(&mut self, key: &str, reason: String, origin: &Origin) {
        let origin = Some(origin).filter(|origin| **origin != Origin::Default);
        let origin = origin.map(Origin::to_string);
        self.faults.push(Fault { what: key.to_owned(), reason, origin });
    }

    /// A key without a default, if somebody has set it.
    pub(super) fn take(&mut self, key: &str) -> Option<Entry> {
        self.entries.remove(key)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// What nobody has asked for is unknown.
    pub(super) fn finish(mut self) -> Result<(), Faults> {
        for (key, entry) in std::mem::take(&mut self.entries) {
            self.fault(&key, "there is no such setting".to_owned(), &entry.origin);
        }
        Faults::none_of(self.faults)
    }
}
