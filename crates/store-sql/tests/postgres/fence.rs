//! The second fence between stores: what row-level security holds back, seen by taking away what
//! stands before it, and each time once more without it.

#[path = "fence/asked.rs"]
mod asked;
#[path = "fence/plans.rs"]
mod plans;
#[path = "fence/proxy.rs"]
mod proxy;
#[path = "fence/stores.rs"]
mod stores;

use super::{Database, fresh, open};
use asked::{Answers, Known, everything};
use conformance::{build::*, cancellations::cancel};
use domain::id::{EventId, QuoteId, RefundId, StoreId};
use futures_util::future::join_all;
use ports::{
    Again, Deliveries as _, Fence, OrderKey, Reader as _, Store as _, StoreError, Tasks as _,
};
use proxy::without_stores;
use sea_orm::{ConnectionTrait, Database as Connection, DatabaseConnection, Statement};
use std::collections::BTreeMap;
use store_sql::{Options, SqlStore};
use stores::{endpoint_of, nobody, other, quote_of, tables_of_stores, two_stores};
use uuid::Uuid;

fn behind<F: Future>(store: StoreId, work: F) -> impl Future<Output = F::Output> {
    Fence::Store(store).around(work)
}

/// Takes the second fence away, too.
fn tear_down(database: &Database) {
    for table in all_tables(database) {
        database.query(&format!("ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"));
    }
}

fn all_tables(database: &Database) -> Vec<String> {
    let sql = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' \
               AND tablename <> 'seaql_migrations' ORDER BY 1";
    database.query(sql).lines().map(str::to_owned).collect()
}

/// All there is of a store, as one number for each table.
fn stored_of(database: &Database, store: &StoreId) -> BTreeMap<String, String> {
    let tables = tables_of_stores(database).into_iter();
    let digest = |table: String| {
        let sql = format!(
            "SELECT count(*) || ' ' || md5(coalesce(string_agg(r::text, '' ORDER BY r::text), '')) \
             FROM {table} r WHERE r.store_id = '{store}'"
        );
        let digest = database.query(&sql);
        (table, digest)
    };
    tables.map(digest).collect()
}

/// A table that is not behind the fence is behind none.
#[tokio::test]
async fn every_table_is_behind_the_fence() {
    let (_store, database) = fresh().await;
    let open = "SELECT relname FROM pg_class c WHERE relkind = 'r' \
        AND relnamespace = 'public'::regnamespace AND relname <> 'seaql_migrations' \
        AND NOT (relrowsecurity AND relforcerowsecurity AND 1 = (SELECT count(*) FROM pg_policy p \
        WHERE p.polrelid = c.oid AND polcmd = '*' AND polpermissive AND polroles = '{0}' \
        AND pg_get_expr(polqual, polrelid) = pg_get_expr(polwithcheck, polrelid) \
        AND pg_get_expr(polqual, polrelid) LIKE '%current_setting(''meridian.stores''%' \
        AND (pg_get_expr(polqual, polrelid) LIKE '%store_id = %') = EXISTS (SELECT 1 \
        FROM pg_attribute a WHERE a.attrelid = c.oid AND attname = 'store_id')))";
    assert_eq!(database.query(open), "");
    // And it bites.
    database.query("CREATE TABLE forgotten (store_id text)");
    assert_eq!(database.query(open), "forgotten");
    let of_none = "SELECT relname FROM pg_class c WHERE relkind = 'r' \
        AND relnamespace = 'public'::regnamespace AND NOT EXISTS (SELECT 1 FROM pg_attribute a \
        WHERE a.attrelid = c.oid AND attname = 'store_id') ORDER BY 1";
    // What is told by payment providers is nobody's until it was looked into; a broker is told of
    // all stores; and migrations are of the schema.
    let expected = "payment_notices\npublisher_cursors\nseaql_migrations";
    assert_eq!(database.query(of_none), expected);
}

/// Behind a policy an index is of use only to operators that tell nothing of what they look at.
#[tokio::test]
async fn every_index_can_be_used_behind_the_fence() {
    let (_store, database) = fresh().await;
    let useless = "SELECT DISTINCT i.indexrelid::regclass FROM pg_index i \
        JOIN pg_class c ON c.oid = i.indrelid AND c.relnamespace = 'public'::regnamespace \
        CROSS JOIN LATERAL unnest(i.indclass) AS opclass JOIN pg_opclass oc ON oc.oid = opclass \
        JOIN pg_amop ao ON ao.amopfamily = oc.opcfamily AND ao.amoplefttype = oc.opcintype \
        AND ao.amoprighttype = oc.opcintype JOIN pg_operator o ON o.oid = ao.amopopr \
        JOIN pg_proc p ON p.oid = o.oprcode WHERE NOT p.proleakproof";
    assert_eq!(database.query(useless), "");
    database.query("CREATE TABLE t (words text[]); CREATE INDEX t_words ON t USING gin (words)");
    assert_eq!(database.query(useless), "t_words");
}

async fn said(connection: &DatabaseConnection, sql: &str) -> Result<i64, String> {
    let backend = connection.get_database_backend();
    let row = connection.query_one_raw(Statement::from_string(backend, sql)).await;
    let row = row.map_err(|error| error.to_string())?.unwrap();
    Ok(row.try_get_by_index(0).unwrap())
}

async fn changed(connection: &DatabaseConnection, sql: &str) -> Result<u64, String> {
    let done = connection.execute_unprepared(sql).await;
    done.map(|done| done.rows_affected()).map_err(|error| error.to_string())
}

/// A session of an ordinary role, without any setting of ours.
async fn session(database: &Database) -> DatabaseConnection {
    let mut options = sea_orm::ConnectOptions::new(database.url());
    options.max_connections(1);
    Connection::connect(options).await.unwrap()
}

#[tokio::test]
async fn a_session_sees_and_changes_the_rows_of_its_store_alone() {
    let (store, database) = two_stores().await;
    drop(store);
    let session = session(&database).await;
    // Who has not said for whom they ask is told so.
    let unsaid = said(&session, "SELECT count(*) FROM orders").await.unwrap_err();
    assert!(unsaid.contains("meridian.stores"), "{unsaid}");
    for table in tables_of_stores(&database) {
        let of = |store: &str| {
            let count = format!("SELECT count(*) FROM {table} WHERE store_id = '{store}'");
            database.query(&count).parse::<i64>().unwrap()
        };
        let (own, others) = (of("shop"), of("other"));
        assert!(own > 0 && own == others, "{table}: {own} and {others}");
        let ask_for = async |stores: &str| {
            let sql = format!("SET meridian.stores = '{stores}'");
            session.execute_unprepared(&sql).await.unwrap();
        };
        let count = format!("SELECT count(*) FROM {table}");
        let theirs = format!("SELECT count(*) FROM {table} WHERE store_id = 'other'");
        let delete = format!("DELETE FROM {table}");
        let touch = format!("UPDATE {table} SET store_id = store_id");
        let give = format!("UPDATE {table} SET store_id = 'nobody'");

        ask_for("shop").await;
        assert_eq!(said(&session, &count).await, Ok(own), "{table}");
        assert_eq!(said(&session, &theirs).await, Ok(0), "{table}");
        assert_eq!(changed(&session, &touch).await, Ok(own.unsigned_abs()), "{table}");
        let given = changed(&session, &give).await.unwrap_err();
        assert!(given.contains("row-level security"), "{table}: {given}");
        let copy = format!(
            "INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT (jsonb_populate_record(r, \
             to_jsonb(r) || '{{\"store_id\": \"nobody\"}}')).* FROM {table} r LIMIT 1"
        );
        let copied = changed(&session, &copy).await.unwrap_err();
        assert!(copied.contains("row-level security"), "{table}: {copied}");

        for (stores, seen) in [("", 0), ("nobody", 0), ("shop,other", own + others)] {
            ask_for(stores).await;
            assert_eq!(said(&session, &count).await, Ok(seen), "{table} for {stores:?}");
        }
        ask_for("other").await;
        assert_eq!(changed(&session, &delete).await, Ok(others.unsigned_abs()), "{table}");
        assert_eq!(of("shop"), own, "{table}");

        // Without it all of this is there for everybody.
        ask_for("nobody").await;
        session
            .execute_unprepared(&format!("ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"))
            .await
            .unwrap();
        assert!(said(&session, &count).await.unwrap() >= own, "{table}");
        assert!(changed(&session, &delete).await.unwrap() >= own.unsigned_abs(), "{table}");
    }
    for table in ["payment_notices", "publisher_cursors"] {
        let count = format!("SELECT count(*) FROM {table}");
        for (stores, seen) in [("", 0), ("shop", 0), ("*", 1)] {
            session.execute_unprepared(&format!("SET meridian.stores = '{stores}'")).await.unwrap();
            assert_eq!(said(&session, &count).await, Ok(seen), "{table} for {stores:?}");
        }
    }
}

async fn known(store: &SqlStore, database: &Database) -> Known {
    let one = |sql: &str| database.query(sql);
    let refund = one("SELECT order_id || ' ' || refund_id FROM refunds \
                      WHERE store_id = 'shop' AND order_id = 'O-1'");
    let (order_id, refund_id) = refund.split_once(' ').unwrap();
    let tokens = store.tokens(&shop(), ports::PageRequest { size: 1, after: None }).await.unwrap();
    let payment = one("SELECT provider || ' ' || reference FROM tenders \
                       WHERE store_id = 'shop' AND order_id = 'O-1' ORDER BY 1 LIMIT 1");
    let (provider, reference) = payment.split_once(' ').unwrap();
    let event = one("SELECT event_id FROM event_log WHERE store_id = 'shop' AND position = 3");
    Known {
        refund: (key(order_id), RefundId::from_uuid(refund_id.parse().unwrap())),
        token: tokens.items[0].token_id,
        token_hash: [3; 32],
        event: EventId::from_uuid(event.parse().unwrap()),
        payment: (provider.to_owned(), reference.to_owned()),
        account: "points".to_owned(),
    }
}

/// The names of the questions that were answered in two ways.
fn unlike(some: &Answers, others: &Answers) -> Vec<&'static str> {
    let names = some.keys().copied();
    names.filter(|name| some[name] != others[name]).collect()
}

/// Whether an answer tells of nothing at all.
fn is_nothing(answer: &str) -> bool {
    matches!(answer, "None" | "[]" | "{}" | "0") || answer == "Page { items: [], next: None }"
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_that_forgot_the_store_answer_of_the_callers_alone() {
    let (store, database) = two_stores().await;
    let known = known(&store, &database).await;
    let (url, seen) = without_stores(&database).await;
    let forgetful = open(&url, Options::default()).await.for_callers();
    let store = store.for_callers();

    let right = behind(shop(), everything(&store, &shop(), &known)).await;
    let answers = behind(shop(), everything(&forgetful, &shop(), &known)).await;
    assert!(seen.lock().unwrap().iter().any(|(sql, _)| *sql != proxy::taken_out(sql)));
    // What counts over all stores is not there, and without a store the caller's own count is found.
    assert_eq!(unlike(&answers, &right), ["last_overall"]);
    // Of all that was asked for there is something.
    for (name, answer) in &right {
        let is_of_whole = matches!(*name, "last_overall" | "open_notices");
        assert_eq!(is_nothing(answer), is_of_whole, "{name}: {answer}");
        assert!(!answer.contains("other") && !answer.starts_with("failed"), "{name}: {answer}");
    }

    // Who has nothing gets nothing, whichever store they ask for.
    for of in [nobody(), shop()] {
        let answers = behind(nobody(), everything(&forgetful, &of, &known)).await;
        for (name, answer) in &answers {
            assert!(is_nothing(answer), "{name} of {of}: {answer}");
        }
    }
    // Nor does who did not say who they are.
    let answers: Answers = everything(&forgetful, &shop(), &known).await;
    for (name, answer) in &answers {
        assert!(is_nothing(answer), "{name}: {answer}");
    }

    tear_down(&database);
    let leaked = behind(nobody(), everything(&forgetful, &nobody(), &known)).await;
    for (name, answer) in &leaked {
        assert!(!is_nothing(answer), "{name} would have been kept back by something else");
    }
    let leaked = behind(shop(), everything(&forgetful, &shop(), &known)).await;
    let mixed = unlike(&leaked, &right);
    for list in ["orders", "refunds", "cancellations", "waiting", "events", "users", "endpoints"] {
        assert!(mixed.contains(&list), "{list}");
    }
}

/// Reads of many callers are one statement. Each is read behind its own fence.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_whose_reads_are_one_statement_are_kept_apart() {
    let (store, database) = two_stores().await;
    drop(store);
    let (url, seen) = without_stores(&database).await;
    let forgetful = open(&url, Options::default()).await.for_callers();
    let read = async |number: usize| {
        let (own, asked) = match number % 4 {
            0 => (shop(), shop()),
            1 => (other(), other()),
            2 => (shop(), other()),
            _ => (nobody(), shop()),
        };
        let key = OrderKey::new(asked, "O-1".parse().unwrap());
        let loaded = behind(own.clone(), forgetful.load(&key, Some(&request("r-1")))).await;
        (own, loaded.unwrap())
    };
    let reads = join_all((0..200).map(read)).await;
    for (own, loaded) in &reads {
        let found = loaded.order.as_ref().map(|order| order.state.store_id.clone());
        assert_eq!(found, (*own != nobody()).then(|| own.clone()));
        assert_eq!(loaded.receipt.is_some(), *own != nobody());
    }
    // So many as one is what it was about.
    let reads = seen.lock().unwrap().iter().filter(|(sql, _)| sql.contains("receipts")).count();
    assert!(reads < 100, "{reads} statements for 200 reads");
}

/// What a caller of [`shop`] has done, by commits of both kinds and by all that is written beside them,
/// decided on what `reader` finds.
async fn change_everything(reader: &SqlStore, store: &SqlStore) {
    let refunded = load(reader, &key("O-1")).await.decide(refund(90, "1.00"), NOON).unwrap();
    let mut together = commit().order(refunded);
    together.receipt = Some(receipt("r-90"));
    store.commit(together).await.unwrap();
    let placed = load(reader, &key("unnumbered")).await;
    let cancelled = placed.decide(cancel(99, &[("L1", 1)], NOON), NOON).unwrap();
    store.commit(commit().order(cancelled)).await.unwrap();
    store
        .save_quote(&ports::Quote { quote_id: new_quote(), ..quote_of(&shop()) }, NOON)
        .await
        .unwrap();
    store.draw_refund_numbers(&shop(), 8).await.unwrap();
    let endpoint = reader.endpoint(&endpoint_of(&shop())).await.unwrap().unwrap();
    let all = Again::Range { from: minutes(-9_999), before: minutes(9_999) };
    store.send_again(&endpoint, &all, NOON).await.unwrap();
    let task = leg_task(&key("O-1"), "leg", NOON);
    store.release(&task, "nobody").await.unwrap();
}

fn new_quote() -> QuoteId {
    QuoteId::from_uuid(Uuid::from_u128(901))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_that_forgot_the_store_change_the_callers_alone() {
    for is_torn_down in [false, true] {
        let (store, database) = two_stores().await;
        let (url, _) = without_stores(&database).await;
        let forgetful = open(&url, Options::default()).await.for_callers();
        if is_torn_down {
            tear_down(&database);
        }
        let before = [shop(), other()].map(|of| stored_of(&database, &of));
        behind(shop(), change_everything(&store, &forgetful)).await;
        let after = [shop(), other()].map(|of| stored_of(&database, &of));
        assert_ne!(after[0], before[0]);
        let changed: Vec<_> =
            after[1].iter().filter(|(table, digest)| before[1][*table] != **digest).collect();
        assert_eq!(changed.is_empty(), !is_torn_down, "{changed:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_committed_for_another_store() {
    let (store, database) = two_stores().await;
    let before = stored_of(&database, &other());
    let theirs = OrderKey::new(other(), "O-1".parse().unwrap());
    let change = load(&store, &theirs).await.decide(refund(91, "1.00"), NOON).unwrap();
    let callers = store.for_callers();
    let attempt = || callers.commit(commit().order(change.clone()));
    for outcome in [attempt().await, behind(shop(), attempt()).await] {
        assert!(matches!(&outcome, Err(StoreError::Fenced(of)) if *of == other()), "{outcome:?}");
    }
    // Beside the commits the database itself refuses.
    let outcome = behind(shop(), callers.save_quote(&quote_of(&nobody()), NOON)).await;
    assert!(matches!(outcome, Err(StoreError::Corrupt(_))), "{outcome:?}");
    assert!(behind(shop(), callers.draw_refund_numbers(&other(), 8)).await.is_err());
    assert_eq!(stored_of(&database, &other()), before);
    behind(other(), attempt()).await.unwrap();
    assert_ne!(stored_of(&database, &other()), before);
}

#[tokio::test]
async fn a_role_that_goes_around_the_fence_is_told_from_one_that_does_not() {
    let (store, database) = fresh().await;
    assert!(!store.goes_around_fences().await.unwrap());
    let superuser = open(&database.url_of_superuser(), Options::default()).await;
    assert!(superuser.goes_around_fences().await.unwrap());
}
