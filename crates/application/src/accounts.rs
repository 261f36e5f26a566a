//! The people of merchants: entered and changed by managers, logged in by themselves.

mod attempts;
mod device;
mod passwords;

use crate::{
    Access, Answer, Caller, Core, Denials, Failure, Made, Missing, Request, Taken, secret_hash,
    store_step::{Known, StoreAsk, Written, existing, incidental},
};
use attempts::{Attempts, Whose};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{
    Actor, ActorKind, Denial, Reason, Rejection,
    id::{StoreId, UserId},
    store::StoreFact,
    token::Role,
    user::{MAX_USERS, Session, User, UserPatch},
};
use passwords::{Busy, Lane, Passwords};
use ports::{
    Claim, ClaimChange, ClaimKind, Page, PageRequest, People, SessionChange, StoreChange,
    UserChange,
};
use secrecy::SecretString;
use std::sync::Arc;
use uuid::Uuid;

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
        Self { core, people, access, denials, passwords, attempts }
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
                users: vec![UserChange::Put(Box::new(user))],
                claims: vec![ClaimChange::Take(claim)],
                ..Written::of(incidental(store, fact), answer)
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
                users: vec![UserChange::Put(Box::new(after))],
                ..Written::of(incidental(store, fact), answer)
            })
        });
        let answer = answer.await?;
        self.access.forget();
        Ok(Made::of(answer, given.map(|(password, _)| password)))
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
        let read = || self.people.user(store_id, user_id);
        let ask = StoreAsk { caller, store_id, request: Some(request) };
        let answer = self.core.write_store(ask, read, |Known { store, beside, .. }| {
            let store = existing(store, store_id)?;
            let user =
                beside.ok_or_else(|| Failure::not_found(Missing::User, user_id.to_string()))?;
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
        let Credentials { store_id, login, password, device } = credentials;
        let user = self.of_login(&store_id, &login).await?;
        let known = user.as_ref().and_then(|user| device::known(user, &device));
        let (whose, lane) = match known {
            Some(id) => (Whose::Device(id), Lane::Known),
            None => (Whose::Login(store_id, User::key(&login)), Lane::Strangers),
        };
        let user = self.proved(whose, lane, user, password).await?;
        let now = self.core.now();
        let id = known.unwrap_or_else(|| first_half(self.core.ids.secret()));
        let logged_in = self.logged_in(&user, user.session(now), id);
        let hash = secret_hash(&logged_in.secret);
        let began = SessionChange::Begin { hash, session: logged_in.session.clone() };
        let caller = Caller { actor: user.actor(), trace };
        let ask = StoreAsk { caller: &caller, store_id: &user.store_id, request: None };
        let read = || self.people.user(&user.store_id, user.user_id);
        let decide = |Known { store, beside, .. }: Known<Option<User>>| {
            let store = existing(store, &user.store_id)?;
            // Somebody shut them out meanwhile, or there is another password.
            if beside.as_ref() != Some(&user) {
                return Err(Failure::LoginFailed);
            }
            let fact = StoreFact::SessionBegan { user_id: user.user_id };
            let written = Written::of(incidental(store, fact), Vec::new());
            Ok(Written { sessions: vec![began.clone()], ..written })
        };
        self.core.write_store(ask, read, decide).await?;
        Ok(logged_in)
    }

    fn logged_in(&self, user: &User, session: Session, device: [u8; 16]) -> LoggedIn {
        let secret = self.core.bearer_secret(SESSION_SECRET);
        let device = device::given(user, device);
        LoggedIn { secret, session, user: user.clone(), device }
    }

    /// Ends the session with this hash of its secret.
    ///
    /// # Errors
    ///
    /// [`Failure::NotASession`] if there is none.
    pub async fn log_out(&self, trace: Option<String>, hash: [u8; 32]) -> Result<(), Failure> {
        let (_, user) = self.people.session(&hash).await?.ok_or(Failure::NotASession)?;
        let caller = Caller { actor: user.actor(), trace };
        let ask = StoreAsk { caller: &caller, store_id: &user.store_id, request: None };
        let nothing = || async { Ok(()) };
        let decide = |Known { store, .. }: Known<()>| {
            let fact = StoreFact::SessionEnded { user_id: user.user_id };
            let written =
                Written::of(incidental(existing(store, &user.store_id)?, fact), Vec::new());
            Ok(Written { sessions: vec![SessionChange::End { hash }], ..written })
        };
        self.core.write_store(ask, nothing, decide).await?;
        self.access.forget();
        Ok(())
    }

    /// Gives whoever is logged in with this session another password. All sessions are over, and one
    /// with another secret goes on for as long as this one would have.
    ///
    /// # Errors
    ///
    /// [`Failure::LoginFailed`] if the old password is wrong, or the session ended meanwhile.
    pub async fn change_password(
        &self,
        trace: Option<String>,
        hash: [u8; 32],
        old: SecretString,
        new: SecretString,
    ) -> Result<LoggedIn, Failure> {
        let (session, user) = self.people.session(&hash).await?.ok_or(Failure::NotASession)?;
        let user = self.proved(Whose::Own(user.user_id), Lane::Known, Some(user), old).await?;
        let salt = first_half(self.core.ids.secret());
        let password = self.passwords.hash(salt, new).await.map_err(busy)?;
        let after = user.with_password(password);
        let going_on = Session { expires_at: session.expires_at, ..after.session(self.core.now()) };
        let logged_in = self.logged_in(&after, going_on, first_half(self.core.ids.secret()));
        let caller = Caller { actor: user.actor(), trace };
        let ask = StoreAsk { caller: &caller, store_id: &user.store_id, request: None };
        let read = || self.people.session(&hash);
        let decide = |Known { store, beside, now }: Known<Option<(Session, User)>>| {
            let store = existing(store, &user.store_id)?;
            // They logged out meanwhile, or somebody else changed them.
            let goes_on = |(held, of): (Session, User)| held.is_live(&of, now) && of == user;
            if !beside.is_some_and(goes_on) {
                return Err(Failure::LoginFailed);
            }
            let fact = StoreFact::PasswordChanged { user_id: user.user_id };
            let begun = SessionChange::Begin {
                hash: secret_hash(&logged_in.secret),
                session: logged_in.session.clone(),
            };
            Ok(Written {
                users: vec![UserChange::Put(Box::new(after.clone()))],
                sessions: vec![SessionChange::End { hash }, begun],
                ..Written::of(incidental(store, fact), Vec::new())
            })
        };
        self.core.write_store(ask, read, decide).await?;
        self.access.forget();
        Ok(logged_in)
    }

    /// Whoever has this login. One that nobody has is as much work, and so is a store that is not there.
    async fn of_login(&self, store_id: &StoreId, login: &str) -> Result<Option<User>, Failure> {
        let claim = self.core.store.claim(store_id, ClaimKind::Login, &claim_key(login)).await?;
        let holder: Option<UserId> = claim.and_then(|claim| claim.holder.parse().ok());
        let has = holder.is_some();
        let user_id = holder.unwrap_or(UserId::from_uuid(Uuid::nil()));
        let found = self.people.user(store_id, user_id).await?;
        Ok(found.filter(|_| has))
    }

    /// The user, if the password is theirs and they may come in.
    async fn proved(
        &self,
        whose: Whose,
        lane: Lane,
        user: Option<User>,
        password: SecretString,
    ) -> Result<User, Failure> {
        let now = self.core.now();
        self.attempts.begin(&whose, now).map_err(|wait| Failure::TooManyAttempts {
            limit: attempts::LIMIT,
            wait: wait.unsigned_abs(),
        })?;
        let held = user.as_ref().map(|user| user.password.as_str());
        let right = match self.passwords.is(lane, held, password).await {
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
                if let Some(user) = &user {
                    self.note_failure(&whose, user);
                }
                Err(Failure::LoginFailed)
            }
        }
    }

    /// Only of whoever is logged in it is known who it was.
    fn note_failure(&self, whose: &Whose, user: &User) {
        let (actor, method) = match whose {
            Whose::Own(_) => (user.actor(), "ChangePassword"),
            Whose::Login(..) | Whose::Device(_) => {
                (Actor::new(ActorKind::Merchant, "unknown"), "LogIn")
            }
        };
        let denial = Denial::new("LOGIN_FAILED", method, Some(user.user_id.to_string()));
        self.denials.note(&user.store_id, &actor, denial);
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
