//! Tokens, for programs.

use super::{Made, page};
use crate::{
    visit::{Shown, Visit},
    words,
};
use gateway::Services;
use tonic::Status;
use wire::stores::v1::{CreateTokenRequest, RevokeTokenRequest, Role};

/// Answers the page itself and no redirect: the secret is shown this once.
pub async fn create<S: Services>(visit: Visit<S>) -> Shown {
    match created(&visit).await {
        Ok(made) => page(&visit, Some(made), None).await,
        Err(status) => page(&visit, None, Some(&status)).await,
    }
}

async fn created<S: Services>(visit: &Visit<S>) -> Result<Made, Status> {
    let form = &visit.form;
    let mut read = form.read();
    let expire_time = read.through("valid_through", &visit.zone);
    read.finish()?;
    let request = visit.calls.ask(CreateTokenRequest {
        store_id: visit.store_id(),
        request_id: visit.request_id(),
        name: form.text("name").to_owned(),
        role: words::number::<Role>(form.text("role")),
        scopes: form.text("scopes").split_whitespace().map(str::to_owned).collect(),
        expire_time,
    });
    let made = visit.calls.stores().create_token(request).await?.into_inner();
    let made = made.token.unwrap_or_default();
    Ok(Made { name: made.name, what: "token", secret: made.secret })
}

pub async fn revoke<S: Services>(visit: Visit<S>) -> Shown {
    let request = visit.calls.ask(RevokeTokenRequest {
        store_id: visit.store_id(),
        token_id: visit.named("token_id"),
        request_id: visit.request_id(),
    });
    match visit.calls.stores().revoke_token(request).await {
        Ok(_) => Ok(visit.go("access", "token-revoked")),
        Err(status) => page(&visit, None, Some(&status)).await,
    }
}
