//! A list of orders as CSV: everything that its query finds, page by page as it is read.

use super::orders;
use crate::visit::{Shown, Visit};
use axum::{body::Body, response::IntoResponse as _};
use futures_util::stream;
use gateway::{Services, csv};
use http::header;
use tonic::Status;
use wire::{
    Utc,
    orders::v1::{ListOrdersRequest, Order},
};

use crate::words;

/// Orders that are read at a time.
const PAGE: i32 = 500;

const COLUMNS: [&str; 16] = [
    "order_id",
    "external_order_id",
    "external_order_number",
    "state",
    "create_time",
    "destination_country",
    "buyer_name",
    "buyer_email",
    "customer_currency",
    "total_customer",
    "refunded_customer",
    "merchant_currency",
    "total_merchant",
    "refunded_merchant",
    "handover",
    "screening",
];

/// `GET /console/{store_id}/orders.csv`, with the query of the list.
pub async fn orders<S: Services>(visit: Visit<S>) -> Shown {
    let fields = visit.query.clone();
    let asked = ListOrdersRequest { page_size: PAGE, ..orders::asked(&visit, &fields)? };
    // What is refused is refused before the file begins.
    let first = orders::page(&visit, asked.clone()).await?;
    let mut begun = line(COLUMNS.map(str::to_owned))?;
    begun.extend(lines(&first.orders)?);
    let rest = Rest { visit, asked, next: first.next_page_token };
    let rest = stream::try_unfold(rest, Rest::more);
    let all = futures_util::StreamExt::chain(stream::iter([Ok(begun)]), rest);
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"orders.csv\""),
    ];
    Ok((headers, Body::from_stream(all)).into_response())
}

/// The pages that are still to be read.
struct Rest<S> {
    visit: Visit<S>,
    asked: ListOrdersRequest,
    next: String,
}

impl<S: Services> Rest<S> {
    async fn more(self) -> Result<Option<(Vec<u8>, Self)>, Status> {
        if self.next.is_empty() {
            return Ok(None);
        }
        let asked = ListOrdersRequest { page_token: self.next.clone(), ..self.asked.clone() };
        let page = orders::page(&self.visit, asked).await?;
        Ok(Some((lines(&page.orders)?, Self { next: page.next_page_token, ..self })))
    }
}

fn lines(orders: &[Order]) -> Result<Vec<u8>, Status> {
    let mut all = Vec::new();
    for order in orders {
        all.extend(line(cells(order))?);
    }
    Ok(all)
}

fn cells(order: &Order) -> [String; 16] {
    let buyer = order.buyer.clone().unwrap_or_default();
    let created = order.create_time.as_ref().and_then(|at| Utc(at).text().ok());
    let screening = order.screening.iter();
    let screening = screening
        .map(|it| format!("{}: {}", words::check(&it.check), words::screening_state(&it.state)));
    let handover = order.handover.as_ref().map(|it| words::handover_state(&it.state));
    [
        order.order_id.clone(),
        order.external_order_id.clone(),
        order.external_order_number.clone(),
        words::order_state(&order.state),
        created.unwrap_or_default(),
        order.destination_country.clone(),
        buyer.name,
        buyer.email,
        order.customer_currency.clone(),
        words::customer(&order.totals).to_owned(),
        words::customer(&order.refunded).to_owned(),
        order.merchant_currency.clone(),
        words::merchant(&order.totals).to_owned(),
        words::merchant(&order.refunded).to_owned(),
        handover.unwrap_or_default(),
        screening.collect::<Vec<_>>().join("; "),
    ]
}

/// A line in which no cell is a formula.
pub fn line(cells: impl IntoIterator<Item = String>) -> Result<Vec<u8>, Status> {
    csv::written(cells).map_err(|fault| {
        tracing::error!(%fault, "a line could not be written");
        Status::internal("the table could not be written")
    })
}
