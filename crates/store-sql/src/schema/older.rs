//! Facts that are older than the log: they get their places in it when it is made.
//!
//! A store's own come first, and then order by order, in the sequence in which the orders came in.
//! Their entries are those that their commits would have made: the facts of one moment are those of
//! one commit, and an event tells of the order as it was after that.

use crate::{
    column::from_doc,
    commit::{FactRow, Heads, INSERT_ENTRY, Logged, ToldRow, put},
    entity::fact,
    error::{from_orm, unreadable},
    reader::actor,
    replay,
};
use domain::{event::Told, order::Fact, store::StoreFact};
use ports::StoreError;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder,
    Statement, Value,
};

const STORES: &str = "SELECT DISTINCT store_id FROM facts ORDER BY store_id";
const ORDERS: &str = "SELECT created_at, order_id FROM orders WHERE store_id = $1 \
    AND created_at > -9000000000000000000 AND (created_at, order_id) > ($2, $3) \
    ORDER BY created_at, order_id LIMIT 500";
/// Statements are prepared once; most of their time is the way to the server and back.
const AT_ONCE: usize = 100;

/// Enters all facts that there are. The log is empty, and its migration has closed the facts to
/// whoever does not know it.
pub(super) async fn enter(transaction: &DatabaseTransaction) -> Result<(), StoreError> {
    let mut log = Log { transaction, heads: Heads::default(), entries: Vec::new(), count: 0 };
    for row in log.rows(STORES, Vec::new()).await? {
        let store_id: String = row.try_get_by_index(0).map_err(from_orm)?;
        log.enter(&store_id, "").await?;
        log.orders(&store_id).await?;
    }
    log.leave().await
}

/// The history of an order, or that of a store, which is without an order, is not what this build
/// writes.
#[derive(Debug, thiserror::Error)]
#[error("the history of store {store_id:?}, order {order_id:?}, cannot be entered into the log")]
struct NotEntered {
    store_id: String,
    order_id: String,
    source: Box<dyn std::error::Error + Send + Sync>,
}

struct Log<'t> {
    transaction: &'t DatabaseTransaction,
    heads: Heads,
    /// The values of entries that are not written yet.
    entries: Vec<Vec<Value>>,
    count: usize,
}

impl Log<'_> {
    async fn rows(
        &self,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<Vec<sea_orm::QueryResult>, StoreError> {
        let backend = self.transaction.get_database_backend();
        let statement = Statement::from_sql_and_values(backend, sql, values);
        self.transaction.query_all_raw(statement).await.map_err(from_orm)
    }

    async fn orders(&mut self, store_id: &str) -> Result<(), StoreError> {
        let mut after = (i64::MIN, String::new());
        loop {
            let values = vec![store_id.into(), after.0.into(), after.1.as_str().into()];
            let rows = self.rows(ORDERS, values).await?;
            if rows.is_empty() {
                return Ok(());
            }
            for row in rows {
                let created_at = row.try_get_by_index(0).map_err(from_orm)?;
                after = (created_at, row.try_get_by_index(1).map_err(from_orm)?);
                self.enter(store_id, &after.1).await?;
            }
        }
    }

    /// Of an order, or of the store itself. Of all histories there are, one that cannot be read is to
    /// be found.
    async fn enter(&mut self, store_id: &str, order_id: &str) -> Result<(), StoreError> {
        self.enter_history(store_id, order_id).await.map_err(|error| match error {
            StoreError::Corrupt(source) => StoreError::Corrupt(Box::new(NotEntered {
                store_id: store_id.to_owned(),
                order_id: order_id.to_owned(),
                source,
            })),
            other => other,
        })
    }

    async fn enter_history(&mut self, store_id: &str, order_id: &str) -> Result<(), StoreError> {
        let facts = fact::Entity::find()
            .filter(fact::Column::StoreId.eq(store_id))
            .filter(fact::Column::OrderId.eq(order_id))
            .order_by_asc(fact::Column::Place);
        let facts = facts.all(self.transaction).await.map_err(from_orm)?;
        let rows = if order_id.is_empty() { of_store(facts) } else { of_order(facts) };
        for (model, row) in rows? {
            let by = (model.actor_kind.as_str(), model.actor_id.as_str());
            let trace = model.traceparent.as_deref();
            let row = row.sealed_at(model.occurred_at, by, trace, (store_id, order_id));
            let place = self.heads.place(store_id, row.told.is_some(), &row.digest);
            let logged = Logged { store_id, order_id, fact: &row, place };
            self.entries.push(logged.entry(model.occurred_at, by, trace));
            if self.entries.len() >= AT_ONCE {
                self.write().await?;
            }
        }
        Ok(())
    }

    async fn write(&mut self) -> Result<(), StoreError> {
        let Some(columns) = self.entries.first().map(Vec::len) else { return Ok(()) };
        let count = self.entries.len();
        self.count += count;
        let backend = self.transaction.get_database_backend();
        let sql = of_many(INSERT_ENTRY, columns, count);
        let statement =
            Statement::from_sql_and_values(backend, sql, self.entries.drain(..).flatten());
        self.transaction.execute_raw(statement).await.map_err(from_orm)?;
        Ok(())
    }

    async fn leave(mut self) -> Result<(), StoreError> {
        self.write().await?;
        let backend = self.transaction.get_database_backend();
        for step in put(&self.heads) {
            let statement = Statement::from_sql_and_values(backend, step.sql, step.values);
            self.transaction.execute_raw(statement).await.map_err(from_orm)?;
        }
        if self.count > 0 {
            tracing::info!(facts = self.count, "facts were entered into the new log");
        }
        Ok(())
    }
}

/// A statement that inserts one row, for many.
pub(crate) fn of_many(sql: &str, columns: usize, rows: usize) -> String {
    let insert = sql.split_once(" VALUES ").map_or(sql, |(insert, _)| insert);
    let row = |row: usize| {
        let places = (1..=columns).map(|column| format!("${}", row * columns + column));
        format!("({})", places.collect::<Vec<_>>().join(", "))
    };
    format!("{insert} VALUES {}", (0..rows).map(row).collect::<Vec<_>>().join(", "))
}

type Rows = Result<Vec<(fact::Model, FactRow)>, StoreError>;

fn of_order(facts: Vec<fact::Model>) -> Rows {
    let read = |model: fact::Model| {
        let fact: Fact = from_doc("facts.body", &model.body)?;
        Ok((model, fact))
    };
    let facts: Vec<_> = facts.into_iter().map(read).collect::<Result<_, StoreError>>()?;
    let mut rows = Vec::with_capacity(facts.len());
    let mut order = None;
    for commit in facts.chunk_by(|(one, _), (next, _)| one.occurred_at == next.occurred_at) {
        for (_, fact) in commit {
            order = replay::after(order, fact);
        }
        let broken = || unreadable("facts.body", "the history does not begin with the order");
        let order = order.as_ref().ok_or_else(broken)?;
        for (model, fact) in commit {
            let told = Told::of(fact, order);
            rows.push((model.clone(), row(model, fact.name(), told)?));
        }
    }
    Ok(rows)
}

fn of_store(facts: Vec<fact::Model>) -> Rows {
    let read = |model: fact::Model| {
        let fact: StoreFact = from_doc("facts.body", &model.body)?;
        let row = row(&model, fact.name(), Told::of_store(&fact))?;
        Ok((model, row))
    };
    facts.into_iter().map(read).collect()
}

fn row(model: &fact::Model, kind: &'static str, told: Option<Told>) -> Result<FactRow, StoreError> {
    if model.kind != kind {
        return Err(unreadable("facts.kind", "it is not that of the fact"));
    }
    let by = actor("facts.actor_kind", &model.actor_kind, model.actor_id.clone())?;
    Ok(FactRow {
        place: model.place,
        sequence: model.sequence,
        event_id: model.event_id,
        kind,
        body: model.body.clone(),
        actor: Some((by.kind.name(), by.id)),
        told: told.map(ToldRow::of).transpose()?,
        digest: [0; 32],
    })
}
