//! Eight refunds of 60 % at once: one is made, seven are told what is left.

use crate::{
    on_both,
    world::{Backend, Database, Grpc, STORE, World, order, reason_of},
};
use futures_util::future::join_all;
use serde_json::json;
use testkit::scale;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use wire::refunds::v1::{CreateRefundRequest, CreateRefundResponse};

on_both!(one_of_eight_refunds_of_sixty_percent_is_made);

const CALLS: usize = 8;

async fn one_of_eight_refunds_of_sixty_percent_is_made(world: World) {
    let grpc = world.grpc().await;
    race(&world, &[grpc]).await;
}

/// The isolation that an operator may have made the default must not matter.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_is_made_where_transactions_are_repeatable_reads_by_default() {
    let world = isolated("repeatable read");
    let grpc = world.grpc().await;
    race(&world, &[grpc]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_is_made_where_transactions_are_serializable_by_default() {
    let world = isolated("serializable");
    let grpc = world.grpc().await;
    race(&world, &[grpc]).await;
}

/// Nothing that one process knows can keep two of them from the same order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_is_made_where_two_processes_race() {
    let world = World::on(Backend::Postgresql);
    let other = world.launch(&[]).start().unwrap();
    let second = Grpc::to(other.grpc(), crate::world::PLATFORM).await;
    race(&world, &[world.grpc().await, second]).await;
}

fn isolated(level: &str) -> World {
    let database = Database::fresh(Backend::Postgresql);
    let name = database.rows("SELECT current_database()")[0][0].clone();
    let sql = format!("ALTER DATABASE {name} SET default_transaction_isolation = '{level}'");
    database.rows(&sql);
    assert_eq!(database.rows("SHOW transaction_isolation")[0][0], level);
    World::at(database, &[])
}

async fn race(world: &World, connections: &[Grpc]) {
    world.open_store(json!({})).await;
    let orders: Vec<String> = (1..=scale::pick(20, 200)).map(|n| format!("O-{n}")).collect();
    join_all(orders.iter().map(|id| async { world.place(&order(id)).await })).await;
    for id in &orders {
        world.until_ready(id).await;
    }

    let contests = orders.iter().map(|id| contest(id, connections));
    for (order_id, outcomes) in orders.iter().zip(join_all(contests).await) {
        let made = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(made, 1, "{order_id}: {outcomes:?}");
        for refused in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
            check(refused);
        }
        let left = world.refundable(order_id).await;
        assert_eq!(left["total"]["customer"], "46.00", "{order_id}");
    }
    let counted = world.database.count("SELECT count(*) FROM refunds");
    assert_eq!(usize::try_from(counted).unwrap(), orders.len());
    let over = "SELECT count(*) FROM orders WHERE returned <> 690000";
    assert_eq!(world.database.count(over), 0);
}

/// 69.00 of 115.00, eight times at once.
async fn contest(
    order_id: &str,
    connections: &[Grpc],
) -> Vec<Result<tonic::Response<CreateRefundResponse>, Status>> {
    let calls = (0..CALLS).map(|number| {
        let mut refunds = connections[number % connections.len()].refunds();
        let request = CreateRefundRequest {
            store_id: STORE.to_owned(),
            order_id: order_id.to_owned(),
            request_id: format!("{order_id}-{number}"),
            total_refund_amount: Some("69.00".to_owned()),
            ..CreateRefundRequest::default()
        };
        async move { refunds.create_refund(request).await }
    });
    join_all(calls).await
}

fn check(refused: &Status) {
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused:?}");
    assert_eq!(reason_of(refused), "AMOUNT_EXCEEDS_REFUNDABLE");
    assert!(refused.message().contains("46"), "{refused:?}");
    let details = refused.get_error_details();
    let figures = &details.error_info().unwrap().metadata;
    for (figure, value) in [("asked", "69"), ("left", "46")] {
        assert!(figures[figure].starts_with(value), "{figure} of {figures:?}");
    }
}
