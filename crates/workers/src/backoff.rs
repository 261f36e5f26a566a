use rand::Rng as _;
use std::time::Duration;

/// Pauses that double from `first` to `most`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    pub first: Duration,
    pub most: Duration,
}

impl Backoff {
    pub const fn new(first: Duration, most: Duration) -> Self {
        Self { first, most }
    }

    /// The pause after so many earlier ones, with jitter.
    pub fn pause(self, earlier: u32) -> Duration {
        let factor = 1_u32.checked_shl(earlier).unwrap_or(u32::MAX);
        jittered(self.first.saturating_mul(factor).min(self.most))
    }
}

/// Three to five quarters of a pause, so that what failed together is not tried together.
pub fn jittered(pause: Duration) -> Duration {
    let millis = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX / 2).min(u64::MAX / 2);
    let quarter = millis / 4;
    Duration::from_millis(rand::rng().random_range(millis - quarter..=millis + quarter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_limit_and_scatter_by_a_quarter() {
        let backoff = Backoff::new(Duration::from_secs(1), Duration::from_mins(5));
        for (earlier, seconds) in
            [(0, 1), (1, 2), (5, 32), (8, 256), (9, 300), (31, 300), (99, 300)]
        {
            let pause = backoff.pause(earlier);
            let exact = Duration::from_secs(seconds);
            assert!(pause >= exact * 3 / 4 && pause <= exact * 5 / 4, "{earlier}: {pause:?}");
        }
    }
}
