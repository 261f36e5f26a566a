//! `meridian.accounts.v1.AccountService`.

use crate::{from_wire::role, to_wire};
use application::{
    Accounts, Credentials, Failure, LoggedIn, Made, Missing, NewUser, UserUpdate,
    is_given_password, secret_hash,
};
use domain::{
    id::{StoreId, UserId},
    token::Role,
    user::{Session, User},
};
use grpc_kit::{
    Admitted, Fields, Place, Principal, admit, admit_any, fingerprint, next_token, page,
    read_answer, refusal, render, timestamp, to_its_end, trace,
};
use prost::Message;
use secrecy::SecretString;
use tonic::{Request, Response, Status};
use wire::accounts::v1::{self as proto, account_service_server::AccountService};

/// Characters of a password.
const PASSWORD: std::ops::RangeInclusive<usize> = 12..=128;
const MAX_PASSWORD: usize = 128;
const LOGIN: std::ops::RangeInclusive<usize> = 3..=128;
const MAX_NAME: usize = 255;
/// More than any device is given.
const MAX_DEVICE: usize = 128;

#[derive(Clone)]
pub struct AccountsGrpc {
    accounts: Accounts,
}

impl AccountsGrpc {
    pub const fn new(accounts: Accounts) -> Self {
        Self { accounts }
    }
}

#[tonic::async_trait]
impl AccountService for AccountsGrpc {
    async fn create_user(
        &self,
        request: Request<proto::CreateUserRequest>,
    ) -> Result<Response<proto::CreateUserResponse>, Status> {
        let admitted = admit(&request, "CreateUser", &request.get_ref().store_id)?;
        let message = request.into_inner();
        let mut fields = Fields::new();
        let id = fields.request_id(&message.request_id, &admitted);
        let new = NewUser {
            login: login(&mut fields, &message.login),
            name: fields.text("name", &message.name, MAX_NAME),
            role: staff(&mut fields, message.role()).unwrap_or(Role::Viewer),
        };
        fields.finish()?;
        let content = proto::CreateUserRequest { request_id: String::new(), ..message };
        let command = fingerprint(id, "CreateUser", &content);
        let accounts = self.accounts.clone();
        let user = to_its_end(async move {
            let Admitted { caller, store_id, .. } = &admitted;
            let made = accounts.create(caller, store_id, &command, new, &render).await;
            shown(&accounts, store_id, made).await
        })
        .await?;
        Ok(Response::new(proto::CreateUserResponse { user: Some(user) }))
    }

    async fn list_users(
        &self,
        request: Request<proto::ListUsersRequest>,
    ) -> Result<Response<proto::ListUsersResponse>, Status> {
        let Admitted { store_id, .. } = admit(&request, "ListUsers", &request.get_ref().store_id)?;
        let message = request.into_inner();
        let list = proto::ListUsersRequest { store_id: message.store_id, ..<_>::default() };
        let mut fields = Fields::new();
        let page = page::<UserId>(&mut fields, message.page_size, &message.page_token, &list);
        fields.finish()?;
        let found = self.accounts.list(&store_id, page).await;
        let found = found.map_err(|failure| refusal::of(&failure))?;
        let users = found.items.iter().map(user).collect();
        let next_page_token = next_token(found.next, &list);
        Ok(Response::new(proto::ListUsersResponse { users, next_page_token }))
    }

    async fn update_user(
        &self,
        request: Request<proto::UpdateUserRequest>,
    ) -> Result<Response<proto::UpdateUserResponse>, Status> {
        let admitted = admit(&request, "UpdateUser", &request.get_ref().store_id)?;
        let message = request.into_inner();
        let mut fields = Fields::new();
        let id = fields.request_id(&message.request_id, &admitted);
        let asked = message.role.is_some().then(|| message.role());
        let update = UserUpdate {
            name: message.name.as_ref().map(|name| fields.text("name", name, MAX_NAME)),
            role: asked.and_then(|asked| staff(&mut fields, asked)),
            disabled: message.disabled,
            reset_password: message.reset_password,
            version: message.version,
        };
        fields.finish()?;
        let user_id = user_id(&message.user_id)?;
        let content = proto::UpdateUserRequest { request_id: String::new(), ..message };
        let command = fingerprint(id, "UpdateUser", &content);
        let accounts = self.accounts.clone();
        let user = to_its_end(async move {
            let Admitted { caller, store_id, .. } = &admitted;
            let made = accounts.update(caller, store_id, &command, user_id, update, &render);
            shown(&accounts, store_id, made.await).await
        })
        .await?;
        Ok(Response::new(proto::UpdateUserResponse { user: Some(user) }))
    }

    async fn delete_user(
        &self,
        request: Request<proto::DeleteUserRequest>,
    ) -> Result<Response<proto::DeleteUserResponse>, Status> {
        let admitted = admit(&request, "DeleteUser", &request.get_ref().store_id)?;
        let message = request.into_inner();
        let mut fields = Fields::new();
        let id = fields.request_id(&message.request_id, &admitted);
        fields.finish()?;
        let user_id = user_id(&message.user_id)?;
        let content = proto::DeleteUserRequest { request_id: String::new(), ..message };
        let command = fingerprint(id, "DeleteUser", &content);
        let answer = proto::DeleteUserResponse {}.encode_to_vec();
        let accounts = self.accounts.clone();
        let deleted = to_its_end(async move {
            let Admitted { caller, store_id, .. } = &admitted;
            let deleted = accounts.delete(caller, store_id, &command, user_id, &answer).await;
            read_answer(deleted)
        });
        Ok(Response::new(deleted.await?))
    }

    async fn log_in(
        &self,
        request: Request<proto::LogInRequest>,
    ) -> Result<Response<proto::LogInResponse>, Status> {
        let place = Place::of(&request);
        let proto::LogInRequest { login, password, device, store_id } = request.into_inner();
        let mut fields = Fields::new();
        let store_id = fields.parse::<StoreId>("store_id", &store_id);
        for (field, text, most) in
            [("login", &login, *LOGIN.end()), ("password", &password, MAX_PASSWORD)]
        {
            if !(1..=most).contains(&text.chars().count()) {
                fields.wrong(field, format!("must be 1 to {most} characters"));
            }
        }
        if device.len() > MAX_DEVICE {
            fields.wrong("device", format!("must be at most {MAX_DEVICE} characters"));
        }
        fields.finish()?;
        let store_id = store_id.ok_or_else(|| refusal::of(&Failure::LoginFailed))?;
        let (accounts, trace) = (self.accounts.clone(), trace());
        let password = SecretString::from(password);
        let credentials = Credentials { store_id, login, password, device };
        let logged_in = to_its_end(async move {
            let _place = place;
            let logged_in = accounts.log_in(trace, credentials).await;
            logged_in.map_err(|failure| refusal::of(&failure))
        });
        let LoggedIn { secret, session, user, device } = logged_in.await?;
        let session = Some(session_of(&session, &user));
        Ok(Response::new(proto::LogInResponse { secret, session, device }))
    }

    async fn log_out(
        &self,
        request: Request<proto::LogOutRequest>,
    ) -> Result<Response<proto::LogOutResponse>, Status> {
        let (hash, _) = session(&request, "LogOut")?;
        let (accounts, trace) = (self.accounts.clone(), trace());
        let place = Place::of(&request);
        to_its_end(async move {
            let _place = place;
            let ended = accounts.log_out(trace, hash).await;
            ended.map_err(|failure| refusal::of(&failure))
        })
        .await?;
        Ok(Response::new(proto::LogOutResponse {}))
    }

    async fn get_session(
        &self,
        request: Request<proto::GetSessionRequest>,
    ) -> Result<Response<proto::GetSessionResponse>, Status> {
        let Principal { actor, store_id, role, scopes, user, expires_at, .. } =
            admit_any(&request, "GetSession")?;
        let session = proto::Session {
            store_id: store_id.map(|store_id| store_id.to_string()).unwrap_or_default(),
            role: to_wire::role(role).into(),
            scopes,
            user: user.as_ref().map(self::user),
            expire_time: expires_at.map(timestamp),
            actor: render::actor(&actor),
        };
        Ok(Response::new(proto::GetSessionResponse { session: Some(session) }))
    }

    async fn change_password(
        &self,
        request: Request<proto::ChangePasswordRequest>,
    ) -> Result<Response<proto::ChangePasswordResponse>, Status> {
        let (hash, own) = session(&request, "ChangePassword")?;
        let place = Place::of(&request);
        let proto::ChangePasswordRequest { old_password, new_password } = request.into_inner();
        let mut fields = Fields::new();
        if old_password.chars().count() > MAX_PASSWORD {
            fields.wrong("old_password", format!("must be at most {MAX_PASSWORD} characters"));
        }
        let length = new_password.chars().count();
        if !PASSWORD.contains(&length) {
            let (least, most) = (PASSWORD.start(), PASSWORD.end());
            fields.wrong("new_password", format!("must be {least} to {most} characters"));
        }
        let new = new_password.to_lowercase();
        let is_known = [&own.login, &own.name].iter().any(|known| known.to_lowercase() == new);
        if new_password == old_password || is_known {
            fields
                .wrong("new_password", "must be neither the old one, nor the login, nor the name");
        }
        if is_given_password(&new_password) {
            fields.wrong("new_password", "must not have the form of one that was given: mrp_…");
        }
        fields.finish()?;
        let (accounts, trace) = (self.accounts.clone(), trace());
        let (old, new) = (SecretString::from(old_password), SecretString::from(new_password));
        let changed = to_its_end(async move {
            let _place = place;
            let changed = accounts.change_password(trace, hash, old, new).await;
            changed.map_err(|failure| refusal::of(&failure))
        });
        let LoggedIn { secret, session, user, device } = changed.await?;
        let session = Some(session_of(&session, &user));
        Ok(Response::new(proto::ChangePasswordResponse { session, secret, device }))
    }
}

/// The session that a call is made with, by the hash of its secret, and whose it is.
fn session<T>(request: &Request<T>, method: &'static str) -> Result<([u8; 32], User), Status> {
    let principal = admit_any(request, method)?;
    let secret = request.metadata().get("authorization");
    let secret = secret.and_then(|value| value.to_str().ok()?.split_once(' '));
    match (principal.user, secret) {
        (Some(user), Some((_, secret))) => Ok((secret_hash(secret), user)),
        _ => Err(refusal::of(&Failure::NotASession)),
    }
}

fn user_id(text: &str) -> Result<UserId, Status> {
    text.parse().map_err(|_| refusal::of(&Failure::not_found(Missing::User, text)))
}

fn login(fields: &mut Fields, text: &str) -> String {
    let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    if !visible || !LOGIN.contains(&text.len()) {
        let (least, most) = (LOGIN.start(), LOGIN.end());
        fields.wrong("login", format!("must be {least} to {most} visible ASCII characters"));
    }
    text.to_owned()
}

/// What people of a merchant may be.
fn staff(fields: &mut Fields, asked: wire::stores::v1::Role) -> Option<Role> {
    let found = role(asked).filter(|role| Role::STAFF.contains(role));
    if found.is_none() {
        fields.wrong("role", "must be ROLE_VIEWER, ROLE_AGENT or ROLE_MANAGER");
    }
    found
}

fn user(user: &User) -> proto::User {
    proto::User {
        user_id: user.user_id.to_string(),
        store_id: user.store_id.to_string(),
        login: user.login.clone(),
        name: user.name.clone(),
        role: to_wire::role(user.role).into(),
        disabled: user.disabled,
        password_is_temporary: user.password_is_temporary,
        version: user.version,
        create_time: Some(timestamp(user.created_at)),
        password: String::new(),
    }
}

fn session_of(session: &Session, user: &User) -> proto::Session {
    proto::Session {
        store_id: session.store_id.to_string(),
        role: to_wire::role(user.role).into(),
        scopes: Vec::new(),
        user: Some(self::user(user)),
        expire_time: Some(timestamp(session.expires_at)),
        actor: render::actor(&user.actor()),
    }
}

/// The stored answer names nobody: what they are called stands with the user.
fn render(user: &User) -> Vec<u8> {
    let bare = proto::User { login: String::new(), name: String::new(), ..self::user(user) };
    bare.encode_to_vec()
}

/// With what they are called, and the password that was made, this once.
async fn shown(
    accounts: &Accounts,
    store_id: &StoreId,
    made: Result<Made, Failure>,
) -> Result<proto::User, Status> {
    let Made { answer, secret } = made.map_err(|failure| refusal::of(&failure))?;
    let user: proto::User = read_answer(Ok(answer))?;
    let user_id = user.user_id.parse().map_err(|_| refusal::unreadable_answer())?;
    let now = accounts.find(store_id, user_id).await;
    // Of who was deleted since, nothing is told any more.
    let named = now.map_err(|failure| refusal::of(&failure))?;
    let (login, name) = named.map(|User { login, name, .. }| (login, name)).unwrap_or_default();
    Ok(proto::User { login, name, password: secret.unwrap_or_default(), ..user })
}
