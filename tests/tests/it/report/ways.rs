//! The same rows over gRPC, as lines, as CSV, as events, and from the command line.

use super::{PATH, refunded, rows};
use crate::{
    on_both,
    world::{Answer, STORE, World, encode, order},
};
use serde_json::{Value, json};
use tokio_stream::StreamExt as _;
use wire::refunds::v1::ExportRefundComponentsRequest;

on_both!(every_way_out_has_the_same_rows, a_report_has_no_formulas);

async fn csv(world: &World, query: &str) -> Answer {
    let answer = world.http().with("accept", "text/csv").get(&format!("{PATH}{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer
}

/// The lines by the names of their columns.
fn records(bytes: &[u8]) -> Vec<Value> {
    let mut reader = csv::Reader::from_reader(bytes);
    let names = reader.headers().unwrap().clone();
    let record = |record: csv::Result<csv::StringRecord>| {
        let record = record.unwrap();
        let cells = names.iter().zip(&record);
        cells.map(|(name, cell)| (name.to_owned(), Value::from(cell))).collect::<Value>()
    };
    reader.records().map(record).collect()
}

async fn every_way_out_has_the_same_rows(world: World) {
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let mut times = Vec::new();
    for quantity in [1, 2] {
        let product = json!({"cart_item_id": "L1", "refund_quantity": quantity});
        let asked = json!({"products": [product], "shipping_amount": "1.00"});
        let refund = refunded(&world, "O-1", &asked).await;
        times.push(refund["create_time"].as_str().unwrap().to_owned());
    }
    let lines = rows(&world, "").await;
    assert_eq!(lines.len(), 4);

    let request = ExportRefundComponentsRequest {
        store_id: STORE.to_owned(),
        ..ExportRefundComponentsRequest::default()
    };
    let stream = world.grpc().await.refunds().export_refund_components(request).await.unwrap();
    let messages: Vec<_> = stream.into_inner().collect().await;
    let over_grpc = messages.into_iter().map(|message| message.unwrap().row.unwrap());
    let over_grpc: Vec<_> = over_grpc.map(|row| serde_json::to_value(row).unwrap()).collect();
    assert_eq!(over_grpc, lines);

    let events = world.http().with("accept", "text/event-stream").get(PATH).await;
    assert_eq!(events.headers["content-type"], "text/event-stream");
    let text = events.text();
    let data = text.split_terminator("\n\n").map(|event| event.strip_prefix("data: ").unwrap());
    let data: Vec<Value> = data.map(|json| serde_json::from_str(json).unwrap()).collect();
    assert_eq!(data, lines);

    let answer = csv(&world, "").await;
    assert!(answer.headers["content-type"].to_str().unwrap().starts_with("text/csv"));
    assert_eq!(answer.text().matches('\n').count(), 1 + lines.len());
    assert_eq!(answer.text().matches("\r\n").count(), 1 + lines.len());
    for (record, row) in records(&answer.bytes).iter().zip(&lines) {
        for name in [
            "refund_id",
            "refund_number",
            "credit_note_number",
            "order_id",
            "create_time",
            "settle_time",
            "customer_currency",
        ] {
            assert_eq!(record[name], row[name], "{name}");
        }
        assert_eq!(record["customer_amount"], row["amount"]["customer"]);
        assert_eq!(record["merchant_amount"], row["amount"]["merchant"]);
        assert_eq!(
            (&record["state"], &record["charged_to"]),
            (&"SUCCEEDED".into(), &"MERCHANT".into())
        );
        let amount = row["legs"][0]["amount"].as_str().unwrap();
        assert_eq!(record["legs"], format!("t1 REFUND {amount} SETTLED"));
    }
    let for_browsers = world.http().get(&format!("{PATH}?alt=csv")).await;
    assert_eq!(for_browsers.bytes, answer.bytes);
    let file = for_browsers.headers["content-disposition"].to_str().unwrap();
    assert_eq!(file, "attachment; filename=\"refund-components.csv\"");

    let command = ["report", "refund-components", "--store", STORE];
    let printed = world.launch(&[]).run(&command).unwrap();
    assert!(printed.status.success(), "{printed:?}");
    assert_eq!(String::from_utf8(printed.stdout).unwrap(), answer.text());
    let later = [&command[..], &["--from", &times[1], "--before", "2999-01-01T00:00:00Z"]].concat();
    let printed = world.launch(&[]).run(&later).unwrap();
    let same = csv(&world, &format!("?created_after={}", encode(&times[1]))).await;
    assert_eq!(String::from_utf8(printed.stdout).unwrap(), same.text());
    assert_eq!(records(&same.bytes).len(), 2);
    let nowhere = ["report", "refund-components", "--store", "nowhere"];
    let refused = world.launch(&[]).run(&nowhere).unwrap();
    assert!(!refused.status.success() && refused.stdout.is_empty(), "{refused:?}");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("STORE_NOT_FOUND"), "{refused:?}");
}

async fn a_report_has_no_formulas(world: World) {
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let asked = json!({
        "shipping_amount": "1.00",
        "external_reference": "=HYPERLINK(\"http://x\")",
        "refund_reason": {"code": "-1", "name": "@said, \"really\"\nso"},
    });
    refunded(&world, "O-1", &asked).await;
    let found = records(&csv(&world, "").await.bytes);
    assert_eq!(found[0]["external_reference"], "'=HYPERLINK(\"http://x\")");
    assert_eq!(found[0]["reason_code"], "-1");
    assert_eq!(found[0]["reason_name"], "'@said, \"really\"\nso");
}
