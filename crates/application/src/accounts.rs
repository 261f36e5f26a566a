//! The people of merchants: entered and changed by managers, logged in by themselves.

mod attempts;
mod device;
mod passwords;

use crate::{
    Access, Answer, Caller, Core, Denials, Failure, Made, Missing, Request, Taken, secret_hash,
    store_step::{Known, StoreAsk, Written, existing},
};
use attempts::{Attempts, Whose};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{
    Denial, Reason, Rejection,
    id::{StoreId, UserId},
    store::{Store as StoreRecord, StoreFact},
    token::Role,
    user::{MAX_USERS, Session, User, UserPatch},
};
use passwords::{Busy, Passwords};
use ports::{
    Claim, ClaimChange, ClaimKind, Page, PageRequest, People, SessionChange, StoreChange, Stored,
    UserChange,
};
use secrecy::SecretString;
use std::sync::Arc;

/// What begins the secret of a session, and of nothing else.
pub(crate) const SESSION_SECRET: &str = "mrs_";

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
        Self { core, people, access, denials, passwords, attempts }
    }

    /// Enters somebody, with a password for the first time.
    ///
    /// # Errors
    ///
    /// [`Failure::Taken`] if somebody of any store logs in so.
    pub async fn create(
        &self,
        caller: &Caller,
        store_id: &StoreId,
        request: &Request,
        new: NewUser,
        render: RenderUser<'_>,
    ) -> Result<Made, Failure> {
        let key = User::key(&new.login);
        let (password, hash) = self.given_password().await?;
        let user_id = UserId::from_uuid(self.core.ids.next());
        let device_key = self.core.ids.secret();
        let read = || async {
            let holder = self.core.store.claim(store_id, ClaimKind::Login, &key).await?;
            Ok((holder, self.people.count_users(store_id).await?))
        };
        let ask = StoreAsk { caller, store_id, request: Some(request) };
        let answer = self.core.write_store(ask, read, |Known { store, beside, now }| {
            let store = existing(store, store_id)?;
            let (holder, held) = beside;
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
                password: hash.clone(),
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
                users: vec![UserChange { user }],
                claims: vec![ClaimChange::Take(claim)],
                ..Written::of(beside_the_store(store, fact), answer)
            })
        });
        Ok(Made::of(answer.await?, Some(password)))
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
        let given = if update.reset_password { Some(self.given_password().await?) } else { None };
        let patch = UserPatch {
            name: update.name,
            role: update.role,
            disabled: update.disabled,
            password: given.as_ref().map(|(_, hash)| hash.clone()),
        };
        let read = || self.people.user(store_id, user_id);
        let ask = StoreAsk { caller, store_id, request: Some(request) };
        let answer = self.core.write_store(ask, read, |Known { store, beside, .. }| {
            let store = existing(store, store_id)?;
            let before =
                beside.ok_or_else(|| Failure::not_found(Missing::User, user_id.to_string()))?;
            if let Some(asked) = update.version.filter(|asked| *asked != before.version) {
                return Err(Failure::VersionMismatch { asked, actual: before.version });
            }
            let after = before.patched(&patch, &caller.actor)?;
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
                users: vec![UserChange { user: after }],
                ..Written::of(beside_the_store(store, fact), answer)
            })
        });
        let answer = answer.await?;
        self.access.forget();
        Ok(Made::of(answer, given.map(|(password, _)| password)))
    }

    /// Logs somebody in.
    ///
    /// # Errors
    ///
    /// [`Failure::LoginFailed`], whatever is wrong; [`Failure::TooManyAttempts`].
    pub async fn log_in(
        &self,
        trace: Option<String>,
        credentials: Credentials,
    ) -> Result<LoggedIn, Failure> {
        let Credentials { login, password, device } = credentials;
        let user = self.of_login(&login).await?;
        let known = user.as_ref().and_then(|user| device::known(user, &device));
        let whose = match known {
            Some(id) => Whose::Device(id.to_vec()),
            None => Whose::Login(User::key(&login)),
        };
        let user = self.proved(whose, user, password).await?;
        let secret = BASE64_URL_SAFE_NO_PAD.encode(self.core.ids.secret());
        let secret = format!("{SESSION_SECRET}{secret}");
        let session = user.session(self.core.now());
        let began = SessionChange::Begin { hash: secret_hash(&secret), session: session.clone() };
        let fact = StoreFact::SessionBegan { user_id: user.user_id };
        self.of_session(&user, trace, fact, began).await?;
        let id = known.unwrap_or_else(|| first_half(self.core.ids.secret()));
        let device = device::given(&user, id);
        Ok(LoggedIn { secret, session, user, device })
    }

    /// Ends the session with this hash of its secret.
    ///
    /// # Errors
    ///
    /// [`Failure::NotASession`] if there is none.
    pub async fn log_out(&self, trace: Option<String>, hash: [u8; 32]) -> Result<(), Failure> {
        let (_, user) = self.people.session(&hash).await?.ok_or(Failure::NotASession)?;
        let fact = StoreFact::SessionEnded { user_id: user.user_id };
        self.of_session(&user, trace, fact, SessionChange::End { hash }).await?;
        self.access.forget();
        Ok(())
    }

    /// Gives whoever is logged in with this session another password. This session goes on, all
    /// others are over.
    ///
    /// # Errors
    ///
    /// [`Failure::LoginFailed`] if the old password is wrong.
    pub async fn change_password(
        &self,
        trace: Option<String>,
        hash: [u8; 32],
        old: SecretString,
        new: SecretString,
    ) -> Result<(Session, User), Failure> {
        let (_, user) = self.people.session(&hash).await?.ok_or(Failure::NotASession)?;
        // Whoever got hold of a session guesses no better than others.
        let whose = Whose::Login(format!("change {}", user.user_id));
        let user = self.proved(whose, Some(user), old).await?;
        let salt = first_half(self.core.ids.secret());
        let password = self.passwords.hash(salt, new).await.map_err(busy)?;
        let after = user.with_password(password);
        let session = after.session(self.core.now());
        let caller = Caller { actor: user.actor(), trace };
        let ask = StoreAsk { caller: &caller, store_id: &user.store_id, request: None };
        let read = || self.people.user(&user.store_id, user.user_id);
        let decide = |Known { store, beside, .. }: Known<Option<User>>| {
            let store = existing(store, &user.store_id)?;
            // Somebody else changed them meanwhile: shut out, or with a new password.
            if beside.as_ref() != Some(&user) {
                return Err(Failure::LoginFailed);
            }
            let fact = StoreFact::PasswordChanged { user_id: user.user_id };
            let begun = SessionChange::Begin { hash, session: session.clone() };
            Ok(Written {
                users: vec![UserChange { user: after.clone() }],
                sessions: vec![SessionChange::End { hash }, begun],
                ..Written::of(beside_the_store(store, fact), Vec::new())
            })
        };
        self.core.write_store(ask, read, decide).await?;
        self.access.forget();
        Ok((session, after))
    }

    async fn of_login(&self, login: &str) -> Result<Option<User>, Failure> {
        let Some(any) = any_store() else { return Ok(None) };
        let claim = self.core.store.claim(&any, ClaimKind::Login, &User::key(login)).await?;
        let Some(claim) = claim else { return Ok(None) };
        let Ok(user_id) = claim.holder.parse() else { return Ok(None) };
        Ok(self.people.user(&claim.store_id, user_id).await?)
    }

    /// The user, if the password is theirs and they may come in.
    async fn proved(
        &self,
        whose: Whose,
        user: Option<User>,
        password: SecretString,
    ) -> Result<User, Failure> {
        let now = self.core.now();
        self.attempts.begin(&whose, now).map_err(|wait| Failure::TooManyAttempts {
            limit: attempts::LIMIT,
            wait: wait.unsigned_abs(),
        })?;
        let held = user.as_ref().map(|user| user.password.as_str());
        let right = match self.passwords.is(held, password).await {
            Ok(right) => right,
            Err(none) => {
                self.attempts.take_back(&whose);
                return Err(busy(none));
            }
        };
        match user {
            Some(user) if right && !user.disabled => {
                self.attempts.forget(&whose);
                Ok(user)
            }
            user => {
                if let Some(user) = user {
                    let denial = Denial::new("LOGIN_FAILED", "LogIn", None);
                    self.denials.note(&user.store_id, &user.actor(), denial);
                }
                Err(Failure::LoginFailed)
            }
        }
    }

    async fn of_session(
        &self,
        user: &User,
        trace: Option<String>,
        fact: StoreFact,
        change: SessionChange,
    ) -> Result<Answer, Failure> {
        let caller = Caller { actor: user.actor(), trace };
        let ask = StoreAsk { caller: &caller, store_id: &user.store_id, request: None };
        let nothing = || async { Ok(()) };
        let decide = |Known { store, .. }: Known<()>| {
            let store = existing(store, &user.store_id)?;
            let change = vec![change.clone()];
            let written = Written::of(beside_the_store(store, fact.clone()), Vec::new());
            Ok(Written { sessions: change, ..written })
        };
        self.core.write_store(ask, nothing, decide).await
    }

    /// A password that somebody logs in with once, and its hash.
    async fn given_password(&self) -> Result<(String, String), Failure> {
        let drawn = first_half(self.core.ids.secret());
        let password = BASE64_URL_SAFE_NO_PAD.encode(drawn);
        let salt = first_half(self.core.ids.secret());
        let secret = SecretString::from(password.as_str());
        let hash = self.passwords.hash(salt, secret).await.map_err(busy)?;
        Ok((password, hash))
    }
}

/// A fact of the store's history that changes nothing of the store.
fn beside_the_store(store: Stored<StoreRecord>, fact: StoreFact) -> StoreChange {
    let Stored { state: mut after, version: before } = store;
    after.incidentals += 1;
    StoreChange { before, after, facts: vec![fact] }
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

fn first_half(secret: [u8; 32]) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&secret[..16]);
    half
}

/// Logins are unique over all stores: whichever is named, the same is found.
fn any_store() -> Option<StoreId> {
    "any".parse().ok()
}
