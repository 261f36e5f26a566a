//! The edge for everyone who does not speak gRPC: REST made from the contract, the compatible
//! endpoint, the `OpenAPI` document with a page to try it, and whether all of it is well.
//!
//! The gateway holds nothing and decides nothing about orders and refunds: every call goes to the
//! services over gRPC, whether they run in this process or in another.

pub mod compatible;
pub mod csv;
mod deadline;
mod docs;
mod health;
mod notices;
mod reads;
pub mod rest;
mod room;
mod serve;
mod services;
mod trace;

pub use serve::{Encrypted, Limits, serve};
pub use services::Services;

use axum::{Extension, Router, extract::Request, middleware::from_fn, response::Response};
use room::Room;
use std::time::Duration;

/// How the gateway treats its callers.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How long a request may take, whatever its caller asks for, and a stream until it is open; the
    /// default is 30 seconds.
    pub request_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { request_timeout: Duration::from_secs(30) }
    }
}

/// What is served to people beside REST.
pub struct Pages {
    pub router: Router,
    /// This path and everything below is theirs.
    pub at: &'static str,
    /// The page of what is not there.
    pub not_found: fn() -> Response,
}

/// Everything that the gateway serves, over `services`.
pub fn router<S: Services>(services: S, options: Options) -> Router {
    let none = Pages { router: Router::new(), at: "", not_found: Response::default };
    router_beside(services, options, none)
}

/// The same and `pages` beside it, in the same traces and within the same room for bodies.
pub fn router_beside<S: Services>(services: S, options: Options, pages: Pages) -> Router {
    let timeout = options.request_timeout;
    let rest = rest::router(services.clone()).merge(reads::router(services.clone()));
    let compatible = compatible::router(services.clone());
    let notices = notices::router(services.clone());
    let Pages { router: pages, at, not_found } = pages;
    Router::new()
        .merge(deadline::within(rest, timeout, rest::of_status))
        .merge(deadline::within(compatible, timeout, compatible::of_status))
        .merge(deadline::within(notices, timeout.min(notices::TIMEOUT), rest::of_status))
        .merge(docs::router())
        .merge(health::router(services))
        .merge(pages)
        .fallback(async move |request: Request| {
            let answer = rest::not_found;
            if is_below(at, request.uri().path()) { not_found() } else { answer(request).await }
        })
        .method_not_allowed_fallback(rest::only_get)
        .layer(Extension(Room::default()))
        .layer(from_fn(trace::traced))
}

fn is_below(at: &str, path: &str) -> bool {
    let rest = path.strip_prefix(at).filter(|_| !at.is_empty());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod scripted;
#[cfg(test)]
mod tests;
