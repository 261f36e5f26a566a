//! A provider that moves no money, keeps its books in the ledger, and misbehaves on request.
//!
//! A payment that it has not seen stands exactly in the state and amount that the tender names.
//! Each tender has a payment of its own, also where others of its order or of other orders name
//! the same reference, or none.
//! Everything it remembers is in the ledger, so it behaves the same after a restart:
//!
//! | account | what it holds |
//! |---|---|
//! | `sandbox:<order id>:<tender id>:<provider reference>` | what of a payment has not gone back |
//! | `sandbox:returned` | what went back, one transfer per leg, under the leg's id |
//! | `sandbox-authorized:<order id>:<tender id>:<provider reference>` | what of an authorisation was neither captured nor let go |
//! | `sandbox:released` | what was let go, one transfer per leg, under the leg's id |
//! | `sandbox:clearing` | the other side of all payments |
//! | `sandbox:marks` | counts of tries and times of questions, in the smallest amounts there are |
//!
//! The `provider_reference` of a tender says how it behaves, never an amount. `N` and `MS` may be
//! left out; a suffix keeps references apart, so `sandbox-decline`, `sandbox-decline-7f3a` and
//! `sandbox-flaky-3-7f3a` all work. Whatever is not listed behaves well.
//!
//! | `provider_reference` | what happens |
//! |---|---|
//! | `sandbox-recapture` | asked what stands of it, the payment stands in full again, whatever went back |
//! | `sandbox-decline` | every refund is declined for good |
//! | `sandbox-decline-retryable` | every refund is declined, with leave to ask again |
//! | `sandbox-flaky-N` | the first N tries of a leg (1) are declined with leave to ask again; then it settles |
//! | `sandbox-delay-MS` | a refund is done at once, and answered after MS milliseconds (1000) |
//! | `sandbox-settle-later-MS` | a refund is accepted, and settled when asked MS milliseconds later (5000) |
//! | `sandbox-refuse-later-MS` | a refund is accepted, and declined for good when asked MS milliseconds later (5000); the amount is back on the payment |
//! | `sandbox-reverse-later-MS` | a refund settles at once, and is taken back when asked MS milliseconds later (5000): declined for good, the amount is back on the payment |
//! | `sandbox-lose-answer` | a refund is done and the answer to the first try is lost |
//! | `sandbox-never-received-N` | the first N tries of a leg (1) are lost on the way: nothing is done, nothing is answered |
//! | `sandbox-down-N` | the first N calls for a leg or a tender (2), questions too, find nobody there |
//! | `sandbox-capture-later-MS` | a tender that is PENDING is captured when asked MS milliseconds after the first question (0) |
//! | `sandbox-authorize-later-MS` | a tender that is PENDING is authorised when asked MS milliseconds after the first question (0) |
//! | `sandbox-fail-later-MS` | a tender that is PENDING has failed when asked MS milliseconds after the first question (0) |
//! | `sandbox-collect-later-MS` | what was not let go of a tender that is AUTHORIZED is captured when asked MS milliseconds after the first question (0) |
//! | `sandbox-lapse-later-MS` | a tender that is AUTHORIZED has lapsed when asked MS milliseconds after the first question (0) |
//!
//! N is at most 99 and MS at most 3 600 000 (an hour); what is above is cut to it.
//! Releases behave as refunds do. One beyond what is left of its payment is declined for good, and
//! so is a key that comes again with another amount or payment. A decline leaves nothing behind: asked about such a leg,
//! the sandbox never got it.

mod behaviour;

pub use behaviour::Behaviour;

use crate::{
    as_named,
    books::{Books, Desk, account, clearing, is_same, key_reused, unavailable, unknown},
    failure,
};
use async_trait::async_trait;
use domain::{
    Amount, Currencies, Currency,
    id::TenderId,
    order::{Tender, TenderState},
    refund::LegKind,
};
use ports::{
    Clock, Ledger, NoAnswer, OrderKey, PaymentOrder, PaymentOutcome, PaymentProvider,
    PaymentStatus, Posting, StoreError, Transfer,
};
use std::{sync::Arc, time::Duration};

/// The account of everything that went back.
pub const RETURNED: &str = "sandbox:returned";
/// The account of every authorisation that was let go.
pub const RELEASED: &str = "sandbox:released";
const CLEARING: &str = "sandbox:clearing";
const MARKS: &str = "sandbox:marks";
/// What a mark moves: the smallest amount there is.
const MARK: Amount = Amount::from_ten_thousandths(1);

/// The sandbox's memory is the ledger; see the [module](self).
pub struct Sandbox {
    desk: Desk,
    /// Marks count and are no money; they are all in one currency.
    marks_in: Currency,
}

impl Sandbox {
    /// # Panics
    ///
    /// Never: ISO 4217 has the euro.
    pub fn new(ledger: Arc<dyn Ledger>, clock: Arc<dyn Clock>) -> Self {
        let marks_in = Currencies::iso().get("EUR").expect("ISO 4217 has the euro");
        Self { desk: Desk { ledger, clock }, marks_in }
    }

    /// The ledger account that holds what of a tender's payment has not gone back.
    #[must_use]
    pub fn account_name(order: &OrderKey, tender_id: &TenderId, reference: &str) -> String {
        format!("sandbox:{}:{tender_id}:{reference}", order.order_id)
    }

    /// The ledger account that holds what of its authorisation was neither captured nor let go.
    #[must_use]
    pub fn authorization_name(order: &OrderKey, tender_id: &TenderId, reference: &str) -> String {
        format!("sandbox-authorized:{}:{tender_id}:{reference}", order.order_id)
    }

    async fn try_refund(&self, order: &PaymentOrder) -> Result<PaymentOutcome, StoreError> {
        let behaviour = Behaviour::of(&order.target);
        if self.is_down(behaviour, &order.order, order.leg_id.as_str()).await? {
            return Ok(PaymentOutcome::Unknown);
        }
        let books = self.desk.books(&order.order.store_id, order.currency);
        if let Some(earlier) = books.find(order.leg_id.as_str()).await? {
            return self.outcome(&books, order, &earlier).await;
        }
        if let Some(refusal) = self.refusal(behaviour, order).await? {
            return Ok(refusal);
        }
        let wanted = wanted(&books, order);
        let series = format!("{}:open", wanted.from.name);
        let held = match order.kind {
            LegKind::Release => order.authorized.minus(order.captured).unwrap_or_default(),
            LegKind::Refund | LegKind::Restore | LegKind::Manual => order.captured,
        };
        books.raise_to(held, &series, &clearing(CLEARING), &wanted.from).await?;
        match books.ledger.post(&wanted).await? {
            Posting::Posted => Ok(first_answer(behaviour, order).await),
            Posting::AlreadyPosted(earlier) => self.outcome(&books, order, &earlier).await,
            Posting::Insufficient { balance } => {
                let left = balance.to_text(order.currency.exponent());
                let text = format!("only {left} {} is left of the payment", order.currency);
                Ok(declined("EXCEEDS_PAYMENT", text, true))
            }
        }
    }

    /// What keeps a refund from being done at all.
    async fn refusal(
        &self,
        behaviour: Behaviour,
        order: &PaymentOrder,
    ) -> Result<Option<PaymentOutcome>, StoreError> {
        let try_of = format!("try:{}", order.leg_id);
        Ok(match behaviour {
            Behaviour::Decline => Some(declined("DECLINED", "the payment declines refunds", true)),
            Behaviour::DeclineRetryable => Some(busy()),
            Behaviour::Flaky(tries) if self.is_among(tries, &order.order, &try_of).await? => {
                Some(busy())
            }
            Behaviour::NeverReceived(tries)
                if self.is_among(tries, &order.order, &try_of).await? =>
            {
                Some(PaymentOutcome::Unknown)
            }
            _ => None,
        })
    }

    /// What has become of a leg that was done.
    async fn outcome(
        &self,
        books: &Books<'_>,
        order: &PaymentOrder,
        earlier: &Transfer,
    ) -> Result<PaymentOutcome, StoreError> {
        let wanted = wanted(books, order);
        if !is_same(earlier, &wanted) {
            return Ok(key_reused(order));
        }
        let has_passed = |pause: Duration| self.desk.clock.now() - earlier.at >= pause;
        Ok(match Behaviour::of(&order.target) {
            Behaviour::SettleLater(pause) if !has_passed(pause) => accepted(order),
            Behaviour::RefuseLater(pause) if !has_passed(pause) => accepted(order),
            Behaviour::RefuseLater(_) => {
                let key = format!("sandbox-refused:{}", order.leg_id);
                books.post(key, wanted.to, wanted.from, order.amount).await?;
                declined("REFUSED_LATER", "the refund was refused after it had been taken", true)
            }
            Behaviour::ReverseLater(pause) if has_passed(pause) => {
                let key = format!("sandbox-reversed:{}", order.leg_id);
                books.post(key, wanted.to, wanted.from, order.amount).await?;
                declined("REVERSED", "the refund was taken back after it had settled", true)
            }
            _ => settled(order),
        })
    }

    async fn try_status(
        &self,
        order: &OrderKey,
        tender: &Tender,
        currency: Currency,
    ) -> Result<Option<PaymentStatus>, StoreError> {
        let behaviour = Behaviour::of(&tender.provider_reference);
        let name = format!("{}:{}", order.order_id, tender.tender_id);
        if self.is_down(behaviour, order, &name).await? {
            return Ok(None);
        }
        let (pause, then) = match behaviour {
            Behaviour::CollectLater(pause) if tender.state == TenderState::Authorized => {
                match self.standing(order, tender, currency).await? {
                    PaymentStatus::Authorized(left) if !left.is_zero() => {
                        (pause, PaymentStatus::Captured(left))
                    }
                    all_let_go => return Ok(Some(all_let_go)),
                }
            }
            Behaviour::LapseLater(pause) if tender.state == TenderState::Authorized => {
                (pause, PaymentStatus::Failed)
            }
            Behaviour::Recapture => return Ok(Some(as_named(tender))),
            _ if tender.state != TenderState::Pending => {
                return self.standing(order, tender, currency).await.map(Some);
            }
            Behaviour::CaptureLater(pause) => (pause, PaymentStatus::Captured(tender.amount)),
            Behaviour::AuthorizeLater(pause) => (pause, PaymentStatus::Authorized(tender.amount)),
            Behaviour::FailLater(pause) => (pause, PaymentStatus::Failed),
            _ => return Ok(Some(PaymentStatus::Pending)),
        };
        let books = self.desk.books(&order.store_id, self.marks_in);
        let asked = format!("sandbox-asked:{name}");
        let first = match self.mark(&books, asked).await? {
            Posting::AlreadyPosted(earlier) => earlier.at,
            _ => self.desk.clock.now(),
        };
        let is_over = self.desk.clock.now() - first >= pause;
        Ok(Some(if is_over { then } else { as_named(tender) }))
    }

    /// What a payment was named as, less what went back of it.
    async fn standing(
        &self,
        order: &OrderKey,
        tender: &Tender,
        currency: Currency,
    ) -> Result<PaymentStatus, StoreError> {
        let named = as_named(tender);
        let account = match named {
            PaymentStatus::Authorized(_) => Self::authorization_name,
            _ => Self::account_name,
        };
        let name = account(order, &tender.tender_id, &tender.provider_reference);
        let left = self.desk.ledger.balance(&order.store_id, &name, currency).await?;
        Ok(match (named, left) {
            (PaymentStatus::Captured(_), Some(left)) => PaymentStatus::Captured(left),
            (PaymentStatus::Authorized(_), Some(left)) => PaymentStatus::Authorized(left),
            (named, _) => named,
        })
    }

    async fn is_down(
        &self,
        behaviour: Behaviour,
        order: &OrderKey,
        subject: &str,
    ) -> Result<bool, StoreError> {
        let Behaviour::Down(calls) = behaviour else { return Ok(false) };
        self.is_among(calls, order, &format!("call:{subject}")).await
    }

    /// Counts one more of `subject`; whether it is among the first so many.
    async fn is_among(
        &self,
        first: u32,
        order: &OrderKey,
        subject: &str,
    ) -> Result<bool, StoreError> {
        let books = self.desk.books(&order.store_id, self.marks_in);
        for count in 1..=first {
            let key = format!("sandbox-mark:{subject}:{count}");
            if self.mark(&books, key).await? == Posting::Posted {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn mark(&self, books: &Books<'_>, key: String) -> Result<Posting, StoreError> {
        books.post(key, clearing(CLEARING), account(MARKS), MARK).await
    }
}

#[async_trait]
impl PaymentProvider for Sandbox {
    async fn status(
        &self,
        order: &OrderKey,
        tender: &Tender,
        currency: Currency,
    ) -> Result<PaymentStatus, NoAnswer> {
        let status = self.try_status(order, tender, currency).await;
        status.map_err(|fault| unavailable(&fault))?.ok_or_else(down)
    }

    async fn release(&self, order: &PaymentOrder) -> PaymentOutcome {
        self.try_refund(order).await.unwrap_or_else(|fault| unknown(order, &fault))
    }

    async fn refund(&self, order: &PaymentOrder) -> PaymentOutcome {
        self.try_refund(order).await.unwrap_or_else(|fault| unknown(order, &fault))
    }

    async fn find(&self, order: &PaymentOrder) -> Result<Option<PaymentOutcome>, NoAnswer> {
        let answer = async {
            let behaviour = Behaviour::of(&order.target);
            if self.is_down(behaviour, &order.order, order.leg_id.as_str()).await? {
                return Ok(Err(down()));
            }
            let books = self.desk.books(&order.order.store_id, order.currency);
            let Some(earlier) = books.find(order.leg_id.as_str()).await? else {
                return Ok(Ok(None));
            };
            self.outcome(&books, order, &earlier).await.map(|outcome| Ok(Some(outcome)))
        };
        answer.await.unwrap_or_else(|fault| Err(unavailable(&fault)))
    }
}

/// The movement that a leg asks for.
fn wanted(books: &Books<'_>, order: &PaymentOrder) -> Transfer {
    let PaymentOrder { order: key, tender_id, target, .. } = order;
    let (payment, side) = match order.kind {
        LegKind::Release => (Sandbox::authorization_name(key, tender_id, target), RELEASED),
        LegKind::Refund | LegKind::Restore | LegKind::Manual => {
            (Sandbox::account_name(key, tender_id, target), RETURNED)
        }
    };
    let key = order.leg_id.as_str().to_owned();
    books.transfer(key, account(payment), account(side), order.amount)
}

/// What the sandbox says right after it did what it was asked.
async fn first_answer(behaviour: Behaviour, order: &PaymentOrder) -> PaymentOutcome {
    match behaviour {
        Behaviour::LoseAnswer => PaymentOutcome::Unknown,
        Behaviour::SettleLater(_) | Behaviour::RefuseLater(_) => accepted(order),
        Behaviour::Delay(pause) => {
            tokio::time::sleep(pause).await;
            settled(order)
        }
        _ => settled(order),
    }
}

fn reference(order: &PaymentOrder) -> String {
    format!("sbx_{}", order.leg_id)
}

fn settled(order: &PaymentOrder) -> PaymentOutcome {
    PaymentOutcome::Settled { reference: reference(order) }
}

fn accepted(order: &PaymentOrder) -> PaymentOutcome {
    PaymentOutcome::Accepted { reference: reference(order) }
}

fn declined(code: &str, message: impl Into<String>, permanent: bool) -> PaymentOutcome {
    PaymentOutcome::Declined { failure: failure(code, message), permanent }
}

fn busy() -> PaymentOutcome {
    declined("TRY_AGAIN", "the payment cannot be refunded at the moment", false)
}

fn down() -> NoAnswer {
    NoAnswer::Down(failure("DOWN", "the sandbox is down"))
}
