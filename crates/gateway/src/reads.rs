//! `GET /v1/orders/{order_id}/refunds`: reads for callers who know their merchant GUID or their
//! token, and not their store.

use crate::{
    Services,
    compatible::could_be_guid,
    rest::{self, Refusal, percent},
};
use axum::{
    Router,
    extract::Request,
    response::{IntoResponse, Response},
    routing::get,
};
use http::Uri;
use tonic::{Code, Status, metadata::MetadataMap};
use wire::stores::v1::{ResolveMerchantRequest, Store, store_service_client::StoreServiceClient};

const MERCHANT_GUID: &str = "merchantGUID";

/// Serves the refunds of an order, without its store in the path.
pub fn router<S: Services>(services: S) -> Router {
    let answer = move |request: Request| {
        let services = services.clone();
        async move {
            let answered = refunds(services, request).await;
            answered.unwrap_or_else(IntoResponse::into_response)
        }
    };
    Router::new().route("/v1/orders/{order_id}/refunds", get(answer).fallback(rest::only_get))
}

/// The order that the path names. It is decoded here, because a path that cannot be has its answer
/// in the shape of every other refusal.
fn order_id(path: &str) -> Result<String, Refusal> {
    let segment = path.split('/').nth(3).unwrap_or_default();
    percent::decode(segment)
        .ok_or_else(|| Refusal::field("order_id", "is not percent-encoded UTF-8"))
}

/// Finds the store and asks again with it in the path.
async fn refunds<S: Services>(services: S, mut request: Request) -> Result<Response, Refusal> {
    let order_id = order_id(request.uri().path())?;
    let (guid, query) = guid_and_query(&request)?;
    let metadata = rest::forwarded(request.headers())?;
    let store = store_of(services.clone(), metadata, guid).await?;
    let (store_id, order_id) = (percent::encode(&store.store_id), percent::encode(&order_id));
    let path = format!("/v1/stores/{store_id}/orders/{order_id}/refunds{query}");
    *request.uri_mut() = path.parse::<Uri>().map_err(|_| Refusal::unknown_path(&path))?;
    rest::answer(services, request).await
}

/// The store that the caller may act for: the one of the GUID, or else of the token.
async fn store_of<S: Services>(
    services: S,
    metadata: MetadataMap,
    merchant_guid: String,
) -> Result<Store, Refusal> {
    let by_token = merchant_guid.is_empty();
    let mut call = tonic::Request::new(ResolveMerchantRequest { merchant_guid });
    *call.metadata_mut() = metadata;
    let answer = StoreServiceClient::new(services).resolve_merchant(call).await;
    let store = answer.map_err(|status| match status.code() {
        Code::NotFound if by_token => {
            Refusal::field(MERCHANT_GUID, "is needed with a token that acts for every store")
        }
        _ => Refusal::of(&status),
    });
    let store = store?.into_inner().store;
    store.ok_or_else(|| Refusal::of(&Status::internal("no store was answered")))
}

/// Takes the GUID out of the query or a header; what is left of the query goes on.
fn guid_and_query(request: &Request) -> Result<(String, String), Refusal> {
    let given = request.headers().get(MERCHANT_GUID);
    let mut guids: Vec<_> =
        given.iter().map(|guid| String::from_utf8_lossy(guid.as_bytes()).into_owned()).collect();
    let mut query = String::new();
    for pair in request.uri().query().unwrap_or_default().split('&') {
        let decoded = percent::pairs(pair)
            .ok_or_else(|| Refusal::field("query", "is not percent-encoded UTF-8"))?;
        match decoded.into_iter().next() {
            Some((name, guid)) if name.eq_ignore_ascii_case(MERCHANT_GUID) => guids.push(guid),
            Some(_) => {
                query.push(if query.is_empty() { '?' } else { '&' });
                query.push_str(pair);
            }
            None => {}
        }
    }
    guids.dedup_by(|one, other| one.eq_ignore_ascii_case(other));
    match guids.as_slice() {
        [] => Ok((String::new(), query)),
        [guid] if could_be_guid(guid) => Ok((guid.clone(), query)),
        [_] => Err(Refusal::of(&Status::not_found("there is no store with this merchantGUID"))),
        _ => Err(Refusal::field(MERCHANT_GUID, "is given twice")),
    }
}
