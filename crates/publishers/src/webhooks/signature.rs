use ports::Outgoing;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use standardwebhooks::{
    HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook,
};

/// What an endpoint's secret begins with; its key follows in base64.
pub(super) const PREFIX: &str = "whsec_";

/// The headers that prove whom a message is from: signed with every secret, in their order, so
/// that during a rotation whoever has either of them can verify it.
pub(super) fn headers(message: &Outgoing<'_>) -> Result<HeaderMap, &'static str> {
    let (id, timestamp) = (message.message_id, message.at.unix_timestamp());
    let signatures = message.secrets.iter().map(|secret| {
        let signed = key(secret)?.sign(id, timestamp, message.body);
        signed.map_err(|_| "the message is no text and cannot be signed")
    });
    let signatures = signatures.collect::<Result<Vec<_>, _>>()?.join(" ");
    if signatures.is_empty() {
        return Err("the endpoint has no secret to sign with");
    }
    let mut headers = HeaderMap::new();
    for (name, value) in [
        (HEADER_WEBHOOK_ID, id),
        (HEADER_WEBHOOK_TIMESTAMP, &timestamp.to_string()),
        (HEADER_WEBHOOK_SIGNATURE, &signatures),
    ] {
        let value = HeaderValue::from_str(value)
            .map_err(|_| "the message's id cannot stand in a header")?;
        headers.insert(HeaderName::from_static(name), value);
    }
    Ok(headers)
}

/// An empty key is one that everybody has.
fn key(secret: &str) -> Result<Webhook, &'static str> {
    let encoded = secret.strip_prefix(PREFIX).filter(|encoded| !encoded.is_empty());
    encoded
        .and_then(|encoded| Webhook::new(encoded).ok())
        .ok_or("the endpoint's secret is no signing key; expected whsec_ and then base64")
}
