use crate::failure::refused;
use domain::order::FailureClass;
use ports::{Push, PushFailure};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use standardwebhooks::{
    HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook,
};
use time::OffsetDateTime;

/// The headers that prove to the shop whom a call is from. The message's id is the order's, so
/// that a shop which remembers ids takes an order once.
pub(super) fn headers(
    push: &Push<'_>,
    body: &[u8],
    now: OffsetDateTime,
) -> Result<HeaderMap, PushFailure> {
    let (id, timestamp) = (push.order.order_id.as_str(), now.unix_timestamp());
    let key = Webhook::new(&push.target.secret).ok().filter(|_| has_key(&push.target.secret));
    let signature = key.and_then(|key| key.sign(id, timestamp, body).ok());
    let signature = signature.ok_or_else(unsigned)?;
    let mut headers = HeaderMap::new();
    for (name, value) in [
        (HEADER_WEBHOOK_ID, id),
        (HEADER_WEBHOOK_TIMESTAMP, &timestamp.to_string()),
        (HEADER_WEBHOOK_SIGNATURE, &signature),
    ] {
        let value = HeaderValue::from_str(value).map_err(|_| unsigned())?;
        headers.insert(HeaderName::from_static(name), value);
    }
    Ok(headers)
}

/// An empty key is one that everybody has.
fn has_key(secret: &str) -> bool {
    !secret.strip_prefix("whsec_").unwrap_or(secret).is_empty()
}

fn unsigned() -> PushFailure {
    let text = "the store's secret is no signing key; expected whsec_ and then base64";
    refused(FailureClass::Authentication, text)
}
