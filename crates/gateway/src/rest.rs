//! REST, made from the routes of the contract: every HTTP request becomes one gRPC call, and its
//! answer one document, or what comes of a stream as it comes.
//!
//! The calls go through whatever gRPC service the router is given, a channel to another process or
//! the services of this one, so that authentication, deadlines and limits are the layers of gRPC
//! and stand in one place. What is decided here is only what HTTP and JSON add: which call is
//! meant, whether the JSON has the shape of the contract, and how a refusal reads.

mod accept;
mod bare_order;
pub mod body;
mod call;
mod json;
mod metadata;
pub mod percent;
mod refusal;
mod request;
mod route;
mod shape;
mod stream;

pub use body::MAX_BODY;
pub use metadata::forwarded;
pub(crate) use metadata::timeout;
pub(crate) use refusal::{COME_BACK, name as code_name};
pub use refusal::{Refusal, http_status, of_status};

use crate::Services;
use axum::{
    Router,
    extract::Request,
    response::{IntoResponse, Response},
    routing::any,
};
use call::Call;
use http::{HeaderValue, StatusCode, header, request::Parts};
use wire::rest::{Fault, Route};

/// The template of the route that answered, such as `/v1/stores/{store_id}`; stands in the
/// extensions of the response for whoever names spans and counts requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Template(pub &'static str);

/// Serves everything below `/v1/` over `services`.
///
/// Merge it with other routers and give the whole [`not_found`] as its fallback.
pub fn router<S: Services>(services: S) -> Router {
    let answer = move |request: Request| {
        let services = services.clone();
        async move { answer(services, request).await.unwrap_or_else(IntoResponse::into_response) }
    };
    Router::new().route("/v1/{*path}", any(answer))
}

/// Answers a path that nobody serves in the shape of every other refusal.
pub async fn not_found(request: Request) -> Response {
    refused(request, |parts| Refusal::unknown_path(parts.uri.path())).await
}

/// Answers a method that a path does not take; where nothing else is served, it takes GET.
pub async fn only_get(request: Request) -> Response {
    refused(request, |parts| Refusal::wrong_method(&parts.method, &["GET"].into())).await
}

/// Reads what the caller has to say first: one that is still sending would not see the answer.
async fn refused(request: Request, why: impl FnOnce(&Parts) -> Refusal) -> Response {
    let (parts, body) = request.into_parts();
    match body::throw_away(&parts, body).await {
        Ok(()) => why(&parts).into_response(),
        Err(unread) => Refusal::from(unread).into_response(),
    }
}

pub(crate) async fn answer<S: Services>(
    services: S,
    request: Request,
) -> Result<Response, Refusal> {
    // A caller that is refused before it has sent everything would see a broken connection.
    let (parts, body) = request.into_parts();
    let body = body::read(&parts, body).await?;
    let matched = route::wanted(&parts.method, parts.uri.path(), &parts.headers)?;
    let message = request::message(&matched, parts.uri.query(), &parts.headers, &body)?;
    let route = matched.route;
    let call = Call { path: route.grpc_path, metadata: forwarded(&parts.headers)?, message };
    let mut response = if route.event.is_some() {
        stream::answer(services, route, call, &parts).await?
    } else {
        let answer = call.send(services).await.map_err(|status| Refusal::of(&status))?;
        reply(StatusCode::OK, (route.decode)(&answer).map_err(|fault| unread(route, &fault))?)
    };
    response.extensions_mut().insert(Template(route.template));
    Ok(response)
}

/// Whether the answer to a request is a stream, which has no length and no end that is known.
pub(crate) fn streams(request: &Request) -> bool {
    let matched = route::wanted(request.method(), request.uri().path(), request.headers());
    matched.is_ok_and(|matched| matched.route.event.is_some())
}

fn unread(route: &Route, fault: &Fault) -> Refusal {
    tracing::error!(%fault, grpc_path = route.grpc_path, "an answer could not be read");
    Refusal::internal()
}

pub(crate) fn reply(status: StatusCode, json: Vec<u8>) -> Response {
    let mut response = (status, json).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests;
