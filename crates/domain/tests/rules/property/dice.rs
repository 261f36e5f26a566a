//! Random choices out of a list of random numbers.
//!
//! Every choice is made against the order as it is at that moment, which a strategy cannot see.
//! The list still shrinks: a zero, and everything after its end, is the first and plainest choice.

pub struct Dice<'d> {
    rolls: &'d [u32],
    next: usize,
}

impl<'d> Dice<'d> {
    pub fn new(rolls: &'d [u32]) -> Self {
        Self { rolls, next: 0 }
    }

    /// From 0 to one below `sides`.
    pub fn roll(&mut self, sides: u32) -> u32 {
        let rolled = self.rolls.get(self.next).copied().unwrap_or(0);
        self.next += 1;
        u32::try_from((u64::from(rolled) * u64::from(sides)) >> 32).unwrap()
    }

    pub fn one_in(&mut self, sides: u32) -> bool {
        self.roll(sides) + 1 == sides
    }

    pub fn place(&mut self, len: usize) -> usize {
        self.roll(u32::try_from(len).unwrap()) as usize
    }

    pub fn of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.place(choices.len())].clone()
    }

    /// The value in one of so many cases.
    pub fn maybe<T>(&mut self, sides: u32, value: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.one_in(sides).then(|| value(self))
    }
}
