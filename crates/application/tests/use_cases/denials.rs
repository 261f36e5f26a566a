//! Denied attempts: gathered, and written into the log of the caller's store.

use crate::world::{Mishap, World};
use application::Denials;
use domain::{Actor, ActorKind, Denial, id::StoreId, store::StoreFact};
use ports::Store as _;
use time::Duration;

fn viewer() -> Actor {
    Actor::new(ActorKind::Merchant, "tok_1")
}

fn denial(named: &str) -> Denial {
    Denial::new("ORDER_NOT_FOUND", "GetOrder", Some(named.to_owned()))
}

impl World {
    fn denied(&self, named: &str) {
        self.denials.note(&self.store_id(), &viewer(), denial(named));
    }

    /// The names and times of each entry, and how many more it counts.
    fn entries(&self) -> Vec<(Vec<(String, u64)>, u64)> {
        let entry = |(actor, fact): (Actor, StoreFact)| match fact {
            StoreFact::AccessDenied { denials, more } => {
                assert_eq!(actor, viewer());
                let named = |it: Denial| (it.named.unwrap(), it.times);
                Some((denials.into_iter().map(named).collect(), more))
            }
            _ => None,
        };
        self.store.told().into_iter().filter_map(entry).collect()
    }
}

fn once(names: &[&str]) -> Vec<(String, u64)> {
    names.iter().map(|name| ((*name).to_owned(), 1)).collect()
}

#[tokio::test]
async fn the_first_is_written_at_once_and_the_rest_of_a_minute_together() {
    let world = World::with_order().await;
    world.denials.write().await;
    assert_eq!(world.entries(), []);
    world.denied("O-1");
    world.denials.write().await;
    assert_eq!(world.entries(), [(once(&["O-1"]), 0)]);
    for named in ["O-2", "O-3", "O-2"] {
        world.denied(named);
        world.clock.advance(Duration::seconds(19));
        world.denials.write().await;
    }
    assert_eq!(world.entries().len(), 1);
    world.clock.advance(Duration::seconds(3));
    world.denials.write().await;
    let second = (vec![("O-2".to_owned(), 2), ("O-3".to_owned(), 1)], 0);
    assert_eq!(world.entries()[1..], [second]);
    // Silence for a minute, and the next is a first one again.
    world.clock.advance(Duration::seconds(60));
    world.denials.write().await;
    world.denied("O-4");
    world.denials.write().await;
    assert_eq!(world.entries()[2..], [(once(&["O-4"]), 0)]);
}

#[tokio::test]
async fn an_entry_lists_so_many_and_counts_the_rest() {
    let world = World::with_order().await;
    for number in 0..Denials::MAX_LISTED + 5 {
        world.denied(&format!("O-{number}"));
    }
    world.denied("O-0");
    world.denials.write().await;
    let (listed, more) = world.entries().remove(0);
    assert_eq!((listed.len(), more), (Denials::MAX_LISTED, 5));
    assert_eq!(listed[0], ("O-0".to_owned(), 2));
}

#[tokio::test]
async fn what_could_not_be_written_is_written_later_with_what_came_since() {
    let world = World::with_order().await;
    world.denied("O-1");
    world.store.next_commit(Mishap::NeverArrived);
    world.denials.write().await;
    assert_eq!(world.entries(), []);
    world.denied("O-2");
    world.denials.write().await;
    assert_eq!(world.entries(), [(once(&["O-1", "O-2"]), 0)]);
}

#[tokio::test]
async fn they_change_nothing_of_the_store() {
    let world = World::with_order().await;
    let before = world.memory.store(&world.store_id()).await.unwrap().unwrap();
    world.denied("O-1");
    world.store.next_commit(Mishap::SomebodyWasFaster);
    world.denials.write().await;
    let after = world.memory.store(&world.store_id()).await.unwrap().unwrap();
    assert_eq!(after.version.0, before.version.0 + 1);
    assert_eq!(after.state.changes(after.version.0), before.state.changes(before.version.0));
    let counted = domain::store::Store { incidentals: 1, ..before.state };
    assert_eq!(after.state, counted);
}

#[tokio::test]
async fn a_store_that_is_gone_is_not_asked_for_ever() {
    let world = World::with_order().await;
    let gone: StoreId = "gone".parse().unwrap();
    world.denials.note(&gone, &viewer(), denial("O-1"));
    world.denials.write_all().await;
    world.denials.write_all().await;
    assert_eq!(world.entries(), []);
}
