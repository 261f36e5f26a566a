//! `meridian reconcile`.

use crate::{cli::Reconcile, desk::Desk};
use application::{Break, Reconciled};
use domain::id::StoreId;
use meridian::settings::Settings;
use ports::{Period, Store as _};
use serde::Serialize;
use std::{
    error::Error,
    io::{self, Write as _},
    process::ExitCode,
};

/// The status if there are breaks.
const BREAKS: u8 = 1;

pub async fn run(settings: Settings, asked: Reconcile) -> Result<ExitCode, Box<dyn Error>> {
    let of = asked.store.map(|store| store.parse::<StoreId>()).transpose();
    let of = of.map_err(|error| format!("--store {error}"))?;
    let desk = Desk::open(&settings).await?;
    if let Some(store) = &of
        && desk.composed.store().store(store).await?.is_none()
    {
        return Err(format!("there is no store {store}").into());
    }
    let reconciling = desk.composed.reconciling(&settings, asked.older_than)?;
    let mut printed = Ok(());
    let mut print = |one: Break| {
        if printed.is_ok() {
            printed = told(&one, asked.json);
        }
    };
    let made = Period { from: asked.created_after, before: asked.created_before };
    let sum = reconciling.reconcile(of.as_ref(), made, &mut print).await?;
    printed?;
    summed_up(&sum, asked.json)?;
    Ok(if sum.breaks == 0 { ExitCode::SUCCESS } else { BREAKS.into() })
}

#[derive(Serialize)]
struct Line<'b> {
    r#break: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    store_id: Option<&'b str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<&'b str>,
    subject: &'b str,
    ours: &'b str,
    theirs: &'b str,
    close: &'static str,
}

fn told(one: &Break, json: bool) -> io::Result<()> {
    let Break { kind, order, subject, ours, theirs } = one;
    let key = order.as_ref();
    let mut out = io::stdout().lock();
    if json {
        let line = Line {
            r#break: kind.name(),
            store_id: key.map(|key| key.store_id.as_str()),
            order_id: key.map(|key| key.order_id.as_str()),
            subject,
            ours,
            theirs,
            close: kind.how_to_close(),
        };
        return writeln!(out, "{}", serde_json::to_string(&line)?);
    }
    let name = kind.name();
    match key {
        Some(key) => {
            writeln!(out, "{name}  store {}, order {}, {subject}", key.store_id, key.order_id)?;
        }
        None => writeln!(out, "{name}  {subject}")?,
    }
    writeln!(out, "  ours: {ours}; theirs: {theirs}\n  {}", kind.how_to_close())
}

fn summed_up(sum: &Reconciled, json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        return writeln!(out, "{}", serde_json::to_string(sum)?);
    }
    let Reconciled { breaks, orders, payments, legs } = sum;
    writeln!(out, "asked about {payments} payments and {legs} legs of {orders} orders")?;
    match breaks {
        0 => writeln!(out, "no break"),
        1 => writeln!(out, "1 break"),
        _ => writeln!(out, "{breaks} breaks"),
    }
}
