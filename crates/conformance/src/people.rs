//! Rules of people and of their sessions.

use crate::{
    Subject,
    build::{NOON, commit, shop, store_record},
};
use domain::{
    id::{StoreId, TokenId, UserId},
    store::StoreFact,
    token::{Role, Token},
    user::{SESSION, Session, User},
};
use ports::{
    Commit, PageRequest, SessionChange, StoreChange, StoreError, TokenChange, TokenUse, UserChange,
    Version,
};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// Expands to the rules of people and of their sessions.
#[macro_export]
macro_rules! people {
    ($fresh:expr) => {
        $crate::rules!($fresh, people =>
            somebody_is_read_back_whole,
            people_are_listed_store_by_store,
            a_session_is_found_with_whose_it_is,
            a_session_that_began_drops_those_that_are_over,
            a_user_has_so_many_sessions,
            a_session_that_ended_is_gone,
            people_go_with_the_change_of_their_store,
            somebody_who_is_deleted_is_gone_with_their_sessions,
            a_token_was_last_used_when_it_was_used_last,
            who_remembers_credentials_is_told_when_one_changes,
        );
    };
}

fn id(number: u128) -> UserId {
    UserId::from_uuid(Uuid::from_u128(number))
}

fn user(store: &StoreId, number: u128) -> User {
    User {
        user_id: id(number),
        store_id: store.clone(),
        login: format!("ada-{number}"),
        name: "Ada \u{1F389} 'Quote'".to_owned(),
        role: Role::Agent,
        password: "$argon2id$x".to_owned(),
        password_is_temporary: true,
        device_key: [9; 32],
        disabled: false,
        era: 1,
        version: 1,
        created_at: NOON,
    }
}

async fn open(store: &dyn Subject, id: &str) {
    let after = store_record(id);
    let facts = vec![StoreFact::Created { store: Box::new(after.clone()) }];
    let change = StoreChange { before: Version::NEW, after, facts };
    store.commit(Commit { stores: vec![change], ..commit() }).await.unwrap();
}

/// What a commit changes of people, with the fact that goes with it.
async fn changed(
    store: &dyn Subject,
    of: &StoreId,
    users: Vec<User>,
    sessions: Vec<SessionChange>,
) -> Commit {
    let found = store.store(of).await.unwrap().unwrap();
    let fact = StoreFact::SessionBegan { user_id: id(1) };
    let change = StoreChange { before: found.version, after: found.state, facts: vec![fact] };
    let users = users.into_iter().map(|user| UserChange::Put(Box::new(user))).collect();
    Commit { stores: vec![change], users, sessions, ..commit() }
}

async fn keep(store: &dyn Subject, users: Vec<User>, sessions: Vec<SessionChange>) {
    let commit = changed(store, &shop(), users, sessions).await;
    store.commit(commit).await.unwrap();
}

fn session(user: &User, expires_at: OffsetDateTime) -> Session {
    Session { expires_at, ..user.session(NOON) }
}

fn begin(hash: u8, session: Session) -> SessionChange {
    SessionChange::Begin { hash: [hash; 32], session }
}

pub async fn somebody_is_read_back_whole(store: &dyn Subject) {
    open(store, "shop").await;
    assert_eq!(store.user(&shop(), id(1)).await.unwrap(), None);
    let mut ada = user(&shop(), 1);
    keep(store, vec![ada.clone()], vec![]).await;
    assert_eq!(store.user(&shop(), id(1)).await.unwrap().as_ref(), Some(&ada));
    (ada.role, ada.disabled, ada.version) = (Role::Manager, true, 2);
    keep(store, vec![ada.clone()], vec![]).await;
    assert_eq!(store.user(&shop(), id(1)).await.unwrap(), Some(ada));
    assert_eq!(store.count_users(&shop()).await.unwrap(), 1);
}

pub async fn people_are_listed_store_by_store(store: &dyn Subject) {
    let other: StoreId = "other".parse().unwrap();
    open(store, "shop").await;
    open(store, "other").await;
    let ours = [3, 1, 5, 2, 4].map(|number| user(&shop(), number));
    keep(store, ours.to_vec(), vec![]).await;
    let theirs = changed(store, &other, vec![user(&other, 6)], vec![]).await;
    store.commit(theirs).await.unwrap();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = store.users(&shop(), PageRequest { size: 2, after }).await.unwrap();
        seen.extend(page.items.into_iter().map(|user| user.user_id));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(seen, [1, 2, 3, 4, 5].map(id));
    assert_eq!(store.count_users(&shop()).await.unwrap(), 5);
    assert_eq!(store.user(&shop(), id(6)).await.unwrap(), None);
}

pub async fn a_session_is_found_with_whose_it_is(store: &dyn Subject) {
    open(store, "shop").await;
    let ada = user(&shop(), 1);
    let session = session(&ada, NOON + SESSION);
    keep(store, vec![ada.clone()], vec![begin(1, session.clone())]).await;
    assert_eq!(store.session(&[1; 32]).await.unwrap(), Some((session, ada)));
    assert_eq!(store.session(&[2; 32]).await.unwrap(), None);
}

pub async fn a_session_that_began_drops_those_that_are_over(store: &dyn Subject) {
    open(store, "shop").await;
    let (ada, bob) = (user(&shop(), 1), user(&shop(), 2));
    let later = NOON + Duration::hours(1);
    let newer = User { era: 2, ..ada.clone() };
    let found = async |hash| store.session(&[hash; 32]).await.unwrap().is_some();
    keep(store, vec![ada.clone(), bob.clone()], vec![begin(1, session(&ada, later))]).await;
    keep(store, vec![], vec![begin(2, session(&bob, NOON)), begin(3, session(&ada, NOON))]).await;
    assert_eq!([found(1).await, found(2).await, found(3).await], [true, true, true]);
    // One of them is over by now; another user's is not looked at.
    keep(store, vec![], vec![begin(4, session(&ada, later))]).await;
    assert_eq!([found(1).await, found(2).await, found(3).await], [true, true, false]);
    // An era ends what was before it, and nothing that comes late from before ends what is newer.
    keep(store, vec![], vec![begin(5, session(&newer, later))]).await;
    assert_eq!([found(1).await, found(4).await, found(5).await], [false, false, true]);
    keep(store, vec![], vec![begin(6, session(&ada, later))]).await;
    assert_eq!([found(5).await, found(6).await], [true, true]);
}

pub async fn a_user_has_so_many_sessions(store: &dyn Subject) {
    open(store, "shop").await;
    let (ada, bob) = (user(&shop(), 1), user(&shop(), 2));
    keep(store, vec![ada.clone(), bob.clone()], vec![begin(0, session(&bob, NOON + SESSION))])
        .await;
    for number in 1..=25 {
        let until = NOON + Duration::minutes(number.into());
        keep(store, vec![], vec![begin(number, session(&ada, until))]).await;
    }
    let mut left = Vec::new();
    for number in 0..=25 {
        if store.session(&[number; 32]).await.unwrap().is_some() {
            left.push(number);
        }
    }
    let expected: Vec<u8> = std::iter::once(0).chain(6..=25).collect();
    assert_eq!(left, expected);
}

pub async fn a_session_that_ended_is_gone(store: &dyn Subject) {
    open(store, "shop").await;
    let ada = user(&shop(), 1);
    let until = NOON + SESSION;
    let begun = vec![begin(1, session(&ada, until)), begin(2, session(&ada, until))];
    keep(store, vec![ada], begun).await;
    keep(store, vec![], vec![SessionChange::End { hash: [1; 32] }]).await;
    assert!(store.session(&[1; 32]).await.unwrap().is_none());
    assert!(store.session(&[2; 32]).await.unwrap().is_some());
}

pub async fn people_go_with_the_change_of_their_store(store: &dyn Subject) {
    open(store, "shop").await;
    let ada = user(&shop(), 1);
    let begun = vec![begin(1, session(&ada, NOON + SESSION))];
    let mut stale = changed(store, &shop(), vec![ada], begun).await;
    stale.stores[0].before = Version(7);
    assert!(matches!(store.commit(stale).await, Err(StoreError::Conflict)));
    assert_eq!(store.user(&shop(), id(1)).await.unwrap(), None);
    assert!(store.session(&[1; 32]).await.unwrap().is_none());
}

pub async fn somebody_who_is_deleted_is_gone_with_their_sessions(store: &dyn Subject) {
    open(store, "shop").await;
    open(store, "other").await;
    let other: StoreId = "other".parse().unwrap();
    let (ada, bob) = (user(&shop(), 1), user(&shop(), 2));
    let until = NOON + SESSION;
    let begun = vec![begin(1, session(&ada, until)), begin(2, session(&bob, until))];
    keep(store, vec![ada.clone(), bob], begun).await;
    // The same id elsewhere is somebody else.
    let namesake = user(&other, 1);
    let begun = vec![begin(3, session(&namesake, until))];
    let theirs = changed(store, &other, vec![namesake], begun).await;
    store.commit(theirs).await.unwrap();
    let mut delete = changed(store, &shop(), vec![], vec![]).await;
    delete.users = vec![UserChange::Delete { store_id: shop(), user_id: id(1) }];
    store.commit(delete).await.unwrap();
    assert_eq!(store.user(&shop(), id(1)).await.unwrap(), None);
    assert!(store.session(&[1; 32]).await.unwrap().is_none());
    for hash in [2, 3] {
        assert!(store.session(&[hash; 32]).await.unwrap().is_some(), "{hash}");
    }
    assert_eq!(store.count_users(&shop()).await.unwrap(), 1);
}

fn token(store: &StoreId, number: u128) -> Token {
    Token {
        token_id: TokenId::from_uuid(Uuid::from_u128(number)),
        store_id: store.clone(),
        name: "t".to_owned(),
        made_by: None,
        role: Role::Viewer,
        scopes: vec![],
        expires_at: None,
        created_at: NOON,
        revoked_at: None,
    }
}

async fn with_token(store: &dyn Subject, token: &Token, hash: Option<u8>) {
    let mut commit = changed(store, &token.store_id, vec![], vec![]).await;
    let hash = hash.map(|hash| [hash; 32]);
    commit.tokens = vec![TokenChange { token: token.clone(), hash }];
    store.commit(commit).await.unwrap();
}

pub async fn a_token_was_last_used_when_it_was_used_last(store: &dyn Subject) {
    open(store, "shop").await;
    open(store, "other").await;
    let mut tokens = [1, 2].map(|number| token(&shop(), number));
    for (token, hash) in tokens.iter().zip([1, 2]) {
        with_token(store, token, Some(hash)).await;
    }
    let ids = tokens.clone().map(|token| token.token_id);
    let uses = |store_id: &str, minutes: &[i64]| -> Vec<TokenUse> {
        let used = |minute: &i64| TokenUse {
            store_id: store_id.parse().unwrap(),
            token_id: ids[0],
            at: NOON + Duration::minutes(*minute),
        };
        minutes.iter().map(used).collect()
    };
    assert!(store.last_uses(&shop(), &ids).await.unwrap().is_empty());
    store.note_uses(&uses("shop", &[3, 5, 4])).await.unwrap();
    store.note_uses(&uses("other", &[9])).await.unwrap();
    store.note_uses(&[]).await.unwrap();
    let five = NOON + Duration::minutes(5);
    let last = store.last_uses(&shop(), &ids).await.unwrap();
    assert_eq!(last.into_iter().collect::<Vec<_>>(), [(ids[0], five)]);
    assert!(store.last_uses(&"other".parse().unwrap(), &ids).await.unwrap().is_empty());
    // A change of the token does not touch it.
    tokens[0].revoked_at = Some(NOON);
    with_token(store, &tokens[0], None).await;
    assert_eq!(store.last_uses(&shop(), &ids).await.unwrap()[&ids[0]], five);
    assert!(store.last_uses(&shop(), &[]).await.unwrap().is_empty());
}

pub async fn who_remembers_credentials_is_told_when_one_changes(store: &dyn Subject) {
    const SOON: std::time::Duration = std::time::Duration::from_secs(20);
    let told = async || tokio::time::timeout(SOON, store.changed()).await.unwrap();
    open(store, "shop").await;
    let ada = user(&shop(), 1);
    keep(store, vec![ada.clone()], vec![begin(1, session(&ada, NOON + SESSION))]).await;
    told().await;
    keep(store, vec![], vec![SessionChange::End { hash: [1; 32] }]).await;
    told().await;
    let mut token = token(&shop(), 1);
    with_token(store, &token, Some(1)).await;
    token.revoked_at = Some(NOON);
    with_token(store, &token, None).await;
    told().await;
}
