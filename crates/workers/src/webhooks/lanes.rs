//! What is to be sent to one endpoint: a lane for each order, in which one event follows the other.

use domain::id::{EventId, OrderId};
use ports::{Delivery, Event};
use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::Arc,
};
use time::OffsetDateTime;

/// What happened to the store itself, and tests, follow nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Lane {
    Order(OrderId),
    Alone(EventId),
}

/// A message that is to be sent.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub delivery: Delivery,
    /// If it was just read; else it is read when it is sent.
    pub event: Option<Arc<Event>>,
    /// Whether it stands in the table, or is about to. Else it is in the feed after the cursor.
    pub stored: bool,
}

#[derive(Default)]
struct Queue {
    items: VecDeque<Item>,
    /// The one before the first is on its way.
    sending: bool,
}

/// Every lane is in one state: its first message is on its way, or may be sent, or waits.
#[derive(Default)]
pub(super) struct Lanes {
    queues: HashMap<Lane, Queue>,
    /// Their first message may be sent: one that stands in the table, or one that does not.
    again: VecDeque<Lane>,
    fresh: VecDeque<Lane>,
    /// Their first message waits for its time.
    waiting: BTreeSet<(OffsetDateTime, Lane)>,
    sending: usize,
    stored: usize,
    /// Whose turn it is, so that neither what is new nor what is old keeps the other waiting.
    fresh_first: bool,
}

impl Lanes {
    /// What waited when it was last kept, by position.
    pub fn restored(pending: Vec<Delivery>, now: OffsetDateTime) -> Self {
        let mut lanes = Self { stored: pending.len(), ..Self::default() };
        let mut all = Vec::new();
        for delivery in pending {
            let lane = Lane::of(&delivery);
            let item = Item { delivery, event: None, stored: true };
            let queue = lanes.queues.entry(lane.clone()).or_default();
            if queue.items.is_empty() {
                all.push(lane);
            }
            queue.items.push_back(item);
        }
        for lane in all {
            lanes.arrange(lane, now);
        }
        lanes
    }

    /// Adds the next event of the feed. Answers how it is to be kept, if it has to be: behind what
    /// waits in the table it waits there as well.
    pub fn add(&mut self, event: Arc<Event>, now: OffsetDateTime) -> Option<Delivery> {
        let mut item = Item::of(event, now);
        let lane = Lane::of(&item.delivery);
        let queue = self.queues.entry(lane.clone()).or_default();
        let behind = queue.items.back().is_some_and(|last| last.stored);
        let (is_first, sending) = (queue.items.is_empty(), queue.sending);
        let kept = behind.then(|| item.put_in()).flatten();
        self.stored += usize::from(behind);
        queue.items.push_back(item);
        if is_first && !sending {
            self.arrange(lane, now);
        }
        kept
    }

    /// The next message that may be sent now. One that is not in the table counts as new.
    pub fn next(&mut self, new_too: bool) -> Option<Item> {
        let fresh = new_too.then_some(&mut self.fresh);
        let mut queues = [Some(&mut self.again), fresh];
        if self.fresh_first {
            queues.reverse();
        }
        self.fresh_first = !self.fresh_first;
        let lane = queues.into_iter().flatten().find_map(VecDeque::pop_front)?;
        let queue = self.queues.get_mut(&lane)?;
        queue.sending = true;
        self.sending += 1;
        queue.items.pop_front()
    }

    /// The next of its order is due at once, unless it was tried before and waits for its own time.
    pub fn took(&mut self, item: &Item, now: OffsetDateTime) {
        self.stored -= usize::from(item.stored);
        self.back(Lane::of(&item.delivery), now);
    }

    /// Puts one back that waits for its next try, and everything of its order behind it into the
    /// table. Answers what is to be kept, first of all the message itself.
    pub fn failed(&mut self, mut item: Item, now: OffsetDateTime) -> Vec<Delivery> {
        self.stored += usize::from(!item.stored);
        (item.stored, item.event) = (true, None);
        let mut kept = vec![item.delivery.clone()];
        // What is kept is known, and what comes next is added to it.
        item.delivery.attempts.clear();
        let lane = Lane::of(&item.delivery);
        if let Some(queue) = self.queues.get_mut(&lane) {
            for follower in &mut queue.items {
                self.stored += usize::from(!follower.stored);
                kept.extend(follower.put_in());
            }
            queue.items.push_front(item);
        }
        self.back(lane, now);
        kept
    }

    /// Lets those be sent whose time has come.
    pub fn wake(&mut self, now: OffsetDateTime) {
        while self.waiting.first().is_some_and(|(due, _)| *due <= now) {
            if let Some((_, lane)) = self.waiting.pop_first() {
                self.arrange(lane, now);
            }
        }
    }

    /// How many wait in the table, or are on their way from there.
    pub const fn stored(&self) -> usize {
        self.stored
    }

    /// How many may be sent now that do not stand in the table.
    pub fn fresh(&self) -> usize {
        self.fresh.len()
    }

    /// Whether a message is on its way.
    pub const fn is_sending(&self) -> bool {
        self.sending > 0
    }

    /// Whether a message may be sent now.
    pub fn is_ready(&self, new_too: bool) -> bool {
        !self.again.is_empty() || new_too && !self.fresh.is_empty()
    }

    /// When the next message may be sent that has to wait.
    pub fn next_due(&self) -> Option<OffsetDateTime> {
        self.waiting.first().map(|(due, _)| *due)
    }

    /// The message of a lane came back.
    fn back(&mut self, lane: Lane, now: OffsetDateTime) {
        self.sending -= 1;
        if let Some(queue) = self.queues.get_mut(&lane) {
            queue.sending = false;
        }
        self.arrange(lane, now);
    }

    fn arrange(&mut self, lane: Lane, now: OffsetDateTime) {
        let Some(first) = self.queues.get(&lane).map(|queue| queue.items.front()) else { return };
        match first {
            None => drop(self.queues.remove(&lane)),
            Some(first) => match first.delivery.due_at {
                Some(due) if due > now => drop(self.waiting.insert((due, lane))),
                _ if first.stored => self.again.push_back(lane),
                _ => self.fresh.push_back(lane),
            },
        }
    }
}

impl Lane {
    fn of(delivery: &Delivery) -> Self {
        let alone = || Self::Alone(delivery.event_id);
        delivery.order_id.clone().map_or_else(alone, Self::Order)
    }
}

impl Item {
    /// As it comes from the feed.
    fn of(event: Arc<Event>, now: OffsetDateTime) -> Self {
        let delivery = Delivery { due_at: None, ..Delivery::of(&event, now) };
        Self { delivery, event: Some(event), stored: false }
    }

    /// Has it wait in the table for an earlier one of its order. One that stands there with a time
    /// of its own, because it failed by itself, stays as it is.
    fn put_in(&mut self) -> Option<Delivery> {
        let comes_by_itself = self.delivery.tries == 0 && self.delivery.due_at.is_some();
        let changes = !self.stored || comes_by_itself;
        (self.stored, self.event) = (true, None);
        changes.then(|| {
            self.delivery.due_at = None;
            self.delivery.clone()
        })
    }
}

#[cfg(test)]
mod tests;
