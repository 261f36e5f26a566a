//! When what an endpoint did not take is tried again.

use domain::webhook::SCHEDULE;
use rand::Rng as _;
use std::time::Duration;
use time::OffsetDateTime;

/// Of the wait, by which it may be longer: what failed together is not tried together.
const JITTER_TENTHS: u32 = 1;

/// When it is tried again after `tries` failed, the last of them now; none once the schedule is at
/// its end. Never earlier than the endpoint asks for.
pub(super) fn next_try(
    tries: u32,
    now: OffsetDateTime,
    retry_after: Option<Duration>,
) -> Option<OffsetDateTime> {
    let wait = *SCHEDULE.get(usize::try_from(tries).ok()?)?;
    Some(now + jittered(wait).max(retry_after.unwrap_or_default()))
}

fn jittered(wait: Duration) -> Duration {
    let most = u64::try_from((wait * JITTER_TENTHS / 10).as_millis()).unwrap_or(0);
    wait + Duration::from_millis(rand::rng().random_range(0..=most))
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2025-03-01 12:00 UTC);

    #[test]
    fn a_message_is_tried_ten_times_in_three_days() {
        let seconds = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
        for (tries, seconds) in (1..).zip(seconds) {
            let wait = Duration::from_secs(seconds);
            for _ in 0..100 {
                let due = next_try(tries, NOW, None).unwrap();
                assert!(due >= NOW + wait && due <= NOW + wait * 11 / 10, "{tries}: {due}");
            }
        }
        assert_eq!(next_try(10, NOW, None), None);
        assert_eq!(next_try(u32::MAX, NOW, None), None);
    }

    #[test]
    fn an_endpoint_may_ask_for_more_time_and_not_for_less() {
        let asked = Duration::from_mins(7);
        assert_eq!(next_try(1, NOW, Some(asked)), Some(NOW + asked));
        assert!(
            next_try(2, NOW, Some(Duration::from_secs(1))) >= Some(NOW + Duration::from_mins(5))
        );
        assert_eq!(next_try(10, NOW, Some(asked)), None);
    }
}
