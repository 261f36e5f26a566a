//! No request runs longer than the gateway allows.

use crate::rest;
use axum::{Router, extract::Request, middleware::Next, response::Response};
use http::{HeaderName, HeaderValue};
use std::time::Duration;
use tonic::Status;

/// How much longer the gateway waits than it lets the services have, so that their own answer to a
/// deadline that has passed is the one that is shown.
const GRACE: Duration = Duration::from_secs(1);

const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
const REQUEST_TIMEOUT: HeaderName = HeaderName::from_static("x-request-timeout");

/// Ends the requests of `router` after `timeout`. `show` is how an error reads there. A stream has
/// to be open by then, and ends when its caller says or leaves.
pub fn within(router: Router, timeout: Duration, show: fn(&Status) -> Response) -> Router {
    let limit = move |mut request: Request, next: Next| async move {
        let streams = rest::streams(&request);
        let headers = request.headers_mut();
        // One that cannot be read is refused where it is read for the call.
        let asked = rest::timeout(headers);
        if !streams && asked.is_ok_and(|asked| asked.is_none_or(|asked| asked.duration() > timeout))
        {
            headers.remove(REQUEST_TIMEOUT);
            headers.insert(GRPC_TIMEOUT, metadata(timeout));
        }
        let answered = tokio::time::timeout(timeout.saturating_add(GRACE), next.run(request)).await;
        answered.unwrap_or_else(|_| {
            tracing::warn!(?timeout, "a request took too long");
            show(&Status::deadline_exceeded("the request took too long"))
        })
    };
    router.layer(axum::middleware::from_fn(limit))
}

/// Milliseconds in at most eight digits, as gRPC writes them.
fn metadata(timeout: Duration) -> HeaderValue {
    let millis = timeout.as_millis().min(99_999_999);
    HeaderValue::from_str(&format!("{millis}m")).unwrap_or(HeaderValue::from_static("30S"))
}
