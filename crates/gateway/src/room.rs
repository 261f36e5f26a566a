//! How much of the bodies of all requests is held at the same time.

use std::{mem, sync::Arc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes of bodies that are held at the same time, over all requests: a body is read before anybody
/// knows who sent it.
pub const MAX_HELD: usize = 64 << 20;

/// Room for bodies; clones are handles to the same.
#[derive(Debug, Clone)]
pub struct Room(Arc<Semaphore>);

impl Room {
    pub fn of(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes)))
    }

    /// Nothing yet, to be grown.
    pub fn place(&self) -> Place {
        Place { room: self.clone(), taken: None }
    }
}

impl Default for Room {
    fn default() -> Self {
        Self::of(MAX_HELD)
    }
}

/// The part of the room that one body has; given back when it is dropped.
#[derive(Debug)]
pub struct Place {
    room: Room,
    taken: Option<OwnedSemaphorePermit>,
}

impl Place {
    /// Takes so many bytes more. False, and nothing is taken, if there is no room for them.
    pub fn grow(&mut self, bytes: usize) -> bool {
        let Ok(bytes) = u32::try_from(bytes) else { return false };
        let Ok(more) = Arc::clone(&self.room.0).try_acquire_many_owned(bytes) else { return false };
        match &mut self.taken {
            Some(taken) => taken.merge(more),
            none => *none = Some(more),
        }
        true
    }

    /// Gives everything back.
    pub fn clear(&mut self) {
        drop(mem::take(&mut self.taken));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_body_gives_back_is_there_for_another() {
        let room = Room::of(10);
        let (mut one, mut other) = (room.place(), room.place());
        assert!(one.grow(4) && one.grow(4));
        assert!(!other.grow(3));
        assert!(other.grow(2));
        drop(one);
        assert!(other.grow(8));
        assert!(!other.grow(1));
        other.clear();
        assert!(room.place().grow(10));
    }
}
