//! Every screen, and where it is.

mod access;
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
mod waiting;
mod webhooks;
mod wizard;

use crate::{Site, frame::May, refused::Stop};
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
    ("access", "Access"),
];

/// Whether an entry is shown: only managers see who has access.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "templates hand everything over by reference"
)]
pub fn offers(path: &str, may: &May) -> bool {
    path != "access" || may.manage
}

pub fn router<S: Services>() -> Router<Site<S>> {
    Router::new()
        .route("/console", get(entry::home::<S>))
        .route("/console/", get(entry::home::<S>))
        .route("/console/login", get(entry::show).post(entry::log_in::<S>))
        .route("/console/logout", post(entry::log_out::<S>))
        .route(
            "/console/password",
            get(entry::password::show::<S>).post(entry::password::change::<S>),
        )
        .route("/console/stores", get(entry::stores::<S>))
        .merge(of_a_store())
        .merge(of_an_order())
        .method_not_allowed_fallback(async || Stop::wrong_method())
}

fn of_a_store<S: Services>() -> Router<Site<S>> {
    Router::new()
        .route("/console/{store_id}/orders", get(orders::list::<S>))
        .route("/console/{store_id}/orders.csv", get(export::orders::<S>))
        .route("/console/{store_id}/cancellations", get(cancellations::list::<S>))
        .route("/console/{store_id}/refunds", get(refunds::list::<S>))
        .route("/console/{store_id}/waiting", get(waiting::list::<S>))
        .route("/console/{store_id}/settings", get(settings::show::<S>).post(settings::save::<S>))
        .route("/console/{store_id}/access", get(access::list::<S>))
        .route("/console/{store_id}/people", post(access::people::create::<S>))
        .route("/console/{store_id}/people/{user_id}", post(access::people::change::<S>))
        .route("/console/{store_id}/tokens", post(access::tokens::create::<S>))
        .route("/console/{store_id}/tokens/{token_id}/revoke", post(access::tokens::revoke::<S>))
        .route("/console/{store_id}/reports", get(reports::show::<S>))
        .route("/console/{store_id}/reports.csv", get(reports::csv::<S>))
        .route("/console/{store_id}/webhooks", get(webhooks::list::<S>).post(webhooks::create::<S>))
        .route(
            "/console/{store_id}/webhooks/{endpoint_id}",
            get(webhooks::show::<S>).post(webhooks::change::<S>),
        )
        .route("/console/{store_id}/webhooks/{endpoint_id}/delete", post(webhooks::delete::<S>))
        .route("/console/{store_id}/webhooks/{endpoint_id}/rotate", post(webhooks::rotate::<S>))
        .route("/console/{store_id}/webhooks/{endpoint_id}/test", post(webhooks::test::<S>))
        .route(
            "/console/{store_id}/webhooks/{endpoint_id}/redeliver",
            post(webhooks::redeliver::<S>),
        )
}

fn of_an_order<S: Services>() -> Router<Site<S>> {
    Router::new()
        .route("/console/{store_id}/orders/{order_id}", get(order::show::<S>))
        .route("/console/{store_id}/orders/{order_id}/accept", post(order::accept::<S>))
        .route("/console/{store_id}/orders/{order_id}/reference", post(order::set_reference::<S>))
        .route("/console/{store_id}/orders/{order_id}/complete", post(order::complete::<S>))
        .route("/console/{store_id}/orders/{order_id}/ship", post(goods::ship::<S>))
        .route("/console/{store_id}/orders/{order_id}/deliver", post(goods::deliver::<S>))
        .route("/console/{store_id}/orders/{order_id}/screening", post(order::screen::<S>))
        .route("/console/{store_id}/orders/{order_id}/erase", post(order::erase::<S>))
        .route("/console/{store_id}/orders/{order_id}/handover", post(order::hand_over::<S>))
        .route(
            "/console/{store_id}/orders/{order_id}/cancel",
            get(cancel::show::<S>).post(cancel::post::<S>),
        )
        .route("/console/{store_id}/orders/{order_id}/cancel/preview", post(cancel::fragment::<S>))
        .route(
            "/console/{store_id}/orders/{order_id}/refund",
            get(wizard::show::<S>).post(wizard::post::<S>),
        )
        .route("/console/{store_id}/orders/{order_id}/refund/quote", post(wizard::fragment::<S>))
        .route(
            "/console/{store_id}/orders/{order_id}/refunds/{refund_id}",
            get(refund::show::<S>).post(refund::act::<S>),
        )
        .route(
            "/console/{store_id}/orders/{order_id}/refunds/{refund_id}/credit-note",
            get(refund::credit_note::<S>),
        )
        .route(
            "/console/{store_id}/orders/{order_id}/cancellations/{cancellation_id}/preview",
            post(cancellation::fragment::<S>),
        )
        .route(
            "/console/{store_id}/orders/{order_id}/cancellations/{cancellation_id}",
            get(cancellation::show::<S>).post(cancellation::act::<S>),
        )
}
