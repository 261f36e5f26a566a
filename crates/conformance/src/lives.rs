//! A store in which all kinds of things have happened, to look at from all sides.

use crate::{
    build::{
        NewOrderOf, accept as accept_as, amount, commit, external, load, merchant, minutes, order,
        refund_as, shop, store_record, token,
    },
    cancellations::{
        WithLedger, accept, cancel, given, id, ids, lines, policy, request, transfer, undo,
    },
};
use domain::{
    Actor, ActorKind,
    cancellation::{
        CancelOrder, CancellationReason, Channel, Charges, Evidence, RejectCancellation,
        RequestedBy,
    },
    id::{EndpointId, RefundId, ShipmentId, StoreId},
    order::{
        Command, DisputeReport, DisputeState, FailureClass, HandoverOutcome, LatePayment, NewOrder,
        Order, Parcel, PaymentReport, Shipment, TenderState, Turn,
    },
    refund::{LegFailure, LegOutcome, RefundMethod},
    screening::{Check, Finding, Screening, Verdict},
    store::StoreFact,
};
use ports::{Commit, OrderChange, OrderKey, StoreChange, TokenChange, Version};
use std::sync::atomic::{AtomicI64, Ordering};
use uuid::Uuid;

/// Fills [`shop`] and another store. Every commit has a moment of its own.
pub async fn of_all_kinds(store: &dyn WithLedger) {
    let world = World { store, minute: AtomicI64::new(1) };
    world.records().await;
    world.orders().await;
    world.refunds().await;
    world.legs().await;
    world.taken_back().await;
    world.contested().await;
    world.cancellations().await;
    world.undone().await;
    world.of_authorised_money().await;
    world.pushed().await;
    world.screened().await;
    let other: StoreId = "other".parse().unwrap();
    world.place(&order("O-1").of_store(&other)).await;
    store.post(&transfer("t-1", "clearing", "points", "15.00")).await.unwrap();
    store.post(&transfer("t-2", "points", "spent", "5.00")).await.unwrap();
}

struct World<'s> {
    store: &'s dyn WithLedger,
    minute: AtomicI64,
}

impl World<'_> {
    fn at(&self) -> time::OffsetDateTime {
        minutes(self.minute.fetch_add(1, Ordering::SeqCst))
    }

    fn commit(&self) -> Commit {
        Commit { at: self.at(), trace: Some("00-trace-01".to_owned()), ..commit() }
    }

    async fn place(&self, new: &NewOrderOf) -> OrderKey {
        self.received(new, &Screening::default(), |_| ()).await;
        self.act(&new.key, Command::MarkReady { plug_and_play: false }).await;
        new.key.clone()
    }

    async fn received(
        &self,
        new: &NewOrderOf,
        screening: &Screening,
        change: impl FnOnce(&mut NewOrder),
    ) -> OrderKey {
        let mut order = new.new_order();
        change(&mut order);
        let at = self.at();
        let fact = order.receive(new.key.store_id.clone(), screening, at).unwrap();
        let change = OrderChange::create(fact, new.personal()).unwrap();
        self.store.commit(self.commit().order(change)).await.unwrap();
        new.key.clone()
    }

    async fn act(&self, key: &OrderKey, command: Command) -> Order {
        let name = command.name();
        let commit = self.commit();
        let change = load(self.store, key).await.decide(command, commit.at);
        let change = change.unwrap_or_else(|refused| panic!("{name} of {key:?}: {refused}"));
        let after = change.after.clone();
        self.store.commit(commit.order(change)).await.unwrap();
        after
    }

    /// Sends a leg of a refund, by its place, and books what came of it.
    async fn answered(
        &self,
        key: &OrderKey,
        of: RefundId,
        place: usize,
        outcome: LegOutcome,
    ) -> Order {
        let leg = load(self.store, key).await.state.refund(of).unwrap().legs[place].clone();
        let (leg_id, attempt) = (leg.leg_id, leg.attempts);
        let send = Command::SendLeg {
            refund_id: of,
            leg_id: leg_id.clone(),
            attempt,
            at: time::OffsetDateTime::UNIX_EPOCH,
        };
        self.act(key, send).await;
        self.heard(key, of, place, outcome).await
    }

    async fn heard(
        &self,
        key: &OrderKey,
        of: RefundId,
        place: usize,
        outcome: LegOutcome,
    ) -> Order {
        let leg = load(self.store, key).await.state.refund(of).unwrap().legs[place].clone();
        let (leg_id, attempt, at) = (leg.leg_id, leg.attempts, self.at());
        self.act(key, Command::RecordLeg { refund_id: of, leg_id, attempt, outcome, at }).await
    }

    /// A new order with a refund of 30.00, which comes from the gift card and the card.
    async fn refunded(&self, order_id: &str, number: i64) -> (OrderKey, RefundId) {
        let key = self.place(&order(order_id)).await;
        let refund_id = RefundId::from_uuid(Uuid::from_u128(u128::try_from(number).unwrap()));
        self.act(&key, refund_as(refund_id, number, "30.00")).await;
        (key, refund_id)
    }

    async fn records(&self) {
        let after = store_record(shop().as_str());
        let created = StoreFact::Created { store: Box::new(after.clone()) };
        let change =
            StoreChange { before: Version::NEW, after: after.clone(), facts: vec![created] };
        self.store.commit(Commit { stores: vec![change], ..self.commit() }).await.unwrap();
        let token = token(&shop(), "till");
        let facts = vec![StoreFact::TokenCreated { token: Box::new(token.clone()) }];
        let change = StoreChange { before: Version(1), after, facts };
        let tokens = vec![TokenChange { token, hash: Some([3; 32]) }];
        let made = Commit { stores: vec![change], tokens, ..self.commit() };
        self.store.commit(made).await.unwrap();
        // The one fact of a store that is an event.
        let (url, why) = ("https://shop.example".to_owned(), "gone".to_owned());
        let endpoint_id = EndpointId::from_uuid(Uuid::from_u128(1));
        let facts = vec![StoreFact::EndpointDisabled { endpoint_id, url, why }];
        let change = StoreChange { before: Version(2), after: store_record("shop"), facts };
        self.store.commit(Commit { stores: vec![change], ..self.commit() }).await.unwrap();
    }

    async fn orders(&self) {
        self.received(&order("received"), &Screening::default(), |_| ()).await;
        let key = self.place(&order("delivered")).await;
        self.act(&key, Command::SetExternalReference(external("draft"))).await;
        self.act(&key, accept_as("E-1")).await;
        self.act(&key, Command::Complete).await;
        let parcels = vec![Parcel { cart_item_id: "L1".into(), quantity: 2 }];
        let shipment = Shipment {
            shipment_id: ShipmentId::from_uuid(Uuid::from_u128(1)),
            parcels,
            carrier: "DHL".into(),
            tracking_number: "T-1".into(),
            shipped_at: self.at(),
        };
        self.act(&key, Command::Ship(shipment)).await;
        self.act(&key, Command::Deliver(Vec::new())).await;
    }

    async fn refunds(&self) {
        let (key, refund) = self.refunded("refunded", 1).await;
        self.answered(&key, refund, 0, settled()).await;
        let taken = LegOutcome::Accepted { reference: "soon".into() };
        self.answered(&key, refund, 1, taken).await;
        self.heard(&key, refund, 1, settled()).await;

        let (key, refund) = self.refunded("held", 2).await;
        let hold = Command::HoldRefund { refund_id: refund, by: merchant(), reason: "odd".into() };
        self.act(&key, hold.clone()).await;
        self.act(&key, Command::ReleaseRefund { refund_id: refund }).await;
        self.act(&key, hold).await;

        let (key, refund) = self.refunded("retried", 3).await;
        self.answered(&key, refund, 0, settled()).await;
        self.answered(&key, refund, 1, LegOutcome::Unknown).await;
        self.heard(&key, refund, 1, declined()).await;
        let at = self.at();
        self.act(&key, Command::RetryRefund { refund_id: refund, at }).await;
        self.answered(&key, refund, 1, settled()).await;
    }

    /// Refunds whose money went another way than was planned.
    async fn legs(&self) {
        let (key, refund) = self.refunded("settled-late", 4).await;
        self.answered(&key, refund, 0, settled()).await;
        self.answered(&key, refund, 1, declined()).await;
        self.heard(&key, refund, 1, settled()).await;

        let (key, refund) = self.refunded("paid-by-hand", 5).await;
        self.answered(&key, refund, 0, settled()).await;
        self.answered(&key, refund, 1, declined()).await;
        self.by(&key, refund, RefundMethod::BankDeposit).await;
        let (reference, at) = ("till".to_owned(), self.at());
        self.act(&key, Command::ConfirmManual { refund_id: refund, reference, at }).await;

        // What was given up settles while what replaces it is on its way, and both arrive.
        let (key, refund) = self.refunded("paid-twice", 6).await;
        self.answered(&key, refund, 1, settled()).await;
        self.answered(&key, refund, 0, deferred()).await;
        let order = self.by(&key, refund, RefundMethod::StoreCredit).await;
        let new = order.refund(refund).unwrap().legs[2].leg_id.clone();
        self.act(
            &key,
            Command::SendLeg {
                refund_id: refund,
                leg_id: new,
                attempt: 0,
                at: time::OffsetDateTime::UNIX_EPOCH,
            },
        )
        .await;
        self.heard(&key, refund, 0, settled()).await;
        let order = self.heard(&key, refund, 2, settled()).await;
        let legs = &order.refund(refund).unwrap().legs;
        assert_eq!(legs.iter().filter(|leg| leg.state.name() == "SETTLED").count(), 3);
        // One of the two comes back.
        self.heard(&key, refund, 0, reversed()).await;
    }

    async fn taken_back(&self) {
        let (key, refund) = self.refunded("reversed", 11).await;
        self.answered(&key, refund, 0, settled()).await;
        self.answered(&key, refund, 1, settled()).await;
        self.heard(&key, refund, 0, reversed()).await;

        let (key, refund) = self.refunded("reversed-and-retried", 12).await;
        self.answered(&key, refund, 1, settled()).await;
        self.answered(&key, refund, 0, LegOutcome::Unknown).await;
        // It was not known that it had been done.
        self.heard(&key, refund, 0, reversed()).await;
        let at = self.at();
        self.act(&key, Command::RetryRefund { refund_id: refund, at }).await;
        self.answered(&key, refund, 2, settled()).await;
        let order = self.heard(&key, refund, 2, reversed()).await;
        assert_eq!(order.refund(refund).unwrap().state.name(), "FAILED");
    }

    async fn contested(&self) {
        let (key, refund) = self.refunded("contested", 13).await;
        let first = self.at();
        let report = |name: &str, of: &str, state, as_of| {
            let (tender_id, dispute_id) = ("card".parse().unwrap(), name.parse().unwrap());
            let amount = amount(of);
            Command::RecordDispute(DisputeReport { tender_id, dispute_id, amount, state, as_of })
        };
        self.act(&key, report("dp-1", "5.00", DisputeState::Open, first)).await;
        self.act(&key, report("dp-1", "6.00", DisputeState::Open, self.at())).await;
        self.act(&key, report("dp-1", "6.00", DisputeState::Won, self.at())).await;
        self.act(&key, report("dp-2", "900.00", DisputeState::Lost, self.at())).await;
        // What had been promised before is still carried out.
        self.answered(&key, refund, 0, settled()).await;
        self.answered(&key, refund, 1, settled()).await;
    }

    async fn by(&self, key: &OrderKey, refund_id: RefundId, method: RefundMethod) -> Order {
        let at = self.at();
        self.act(key, Command::ChangeRefundMethod { refund_id, method, at }).await
    }

    async fn cancellations(&self) {
        let key = self.place(&order("asked")).await;
        let at = self.at();
        self.act(&key, request(1, &[("L1", 2), ("L2", 1)], at)).await;
        let reject = RejectCancellation {
            cancellation_id: id(1),
            split_id: id(2),
            at: self.at(),
            lines: lines(&[("L2", 1)]),
            reason: given(CancellationReason::PriceError),
        };
        self.act(&key, Command::RejectCancellation(Box::new(reject))).await;
        let at = self.at();
        self.act(&key, accept(1, at)).await;

        let key = self.place(&order("withdrawn")).await;
        let at = self.at();
        self.act(&key, request(3, &[("L2", 1)], at)).await;
        let (cancellation_id, at) = (id(3), self.at());
        self.act(&key, Command::WithdrawCancellation { cancellation_id, at }).await;
    }

    async fn undone(&self) {
        let key = self.place(&order("undone")).await;
        let at = self.at();
        self.act(&key, cancel(4, &[], at)).await;
        for place in 0..2 {
            self.answered(&key, ids(4).refund_id, place, settled()).await;
        }
        let repaid = Evidence::Repaid {
            payment_reference: "wire".into(),
            amount: amount("100.00").to_decimal(),
            taken: false,
        };
        self.act(&key, undo(4, Some(repaid))).await;
        let at = self.at();
        self.act(&key, cancel(5, &[], at)).await;

        // Before anything moved.
        let key = self.place(&order("undone-at-once")).await;
        let at = self.at();
        self.act(&key, cancel(6, &[("L1", 1)], at)).await;
        self.act(&key, undo(6, None)).await;
    }

    async fn of_authorised_money(&self) {
        let authorised = |order: &mut NewOrder| order.tenders[0].state = TenderState::Authorized;
        let key = self.received(&order("lapsed"), &Screening::default(), authorised).await;
        self.act(&key, Command::MarkReady { plug_and_play: false }).await;
        let at = self.at();
        let order = self.act(&key, cancel(7, &[], at)).await;
        let refund_id = ids(7).refund_id;
        let legs = order.refund(refund_id).unwrap().legs.clone();
        for (place, leg) in legs.iter().enumerate() {
            let of_card = leg.tender_id.as_str() == "card";
            let outcome = if of_card { declined() } else { settled() };
            self.answered(&key, refund_id, place, outcome).await;
        }
        self.act(&key, Command::RecordPayment(report(TenderState::Failed))).await;
        let at = self.at();
        self.act(&key, Command::RetryRefund { refund_id, at }).await;

        let pending = |order: &mut NewOrder| order.tenders[0].state = TenderState::Pending;
        let new = self::order("paid-late");
        let key = self.received(&new, &Screening::default(), pending).await;
        self.act(&key, Command::RecordPayment(report(TenderState::Failed))).await;
        let by_platform = CancelOrder {
            cancellation_id: id(8),
            refund: ids(8),
            at: self.at(),
            by: Actor::worker("ready"),
            lines: Vec::new(),
            requested_by: RequestedBy::Platform,
            channel: Channel::System,
            reason: given(CancellationReason::PaymentFailed),
            charges: Charges::default(),
            method: RefundMethod::Original,
            policy: policy(),
        };
        self.act(&key, Command::CancelByPlatform(Box::new(by_platform))).await;
        let late = LatePayment {
            report: report(TenderState::Captured),
            refund: ids(9),
            at: self.at(),
            by: Actor::worker("ready"),
            policy: policy().refund,
        };
        self.act(&key, Command::RecordLatePayment(Box::new(late))).await;
    }

    async fn pushed(&self) {
        let new = order("pushed");
        let key = self.received(&new, &Screening::default(), |_| ()).await;
        self.act(&key, Command::MarkReady { plug_and_play: true }).await;
        for (starts, next_at) in [(0, Some(self.at())), (1, None)] {
            let turn = Turn { round: 0, starts };
            self.act(&key, Command::StartHandover { turn, target: "shop".into() }).await;
            let outcome = HandoverOutcome::Failed {
                class: FailureClass::Transient,
                cause: "nobody is there".into(),
                next_at,
                in_doubt: false,
            };
            let (turn, at) = (Turn { round: 0, starts: starts + 1 }, self.at());
            self.act(&key, Command::RecordHandover { turn, outcome, at }).await;
        }
    }

    async fn screened(&self) {
        let screening = Screening { fraud: true, ..Screening::default() };
        let key = self.received(&order("screened"), &screening, |_| ()).await;
        let by = Actor::worker("ready");
        let findings = vec![Finding::new("amount", "a lot")];
        let (check, verdict, at) = (Check::Fraud, Verdict::Review, self.at());
        let record = Command::RecordScreening { check, verdict, findings, by, at };
        self.act(&key, record).await;
        let (by, at) = (Actor::new(ActorKind::Merchant, "manager"), self.at());
        let resolve =
            Command::ResolveScreening { check, clear: true, comment: "known".into(), by, at };
        self.act(&key, resolve).await;
        self.act(&key, Command::MarkReady { plug_and_play: false }).await;
    }
}

fn report(state: TenderState) -> PaymentReport {
    let tender_id = "card".parse().unwrap();
    PaymentReport { tender_id, state, amount: None, provider_reference: None }
}

fn settled() -> LegOutcome {
    LegOutcome::Settled { reference: "done".into() }
}

fn failure() -> LegFailure {
    LegFailure { code: "declined".into(), message: "not now".into() }
}

fn declined() -> LegOutcome {
    LegOutcome::Failed(failure())
}

fn reversed() -> LegOutcome {
    LegOutcome::Reversed(failure())
}

fn deferred() -> LegOutcome {
    LegOutcome::Deferred(failure())
}
