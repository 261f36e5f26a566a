//! Orders on their whole way: made by a checkout, paid, screened, pushed into a shop, finished. Once
//! in an empty database, and once more beside many older ones.

use crate::{
    client::Outcome,
    figures::{Bound, Single},
    messages::{self, STORE},
    report::Report,
    settings::{Engine, Settings},
    site::Site,
};
use axum::{Json, Router, body::Bytes, routing::any};
use serde_json::{Value, json};
use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::net::TcpListener;

/// From the last order's creation until all are COMPLETED.
const COMPLETED_WITHIN: Duration = Duration::from_mins(10);
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// Per cent by which older orders may slow the others down; from run to run it is half of that.
const MOST_SLOWER: f64 = 10.0;

pub async fn measure(engine: Engine, settings: &Settings, report: &mut Report) -> Outcome<()> {
    let (name, orders, old) = (engine.name(), settings.pipeline_orders(), settings.old_orders());
    let shop = shop().await?;
    let mut site = Site::empty(engine, settings, &messages::plug_and_play_store(shop)).await?;
    eprintln!("{name}: {orders} orders through the pipeline");
    let alone = all_the_way(&mut site, 0, orders).await?;
    site.stop();
    eprintln!("{name}: adding {old} older orders");
    for sql in older_orders(engine, old) {
        site.database.execute(&sql)?;
    }
    site.database.settle();
    eprintln!("{name}: {orders} orders through the pipeline once more");
    let beside = all_the_way(&mut site, orders, orders).await?;
    let single = |what: String, value| Single { what, value, unit: "/s", aim: None };
    report
        .singles
        .push(single(format!("{name}: {orders} orders from checkout to COMPLETED"), alone));
    let what = format!("{name}: the same beside {old} older orders");
    report.singles.push(single(what, beside));
    report.singles.push(Single {
        what: format!("{name}: so much slower beside them"),
        value: (1.0 - beside / alone) * 100.0,
        unit: "%",
        aim: Some(Bound::AtMost(MOST_SLOWER)),
    });
    Ok(())
}

/// Orders per second from the first call of the checkout until the last one is COMPLETED.
async fn all_the_way(site: &mut Site, first: u32, orders: u32) -> Outcome<f64> {
    site.start_all().await?;
    let begun = Instant::now();
    site.create(first.into(), orders.into()).await?;
    let created = begun.elapsed();
    let patience = Instant::now() + COMPLETED_WITHIN;
    while site.database.ask("SELECT count(*) FROM tasks")? != "0" {
        if Instant::now() > patience {
            let text = format!("not all orders are COMPLETED after {COMPLETED_WITHIN:?}");
            return Err(io::Error::other(text).into());
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    let took = begun.elapsed();
    eprintln!("created in {created:?}, all COMPLETED in {took:?}");
    let completed =
        "SELECT count(*) FROM facts WHERE kind = 'order.completed' AND order_id < 'old'";
    let completed: u32 = site.database.ask(completed)?.parse()?;
    if completed != first + orders {
        return Err(io::Error::other(format!("{completed} orders are COMPLETED")).into());
    }
    Ok(f64::from(orders) / took.as_secs_f64())
}

/// Copies of the first order, each with rows of its own in the tables that grow with orders: all
/// but its facts, of which it has the first and the last.
fn older_orders(engine: Engine, count: u32) -> Vec<String> {
    let first = messages::order_id(0);
    let numbers = match engine {
        Engine::PostgreSql => format!("generate_series(1, {count}) AS n (i)"),
        Engine::Sqlite => format!(
            "(WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) \
             SELECT i FROM n) AS n"
        ),
    };
    let copies = |table: &str, columns: &str, values: &str, only: &str| {
        format!(
            "INSERT INTO {table} ({columns}) SELECT {values} FROM {table} o, {numbers} \
             WHERE o.store_id = '{STORE}' AND {only}"
        )
    };
    let (id, of_first) = ("'old-' || (100000000 + n.i)", format!("o.order_id = '{first}'"));
    vec![
        copies(
            "orders",
            "store_id, order_id, version, created_at, captured, returned, state, \
             external_order_id, buyer_email, doc, personal",
            &format!(
                "o.store_id, {id}, o.version, o.created_at - CAST(n.i AS BIGINT) * 1000000, o.captured, o.returned, \
                 o.state, {id}, 'old' || n.i || '@example.com', o.doc, o.personal"
            ),
            &of_first,
        ),
        copies(
            "tenders",
            "store_id, order_id, tender_id, captured, returned, authorized, released",
            &format!(
                "o.store_id, {id}, o.tender_id, o.captured, o.returned, o.authorized, o.released"
            ),
            &of_first,
        ),
        copies(
            "order_products",
            "store_id, product_code, created_at, order_id",
            &format!(
                "o.store_id, o.product_code, o.created_at - CAST(n.i AS BIGINT) * 1000000, {id}"
            ),
            &of_first,
        ),
        copies(
            "claims",
            "scope, kind, claim_key, store_id, holder, fingerprint",
            &format!("o.scope, o.kind, {id}, o.store_id, {id}, o.fingerprint"),
            &format!("o.kind = 'external_order_id' AND o.holder = '{first}'"),
        ),
        copies(
            "receipts",
            "store_id, method, request_id, created_at, fingerprint, answer",
            "o.store_id, o.method, 'old-' || n.i, o.created_at, o.fingerprint, o.answer",
            "o.method = 'CreateOrder' AND o.request_id = 'order-0'",
        ),
        copies(
            "facts",
            "store_id, order_id, place, sequence, occurred_at, event_id, kind, actor_kind, actor_id, \
             trace, body",
            &format!(
                "o.store_id, {id}, o.place, o.sequence, o.occurred_at, o.event_id, o.kind, \
                 o.actor_kind, o.actor_id, o.trace, o.body"
            ),
            &format!("{of_first} AND o.kind IN ('order.received', 'order.completed')"),
        ),
    ]
}

/// Takes every order, and has none before it took it.
async fn shop() -> Outcome<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let router = Router::new().route("/orders", any(taken));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

async fn taken(order: Bytes) -> Json<Value> {
    let order: Value = serde_json::from_slice(&order).unwrap_or_default();
    let id = order["order_id"].as_str().unwrap_or_default();
    Json(json!({"id": format!("shop-{id}"), "number": id}))
}
