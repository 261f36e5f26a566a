//! Coming in and going out.

use crate::{
    Site,
    fields::Fields,
    frame::html,
    guard,
    refused::{Refused, Stop},
    session::{self, Secret},
    visit::{Calls, Shown, Visitor},
};
use askama::Template;
use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Redirect, Response},
};
use gateway::{Services, rest::body};
use http::{HeaderMap, StatusCode, header};
use tonic::Status;
use wire::stores::v1::{ListStoresRequest, Role, Store};

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    next: String,
    refused: Option<Refused>,
}

/// `GET /console`: to the store's orders, or to the list of stores.
pub async fn home<S: Services>(visitor: Visitor<S>) -> Redirect {
    Redirect::to(&home_of(visitor.role, &visitor.own_store))
}

fn home_of(role: Role, store_id: &str) -> String {
    if role == Role::Platform || store_id.is_empty() {
        "/console/stores".to_owned()
    } else {
        format!("/console/{store_id}/orders")
    }
}

pub async fn show(request: Request) -> Shown {
    let query = request.uri().query().and_then(Fields::of).unwrap_or_default();
    html(StatusCode::OK, &LoginPage { next: query.text("next").to_owned(), refused: None })
}

/// `POST /console/login`. There is a new cookie with every log-in, so that a session that somebody
/// else has planted is never gone on with.
pub async fn log_in<S: Services>(State(site): State<Site<S>>, request: Request) -> Shown {
    let (parts, body) = request.into_parts();
    let body = body::read(&parts, body).await.map_err(|_| Stop::unreadable())?;
    if !guard::is_from_here(&parts.headers) {
        return Err(Stop::forged());
    }
    let form = str::from_utf8(&body).ok().and_then(Fields::of).ok_or_else(Stop::unreadable)?;
    let next = form.text("next").to_owned();
    match proved(site.services, &form, &parts.headers).await {
        Ok((secret, home)) => {
            let to = if is_ours(&next) { &next } else { &home };
            let cookie = secret.cookie().ok_or_else(Stop::unreadable)?;
            Ok(([(header::SET_COOKIE, cookie)], Redirect::to(to)).into_response())
        }
        Err(status) => {
            let refused = Refused::of(&status);
            html(refused.http, &LoginPage { next, refused: Some(refused) })
        }
    }
}

/// The secret of the session that the form asks for, and where it begins.
async fn proved<S: Services>(
    services: S,
    form: &Fields,
    headers: &HeaderMap,
) -> Result<(Secret, String), Status> {
    let secret = Secret::new(form.text("token"));
    let calls = Calls::of(services, &secret, headers);
    let calls = calls.ok_or_else(|| Status::unauthenticated("this is no access token"))?;
    let caller = calls.caller().await?;
    Ok((secret, home_of(caller.role(), &caller.store_id)))
}

/// Whether a path leads back into the console, and nowhere else.
fn is_ours(path: &str) -> bool {
    path.starts_with("/console/") && !path.contains(['\\', '\r', '\n']) && !path.contains("//")
}

pub async fn log_out<S: Services>(_: Visitor<S>) -> Response {
    let cookie = session::no_cookie().map(|cookie| [(header::SET_COOKIE, cookie)]);
    (cookie, Redirect::to("/console/login")).into_response()
}

#[derive(Template)]
#[template(path = "stores.html")]
struct StoresPage {
    stores: Vec<Store>,
    next: String,
    form_token: String,
}

/// `GET /console/stores`: for those who act for more than one.
pub async fn stores<S: Services>(visitor: Visitor<S>) -> Shown {
    let page_token = visitor.query.text("page").to_owned();
    let request = visitor.calls.ask(ListStoresRequest { page_size: 100, page_token });
    let answer = visitor.calls.stores().list_stores(request).await?.into_inner();
    let next = answer.next_page_token;
    let next = if next.is_empty() { next } else { visitor.query.query_with("page", &next) };
    let form_token = visitor.form_token.clone();
    html(StatusCode::OK, &StoresPage { stores: answer.stores, next, form_token })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_in_leads_nowhere_but_into_the_console() {
        assert!(is_ours("/console/acme/orders?q=a%2Fb"));
        for elsewhere in [
            "",
            "https://evil.example/console/",
            "//evil.example/console/",
            "/console//evil.example",
            "/console/\\evil.example",
            "/v1/stores",
            "/console/\r\nset-cookie: a=b",
        ] {
            assert!(!is_ours(elsewhere), "{elsewhere}");
        }
    }
}
