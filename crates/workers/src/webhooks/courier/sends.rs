use super::{
    super::{lanes::Item, message::Unmade, schedule::next_try},
    Post,
};
use domain::webhook::Endpoint;
use ports::{Attempt, Chain, Delivery, DeliveryState, Outgoing, Reception, Sent, StoreError};
use std::{collections::HashMap, sync::Arc};
use time::OffsetDateTime;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::{Id, JoinError, JoinSet},
    time::Instant,
};
use tracing::Instrument as _;

/// When a message is made again that could not be made: what is stored cannot be read, or the store
/// cannot be asked.
const UNMADE: time::Duration = time::Duration::minutes(5);
const UNREACHABLE: time::Duration = time::Duration::seconds(5);

/// What is said of a message that was not made. It is no fault of the endpoint's.
const NOT_MADE: &str = "the message could not be made here, and nothing was sent";

/// Messages that are on their way. They go no further when this is dropped.
#[derive(Default)]
pub(super) struct Sends {
    tasks: JoinSet<Result<Tried, Unmade>>,
    items: HashMap<Id, (Item, Place)>,
    /// The last that came back had no answer: the endpoint may answer nothing at all, and what is
    /// sent beside one message would only wait with it.
    unanswered: bool,
}

/// What a message takes while it is on its way.
pub(super) enum Place {
    /// Every endpoint has one, whatever others do.
    Own,
    /// One of those that all share.
    Shared {
        #[expect(dead_code, reason = "held until it is dropped")]
        permit: OwnedSemaphorePermit,
    },
}

/// A message that was on its way.
pub(super) struct CameBack {
    item: Item,
    outcome: Result<Tried, Unmade>,
}

pub(super) enum Verdict {
    Through,
    /// There is another try. Until when the endpoint wants to be left alone, if it does.
    Later(Option<OffsetDateTime>),
    /// There is none, and why, in words that everybody may read.
    Never(String),
}

struct Tried {
    at: OffsetDateTime,
    millis: u32,
    sent: Sent,
}

impl Sends {
    /// A place for one more message, if there is one.
    pub fn place(&self, post: &Post) -> Option<Place> {
        let most = if self.unanswered { 1 } else { post.settings.concurrency.max(1) };
        if self.items.len() >= most {
            return None;
        }
        if !self.items.values().any(|(_, place)| matches!(place, Place::Own)) {
            return Some(Place::Own);
        }
        // If there is none now, there is the next time that one of these comes back.
        let permit = Semaphore::try_acquire_owned(Arc::clone(&post.places)).ok()?;
        Some(Place::Shared { permit })
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub fn send(&mut self, post: &Arc<Post>, endpoint: &Arc<Endpoint>, item: Item, place: Place) {
        let sent = send(Arc::clone(post), Arc::clone(endpoint), item.clone());
        let handle = self.tasks.spawn(sent);
        self.items.insert(handle.id(), (item, place));
    }

    /// What comes back next. May be dropped and asked again; never ends if nothing is on its way.
    pub async fn next(&mut self) -> CameBack {
        loop {
            let Some(ended) = self.tasks.join_next_with_id().await else {
                return std::future::pending().await;
            };
            let (id, outcome) = match ended {
                Ok((id, outcome)) => (id, outcome),
                Err(error) => (error.id(), Err(broke_off(error))),
            };
            if let Some((item, _)) = self.items.remove(&id) {
                if let Ok(tried) = &outcome {
                    self.unanswered = tried.sent.status.is_none();
                }
                return CameBack { item, outcome };
            }
        }
    }

    /// What is still on its way is nobody's any more: somebody will send it again.
    pub fn give_up(&mut self) {
        self.tasks.abort_all();
        self.items.clear();
    }
}

async fn send(post: Arc<Post>, endpoint: Arc<Endpoint>, item: Item) -> Result<Tried, Unmade> {
    let message = post.messages.of(&endpoint, &item).await?;
    let Delivery { event_id, kind, tries, .. } = &item.delivery;
    let span = tracing::info_span!("webhook", %event_id, kind, tries);
    if let Some(trace) = &message.trace {
        (post.continue_trace)(&span, trace);
    }
    let at = post.clock.now();
    let began = Instant::now();
    let outgoing = Outgoing {
        url: &endpoint.url,
        secrets: &endpoint.secrets_at(at),
        message_id: &event_id.to_string(),
        at,
        body: &message.body,
        trace: message.trace.as_deref(),
    };
    let sent = post.sender.send(outgoing).instrument(span).await;
    let millis = u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX);
    Ok(Tried { at, millis, sent })
}

fn broke_off(error: JoinError) -> Unmade {
    Unmade::Unwritable(Box::new(error))
}

impl CameBack {
    /// With its delivery as it is now, and what that means.
    pub fn judge(self, now: OffsetDateTime) -> (Item, Verdict) {
        let Self { mut item, outcome } = self;
        let delivery = &mut item.delivery;
        (delivery.updated_at, delivery.due_at) = (now, None);
        let verdict = match outcome {
            Ok(tried) => tried.judge(delivery, now),
            Err(error) => unmade(delivery, &error, now),
        };
        (item, verdict)
    }
}

impl Tried {
    fn judge(self, delivery: &mut Delivery, now: OffsetDateTime) -> Verdict {
        let Self { at, millis, sent: Sent { status, reception } } = self;
        delivery.tries = delivery.tries.saturating_add(1);
        let (why, verdict) = match reception {
            Reception::Accepted => {
                delivery.state = DeliveryState::Delivered;
                (None, Verdict::Through)
            }
            Reception::Gone => {
                let why = "it answered that it wants nothing any more (410)".to_owned();
                (Some(why), Verdict::Never("HTTP 410".to_owned()))
            }
            Reception::Failed { why, retry_after } => {
                delivery.due_at = next_try(delivery.tries, now, retry_after);
                let verdict = match delivery.due_at {
                    Some(_) => Verdict::Later(retry_after.map(|after| now + after)),
                    None => Verdict::Never(exhausted(delivery, status)),
                };
                (Some(why), verdict)
            }
        };
        delivery.attempts.push(Attempt { at, status, why, millis });
        verdict
    }
}

/// What it answered stays with the attempts, which are nobody else's.
fn exhausted(delivery: &Delivery, status: Option<u16>) -> String {
    let Delivery { tries, event_id, .. } = delivery;
    let status = status.map_or_else(|| "no answer".to_owned(), |status| format!("HTTP {status}"));
    format!("{status}, {tries} tries of {event_id}")
}

/// No try of the schedule, and not the endpoint's fault.
fn unmade(delivery: &mut Delivery, error: &Unmade, now: OffsetDateTime) -> Verdict {
    let unreachable = matches!(error, Unmade::Store(StoreError::Unavailable(_)));
    delivery.due_at = Some(now + if unreachable { UNREACHABLE } else { UNMADE });
    if !unreachable {
        let why = Some(NOT_MADE.to_owned());
        delivery.attempts.push(Attempt { at: now, status: None, why, millis: 0 });
    }
    tracing::error!(event_id = %delivery.event_id, error = %Chain(error), "a message was not made");
    Verdict::Later(None)
}
