use super::*;
use domain::{order::TenderMethod, refund::LegFailure};
use std::collections::BTreeSet;

const HUNDRED: i64 = 100;

fn amount(units: i64) -> Amount {
    Amount::from_ten_thousandths(units * 10_000)
}

fn leg(state: LegState, attempts: u32) -> refund::Leg {
    refund::Leg {
        leg_id: "leg_1".parse().unwrap(),
        tender_id: "t1".parse().unwrap(),
        kind: LegKind::Refund,
        amount: amount(40),
        state,
        provider: "outside".to_owned(),
        target: "p1".to_owned(),
        reference: Some("r1".to_owned()).filter(|_| state == LegState::Settled),
        attempts,
        attempts_before_retry: 0,
        failure: None,
        reversed: false,
        mismatch: None,
        moved_before: None,
        moved_at: None,
    }
}

fn tender(state: TenderState) -> Tender {
    let captured = state == TenderState::Captured;
    let paid = captured || state == TenderState::Authorized;
    Tender {
        tender_id: "t1".parse().unwrap(),
        method: TenderMethod::Card,
        provider: "outside".to_owned(),
        provider_reference: "p1".to_owned(),
        amount: amount(HUNDRED),
        authorized: if paid { amount(HUNDRED) } else { Amount::ZERO },
        captured: if captured { amount(HUNDRED) } else { Amount::ZERO },
        state,
        recovered: None,
    }
}

fn settled(reference: &str) -> PaymentOutcome {
    PaymentOutcome::Settled { reference: reference.to_owned() }
}

fn accepted() -> PaymentOutcome {
    PaymentOutcome::Accepted { reference: "r1".to_owned() }
}

fn failure() -> LegFailure {
    LegFailure { code: "GONE".to_owned(), message: "the card is gone".to_owned() }
}

fn declined() -> PaymentOutcome {
    PaymentOutcome::Declined { failure: failure(), permanent: true }
}

/// What is old and what is not, beside an answer.
fn of_leg(
    state: LegState,
    attempts: u32,
    answer: Option<&PaymentOutcome>,
) -> [Option<BreakKind>; 2] {
    let ours = leg(state, attempts);
    [false, true].map(|is_old| {
        let seen = Leg { ours: &ours, refund: RefundState::Pending, is_old };
        seen.beside(Ok(answer.cloned())).map(|it| it.kind)
    })
}

fn at_once(kind: BreakKind) -> [Option<BreakKind>; 2] {
    [Some(kind), Some(kind)]
}

fn later(kind: BreakKind) -> [Option<BreakKind>; 2] {
    [None, Some(kind)]
}

const NEVER: [Option<BreakKind>; 2] = [None, None];

#[test]
fn every_state_of_a_leg_beside_every_answer() {
    use BreakKind as Kind;
    use LegState as Ours;
    let unknown = || PaymentOutcome::Unknown;
    let cases = [
        (Ours::Settled, 1, Some(settled("r1")), NEVER),
        (Ours::Settled, 1, Some(settled("r2")), at_once(Kind::LegReferenceDiffers)),
        (Ours::Failed, 1, Some(settled("r1")), at_once(Kind::LegSettledAfterFailure)),
        (Ours::Voided, 1, Some(settled("r1")), at_once(Kind::LegSettledAfterVoid)),
        (Ours::Pending, 0, Some(settled("r1")), at_once(Kind::LegNeverSent)),
        (Ours::Pending, 1, Some(settled("r1")), later(Kind::LegSettledThere)),
        (Ours::Sent, 1, Some(settled("r1")), later(Kind::LegSettledThere)),
        (Ours::Unknown, 1, Some(settled("r1")), later(Kind::LegSettledThere)),
        (Ours::Accepted, 1, Some(settled("r1")), later(Kind::LegSettledThere)),
        (Ours::Settled, 1, Some(accepted()), at_once(Kind::LegNotSettledThere)),
        (Ours::Failed, 1, Some(accepted()), at_once(Kind::LegOnItsWayAfterGivingUp)),
        (Ours::Voided, 1, Some(accepted()), at_once(Kind::LegOnItsWayAfterGivingUp)),
        (Ours::Pending, 0, Some(accepted()), at_once(Kind::LegNeverSent)),
        (Ours::Pending, 1, Some(accepted()), later(Kind::LegAcceptedThere)),
        (Ours::Sent, 1, Some(accepted()), later(Kind::LegAcceptedThere)),
        (Ours::Unknown, 1, Some(accepted()), later(Kind::LegAcceptedThere)),
        (Ours::Accepted, 1, Some(accepted()), later(Kind::LegAcceptedTooLong)),
        (Ours::Settled, 1, Some(declined()), at_once(Kind::LegReversedThere)),
        (Ours::Failed, 1, Some(declined()), NEVER),
        (Ours::Voided, 1, Some(declined()), NEVER),
        (Ours::Pending, 1, Some(declined()), NEVER),
        (Ours::Sent, 1, Some(declined()), later(Kind::LegDeclinedThere)),
        (Ours::Unknown, 1, Some(declined()), later(Kind::LegDeclinedThere)),
        (Ours::Accepted, 1, Some(declined()), later(Kind::LegDeclinedThere)),
        (Ours::Sent, 1, Some(unknown()), later(Kind::LegUnknownTooLong)),
        (Ours::Settled, 1, None, at_once(Kind::LegLostThere)),
        (Ours::Accepted, 1, None, at_once(Kind::LegLostThere)),
        (Ours::Failed, 1, None, NEVER),
        (Ours::Voided, 0, None, NEVER),
        (Ours::Sent, 1, None, later(Kind::LegNeverArrived)),
        (Ours::Unknown, 1, None, later(Kind::LegNeverArrived)),
        (Ours::Pending, 0, None, later(Kind::LegNotSent)),
    ];
    for (ours, attempts, answer, expected) in cases {
        assert_eq!(of_leg(ours, attempts, answer.as_ref()), expected, "{ours:?} {answer:?}");
    }
}

#[test]
fn a_leg_that_nobody_sends_is_no_break_while_its_refund_is_held() {
    let ours = leg(LegState::Pending, 0);
    let seen = Leg { ours: &ours, refund: RefundState::Held, is_old: true };
    assert_eq!(seen.beside(Ok(None)), None);
}

#[test]
fn nothing_is_concluded_where_nobody_answers() {
    let ours = leg(LegState::Settled, 1);
    let seen = Leg { ours: &ours, refund: RefundState::Succeeded, is_old: true };
    let silent = seen.beside(Err(NoAnswer::Down(failure()))).unwrap();
    assert_eq!(
        (silent.kind, silent.theirs.as_str()),
        (BreakKind::ProviderSilent, "the card is gone")
    );
    assert_eq!(silent.ours, "SETTLED 40 (r1)");
    assert_eq!(seen.of_nobody("gone").unwrap().kind, BreakKind::ProviderNotConfigured);
    let over = leg(LegState::Voided, 0);
    let seen = Leg { ours: &over, refund: RefundState::Voided, is_old: true };
    assert_eq!(seen.of_nobody("gone"), None);
}

#[test]
fn a_payout_waits_for_a_person_only_so_long() {
    let mut ours = leg(LegState::Pending, 0);
    ours.kind = LegKind::Manual;
    let waits = |is_old, refund| {
        let seen = Leg { ours: &ours, refund, is_old };
        seen.waits_for_a_person().map(|it| it.kind)
    };
    assert_eq!(waits(false, RefundState::Pending), None);
    assert_eq!(waits(true, RefundState::Pending), Some(BreakKind::PayoutWaiting));
    assert_eq!(waits(true, RefundState::Held), None);
}

fn of_payment(
    state: TenderState,
    legs: &[refund::Leg],
    status: &PaymentStatus,
) -> [Option<BreakKind>; 2] {
    let tenders = [tender(state)];
    [false, true].map(|is_old| {
        let legs = legs.iter().collect();
        let seen = Payment { tender: &tenders[0], tenders: &tenders, legs, is_old };
        seen.beside(status).map(|it| it.kind)
    })
}

#[test]
fn every_state_of_a_payment_beside_every_answer() {
    use BreakKind as Kind;
    use PaymentStatus as Theirs;
    use TenderState as Ours;
    let (captured, authorized) =
        (|it| Theirs::Captured(amount(it)), |it| Theirs::Authorized(amount(it)));
    let cases = [
        (Ours::Pending, Theirs::Pending, NEVER),
        (Ours::Pending, Theirs::Failed, NEVER),
        (Ours::Failed, Theirs::Failed, NEVER),
        (Ours::Authorized, Theirs::Pending, at_once(Kind::PaymentNotThere)),
        (Ours::Captured, Theirs::Pending, at_once(Kind::PaymentNotThere)),
        (Ours::Authorized, Theirs::Failed, at_once(Kind::PaymentFailedThere)),
        (Ours::Captured, Theirs::Failed, at_once(Kind::PaymentFailedThere)),
        (Ours::Pending, authorized(100), later(Kind::AuthorisationNotBooked)),
        (Ours::Captured, authorized(100), at_once(Kind::CaptureNotThere)),
        (Ours::Pending, captured(100), later(Kind::CaptureNotBooked)),
        (Ours::Authorized, captured(100), later(Kind::CaptureNotBooked)),
        (Ours::Captured, captured(100), NEVER),
        (Ours::Captured, captured(99), at_once(Kind::WentBackElsewhere)),
        (Ours::Captured, captured(101), at_once(Kind::DidNotGoBack)),
        (Ours::Authorized, authorized(100), NEVER),
        (Ours::Authorized, authorized(99), at_once(Kind::ReleasedElsewhere)),
        (Ours::Authorized, authorized(101), at_once(Kind::AuthorisedMore)),
    ];
    for (ours, theirs, expected) in cases {
        assert_eq!(of_payment(ours, &[], &theirs), expected, "{ours:?} {theirs:?}");
    }
}

#[test]
fn what_went_back_by_our_legs_does_not_stand_and_what_is_on_its_way_may() {
    use BreakKind as Kind;
    use PaymentStatus as Theirs;
    let captured = |it| Theirs::Captured(amount(it));
    let gone = [leg(LegState::Settled, 1)];
    assert_eq!(of_payment(TenderState::Captured, &gone, &captured(60)), NEVER);
    assert_eq!(
        of_payment(TenderState::Captured, &gone, &captured(100)),
        at_once(Kind::DidNotGoBack)
    );
    assert_eq!(
        of_payment(TenderState::Captured, &gone, &captured(59)),
        at_once(Kind::WentBackElsewhere)
    );
    for state in [LegState::Sent, LegState::Unknown, LegState::Accepted] {
        let on_its_way = [leg(state, 1)];
        for stands in [60, 100] {
            assert_eq!(of_payment(TenderState::Captured, &on_its_way, &captured(stands)), NEVER);
        }
        let less = of_payment(TenderState::Captured, &on_its_way, &captured(59));
        assert_eq!(less, at_once(Kind::WentBackElsewhere));
    }
    let mut released = leg(LegState::Settled, 1);
    (released.kind, released.amount) = (LegKind::Release, amount(HUNDRED));
    assert_eq!(of_payment(TenderState::Authorized, &[released], &Theirs::Failed), NEVER);
}

#[test]
fn of_tenders_that_are_one_payment_there_no_amount_is_compared() {
    let other = Tender { tender_id: "t2".parse().unwrap(), ..tender(TenderState::Captured) };
    let tenders = [tender(TenderState::Captured), other];
    let seen = Payment { tender: &tenders[0], tenders: &tenders, legs: Vec::new(), is_old: true };
    assert!(seen.beside(&PaymentStatus::Captured(amount(200))).is_none());
}

#[test]
fn every_kind_has_a_name_of_its_own_and_says_how_it_is_closed() {
    let names: BTreeSet<_> = BreakKind::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(names.len(), BreakKind::ALL.len());
    assert!(names.len() >= 20);
    assert!(BreakKind::ALL.iter().all(|kind| kind.how_to_close().len() > 20));
}
