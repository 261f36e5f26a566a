//! Many orders and receipts with one statement.

use super::{Question, found::Found};
use crate::link::{AnswerOf, Link};
use sea_orm::sqlx::{
    self, PgConnection, Postgres, Row, Sqlite, SqlitePool,
    postgres::{PgArguments, PgRow},
    query::Query,
    sqlite::SqliteRow,
};

/// A connection of its own.
pub(crate) enum Source {
    Postgres(Box<Link>),
    Sqlite(SqlitePool),
}

/// Each question is asked behind its own caller's fence: that is set before the tables are looked at
/// for it, because what looks at them needs the outcome (`OFFSET 0` keeps it from being taken apart),
/// and it is over with the statement.
const POSTGRES_ORDERS: &str = "SELECT k.n, o.version, o.doc, \
    CASE WHEN k.personal THEN o.personal END, NULL::bytea, NULL::bytea \
    FROM unnest($1, $2, $3, $4, $5) AS k (n, stores, store_id, order_id, personal) \
    CROSS JOIN LATERAL (SELECT set_config('meridian.stores', k.stores, true) AS told OFFSET 0) f \
    CROSS JOIN LATERAL (SELECT o.version, o.doc, o.personal FROM orders o \
    WHERE f.told IS NOT NULL AND o.store_id = k.store_id AND o.order_id = k.order_id OFFSET 0) o";
const POSTGRES_ALL: &str = "SELECT k.n, o.version, o.doc, \
    CASE WHEN k.personal THEN o.personal END, r.fingerprint, r.answer \
    FROM unnest($1, $2, $3, $4, $5, $6, $7, $8) \
    AS k (n, stores, store_id, order_id, personal, request_store, method, request_id) \
    CROSS JOIN LATERAL (SELECT set_config('meridian.stores', k.stores, true) AS told OFFSET 0) f \
    LEFT JOIN LATERAL (SELECT o.version, o.doc, o.personal FROM orders o \
    WHERE f.told IS NOT NULL AND o.store_id = k.store_id AND o.order_id = k.order_id OFFSET 0) o \
    ON true \
    LEFT JOIN LATERAL (SELECT r.fingerprint, r.answer FROM receipts r \
    WHERE f.told IS NOT NULL AND r.store_id = k.request_store AND r.method = k.method \
    AND r.request_id = k.request_id OFFSET 0) r ON true";
const SQLITE_ORDERS: &str = "SELECT k.key, o.version, o.doc, \
    CASE WHEN k.value ->> 2 THEN o.personal END, NULL, NULL FROM json_each(?) AS k \
    JOIN orders o ON o.store_id = k.value ->> 0 AND o.order_id = k.value ->> 1";
const SQLITE_ALL: &str = "SELECT k.key, o.version, o.doc, \
    CASE WHEN k.value ->> 2 THEN o.personal END, r.fingerprint, r.answer FROM json_each(?) AS k \
    LEFT JOIN orders o ON o.store_id = k.value ->> 0 AND o.order_id = k.value ->> 1 \
    LEFT JOIN receipts r ON r.store_id = k.value ->> 3 AND r.method = k.value ->> 4 \
    AND r.request_id = k.value ->> 5";

impl Source {
    /// What was found for each of the questions.
    pub async fn find(&mut self, questions: &[Question]) -> Result<Vec<Found>, sqlx::Error> {
        match self {
            Self::Postgres(link) => {
                let rows = link.answer(Questions(questions)).await?;
                place(questions.len(), rows, |row: &PgRow| row.try_get(0), Found::Postgres)
            }
            Self::Sqlite(pool) => {
                let (sql, keys) = sqlite(questions);
                let rows = sqlx::query::<Sqlite>(sql).bind(keys).fetch_all(&*pool).await?;
                let key = |row: &SqliteRow| row.try_get::<i32, _>(0);
                place(questions.len(), rows, key, Found::Sqlite)
            }
        }
    }
}

struct Questions<'a>(&'a [Question]);

impl AnswerOf<Vec<PgRow>> for Questions<'_> {
    async fn of(self, connection: &mut PgConnection) -> Result<Vec<PgRow>, sqlx::Error> {
        postgres(self.0).fetch_all(connection).await
    }
}

fn place<R>(
    count: usize,
    rows: Vec<R>,
    key: impl Fn(&R) -> Result<i32, sqlx::Error>,
    wrap: impl Fn(R) -> Found,
) -> Result<Vec<Found>, sqlx::Error> {
    let mut found: Vec<Found> = (0..count).map(|_| Found::Nothing).collect();
    for row in rows {
        let place = usize::try_from(key(&row)?).ok();
        if let Some(place) = place.and_then(|place| found.get_mut(place)) {
            *place = wrap(row);
        }
    }
    Ok(found)
}

fn any_request(questions: &[Question]) -> bool {
    questions.iter().any(|question| question.request.is_some())
}

fn postgres(questions: &[Question]) -> Query<'_, Postgres, PgArguments> {
    let all = any_request(questions);
    let count = i32::try_from(questions.len()).unwrap_or(i32::MAX);
    let orders = || questions.iter().map(|question| question.order.as_ref());
    let stores: Vec<_> = orders().map(|key| key.map(|key| key.store_id.as_str())).collect();
    let ids: Vec<_> = orders().map(|key| key.map(|key| key.order_id.as_str())).collect();
    let query = sqlx::query(if all { POSTGRES_ALL } else { POSTGRES_ORDERS })
        .bind((0..count).collect::<Vec<_>>())
        .bind(questions.iter().map(|question| question.stores.as_str()).collect::<Vec<_>>())
        .bind(stores)
        .bind(ids)
        .bind(questions.iter().map(|question| question.personal).collect::<Vec<_>>());
    if !all {
        return query;
    }
    let requests = || questions.iter().map(|question| question.request.as_ref());
    let stores: Vec<_> = requests().map(|key| key.map(|key| key.store_id.as_str())).collect();
    let methods: Vec<_> = requests().map(|key| key.map(|key| key.method)).collect();
    let ids: Vec<_> = requests().map(|key| key.map(|key| key.request_id.as_str())).collect();
    query.bind(stores).bind(methods).bind(ids)
}

/// The keys travel as one JSON array of arrays.
fn sqlite(questions: &[Question]) -> (&'static str, String) {
    let keys: Vec<_> = questions
        .iter()
        .map(|Question { order, request, personal, .. }| {
            (
                order.as_ref().map(|key| key.store_id.as_str()),
                order.as_ref().map(|key| key.order_id.as_str()),
                personal,
                request.as_ref().map(|key| key.store_id.as_str()),
                request.as_ref().map(|key| key.method),
                request.as_ref().map(|key| key.request_id.as_str()),
            )
        })
        .collect();
    let sql = if any_request(questions) { SQLITE_ALL } else { SQLITE_ORDERS };
    // Text and flags always make JSON.
    (sql, serde_json::to_string(&keys).unwrap_or_default())
}
