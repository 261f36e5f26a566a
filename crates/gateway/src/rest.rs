//! REST, made from the routes of the contract: every HTTP request becomes one unary gRPC call.
//!
//! The calls go through whatever gRPC service the router is given, a channel to another process or
//! the services of this one, so that authentication, deadlines and limits are the layers of gRPC
//! and stand in one place. What is decided here is only what HTTP and JSON add: which call is
//! meant, whether the JSON has the shape of the contract, and how a refusal reads.

mod bare_order;
mod call;
mod json;
mod metadata;
pub(crate) mod percent;
mod refusal;
mod request;
mod route;
mod shape;

pub use metadata::forwarded;
pub use refusal::{Refusal, of_status};
pub(crate) use refusal::{http_status, name as code_name};

use crate::Services;
use axum::{
    Router,
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
    routing::any,
};
use call::Call;
use http::{HeaderValue, StatusCode, header};
use http_body_util::BodyExt;
use tonic::codegen::{Bytes, StdError};

/// The largest body that is read, in bytes. What is longer is refused with 413.
pub const MAX_BODY: usize = 4 << 20;

/// How much of a longer body is read before its connection is given up, in bytes.
const MAX_THROWN_AWAY: usize = 64 << 20;

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
    let path = request.uri().path().to_owned();
    match body_of(request.into_body()).await {
        Ok(_) => Refusal::unknown_path(&path).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

pub(crate) async fn answer<S: Services>(
    services: S,
    request: Request,
) -> Result<Response, Refusal> {
    // A caller that is refused before it has sent everything would see a broken connection.
    let (parts, body) = request.into_parts();
    let body = body_of(body).await?;
    let matched = route::find(&parts.method, parts.uri.path())?;
    let message = request::message(&matched, parts.uri.query(), &parts.headers, &body)?;
    let call =
        Call { path: matched.route.grpc_path, metadata: forwarded(&parts.headers)?, message };
    let answer = call.send(services).await.map_err(|status| Refusal::of(&status))?;
    let json = (matched.route.decode)(&answer).map_err(|fault| {
        tracing::error!(%fault, grpc_path = matched.route.grpc_path, "an answer could not be read");
        Refusal::internal()
    })?;
    let mut response = reply(StatusCode::OK, json);
    response.extensions_mut().insert(Template(matched.route.template));
    Ok(response)
}

async fn body_of(body: Body) -> Result<Bytes, Refusal> {
    read(body).await.map_err(|unread| match unread {
        Unread::TooLong => Refusal::too_long(),
        Unread::Broken(error) => Refusal::field("body", format!("could not be read: {error}")),
    })
}

/// Why a body was not read.
pub(crate) enum Unread {
    TooLong,
    Broken(StdError),
}

/// Reads a whole body of at most [`MAX_BODY`]. What is longer is read to its end, within reason,
/// and thrown away: a caller that is still sending would not see the refusal.
pub(crate) async fn read(mut body: Body) -> Result<Bytes, Unread> {
    let mut kept = Vec::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Unread::Broken(error.into()))?;
        let Ok(data) = frame.into_data() else { continue };
        length += data.len();
        if length <= MAX_BODY {
            kept.extend_from_slice(&data);
        } else if length > MAX_THROWN_AWAY {
            break;
        } else {
            kept = Vec::new();
        }
    }
    if length > MAX_BODY { Err(Unread::TooLong) } else { Ok(kept.into()) }
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
