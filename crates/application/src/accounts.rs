//! The people of merchants: entered and changed by managers, logged in by themselves.

mod attempts;
mod device;
mod given;
mod logging_in;
mod passwords;

pub use given::is_given_password;

use crate::{
    Access, Answer, Caller, Core, Denials, Failure, Made, Missing, Request, Taken,
    access::Manager,
    secret_hash,
    store_step::{Known, StoreAsk, Written, existing, incidental},
};
use attempts::Attempts;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{
    Reason, Rejection,
    id::{StoreId, UserId},
    store::StoreFact,
    token::Role,
    user::{MAX_USERS, Session, User, UserPatch},
};
use given::given_password;
use passwords::{Busy, Lane, Passwords};
use ports::{
    Claim, ClaimChange, ClaimKind, Page, PageRequest, People, StoreChange, StoreError, UserChange,
};
use secrecy::SecretString;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// What begins the secret of a session, and of nothing else.
pub(crate) const SESSION_SECRET: &str = "mrs_";

/// Logins that are looked up at a time; whoever comes with more of them waits. The database is for
/// others, too.
const LOOK_UPS: usize = 16;

/// Shows somebody without their password.
pub type RenderUser<'r> = &'r (dyn Fn(&User) -> Vec<u8> + Sync);

#[derive(Clone)]
pub struct Accounts {
    core: Arc<Core>,
    people: Arc<dyn People>,
    access: Access,
    denials: Denials,
    passwords: Passwords,
    attempts: Attempts,
    look_ups: Arc<Semaphore>,
}

#[derive(Debug, Clone)]
pub struct NewUser {
    pub login: String,
    pub name: String,
    /// One of [`Role::STAFF`].
    pub role: Role,
}

/// What of a user is to change; the rest stays.
#[derive(Debug, Clone, Default)]
pub struct UserUpdate {
    pub name: Option<String>,
    pub role: Option<Role>,
    pub disabled: Option<bool>,
    /// Whether they get another password, which is shown.
    pub reset_password: bool,
    /// The version that the caller knows.
    pub version: Option<i64>,
}

/// What somebody logs in with.
pub struct Credentials {
    pub store_id: StoreId,
    pub login: String,
    pub password: SecretString,
    /// What an earlier log-in answered for this device; empty for none.
    pub device: String,
}

/// Somebody who has just logged in.
pub struct LoggedIn {
    pub secret: String,
    pub session: Session,
    pub user: User,
    pub device: String,
}

impl Accounts {
    pub fn new(core: Arc<Core>, people: Arc<dyn People>, access: Access, denials: Denials) -> Self {
        let (passwords, attempts) = (Passwords::new(), Attempts::default());
        let look_ups = Arc::new(Semaphore::new(LOOK_UPS));
        Self { core, people, access, denials, passwords, attempts, look_ups }
    }

    /// Enters somebody, with a password for the first time.
    ///
    /// # Errors
    ///
    /// [`Failure::Taken`] if somebody of the store logs in so.
    pub async fn create(
        &self,
        caller: &Caller,
        store_id: &StoreId,
        request: &Request,
        new: NewUser,
        render: RenderUser<'_>,
    ) -> Result<Made, Failure> {
        let key = claim_key(&new.login);
        let user_id = UserId::from_uuid(self.core.ids.next());
        let device_key = self.core.ids.secret();
        let read = || async {
            let manager = self.access.manager(caller, store_id).await?;
            let holder = self.core.store.claim(store_id, ClaimKind::Login, &key).await?;
            Ok((manager, holder, self.people.count_users(store_id).await?))
        };
        let ask = StoreAsk { caller, store_id, request: Some(request) };
        let decide = |known: Known<(Manager, Option<Claim>, u32)>, hash: &str| {
            let Known { store, beside: (manager, holder, held), now } = known;
            let store = existing(store, store_id)?;
            manager.still(request.method)?;
            if holder.is_some() {
                return Err(Failure::Taken { what: Taken::Login, key: new.login.clone() });
            }
            room_for_another(held)?;
            let user = User {
                user_id,
                store_id: store_id.clone(),
                login: new.login.clone(),
                name: new.name.clone(),
                role: new.role,
                password: hash.to_owned(),
                password_is_temporary: true,
                device_key,
                disabled: false,
                era: 1,
                version: 1,
                created_at: now,
            };
            let claim = Claim {
                store_id: store_id.clone(),
                kind: ClaimKind::Login,
                key: key.clone(),
                holder: user_id.to_string(),
                fingerprint: [0; 32],
            };
            let answer = render(&user);
            let fact = StoreFact::UserCreated { user_id, role: user.role };
            Ok(Written {
                users: vec![UserChange::Put(Box::new(user))],
                claims: vec![ClaimChange::Take(claim)],
                ..Written::of(incidental(store, fact), answer)
            })
        };
        if let Some(earlier) = self.core.judge_store(ask, &read, |known| decide(known, "")).await? {
            return Ok(Made::of(earlier, None));
        }
        let (password, hash) = self.given_password().await?;
        let answer = self.core.write_store(ask, &read, |known| decide(known, &hash)).await?;
        Ok(Made::of(answer, Some(password)))
    }

    /// # Errors
    ///
    /// [`Failure::Store`] alone.
    pub async fn list(
        &self,
        store_id: &StoreId,
        page: PageRequest<UserId>,
    ) -> Result<Page<User, UserId>, Failure> {
        Ok(self.people.users(store_id, page).await?)
    }

    /// # Errors
    ///
    /// [`Failure::VersionMismatch`] if the caller knows another version, and
    /// [`Failure::Rejected`] by [`User::patched`].
    pub async fn update(
        &self,
        caller: &Caller,
        store_id: &StoreId,
        request: &Request,
        user_id: UserId,
        update: UserUpdate,
        render: RenderUser<'_>,
    ) -> Result<Made, Failure> {
        let mut patch = UserPatch {
            name: update.name,
            role: update.role,
            disabled: update.disabled,
            password: update.reset_password.then(String::new),
        };
        let read = || self.manager_and(caller, store_id, user_id);
        let ask = StoreAsk { caller, store_id, request: Some(request) };
        let decide = |known: Known<(Manager, Option<User>)>, patch: &UserPatch| {
            let Known { store, beside: (manager, found), .. } = known;
            let store = existing(store, store_id)?;
            manager.still(request.method)?;
            let before =
                found.ok_or_else(|| Failure::not_found(Missing::User, user_id.to_string()))?;
            if let Some(asked) = update.version.filter(|asked| *asked != before.version) {
                return Err(Failure::VersionMismatch { asked, actual: before.version });
            }
            let after = before.patched(patch, &caller.actor)?;
            let answer = render(&after);
            if after == before {
                let change =
                    StoreChange { before: store.version, after: store.state, facts: vec![] };
                return Ok(Written::of(change, answer));
            }
            let fact = StoreFact::UserUpdated {
                user_id,
                role: after.role,
                disabled: after.disabled,
                password_reset: patch.password.is_some(),
            };
            Ok(Written {
                users: vec![UserChange::Put(Box::new(after))],
                ..Written::of(incidental(store, fact), answer)
            })
        };
        let mut given = None;
        if update.reset_password {
            let judged = self.core.judge_store(ask, &read, |known| decide(known, &patch));
            if let Some(earlier) = judged.await? {
                return Ok(Made::of(earlier, None));
            }
            let (password, hash) = self.given_password().await?;
            (given, patch.password) = (Some(password), Some(hash));
        }
        let answer = self.core.write_store(ask, &read, |known| decide(known, &patch)).await?;
        self.access.forget();
        Ok(Made::of(answer, given))
    }

    /// Deletes somebody, with all that says who they were.
    ///
    /// # Errors
    ///
    /// [`Failure::NotFound`] if the store has no such user, and [`Failure::Rejected`] by
    /// [`User::may_be_deleted`].
    pub async fn delete(
        &self,
        caller: &Caller,
        store_id: &StoreId,
        request: &Request,
        user_id: UserId,
        answer: &[u8],
    ) -> Result<Answer, Failure> {
        let read = || self.manager_and(caller, store_id, user_id);
        let ask = StoreAsk { caller, store_id, request: Some(request) };
        let answer = self.core.write_store(ask, read, |Known { store, beside, .. }| {
            let store = existing(store, store_id)?;
            let (manager, found) = beside;
            manager.still(request.method)?;
            let user =
                found.ok_or_else(|| Failure::not_found(Missing::User, user_id.to_string()))?;
            user.may_be_deleted(&caller.actor)?;
            let login = ClaimChange::Free {
                store_id: store_id.clone(),
                kind: ClaimKind::Login,
                key: claim_key(&user.login),
                holder: user_id.to_string(),
            };
            let delete = UserChange::Delete { store_id: store_id.clone(), user_id };
            Ok(Written {
                users: vec![delete],
                claims: vec![login],
                ..Written::of(
                    incidental(store, StoreFact::UserDeleted { user_id }),
                    answer.to_vec(),
                )
            })
        });
        let answer = answer.await?;
        self.access.forget();
        Ok(answer)
    }

    /// Somebody as they are, if the store still has them.
    ///
    /// # Errors
    ///
    /// [`Failure::Store`] alone.
    pub async fn find(&self, store_id: &StoreId, user_id: UserId) -> Result<Option<User>, Failure> {
        Ok(self.people.user(store_id, user_id).await?)
    }

    /// Who asks, and whom it is about.
    async fn manager_and(
        &self,
        caller: &Caller,
        store_id: &StoreId,
        user_id: UserId,
    ) -> Result<(Manager, Option<User>), StoreError> {
        let manager = self.access.manager(caller, store_id).await?;
        Ok((manager, self.people.user(store_id, user_id).await?))
    }

    /// A password that somebody logs in with once, and its hash.
    async fn given_password(&self) -> Result<(String, String), Failure> {
        let password = given_password(first_half(self.core.ids.secret()));
        let salt = first_half(self.core.ids.secret());
        let secret = SecretString::from(password.as_str());
        let hash = self.passwords.hash(Lane::Managers, salt, secret).await.map_err(busy)?;
        Ok((password, hash))
    }
}

fn room_for_another(held: u32) -> Result<(), Rejection> {
    if held < MAX_USERS {
        return Ok(());
    }
    let text = format!("the store has {held} users, and may have {MAX_USERS}");
    let refused = Rejection::new(Reason::TooManyUsers, text);
    Err(refused.with("users", held).with("limit", MAX_USERS))
}

const fn busy(_: Busy) -> Failure {
    Failure::Overloaded
}

/// What a login is unique by. Who it is does not stand there.
fn claim_key(login: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(secret_hash(&User::key(login)))
}

fn first_half(secret: [u8; 32]) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&secret[..16]);
    half
}
