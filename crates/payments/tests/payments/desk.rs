//! What the tests put on the table: a ledger, a clock, and legs.

use crate::stripe::{self, Called as _, Fake, Mishap, nobody};
use async_trait::async_trait;
use domain::{
    Amount, Currencies, Currency,
    id::{LegId, RefundId, StoreId},
    order::{Tender, TenderMethod, TenderState},
    refund::LegKind,
};
use payments::{Accounts, Sandbox, Stripe, sandbox};
use ports::{
    Ledger, OrderKey, PaymentOrder, PaymentOutcome, PaymentProvider, Posting, StoreError, Transfer,
    own_value,
};
use std::sync::Arc;
use store_memory::MemoryStore;
use testkit::{clock::TestClock, localstripe::Server};
use uuid::Uuid;

pub struct Desk {
    pub provider: Box<dyn PaymentProvider>,
    pub ledger: Arc<MemoryStore>,
    pub clock: Arc<TestClock>,
    kind: LegKind,
    method: TenderMethod,
    /// Where the books are kept, if not in the ledger.
    stripe: Option<AtStripe>,
}

enum AtStripe {
    Fake(Fake),
    /// With the payments that legs know as p1 and p2.
    Local(Server, [String; 2]),
}

impl AtStripe {
    fn provider(&self) -> Stripe {
        match self {
            Self::Fake(fake) => fake.provider(),
            Self::Local(server, _) => stripe::at(server),
        }
    }

    fn payment(&self, target: &str) -> String {
        match self {
            Self::Local(_, [payment, _]) if target == "p1" => payment.clone(),
            Self::Local(_, [_, payment]) => payment.clone(),
            Self::Fake(_) => format!("pi_{target}"),
        }
    }

    /// What went back of a payment, as far as store s1 asked for it.
    fn returned(&self, target: &str) -> i64 {
        match self {
            Self::Fake(fake) => fake.returned("s1"),
            Self::Local(server, _) => {
                let refunds = server.refunds(&self.payment(target));
                let ours = refunds.iter().filter(|refund| refund["metadata"]["store"] == "s1");
                ours.map(|refund| refund["amount"].as_i64().unwrap()).sum()
            }
        }
    }
}

impl Desk {
    pub fn sandbox() -> Self {
        let (ledger, clock) = (Arc::new(MemoryStore::default()), Arc::new(TestClock::default()));
        let provider = Box::new(Sandbox::new(ledger.clone(), clock.clone()));
        let (kind, method) = (LegKind::Refund, TenderMethod::Card);
        Self { provider, ledger, clock, kind, method, stripe: None }
    }

    /// Stripe, as strict as its documentation.
    pub fn stripe() -> Self {
        let fake = Fake::start();
        for payment in ["pi_p1", "pi_p2"] {
            fake.captured(payment, 10_000, "eur");
        }
        Self::at_stripe(AtStripe::Fake(fake))
    }

    /// Stripe as others have it, who do not honour keys.
    pub fn localstripe() -> Self {
        let server = Server::start();
        let payments = [(); 2].map(|()| server.captured(10_000, "eur"));
        Self::at_stripe(AtStripe::Local(server, payments))
    }

    fn at_stripe(stripe: AtStripe) -> Self {
        let provider = Box::new(stripe.provider());
        Self { provider, stripe: Some(stripe), ..Self::sandbox() }
    }

    /// The sandbox's payments, only authorised.
    pub fn releases() -> Self {
        Self { kind: LegKind::Release, ..Self::sandbox() }
    }

    pub fn accounts() -> Self {
        let (ledger, clock) = (Arc::new(MemoryStore::default()), Arc::new(TestClock::default()));
        let provider = Box::new(Accounts::new(ledger.clone(), clock.clone()));
        let (kind, method) = (LegKind::Restore, TenderMethod::GiftCard);
        Self { provider, ledger, clock, kind, method, stripe: None }
    }

    /// The same adapter in a new process, over what the old one left behind.
    pub fn restart(&mut self) {
        match &self.stripe {
            Some(stripe) => self.provider = Box::new(stripe.provider()),
            None => self.use_ledger(self.ledger.clone()),
        }
    }

    /// What is done from now on is done, and not answered.
    pub fn lose_answers(&mut self) {
        match &self.stripe {
            Some(AtStripe::Fake(fake)) => fake.next(Mishap::BreakOff),
            Some(AtStripe::Local(..)) => panic!("localstripe always answers"),
            None => self.use_ledger(Arc::new(LosesAnswers(self.ledger.clone()))),
        }
    }

    /// Nobody is there any more.
    pub fn be_gone(&mut self) {
        match &self.stripe {
            Some(_) => self.provider = Box::new(nobody()),
            None => self.use_ledger(Arc::new(Gone)),
        }
    }

    fn use_ledger(&mut self, ledger: Arc<dyn Ledger>) {
        self.provider = match self.kind {
            LegKind::Restore => Box::new(Accounts::new(ledger, self.clock.clone())),
            _ => Box::new(Sandbox::new(ledger, self.clock.clone())),
        };
    }

    /// The leg at `place` of a refund of order o1, whose tender captured 100.00.
    pub fn leg(&self, place: usize, target: &str, amount: &str) -> PaymentOrder {
        PaymentOrder {
            leg_id: LegId::of(refund_id(), place),
            order: order_key("s1", "o1"),
            refund_id: refund_id(),
            tender_id: "t1".parse().unwrap(),
            kind: self.kind,
            amount: eur(amount),
            currency: currency("EUR"),
            target: match &self.stripe {
                Some(stripe) => stripe.payment(target),
                None => target.to_owned(),
            },
            method: self.method,
            authorized: eur("100.00"),
            captured: if self.kind == LegKind::Release { Amount::ZERO } else { eur("100.00") },
        }
    }

    /// What arrived on the other side of the refunds to `target`, in store s1.
    pub async fn returned(&self, target: &str) -> Amount {
        if let Some(stripe) = &self.stripe {
            return Amount::from_ten_thousandths(stripe.returned(target) * 100);
        }
        match self.kind {
            LegKind::Restore => self.balance(&own_value::account_name(target)).await,
            LegKind::Release => self.balance(sandbox::RELEASED).await,
            _ => self.balance(sandbox::RETURNED).await,
        }
    }

    pub async fn balance(&self, account: &str) -> Amount {
        self.find_balance(account).await.unwrap_or_default()
    }

    pub async fn find_balance(&self, account: &str) -> Option<Amount> {
        self.ledger.balance(&store("s1"), account, currency("EUR")).await.unwrap()
    }

    pub async fn refund(&self, leg: &PaymentOrder) -> PaymentOutcome {
        match leg.kind {
            LegKind::Release => self.provider.release(leg).await,
            _ => self.provider.refund(leg).await,
        }
    }

    pub async fn find(&self, leg: &PaymentOrder) -> Option<PaymentOutcome> {
        self.provider.find(leg).await.unwrap()
    }
}

pub fn tender(reference: &str, state: TenderState) -> Tender {
    let captured = if state == TenderState::Captured { eur("100.00") } else { Amount::ZERO };
    let authorized = if state == TenderState::Authorized { eur("100.00") } else { captured };
    Tender {
        tender_id: "t1".parse().unwrap(),
        method: TenderMethod::Card,
        provider: payments::names::SANDBOX.to_owned(),
        provider_reference: reference.to_owned(),
        amount: eur("100.00"),
        authorized,
        captured,
        state,
        recovered: None,
    }
}

pub fn order_key(store_id: &str, order_id: &str) -> OrderKey {
    OrderKey::new(store(store_id), order_id.parse().unwrap())
}

pub fn store(store_id: &str) -> StoreId {
    store_id.parse().unwrap()
}

fn refund_id() -> RefundId {
    RefundId::from_uuid(Uuid::from_u128(7))
}

pub fn currency(code: &str) -> Currency {
    Currencies::iso().get(code).unwrap()
}

pub fn eur(amount: &str) -> Amount {
    Amount::parse(amount, currency("EUR")).unwrap()
}

pub fn is_settled(outcome: &PaymentOutcome) -> bool {
    matches!(outcome, PaymentOutcome::Settled { .. })
}

/// The code of a decline, and whether it is for good.
pub fn decline(outcome: &PaymentOutcome) -> Option<(&str, bool)> {
    match outcome {
        PaymentOutcome::Declined { failure, permanent } => Some((&failure.code, *permanent)),
        _ => None,
    }
}

/// Whether it says of something that it is not what was asked: nobody may take it for done, or for
/// something that never came.
pub fn is_another(outcome: &PaymentOutcome) -> bool {
    let mismatch = matches!(outcome, PaymentOutcome::Mismatch(_));
    mismatch || decline(outcome) == Some(("KEY_REUSED", true))
}

/// A ledger whose answers to postings are lost after they were done.
struct LosesAnswers(Arc<MemoryStore>);

#[async_trait]
impl Ledger for LosesAnswers {
    async fn post(&self, transfer: &Transfer) -> Result<Posting, StoreError> {
        self.0.post(transfer).await?;
        Err(StoreError::Unavailable("the line broke".into()))
    }

    async fn find(&self, store: &StoreId, key: &str) -> Result<Option<Transfer>, StoreError> {
        self.0.find(store, key).await
    }

    async fn balance(
        &self,
        store: &StoreId,
        account: &str,
        currency: Currency,
    ) -> Result<Option<Amount>, StoreError> {
        self.0.balance(store, account, currency).await
    }
}

/// A ledger that is not there.
struct Gone;

fn gone<T>() -> Result<T, StoreError> {
    Err(StoreError::Unavailable("nobody listens".into()))
}

#[async_trait]
impl Ledger for Gone {
    async fn post(&self, _: &Transfer) -> Result<Posting, StoreError> {
        gone()
    }

    async fn find(&self, _: &StoreId, _: &str) -> Result<Option<Transfer>, StoreError> {
        gone()
    }

    async fn balance(
        &self,
        _: &StoreId,
        _: &str,
        _: Currency,
    ) -> Result<Option<Amount>, StoreError> {
        gone()
    }
}
