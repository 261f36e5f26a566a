//! Who is entered, who guesses, and who is in whose way.

use crate::world::{World, caller, request};
use application::{
    Caller, Credentials, Failure, LoggedIn, Made, NewToken, NewUser, Request, Taken, UserUpdate,
    secret_hash,
};
use domain::{
    Reason,
    id::UserId,
    store::StoreFact,
    token::{MAX_TOKENS, Role},
    user::User,
};
use futures_util::future::join_all;
use ports::{Clock as _, PageRequest, People as _};
use secrecy::SecretString;

const OWN: &str = "correct horse battery";
/// What has the form of a password that is given, and is nobody's.
const GUESSED: &str = "mrp_AAAAAAAAAAAAAAAAAAAAAA";
/// More than are hashed, or wait for it, in any lane.
const MANY: usize = 100;

impl World {
    async fn enter(
        &self,
        by: &Caller,
        asked: &Request,
        login: &str,
        role: Role,
    ) -> Result<Made, Failure> {
        let new = NewUser { login: login.to_owned(), name: "Ada".to_owned(), role };
        self.accounts.create(by, &self.store_id(), asked, new, &|_| vec![]).await
    }

    /// Somebody new, and the password that was given to them.
    async fn entered(&self, login: &str, role: Role) -> (User, String) {
        let made = self.enter(&caller(), &request(login, "CreateUser"), login, role).await.unwrap();
        let page = PageRequest { size: 1_000, after: None };
        let users = self.memory.users(&self.store_id(), page).await.unwrap().items;
        let user = users.into_iter().find(|user| user.login == login).unwrap();
        (user, made.secret.unwrap())
    }

    async fn update(
        &self,
        by: &Caller,
        asked: &Request,
        user_id: UserId,
        update: UserUpdate,
    ) -> Result<Made, Failure> {
        let store_id = self.store_id();
        self.accounts.update(by, &store_id, asked, user_id, update, &|_| vec![]).await
    }

    async fn log_in(&self, login: &str, password: &str, device: &str) -> Result<LoggedIn, Failure> {
        let credentials = Credentials {
            store_id: self.store_id(),
            login: login.to_owned(),
            password: SecretString::from(password),
            device: device.to_owned(),
        };
        self.accounts.log_in(None, credentials).await
    }

    /// Logs in with what was given, and chooses a password.
    async fn chosen(&self, login: &str, given: &str) -> LoggedIn {
        let first = self.log_in(login, given, "").await.unwrap();
        let (old, new) = (SecretString::from(given), SecretString::from(OWN));
        self.accounts.change_password(None, secret_hash(&first.secret), old, new).await.unwrap()
    }

    async fn is_locked_out(&self, login: &str) -> bool {
        let guessed = self.log_in(login, "a wrong password", "").await;
        matches!(guessed, Err(Failure::TooManyAttempts { .. }))
    }

    async fn lock_out(&self, login: &str) {
        for _ in 0..10 {
            assert!(!self.is_locked_out(login).await);
        }
        assert!(self.is_locked_out(login).await);
    }

    async fn token(&self, by: &Caller, id: &str, new: NewToken) -> Result<Made, Failure> {
        let asked = request(id, "CreateToken");
        self.stores.create_token(by, &self.store_id(), &asked, new, &|_| vec![]).await
    }
}

fn reset() -> UserUpdate {
    UserUpdate { reset_password: true, ..UserUpdate::default() }
}

fn disabled() -> UserUpdate {
    UserUpdate { disabled: Some(true), ..UserUpdate::default() }
}

fn as_viewer() -> UserUpdate {
    UserUpdate { role: Some(Role::Viewer), ..UserUpdate::default() }
}

fn acting(user: &User) -> Caller {
    Caller { actor: user.actor(), trace: None }
}

fn viewers() -> NewToken {
    NewToken { name: "t".to_owned(), role: Role::Viewer, scopes: vec![], expires_at: None }
}

#[tokio::test]
async fn a_password_that_was_given_opens_whatever_strangers_guess() {
    let world = World::with_order().await;
    let (ada, given) = world.entered("ada", Role::Agent).await;
    world.lock_out("ada").await;
    world.log_in("ada", &given, "").await.unwrap();
    // It counts for nothing else: strangers wait on.
    assert!(world.is_locked_out("ada").await);

    world.chosen("ada", &given).await;
    let refused = world.log_in("ada", OWN, "").await;
    assert!(matches!(refused, Err(Failure::TooManyAttempts { .. })));
    let asked = request("reset", "UpdateUser");
    let made = world.update(&caller(), &asked, ada.user_id, reset()).await.unwrap();
    for login in ["ada", "nobody"] {
        for _ in 0..12 {
            let refused = world.log_in(login, GUESSED, "").await;
            assert!(matches!(refused, Err(Failure::LoginFailed)), "{login}");
        }
    }
    // What guesses of that form come to is neither a lock-out nor an end of one.
    assert!(world.is_locked_out("ada").await && !world.is_locked_out("nobody").await);
    world.log_in("ada", &made.secret.unwrap(), "").await.unwrap();
    let refused = world.log_in("ada", &given, "").await;
    assert!(matches!(refused, Err(Failure::LoginFailed)));
}

#[tokio::test]
async fn attempts_while_one_has_to_wait_are_in_the_log() {
    let world = World::with_order().await;
    let (ada, _) = world.entered("ada", Role::Agent).await;
    world.lock_out("ada").await;
    world.lock_out("nobody").await;
    world.denials.write().await;
    let told = world.store.told();
    let denied = told.iter().filter_map(|(actor, fact)| match fact {
        StoreFact::AccessDenied { denials, more } => Some((&*actor.id, denials, *more)),
        _ => None,
    });
    let denied: Vec<_> = denied.collect();
    let [(by, denials, more)] = &denied[..] else { panic!("{denied:?}") };
    assert_eq!((*by, *more), ("unknown", 0));
    let of = |reason: &str| denials.iter().find(|denial| denial.reason == reason).unwrap();
    let ada = Some(ada.user_id.to_string());
    for (reason, times) in [("LOGIN_FAILED", 10), ("TOO_MANY_ATTEMPTS", 1)] {
        let denial = of(reason);
        assert_eq!((&denial.named, denial.times), (&ada, times), "{denial:?}");
    }
}

#[tokio::test]
async fn what_is_not_written_is_not_hashed() {
    let world = World::with_order().await;
    let (ada, _) = world.entered("ada", Role::Manager).await;
    let all = |outcomes: Vec<Result<Made, Failure>>, is: fn(&Result<Made, Failure>) -> bool| {
        let busy = |outcome: &&Result<Made, Failure>| !is(outcome);
        assert!(outcomes.iter().find(busy).is_none(), "{:?}", outcomes.iter().find(busy));
    };
    let asked = (0..MANY).map(|number| request(&format!("r{number}"), "CreateUser"));
    let asked: Vec<_> = asked.collect();
    let by = caller();
    let taken = asked.iter().map(|asked| world.enter(&by, asked, "ADA", Role::Agent));
    all(join_all(taken).await, |it| matches!(it, Err(Failure::Taken { what: Taken::Login, .. })));
    let first = request("ada", "CreateUser");
    let again = (0..MANY).map(|_| world.enter(&by, &first, "ada", Role::Manager));
    all(join_all(again).await, |it| it.as_ref().is_ok_and(|made| made.secret.is_none()));
    let own = acting(&ada);
    let resets = asked.iter().map(|asked| world.update(&own, asked, ada.user_id, reset()));
    all(
        join_all(resets).await,
        |it| matches!(it, Err(Failure::Rejected(rejected)) if rejected.reason == Reason::OwnAccount),
    );
    let nobody = UserId::from_uuid(uuid::Uuid::nil());
    let resets = asked.iter().map(|asked| world.update(&by, asked, nobody, reset()));
    all(join_all(resets).await, |it| matches!(it, Err(Failure::NotFound { .. })));
}

#[tokio::test]
async fn managers_who_enter_many_are_not_in_the_way_of_who_logs_in() {
    let world = World::with_order().await;
    let (_, given) = world.entered("ada", Role::Agent).await;
    let known = world.chosen("ada", &given).await;
    let by = caller();
    let entered = join_all((0..MANY).map(async |number| {
        let (login, id) = (format!("user-{number}"), format!("r{number}"));
        world.enter(&by, &request(&id, "CreateUser"), &login, Role::Agent).await
    }));
    // The first of them have begun by then.
    let (entered, known) = tokio::join!(entered, world.log_in("ada", OWN, &known.device));
    assert!(entered.iter().any(|it| matches!(it, Err(Failure::Overloaded))), "too few of them");
    known.unwrap_or_else(|failure| panic!("{failure}"));
}

#[tokio::test]
async fn of_two_managers_who_shut_each_other_out_one_is_too_late() {
    let world = World::with_order().await;
    for (number, change) in [disabled(), as_viewer()].into_iter().enumerate() {
        let (ada, _) = world.entered(&format!("ada-{number}"), Role::Manager).await;
        let (bob, _) = world.entered(&format!("bob-{number}"), Role::Manager).await;
        let (by_ada, by_bob) = (acting(&ada), acting(&bob));
        let (one, other) = (
            request(&format!("a{number}"), "UpdateUser"),
            request(&format!("b{number}"), "UpdateUser"),
        );
        let (one, other) = tokio::join!(
            world.update(&by_ada, &one, bob.user_id, change.clone()),
            world.update(&by_bob, &other, ada.user_id, change.clone()),
        );
        assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
        let (out, left) = if one.is_ok() { (bob, ada) } else { (ada, bob) };
        let late = acting(&out);
        let asked = request("late", "UpdateUser");
        let gone = UserId::from_uuid(uuid::Uuid::nil());
        let store_id = world.store_id();
        let outcomes = [
            world.update(&late, &asked, left.user_id, disabled()).await.map(drop),
            world.update(&late, &asked, gone, reset()).await.map(drop),
            world.enter(&late, &asked, "eve", Role::Manager).await.map(drop),
            world.accounts.delete(&late, &store_id, &asked, left.user_id, &[]).await.map(drop),
            world.token(&late, "late", viewers()).await.map(drop),
        ];
        let is_refused = |outcome: &Result<(), Failure>| match outcome {
            Err(Failure::CallerEnded) => number == 0,
            Err(Failure::RoleForbids { role, .. }) => (number, *role) == (1, Role::Viewer),
            _ => false,
        };
        assert!(outcomes.iter().all(is_refused), "{outcomes:?}");
    }
}

#[tokio::test]
async fn a_store_has_so_many_tokens_and_those_that_ended_do_not_count() {
    let world = World::with_order().await;
    let by = caller();
    let soon = Some(world.clock.now() + time::Duration::minutes(1));
    for number in 0..MAX_TOKENS {
        let expires_at = soon.filter(|_| number == 0);
        let new = NewToken { expires_at, ..viewers() };
        world.token(&by, &format!("t{number}"), new).await.unwrap();
    }
    let refused = world.token(&by, "more", viewers()).await.unwrap_err();
    let Failure::Rejected(rejection) = refused else { panic!("{refused}") };
    let figures = ["tokens", "limit"].map(|figure| rejection.value(figure));
    assert_eq!((rejection.reason, figures), (Reason::TooManyTokens, [Some("500"); 2]));
    // A repetition is answered all the same.
    assert!(world.token(&by, "t1", viewers()).await.unwrap().answer.replayed);
    world.clock.advance(time::Duration::minutes(1));
    world.token(&by, "after one expired", viewers()).await.unwrap();
    world.token(&by, "and no more", viewers()).await.unwrap_err();
    let page = PageRequest { size: 2, after: None };
    let (token, _) = world.stores.tokens(&world.store_id(), page).await.unwrap().items.remove(1);
    let revoke = request("r", "RevokeToken");
    let store_id = world.store_id();
    world.stores.revoke_token(&by, &store_id, &revoke, token.token_id, &|_| vec![]).await.unwrap();
    world.token(&by, "after one was revoked", viewers()).await.unwrap();
}
