//! Page tokens: opaque to callers, and good only for the list that they came from.

use crate::Fields;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use ports::{Page, PageRequest};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

/// Rows of a page if the caller does not say.
const DEFAULT: u32 = 50;
/// Rows of a page at most.
const MOST: i32 = 1_000;

/// Where the next page starts, and of which list.
#[derive(Debug, Serialize, Deserialize)]
pub struct PageToken<C> {
    /// Digest of store and filters.
    list: String,
    after: C,
}

/// Reads `page_size` and `page_token`. `list` names the list: a token of another one is refused.
pub fn page<C: DeserializeOwned>(
    fields: &mut Fields,
    size: i32,
    token: &str,
    list: &impl prost::Message,
) -> PageRequest<C> {
    let size = match size {
        0 => DEFAULT,
        1..=MOST => size.unsigned_abs(),
        _ => {
            fields.wrong("page_size", format!("must be 1 to {MOST}, or 0 for {DEFAULT}"));
            DEFAULT
        }
    };
    if token.is_empty() {
        return PageRequest { size, after: None };
    }
    let read = BASE64_URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|bytes| serde_json::from_slice::<PageToken<C>>(&bytes).ok())
        .filter(|token| token.list == digest(list));
    if read.is_none() {
        fields.wrong("page_token", "must be a next_page_token of this very list");
    }
    PageRequest { size, after: read.map(|token| token.after) }
}

/// The token of the next page; empty if there is none.
pub fn next_token<C: Serialize>(next: Option<C>, list: &impl prost::Message) -> String {
    let token = next.map(|after| PageToken { list: digest(list), after });
    token
        .and_then(|token| serde_json::to_vec(&token).ok())
        .map(|bytes| BASE64_URL_SAFE_NO_PAD.encode(bytes))
        .unwrap_or_default()
}

/// Short: a mistake is to be found, not an attack; what a token may reach is checked anyway.
fn digest(list: &impl prost::Message) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(&Sha256::digest(list.encode_to_vec())[..9])
}

/// Bytes of a page's rows, so that any page fits into a message.
const MAX_BYTES: usize = 3 << 20;

/// Ends a page where its rows would not fit into one message; at least one row stays. `cursor`
/// tells where the page ends then.
pub fn within_message<T, M: prost::Message, C>(
    page: Page<T, C>,
    show: impl Fn(&T) -> M,
    cursor: impl Fn(&T) -> C,
) -> (Vec<M>, Option<C>) {
    let mut shown = Vec::with_capacity(page.items.len());
    let mut bytes = 0;
    let mut last = None;
    for item in &page.items {
        let row = show(item);
        bytes += row.encoded_len();
        if bytes > MAX_BYTES && last.is_some() {
            return (shown, last.map(cursor));
        }
        shown.push(row);
        last = Some(item);
    }
    (shown, page.next)
}
