//! What the fence costs in plans: nothing.

use super::{
    all_tables,
    asked::everything,
    known,
    proxy::{Seen, without_stores},
    stores::two_stores,
};

use conformance::build::shop;
use std::collections::BTreeSet;
use store_sql::Options;
use testkit::postgres::Database;

/// So many rows that a plan is no longer all the same: of [`shop`] every third, and the others of many.
const MANY: &str = "INSERT INTO {table} OVERRIDING SYSTEM VALUE \
    SELECT (jsonb_populate_record(x.r, to_jsonb(x.r) || jsonb_build_object('store_id', \
    CASE WHEN i % 3 = 0 THEN 'shop' ELSE 's' || i % 50 END) || {unlike})).* \
    FROM (SELECT r FROM {table} r WHERE store_id = 'shop' \
    ORDER BY length(r::text) DESC LIMIT 1) x, generate_series(1, 15000) i";

/// What tells a row of a table from the others.
const UNLIKE: [(&str, &str); 9] = [
    (
        "orders",
        "'order_id', 'X-' || i, 'created_at', (x.r).created_at + i, 'external_order_id', 'E-' || i, \
         'buyer_email', i % 999 || '@example.com'",
    ),
    (
        "order_products",
        "'order_id', 'X-' || i, 'created_at', (x.r).created_at + i, 'product_code', 'P-' || i % 99",
    ),
    ("facts", "'order_id', 'X-' || i / 5, 'place', i, 'event_id', {uuid}"),
    ("refunds", "'order_id', 'X-' || i, 'refund_id', {uuid}, 'refund_number', 1000 + i"),
    ("cancellations", "'order_id', 'X-' || i, 'cancellation_id', {uuid}"),
    ("cancellation_products", "'product_code', 'P-' || i % 99, 'cancellation_id', {uuid}"),
    (
        "event_log",
        "'entry', 100000 + i, 'position', 100000 + i, 'overall', 9000000 + i, 'event_id', {uuid}",
    ),
    ("tasks", "'order_id', 'X-' || i, 'due_at', (x.r).due_at + i"),
    ("webhook_deliveries", "'event_id', {uuid}, 'position', 1000 + i"),
];

fn fill(database: &Database) {
    for (table, unlike) in UNLIKE {
        let unlike = unlike.replace("{uuid}", "lpad(to_hex(1000000 + i), 32, '0')");
        let unlike = format!("jsonb_build_object({unlike})");
        database.query(&MANY.replace("{table}", table).replace("{unlike}", &unlike));
    }
    // From here on nobody finds anything out that the planner would go by.
    for table in all_tables(database) {
        database.query(&format!("ALTER TABLE {table} SET (autovacuum_enabled = false)"));
    }
    database.query("VACUUM ANALYZE");
}

type Statement = (String, Vec<u32>);

/// The plan of a statement without what it filters, and without figures.
fn plan(database: &Database, (sql, types): &Statement) -> Vec<String> {
    let names = types.iter().map(|number| database.query(&format!("SELECT {number}::regtype")));
    let (names, values): (Vec<_>, Vec<_>) = names.map(|name| (name, "NULL")).unzip();
    let list = |of: String| if of.is_empty() { of } else { format!("({of})") };
    let (names, values) = (list(names.join(", ")), list(values.join(", ")));
    let explain = format!(
        "SET plan_cache_mode = force_generic_plan; PREPARE it {names} AS {sql}; \
         EXPLAIN (COSTS OFF) EXECUTE it {values}"
    );
    let plan = database.query(&explain);
    let lines = plan.lines().filter(|line| !line.trim_start().starts_with("Filter:"));
    lines.map(str::to_owned).collect()
}

fn statements(seen: &Seen, tables: &[String]) -> BTreeSet<Statement> {
    let seen = seen.lock().unwrap();
    let of_ours = |(sql, _): &&Statement| tables.iter().any(|table| sql.contains(table.as_str()));
    seen.iter().filter(of_ours).cloned().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_statement_has_the_plan_that_it_has_without_the_fence() {
    let (store, database) = two_stores().await;
    let known = known(&store, &database).await;
    let (url, seen) = without_stores(&database).await;
    let asking = super::open(&url, Options::default()).await;
    super::behind(shop(), everything(&asking, &shop(), &known)).await;
    super::behind(shop(), super::change_everything(&store, &asking)).await;
    let statements = statements(&seen, &all_tables(&database));
    assert!(statements.len() > 50, "{}", statements.len());
    fill(&database);
    let behind: Vec<_> = statements.iter().map(|statement| plan(&database, statement)).collect();
    super::tear_down(&database);
    let plans = statements.iter().zip(behind);
    let changed = plans.filter_map(|(statement, behind)| {
        let without = plan(&database, statement);
        let told =
            format!("{}\n{}\nwithout:\n{}", statement.0, behind.join("\n"), without.join("\n"));
        (behind != without).then_some(told)
    });
    let changed: Vec<_> = changed.collect();
    assert!(changed.is_empty(), "{}", changed.join("\n\n"));
}
