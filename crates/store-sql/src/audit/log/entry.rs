//! An entry of the log beside the fact that it is about.

use crate::{
    audit::{report::Spot, snapshot::Row},
    commit::ToldRow,
};
use domain::id::EventId;
use ports::{Entry, StoreError};
use uuid::Uuid;

/// The key of a fact finds it, so that the database joins the two row by row, or by a hash of its
/// own; what is sorted is the log.
const SQL: &str = "SELECT l.store_id, l.entry, l.position, l.overall, l.order_id, l.place, \
    l.entity_id, l.external_id, l.external_number, l.data, l.hash, \
    l.sequence, l.occurred_at, l.event_id, l.kind, l.actor_kind, l.actor_id, l.trace, \
    f.sequence, f.occurred_at, f.event_id, f.kind, f.actor_kind, f.actor_id, f.traceparent, f.body \
    FROM event_log l LEFT JOIN facts f ON f.store_id = l.store_id AND f.order_id = l.order_id \
    AND f.place = l.place{which} ORDER BY l.store_id, l.entry";

pub(in crate::audit) fn sql(store: Option<&str>) -> String {
    let which = if store.is_some() { " WHERE l.store_id = $1" } else { "" };
    SQL.replace("{which}", which)
}

pub(super) struct Logged {
    pub name: Name,
    pub position: Option<i64>,
    pub overall: Option<i64>,
    pub told: Option<ToldTexts>,
    pub hash: [u8; 32],
    /// What stands in both tables, as the log has it.
    pub columns: Columns,
    /// The same as the fact has it, and its body; none if the fact is not there.
    pub fact: Option<(Columns, Vec<u8>)>,
}

/// What an entry is called, without what is in it.
#[derive(Clone)]
pub(super) struct Name {
    pub store_id: String,
    pub order_id: String,
    pub place: i64,
    pub entry: i64,
}

impl Name {
    pub fn spot(&self) -> Spot<'_> {
        Spot::of_order(&self.store_id, &self.order_id).at_place(self.place).at_entry(self.entry)
    }
}

/// What readers are told of a fact, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::audit) struct ToldTexts {
    pub entity_id: String,
    pub external: [Option<String>; 2],
    pub data: String,
}

/// What stands in `facts` and in `event_log`.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::audit) struct Columns {
    pub sequence: Option<i64>,
    pub occurred_at: i64,
    pub event_id: Uuid,
    pub kind: String,
    pub actor_kind: String,
    pub actor_id: String,
    pub trace: Option<String>,
}

impl Logged {
    pub fn read(row: &Row, store_id: String, entry: i64) -> Result<Self, StoreError> {
        let hash: Vec<u8> = row.get(10)?;
        // One that cannot be read is told with the history of its order.
        let body = row.document(25).ok().flatten();
        let fact = body.and_then(|body| Some((Columns::read(row, 18).ok()?, body)));
        Ok(Self {
            name: Name { store_id, order_id: row.get(4)?, place: row.get(5)?, entry },
            position: row.get(2)?,
            overall: row.get(3)?,
            told: ToldTexts::read(row, 6)?,
            // One of another length is none that anything is chained to.
            hash: hash.try_into().unwrap_or(ports::NO_ENTRY),
            columns: Columns::read(row, 11)?,
            fact,
        })
    }

    /// Of the fact with these columns.
    pub fn digest(&self, columns: &Columns, body: &[u8]) -> [u8; 32] {
        let Name { store_id, order_id, place, .. } = &self.name;
        let key = (store_id.as_str(), order_id.as_str(), *place);
        columns.digest(key, body, self.told.as_ref())
    }
}

impl ToldTexts {
    fn read(row: &Row, from: usize) -> Result<Option<Self>, StoreError> {
        let texts: [Option<String>; 4] =
            [row.get(from)?, row.get(from + 1)?, row.get(from + 2)?, row.get(from + 3)?];
        if texts.iter().all(Option::is_none) {
            return Ok(None);
        }
        let [entity_id, id, number, data] = texts;
        let (entity_id, data) = (entity_id.unwrap_or_default(), data.unwrap_or_default());
        Ok(Some(Self { entity_id, external: [id, number], data }))
    }

    pub fn of(told: &ToldRow) -> Self {
        let external = [told.external_id(), told.external_number()];
        Self {
            entity_id: told.entity_id.clone(),
            external: external.map(|it| it.map(str::to_owned)),
            data: told.data.clone(),
        }
    }

    fn parts(&self) -> [Option<&str>; 4] {
        let [id, number] = &self.external;
        [Some(&self.entity_id), id.as_deref(), number.as_deref(), Some(&self.data)]
    }
}

impl Columns {
    pub fn read(row: &Row, from: usize) -> Result<Self, StoreError> {
        Ok(Self {
            sequence: row.get(from)?,
            occurred_at: row.get(from + 1)?,
            event_id: row.get(from + 2)?,
            kind: row.get(from + 3)?,
            actor_kind: row.get(from + 4)?,
            actor_id: row.get(from + 5)?,
            trace: row.get(from + 6)?,
        })
    }

    /// Of the fact at this place of an order of a store.
    pub fn digest(
        &self,
        (store_id, order_id, place): (&str, &str, i64),
        body: &[u8],
        told: Option<&ToldTexts>,
    ) -> [u8; 32] {
        let entry = Entry {
            store_id,
            order_id,
            place,
            sequence: self.sequence,
            event_id: EventId::from_uuid(self.event_id),
            kind: &self.kind,
            occurred_at: self.occurred_at,
            actor_kind: &self.actor_kind,
            actor_id: &self.actor_id,
            trace: self.trace.as_deref(),
            // What is no text was not written by a commit, and has no digest that fits.
            body: &String::from_utf8_lossy(body),
            told: told.map(ToldTexts::parts),
        };
        entry.digest()
    }

    /// The names of the columns in which the two differ.
    pub fn differ(&self, other: &Self) -> String {
        let pairs = [
            ("sequence", self.sequence == other.sequence),
            ("occurred_at", self.occurred_at == other.occurred_at),
            ("event_id", self.event_id == other.event_id),
            ("kind", self.kind == other.kind),
            ("actor_kind", self.actor_kind == other.actor_kind),
            ("actor_id", self.actor_id == other.actor_id),
            ("trace", self.trace == other.trace),
        ];
        let names: Vec<_> = pairs.iter().filter(|(_, same)| !same).map(|(name, _)| *name).collect();
        names.join(", ")
    }
}
