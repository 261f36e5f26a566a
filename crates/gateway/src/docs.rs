//! The `OpenAPI` document of everything that the gateway serves, and a page to try it.
//!
//! The page and all that it loads are part of the binary: nothing comes from anywhere else.

mod document;

use crate::rest;
use axum::{
    Router,
    extract::Request,
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use http::{HeaderValue, StatusCode, header};
use swagger_ui_dist::{ApiDefinition, OpenApiSource};
use tonic::codegen::Bytes;
use tower::ServiceExt;

const DOCUMENT: &str = "/openapi.json";
const PAGE: &str = "/docs";

/// What the page loads of the library. The library's own page is not served: it shows the address
/// that it was asked by without escaping it.
const ASSETS: [&str; 2] = ["/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js"];

/// The page runs no script and loads nothing but its own.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                      img-src 'self' data:; connect-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// `/openapi.json`, `/docs`, and `/` that leads there.
pub fn router() -> Router {
    let document = Bytes::from(document::whole());
    let show = move || async move { rest::reply(StatusCode::OK, document.to_vec()) };
    let library = swagger_ui_dist::generate_routes(ApiDefinition {
        uri_prefix: PAGE,
        api_definition: OpenApiSource::Uri(DOCUMENT),
        title: None,
    });
    let router = Router::new()
        .route("/", get(|| async { Redirect::temporary(PAGE) }))
        .route(DOCUMENT, get(show))
        .route(PAGE, get(page))
        .route("/docs/start.js", get(start));
    ASSETS.iter().fold(router, |router, asset| {
        let library = library.clone();
        router.route(asset, get(|request: Request| library.oneshot(request)))
    })
}

async fn page() -> Response {
    let mut response = text("text/html; charset=utf-8", include_str!("docs/page.html"));
    let policy = HeaderValue::from_static(POLICY);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

async fn start() -> Response {
    text("text/javascript; charset=utf-8", include_str!("docs/start.js"))
}

fn text(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")], text).into_response()
}
