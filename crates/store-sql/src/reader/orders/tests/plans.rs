//! How a database carries the statements out that were seen.

use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, Statement, Value};
use serde_json::Value as Json;
use std::{collections::BTreeMap, sync::Mutex};

/// Statements by their text, each with the values that it was asked with at last.
type Statements = BTreeMap<String, Vec<Value>>;

static SEEN: Mutex<Option<Statements>> = Mutex::new(None);

/// Keeps what is asked as long as somebody looks.
pub(crate) fn saw(text: &str, values: &[Value]) {
    if let Some(seen) = &mut *SEEN.lock().unwrap() {
        seen.insert(text.to_owned(), values.to_vec());
    }
}

pub(super) struct Seen;

impl Seen {
    pub fn begin() -> Self {
        *SEEN.lock().unwrap() = Some(Statements::new());
        Self
    }

    pub fn end(self) -> Statements {
        let Self = self;
        SEEN.lock().unwrap().take().unwrap()
    }
}

pub(super) async fn gather_statistics(sql: &DatabaseConnection) {
    let gather = match sql.get_database_backend() {
        DbBackend::Postgres => "VACUUM ANALYZE",
        _ => "PRAGMA wal_checkpoint(TRUNCATE)",
    };
    sql.execute_unprepared(gather).await.unwrap();
}

/// Tables that have as many rows as there are orders.
const LARGE: [&str; 7] = [
    "orders",
    "order_facets",
    "order_products",
    "order_names",
    "tenders",
    "refunds",
    "cancellations",
];

/// No statement goes through a large table, or sorts one.
pub(super) async fn check(sql: &DatabaseConnection, statements: &Statements) {
    assert!(statements.len() > 20, "{} statements were seen", statements.len());
    for (text, values) in statements {
        match sql.get_database_backend() {
            DbBackend::Postgres => on_postgres(sql, text, values).await,
            _ => on_sqlite(sql, text, values).await,
        }
    }
    println!("{} statements go by their indexes", statements.len());
}

async fn explained(
    sql: &DatabaseConnection,
    explain: &str,
    (text, values): (&str, &[Value]),
    column: usize,
) -> Vec<String> {
    let text = format!("{explain} {text}");
    let backend = sql.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, text, values.to_vec());
    let rows = sql.query_all_raw(statement).await.unwrap();
    let read = |row: &sea_orm::QueryResult| {
        let text = row.try_get_by_index::<String>(column);
        text.unwrap_or_else(|_| row.try_get_by_index::<Json>(column).unwrap().to_string())
    };
    rows.iter().map(read).collect()
}

async fn on_sqlite(sql: &DatabaseConnection, text: &str, values: &[Value]) {
    let plan = explained(sql, "EXPLAIN QUERY PLAN", (text, values), 3).await;
    for step in &plan {
        // Aliases are given to tables alone; `k`, `w`, `u`, `l` and `e` are what was made of them.
        let scanned = step.strip_prefix("SCAN ").and_then(|rest| rest.split(' ').next());
        let made = |name: &str| {
            ["k", "w", "u", "l", "e", "each", "walked", "json_each", "counted"].contains(&name)
                || name.starts_with('(')
                || name.contains("_of_")
                || name == "CONSTANT"
        };
        assert!(scanned.is_none_or(made), "{text}\n{plan:#?}");
    }
}

/// Entries of indexes that one statement may read.
const READ: i64 = 100_000;
/// A table of so few rows is read as a whole: in a quick run some are.
const OF_A_FEW_PAGES: i64 = 1_000;

async fn on_postgres(sql: &DatabaseConnection, text: &str, values: &[Value]) {
    let explain = "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON)";
    let plan = explained(sql, explain, (text, values), 0).await.concat();
    let json: Json = serde_json::from_str(&plan).unwrap();
    let mut read = 0;
    visit(&json[0]["Plan"], &mut |node| {
        let of_table = node["Relation Name"].as_str().is_some_and(|name| LARGE.contains(&name));
        if !of_table {
            return;
        }
        let number = |name: &str| node[name].as_i64().unwrap_or_default();
        let rows =
            (number("Actual Rows") + number("Rows Removed by Filter")) * number("Actual Loops");
        let by_index = node["Node Type"].as_str().is_some_and(|kind| !kind.ends_with("Seq Scan"));
        assert!(by_index || rows < OF_A_FEW_PAGES, "{text}\n{json:#}");
        read += rows;
    });
    assert!(read <= READ, "{read} rows are read by {text}\n{json:#}");
}

fn visit(node: &Json, see: &mut impl FnMut(&Json)) {
    see(node);
    for below in node["Plans"].as_array().into_iter().flatten() {
        visit(below, see);
    }
}
