//! What a courier waits for.

use super::{Courier, Leaving, books::Kept, sends::CameBack};
use ports::{StoreError, Stretch};
use std::{pin::Pin, time::Duration};
use time::OffsetDateTime;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// Something that is under way.
pub(super) type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

pub(super) enum Happened {
    CameBack(CameBack),
    Kept(Kept),
    Read(Result<Stretch, StoreError>),
    News,
    Touched,
    Stop,
    /// Time passed, or the dispatcher is crowded.
    Nothing,
}

impl Courier {
    pub(super) async fn wait(&mut self, stop: &CancellationToken) -> Happened {
        let wake_at = self.wake_at();
        let is_here = self.leaving.is_none();
        let looks_for_news = is_here && !self.more;
        let may_stop = !matches!(self.leaving, Some(Leaving::Stopped(_) | Leaving::ToDisable(_)));
        let Self { sends, books, reading, news, touched, crowded, .. } = self;
        tokio::select! {
            came_back = sends.next(), if !sends.is_empty() => Happened::CameBack(came_back),
            kept = books.kept() => Happened::Kept(kept),
            read = outcome(reading) => Happened::Read(read),
            () = sleep_until(wake_at) => Happened::Nothing,
            () = news.wait(), if looks_for_news => Happened::News,
            Ok(()) = touched.changed(), if is_here => Happened::Touched,
            Ok(()) = crowded.changed(), if is_here => Happened::Nothing,
            () = stop.cancelled(), if may_stop => Happened::Stop,
        }
    }

    /// When there is something to do at the latest.
    fn wake_at(&self) -> Instant {
        let now = self.post.clock.now();
        let in_time = |at: OffsetDateTime| {
            let wait = Duration::try_from(at - now).unwrap_or_default();
            Instant::now() + wait.max(Duration::from_millis(1))
        };
        let due = self.books.quiet_until(now).or(self.lanes.next_due());
        let due = due.filter(|_| self.leaving.is_none()).map(in_time);
        let idle = self.idle_since.map(|since| since + self.post.settings.linger);
        let idle = idle.filter(|at| *at > Instant::now());
        let turn = self.since + self.post.settings.turn;
        let turn = (turn > Instant::now()).then_some(turn);
        let stop = match self.leaving {
            Some(Leaving::Stopped(until)) if until > Instant::now() => Some(until),
            _ => None,
        };
        let all = [due, idle, turn, stop, self.books.tries_again_at()];
        let far = Instant::now() + self.post.settings.lease;
        all.into_iter().flatten().min().unwrap_or(far)
    }
}

/// What comes of what is under way, if anything is. May be dropped and asked again.
pub(super) async fn outcome<T>(under_way: &mut Option<Boxed<T>>) -> T {
    let Some(future) = under_way else { return std::future::pending().await };
    let outcome = future.await;
    *under_way = None;
    outcome
}
