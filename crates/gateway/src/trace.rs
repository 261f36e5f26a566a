//! One span per request, within the trace of its caller, and the services' spans within that.

use crate::rest::Template;
use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use tracing::{Instrument, Span, field};

/// Neither path nor query is recorded: they name orders and buyers.
pub async fn traced(mut request: Request, next: Next) -> Response {
    let matched = request.extensions().get::<MatchedPath>();
    let matched = matched.map(|path| path.as_str().to_owned());
    let method = request.method().clone();
    let span = tracing::info_span!(
        "http request",
        otel.name = field::Empty,
        otel.kind = "server",
        otel.status_code = field::Empty,
        http.request.method = %method,
        http.route = field::Empty,
        http.response.status_code = field::Empty,
    );
    telemetry::continue_trace(&span, |name| request.headers().get(name)?.to_str().ok());
    pass_on(&span, request.headers_mut());
    let response = next.run(request).instrument(span.clone()).await;

    let status = response.status();
    let template = response.extensions().get::<Template>().map(|template| template.0);
    if let Some(route) = template.or(matched.as_deref()) {
        span.record("http.route", route);
        span.record("otel.name", format!("{method} {route}"));
    }
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
    response
}

/// Puts the span in the place of its caller's. Where nobody exports spans, what the caller sent
/// goes on as it is.
fn pass_on(span: &Span, headers: &mut HeaderMap) {
    telemetry::pass_trace_on(span, |name, value| {
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&value)) {
            headers.insert(name, value);
        }
    });
}
