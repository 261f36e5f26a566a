//! Rules of stores, tokens, unique keys, quotes and refund numbers.

use crate::{
    Subject,
    build::{NOON, commit, key, minutes, receipt, request, shop, store_record, token},
};
use domain::{
    TimeZone,
    id::{QuoteId, StoreId},
    refund::RefundRequest,
    store::StoreFact,
    token::Token,
};
use futures_util::future::join_all;
use ports::{
    Claim, ClaimChange, ClaimKind, Commit, PageRequest, Quote, Store, StoreChange, StoreError,
    TokenChange, Version,
};
use time::Duration;
use uuid::Uuid;

/// Expands to the rules of stores, tokens, unique keys, quotes and refund numbers.
#[macro_export]
macro_rules! records {
    ($fresh:expr) => {
        $crate::rules!($fresh, records =>
            a_store_is_read_back_whole,
            a_stale_store_change_leaves_nothing_behind,
            stores_are_listed_page_by_page,
            a_token_is_found_by_its_hash_and_by_its_id,
            a_token_changes_without_its_hash,
            a_hash_opens_one_token,
            tokens_are_listed_page_by_page,
            tokens_that_have_not_ended_are_counted,
            a_key_is_taken_once_in_its_store,
            a_global_key_is_taken_once_over_all_stores,
            a_freed_key_can_be_taken_again,
            drawn_numbers_are_unique_under_concurrency,
            a_quote_is_kept_until_it_expires,
            the_database_answers,
        );
    };
}

fn created(store_id: &str) -> StoreChange {
    let after = store_record(store_id);
    let facts = vec![StoreFact::Created { store: Box::new(after.clone()) }];
    StoreChange { before: Version::NEW, after, facts }
}

async fn create(store: &dyn Subject, store_id: &str) {
    let mut commit = commit();
    commit.stores.push(created(store_id));
    store.commit(commit).await.unwrap();
}

async fn with_tokens(store: &dyn Subject, before: i64, changes: Vec<TokenChange>) -> Commit {
    let found = store.store(&shop()).await.unwrap().unwrap();
    let facts = changes.iter().map(|change| match change.token.revoked_at {
        None => StoreFact::TokenCreated { token: Box::new(change.token.clone()) },
        Some(_) => StoreFact::TokenRevoked { token_id: change.token.token_id },
    });
    let change =
        StoreChange { before: Version(before), after: found.state, facts: facts.collect() };
    Commit { stores: vec![change], tokens: changes, ..commit() }
}

pub async fn a_store_is_read_back_whole(store: &dyn Subject) {
    assert!(store.store(&shop()).await.unwrap().is_none());
    create(store, "shop").await;
    let found = store.store(&shop()).await.unwrap().unwrap();
    assert_eq!((found.state.clone(), found.version), (store_record("shop"), Version(1)));
    let mut after = found.state;
    after.settings.appeasements = true;
    after.settings.time_zone = TimeZone::named("Europe/Paris").unwrap();
    after.settings_version = 2;
    let facts = vec![StoreFact::Updated { store: Box::new(after.clone()) }];
    let change = StoreChange { before: found.version, after: after.clone(), facts };
    store.commit(Commit { stores: vec![change], ..commit() }).await.unwrap();
    let found = store.store(&shop()).await.unwrap().unwrap();
    assert_eq!((found.state, found.version), (after, Version(2)));
}

pub async fn a_stale_store_change_leaves_nothing_behind(store: &dyn Subject) {
    create(store, "shop").await;
    let mut again = commit();
    again.stores.push(created("shop"));
    again.receipt = Some(receipt("again"));
    assert!(matches!(store.commit(again).await, Err(StoreError::Conflict)));
    assert!(store.receipt(&request("again")).await.unwrap().is_none());

    let mut token = token(&shop(), "one");
    let created = TokenChange { token: token.clone(), hash: Some([1; 32]) };
    let stale = with_tokens(store, 7, vec![created]).await;
    assert!(matches!(store.commit(stale).await, Err(StoreError::Conflict)));
    assert!(store.token_by_hash(&[1; 32]).await.unwrap().is_none());
    // A token that nobody made cannot be revoked.
    token.revoked_at = Some(NOON);
    let unknown = with_tokens(store, 1, vec![TokenChange { token, hash: None }]).await;
    assert!(matches!(store.commit(unknown).await, Err(StoreError::Conflict)));
    assert_eq!(store.store(&shop()).await.unwrap().unwrap().version, Version(1));
}

pub async fn stores_are_listed_page_by_page(store: &dyn Subject) {
    let ids = ["a-1", "a1", "b", "c", "d"];
    for id in ["c", "a1", "d", "a-1", "b"] {
        create(store, id).await;
    }
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = store.stores(PageRequest { size: 2, after }).await.unwrap();
        seen.extend(page.items.into_iter().map(|found| found.state.store_id.to_string()));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(seen, ids);
}

async fn keep(store: &dyn Subject, before: i64, name: &str, hash: [u8; 32]) -> Token {
    let token = token(&shop(), name);
    let change = TokenChange { token: token.clone(), hash: Some(hash) };
    store.commit(with_tokens(store, before, vec![change]).await).await.unwrap();
    token
}

pub async fn a_token_is_found_by_its_hash_and_by_its_id(store: &dyn Subject) {
    create(store, "shop").await;
    let token = keep(store, 1, "one", [1; 32]).await;
    assert_eq!(store.token_by_hash(&[1; 32]).await.unwrap().as_ref(), Some(&token));
    assert_eq!(store.token_by_hash(&[2; 32]).await.unwrap(), None);
    assert_eq!(store.token(&shop(), token.token_id).await.unwrap().as_ref(), Some(&token));
    let other: StoreId = "other".parse().unwrap();
    assert_eq!(store.token(&other, token.token_id).await.unwrap(), None);
}

pub async fn a_token_changes_without_its_hash(store: &dyn Subject) {
    create(store, "shop").await;
    let mut token = keep(store, 1, "one", [1; 32]).await;
    token.revoked_at = Some(minutes(1));
    let change = TokenChange { token: token.clone(), hash: None };
    store.commit(with_tokens(store, 2, vec![change]).await).await.unwrap();
    assert_eq!(store.token_by_hash(&[1; 32]).await.unwrap(), Some(token));
}

pub async fn a_hash_opens_one_token(store: &dyn Subject) {
    create(store, "shop").await;
    let first = keep(store, 1, "one", [1; 32]).await;
    let second = TokenChange { token: token(&shop(), "two"), hash: Some([1; 32]) };
    let outcome = store.commit(with_tokens(store, 2, vec![second]).await).await;
    assert!(matches!(outcome, Err(StoreError::Conflict)));
    assert_eq!(store.token_by_hash(&[1; 32]).await.unwrap(), Some(first));
}

pub async fn tokens_that_have_not_ended_are_counted(store: &dyn Subject) {
    create(store, "shop").await;
    let mut all = Vec::new();
    let ends = [None, Some(minutes(5)), None, Some(minutes(9)), None];
    for (number, expires_at) in ends.into_iter().enumerate() {
        all.push(Token { expires_at, ..token(&shop(), &format!("T-{number}")) });
    }
    let made =
        |(token, hash): (&Token, u8)| TokenChange { token: token.clone(), hash: Some([hash; 32]) };
    let made = all.iter().zip(1..).map(made).collect();
    store.commit(with_tokens(store, 1, made).await).await.unwrap();
    let live = async |at| store.count_live_tokens(&shop(), at).await.unwrap();
    assert_eq!((live(minutes(1)).await, live(minutes(5)).await), (5, 4));
    let ended = |token: &Token| TokenChange {
        token: Token { revoked_at: Some(minutes(2)), ..token.clone() },
        hash: None,
    };
    let ended = vec![ended(&all[0]), ended(&all[3])];
    store.commit(with_tokens(store, 6, ended).await).await.unwrap();
    assert_eq!((live(minutes(2)).await, live(minutes(5)).await), (3, 2));
    let other = "other".parse().unwrap();
    assert_eq!(store.count_live_tokens(&other, NOON).await.unwrap(), 0);
}

pub async fn tokens_are_listed_page_by_page(store: &dyn Subject) {
    create(store, "shop").await;
    let mut kept = Vec::new();
    for number in 0..5_u8 {
        let before = i64::from(number) + 1;
        kept.push(keep(store, before, &format!("T-{number}"), [number; 32]).await);
    }
    kept.sort_by_key(|token| token.token_id);
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = store.tokens(&shop(), PageRequest { size: 2, after }).await.unwrap();
        seen.extend(page.items);
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(seen, kept);
    let other = "other".parse().unwrap();
    let page = store.tokens(&other, PageRequest { size: 2, after: None }).await.unwrap();
    assert!(page.items.is_empty());
}

fn claim(store_id: &StoreId, kind: ClaimKind, holder: &str) -> Claim {
    let (store_id, holder) = (store_id.clone(), holder.to_owned());
    Claim { store_id, kind, key: "key".to_owned(), holder, fingerprint: [3; 32] }
}

async fn take(store: &dyn Subject, claim: &Claim) -> Result<(), StoreError> {
    let claims = vec![ClaimChange::Take(claim.clone())];
    store.commit(Commit { claims, ..commit() }).await
}

async fn holder(store: &dyn Subject, id: &StoreId, kind: ClaimKind) -> Option<String> {
    Store::claim(store, id, kind, "key").await.unwrap().map(|claim| claim.holder)
}

pub async fn a_key_is_taken_once_in_its_store(store: &dyn Subject) {
    let kind = ClaimKind::ExternalOrderId;
    let rivals: Vec<Claim> =
        (0..8).map(|number| claim(&shop(), kind, &format!("O-{number}"))).collect();
    let outcomes = join_all(rivals.iter().map(|rival| take(store, rival))).await;
    let won: Vec<usize> =
        outcomes.iter().enumerate().filter(|(_, o)| o.is_ok()).map(|(at, _)| at).collect();
    assert_eq!(won.len(), 1);
    let lost = |outcome: &Result<(), StoreError>| matches!(outcome, Err(StoreError::Conflict));
    assert_eq!(outcomes.iter().filter(|outcome| lost(outcome)).count(), 7);
    let found = Store::claim(store, &shop(), kind, "key").await.unwrap();
    assert_eq!(found.as_ref(), Some(&rivals[won[0]]));
    // Other kinds and other stores are apart.
    assert_eq!(holder(store, &shop(), ClaimKind::RefundReference).await, None);
    let other = "other".parse().unwrap();
    take(store, &claim(&other, kind, "theirs")).await.unwrap();
    assert_eq!(holder(store, &other, kind).await.as_deref(), Some("theirs"));
}

pub async fn a_global_key_is_taken_once_over_all_stores(store: &dyn Subject) {
    let (kind, other) = (ClaimKind::MerchantGuid, "other".parse().unwrap());
    take(store, &claim(&shop(), kind, "shop")).await.unwrap();
    let outcome = take(store, &claim(&other, kind, "other")).await;
    assert!(matches!(outcome, Err(StoreError::Conflict)));
    let found = Store::claim(store, &other, kind, "key").await.unwrap().unwrap();
    assert_eq!(found, claim(&shop(), kind, "shop"));
}

pub async fn a_freed_key_can_be_taken_again(store: &dyn Subject) {
    let kind = ClaimKind::ExternalOrderId;
    take(store, &claim(&shop(), kind, "first")).await.unwrap();
    let free = |holder: &str| ClaimChange::Free {
        store_id: shop(),
        kind,
        key: "key".to_owned(),
        holder: holder.to_owned(),
    };
    // Nobody frees what is another's.
    store.commit(Commit { claims: vec![free("second")], ..commit() }).await.unwrap();
    assert_eq!(holder(store, &shop(), kind).await.as_deref(), Some("first"));
    let over = vec![free("second"), ClaimChange::Take(claim(&shop(), kind, "second"))];
    let outcome = store.commit(Commit { claims: over, ..commit() }).await;
    assert!(matches!(outcome, Err(StoreError::Conflict)), "{outcome:?}");
    store.commit(Commit { claims: vec![free("first")], ..commit() }).await.unwrap();
    assert_eq!(holder(store, &shop(), kind).await, None);
    take(store, &claim(&shop(), kind, "second")).await.unwrap();
    // Both in one commit, whichever stands first.
    let third = ClaimChange::Take(claim(&shop(), kind, "third"));
    store.commit(Commit { claims: vec![third, free("second")], ..commit() }).await.unwrap();
    assert_eq!(holder(store, &shop(), kind).await.as_deref(), Some("third"));
}

pub async fn drawn_numbers_are_unique_under_concurrency(store: &dyn Subject) {
    let drawing = (0..20)
        .map(async |turn: u32| store.draw_refund_numbers(&shop(), 1 + turn % 5).await.unwrap());
    let blocks = join_all(drawing).await;
    let mut drawn: Vec<i64> = blocks.iter().cloned().flatten().collect();
    assert_eq!(drawn.len(), 60);
    drawn.sort_unstable();
    assert!(drawn.windows(2).all(|pair| pair[0] < pair[1]));
    assert_eq!(drawn[0], 1);
    let other = "other".parse().unwrap();
    assert_eq!(store.draw_refund_numbers(&other, 3).await.unwrap(), 1..4);
}

pub async fn a_quote_is_kept_until_it_expires(store: &dyn Subject) {
    let quote_id = QuoteId::from_uuid(Uuid::now_v7());
    let reason = "wrong size, “XL” instead of 'L'".to_owned();
    let quote = Quote {
        quote_id,
        order: key("O-1"),
        revision: 4,
        request: RefundRequest {
            total_refund_amount: Some("12.340".parse().unwrap()),
            comments: Some(reason),
            ..RefundRequest::default()
        },
        hash: [5; 32],
        expires_at: minutes(15),
    };
    store.save_quote(&quote, NOON).await.unwrap();
    assert_eq!(store.quote(&key("O-1"), quote_id).await.unwrap().as_ref(), Some(&quote));
    assert_eq!(store.quote(&key("O-2"), quote_id).await.unwrap(), None);
    let other = Quote { quote_id: QuoteId::from_uuid(Uuid::now_v7()), ..quote.clone() };
    store.save_quote(&other, minutes(15)).await.unwrap();
    assert_eq!(store.quote(&key("O-1"), quote_id).await.unwrap().as_ref(), Some(&quote));
    // Long after that nobody asks for it any more.
    let much_later = NOON + Duration::weeks(5);
    let last = Quote {
        quote_id: QuoteId::from_uuid(Uuid::now_v7()),
        expires_at: much_later + Duration::HOUR,
        ..quote
    };
    store.save_quote(&last, much_later).await.unwrap();
    assert_eq!(store.quote(&key("O-1"), quote_id).await.unwrap(), None);
    assert_eq!(store.quote(&key("O-1"), last.quote_id).await.unwrap(), Some(last));
}

pub async fn the_database_answers(store: &dyn Subject) {
    store.ping().await.unwrap();
}
