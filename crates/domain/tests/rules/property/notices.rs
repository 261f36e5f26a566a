//! What providers tell, in any order and again and again: it ends as they have it.

use super::{
    dice::Dice,
    invariants,
    orders::{Captured, any_dispute, any_order},
};
use crate::build::{
    answered, checkout, decided, failure, full, last, left, merchant, policy, ready, record,
    refunded, settled,
};
use crate::cancellations::build::{cancel, refund_ids};
use domain::{
    id::LegId,
    order::{Command, Dispute, DisputeReport, DisputeState, Order, Refundable, SettleDispute},
    refund::{Leg, LegOutcome, LegState, RefundState},
};

/// What a provider has under a leg's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    Nothing,
    Accepted,
    Settled,
    /// It had it, and has taken it back.
    Declined,
}

/// All that ever stood under the key, one after the other.
fn any_history(dice: &mut Dice<'_>) -> Vec<Held> {
    let mut history = vec![Held::Nothing];
    history.extend(dice.one_in(2).then_some(Held::Accepted));
    history.extend(dice.of(&[
        &[Held::Settled, Held::Declined][..],
        &[Held::Settled, Held::Declined],
        &[Held::Settled],
        &[Held::Declined],
    ]));
    history
}

/// Notices are no more than a reason to ask, and what is found then counts. Beside that, answers to
/// earlier calls arrive whenever they do.
pub fn of_a_leg(dice: &mut Dice<'_>, sequences: &mut [Dice<'_>]) {
    let history = any_history(dice);
    let two = dice.one_in(2);
    let ends: Vec<_> = sequences.iter_mut().map(|dice| told(dice, &history, two)).collect();
    let (state, refund) = match history.last() {
        Some(Held::Settled) => (LegState::Settled, RefundState::Succeeded),
        _ => (LegState::Failed, RefundState::Failed),
    };
    for end in &ends {
        assert_eq!((end.0, end.1), (state, refund), "{history:?}");
        assert_eq!(end, &ends[0], "{history:?}");
    }
}

fn told(dice: &mut Dice<'_>, history: &[Held], two: bool) -> (LegState, RefundState, Refundable) {
    let mut order = sent(two);
    let mut now = 0;
    for _ in 0..dice.roll(16) {
        match dice.roll(4) {
            0 | 1 => now = (now + 1).min(history.len() - 1),
            2 => order = asked(order, history[now]),
            // Of whichever time.
            _ => order = late_answer(order, history[dice.place(now + 1)]),
        }
        invariants::hold(&order);
    }
    // Of the last that happens there is a notice, and it need not be the last that arrives.
    for _ in 0..=dice.roll(3) {
        order = asked(order, history[history.len() - 1]);
        for _ in 0..dice.roll(3) {
            order = late_answer(order, history[dice.place(history.len())]);
        }
        invariants::hold(&order);
    }
    let refund = last(&order);
    (refund.legs[0].state, refund.state, left(&order))
}

/// All of an order over one card, or two of which the second has given back its part.
fn sent(two: bool) -> Order {
    let mut new = checkout();
    if two {
        new.tenders[0].amount = crate::build::amount("60.00");
        let other = crate::build::amount("25.00");
        let method = domain::order::TenderMethod::Wallet;
        new.tenders.push(crate::build::tender("wallet", method, other));
    }
    let order = refunded(ready(new), full());
    let order = if two { answered(order, 1, settled()) } else { order };
    let (refund_id, leg_id) = (last(&order).refund_id, leg(&order).leg_id.clone());
    decided(
        order,
        Command::SendLeg { refund_id, leg_id, attempt: 0, at: time::OffsetDateTime::UNIX_EPOCH },
    )
}

fn leg(order: &Order) -> &Leg {
    let refund = last(order);
    let leg_id = LegId::of(refund.refund_id, 1);
    refund.legs.iter().find(|leg| leg.leg_id == leg_id).unwrap()
}

/// As the worker books what it finds.
fn asked(order: Order, held: Held) -> Order {
    let outcome = match held {
        Held::Nothing => return order,
        Held::Accepted => LegOutcome::Accepted { reference: "later".into() },
        Held::Settled => settled(),
        Held::Declined => LegOutcome::Reversed(failure()),
    };
    booked(order, outcome)
}

/// A call that was made once, and whose answer is there now.
fn late_answer(order: Order, held: Held) -> Order {
    let outcome = match held {
        Held::Nothing => LegOutcome::Unknown,
        Held::Accepted => LegOutcome::Accepted { reference: "later".into() },
        Held::Settled => settled(),
        Held::Declined => return order,
    };
    booked(order, outcome)
}

/// Or refused, which is logged.
fn booked(order: Order, outcome: LegOutcome) -> Order {
    let (refund_id, leg) = (last(&order).refund_id, leg(&order));
    let command = record(refund_id, leg.leg_id.clone(), leg.attempts, outcome);
    let facts = order.decide(command).unwrap_or_default();
    facts.iter().fold(order, Order::evolve)
}

pub fn of_disputes(dice: &mut Dice<'_>, sequences: &mut [Dice<'_>]) {
    let order = any_order(dice, Captured::Everything);
    let said: Vec<_> = (0..=dice.roll(6)).map(|_| any_dispute(dice, &order)).collect();
    let ends: Vec<_> = sequences
        .iter_mut()
        .map(|dice| {
            let first = dice.place(said.len());
            let again: Vec<_> = (0..dice.roll(8)).map(|_| dice.place(said.len())).collect();
            let all = (0..said.len()).map(|place| (first + place) % said.len());
            let places = again.into_iter().chain(all).chain([dice.place(said.len())]);
            places.fold(order.clone(), |order, place| {
                let order = decided(order, Command::RecordDispute(said[place].clone()));
                invariants::hold(&order);
                order
            })
        })
        .map(|order| (by_name(&order), left(&order)))
        .collect();
    for end in &ends {
        assert_eq!(end, &ends[0], "{said:?}");
    }
}

/// Everything was cancelled while they were open. All of them are won in the end, whatever amounts
/// are told with that.
pub fn of_won_disputes(dice: &mut Dice<'_>, sequences: &mut [Dice<'_>]) {
    let order = any_order(dice, Captured::Everything);
    let said: Vec<_> = (0..=dice.roll(6)).map(|_| any_dispute(dice, &order)).collect();
    let of = |state| move |report: &DisputeReport| DisputeReport { state, ..report.clone() };
    let open = said.iter().map(of(DisputeState::Open));
    let order = open.map(Command::RecordDispute).fold(order, decided);
    let order = decided(order, Command::CancelOrder(Box::new(cancel([]))));
    let won: Vec<_> = said.iter().map(of(DisputeState::Won)).collect();
    let ends: Vec<_> = sequences
        .iter_mut()
        .map(|dice| {
            let first = dice.place(won.len());
            let again: Vec<_> = (0..dice.roll(8)).map(|_| dice.place(won.len())).collect();
            let all = (0..won.len()).map(|place| (first + place) % won.len());
            let places = again.into_iter().chain(all);
            places.zip(50..).fold(order.clone(), |order, (place, number)| {
                let order = decided(order, settle(won[place].clone(), number));
                invariants::hold(&order);
                order
            })
        })
        .collect();
    for end in &ends {
        assert!(left(end).tenders.iter().all(|tender| tender.left.is_zero()), "{won:?}");
        assert_eq!((by_name(end), left(end)), (by_name(&ends[0]), left(&ends[0])), "{won:?}");
    }
}

fn settle(report: DisputeReport, number: u128) -> Command {
    Command::SettleDispute(Box::new(SettleDispute {
        report,
        refund: refund_ids(number),
        at: time::OffsetDateTime::UNIX_EPOCH,
        by: merchant(),
        policy: policy(),
    }))
}

fn by_name(order: &Order) -> Vec<Dispute> {
    let mut disputes = order.disputes.clone();
    disputes.sort_by(|one, other| one.dispute_id.cmp(&other.dispute_id));
    disputes
}
