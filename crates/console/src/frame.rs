//! What stands around every page.

use crate::{
    fields::Fields,
    refused::{Refused, leaves_open},
    zone::Zone,
};
use askama::Template;
use axum::response::{Html, IntoResponse as _};
use http::StatusCode;
use tonic::Status;
use wire::stores::v1::Role;

use crate::visit::Shown;

/// What a page offers by role; the services decide.
#[derive(Debug, Clone, Copy)]
pub struct May {
    /// Ship, refund, accept and reject.
    pub act: bool,
    /// Cancel, approve, set up.
    pub manage: bool,
}

impl May {
    pub fn of(role: Role) -> Self {
        let manage = matches!(role, Role::Manager | Role::Platform);
        Self { act: manage || role == Role::Agent, manage }
    }
}

/// Title, menu, who is here, and what became of the last form.
#[derive(Debug)]
pub struct Frame {
    pub title: String,
    /// The path of the store's pages.
    pub base: String,
    pub store_name: String,
    /// In which times are shown.
    pub zone: Zone,
    pub here: &'static str,
    pub role: String,
    /// What somebody who logged in with a password is called.
    pub who: String,
    pub may: May,
    pub platform: bool,
    pub form_token: String,
    /// For the next form that is sent from this page.
    pub request_id: String,
    /// The form that led to this page; empty if there was none.
    pub sent: Fields,
    pub done: &'static str,
    pub refused: Option<Refused>,
}

impl Frame {
    /// The same, and what was refused. A form that may have been carried out keeps its request id,
    /// so that sending it again does it once.
    pub fn with(self, refused: Option<&Status>) -> Self {
        let Some(status) = refused else { return self };
        let sent_id = self.sent.text("request_id");
        let may_be_done = leaves_open(status) && !sent_id.is_empty();
        let request_id = if may_be_done { sent_id.to_owned() } else { self.request_id };
        let refused = Refused::of(status).in_form(&self.sent);
        let refused = Some(Refused { may_be_done, ..refused });
        Self { refused, request_id, done: "", ..self }
    }

    fn status(&self) -> StatusCode {
        self.refused.as_ref().map_or(StatusCode::OK, |refused| refused.http)
    }
}

/// A page of a store.
pub trait Page: Template {
    fn frame(&self) -> &Frame;

    /// The page with the status of what was refused.
    fn shown(&self) -> Shown {
        html(self.frame().status(), self)
    }
}

/// Any template as an answer.
pub fn html(status: StatusCode, template: &(impl Template + ?Sized)) -> Shown {
    let text = template.render().map_err(|error| {
        tracing::error!(%error, "a page could not be made");
        Status::internal("the page could not be made")
    })?;
    Ok((status, Html(text)).into_response())
}

/// Templates with a field `frame` are pages.
macro_rules! pages {
    ($($page:ty),+ $(,)?) => {$(
        impl crate::frame::Page for $page {
            fn frame(&self) -> &crate::frame::Frame {
                &self.frame
            }
        }
    )+};
}
pub(crate) use pages;
