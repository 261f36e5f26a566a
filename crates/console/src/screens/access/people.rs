//! People, who log in with a password.

use super::{Made, page};
use crate::{
    visit::{Shown, Visit},
    words,
};
use gateway::Services;
use tonic::Status;
use wire::{
    accounts::v1::{CreateUserRequest, DeleteUserRequest, UpdateUserRequest, User},
    stores::v1::Role,
};

/// Answers the page itself and no redirect: the first password is shown this once.
pub async fn create<S: Services>(visit: Visit<S>) -> Shown {
    let form = &visit.form;
    let request = visit.calls.ask(CreateUserRequest {
        store_id: visit.store_id(),
        request_id: visit.request_id(),
        login: form.text("login").to_owned(),
        name: form.text("name").to_owned(),
        role: words::number::<Role>(form.text("role")),
    });
    match visit.calls.accounts().create_user(request).await {
        Ok(made) => page(&visit, Some(first_password(made.into_inner().user)), None).await,
        Err(status) => page(&visit, None, Some(&status)).await,
    }
}

fn first_password(user: Option<User>) -> Made {
    let user = user.unwrap_or_default();
    Made { name: user.name, what: "password for the first log-in", secret: user.password }
}

/// Does what the button says.
pub async fn change<S: Services>(visit: Visit<S>) -> Shown {
    if visit.form.text("do") == "delete" {
        return delete(visit).await;
    }
    let resets = visit.form.text("do") == "reset";
    match changed(&visit, resets).await {
        Ok(user) if resets => page(&visit, Some(first_password(user)), None).await,
        Ok(_) => Ok(visit.go("access", "person-changed")),
        Err(status) => page(&visit, None, Some(&status)).await,
    }
}

async fn delete<S: Services>(visit: Visit<S>) -> Shown {
    let request = visit.calls.ask(DeleteUserRequest {
        store_id: visit.store_id(),
        user_id: visit.named("user_id"),
        request_id: visit.request_id(),
    });
    match visit.calls.accounts().delete_user(request).await {
        Ok(_) => Ok(visit.go("access", "person-deleted")),
        Err(status) => page(&visit, None, Some(&status)).await,
    }
}

async fn changed<S: Services>(visit: &Visit<S>, resets: bool) -> Result<Option<User>, Status> {
    let form = &visit.form;
    let mut read = form.read();
    let version = read.count("version");
    read.finish()?;
    let role = Some(words::number::<Role>(form.text("role")));
    let request = visit.calls.ask(UpdateUserRequest {
        store_id: visit.store_id(),
        user_id: visit.named("user_id"),
        request_id: visit.request_id(),
        name: None,
        role: role.filter(|_| form.text("do") == "role"),
        disabled: match form.text("do") {
            "shut-out" => Some(true),
            "let-in" => Some(false),
            _ => None,
        },
        reset_password: resets,
        version,
    });
    Ok(visit.calls.accounts().update_user(request).await?.into_inner().user)
}
