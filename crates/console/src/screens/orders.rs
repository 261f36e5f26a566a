//! The list of orders: found by an id, an e-mail address or a product code, narrowed and sorted.

use crate::{
    fields::Fields,
    frame::{Frame, Page as _, pages},
    parts,
    visit::{Shown, Visit},
    words,
};
use askama::Template;
use gateway::Services;
use tonic::{Code, Status};
use wire::orders::v1::{
    GetOrderRequest, ListOrdersRequest, ListOrdersResponse, Order, OrderSort, OrderState,
};

/// Orders on a page.
const PAGE: i32 = 50;

#[derive(Template)]
#[template(path = "orders.html")]
struct OrdersPage {
    frame: Frame,
    fields: Fields,
    orders: Vec<Order>,
    next: String,
    csv: String,
}

pages!(OrdersPage);

pub async fn list<S: Services>(visit: Visit<S>) -> Shown {
    let fields = visit.query.clone();
    let mut refused = None;
    let found = match asked(&visit, &fields) {
        Ok(asked) => page(&visit, asked, fields.text("q")).await,
        Err(status) => Err(status),
    };
    let found = match found {
        Ok(found) => found,
        Err(status) if status.code() == Code::InvalidArgument => {
            refused = Some(status);
            ListOrdersResponse::default()
        }
        Err(status) => return Err(status.into()),
    };
    let next = found.next_page_token;
    let next = if next.is_empty() { next } else { fields.query_with("page", &next) };
    let csv = fields.query_with("page", "");
    let frame = visit.frame("Orders", "orders").with(refused.as_ref());
    OrdersPage { frame, fields, orders: found.orders, next, csv }.shown()
}

/// What the filters ask for. A search that looks like an e-mail address is a buyer's.
pub fn asked<S: Services>(visit: &Visit<S>, fields: &Fields) -> Result<ListOrdersRequest, Status> {
    let mut read = fields.read();
    let (created_after, created_before) = (read.day("from"), read.through("to"));
    read.finish()?;
    let searched = fields.text("q");
    let mut buyer_email = fields.text("email").to_owned();
    if buyer_email.is_empty() && searched.contains('@') {
        searched.clone_into(&mut buyer_email);
    }
    let oldest_first = fields.text("sort") == "oldest";
    Ok(ListOrdersRequest {
        store_id: visit.store_id(),
        page_size: PAGE,
        page_token: fields.text("page").to_owned(),
        states: words::numbers::<OrderState>(&fields.all("state")),
        external_order_id: fields.text("external").to_owned(),
        buyer_email,
        product_code: fields.text("product").to_owned(),
        created_after,
        created_before,
        order_by: if oldest_first { OrderSort::CreateTimeAsc } else { OrderSort::CreateTimeDesc }
            .into(),
    })
}

/// One page of what is asked for. A search that is no e-mail address is an order's id, the
/// merchant's or ours, or else the code of a product.
pub async fn page<S: Services>(
    visit: &Visit<S>,
    asked: ListOrdersRequest,
    searched: &str,
) -> Result<ListOrdersResponse, Status> {
    let mut asked = asked;
    if !searched.is_empty() && !searched.contains('@') && asked.page_token.is_empty() {
        let request = GetOrderRequest { store_id: visit.store_id(), order_id: searched.to_owned() };
        match visit.calls.orders().get_order(visit.calls.ask(request)).await {
            Ok(found) => {
                let orders = found.into_inner().order.into_iter().collect();
                return Ok(ListOrdersResponse { orders, ..ListOrdersResponse::default() });
            }
            Err(status) if matches!(status.code(), Code::NotFound | Code::InvalidArgument) => {}
            Err(status) => return Err(status),
        }
    }
    if !searched.is_empty() && !searched.contains('@') && asked.product_code.is_empty() {
        searched.clone_into(&mut asked.product_code);
    }
    let answer = visit.calls.orders().list_orders(visit.calls.ask(asked)).await?;
    Ok(answer.into_inner())
}
