//! One order through a sequence of requests and answers.

use super::{
    dice::Dice,
    invariants,
    orders::{Captured, any_dispute, any_order},
    requests::{any_policy, any_request},
};
use crate::build::{
    confirm, create_with, failure, full, left, merchant, record, retry, reversed, settled,
};
use crate::explain::unexplained;
use domain::{
    Actor, ActorKind, Amount, Reason, Rejection,
    id::{LegId, RefundId},
    order::{Command, CreateRefund, DisputeState, Fact, Order},
    refund::{LegOutcome, Plan, RefundPolicy, RefundRequest, quote},
};
use std::collections::BTreeMap;

pub struct Run {
    first: Order,
    pub order: Order,
    facts: Vec<Fact>,
    policy: RefundPolicy,
    captured: Captured,
    /// No goodwill and no fee.
    exact: bool,
    /// The order is stored and read again in the end: what takes most of the time.
    stored: bool,
    /// A line was refunded by its merchant amount alone.
    by_merchant: bool,
    /// How often something was answered, by what it was.
    pub answers: BTreeMap<&'static str, u32>,
}

impl Run {
    pub fn new(dice: &mut Dice<'_>) -> Self {
        let captured = if dice.one_in(4) { Captured::Anything } else { Captured::Everything };
        let (exact, stored) = (dice.one_in(2), dice.one_in(8));
        let order = any_order(dice, captured);
        let policy = any_policy(dice, &order);
        Self {
            first: order.clone(),
            order,
            facts: Vec::new(),
            policy,
            captured,
            exact,
            stored,
            by_merchant: false,
            answers: BTreeMap::new(),
        }
    }

    /// A request, or something that happens to a refund.
    pub fn step(&mut self, dice: &mut Dice<'_>) {
        if self.order.refunds.is_empty() || dice.roll(3) < 2 {
            let request = any_request(dice, &self.order, &self.policy, self.exact);
            let _refused = self.request(request);
        } else {
            self.happen(dice);
        }
        invariants::hold(&self.order);
        let freed =
            |fact: &Fact| matches!(fact, Fact::RefundFailed { .. } | Fact::RefundReversed { .. });
        if !self.facts.iter().any(freed) {
            invariants::hold_for_the_merchant(&self.order);
        }
    }

    /// Quotes and creates: both say the same, and every figure is explained.
    fn request(&mut self, request: RefundRequest) -> Result<Plan, Rejection> {
        let by_merchant =
            request.products.iter().any(|product| product.original_refund_amount.is_some());
        let create = create_with(&self.order, self.policy.clone(), request);
        let planned = quote(&self.order, &create);
        let decided = self.order.decide(Command::CreateRefund(Box::new(create.clone())));
        let (plan, facts) = match (planned, decided) {
            (Ok(plan), Ok(facts)) => (plan, facts),
            (Err(refused), Err(again)) => {
                assert_eq!(refused, again);
                assert!(!refused.message.is_empty());
                self.count(refused.reason.as_str());
                return Err(refused);
            }
            (quoted, created) => panic!("{quoted:?} was quoted, but made {created:?}"),
        };
        self.created(&create, &plan, &facts);
        self.apply(facts);
        let left = left(&self.order);
        assert_eq!(plan.left, left, "the quote says what is left");
        self.by_merchant |= by_merchant;
        self.count("a refund");
        Ok(plan)
    }

    fn created(&self, create: &CreateRefund, plan: &Plan, facts: &[Fact]) {
        let Some(Fact::RefundCreated { refund, derivations }) = facts.first() else {
            panic!("the first fact of a refund is the refund: {facts:?}")
        };
        assert_eq!((&**refund, derivations), (&plan.refund, &plan.derivations));
        assert_eq!(refund.refund_id, create.refund_id);
        let unexplained = unexplained(&self.order, plan);
        assert!(unexplained.is_empty(), "{unexplained:?} of {plan:?}");
    }

    fn apply(&mut self, facts: Vec<Fact>) {
        self.order = facts.iter().fold(self.order.clone(), Order::evolve);
        self.facts.extend(facts);
    }

    fn command(&mut self, command: Command) {
        let name = command.name();
        let Ok(facts) = self.order.decide(command) else { return };
        if !facts.is_empty() {
            self.count(name);
        }
        self.apply(facts);
    }

    fn happen(&mut self, dice: &mut Dice<'_>) {
        let refund = &self.order.refunds[dice.place(self.order.refunds.len())];
        let refund_id = refund.refund_id;
        match dice.roll(12) {
            10 => self.legs(dice, refund_id, |_| reversed()),
            11 => {
                let report = any_dispute(dice, &self.order);
                self.command(Command::RecordDispute(report));
            }
            0 | 1 => self.legs(dice, refund_id, |_| settled()),
            2 | 3 => self.legs(dice, refund_id, |_| LegOutcome::Failed(failure())),
            4 => self.legs(dice, refund_id, any_outcome),
            5 => self.command(retry(refund_id)),
            6 => {
                let hold = Command::HoldRefund { refund_id, by: merchant(), reason: "odd".into() };
                self.command(hold);
            }
            7 => self.command(Command::ReleaseRefund { refund_id }),
            8 => {
                let by = Actor::new(ActorKind::Merchant, dice.of(&["manager-2", "manager-1"]));
                self.command(Command::ApproveRefund { refund_id, by });
            }
            _ => self.command(confirm(refund_id, "till")),
        }
    }

    /// Sends what can be sent and books the outcomes.
    fn legs(
        &mut self,
        dice: &mut Dice<'_>,
        refund_id: RefundId,
        outcome: fn(&mut Dice<'_>) -> LegOutcome,
    ) {
        let legs = self.order.refund(refund_id).unwrap().legs.len();
        for place in 1..=legs {
            let leg_id = LegId::of(refund_id, place);
            let attempts =
                |run: &Self| run.order.refund(refund_id).unwrap().legs[place - 1].attempts;
            let attempt = attempts(self);
            self.command(Command::SendLeg {
                refund_id,
                leg_id: leg_id.clone(),
                attempt,
                at: time::OffsetDateTime::UNIX_EPOCH,
            });
            let outcome = outcome(dice);
            let attempts = attempts(self);
            // Now and then it is about the attempt before.
            let attempt = attempts.saturating_sub(u32::from(dice.roll(8) == 0));
            self.command(record(refund_id, leg_id, attempt, outcome));
        }
    }

    /// Everything that is left goes back. Then it comes out even.
    pub fn finish(mut self) -> BTreeMap<&'static str, u32> {
        let before = left(&self.order);
        let of_captured = Amount::sum(before.tenders.iter().map(|tender| tender.left)).unwrap();
        match self.request(full()) {
            Ok(plan) => {
                if self.captured == Captured::Everything {
                    let due = before.total.customer.min(of_captured);
                    assert_eq!(plan.refund.total.customer, due, "what was not returned before");
                }
                invariants::hold(&self.order);
                self.comes_out_even(!self.retried());
            }
            Err(refused) if refused.reason == Reason::OrderFullyRefunded => {
                self.comes_out_even(!self.retried() && !self.by_merchant);
            }
            Err(refused) if refused.reason == Reason::EmptyRefund => {
                // It went back beyond lines and charges, such as by a leg that settled late.
                assert!(of_captured.is_zero(), "{refused}");
            }
            Err(refused) => {
                assert_eq!(refused.reason, Reason::AmountExceedsRefundable, "{refused}");
                let contested = self.order.disputes.iter().any(|it| it.state == DisputeState::Open);
                assert!(self.captured == Captured::Anything || contested, "{refused}");
            }
        }
        let evolved = self.facts.iter().fold(self.first, Order::evolve);
        assert_eq!(evolved, self.order, "the same facts make the same order");
        if self.stored {
            invariants::survive_storage(&self.order, &self.facts);
        }
        self.answers
    }

    /// A retry takes the very amounts that were freed, which others may have rounded against.
    fn retried(&self) -> bool {
        self.facts.iter().any(|fact| matches!(fact, Fact::RefundRetried { .. }))
    }

    fn comes_out_even(&self, in_both_currencies: bool) {
        let left = left(&self.order);
        let parts = [left.total, left.shipping, left.duties];
        for part in left.lines.iter().map(|line| line.amount).chain(parts) {
            assert!(part.customer.is_zero(), "{left:?}");
            assert!(!in_both_currencies || part.merchant.is_zero(), "{left:?}");
        }
        // One that was won after it had been lost leaves money that no line asks for.
        let contested = !self.order.disputes.is_empty();
        if self.exact && self.captured == Captured::Everything && !contested {
            let still = Amount::sum(left.tenders.iter().map(|tender| tender.left));
            assert_eq!(still, Ok(Amount::ZERO), "what was captured is returned");
        }
    }

    fn count(&mut self, answer: &'static str) {
        *self.answers.entry(answer).or_default() += 1;
    }
}

fn any_outcome(dice: &mut Dice<'_>) -> LegOutcome {
    match dice.roll(7) {
        6 => reversed(),
        0 | 1 => settled(),
        2 => LegOutcome::Failed(failure()),
        3 => LegOutcome::Unknown,
        4 => LegOutcome::Deferred(failure()),
        _ => LegOutcome::Accepted { reference: "later".into() },
    }
}
