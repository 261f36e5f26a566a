//! Rules of people and of their sessions.

use crate::{
    Subject,
    build::{NOON, commit, shop, store_record},
};
use domain::{
    id::{StoreId, UserId},
    store::StoreFact,
    token::Role,
    user::{SESSION, Session, User},
};
use ports::{Commit, PageRequest, SessionChange, StoreChange, StoreError, UserChange, Version};
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
    let users = users.into_iter().map(|user| UserChange { user }).collect();
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
