//! `meridian report`.

use crate::{cli::ReportCommand, desk::Desk, tokens::said};
use gateway::csv::refund_components;
use grpc_kit::timestamp;
use meridian::settings::Settings;
use std::{
    error::Error,
    io::{self, BufWriter, ErrorKind, Write},
};
use wire::refunds::v1::ExportRefundComponentsRequest;

pub async fn run(settings: Settings, command: ReportCommand) -> Result<(), Box<dyn Error>> {
    let ReportCommand::RefundComponents { store, from, before } = command;
    let desk = Desk::open(&settings).await?;
    let request = ExportRefundComponentsRequest {
        store_id: store,
        created_after: from.map(timestamp),
        created_before: before.map(timestamp),
        states: Vec::new(),
    };
    let rows = desk.refunds().export_refund_components(request).await;
    let mut rows = rows.map_err(said)?.into_inner();
    let mut out = BufWriter::new(io::stdout());
    let mut line = refund_components::header().map_err(|fault| fault.to_string())?;
    loop {
        match out.write_all(&line) {
            // Who reads has seen enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            written => written?,
        }
        let Some(message) = rows.message().await.map_err(said)? else { break };
        let row = message.row.unwrap_or_default();
        line = refund_components::line(&row).map_err(|fault| fault.to_string())?;
    }
    match out.flush() {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        flushed => Ok(flushed?),
    }
}
