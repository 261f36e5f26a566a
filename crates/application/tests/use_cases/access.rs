//! What a process remembers of secrets, and what it hears of them.

use crate::world::{World, caller, request};
use application::{Access, NewToken, Stores};
use domain::token::Role;
use ports::{Clock as _, Credentials as _};
use std::time::Duration;

async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let come_to_pass = async {
        while !is_so().await {
            tokio::task::yield_now().await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(20), come_to_pass).await;
    assert!(in_time.is_ok(), "{what}");
}

fn access(world: &World) -> Access {
    let memory = &world.memory;
    Access::new(memory.clone(), memory.clone(), memory.clone(), world.clock.clone())
}

/// A token of the world's store, by its secret.
async fn token(stores: &Stores, world: &World) -> (domain::token::Token, String) {
    let new =
        NewToken { name: "t".to_owned(), role: Role::Viewer, scopes: vec![], expires_at: None };
    let (asked, store_id) = (request("t", "CreateToken"), world.store_id());
    let made = stores.create_token(&caller(), &store_id, &asked, new, &|_| vec![]).await.unwrap();
    let page = ports::PageRequest { size: 10, after: None };
    let listed = stores.tokens(&store_id, page).await.unwrap();
    (listed.items[0].0.clone(), made.secret.unwrap())
}

/// The clock stands: nothing that is remembered grows old.
#[tokio::test]
async fn a_revocation_in_another_process_is_heard_of() {
    let world = World::with_order().await;
    let (here, there) = (access(&world), access(&world));
    let (token, secret) = token(&world.stores, &world).await;
    for access in [&here, &there] {
        assert!(access.live(&secret).await.unwrap().is_some());
    }
    let revoke = request("r", "RevokeToken");
    world
        .stores
        .revoke_token(&caller(), &world.store_id(), &revoke, token.token_id, &|_| vec![])
        .await
        .unwrap();
    // Whoever does not listen goes by what it remembers, for a second.
    assert!(there.live(&secret).await.unwrap().is_some());
    let followed = here.clone();
    let following = tokio::spawn(async move { followed.follow().await });
    eventually("it is heard of", async || here.live(&secret).await.unwrap().is_none()).await;
    following.abort();
    assert!(there.live(&secret).await.unwrap().is_some());
    world.clock.advance(time::Duration::seconds(1));
    assert!(there.live(&secret).await.unwrap().is_none());
}

#[tokio::test]
async fn the_last_use_of_a_token_is_written_down() {
    let world = World::with_order().await;
    let access = access(&world);
    let (token, secret) = token(&world.stores, &world).await;
    let last = async || {
        let ids = [token.token_id];
        world.memory.last_uses(&world.store_id(), &ids).await.unwrap().remove(&token.token_id)
    };
    let credential = access.live(&secret).await.unwrap().unwrap();
    access.write_uses().await;
    assert_eq!(last().await, None);
    access.used(&credential);
    access.write_uses().await;
    let first = world.clock.now();
    assert_eq!(last().await, Some(first));
    world.clock.advance(time::Duration::seconds(30));
    access.used(&credential);
    access.write_uses().await;
    assert_eq!(last().await, Some(first));
    // Whoever ends writes what it has.
    access.write_all_uses().await;
    assert_eq!(last().await, Some(first + time::Duration::seconds(30)));
}
