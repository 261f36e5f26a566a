//! What a provider tells, in any order and any number of times, beside the worker of legs.

use super::world::{Running, World, eur, key, seconds, store_id};
use crate::{Backoff, LegSettings, NoticeSettings, Notices, PoolSettings, Stops};
use application::{Notices as Steps, Proof};
use domain::{
    Amount,
    id::LegId,
    order::{Dispute, Order, OrderState, TenderState},
    refund::{LegFailure, LegKind, LegState, RefundState},
};
use payments::names::{LEDGER, SANDBOX};
use ports::{
    Clock as _, DisputeState, Inbox as _, Money, NoticeAbout, NoticeReaders, PageRequest,
    PaymentNotice, PaymentOutcome, PaymentStatus, TaskKind,
};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::SliceRandom as _};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// How the payments of one order behave at their provider.
const BEHAVIOURS: [&str; 8] = [
    "p1",
    "sandbox-decline",
    "sandbox-flaky-2",
    "sandbox-lose-answer",
    "sandbox-never-received-1",
    "sandbox-settle-later-20000",
    "sandbox-refuse-later-20000",
    "sandbox-reverse-later-20000",
];
/// After that every one of them has come to its end, and is told of.
const OVER: Duration = Duration::from_mins(3);

fn steps(world: &World) -> Steps {
    let (inbox, clock) = (world.store.clone(), world.clock.clone());
    Steps::new(inbox, NoticeReaders::default(), world.core(), clock)
}

/// The worker of notices. It looks less often than it does elsewhere, because days pass here.
fn start_notices(world: &World) -> Running {
    let (inbox, clock) = (world.store.clone(), world.clock.clone());
    let settings = NoticeSettings {
        poll: seconds(1),
        again: Backoff::new(seconds(1), seconds(60)),
        ..NoticeSettings::default()
    };
    let notices = Notices::new(steps(world), inbox, clock, settings, "notices");
    let stop = CancellationToken::new();
    Running { join: tokio::spawn(notices.run(stop.clone())), stop }
}

fn notice(event: usize, about: NoticeAbout, second: i64) -> PaymentNotice {
    let at = time::OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(second);
    PaymentNotice { provider: SANDBOX.to_owned(), event_id: format!("evt_{event}"), about, at }
}

fn money(payment: &str, amount: &str) -> Money {
    let (payment, currency) = (payment.to_owned(), "EUR".to_owned());
    Money { payment, amount: eur(amount), currency }
}

/// What may be said of a leg: right or wrong, it is a reason to ask.
fn said(number: usize) -> PaymentOutcome {
    let reference = "said".to_owned();
    let failure = LegFailure { code: "SAID".to_owned(), message: "it is said".to_owned() };
    match number % 4 {
        0 => PaymentOutcome::Settled { reference },
        1 => PaymentOutcome::Accepted { reference },
        2 => PaymentOutcome::Unknown,
        _ => PaymentOutcome::Declined { failure, permanent: true },
    }
}

/// Three events of each leg, as many of a dispute, and one of each payment.
fn told(order: &Order) -> Vec<PaymentNotice> {
    let mut abouts = Vec::new();
    let legs = order.refunds.iter().flat_map(|refund| &refund.legs);
    for (place, leg) in legs.enumerate() {
        for number in 0..3 {
            let (leg_id, order) = (leg.leg_id.clone(), Some(key("o1")));
            let (moved, outcome) = (money(&leg.target, "1.00"), said(place + number));
            abouts.push((NoticeAbout::Leg { leg_id, order, moved, outcome }, 0));
        }
    }
    for tender in &order.tenders {
        let (payment, currency) = (tender.provider_reference.clone(), "EUR".to_owned());
        let status = PaymentStatus::Captured(tender.captured);
        abouts.push((NoticeAbout::Payment { payment, currency, status }, 0));
    }
    let payment = order.tenders[0].provider_reference.clone();
    let said = [(DisputeState::Open, 1), (DisputeState::Won, 2), (DisputeState::Lost, 3)];
    abouts.extend(said.map(|(state, second)| {
        let (dispute_id, disputed) = ("dp_1".to_owned(), money(&payment, "2.00"));
        (NoticeAbout::Dispute { dispute_id, disputed, state, funds: None }, second)
    }));
    let numbered = abouts.into_iter().enumerate();
    numbered.map(|(event, (about, second))| notice(event, about, second)).collect()
}

/// What has to be the same in the end.
#[derive(Debug, PartialEq, Eq)]
struct End {
    order: OrderState,
    refund: RefundState,
    legs: Vec<(LegId, LegKind, LegState, Option<String>, bool)>,
    tenders: Vec<(TenderState, Amount, Amount)>,
    disputes: Vec<Dispute>,
    returned: Amount,
    settled: usize,
    reversed: usize,
}

async fn end(world: &World) -> End {
    let order = world.order("o1").await;
    let [refund] = &order.refunds[..] else { panic!("{} refunds", order.refunds.len()) };
    let left = order.books().unwrap();
    let happened = world.happened("o1").await;
    let count = |name: &str| happened.iter().filter(|it| **it == name).count();
    End {
        order: order.state,
        refund: refund.state,
        legs: refund
            .legs
            .iter()
            .map(|leg| {
                let failure = leg.failure.as_ref().map(|failure| failure.code.clone());
                (leg.leg_id.clone(), leg.kind, leg.state, failure, leg.reversed)
            })
            .collect(),
        tenders: order
            .tenders
            .iter()
            .zip(left.tenders)
            .map(|(tender, taken)| (tender.state, tender.captured, taken))
            .collect(),
        disputes: order.disputes.clone(),
        returned: world.returned().await,
        settled: count("leg.settled"),
        reversed: count("refund.reversed"),
    }
}

async fn take(world: &World, notice: &PaymentNotice) {
    world.store.take(notice, world.clock.now()).await.unwrap();
}

/// One life of an order: `early` is told before there is any, `meanwhile` while its legs are
/// on their way, and `late` once all is over at the provider.
async fn life(
    paid: &[&str],
    dice: &mut StdRng,
    [early, meanwhile, late]: [&[PaymentNotice]; 3],
) -> (End, Order) {
    let world = World::new().await;
    let legs = Arc::new(world.legs(LegSettings::default(), Stops::default()));
    // A commit rings for what is due at once.
    let settings = PoolSettings { poll: seconds(1), ..PoolSettings::default() };
    let legs = world.start_with("legs", legs, world.store.clone(), settings);
    let notices = start_notices(&world);
    for notice in early {
        take(&world, notice).await;
        tokio::time::sleep(Duration::from_millis(dice.random_range(0..3_000))).await;
    }
    let paid: Vec<_> = paid.iter().map(|reference| (SANDBOX, *reference, "10.00")).collect();
    world.refunded("o1", &paid).await;
    for notice in meanwhile {
        take(&world, notice).await;
        tokio::time::sleep(Duration::from_millis(dice.random_range(0..3_000))).await;
    }
    tokio::time::sleep(OVER).await;
    for notice in late {
        take(&world, notice).await;
        tokio::time::sleep(Duration::from_millis(dice.random_range(0..300))).await;
    }
    // What was put aside early is looked into again within a minute and a quarter.
    tokio::time::sleep(seconds(120)).await;
    legs.stop().await;
    notices.stop().await;
    let open = world.store.open_notices(PageRequest { size: 100, after: None }).await.unwrap();
    assert_eq!(open.items, [], "everything was looked into");
    assert_eq!(world.tasks_left(TaskKind::Leg).await, 0);
    (end(&world).await, world.order("o1").await)
}

#[tokio::test(start_paused = true)]
async fn any_permutation_and_repetition_of_a_legs_notices_ends_in_the_same_state() {
    for seed in 0..testkit::scale::pick(40, 2_000) {
        let mut dice = StdRng::seed_from_u64(seed);
        let mut paid = BEHAVIOURS;
        paid.shuffle(&mut dice);
        let paid = &paid[..dice.random_range(1..=4)];
        // The ids are the same in every life.
        let (_, order) = life(paid, &mut dice, [&[], &[], &[]]).await;
        let told = told(&order);
        let (in_order, _) = life(paid, &mut dice, [&[], &[], &told]).await;

        // Each comes once when all is over, and before and after that as often as it likes. A
        // dispute is not told of before there is an order: it would keep it from being refunded.
        let of_legs: Vec<_> = told
            .iter()
            .filter(|notice| !matches!(notice.about, NoticeAbout::Dispute { .. }))
            .cloned()
            .collect();
        let some = |from: &[PaymentNotice], dice: &mut StdRng, again: bool| {
            let drawn = (0..dice.random_range(0..8)).map(|number| {
                let drawn = from[dice.random_range(0..from.len())].clone();
                // By an id of its own: the provider tells the same of another event.
                let event_id = if again { format!("again_{number}") } else { drawn.event_id };
                PaymentNotice { event_id, ..drawn }
            });
            drawn.collect::<Vec<_>>()
        };
        let early = some(&of_legs, &mut dice, true);
        let anew = dice.random();
        let meanwhile = some(&told, &mut dice, anew);
        // What came by its very id meanwhile is known by now: it comes again under another.
        let mut late: Vec<_> = told.clone();
        late.extend(told.iter().enumerate().map(|(number, notice)| PaymentNotice {
            event_id: format!("late_{number}"),
            ..notice.clone()
        }));
        late.extend(some(&told, &mut dice, false));
        late.shuffle(&mut dice);
        let (shuffled, _) = life(paid, &mut dice, [&early, &meanwhile, &late]).await;
        assert_eq!(shuffled, in_order, "seed {seed}, paid by {paid:?}");
    }
}

/// The same id is the same event, whatever it says.
#[tokio::test(start_paused = true)]
async fn an_early_notice_waits_for_its_leg_and_is_not_forgotten() {
    let world = World::new().await;
    let notices = start_notices(&world);
    let payment = NoticeAbout::Payment {
        payment: "p1".to_owned(),
        currency: "EUR".to_owned(),
        status: PaymentStatus::Pending,
    };
    for _ in 0..3 {
        take(&world, &notice(1, payment.clone(), 0)).await;
    }
    tokio::time::sleep(seconds(60)).await;
    let open = world.store.open_notices(PageRequest { size: 10, after: None }).await.unwrap();
    assert_eq!(open.items.len(), 1);
    assert_eq!(open.items[0].why.as_deref(), Some("no order is paid by p1"));
    world.captured("o1", &[(SANDBOX, "p1", "10.00")]).await;
    tokio::time::sleep(seconds(120)).await;
    notices.stop().await;
    let open = world.store.open_notices(PageRequest { size: 10, after: None }).await.unwrap();
    assert_eq!(open.items, []);
}

/// Nobody here can act on it, so it stays where a person sees it, for as long as others are known.
#[tokio::test(start_paused = true)]
async fn what_is_not_understood_stands_in_the_list_for_thirty_days() {
    let world = World::new().await;
    let (inbox, clock) = (world.store.clone(), world.clock.clone());
    let settings = NoticeSettings { poll: Duration::from_mins(10), ..NoticeSettings::default() };
    let notices = Notices::new(steps(&world), inbox, clock, settings, "notices");
    let stop = CancellationToken::new();
    let join = tokio::spawn(notices.run(stop.clone()));
    let about = NoticeAbout::Unread { kind: "refund.odd".to_owned(), why: "its amount".to_owned() };
    take(&world, &notice(1, about, 0)).await;
    tokio::time::sleep(Duration::from_hours(29 * 24)).await;
    let page = || PageRequest { size: 10, after: None };
    let open = world.store.open_notices(page()).await.unwrap().items;
    let why = open[0].why.as_deref().unwrap();
    assert!(why.ends_with("refund.odd: its amount"), "{why}");
    tokio::time::sleep(Duration::from_hours(2 * 24)).await;
    Running { join, stop }.stop().await;
    assert_eq!(world.store.open_notices(page()).await.unwrap().items, []);
}

/// A prevented dispute is settled elsewhere: what it frees is a person's to give back.
#[tokio::test(start_paused = true)]
async fn only_a_dispute_that_is_won_gives_back_what_it_frees() {
    for (last, refunds, left) in
        [(DisputeState::Won, 2, Amount::ZERO), (DisputeState::Prevented, 1, eur("10.00"))]
    {
        let world = World::new().await;
        let notices = start_notices(&world);
        world.captured("o1", &[(SANDBOX, "p1", "25.00")]).await;
        world.ready("o1").await;
        let dispute = |state, second| {
            let (dispute_id, disputed) = ("dp_1".to_owned(), money("p1", "10.00"));
            let about = NoticeAbout::Dispute { dispute_id, disputed, state, funds: None };
            notice(usize::try_from(second).unwrap(), about, second)
        };
        take(&world, &dispute(DisputeState::Open, 1)).await;
        tokio::time::sleep(seconds(10)).await;
        world.cancel("o1").await;
        take(&world, &dispute(last, 2)).await;
        tokio::time::sleep(seconds(10)).await;
        notices.stop().await;
        let order = world.order("o1").await;
        assert_eq!(order.disputes[0].state, domain::order::DisputeState::Won);
        assert_eq!(order.refunds.len(), refunds, "{last:?}");
        let (_, _, refundable) = world.refunds().refundable(&store_id(), "o1").await.unwrap();
        assert_eq!(refundable.tenders[0].left, left, "{last:?}");
    }
}

/// A payment that went back and stands again is a tender of its own by the same reference. A
/// dispute is about the payment, and is booked over the tender that came with the order.
#[tokio::test(start_paused = true)]
async fn a_dispute_after_an_undo_is_booked_over_the_tender_that_was_paid_first() {
    const REFERENCE: &str = "sandbox-recapture";
    for late in [false, true] {
        let world = World::new().await;
        let (legs, notices) = (world.start_legs(), start_notices(&world));
        let paid = [(LEDGER, "GC-1", "5.00"), (SANDBOX, REFERENCE, "25.00")];
        world.captured("o1", &paid).await;
        world.ready("o1").await;
        let dispute = |state, second| {
            let (dispute_id, disputed) = ("dp_1".to_owned(), money(REFERENCE, "10.00"));
            let about = NoticeAbout::Dispute { dispute_id, disputed, state, funds: None };
            notice(usize::try_from(second).unwrap(), about, second)
        };
        world.cancel("o1").await;
        tokio::time::sleep(seconds(10)).await;
        if !late {
            // Known before the payment stood again, and won: it holds nothing now.
            take(&world, &dispute(DisputeState::Won, 1)).await;
            tokio::time::sleep(seconds(10)).await;
        }
        world.undo("o1", &Proof::Recaptured).await;
        let order = world.order("o1").await;
        let again: Vec<_> = order.tenders.iter().filter(|it| it.recovered.is_some()).collect();
        assert_eq!(again.len(), 2, "both payments stand again");
        take(&world, &dispute(DisputeState::Open, 2)).await;
        take(&world, &dispute(DisputeState::Lost, 3)).await;
        tokio::time::sleep(seconds(10)).await;
        legs.stop().await;
        notices.stop().await;

        let order = world.order("o1").await;
        let [dispute] = &order.disputes[..] else { panic!("{:?}", order.disputes) };
        assert_eq!(dispute.tender_id.as_str(), "t2", "of that payment, and not of the other");
        assert_eq!(dispute.state, domain::order::DisputeState::Lost);
        // The first tender went back as a whole, so what is lost is held of the one that came again.
        let left = world.refunds().refundable(&store_id(), "o1").await.unwrap().2;
        let of = |recovered: bool, reference: &str| {
            let place = order.tenders.iter().position(|it| {
                it.recovered.is_some() == recovered && it.provider_reference == reference
            });
            left.tenders[place.unwrap()].left
        };
        assert_eq!(of(true, REFERENCE), eur("15.00"));
        assert_eq!(of(true, "GC-1"), eur("5.00"), "another payment is not concerned");
        assert_eq!((of(false, REFERENCE), of(false, "GC-1")), (Amount::ZERO, Amount::ZERO));
    }
}
