//! `POST /Order/CreateOrderRefund`: refunds for callers that speak the published API of another
//! platform.
//!
//! A call becomes two calls of the contract: which store the caller acts for, and the refund. What
//! is decided here is only the form of requests and answers; the rules are those of the services.

mod code;
mod envelope;
mod faults;
mod fields;
mod info;
mod json;
mod refusal;
mod request;

use crate::{
    Services,
    rest::{self, Template, body::Unread, percent},
};
use axum::{Router, extract::Request, response::Response, routing::post};
use envelope::Envelope;
pub(crate) use envelope::could_be_guid;
use faults::Faults;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts};
pub(crate) use info::component_name;
use refusal::Refused;
use tonic::{Code, Status, metadata::MetadataMap};
use uuid::Uuid;
use wire::{
    refunds::v1::{
        CreateRefundRequest, CreateRefundResponse, refund_service_client::RefundServiceClient,
    },
    stores::v1::{ResolveMerchantRequest, Store, store_service_client::StoreServiceClient},
};

/// Where it is served.
pub const PATH: &str = "/Order/CreateOrderRefund";

/// The metadata in which a GUID is the credential, where no bearer token is given. Only a store that
/// has `guid_alone` on lets anybody in by it.
pub const MERCHANT_GUID: HeaderName = HeaderName::from_static("x-merchant-guid");

const AUTHORIZATION: HeaderName = header::AUTHORIZATION;
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The longest answer that is taken, in bytes: a large order fits.
const MAX_ANSWER: usize = 64 << 20;

/// Serves [`PATH`] over `services`.
pub fn router<S: Services>(services: S) -> Router {
    let answer = move |request: Request| {
        let services = services.clone();
        async move { answer(services, request).await }
    };
    let refused = async |request: Request| {
        let (parts, body) = request.into_parts();
        let read = rest::body::read(&parts, body).await;
        read.map_or_else(Refused::from, |_| Refused::wrong_method()).into_response(true)
    };
    Router::new().route(PATH, post(answer).fallback(refused))
}

/// Shows a status that is not about a refund, such as a deadline that has passed.
pub fn of_status(status: &Status) -> Response {
    Refused::of(status).into_response(true)
}

async fn answer<S: Services>(services: S, request: Request) -> Response {
    let mut response = match refund(services, request).await {
        Ok(response) => response,
        // Before the store is known there is no setting to go by.
        Err(refused) => refused.into_response(true),
    };
    response.extensions_mut().insert(Template(PATH));
    response
}

async fn refund<S: Services>(services: S, request: Request) -> Result<Response, Refused> {
    let (parts, body) = request.into_parts();
    // A caller that is refused before it has sent everything would see a broken connection.
    let body = rest::body::read(&parts, body).await?;
    let Parts { uri, headers, .. } = parts;
    let query = percent::pairs(uri.query().unwrap_or_default())
        .ok_or_else(|| Refused::malformed("the query is not percent-encoded UTF-8".to_owned()))?;
    let envelope = Envelope::open(query, &headers, &body);
    let guid = envelope.merchant_guid().ok_or_else(Refused::unauthenticated)?;
    let calls = Calls { metadata: metadata(&headers, guid)?, services };
    let store = calls.resolve(guid.to_owned()).await?;
    let error_info = store.settings.as_ref().is_some_and(|settings| settings.error_info);
    let made = make(&calls, &store, envelope, request_id(&headers)?).await;
    Ok(made.unwrap_or_else(|refused| refused.into_response(error_info)))
}

/// Everything that is refused in the shape of the store's choice.
async fn make<S: Services>(
    calls: &Calls<S>,
    store: &Store,
    envelope: Envelope<'_>,
    request_id: String,
) -> Result<Response, Refused> {
    let parts = envelope.parts().map_err(Refused::malformed)?;
    let mut faults = Faults::default();
    let mut request = request::read(&parts.order_refund, parts.products.as_deref(), &mut faults);
    faults.into_result().map_err(|(reason, message)| Refused::fields(reason, message))?;
    request.store_id.clone_from(&store.store_id);
    request.request_id = request_id;

    let made = calls.create_refund(request).await?;
    let shown = info::of_refund(store, made).and_then(|info| serde_json::to_vec(&info).ok());
    let shown = shown.ok_or_else(|| {
        tracing::error!(store_id = store.store_id, "a refund could not be shown");
        Refused::internal()
    })?;
    Ok(rest::reply(StatusCode::OK, shown))
}

/// The caller's token, or the GUID for want of one; and how long the caller waits, and its trace.
fn metadata(headers: &HeaderMap, guid: &str) -> Result<MetadataMap, Refused> {
    let metadata =
        rest::forwarded(headers).map_err(|fault| Refused::malformed(fault.to_string()))?;
    let mut metadata = metadata.into_headers();
    // The key stands in the one request that takes it.
    metadata.remove(IDEMPOTENCY_KEY);
    if !metadata.contains_key(AUTHORIZATION) {
        let guid = HeaderValue::from_str(guid).map_err(|_| Refused::unauthenticated())?;
        metadata.insert(MERCHANT_GUID, guid);
    }
    Ok(MetadataMap::from_headers(metadata))
}

/// Without a key two equal calls are two refunds.
fn request_id(headers: &HeaderMap) -> Result<String, Refused> {
    let Some(key) = headers.get(IDEMPOTENCY_KEY) else {
        return Ok(Uuid::new_v4().to_string());
    };
    let key = key.to_str().map(str::to_owned);
    key.map_err(|_| Refused::malformed("Idempotency-Key must be visible ASCII".to_owned()))
}

impl From<Unread> for Refused {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::TooLong { .. } => Self::too_long(),
            Unread::NoRoom => Self::no_room(),
            Unread::TooSlow => Self::too_slow(),
            Unread::Broken(error) => Self::malformed(format!("the body was cut off: {error}")),
        }
    }
}

/// The calls of the contract, all with the same metadata.
struct Calls<S> {
    services: S,
    metadata: MetadataMap,
}

impl<S: Services> Calls<S> {
    /// The store that the caller may act for.
    async fn resolve(&self, merchant_guid: String) -> Result<Store, Refused> {
        let request = self.request(ResolveMerchantRequest { merchant_guid });
        let mut stores = StoreServiceClient::new(self.services.clone());
        match stores.resolve_merchant(request).await {
            Ok(answer) => answer.into_inner().store.ok_or_else(Refused::internal),
            Err(status) => Err(match status.code() {
                Code::Unauthenticated
                | Code::PermissionDenied
                | Code::NotFound
                | Code::InvalidArgument
                | Code::FailedPrecondition => Refused::unauthenticated(),
                _ => Refused::of(&status),
            }),
        }
    }

    async fn create_refund(
        &self,
        request: CreateRefundRequest,
    ) -> Result<CreateRefundResponse, Refused> {
        let mut refunds =
            RefundServiceClient::new(self.services.clone()).max_decoding_message_size(MAX_ANSWER);
        let answer = refunds.create_refund(self.request(request)).await;
        let made = answer.map_err(|status| match status.code() {
            // A token that ended meanwhile is answered like one that never was.
            Code::Unauthenticated => Refused::unauthenticated(),
            _ => Refused::of(&status),
        });
        Ok(made?.into_inner())
    }

    fn request<T>(&self, message: T) -> tonic::Request<T> {
        tonic::Request::from_parts(self.metadata.clone(), tonic::Extensions::default(), message)
    }
}

#[cfg(test)]
mod tests;
