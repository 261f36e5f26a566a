//! Who has access: the tokens of a store.

use crate::{
    fields::Fields,
    frame::{Frame, Page as _, pages},
    parts,
    visit::{Shown, Visit},
    words,
};
use askama::Template;
use gateway::Services;
use tonic::Status;
use wire::stores::v1::{CreateTokenRequest, ListTokensRequest, RevokeTokenRequest, Role, Token};

const PAGE: i32 = 100;

#[derive(Template)]
#[template(path = "tokens.html")]
struct TokensPage {
    frame: Frame,
    fields: Fields,
    tokens: Vec<Token>,
    /// The one that was just made, with its secret.
    made: Option<Token>,
    next: String,
}

pages!(TokensPage);

pub async fn list<S: Services>(visit: Visit<S>) -> Shown {
    page(&visit, None, None).await
}

async fn page<S: Services>(
    visit: &Visit<S>,
    made: Option<Token>,
    refused: Option<&Status>,
) -> Shown {
    let request = visit.calls.ask(ListTokensRequest {
        store_id: visit.store_id(),
        page_size: PAGE,
        page_token: visit.query.text("page").to_owned(),
    });
    let answer = visit.calls.stores().list_tokens(request).await?.into_inner();
    let next = answer.next_page_token;
    TokensPage {
        frame: visit.frame("Access", "tokens").with(refused),
        fields: if refused.is_some() { visit.form.clone() } else { Fields::default() },
        tokens: answer.tokens,
        made,
        next: if next.is_empty() { next } else { visit.query.query_with("page", &next) },
    }
    .shown()
}

/// Answers the page itself and no redirect: the secret is shown this once.
pub async fn create<S: Services>(visit: Visit<S>) -> Shown {
    match created(&visit).await {
        Ok(made) => page(&visit, Some(made), None).await,
        Err(status) => page(&visit, None, Some(&status)).await,
    }
}

async fn created<S: Services>(visit: &Visit<S>) -> Result<Token, Status> {
    let form = &visit.form;
    let mut read = form.read();
    let expire_time = read.through("valid_through");
    read.finish()?;
    let request = visit.calls.ask(CreateTokenRequest {
        store_id: visit.store_id(),
        request_id: visit.request_id(),
        name: form.text("name").to_owned(),
        role: words::number::<Role>(form.text("role")),
        scopes: Vec::new(),
        expire_time,
    });
    Ok(visit.calls.stores().create_token(request).await?.into_inner().token.unwrap_or_default())
}

pub async fn revoke<S: Services>(visit: Visit<S>) -> Shown {
    let request = visit.calls.ask(RevokeTokenRequest {
        store_id: visit.store_id(),
        token_id: visit.named("token_id"),
        request_id: visit.request_id(),
    });
    match visit.calls.stores().revoke_token(request).await {
        Ok(_) => Ok(visit.go("tokens", "token-revoked")),
        Err(status) => page(&visit, None, Some(&status)).await,
    }
}
