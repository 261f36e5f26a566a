//! `POST /providers/{provider}/notices`: what payment providers post to us. Every byte of a message
//! is signed, so it is passed on as it came.

use crate::{
    Services,
    rest::{self, Refusal, Template},
};
use axum::{
    Router,
    extract::Request,
    response::{IntoResponse as _, Response},
    routing::post,
};
use http::{HeaderMap, StatusCode, request::Parts};
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::sync::Semaphore;
use tonic::metadata::MetadataMap;
use wire::payments::v1::{ReceiveNoticeRequest, payment_service_client::PaymentServiceClient};

const TEMPLATE: &str = "/providers/{provider}/notices";

/// The largest message that is read, in bytes: Stripe's are a few KiB.
const MAX_BODY: usize = 256 << 10;

/// Messages that are read and passed on at the same time. Nobody is known to be behind one until it
/// is here as a whole, so they have places of their own, and more are refused.
const MAX_AT_ONCE: usize = 32;

/// How long one may take, from its headers to its answer. Providers give up after 10 to 30 seconds.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);

/// Headers whose names end so may be the signature.
const SIGNATURE: &str = "signature";

/// Serves the path over `services`.
pub fn router<S: Services>(services: S) -> Router {
    let places = Arc::new(Semaphore::new(MAX_AT_ONCE));
    let answer = move |request: Request| {
        let (services, places) = (services.clone(), Arc::clone(&places));
        async move {
            // A body that is not taken is not waited for either: its connection ends with it.
            let Ok(_place) = places.try_acquire() else {
                return Refusal::no_room().into_response();
            };
            answer(services, request).await
        }
    };
    Router::new().route(TEMPLATE, post(answer))
}

async fn answer<S: Services>(services: S, request: Request) -> Response {
    let mut response = match receive(services, request).await {
        Ok(()) => rest::reply(StatusCode::OK, b"{}".to_vec()),
        Err(refusal) => refusal.into_response(),
    };
    response.extensions_mut().insert(Template(TEMPLATE));
    response
}

async fn receive<S: Services>(services: S, request: Request) -> Result<(), Refusal> {
    let (parts, body) = request.into_parts();
    let body = rest::body::read_up_to(MAX_BODY, &parts, body).await?;
    let Parts { uri, headers, .. } = parts;
    // The route has it between two slashes; a name that is percent-encoded is none of ours.
    let provider = uri.path().split('/').nth(2).unwrap_or_default().to_owned();
    let message =
        ReceiveNoticeRequest { provider, headers: signatures(&headers), body: body.to_vec() };
    let mut request = tonic::Request::new(message);
    let metadata = rest::forwarded(&headers)?;
    *request.metadata_mut() = MetadataMap::from_headers(metadata.into_headers());
    let received = PaymentServiceClient::new(services).receive_notice(request).await;
    received.map(drop).map_err(|status| Refusal::of(&status))
}

fn signatures(headers: &HeaderMap) -> HashMap<String, String> {
    let signatures = headers.iter().filter(|(name, _)| name.as_str().ends_with(SIGNATURE));
    let texts = signatures.filter_map(|(name, value)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    });
    texts.collect()
}
