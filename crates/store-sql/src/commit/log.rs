//! The facts of a commit as entries of their stores' logs.
//!
//! SQLite has one writer, which gives an entry its place in the transaction that writes the fact.
//! PostgreSQL has many: there a fact goes into the outbox, and gets its place once it is committed.

use super::{
    rows::{FactRow, Rows, ToldRow},
    steps::Step,
};
use ports::{Head, Place};
use sea_orm::{Value, sqlx};
use std::collections::BTreeMap;

/// How long the logs of some stores are, and how many events there are over all stores.
#[derive(Default)]
pub(crate) struct Heads {
    pub overall: i64,
    stores: BTreeMap<String, Head>,
}

/// A fact with its place in the log.
pub(crate) struct Logged<'r> {
    pub store_id: &'r str,
    pub order_id: &'r str,
    pub fact: &'r FactRow,
    pub place: Place,
}

impl Heads {
    /// `hash` is that of the last entry; the counts over all stores have none, and no store.
    pub fn found(
        &mut self,
        store_id: String,
        entries: i64,
        position: i64,
        hash: &[u8],
    ) -> Result<(), sqlx::Error> {
        if store_id.is_empty() {
            self.overall = position;
        } else {
            let hash = hash.try_into().map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
            self.stores.insert(store_id, Head { entries, position, hash });
        }
        Ok(())
    }

    /// Gives the facts of a commit their places, in the sequence in which they happened.
    pub fn add<'r>(&mut self, rows: &'r Rows) -> Vec<Logged<'r>> {
        let mut logged = Vec::new();
        for (store_id, order_id, facts) in rows.histories() {
            for fact in facts {
                let place = self.place(store_id, fact.told.is_some(), &fact.digest);
                logged.push(Logged { store_id, order_id, fact, place });
            }
        }
        logged
    }

    /// The place of the next entry.
    pub fn place(&mut self, store_id: &str, is_event: bool, digest: &[u8; 32]) -> Place {
        let head = self.stores.entry(store_id.to_owned()).or_default();
        head.add(&mut self.overall, is_event, digest)
    }

    /// As they are to be found the next time, the counts over all stores last.
    pub fn all(&self) -> impl Iterator<Item = (&str, i64, i64, &[u8])> {
        let stores = self.stores.iter().map(|(store_id, head)| {
            (store_id.as_str(), head.entries, head.position, head.hash.as_slice())
        });
        stores.chain([("", 0, self.overall, [].as_slice())])
    }
}

pub(crate) const HEADS: &str = "SELECT store_id, entries, position, hash FROM feeds \
    WHERE store_id = '' OR store_id IN (SELECT value FROM json_each($1))";
pub(crate) const INSERT_ENTRY: &str = "INSERT INTO event_log (store_id, entry, position, overall, order_id, \
    place, sequence, occurred_at, event_id, kind, actor_kind, actor_id, trace, entity_id, \
    external_id, external_number, data, hash) VALUES \
    ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";
const PUT_HEAD: &str = "INSERT INTO feeds (store_id, entries, position, hash) \
    VALUES ($1, $2, $3, $4) ON CONFLICT (store_id) DO UPDATE SET entries = excluded.entries, \
    position = excluded.position, hash = excluded.hash";
const POST: &str = "INSERT INTO outbox (store_id, order_id, place, sequence, occurred_at, event_id, \
    kind, actor_kind, actor_id, trace, entity_id, external_id, external_number, data, digest) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";

/// The stores whose logs get longer with a commit, as a JSON array.
pub(crate) fn stores_of(rows: &Rows) -> String {
    let stores: serde_json::Value = rows.histories().map(|(store_id, ..)| store_id).collect();
    stores.to_string()
}

/// Writes the facts of a commit into the log.
pub(crate) fn enter(rows: &Rows, heads: &mut Heads) -> Vec<Step> {
    let mut steps = Vec::new();
    for logged in heads.add(rows) {
        let values = logged.entry(rows.at, rows.actor_of(logged.fact), rows.trace.as_deref());
        steps.push(Step { sql: INSERT_ENTRY, values, must_hit: false });
    }
    steps.extend(put(heads));
    steps
}

/// Keeps how long the logs are now.
pub(crate) fn put(heads: &Heads) -> impl Iterator<Item = Step> {
    heads.all().map(|(store_id, entries, position, hash)| {
        let values = vec![store_id.into(), entries.into(), position.into(), hash.to_vec().into()];
        Step { sql: PUT_HEAD, values, must_hit: false }
    })
}

impl Logged<'_> {
    /// What [`INSERT_ENTRY`] writes.
    pub fn entry(&self, at: i64, by: (&str, &str), trace: Option<&str>) -> Vec<Value> {
        let Self { store_id, order_id, fact, place } = self;
        let values = [
            (*store_id).into(),
            place.entry.into(),
            place.position.into(),
            place.overall.into(),
            (*order_id).into(),
            fact.place.into(),
            fact.sequence.into(),
            at.into(),
            fact.event_id.into(),
            fact.kind.into(),
            by.0.into(),
            by.1.into(),
            trace.map(str::to_owned).into(),
        ];
        let hash: Value = place.hash.to_vec().into();
        values.into_iter().chain(told(fact)).chain([hash]).collect()
    }
}

/// Leaves the facts of a commit to be numbered.
pub(crate) fn post(rows: &Rows) -> impl Iterator<Item = Step> {
    rows.histories().flat_map(move |(store_id, order_id, facts)| {
        facts.iter().map(move |fact| {
            let (actor_kind, actor_id) = rows.actor_of(fact);
            let values = [
                store_id.into(),
                order_id.into(),
                fact.place.into(),
                fact.sequence.into(),
                rows.at.into(),
                fact.event_id.into(),
                fact.kind.into(),
                actor_kind.into(),
                actor_id.into(),
                rows.trace.clone().into(),
            ];
            let digest: Value = fact.digest.to_vec().into();
            let values = values.into_iter().chain(told(fact)).chain([digest]).collect();
            Step { sql: POST, values, must_hit: false }
        })
    })
}

/// What it is about, the merchant's own id and number, and the data.
fn told(fact: &FactRow) -> [Value; 4] {
    let told = fact.told.as_ref();
    [
        told.map(|told| told.entity_id.clone()).into(),
        told.and_then(ToldRow::external_id).map(str::to_owned).into(),
        told.and_then(ToldRow::external_number).map(str::to_owned).into(),
        told.map(|told| told.data.clone()).into(),
    ]
}
