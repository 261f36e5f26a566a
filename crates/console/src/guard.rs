//! What keeps other sites out: headers of every answer, and where a form may come from.

use axum::{extract::Request, middleware::Next, response::Response};
use http::{HeaderMap, HeaderName, HeaderValue, header};

/// Nothing is loaded, sent or framed but by and to this very site, and nothing in a page is run or
/// styled from within it.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
                      form-action 'self'; connect-src 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";

const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Sets the headers of every answer.
pub async fn headers(request: Request, next: Next) -> Response {
    // Whoever ends TLS in front of this says so; on a plain connection the header has no effect.
    let behind_tls = request.headers().get(FORWARDED_PROTO).is_some_and(|proto| proto == "https");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut set = |name, value| headers.insert(name, HeaderValue::from_static(value));
    set(header::CONTENT_SECURITY_POLICY, POLICY);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "same-origin");
    if behind_tls {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Whether a form was sent from a page of this site. Browsers say where it came from; who says
/// nothing is no browser, and has nobody's cookies but its own.
pub fn is_from_here(headers: &HeaderMap) -> bool {
    let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or(""));
    let by_fetch = text(&FETCH_SITE).is_none_or(|site| site == "same-origin");
    let by_origin = text(&header::ORIGIN).is_none_or(|origin| {
        let authority = origin.split_once("://").map(|(_, authority)| authority);
        authority.is_some() && authority == text(&header::HOST)
    });
    by_fetch && by_origin
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(pairs: &[(&'static str, &'static str)]) -> bool {
        let pairs = pairs.iter();
        is_from_here(
            &pairs
                .map(|(name, value)| {
                    (HeaderName::from_static(name), HeaderValue::from_static(value))
                })
                .collect(),
        )
    }

    #[test]
    fn only_a_page_of_this_very_site_sends_forms() {
        let host = ("host", "meridian.example:8443");
        assert!(from(&[host]));
        assert!(from(&[host, ("origin", "https://meridian.example:8443")]));
        assert!(from(&[host, ("sec-fetch-site", "same-origin")]));
        for origin in [
            "https://evil.example",
            "https://meridian.example",
            "null",
            "",
            "meridian.example:8443",
        ] {
            assert!(!from(&[host, ("origin", origin)]), "{origin}");
        }
        for site in ["cross-site", "same-site", "none", ""] {
            assert!(!from(&[host, ("sec-fetch-site", site)]), "{site}");
        }
        assert!(!from(&[("origin", "https://meridian.example")]));
    }
}
