//! What payment providers tell by themselves: taken at once, looked into later.

use crate::{Caller, Core, Failure, Legs, Payments, tasks};
use domain::{
    id::LegId,
    order::{self, DisputeReport, OrderState},
};
use ports::{
    Clock, DisputeState, Inbox, KeptNotice, Money, NoticeAbout, NoticeError, NoticePlace,
    NoticeReaders, OrderKey, Page, PageRequest, PaymentNotice, StoreError, TaskKind,
};
use std::{collections::BTreeMap, sync::Arc};

#[derive(Clone)]
pub struct Notices {
    inbox: Arc<dyn Inbox>,
    readers: NoticeReaders,
    core: Arc<Core>,
    clock: Arc<dyn Clock>,
}

/// Why a message was not taken.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    #[error("no payment provider {0:?} is configured to send messages")]
    UnknownProvider(String),
    #[error(transparent)]
    NotBelieved(#[from] NoticeError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What came of a message that is a provider's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// Kept, to be looked into.
    New,
    /// Kept for a person: it is not understood.
    Unread,
    /// It was told before.
    Known,
    /// Of no concern.
    Nothing,
}

impl Received {
    pub const fn is_new(self) -> bool {
        matches!(self, Self::New | Self::Unread)
    }

    /// The stable name, for measurements.
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Unread => "unread",
            Self::Known => "known",
            Self::Nothing => "nothing",
        }
    }
}

/// What came of looking into a notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LookedInto {
    /// It needs to be looked at no more.
    Done,
    /// What it is about is not there yet.
    NotYet(String),
}

impl Notices {
    pub fn new(
        inbox: Arc<dyn Inbox>,
        readers: NoticeReaders,
        core: Arc<Core>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { inbox, readers, core, clock }
    }

    /// Keeps what a provider posted, if it is the provider's. `headers` are those that may be its
    /// signature, by their names in lower case.
    ///
    /// # Errors
    ///
    /// [`NotTaken`]; the provider will send it again then.
    pub async fn receive(
        &self,
        provider: &str,
        headers: &BTreeMap<String, String>,
        body: &[u8],
    ) -> Result<Received, NotTaken> {
        let unknown = || NotTaken::UnknownProvider(provider.to_owned());
        let reader = self.readers.get(provider).ok_or_else(unknown)?;
        let now = self.clock.now();
        let signature = headers.get(reader.signature_header()).map(String::as_str);
        let Some(notice) = reader.read(signature, body, now)? else {
            return Ok(Received::Nothing);
        };
        let taken = self.inbox.take(&notice, now).await?;
        let PaymentNotice { event_id, .. } = &notice;
        tracing::info!(provider, event_id, taken, "a payment provider told something");
        Ok(match &notice.about {
            _ if !taken => Received::Known,
            NoticeAbout::Unread { kind, why } => {
                tracing::error!(provider, event_id, kind, why, "a notice is not understood");
                Received::Unread
            }
            _ => Received::New,
        })
    }

    /// What was told and not looked into yet, or waits for what it is about, or for a person.
    ///
    /// # Errors
    ///
    /// [`Failure::Store`] alone.
    pub async fn open(
        &self,
        page: PageRequest<NoticePlace>,
    ) -> Result<Page<KeptNotice, NoticePlace>, Failure> {
        Ok(self.inbox.open_notices(page).await?)
    }

    /// Looks into a notice. Of legs and payments it is not believed: it says what to ask the provider
    /// about, and what the provider says then is booked. A dispute is booked as it is told, and of
    /// all that is told of one the same comes out in any sequence. So any of them may come again,
    /// late, or in any order.
    ///
    /// # Errors
    ///
    /// [`Failure::Store`], and whatever forbids the change; it is to be tried again.
    pub async fn look_into(
        &self,
        caller: &Caller,
        notice: &PaymentNotice,
    ) -> Result<LookedInto, Failure> {
        match &notice.about {
            NoticeAbout::Leg { leg_id, order: Some(key), .. } => {
                self.look_at_leg(caller, key, leg_id).await
            }
            NoticeAbout::Leg { leg_id, order: None, .. } => {
                Ok(LookedInto::NotYet(format!("it names no order for leg {leg_id}")))
            }
            NoticeAbout::Dispute { dispute_id, disputed, state, .. } => {
                self.book_dispute(caller, notice, dispute_id, disputed, *state).await
            }
            NoticeAbout::Unread { kind, why } => Ok(LookedInto::NotYet(format!(
                "not understood, a person has to look: {kind}: {why}"
            ))),
            NoticeAbout::Payment { payment, .. } => {
                self.ask_for_payment(caller, &notice.provider, payment).await
            }
        }
    }

    async fn look_at_leg(
        &self,
        caller: &Caller,
        key: &OrderKey,
        leg_id: &LegId,
    ) -> Result<LookedInto, Failure> {
        match Legs::new(Arc::clone(&self.core)).look(caller, key, leg_id).await {
            Ok(true) => Ok(LookedInto::Done),
            Ok(false) | Err(Failure::NotFound { .. }) => Ok(LookedInto::NotYet(format!(
                "there is no leg {leg_id} of order {}",
                key.order_id
            ))),
            Err(error) => Err(error),
        }
    }

    /// Over the tender that knows the dispute already; else over one that was paid by the payment when
    /// its order came in, of the oldest order.
    async fn book_dispute(
        &self,
        caller: &Caller,
        notice: &PaymentNotice,
        dispute_id: &str,
        disputed: &Money,
        state: DisputeState,
    ) -> Result<LookedInto, Failure> {
        // What is prevented holds nothing any more, and its payer may have been paid back for it
        // elsewhere: whether anything goes back is for a person to say.
        let is_prevented = state == DisputeState::Prevented;
        let state = match state {
            // The bank asks, and no money has moved.
            DisputeState::Inquiry => return Ok(LookedInto::Done),
            DisputeState::Open => order::DisputeState::Open,
            DisputeState::Won | DisputeState::Prevented => order::DisputeState::Won,
            DisputeState::Lost => order::DisputeState::Lost,
        };
        let Ok(dispute_id) = dispute_id.parse() else {
            return Ok(LookedInto::NotYet("the id of the dispute is none".to_owned()));
        };
        let payments = self.inbox.payments(&notice.provider, &disputed.payment).await?;
        let mut candidates = Vec::new();
        for (key, tender_id) in payments {
            let Some(order) = self.core.store.load(&key, None).await?.order else { continue };
            let known = order.state.disputes.iter().find(|known| known.dispute_id == dispute_id);
            let came_later =
                order.state.tender(&tender_id).is_none_or(|tender| tender.recovered.is_some());
            let tender_id = known.map_or(tender_id, |known| known.tender_id.clone());
            let rank = (known.is_none(), came_later, order.state.created_at);
            candidates.push((rank, key, tender_id, order.state.customer_currency));
        }
        let best = candidates.into_iter().min_by_key(|(rank, ..)| *rank);
        let Some((_, key, tender_id, currency)) = best else {
            return Ok(LookedInto::NotYet(of_no_order(&disputed.payment)));
        };
        let ours = currency.code();
        if disputed.currency != ours {
            let theirs = &disputed.currency;
            let why = format!("it is in {theirs}, and order {} in {ours}", key.order_id);
            return Ok(LookedInto::NotYet(why));
        }
        let report = DisputeReport {
            tender_id,
            dispute_id,
            amount: disputed.amount,
            state,
            as_of: notice.at,
        };
        let payments = Payments::new(Arc::clone(&self.core));
        if is_prevented {
            payments.record_dispute(caller, &key, &report).await?;
        } else {
            payments.settle_dispute(caller, &key, &report).await?;
        }
        Ok(LookedInto::Done)
    }

    /// Orders that wait to be paid have it asked for at once. What comes in for others is asked for
    /// by their own tasks, or told by reconciling.
    async fn ask_for_payment(
        &self,
        caller: &Caller,
        provider: &str,
        payment: &str,
    ) -> Result<LookedInto, Failure> {
        let payments = self.inbox.payments(provider, payment).await?;
        if payments.is_empty() {
            return Ok(LookedInto::NotYet(of_no_order(payment)));
        }
        for (key, _) in payments {
            let asked = self.core.step(&key, |order, now| {
                let mut commit = caller.commit(now);
                if order.state.state == OrderState::Received {
                    commit.tasks.push(tasks::put(&key, TaskKind::ProcessOrder, now));
                }
                Ok((commit, ()))
            });
            asked.await?;
        }
        Ok(LookedInto::Done)
    }
}

fn of_no_order(payment: &str) -> String {
    format!("no order is paid by {payment}")
}
