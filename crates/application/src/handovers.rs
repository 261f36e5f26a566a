//! Orders on their way into their shop's own system: the steps of the worker that pushes them.

use crate::{
    Caller, Core, Failure,
    orders::{free_external_id, take_external_id},
    tasks,
};
use domain::{
    order::{
        Command, ExternalIds, Fact, FailureClass, HandoverOutcome, HandoverState, Order,
        OrderState, Turn, handover,
    },
    store::HandoverExhausted,
};
use ports::{ClaimChange, ClaimKind, Commit, OrderKey, TaskChange, TaskKind};
use std::sync::Arc;
use time::{Duration, OffsetDateTime};

/// How long after a lost last answer the shop is asked once more.
const AFTER_THE_LAST_TRY: Duration = Duration::hours(1);

#[derive(Clone)]
pub struct Handovers {
    core: Arc<Core>,
}

/// What a try came to, and when to try again.
#[derive(Debug, Clone)]
pub struct Tried {
    /// When the shop was called.
    pub turn: Turn,
    pub outcome: HandoverOutcome,
    /// For an answer that cannot be booked: when to try again.
    pub next_at: Option<OffsetDateTime>,
    /// What becomes of the order if that was the last try.
    pub exhausted: HandoverExhausted,
}

impl Handovers {
    pub const fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Commits that the shop is about to be called. Answers the turn from then on.
    ///
    /// # Errors
    ///
    /// [`Failure::Rejected`] if the order went on meanwhile, or somebody else calls.
    pub async fn start(
        &self,
        caller: &Caller,
        key: &OrderKey,
        turn: Turn,
        target: &str,
    ) -> Result<Turn, Failure> {
        let start = |_| Command::StartHandover { turn, target: target.to_owned() };
        self.core.take_step(caller, key, start).await?;
        Ok(Turn { starts: turn.starts + 1, ..turn })
    }

    /// Commits what the shop said, judged by where the order is by then (L12 to L14, L23), and
    /// with it what becomes of the task. Answers whether it was news.
    ///
    /// # Errors
    ///
    /// [`Failure::Store`] alone.
    pub async fn record(
        &self,
        caller: &Caller,
        key: &OrderKey,
        tried: &Tried,
    ) -> Result<bool, Failure> {
        let mut holder = None;
        if let HandoverOutcome::Taken(external) = &tried.outcome {
            let kind = ClaimKind::ExternalOrderId;
            let claim = self.core.store.claim(&key.store_id, kind, &external.id).await?;
            holder = claim.map(|claim| claim.holder);
        }
        let mine = holder.as_deref() == Some(key.order_id.as_str());
        self.core
            .step(key, |order, now| {
                let before = order.state.clone();
                let outcome = match (&tried.outcome, &holder) {
                    // It cannot be accepted under another order's id.
                    (HandoverOutcome::Taken(external), Some(holder))
                        if !mine && before.state == OrderState::Ready =>
                    {
                        HandoverOutcome::Failed {
                            class: FailureClass::RejectedOther,
                            cause: handover::id_taken(external, holder),
                            next_at: tried.next_at,
                            in_doubt: false,
                        }
                    }
                    (outcome, _) => outcome.clone(),
                };
                let turn = tried.turn;
                let command = Command::RecordHandover { turn, outcome, at: now };
                let change = order.decide(command, now)?;
                let after = change.after.clone();
                let news = !change.facts.is_empty();
                let last = is_over(&change.facts, &after);
                let mut commit = self.core.commit_of(caller, change);
                if let (HandoverOutcome::Taken(external), None) = (&tried.outcome, &holder) {
                    commit.claims = claims(&commit, key, &before, external);
                }
                if last {
                    commit.tasks.push(after_the_last(key, &after, tried.exhausted, now));
                }
                Ok((commit, news))
            })
            .await
    }
}

/// If the shop's id is the order's own from now on, whether it is accepted or one too many, its
/// draft gives way.
fn claims(
    commit: &Commit,
    key: &OrderKey,
    before: &Order,
    external: &ExternalIds,
) -> Vec<ClaimChange> {
    let Some(change) = commit.orders.first() else { return Vec::new() };
    if change.after.external.as_ref() != Some(external) {
        return Vec::new();
    }
    let draft = free_external_id(key, before, external);
    std::iter::once(take_external_id(key, external)).chain(draft).collect()
}

/// Another failure may be recorded after the last try: that the shop has the order, and under an
/// id that it cannot have.
fn is_over(facts: &[Fact], order: &Order) -> bool {
    let exhausted = order.handover.as_ref().is_some_and(|it| it.state == HandoverState::Exhausted);
    order.state == OrderState::Ready
        && exhausted
        && facts.iter().any(|fact| matches!(fact, Fact::HandoverFailed { .. }))
}

/// L14 and L15.
fn after_the_last(
    key: &OrderKey,
    order: &Order,
    exhausted: HandoverExhausted,
    now: OffsetDateTime,
) -> TaskChange {
    let in_doubt = order.handover.as_ref().is_some_and(|handover| handover.in_doubt);
    match exhausted {
        HandoverExhausted::Cancel => tasks::put(key, TaskKind::Handover, now),
        HandoverExhausted::Notify if in_doubt => {
            TaskChange::Put(tasks::look_for(key, now + AFTER_THE_LAST_TRY))
        }
        HandoverExhausted::Notify => tasks::done_of_order(key, TaskKind::Handover),
    }
}
