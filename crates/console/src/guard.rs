//! What keeps other sites out: headers of every answer, and where a form may come from.

use axum::{extract::Request, middleware::Next, response::Response};
use gateway::Encrypted;
use http::{HeaderName, HeaderValue, header, request::Parts, uri::Authority};

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
    let forwarded = request.headers().get(FORWARDED_PROTO).is_some_and(|proto| proto == "https");
    let over_tls = forwarded || request.extensions().get::<Encrypted>().is_some();
    let mut response = next.run(request).await;
    if over_tls {
        let policy = HeaderValue::from_static("max-age=31536000");
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, policy);
    }
    guarded(response)
}

/// An answer with the headers of every answer.
pub fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let mut set = |name, value| headers.insert(name, HeaderValue::from_static(value));
    set(header::CONTENT_SECURITY_POLICY, POLICY);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "same-origin");
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Whether a form was sent from a page of this site. Browsers say where it came from, over TLS by
/// Sec-Fetch-Site; those that do not say that name their site, which is held against the one that
/// was asked for. Who says nothing is no browser, and has nobody's cookies but its own.
pub fn is_from_here(parts: &Parts) -> bool {
    let text = |name: &HeaderName| parts.headers.get(name).map(|it| it.to_str().unwrap_or(""));
    if let Some(site) = text(&FETCH_SITE) {
        return site == "same-origin";
    }
    // HTTP/2 has the authority in its place.
    let here = text(&header::HOST).or_else(|| parts.uri.authority().map(Authority::as_str));
    text(&header::ORIGIN).is_none_or(|origin| {
        let authority = origin.split_once("://").map(|(_, authority)| authority);
        authority.is_some() && authority == here
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(pairs: &[(&'static str, &'static str)]) -> bool {
        asked_for("/console/login", pairs)
    }

    fn asked_for(uri: &'static str, pairs: &[(&'static str, &'static str)]) -> bool {
        let request = pairs
            .iter()
            .fold(http::Request::post(uri), |request, (name, value)| request.header(*name, *value));
        is_from_here(&request.body(()).unwrap().into_parts().0)
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
        // A proxy that has another name for it does not matter to a browser that says so itself.
        let origin = ("origin", "https://shown.example");
        assert!(from(&[host, origin, ("sec-fetch-site", "same-origin")]));
        assert!(!from(&[
            host,
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://meridian.example:8443")
        ]));
    }

    #[test]
    fn over_http_2_the_site_stands_in_the_address() {
        let address = "https://meridian.example:8443/console/login";
        assert!(asked_for(address, &[("origin", "https://meridian.example:8443")]));
        assert!(!asked_for(address, &[("origin", "https://evil.example")]));
    }
}
