//! Orders that are older than the rows by which lists find them: they get those that their commits
//! would have made.

use super::older::of_many;
use crate::{
    column::from_doc,
    commit::{INSERT_FACETS, INSERT_NAME},
    error::from_orm,
    facets,
};
use domain::order::{Order, Personal};
use ports::{StoreError, person_words};
use sea_orm::{ConnectionTrait, DatabaseTransaction, QueryResult, Statement, Value};

/// Some at a time, whatever there is: in the sequence of the key.
const ORDERS: &str = "SELECT store_id, order_id, created_at, doc, personal FROM orders \
    WHERE (store_id, order_id) > ($1, $2) ORDER BY store_id, order_id LIMIT 500";
/// Rows of one statement; a database allows for some thousand values.
const AT_ONCE: usize = 500;

pub(super) async fn enter(transaction: &DatabaseTransaction) -> Result<(), StoreError> {
    let mut after = (String::new(), String::new());
    let mut count = 0;
    loop {
        let values = [after.0.as_str().into(), after.1.as_str().into()];
        let backend = transaction.get_database_backend();
        let read = Statement::from_sql_and_values(backend, ORDERS, values);
        let orders = transaction.query_all_raw(read).await.map_err(from_orm)?;
        let Some(last) = orders.last() else { break };
        after = (column(last, 0)?, column(last, 1)?);
        count += orders.len();
        let (mut marks, mut names) = (Vec::new(), Vec::new());
        for row in &orders {
            let (facets, words) = found_by(row)?;
            marks.push(facets);
            names.extend(words);
        }
        write(transaction, INSERT_FACETS, marks).await?;
        write(transaction, INSERT_NAME, names).await?;
    }
    if count > 0 {
        tracing::info!(orders = count, "orders were entered into the lists that find them");
    }
    Ok(())
}

/// One that cannot be read is to be found among all there are.
#[derive(Debug, thiserror::Error)]
#[error("order {order_id:?} of store {store_id:?} cannot be entered into the lists")]
struct NotEntered {
    store_id: String,
    order_id: String,
    source: Box<dyn std::error::Error + Send + Sync>,
}

type Row = Vec<Value>;

fn found_by(row: &QueryResult) -> Result<(Row, Vec<Row>), StoreError> {
    let (store_id, order_id): (String, String) = (column(row, 0)?, column(row, 1)?);
    let (doc, personal): (String, Option<String>) = (column(row, 3)?, column(row, 4)?);
    let order = from_doc::<Order>("orders.doc", &doc);
    let personal =
        personal.as_deref().map(|text| from_doc::<Personal>("orders.personal", text)).transpose();
    let (order, personal) = match (order, personal) {
        (Ok(order), Ok(personal)) => (order, personal),
        (Err(StoreError::Corrupt(source)), _) | (_, Err(StoreError::Corrupt(source))) => {
            let fault = NotEntered { store_id, order_id, source };
            return Err(StoreError::Corrupt(Box::new(fault)));
        }
        (Err(other), _) | (_, Err(other)) => return Err(other),
    };
    let created_at: i64 = column(row, 2)?;
    let (store_id, order_id) = (Value::from(store_id), Value::from(order_id));
    let bits = facets::of(&order).into();
    let facets = vec![store_id.clone(), order_id.clone(), created_at.into(), bits];
    let words = personal.as_ref().map(person_words).unwrap_or_default().into_iter();
    let of_word =
        |word: String| vec![store_id.clone(), word.into(), created_at.into(), order_id.clone()];
    Ok((facets, words.map(of_word).collect()))
}

async fn write(
    transaction: &DatabaseTransaction,
    sql: &str,
    rows: Vec<Row>,
) -> Result<(), StoreError> {
    for some in rows.chunks(AT_ONCE) {
        let Some(columns) = some.first().map(Vec::len) else { continue };
        let sql = of_many(sql, columns, some.len());
        let values = some.iter().flatten().cloned();
        let backend = transaction.get_database_backend();
        let statement = Statement::from_sql_and_values(backend, sql, values);
        transaction.execute_raw(statement).await.map_err(from_orm)?;
    }
    Ok(())
}

fn column<T: sea_orm::TryGetable>(row: &QueryResult, place: usize) -> Result<T, StoreError> {
    row.try_get_by_index(place).map_err(from_orm)
}
