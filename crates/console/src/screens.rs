//! Every screen, and where it is.

mod cancel;
mod cancellation;
mod cancellations;
mod entry;
mod export;
mod goods;
mod order;
mod orders;
mod refund;
mod refunds;
mod reports;
mod settings;
mod tokens;
mod waiting;
mod webhooks;
mod wizard;

use crate::{Site, frame::May};
use axum::{
    Router,
    routing::{get, post},
};
use gateway::Services;

/// The entries of the menu: a path below the store's, and its name.
pub const MENU: &[(&str, &str)] = &[
    ("orders", "Orders"),
    ("cancellations", "Cancellations"),
    ("refunds", "Refunds"),
    ("waiting", "Waiting"),
    ("webhooks", "Webhooks"),
    ("reports", "Reports"),
    ("settings", "Settings"),
    ("tokens", "Access"),
];

/// Whether an entry is shown: only managers see who has access.
pub fn offers(path: &str, may: &May) -> bool {
    path != "tokens" || may.manage
}

pub fn router<S: Services>() -> Router<Site<S>> {
    Router::new()
        .route("/console", get(entry::home::<S>))
        .route("/console/", get(entry::home::<S>))
        .route("/console/login", get(entry::show).post(entry::log_in::<S>))
        .route("/console/logout", post(entry::log_out::<S>))
        .route("/console/stores", get(entry::stores::<S>))
        .nest("/console/{store_id}", of_a_store())
}

fn of_a_store<S: Services>() -> Router<Site<S>> {
    Router::new()
        .route("/orders", get(orders::list::<S>))
        .route("/orders.csv", get(export::orders::<S>))
        .nest("/orders/{order_id}", of_an_order())
        .route("/cancellations", get(cancellations::list::<S>))
        .route("/refunds", get(refunds::list::<S>))
        .route("/waiting", get(waiting::list::<S>))
        .route("/settings", get(settings::show::<S>).post(settings::save::<S>))
        .route("/tokens", get(tokens::list::<S>).post(tokens::create::<S>))
        .route("/tokens/{token_id}/revoke", post(tokens::revoke::<S>))
        .route("/reports", get(reports::show::<S>))
        .route("/reports.csv", get(reports::csv::<S>))
        .route("/webhooks", get(webhooks::list::<S>).post(webhooks::create::<S>))
        .route("/webhooks/{endpoint_id}", get(webhooks::show::<S>).post(webhooks::change::<S>))
        .route("/webhooks/{endpoint_id}/delete", post(webhooks::delete::<S>))
        .route("/webhooks/{endpoint_id}/rotate", post(webhooks::rotate::<S>))
        .route("/webhooks/{endpoint_id}/test", post(webhooks::test::<S>))
        .route("/webhooks/{endpoint_id}/redeliver", post(webhooks::redeliver::<S>))
}

fn of_an_order<S: Services>() -> Router<Site<S>> {
    Router::new()
        .route("/", get(order::show::<S>))
        .route("/accept", post(order::accept::<S>))
        .route("/reference", post(order::set_reference::<S>))
        .route("/complete", post(order::complete::<S>))
        .route("/ship", post(goods::ship::<S>))
        .route("/deliver", post(goods::deliver::<S>))
        .route("/screening", post(order::screen::<S>))
        .route("/handover", post(order::hand_over::<S>))
        .route("/cancel", get(cancel::show::<S>).post(cancel::post::<S>))
        .route("/cancel/preview", post(cancel::fragment::<S>))
        .route("/refund", get(wizard::show::<S>).post(wizard::post::<S>))
        .route("/refund/quote", post(wizard::fragment::<S>))
        .route("/refunds/{refund_id}", get(refund::show::<S>).post(refund::act::<S>))
        .route("/refunds/{refund_id}/credit-note", get(refund::credit_note::<S>))
        .route(
            "/cancellations/{cancellation_id}",
            get(cancellation::show::<S>).post(cancellation::act::<S>),
        )
}
