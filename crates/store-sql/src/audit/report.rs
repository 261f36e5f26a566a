use ports::{Audited, Fault, FaultKind};

/// Where faults go, and how much was looked at.
pub(super) struct Report<'f> {
    found: &'f mut (dyn FnMut(Fault) + Send),
    pub counts: Audited,
}

/// What a fault is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot<'s> {
    store_id: &'s str,
    order_id: &'s str,
    place: Option<i64>,
    entry: Option<i64>,
}

impl<'s> Spot<'s> {
    pub const fn of_store(store_id: &'s str) -> Self {
        Self { store_id, order_id: "", place: None, entry: None }
    }

    /// Without an order it is the store itself.
    pub const fn of_order(store_id: &'s str, order_id: &'s str) -> Self {
        Self { store_id, order_id, place: None, entry: None }
    }

    pub const fn at_place(self, place: i64) -> Self {
        Self { place: Some(place), ..self }
    }

    pub const fn at_entry(self, entry: i64) -> Self {
        Self { entry: Some(entry), ..self }
    }
}

impl<'f> Report<'f> {
    pub fn new(found: &'f mut (dyn FnMut(Fault) + Send)) -> Self {
        Self { found, counts: Audited::default() }
    }

    pub fn tell(&mut self, spot: Spot<'_>, what: FaultKind, text: impl Into<String>) {
        self.counts.faults += 1;
        let Spot { store_id, order_id, place, entry } = spot;
        (self.found)(Fault {
            store_id: store_id.to_owned(),
            order_id: (!order_id.is_empty()).then(|| order_id.to_owned()),
            place,
            entry,
            what,
            text: text.into(),
        });
    }
}

/// Some numbers in a row, for people.
pub(super) fn range(from: i64, to: i64) -> String {
    if from == to { from.to_string() } else { format!("{from} to {to}") }
}
