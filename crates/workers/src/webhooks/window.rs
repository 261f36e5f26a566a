//! How far a feed was looked at, and how far all of it is settled.

use std::collections::BTreeMap;

/// The events after an endpoint's cursor that were begun. An event is settled once it was taken, or
/// waits in a delivery of its own; the cursor is before the first that is not.
pub(super) struct Window {
    seen: i64,
    /// By position: whether it is settled. The first is not.
    begun: BTreeMap<i64, bool>,
}

impl Window {
    /// Nothing after the cursor was begun.
    pub const fn at(cursor: i64) -> Self {
        Self { seen: cursor, begun: BTreeMap::new() }
    }

    /// Up to here everything is settled.
    pub fn cursor(&self) -> i64 {
        self.begun.keys().next().map_or(self.seen, |first| first - 1)
    }

    /// Up to here the feed was read.
    pub const fn seen(&self) -> i64 {
        self.seen
    }

    /// Events after the cursor that were begun.
    pub fn len(&self) -> usize {
        self.begun.len()
    }

    pub fn begin(&mut self, position: i64) {
        self.begun.insert(position, false);
    }

    /// One that was never begun, or is settled already, changes nothing.
    pub fn settle(&mut self, position: i64) {
        if let Some(settled) = self.begun.get_mut(&position) {
            *settled = true;
        }
        self.pass();
    }

    /// Everything up to here was read and, if need be, begun.
    pub fn saw(&mut self, position: i64) {
        self.seen = self.seen.max(position);
        self.pass();
    }

    fn pass(&mut self) {
        while let Some(first) = self.begun.first_entry().filter(|first| *first.get()) {
            first.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_is_before_the_first_that_is_not_settled() {
        let mut window = Window::at(10);
        assert_eq!((window.cursor(), window.seen()), (10, 10));
        for position in [11, 13, 14, 17] {
            window.begin(position);
        }
        window.saw(20);
        assert_eq!((window.cursor(), window.seen(), window.len()), (10, 20, 4));
        window.settle(14);
        window.settle(12);
        assert_eq!((window.cursor(), window.len()), (10, 4));
        window.settle(11);
        assert_eq!((window.cursor(), window.len()), (12, 3));
        window.settle(13);
        assert_eq!((window.cursor(), window.len()), (16, 1));
        window.settle(13);
        window.settle(17);
        assert_eq!((window.cursor(), window.len()), (20, 0));
    }
}
