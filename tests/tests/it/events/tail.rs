//! `meridian events tail`: every event once, whatever becomes of the database meanwhile.

use crate::{
    on_both,
    world::{Database, STORE, World, eventually, order, order_path},
};
use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command},
    sync::mpsc::{Receiver, channel},
    time::Duration,
};
use testkit::{
    postgres::{Options, Server},
    process::Launch,
};

on_both!(what_comes_is_printed_until_it_is_told_to_end);

/// For whatever comes by itself.
const PATIENCE: Duration = Duration::from_mins(1);

struct Tail {
    child: Child,
    lines: Receiver<Value>,
}

impl Tail {
    fn start(launch: &Launch, arguments: &[&str]) -> Self {
        let tail = ["events", "tail", "--store", STORE].iter().chain(arguments);
        let mut child = launch
            .command()
            .unwrap()
            .args(tail)
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if sender.send(serde_json::from_str(&line).unwrap()).is_err() {
                    return;
                }
            }
        });
        Self { child, lines }
    }

    fn next(&self) -> Value {
        self.lines.recv_timeout(PATIENCE).expect("an event")
    }

    fn position(&self) -> i64 {
        self.next()["position"].as_str().unwrap().parse().unwrap()
    }

    /// By Ctrl-C.
    fn interrupt(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

async fn what_comes_is_printed_until_it_is_told_to_end(world: World) {
    world.open_store(json!({})).await;
    world.ready(&order("O-1")).await;
    let launch = world.launch(&[]);
    let all = Tail::start(&launch, &["--from", "0"]);
    let some = Tail::start(&launch, &["--from", "1", "--types", "order.received", "--follow"]);
    assert_eq!((all.position(), all.position()), (1, 2));
    world.ready(&order("O-2")).await;
    let third = all.next();
    assert_eq!((&third["order_id"], &third["type"]), (&json!("O-2"), &json!("order.received")));
    assert_eq!(all.position(), 4);
    assert_eq!(some.next(), third);
    assert_eq!((all.interrupt(), some.interrupt()), (Some(0), Some(0)));

    // Without a cursor it begins with what comes: what it has printed first came after it began.
    let new = Tail::start(&launch, &[]);
    let mut number = 3;
    let first = loop {
        world.place(&order(&format!("O-{number}"))).await;
        number += 1;
        if let Ok(first) = new.lines.recv_timeout(Duration::from_millis(300)) {
            break first;
        }
    };
    assert!(first["position"].as_str().unwrap().parse::<i64>().unwrap() > 4, "{first}");
    assert_eq!(new.interrupt(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tail_goes_on_where_it_was_after_the_database_was_away() {
    let mut server = Server::start(Options::default());
    let world = World::at(Database::Postgresql(server.fresh_database()), &[]);
    world.open_store(json!({})).await;
    let tail = Tail::start(&world.launch(&[]), &["--from", "0"]);
    let mut expected = 0;
    for round in 0..3 {
        for number in 0..5 {
            placed(&world, &format!("O-{round}-{number}")).await;
        }
        if round == 1 {
            // Some of it was printed, and some not.
            server.stop_immediate();
            server.restart();
        }
        for _ in 0..10 {
            expected += 1;
            assert_eq!(tail.position(), expected);
        }
    }
    assert_eq!(tail.interrupt(), Some(0));
}

/// An order that comes in for sure, although the database may be away, and becomes ready.
async fn placed(world: &World, order_id: &str) {
    let http = world.http();
    let body = json!({"request_id": order_id, "order": order(order_id)});
    eventually("the order to come in", || async {
        let placed = http.post(&format!("/v1/stores/{STORE}/orders"), &body).await;
        (placed.status == 200).then_some(())
    })
    .await;
    eventually("the order to become ready", || async {
        let found = http.get(&order_path(order_id)).await;
        (found.status == 200 && found.ok()["state"] == "ORDER_STATE_READY").then_some(())
    })
    .await;
}
