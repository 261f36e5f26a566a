//! Everything that may happen to an order, cancellations among it, in any sequence.

mod checks;
mod provider;

pub use checks::reached;

use super::{
    dice::Dice,
    invariants,
    orders::{Captured, any_dispute, any_order_with_accounts, minor},
    requests::{any_policy, any_request},
};
use crate::build::{
    confirm, create_with, exhausted, failure, left, merchant, record, retry, reversed, settled,
};
use crate::cancellations::build::{NOW, asked, given, settings};
use checks::{quantities, states};
use domain::{
    Actor, ActorKind, Amount,
    cancellation::{
        AcceptCancellation, AskedLine, CancelOrder, CancellationReason, Channel, Charges, Evidence,
        NewRefundIds, RejectCancellation, RequestCancellation, RequestPolicy, RequestedBy,
        Standing, UndoCancellation, default_channel,
    },
    id::{CancellationId, RefundId, ShipmentId, TenderId},
    order::{Command, ExternalIds, Fact, Order, Parcel, Shipment, Tender, TenderState},
    refund::{LegOutcome, LegState, RefundMethod},
};
use std::collections::BTreeMap;
use uuid::Uuid;

pub struct Run {
    first: Order,
    order: Order,
    facts: Vec<Fact>,
    policy: RequestPolicy,
    next: u128,
    /// What stands of each payment at its provider, whatever the order's books say.
    provider: BTreeMap<TenderId, Amount>,
    /// How often something came about or was refused, by what it was.
    answers: BTreeMap<&'static str, u32>,
}

impl Run {
    pub fn new(dice: &mut Dice<'_>) -> Self {
        let captured = if dice.one_in(3) { Captured::Anything } else { Captured::Everything };
        let order = any_order_with_accounts(dice, captured);
        let order = if dice.one_in(2) { exhausted(order) } else { order };
        let policy = RequestPolicy {
            auto_accept: dice.one_in(6),
            cancel_before_ready: !dice.one_in(6),
            refund: any_policy(dice, &order),
            ..settings()
        };
        let stands = |tender: &Tender| (tender.tender_id.clone(), tender.authorized);
        let provider = order.tenders.iter().map(stands).collect();
        let (first, facts, answers) = (order.clone(), Vec::new(), BTreeMap::new());
        Self { first, order, facts, policy, next: 0, provider, answers }
    }

    pub fn step(&mut self, dice: &mut Dice<'_>) {
        let command = self.any_command(dice);
        self.command(command);
        if dice.one_in(3) {
            self.money(dice);
        }
        invariants::hold(&self.order);
        quantities(&self.order);
        states(&self.order);
        self.provider_covers();
    }

    fn command(&mut self, command: Command) {
        let name = command.name();
        match self.order.decide(command) {
            Ok(facts) => {
                if !facts.is_empty() {
                    *self.answers.entry(name).or_default() += 1;
                }
                for fact in &facts {
                    *self.answers.entry(fact.name()).or_default() += 1;
                    if let Fact::CancellationUndone { tenders, .. } = fact {
                        let new = tenders.iter().filter(|it| it.payment() == &it.tender_id);
                        let new = new.map(|it| (it.tender_id.clone(), it.authorized));
                        self.provider.extend(new);
                    }
                }
                self.order = facts.iter().fold(self.order.clone(), Order::evolve);
                self.facts.extend(facts);
            }
            Err(refused) => {
                assert!(!refused.message.is_empty());
                *self.answers.entry(refused.reason.as_str()).or_default() += 1;
            }
        }
    }

    fn any_command(&mut self, dice: &mut Dice<'_>) -> Command {
        self.next += 1;
        match dice.roll(16) {
            0 | 1 => Command::RequestCancellation(Box::new(self.request(dice))),
            2 | 3 => Command::AcceptCancellation(Box::new(self.accept(dice))),
            4 => Command::RejectCancellation(Box::new(self.reject(dice))),
            5 => Command::WithdrawCancellation { cancellation_id: self.any(dice), at: NOW },
            6 | 7 => Command::CancelOrder(Box::new(self.cancel(dice))),
            8 => {
                let reason = dice.of(&[
                    CancellationReason::HandoverFailed,
                    CancellationReason::PaymentFailed,
                    CancellationReason::FraudDetected,
                ]);
                let requested_by = RequestedBy::Platform;
                let by = Actor::worker("screening");
                let lines = Vec::new();
                let cancel = self.cancel(dice);
                Command::CancelByPlatform(Box::new(CancelOrder {
                    by,
                    requested_by,
                    lines,
                    reason: given(reason),
                    ..cancel
                }))
            }
            9 => Command::Ship(Shipment {
                shipment_id: ShipmentId::from_uuid(Uuid::from_u128(self.next)),
                parcels: self.parcels(dice),
                carrier: "DHL".into(),
                tracking_number: "1".into(),
                shipped_at: NOW,
            }),
            10 => Command::Deliver(Vec::new()),
            11 => {
                let request = any_request(dice, &self.order, &self.policy.refund, false);
                let create = create_with(&self.order, self.policy.refund.clone(), request);
                Command::CreateRefund(Box::new(create))
            }
            12 => {
                let external = ExternalIds { id: "A-1".into(), number: "1".into() };
                if dice.one_in(2) { Command::Accept(external) } else { Command::Complete }
            }
            _ => self.undone(dice),
        }
    }

    /// A refund, mostly one of a cancellation, goes on.
    fn money(&mut self, dice: &mut Dice<'_>) {
        if self.order.refunds.is_empty() {
            return;
        }
        let refund = &self.order.refunds[dice.place(self.order.refunds.len())];
        let (refund_id, legs) = (refund.refund_id, refund.legs.clone());
        match dice.roll(9) {
            8 => {
                let report = any_dispute(dice, &self.order);
                self.command(Command::RecordDispute(report));
            }
            0 => self.command(retry(refund_id)),
            1 => {
                let hold = Command::HoldRefund { refund_id, by: merchant(), reason: "odd".into() };
                self.command(hold);
            }
            2 => {
                self.command(Command::ReleaseRefund { refund_id });
                let by = Actor::new(ActorKind::Merchant, "manager-2");
                self.command(Command::ApproveRefund { refund_id, by });
            }
            3 => {
                let method = dice.of(&[
                    RefundMethod::BankDeposit,
                    RefundMethod::StoreCredit,
                    RefundMethod::Points,
                    RefundMethod::Original,
                ]);
                self.command(Command::ChangeRefundMethod { refund_id, method, at: NOW });
            }
            _ => {
                self.command(confirm(refund_id, "wire-1"));
                for leg in legs.into_iter().filter(|leg| leg.state != LegState::Voided) {
                    let (leg_id, attempt) = (leg.leg_id, leg.attempts);
                    let send = Command::SendLeg {
                        refund_id,
                        leg_id: leg_id.clone(),
                        attempt,
                        at: time::OffsetDateTime::UNIX_EPOCH,
                    };
                    self.command(send);
                    let outcome = match dice.roll(10) {
                        8 | 9 => reversed(),
                        0..=4 => settled(),
                        5 => LegOutcome::Failed(failure()),
                        6 => LegOutcome::Accepted { reference: "later".into() },
                        _ => LegOutcome::Unknown,
                    };
                    let refund = self.order.refund(refund_id).unwrap();
                    let leg = refund.legs.iter().find(|leg| leg.leg_id == leg_id).unwrap();
                    let (leg, attempts) = (leg.clone(), leg.attempts);
                    self.command(record(refund_id, leg_id.clone(), attempts, outcome));
                    let refund = self.order.refund(refund_id).unwrap();
                    let now = refund.legs.iter().find(|leg| leg.leg_id == leg_id).unwrap();
                    let was_back = leg.state == LegState::Settled;
                    let is_back = now.state == LegState::Settled;
                    if is_back && !was_back {
                        self.at_provider(&leg, Amount::minus);
                    } else if was_back && !is_back {
                        self.at_provider(&leg, Amount::plus);
                    }
                }
            }
        }
    }

    /// Now and then one that is not there.
    fn any(&self, dice: &mut Dice<'_>) -> CancellationId {
        let all = &self.order.cancellations;
        if all.is_empty() {
            return CancellationId::from_uuid(Uuid::from_u128(u128::MAX));
        }
        all[dice.place(all.len())].cancellation_id
    }

    fn ids(&self) -> (CancellationId, NewRefundIds) {
        let refund_id = RefundId::from_uuid(Uuid::from_u128(1_000_000 + self.next));
        let refund = NewRefundIds { refund_id, number: 1, order_version: 1 };
        (CancellationId::from_uuid(Uuid::from_u128(self.next)), refund)
    }

    fn lines(&self, dice: &mut Dice<'_>) -> Vec<AskedLine> {
        if dice.one_in(4) {
            return Vec::new();
        }
        let lines = &self.order.lines;
        let first = dice.place(lines.len());
        let count = 1 + dice.place(2.min(lines.len()));
        let pick = |offset: usize| &lines[(first + offset) % lines.len()];
        let picked: Vec<_> = (0..count).map(pick).collect();
        picked
            .into_iter()
            .map(|line| asked(&line.cart_item_id, 1 + dice.roll(line.open().max(1))))
            .collect()
    }

    fn parcels(&self, dice: &mut Dice<'_>) -> Vec<Parcel> {
        let line = &self.order.lines[dice.place(self.order.lines.len())];
        let quantity = 1 + dice.roll(line.open().max(1));
        vec![Parcel { cart_item_id: line.cart_item_id.clone(), quantity }]
    }

    fn charges(&self, dice: &mut Dice<'_>) -> Charges {
        let left = left(&self.order);
        let unit = minor(self.order.customer_currency, 1);
        Charges {
            shipping_refund: dice.one_in(6),
            shipping_amount: dice.maybe(8, |_| left.shipping.customer.to_decimal()),
            fee: dice.maybe(8, |_| unit.to_decimal()),
        }
    }

    fn request(&self, dice: &mut Dice<'_>) -> RequestCancellation {
        let (cancellation_id, refund) = self.ids();
        RequestCancellation {
            cancellation_id,
            refund,
            at: NOW,
            by: Actor::new(ActorKind::Customer, "storefront"),
            lines: self.lines(dice),
            reason: given(CancellationReason::ChangedMind),
            charges: self.charges(dice),
            channel: Channel::Account,
            policy: self.policy.clone(),
        }
    }

    fn accept(&self, dice: &mut Dice<'_>) -> AcceptCancellation {
        AcceptCancellation {
            cancellation_id: self.any(dice),
            refund: self.ids().1,
            at: NOW,
            by: merchant(),
            reason: given(CancellationReason::OutOfStock),
            method: any_method(dice),
            shipping_refund: dice.one_in(4),
            policy: self.policy.clone(),
        }
    }

    fn reject(&self, dice: &mut Dice<'_>) -> RejectCancellation {
        let cancellation_id = self.any(dice);
        let request = self.order.cancellation(cancellation_id);
        let part = request.filter(|_| dice.one_in(2)).map(|request| {
            let line = &request.lines[dice.place(request.lines.len())];
            let id = &self.order.lines[line.line].cart_item_id;
            vec![asked(id, 1 + dice.roll(line.quantity))]
        });
        RejectCancellation {
            cancellation_id,
            split_id: self.ids().0,
            at: NOW,
            lines: part.unwrap_or_default(),
            reason: given(CancellationReason::PriceError),
        }
    }

    fn cancel(&self, dice: &mut Dice<'_>) -> CancelOrder {
        let (cancellation_id, refund) = self.ids();
        let requested_by = dice.of(&[RequestedBy::Merchant, RequestedBy::Customer]);
        CancelOrder {
            cancellation_id,
            refund,
            at: NOW,
            by: merchant(),
            lines: self.lines(dice),
            requested_by,
            channel: default_channel(requested_by),
            reason: given(CancellationReason::OutOfStock),
            charges: self.charges(dice),
            method: any_method(dice),
            policy: self.policy.clone(),
        }
    }

    /// With the proof that it takes, or a little less.
    fn undo(&self, dice: &mut Dice<'_>, cancellation_id: CancellationId) -> UndoCancellation {
        let refund = self.order.cancellation(cancellation_id).and_then(|it| it.refund_id);
        let refund = refund.and_then(|id| self.order.refund(id));
        let legs = refund.map_or(&[][..], |refund| &refund.legs);
        let settled = legs.iter().filter(|leg| leg.state == LegState::Settled);
        let returned = Amount::sum(settled.map(|leg| leg.amount)).unwrap();
        let unit = minor(self.order.customer_currency, 1);
        let short = dice.one_in(4);
        let amount = if short { returned.minus(unit).unwrap().max(Amount::ZERO) } else { returned };
        let evidence = match dice.roll(3) {
            0 => None,
            1 => Some(Evidence::Repaid {
                payment_reference: format!("wire-{}", self.next),
                amount: amount.to_decimal(),
                taken: dice.one_in(10),
            }),
            _ => {
                let tenders = self.order.tenders.iter();
                let standing = tenders.filter_map(|tender| {
                    let stands = *self.provider.get(&tender.tender_id)?;
                    let state = if tender.state == TenderState::Captured {
                        Standing::Captured(stands)
                    } else {
                        Standing::Authorized(stands)
                    };
                    Some((tender.tender_id.clone(), state))
                });
                Some(Evidence::Recaptured { standing: standing.collect() })
            }
        };
        let accounts = legs.iter().map(|leg| (leg.target.clone(), returned));
        let balances = if dice.one_in(5) { Vec::new() } else { accounts.collect() };
        let comment = "after all".to_owned();
        UndoCancellation { cancellation_id, at: NOW, by: merchant(), comment, evidence, balances }
    }

    /// The same facts make the same order, and what is stored is read again.
    pub fn finish(self) -> BTreeMap<&'static str, u32> {
        let evolved = self.facts.iter().fold(self.first, Order::evolve);
        assert_eq!(evolved, self.order, "the same facts make the same order");
        if self.facts.len().is_multiple_of(8) {
            invariants::survive_storage(&self.order, &self.facts);
        }
        self.answers
    }
}

fn any_method(dice: &mut Dice<'_>) -> RefundMethod {
    dice.of(&[
        RefundMethod::Original,
        RefundMethod::Original,
        RefundMethod::BankDeposit,
        RefundMethod::StoreCredit,
        RefundMethod::Points,
    ])
}
