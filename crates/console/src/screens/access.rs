//! Who has access: the people of a store, and its tokens.

pub mod people;
pub mod tokens;

use crate::{
    fields::Fields,
    frame::{Frame, Page as _, pages},
    parts,
    visit::{Shown, Visit},
    words,
};
use askama::Template;
use gateway::Services;
use pbjson_types::Timestamp;
use time::OffsetDateTime;
use tonic::Status;
use wire::{
    accounts::v1::{ListUsersRequest, User},
    stores::v1::{ListTokensRequest, Token},
};

/// Tokens on a page.
const PAGE: i32 = 100;
/// A store has no more people than that.
const PEOPLE: i32 = 1000;

#[derive(Template)]
#[template(path = "access.html")]
struct AccessPage {
    frame: Frame,
    fields: Fields,
    people: Vec<User>,
    tokens: Vec<Token>,
    made: Option<Made>,
    next: String,
    now: OffsetDateTime,
}

pages!(AccessPage);

impl AccessPage {
    /// By name, if it is somebody of the store.
    fn maker<'t>(&'t self, token: &'t Token) -> &'t str {
        let id = token.created_by.split_once(':').map_or("", |(_, id)| id);
        let somebody = self.people.iter().find(|user| user.user_id == id);
        somebody.map_or(&token.created_by, |user| &user.name)
    }

    fn state(&self, token: &Token) -> &'static str {
        let is_over = |at: &Timestamp| at.seconds <= self.now.unix_timestamp();
        match token {
            Token { revoke_time: Some(_), .. } => "Revoked",
            Token { expire_time: Some(at), .. } if is_over(at) => "Expired",
            _ => "Enabled",
        }
    }
}

/// What was just made, with what is shown this once.
struct Made {
    name: String,
    what: &'static str,
    /// Empty if it was shown before.
    secret: String,
}

pub async fn list<S: Services>(visit: Visit<S>) -> Shown {
    page(&visit, None, None).await
}

async fn page<S: Services>(
    visit: &Visit<S>,
    made: Option<Made>,
    refused: Option<&Status>,
) -> Shown {
    let store_id = visit.store_id();
    let request = visit.calls.ask(ListUsersRequest {
        store_id: store_id.clone(),
        page_size: PEOPLE,
        page_token: String::new(),
    });
    let people = visit.calls.accounts().list_users(request).await?.into_inner();
    let request = visit.calls.ask(ListTokensRequest {
        store_id,
        page_size: PAGE,
        page_token: visit.query.text("page").to_owned(),
    });
    let answer = visit.calls.stores().list_tokens(request).await?.into_inner();
    let next = answer.next_page_token;
    AccessPage {
        frame: visit.frame("Access", "access").with(refused),
        fields: if refused.is_some() { visit.form.clone() } else { Fields::default() },
        people: people.users,
        tokens: answer.tokens,
        made,
        now: visit.now,
        // The page may be the answer to a form, with another path.
        next: if next.is_empty() {
            next
        } else {
            format!("/console/{}/access{}", visit.store_id(), visit.query.query_with("page", &next))
        },
    }
    .shown()
}
