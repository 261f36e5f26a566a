//! Somebody changes their password, because they want to or because it was given to them.

use super::home_of;
use crate::{
    frame::html,
    refused::Refused,
    session::{self, Secret},
    visit::{Shown, Visitor},
};
use askama::Template;
use axum::response::{AppendHeaders, IntoResponse as _, Redirect};
use gateway::Services;
use http::{StatusCode, header};
use tonic::Status;
use wire::accounts::v1::{ChangePasswordRequest, ChangePasswordResponse, User};

#[derive(Template)]
#[template(path = "password.html")]
struct PasswordPage {
    form_token: String,
    /// Nobody, if a token is used: that has no password.
    user: Option<User>,
    refused: Option<Refused>,
}

pub async fn show<S: Services>(visitor: Visitor<S>) -> Shown {
    page(&visitor, None)
}

fn page<S>(visitor: &Visitor<S>, refused: Option<Refused>) -> Shown {
    let http = refused.as_ref().map_or(StatusCode::OK, |refused| refused.http);
    let form_token = visitor.form_token.clone();
    html(http, &PasswordPage { form_token, user: visitor.session.user.clone(), refused })
}

pub async fn change<S: Services>(visitor: Visitor<S>) -> Shown {
    let form = &visitor.form;
    if form.untrimmed("new_password") != form.untrimmed("again") {
        let status = Status::invalid_argument("the new password is not the same twice");
        return page(&visitor, Some(Refused::of(&status)));
    }
    let request = visitor.calls.ask(ChangePasswordRequest {
        old_password: form.untrimmed("old_password").to_owned(),
        new_password: form.untrimmed("new_password").to_owned(),
    });
    match visitor.calls.accounts().change_password(request).await {
        Ok(answer) => {
            let ChangePasswordResponse { session, secret, device } = answer.into_inner();
            let to = format!("{}?done=password-changed", home_of(&session.unwrap_or_default()));
            // With the old password the old secret is over.
            let cookies = [Secret::new(secret).cookie(), session::device_cookie(&device)];
            let cookies = cookies.into_iter().flatten().map(|cookie| (header::SET_COOKIE, cookie));
            Ok((AppendHeaders(cookies), Redirect::to(&to)).into_response())
        }
        // The old password was wrong, which ends no session.
        Err(status) => page(&visitor, Some(Refused::of(&status))),
    }
}
