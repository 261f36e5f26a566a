//! Places for calls that run at the same time, given in turn to the stores that want one.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::oneshot, time::timeout};

/// How many places there are, and how many may wait for one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    pub places: usize,
    /// Of one store at the same time; of one address, where they are for calls of nobody.
    pub per_store: usize,
    /// Calls that wait, of all stores.
    pub queue: usize,
    /// How long one waits.
    pub patience: Duration,
}

impl Room {
    /// All of them may be one's, and nobody waits.
    pub const fn of(places: usize) -> Self {
        Self { places, per_store: places, queue: 0, patience: Duration::ZERO }
    }

    /// For calls of nobody, from one address at most half of them; nobody waits.
    pub const fn of_nobody(places: usize) -> Self {
        Self { per_store: places / 2, ..Self::of(places) }
    }
}

/// Clones give out the same places.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    room: Room,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    taken: usize,
    waiting: usize,
    /// Those that have a place or want one.
    stores: HashMap<Arc<str>, Share>,
    /// Whoever waits, the next one first. A store stands in it once, however many of its calls wait.
    turns: VecDeque<Arc<str>>,
}

/// What is one store's.
#[derive(Debug, Default)]
struct Share {
    taken: usize,
    waiting: VecDeque<oneshot::Sender<Place>>,
}

/// One of the places, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Places,
    store: Arc<str>,
}

/// There is no place, and none came in time.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl Places {
    pub fn new(room: Room) -> Self {
        Self { room, state: Arc::default() }
    }

    /// A place of the store's; if there is none it waits for its turn.
    pub async fn take(&self, store: &str) -> Result<Place, Full> {
        let turn = match self.take_or_queue(store)? {
            Taken::Place(place) => return Ok(place),
            Taken::Turn(turn) => turn,
        };
        let waiting = Waiting { places: self, store, turn };
        waiting.until_over().await
    }

    #[cfg(test)]
    pub fn free(&self) -> usize {
        self.room.places - self.state().taken
    }

    fn take_or_queue(&self, store: &str) -> Result<Taken, Full> {
        let mut state = self.state();
        let (taken, waiting) =
            state.stores.get(store).map_or((0, 0), |share| (share.taken, share.waiting.len()));
        let is_free = state.taken < self.room.places && taken < self.room.per_store;
        // Whoever waits although there is a place has all of its share.
        if is_free && waiting == 0 {
            state.taken += 1;
            let (store, share) = state.share(store);
            share.taken += 1;
            return Ok(Taken::Place(Place { places: self.clone(), store }));
        }
        if state.waiting >= self.room.queue && !state.displace(waiting) {
            return Err(Full);
        }
        let (sender, turn) = oneshot::channel();
        state.waiting += 1;
        let (store, share) = state.share(store);
        share.waiting.push_back(sender);
        if waiting == 0 {
            state.turns.push_back(store);
        }
        Ok(Taken::Turn(turn))
    }

    /// Gives what is free to those whose turn it is. What comes back was for somebody who has just
    /// left; it is to be dropped when the state is no longer held.
    #[must_use]
    fn give(&self, state: &mut State) -> Vec<Place> {
        let mut spurned = Vec::new();
        let mut full = VecDeque::new();
        while state.taken < self.room.places {
            let Some(key) = state.turns.pop_front() else { break };
            let Some(share) = state.stores.get_mut(&key) else { continue };
            if share.taken >= self.room.per_store {
                full.push_back(key);
                continue;
            }
            let Some(sender) = share.waiting.pop_front() else { continue };
            state.waiting -= 1;
            state.taken += 1;
            share.taken += 1;
            if !share.waiting.is_empty() {
                state.turns.push_back(Arc::clone(&key));
            }
            let place = Place { places: self.clone(), store: key };
            spurned.extend(sender.send(place).err());
        }
        // They keep their turn.
        full.append(&mut state.turns);
        state.turns = full;
        spurned
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Taken {
    Place(Place),
    Turn(oneshot::Receiver<Place>),
}

impl State {
    fn share(&mut self, store: &str) -> (Arc<str>, &mut Share) {
        let key = match self.stores.get_key_value(store) {
            Some((key, _)) => Arc::clone(key),
            None => store.into(),
        };
        (Arc::clone(&key), self.stores.entry(key).or_default())
    }

    /// Where the queue is full, whoever has most in it loses its last to one that has less: nobody
    /// can fill it for another. `waiting` is what the newcomer's store has in it.
    fn displace(&mut self, waiting: usize) -> bool {
        let longest = self.stores.values_mut().max_by_key(|share| share.waiting.len());
        let Some(longest) = longest.filter(|longest| longest.waiting.len() > waiting + 1) else {
            return false;
        };
        // Who waits there learns of it by its sender's end.
        longest.waiting.pop_back();
        self.waiting -= 1;
        true
    }

    /// Nothing is kept of a store that has nothing.
    fn tidy(&mut self, store: &str) {
        let has_nothing = |share: &Share| share.taken == 0 && share.waiting.is_empty();
        if self.stores.get(store).is_some_and(has_nothing) {
            self.stores.remove(store);
        }
    }
}

/// Somebody in the queue.
struct Waiting<'p> {
    places: &'p Places,
    store: &'p str,
    turn: oneshot::Receiver<Place>,
}

impl Waiting<'_> {
    async fn until_over(mut self) -> Result<Place, Full> {
        match timeout(self.places.room.patience, &mut self.turn).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => Err(Full),
        }
    }
}

impl Drop for Waiting<'_> {
    /// A place that came at the last moment goes back with the receiver, after this.
    fn drop(&mut self) {
        self.turn.close();
        let mut state = self.places.state();
        let Some(share) = state.stores.get_mut(self.store) else { return };
        let before = share.waiting.len();
        share.waiting.retain(|sender| !sender.is_closed());
        let (left, none_waits) = (before - share.waiting.len(), share.waiting.is_empty());
        state.waiting -= left;
        if left > 0 && none_waits {
            state.turns.retain(|turn| **turn != *self.store);
        }
        state.tidy(self.store);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.places.state();
        state.taken -= 1;
        if let Some(share) = state.stores.get_mut(&*self.store) {
            share.taken -= 1;
        }
        state.tidy(&self.store);
        let spurned = self.places.give(&mut state);
        drop(state);
        drop(spurned);
    }
}

#[cfg(test)]
mod tests;
