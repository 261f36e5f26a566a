//! A request of somebody who is logged in, and the calls that are made for it.

use crate::{
    Site,
    fields::Fields,
    frame::{Frame, May},
    guard,
    refused::Stop,
    session::Secret,
    zone::Zone,
};
use axum::{
    extract::{FromRequest, FromRequestParts as _, RawPathParams, Request},
    response::{IntoResponse as _, Redirect, Response},
};
use gateway::{
    Services,
    rest::{body, percent},
};
use http::{HeaderMap, HeaderValue, Method, header, request::Parts};
use std::{ops::Deref, time::Duration};
use time::OffsetDateTime;
use tonic::{Extensions, Status, metadata::MetadataMap};
use wire::{
    accounts::v1::{GetSessionRequest, Session, account_service_client::AccountServiceClient},
    cancellations::v1::cancellation_service_client::CancellationServiceClient,
    events::v1::event_service_client::EventServiceClient,
    orders::v1::order_service_client::OrderServiceClient,
    refunds::v1::refund_service_client::RefundServiceClient,
    stores::v1::{GetStoreRequest, Role, Store, store_service_client::StoreServiceClient},
    webhooks::v1::webhook_service_client::WebhookServiceClient,
};

/// What a handler comes to.
pub type Shown = Result<Response, Stop>;

/// How long a service may take, as gRPC writes it.
const DEADLINE: HeaderValue = HeaderValue::from_static("30S");

/// How long a stream may take: a month of a large store.
const AT_LENGTH: Duration = Duration::from_mins(10);

/// Where a password is changed, and what somebody may visit who has to do that first.
pub const PASSWORD: &str = "/console/password";
const OF_EVERYBODY: [&str; 2] = [PASSWORD, "/console/logout"];

/// The longest message that is taken, in bytes: a page of 1000 large orders fits.
const MAX_ANSWER: usize = 64 << 20;

/// Headers of the request that its calls carry on.
const PASSED_ON: [&str; 2] = ["traceparent", "tracestate"];

/// The services, as one caller calls them.
#[derive(Clone)]
pub struct Calls<S> {
    services: S,
    metadata: MetadataMap,
}

macro_rules! clients {
    ($($name:ident: $client:ident),+) => {$(
        pub fn $name(&self) -> $client<S> {
            $client::new(self.services.clone()).max_decoding_message_size(MAX_ANSWER)
        }
    )+};
}

impl<S: Services> Calls<S> {
    /// `None` if no header can hold the secret.
    pub fn of(services: S, secret: &Secret, headers: &HeaderMap) -> Option<Self> {
        let mut calls = Self::of_nobody(services, headers);
        let mut metadata = calls.metadata.into_headers();
        metadata.insert(header::AUTHORIZATION, secret.bearer()?);
        calls.metadata = MetadataMap::from_headers(metadata);
        Some(calls)
    }

    /// The calls of somebody who is not logged in yet.
    pub fn of_nobody(services: S, headers: &HeaderMap) -> Self {
        let mut metadata = HeaderMap::new();
        for name in PASSED_ON {
            if let Some(value) = headers.get(name) {
                metadata.insert(name, value.clone());
            }
        }
        metadata.insert("grpc-timeout", DEADLINE);
        Self { services, metadata: MetadataMap::from_headers(metadata) }
    }

    /// A message as this caller sends it.
    pub fn ask<M>(&self, message: M) -> tonic::Request<M> {
        tonic::Request::from_parts(self.metadata.clone(), Extensions::default(), message)
    }

    /// The same for a stream that may be long.
    pub fn ask_at_length<M>(&self, message: M) -> tonic::Request<M> {
        let mut request = self.ask(message);
        request.set_timeout(AT_LENGTH);
        request
    }

    clients! {
        orders: OrderServiceClient,
        refunds: RefundServiceClient,
        cancellations: CancellationServiceClient,
        stores: StoreServiceClient,
        accounts: AccountServiceClient,
        webhooks: WebhookServiceClient,
        events: EventServiceClient
    }

    /// Whether the secret is that of somebody who works here, and whose.
    pub async fn session(&self) -> Result<Session, Status> {
        let answer = self.accounts().get_session(self.ask(GetSessionRequest {})).await?;
        let session = answer.into_inner().session.unwrap_or_default();
        match session.role() {
            Role::Viewer | Role::Agent | Role::Manager | Role::Platform => Ok(session),
            _ => {
                Err(Status::permission_denied("this token is for a program, and for nobody to see"))
            }
        }
    }
}

/// Somebody who is logged in, and what was sent.
pub struct Visitor<S> {
    pub calls: Calls<S>,
    pub session: Session,
    pub form_token: String,
    pub query: Fields,
    pub form: Fields,
    pub now: OffsetDateTime,
    path: Vec<(String, String)>,
}

impl<S> Visitor<S> {
    /// A part of the path, by its name in the route.
    pub fn named(&self, name: &str) -> String {
        let found = self.path.iter().find(|(named, _)| named == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    }
}

impl<S: Services> FromRequest<Site<S>> for Visitor<S> {
    type Rejection = Response;

    async fn from_request(request: Request, site: &Site<S>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        // A sender that is refused before it has sent everything would not see the answer.
        let secret = Secret::of(&parts.headers);
        let most = if secret.is_some() { body::MAX_BODY } else { MAX_OF_NOBODY };
        let body = body::read_up_to(most, &parts, body).await;
        let body = body.map_err(|unread| Stop::from(unread).into_response())?;
        let secret = secret.ok_or_else(|| to_log_in(&parts))?;
        let form = sent_form(&parts, &secret, &body).map_err(Stop::into_response)?;
        let query = Fields::of(parts.uri.query().unwrap_or_default());
        let query = query.ok_or_else(|| Stop::unreadable().into_response())?;
        let calls = Calls::of(site.services.clone(), &secret, &parts.headers);
        let calls = calls.ok_or_else(|| to_log_in(&parts))?;
        let session = calls.session().await.map_err(|status| match status.code() {
            tonic::Code::Unauthenticated => to_log_in(&parts),
            _ => Stop::from(status).into_response(),
        })?;
        let has_to_choose = session.user.as_ref().is_some_and(|user| user.password_is_temporary);
        if has_to_choose && !OF_EVERYBODY.contains(&parts.uri.path()) {
            return Err(Redirect::to(PASSWORD).into_response());
        }
        let path = RawPathParams::from_request_parts(&mut parts, site).await;
        let path = path.map_err(|_| Stop::unreadable().into_response())?;
        Ok(Self {
            calls,
            session,
            form_token: secret.form_token(),
            query,
            form,
            now: (site.now)(),
            path: path.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        })
    }
}

/// The longest form of somebody who is not logged in, in bytes.
pub const MAX_OF_NOBODY: usize = 64 << 10;

/// What was posted, if it was sent from a page of this session.
fn sent_form(parts: &Parts, secret: &Secret, body: &[u8]) -> Result<Fields, Stop> {
    if parts.method != Method::POST {
        return Ok(Fields::default());
    }
    let form = str::from_utf8(body).ok().and_then(Fields::of).ok_or_else(Stop::unreadable)?;
    if guard::is_from_here(parts) && secret.made(form.text("csrf")) {
        Ok(form)
    } else {
        tracing::warn!("a form that was sent from elsewhere was refused");
        Err(Stop::forged())
    }
}

/// Asks to log in, and goes on where somebody wanted to go.
fn to_log_in(parts: &Parts) -> Response {
    let wanted = parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    if parts.method != Method::GET || wanted == "/console" {
        return Redirect::to("/console/login").into_response();
    }
    Redirect::to(&format!("/console/login?next={}", percent::encode(&wanted))).into_response()
}

/// A visitor of a page of one store.
pub struct Visit<S> {
    visitor: Visitor<S>,
    pub store: Store,
    /// What days and months are here.
    pub zone: Zone,
}

impl<S> Deref for Visit<S> {
    type Target = Visitor<S>;

    fn deref(&self) -> &Visitor<S> {
        &self.visitor
    }
}

impl<S: Services> FromRequest<Site<S>> for Visit<S> {
    type Rejection = Response;

    async fn from_request(request: Request, site: &Site<S>) -> Result<Self, Response> {
        let visitor = Visitor::from_request(request, site).await?;
        let store_id = visitor.named("store_id");
        let asked = visitor.calls.ask(GetStoreRequest { store_id });
        let answer = visitor.calls.stores().get_store(asked).await;
        let answer = answer.map_err(|status| Stop::from(status).into_response())?.into_inner();
        let store = answer.store.unwrap_or_default();
        let settings = store.settings.as_ref();
        let zone = Zone::named(settings.map_or("", |settings| &settings.time_zone));
        Ok(Self { visitor, store, zone })
    }
}

impl<S: Services> Visit<S> {
    pub fn store_id(&self) -> String {
        self.store.store_id.clone()
    }

    pub fn order_id(&self) -> String {
        self.named("order_id")
    }

    /// What makes a call of this form idempotent, however often the form is sent.
    pub fn request_id(&self) -> String {
        self.form.text("request_id").to_owned()
    }

    /// What stands around a page. `here` is the entry of the menu that it belongs to.
    pub fn frame(&self, title: impl Into<String>, here: &'static str) -> Frame {
        Frame {
            title: title.into(),
            base: format!("/console/{}", self.store.store_id),
            store_name: self.store.name.clone(),
            zone: self.zone.clone(),
            here,
            role: crate::words::role(&self.session.role),
            may: May::of(self.session.role()),
            who: self.session.user.as_ref().map(|user| user.name.clone()).unwrap_or_default(),
            platform: self.session.role() == Role::Platform,
            form_token: self.form_token.clone(),
            request_id: uuid::Uuid::new_v4().to_string(),
            sent: self.form.clone(),
            done: crate::words::done(self.query.text("done")),
            refused: None,
        }
    }

    /// Goes to a page of the store, where `done` is said.
    pub fn go(&self, path: &str, done: &str) -> Response {
        let to = format!("/console/{}/{path}?done={done}", self.store.store_id);
        Redirect::to(&to).into_response()
    }
}
