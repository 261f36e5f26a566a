//! What a caller takes.

use http::{HeaderMap, header};

pub const EVENTS: &str = "text/event-stream";

/// The media types of `Accept` in their order, without those that are not wanted at all.
pub fn accepted(headers: &HeaderMap) -> impl Iterator<Item = String> {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).filter_map(|range| {
        let mut parts = range.split(';').map(|part| part.trim().to_ascii_lowercase());
        let form = parts.next()?;
        let unwanted = parts.any(|part| {
            part.strip_prefix("q=").is_some_and(|q| q.chars().all(|c| "0.".contains(c)))
        });
        (!unwanted).then_some(form)
    })
}
