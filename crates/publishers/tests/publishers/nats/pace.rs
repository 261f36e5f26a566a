use super::{Batch, publisher, settings, stream};
use std::time::Instant;
use testkit::{nats::Server, scale};

#[tokio::test]
async fn batches_do_not_wait_for_one_event_after_the_other() {
    const SIZE: u128 = 500;
    let server = Server::start();
    let publisher = publisher(settings(&server.address()));
    let batches = scale::pick(4, 200);
    let began = Instant::now();
    for start in (0..batches).map(|batch| batch * SIZE) {
        Batch::of(start..start + SIZE).by(&publisher).await.unwrap();
    }
    println!("{} events in {:?}", batches * SIZE, began.elapsed());
    let stored = stream(&server).await.cached_info().state.messages;
    assert_eq!(u128::from(stored), batches * SIZE);
}
