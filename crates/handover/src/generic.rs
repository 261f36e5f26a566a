mod document;
mod reply;
mod signature;

use crate::failure::{lost, refused, undecided};
use async_trait::async_trait;
use document::Document;
use domain::order::{ExternalIds, FailureClass};
use outbound::{Answer, CallSettings, Caller, limits};
use ports::{Clock, Push, PushFailure, StorefrontBackend};
use reqwest::{
    RequestBuilder, StatusCode, Url,
    header::{ACCEPT, CONTENT_TYPE},
};
use std::{fmt, sync::Arc};

const JSON: &str = "application/json";

/// A shop that speaks the protocol of `docs/handover.md`: JSON over HTTP, signed by the scheme of
/// Standard Webhooks with the store's secret.
pub struct GenericHttp {
    caller: Caller,
    clock: Arc<dyn Clock>,
}

impl GenericHttp {
    /// Bytes that are read of an answer.
    pub const MAX_BODY: usize = limits::MAX_BODY;

    pub fn new(settings: CallSettings, clock: Arc<dyn Clock>) -> Self {
        Self { caller: Caller::new(settings, Self::MAX_BODY), clock }
    }

    async fn send(
        &self,
        push: &Push<'_>,
        request: RequestBuilder,
        body: Vec<u8>,
    ) -> Result<Answer, PushFailure> {
        let signed = signature::headers(push, &body, self.clock.now())?;
        let request = request.headers(signed).header(ACCEPT, JSON).body(body);
        self.caller.send(request).await.map_err(lost)
    }
}

impl fmt::Debug for GenericHttp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GenericHttp").finish_non_exhaustive()
    }
}

#[async_trait]
impl StorefrontBackend for GenericHttp {
    async fn find(&self, push: Push<'_>) -> Result<Option<ExternalIds>, PushFailure> {
        let client = self.caller.client().map_err(|error| undecided(lost(error)))?;
        let request = client.get(order_url(&push).map_err(undecided)?);
        let answer = self.send(&push, request, Vec::new()).await.map_err(undecided)?;
        match answer.status {
            StatusCode::NOT_FOUND => Ok(None),
            status if status.is_success() => match reply::ids(&answer) {
                Some(ids) => Ok(Some(ids)),
                None => Err(crate::answer::unreadable(&answer)),
            },
            _ => Err(undecided(reply::failure(&answer, &push, self.clock.now()))),
        }
    }

    async fn push(&self, push: Push<'_>) -> Result<ExternalIds, PushFailure> {
        let body = Document::of(&push).and_then(|document| {
            serde_json::to_vec(&document).map_err(|_| {
                refused(FailureClass::RejectedOther, "the order cannot be written as JSON")
            })
        })?;
        let request = self
            .caller
            .client()
            .map_err(lost)?
            .post(url(&push)?)
            .header("idempotency-key", push.order.order_id.as_str())
            .header(CONTENT_TYPE, JSON);
        let answer = self.send(&push, request, body).await?;
        match (reply::ids(&answer), answer.status) {
            (Some(ids), _) => Ok(ids),
            (None, status) if status.is_success() => Err(crate::answer::unreadable(&answer)),
            (None, _) => Err(reply::failure(&answer, &push, self.clock.now())),
        }
    }
}

fn url(push: &Push<'_>) -> Result<Url, PushFailure> {
    let unusable = |_| refused(FailureClass::RejectedOther, "the shop's URL cannot be read");
    push.target.url.parse().map_err(unusable)
}

fn order_url(push: &Push<'_>) -> Result<Url, PushFailure> {
    let mut url = url(push)?;
    let Ok(mut segments) = url.path_segments_mut() else {
        let text = "the shop's URL cannot be called";
        return Err(refused(FailureClass::RejectedOther, text));
    };
    segments.pop_if_empty().push(push.order.order_id.as_str());
    drop(segments);
    Ok(url)
}
