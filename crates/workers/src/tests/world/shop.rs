//! A shop's own system that keeps what was made in it, and misbehaves by a plan.

use async_trait::async_trait;
use domain::order::{ExternalIds, FailureClass};
use ports::{Push, PushFailure, StorefrontBackend};
use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    None,
    /// The shop says no.
    Reject(FailureClass),
    /// Nobody is there.
    Down,
    /// The order is made, and the answer is lost.
    LoseAnswer,
    /// The order is made a while after the call was given up.
    Late(Duration),
    /// The answer takes so long.
    Slow(Duration),
}

/// Makes an order with every push: it is for the worker not to push twice.
#[derive(Default)]
pub struct Shop(std::sync::Arc<Mutex<Books>>);

#[derive(Default)]
struct Books {
    /// Platform ids, one for each order that was made.
    made: Vec<String>,
    pushes: VecDeque<Mishap>,
    finds: VecDeque<Mishap>,
    called: usize,
}

impl Shop {
    /// What goes wrong with the next pushes and look-ups, in turn.
    pub fn with(pushes: impl Into<Vec<Mishap>>, finds: impl Into<Vec<Mishap>>) -> Self {
        let shop = Self::default();
        shop.books().pushes = pushes.into().into();
        shop.books().finds = finds.into().into();
        shop
    }

    /// How many orders there are of this platform id.
    pub fn made(&self, order_id: &str) -> usize {
        self.books().made.iter().filter(|made| *made == order_id).count()
    }

    /// Pushes and look-ups so far.
    pub fn called(&self) -> usize {
        self.books().called
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap()
    }
}

fn names(order_id: &str) -> ExternalIds {
    ExternalIds { id: format!("shop-{order_id}"), number: format!("#{order_id}") }
}

fn failure(class: FailureClass, in_doubt: bool) -> PushFailure {
    PushFailure { class, cause: "a mishap".to_owned(), in_doubt, retry_after: None }
}

#[async_trait]
impl StorefrontBackend for Shop {
    async fn find(&self, push: Push<'_>) -> Result<Option<ExternalIds>, PushFailure> {
        let mishap = {
            let mut books = self.books();
            books.called += 1;
            books.finds.pop_front().unwrap_or(Mishap::None)
        };
        let order_id = push.order.order_id.as_str();
        let found = (self.made(order_id) > 0).then(|| names(order_id));
        match mishap {
            Mishap::None => {}
            Mishap::Slow(pause) => tokio::time::sleep(pause).await,
            _ => return Err(failure(FailureClass::Transient, false)),
        }
        Ok(found)
    }

    async fn push(&self, push: Push<'_>) -> Result<ExternalIds, PushFailure> {
        let order_id = push.order.order_id.to_string();
        let mishap = {
            let mut books = self.books();
            books.called += 1;
            books.pushes.pop_front().unwrap_or(Mishap::None)
        };
        match mishap {
            Mishap::Reject(class) => return Err(failure(class, false)),
            Mishap::Down => return Err(failure(FailureClass::Transient, false)),
            Mishap::Slow(pause) => tokio::time::sleep(pause).await,
            Mishap::Late(pause) => {
                let books = self.0.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(pause).await;
                    books.lock().unwrap().made.push(order_id);
                });
                return Err(failure(FailureClass::Transient, true));
            }
            Mishap::None | Mishap::LoseAnswer => {}
        }
        self.books().made.push(order_id.clone());
        if mishap == Mishap::LoseAnswer {
            return Err(failure(FailureClass::Transient, true));
        }
        Ok(names(&order_id))
    }
}
