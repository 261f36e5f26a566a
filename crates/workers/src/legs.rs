mod words;

use crate::{
    Backoff,
    backoff::jittered,
    stops::{Point, Stops},
    work::{Held, Next, Work, WorkError},
};
use application::{Caller, Failure, LegWork, Legs as Steps};
use async_trait::async_trait;
use domain::{
    Actor,
    refund::{LegFailure, LegKind, LegMismatch, LegOutcome, LegState, RefundState},
};
use ports::{Clock, LOOK, LeftAlone, PaymentOutcome, PaymentProvider, Providers, Task, TaskKind};
use std::{borrow::Cow, sync::Arc, time::Duration};
use words::{NOT_KNOWN, NOT_SETTLED, does_not_match, log, wait_for, waits_for};

/// How often a leg is looked at that this worker has nothing to do for. Hardly ever: the commit
/// that gives it something to do puts the task in anew, and the one that ends it takes it out.
const IDLE: Duration = Duration::from_mins(5);

#[derive(Debug, Clone)]
pub struct LegSettings {
    /// How long a provider may take to answer; after that the answer is lost.
    pub call_timeout: Duration,
    /// Pauses before the second and every further try of a leg that was declined with leave to
    /// ask again. After the try that follows the last pause the leg has failed.
    pub retry: Vec<Duration>,
    /// How long an unanswered leg may still be on its way to a provider that does not know it.
    pub grace: Duration,
    /// Pauses between questions what became of a leg.
    pub questions: Backoff,
}

impl Default for LegSettings {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            call_timeout: seconds(30),
            retry: [1, 5, 30, 120, 600, 1_800, 7_200].map(seconds).to_vec(),
            grace: seconds(30),
            questions: Backoff::new(seconds(1), seconds(300)),
        }
    }
}

/// Carries the legs of refunds to their providers.
///
/// A leg is SENT before its provider is called, always with the same key. Whatever came of a call
/// whose answer is not there is asked for by that key before anything is sent again, and an error
/// of that question settles nothing. So a stop at any point leads to one effect.
pub struct Legs {
    steps: Steps,
    providers: Providers,
    clock: Arc<dyn Clock>,
    settings: LegSettings,
    stops: Stops,
}

/// One leg at hand.
struct Hand<'w> {
    caller: Caller,
    task: &'w Task,
    held: &'w Held<'w>,
    provider: &'w dyn PaymentProvider,
}

impl Legs {
    pub fn new(
        steps: Steps,
        providers: Providers,
        clock: Arc<dyn Clock>,
        settings: LegSettings,
    ) -> Self {
        Self { steps, providers, clock, settings, stops: Stops::default() }
    }

    /// Ends the process, or hangs, at a named point. For tests.
    #[cfg(any(test, feature = "failpoints"))]
    #[must_use]
    pub fn stopping(mut self, stops: Stops) -> Self {
        self.stops = stops;
        self
    }

    /// Commits SENT, calls the provider, and commits the answer.
    async fn send(&self, hand: &Hand<'_>, work: &LegWork) -> Result<Next, WorkError> {
        let Hand { caller, task, held, provider } = hand;
        let sent = self.steps.send(caller, work).await;
        let work = match sent {
            Ok(Some(work)) => work,
            // Held back or carried on by somebody else since it was looked at.
            Ok(None) | Err(Failure::Rejected(_)) => {
                return Ok(self.ask_later(task, work, "somebody else carried it on"));
            }
            Err(failure) => return Err(failure.into()),
        };
        self.stops.reach(Point::SentCommitted).await;
        held.check()?;
        let call = match work.leg.kind {
            LegKind::Release => provider.release(&work.payment),
            LegKind::Refund | LegKind::Restore | LegKind::Manual => provider.refund(&work.payment),
        };
        let answer = tokio::time::timeout(self.settings.call_timeout, call).await;
        self.stops.reach(Point::ProviderAnswered).await;
        self.record(hand, &work, answer.unwrap_or(PaymentOutcome::Unknown)).await
    }

    /// Asks what became of a leg whose answer is not there.
    async fn resolve(&self, hand: &Hand<'_>, work: &LegWork) -> Result<Next, WorkError> {
        match self.find(hand, work).await? {
            Err(()) | Ok(Some(PaymentOutcome::Unknown | PaymentOutcome::Unsent(_))) => {
                Ok(self.ask_later(hand.task, work, NOT_KNOWN))
            }
            // Whatever it had done by then: it knows the key.
            Ok(Some(PaymentOutcome::Declined { failure, permanent: true })) => {
                self.commit(hand, work, LegOutcome::Reversed(failure), None).await
            }
            // It had something else a while ago, so that it should not is nothing to conclude from.
            Ok(None | Some(PaymentOutcome::Declined { .. })) if work.leg.mismatch.is_some() => {
                Ok(self.ask_later(hand.task, work, NOT_KNOWN))
            }
            Ok(Some(outcome)) => self.record(hand, work, outcome).await,
            Ok(None) => self.never_received(hand, work).await,
        }
    }

    /// The provider does not know the leg: sends it again, once nothing can be on its way.
    async fn never_received(&self, hand: &Hand<'_>, work: &LegWork) -> Result<Next, WorkError> {
        let pause = self.tries_left(work).unwrap_or_default().max(self.settings.grace);
        let resend_at = work.updated_at + pause;
        let wait = Duration::try_from(resend_at - self.clock.now()).unwrap_or_default();
        if !wait.is_zero() {
            let pause = self.questions_pause(hand.task).min(wait);
            return Ok(Next::later(pause, "the provider does not know the leg (yet)"));
        }
        if self.tries_left(work).is_none() {
            let failure = LegFailure {
                code: "UNANSWERED".to_owned(),
                message: "the provider never received the leg".to_owned(),
            };
            return self.commit(hand, work, LegOutcome::Failed(failure), None).await;
        }
        self.send(hand, work).await
    }

    /// Asks whether a leg that the provider took has settled.
    async fn follow(&self, hand: &Hand<'_>, work: &LegWork) -> Result<Next, WorkError> {
        let outcome = match self.find(hand, work).await? {
            Ok(Some(PaymentOutcome::Settled { reference })) => LegOutcome::Settled { reference },
            Ok(Some(PaymentOutcome::Declined { failure, .. })) => LegOutcome::Reversed(failure),
            Ok(None) => {
                tracing::error!(leg_id = %work.leg.leg_id, "the provider lost a leg that it had taken");
                let why = "the provider lost a leg that it had taken";
                return Ok(self.ask_later(hand.task, work, why));
            }
            Ok(Some(PaymentOutcome::Mismatch(mismatch))) => {
                return self.mismatch(hand, work, mismatch).await;
            }
            Ok(Some(
                PaymentOutcome::Accepted { .. }
                | PaymentOutcome::Unknown
                | PaymentOutcome::Unsent(_),
            ))
            | Err(()) => return Ok(self.ask_later(hand.task, work, NOT_SETTLED)),
        };
        self.commit(hand, work, outcome, None).await
    }

    /// The inner error: the provider could not be asked, and nothing may be concluded.
    async fn find(
        &self,
        hand: &Hand<'_>,
        work: &LegWork,
    ) -> Result<Result<Option<PaymentOutcome>, ()>, WorkError> {
        let question = hand.provider.find(&work.payment);
        let answer = tokio::time::timeout(self.settings.call_timeout, question).await;
        self.stops.reach(Point::Found).await;
        if !matches!(&answer, Ok(Ok(Some(outcome))) if is_done(outcome)) {
            hand.held.check()?;
        }
        let leg_id = &work.leg.leg_id;
        Ok(match answer {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(failure)) => {
                let code = &failure.failure().code;
                tracing::info!(%leg_id, code, "a provider cannot be asked now");
                Err(())
            }
            Err(_) => {
                tracing::info!(%leg_id, "a provider does not answer");
                Err(())
            }
        })
    }

    /// Commits what the provider says of a leg that was SENT, and when to look at it again.
    async fn record(
        &self,
        hand: &Hand<'_>,
        work: &LegWork,
        outcome: PaymentOutcome,
    ) -> Result<Next, WorkError> {
        let ask = || Some(self.settings.questions.pause(0));
        let (outcome, next) = match outcome {
            PaymentOutcome::Settled { reference } => (LegOutcome::Settled { reference }, None),
            PaymentOutcome::Accepted { reference } => (LegOutcome::Accepted { reference }, ask()),
            PaymentOutcome::Unknown => (LegOutcome::Unknown, ask()),
            PaymentOutcome::Mismatch(mismatch) => return self.mismatch(hand, work, mismatch).await,
            // Until it is reached, however long that takes.
            PaymentOutcome::Unsent(failure) => {
                (LegOutcome::Unsent(failure), Some(self.questions_pause(hand.task)))
            }
            PaymentOutcome::Declined { failure, permanent: true } => {
                (LegOutcome::Failed(failure), None)
            }
            PaymentOutcome::Declined { failure, permanent: false } => match self.tries_left(work) {
                Some(pause) => (LegOutcome::Deferred(failure), Some(jittered(pause))),
                None => (LegOutcome::Failed(failure), None),
            },
        };
        self.commit(hand, work, outcome, next).await
    }

    /// Asks how a leg stands, whatever it has come to, and books if that is not as it is known: that
    /// it settled, or that it was taken back. Sends nothing.
    async fn look(&self, hand: &Hand<'_>, work: &LegWork) -> Result<Next, WorkError> {
        let (leg_id, state) = (&work.leg.leg_id, work.leg.state);
        let is_settled = state == LegState::Settled;
        let may_be_there = matches!(state, LegState::Sent | LegState::Unknown | LegState::Accepted);
        let outcome = match self.find(hand, work).await? {
            Err(()) | Ok(Some(PaymentOutcome::Unknown | PaymentOutcome::Unsent(_))) => {
                let why = "its provider does not say how it stands";
                return Ok(self.ask_later(hand.task, work, why));
            }
            Ok(Some(PaymentOutcome::Mismatch(mismatch))) => {
                return self.mismatch(hand, work, mismatch).await;
            }
            Ok(None) if is_settled => {
                tracing::error!(%leg_id, "the provider does not know a leg that it had settled");
                let why = "the provider does not know a leg that it had settled";
                return Ok(self.ask_later(hand.task, work, why));
            }
            Ok(Some(PaymentOutcome::Settled { reference })) if !is_settled => {
                LegOutcome::Settled { reference }
            }
            Ok(Some(PaymentOutcome::Declined { failure, permanent }))
                if is_settled || (permanent && may_be_there) =>
            {
                LegOutcome::Reversed(failure)
            }
            // As it is known, or the business of whoever carries it on.
            Ok(_) => return Ok(Next::Done),
        };
        match self.book(hand, work, outcome, None).await {
            Ok(_) => Ok(Next::Done),
            Err(WorkError::UseCase(Failure::Rejected(rejection))) => {
                tracing::error!(%leg_id, %rejection, "how a leg stands cannot be booked");
                let why = format!("how it stands at its provider cannot be booked: {rejection}");
                Ok(Next::later(self.questions_pause(hand.task), why))
            }
            Err(error) => Err(error),
        }
    }

    async fn commit(
        &self,
        hand: &Hand<'_>,
        work: &LegWork,
        outcome: LegOutcome,
        again_after: Option<Duration>,
    ) -> Result<Next, WorkError> {
        let changed = self.book(hand, work, outcome, again_after).await?;
        // Whoever booked it before has looked after the task; if it is still ours, it waits.
        let known = "the answer was known";
        Ok(if changed { Next::Committed } else { self.ask_later(hand.task, work, known) })
    }

    /// Whether that changed anything.
    async fn book(
        &self,
        hand: &Hand<'_>,
        work: &LegWork,
        outcome: LegOutcome,
        again_after: Option<Duration>,
    ) -> Result<bool, WorkError> {
        let Hand { caller, task, held, .. } = hand;
        // What is lost with the lease is asked for again by whoever has the task now. That the leg
        // was done or taken stays true without it, and nobody may ever ask again.
        let reference = match &outcome {
            LegOutcome::Settled { reference } | LegOutcome::Accepted { reference } => {
                Some(reference.clone())
            }
            LegOutcome::Deferred(_)
            | LegOutcome::Unsent(_)
            | LegOutcome::Failed(_)
            | LegOutcome::Reversed(_)
            | LegOutcome::Mismatch(_)
            | LegOutcome::Unknown => {
                held.check()?;
                None
            }
        };
        // Nothing has moved yet by these, so the pauses go on growing.
        let goes_on = matches!(outcome, LegOutcome::Unsent(_) | LegOutcome::Mismatch(_));
        let next = again_after.map(|pause| Task {
            due_at: self.clock.now() + pause,
            attempts: if goes_on { task.attempts.saturating_add(1) } else { 0 },
            why: Some(waits_for(&outcome)),
            ..(*task).clone()
        });
        log(work, &outcome);
        let recorded = self.steps.record(caller, work, outcome, next).await;
        if let (Err(Failure::Rejected(rejection)), Some(reference)) = (&recorded, reference) {
            let leg_id = &work.leg.leg_id;
            tracing::error!(%leg_id, reference, %rejection, "money went back that cannot be booked");
        }
        let changed = recorded?;
        self.stops.reach(Point::AnswerCommitted).await;
        Ok(changed)
    }

    /// The pause before the next try, if there is one.
    fn tries_left(&self, work: &LegWork) -> Option<Duration> {
        let tried = usize::try_from(work.leg.tries()).unwrap_or(usize::MAX);
        self.settings.retry.get(tried.saturating_sub(1)).copied()
    }

    fn questions_pause(&self, task: &Task) -> Duration {
        self.settings.questions.pause(task.attempts.saturating_add(1))
    }

    /// A leg that does not match waits for a person, whatever else is said of it.
    fn ask_later(&self, task: &Task, work: &LegWork, why: &'static str) -> Next {
        let why = work.leg.mismatch.as_ref().map_or(why.into(), |it| Cow::from(does_not_match(it)));
        Next::later(self.questions_pause(task), why)
    }

    /// Marks the leg, books nothing and concludes nothing: it stays where it is with its amount held,
    /// and is asked for again, in case somebody puts it right at the provider.
    async fn mismatch(
        &self,
        hand: &Hand<'_>,
        work: &LegWork,
        mismatch: LegMismatch,
    ) -> Result<Next, WorkError> {
        let LegWork { refund_id, leg, .. } = work;
        let LegMismatch { reference, asked, said } = &mismatch;
        let leg_id = &leg.leg_id;
        tracing::error!(
            %refund_id, %leg_id, reference, asked, said,
            "a provider did another thing than it was asked"
        );
        let pause = self.questions_pause(hand.task);
        let why = does_not_match(&mismatch);
        match self.book(hand, work, LegOutcome::Mismatch(mismatch), Some(pause)).await {
            Ok(true) => Ok(Next::Committed),
            // It is marked, or over: then nothing of it is sent by itself.
            Ok(false) | Err(WorkError::UseCase(Failure::Rejected(_))) => {
                Ok(Next::later(pause, why))
            }
            Err(error) => Err(error),
        }
    }
}

/// Whether the provider did it, or took it to do it.
const fn is_done(outcome: &PaymentOutcome) -> bool {
    matches!(outcome, PaymentOutcome::Settled { .. } | PaymentOutcome::Accepted { .. })
}

#[async_trait]
impl Work for Legs {
    fn kind(&self) -> TaskKind {
        TaskKind::Leg
    }

    async fn carry_out(&self, task: &Task, held: &Held<'_>) -> Result<Next, WorkError> {
        self.stops.reach(Point::Claimed).await;
        let looks = task.subject.strip_suffix(LOOK);
        let leg_id = looks.unwrap_or(&task.subject).parse();
        let leg_id = leg_id.map_err(|_| WorkError::Subject(task.subject.clone()))?;
        let Some(work) = self.steps.find(&task.key, &leg_id).await? else {
            tracing::error!(%leg_id, "a task names a leg that does not exist");
            return Ok(Next::later(IDLE, "there is no such leg"));
        };
        if looks.is_some() && !work.has_a_provider() {
            return Ok(Next::Done);
        }
        // Held back or ended since the task was claimed. Handing it back is void if the task was
        // taken out or put in again meanwhile, so nothing can be lost by it.
        let nothing_to_do = Ok(Next::later(IDLE, "there is nothing to do"));
        let is_idle = work.refund_state != RefundState::Pending || work.leg.kind == LegKind::Manual;
        if looks.is_none() && is_idle {
            return nothing_to_do;
        }
        let provider = self.providers.get(&work.leg.provider)?;
        if let Some(LeftAlone { until }) = provider.left_alone() {
            return Ok(wait_for(&work.leg.provider, until, self.clock.now()));
        }
        let caller = Caller { actor: Actor::worker("legs"), trace: held.trace() };
        let hand = Hand { caller, task, held, provider };
        if looks.is_some() {
            return self.look(&hand, &work).await;
        }
        match work.leg.state {
            LegState::Pending => self.send(&hand, &work).await,
            LegState::Sent | LegState::Unknown => self.resolve(&hand, &work).await,
            LegState::Accepted => self.follow(&hand, &work).await,
            LegState::Settled | LegState::Failed | LegState::Voided => nothing_to_do,
        }
    }
}
