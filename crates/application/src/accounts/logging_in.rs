//! Who logs in, stays logged in, and logs out again.

use super::{
    Accounts, Credentials, LoggedIn, SESSION_SECRET,
    attempts::{self, Whose},
    busy, claim_key, device, first_half, is_given_password,
    passwords::Lane,
};
use crate::{
    Caller, Failure, secret_hash,
    store_step::{Known, StoreAsk, Written, existing, incidental},
};
use domain::{
    Actor, ActorKind, Denial,
    id::{StoreId, UserId},
    store::StoreFact,
    user::{Session, User},
};
use ports::{ClaimKind, SessionChange, UserChange};
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

impl Accounts {
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
            None => (Whose::login(&store_id, &login), Lane::Strangers),
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
        let password = self.passwords.hash(Lane::Known, salt, new).await.map_err(busy)?;
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
        let _turn = self.look_ups.acquire().await.map_err(|_| Failure::Overloaded)?;
        let claim = self.core.store.claim(store_id, ClaimKind::Login, &claim_key(login)).await?;
        let holder: Option<UserId> = claim.and_then(|claim| claim.holder.parse().ok());
        let has = holder.is_some();
        let user_id = holder.unwrap_or(UserId::from_uuid(Uuid::nil()));
        let found = self.people.user(store_id, user_id).await?;
        Ok(found.filter(|_| has))
    }

    /// The user, if the password is theirs and they may come in. A text with the form of a password
    /// that is given is not counted, and let through where others have to wait: it is either right or
    /// no guess that comes to anything.
    async fn proved(
        &self,
        whose: Whose,
        lane: Lane,
        user: Option<User>,
        password: SecretString,
    ) -> Result<User, Failure> {
        let counts = !is_given_password(password.expose_secret());
        if counts && let Err(wait) = self.attempts.begin(&whose, self.core.now()) {
            self.note_failure(&whose, user.as_ref(), "TOO_MANY_ATTEMPTS");
            let wait = wait.unsigned_abs();
            return Err(Failure::TooManyAttempts { limit: attempts::LIMIT, wait });
        }
        let held = user.as_ref().map(|user| user.password.as_str());
        let right = match self.passwords.is(lane, held, password).await {
            Ok(right) => right,
            Err(none) => {
                if counts {
                    self.attempts.take_back(&whose);
                }
                return Err(busy(none));
            }
        };
        match user {
            Some(user) if right && !user.disabled => {
                if counts {
                    self.attempts.forget(&whose);
                }
                Ok(user)
            }
            user => {
                self.note_failure(&whose, user.as_ref(), "LOGIN_FAILED");
                Err(Failure::LoginFailed)
            }
        }
    }

    /// Where the user is known. Only of whoever is logged in it is known who it was.
    fn note_failure(&self, whose: &Whose, user: Option<&User>, reason: &str) {
        let Some(user) = user else { return };
        let (actor, method) = match whose {
            Whose::Own(_) => (user.actor(), "ChangePassword"),
            Whose::Login(_) | Whose::Device(_) => {
                (Actor::new(ActorKind::Merchant, "unknown"), "LogIn")
            }
        };
        let denial = Denial::new(reason, method, Some(user.user_id.to_string()));
        self.denials.note(&user.store_id, &actor, denial);
    }
}
