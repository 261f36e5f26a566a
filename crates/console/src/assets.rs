//! The style sheet, the script and the icon, compiled in.

use axum::{Router, routing::get};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

const KEPT: &str = "private, max-age=300";

pub fn router() -> Router {
    Router::new()
        .route(
            "/console/assets/console.css",
            get(async || file("text/css; charset=utf-8", include_str!("../assets/console.css"))),
        )
        .route(
            "/console/assets/console.js",
            get(async || {
                file("text/javascript; charset=utf-8", include_str!("../assets/console.js"))
            }),
        )
        .route(
            "/console/assets/icon.svg",
            get(async || file("image/svg+xml", include_str!("../assets/icon.svg"))),
        )
}

fn file(
    kind: &'static str,
    text: &'static str,
) -> ([(http::HeaderName, &'static str); 2], &'static str) {
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, KEPT)], text)
}
