//! Coming in and going out.

pub mod password;

use crate::{
    Site,
    fields::Fields,
    frame::html,
    guard,
    refused::{Refused, Stop},
    session::{self, Secret},
    visit::{Calls, MAX_OF_NOBODY, PASSWORD, Shown, Visitor},
};
use askama::Template;
use axum::{
    extract::{Request, State},
    response::{AppendHeaders, IntoResponse as _, Redirect, Response},
};
use gateway::{Services, rest::body};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tonic::Status;
use wire::{
    accounts::v1::{LogInRequest, LogOutRequest, Session},
    stores::v1::{ListStoresRequest, Role, Store},
};

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    next: String,
    store: String,
    login: String,
    refused: Option<Refused>,
}

/// `GET /console`: to the store's orders, or to the list of stores.
pub async fn home<S: Services>(visitor: Visitor<S>) -> Redirect {
    Redirect::to(&home_of(&visitor.session))
}

fn home_of(session: &Session) -> String {
    if session.user.as_ref().is_some_and(|user| user.password_is_temporary) {
        PASSWORD.to_owned()
    } else if session.role() == Role::Platform || session.store_id.is_empty() {
        "/console/stores".to_owned()
    } else {
        format!("/console/{}/orders", session.store_id)
    }
}

pub async fn show(request: Request) -> Shown {
    let query = request.uri().query().and_then(Fields::of).unwrap_or_default();
    let next = query.text("next").to_owned();
    let store = store_of(&next).map_or_else(|| session::store(request.headers()), str::to_owned);
    html(StatusCode::OK, &LoginPage { next, store, login: String::new(), refused: None })
}

/// `POST /console/login`. There is a new cookie with every log-in, so that a session that somebody
/// else has planted is never gone on with.
pub async fn log_in<S: Services>(State(site): State<Site<S>>, request: Request) -> Shown {
    let (parts, body) = request.into_parts();
    let body = body::read_up_to(MAX_OF_NOBODY, &parts, body).await?;
    if !guard::is_from_here(&parts) {
        return Err(Stop::forged());
    }
    let form = str::from_utf8(&body).ok().and_then(Fields::of).ok_or_else(Stop::unreadable)?;
    let next = form.text("next").to_owned();
    match begun(site.services, &form, &parts.headers).await {
        Ok(begun) => {
            let home = home_of(&begun.session);
            let to = if is_ours(&next) && home != PASSWORD { &next } else { &home };
            let cookies = begun.cookies.into_iter().map(|cookie| (header::SET_COOKIE, cookie));
            Ok((AppendHeaders(cookies), Redirect::to(to)).into_response())
        }
        Err(status) => {
            let refused = Refused::of(&status);
            let [store, login] = ["store", "login"].map(|field| form.text(field).to_owned());
            html(refused.http, &LoginPage { next, store, login, refused: Some(refused) })
        }
    }
}

/// A session that has just begun.
struct Begun {
    session: Session,
    cookies: Vec<HeaderValue>,
}

/// The session that the form asks for: that of a login and its password, or of an access token.
async fn begun<S: Services>(
    services: S,
    form: &Fields,
    headers: &HeaderMap,
) -> Result<Begun, Status> {
    let mut secret = Secret::new(form.text("token"));
    let (mut device, mut store) = (None, None);
    if form.has("login") {
        let asked = LogInRequest {
            store_id: form.text("store").to_owned(),
            login: form.text("login").to_owned(),
            password: form.untrimmed("password").to_owned(),
            device: session::device(headers),
        };
        let calls = Calls::of_nobody(services.clone(), headers);
        let answer = calls.accounts().log_in(calls.ask(asked)).await?.into_inner();
        secret = Secret::new(answer.secret);
        device = session::device_cookie(&answer.device);
        store = session::store_cookie(form.text("store"));
    }
    let unusable = || Status::unauthenticated("this is no access token");
    let calls = Calls::of(services, &secret, headers).ok_or_else(unusable)?;
    let session = calls.session().await?;
    let cookie = secret.cookie().ok_or_else(unusable)?;
    let cookies = [Some(cookie), device, store].into_iter().flatten().collect();
    Ok(Begun { session, cookies })
}

/// The store whose page somebody wanted.
fn store_of(next: &str) -> Option<&str> {
    let (store, _) = next.strip_prefix("/console/")?.split_once('/')?;
    Some(store).filter(|store| !store.is_empty())
}

/// Whether a path leads back into the console, and nowhere else.
fn is_ours(path: &str) -> bool {
    let is_written = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    path.starts_with("/console/") && is_written && !path.contains("//")
}

/// A session ends in the services, too; a token goes on for whoever else has it.
pub async fn log_out<S: Services>(visitor: Visitor<S>) -> Response {
    if visitor.session.user.is_some() {
        let ended = visitor.calls.accounts().log_out(visitor.calls.ask(LogOutRequest {})).await;
        if let Err(status) = ended {
            return Stop::from(status).into_response();
        }
    }
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
    fn the_store_is_that_of_the_page_that_was_wanted() {
        assert_eq!(store_of("/console/acme/orders?q=1"), Some("acme"));
        for none in ["", "/console", "/console/stores", "/console//orders", "/v1/stores/acme/x"] {
            assert_eq!(store_of(none), None, "{none}");
        }
    }

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
            "/console/\u{1}",
            "/console/\u{e9}",
        ] {
            assert!(!is_ours(elsewhere), "{elsewhere}");
        }
    }
}
