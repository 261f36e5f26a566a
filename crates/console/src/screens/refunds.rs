//! The refunds of a store.

use crate::{
    fields::Fields,
    frame::{Frame, Page as _, pages},
    parts,
    visit::{Shown, Visit},
    words,
};
use askama::Template;
use gateway::Services;
use wire::refunds::v1::{ListRefundsRequest, Refund, RefundState};

const PAGE: i32 = 50;

#[derive(Template)]
#[template(path = "refunds.html")]
struct RefundsPage {
    frame: Frame,
    fields: Fields,
    refunds: Vec<Refund>,
    next: String,
}

pages!(RefundsPage);

pub async fn list<S: Services>(visit: Visit<S>) -> Shown {
    let fields = visit.query.clone();
    let mut read = fields.read();
    let states = read.numbers::<RefundState>("state");
    read.finish()?;
    let request = visit.calls.ask(ListRefundsRequest {
        store_id: visit.store_id(),
        order_id: fields.given("order").unwrap_or_else(|| "-".to_owned()),
        states,
        page_size: PAGE,
        page_token: fields.text("page").to_owned(),
    });
    let answer = visit.calls.refunds().list_refunds(request).await?.into_inner();
    let next = answer.next_page_token;
    let next = if next.is_empty() { next } else { fields.query_with("page", &next) };
    let frame = visit.frame("Refunds", "refunds");
    RefundsPage { frame, fields, refunds: answer.refunds, next }.shown()
}
