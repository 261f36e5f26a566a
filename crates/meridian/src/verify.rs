//! `meridian verify`.

use crate::compose;
use domain::id::StoreId;
use meridian::settings::Settings;
use ports::{Audit as _, Audited, Fault, Store as _};
use serde::Serialize;
use std::{
    error::Error,
    io::{self, Write},
    process::ExitCode,
};

/// The status if there are faults.
const FAULTS: u8 = 1;
/// The status if nothing can be said.
pub const NOT_DONE: u8 = 2;

pub async fn run(
    settings: Settings,
    store: Option<String>,
    json: bool,
) -> Result<ExitCode, Box<dyn Error>> {
    let of = store.map(|store| store.parse::<StoreId>()).transpose();
    let of = of.map_err(|error| format!("--store {error}"))?;
    let database = compose::look_into(&settings.database).await?;
    let mut printed = Ok(());
    let mut print = |fault: Fault| {
        if printed.is_ok() {
            printed = told(&fault, json);
        }
    };
    let audited = database.audit(of.as_ref(), &mut print).await?;
    printed?;
    if let Some(store) = &of
        && audited == Audited::default()
        && database.store(store).await?.is_none()
    {
        return Err(format!("there is no store {store}").into());
    }
    summed_up(&audited, json)?;
    Ok(if audited.faults == 0 { ExitCode::SUCCESS } else { FAULTS.into() })
}

#[derive(Serialize)]
struct FaultLine<'f> {
    fault: &'static str,
    store_id: &'f str,
    order_id: Option<&'f str>,
    place: Option<i64>,
    entry: Option<i64>,
    text: &'f str,
}

fn told(fault: &Fault, json: bool) -> io::Result<()> {
    let Fault { store_id, order_id, place, entry, what, text } = fault;
    let (fault, order_id) = (what.name(), order_id.as_deref());
    let mut out = io::stdout().lock();
    if json {
        let line = FaultLine { fault, store_id, order_id, place: *place, entry: *entry, text };
        return writeln!(out, "{}", serde_json::to_string(&line)?);
    }
    write!(out, "{fault}  ")?;
    match store_id.as_str() {
        "" => write!(out, "all stores")?,
        store_id => write!(out, "store {store_id}")?,
    }
    if let Some(order_id) = order_id {
        write!(out, ", order {order_id}")?;
    }
    for (name, number) in [("place", place), ("entry", entry)] {
        if let Some(number) = number {
            write!(out, ", {name} {number}")?;
        }
    }
    writeln!(out, ": {text}")
}

fn summed_up(audited: &Audited, json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        return writeln!(out, "{}", serde_json::to_string(audited)?);
    }
    let Audited {
        orders,
        facts,
        entries,
        events,
        waiting,
        refunds,
        cancellations,
        accounts,
        transfers,
        faults,
    } = *audited;
    writeln!(
        out,
        "looked at {orders} orders, {refunds} refunds, {cancellations} cancellations, {facts} \
         facts, {entries} entries of the log ({events} events; {waiting} facts wait for their \
         entry), {accounts} accounts and {transfers} transfers"
    )?;
    match faults {
        0 => writeln!(out, "no fault"),
        1 => writeln!(out, "1 fault"),
        _ => writeln!(out, "{faults} faults"),
    }
}
