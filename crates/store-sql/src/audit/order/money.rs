//! The sums of an order, as far as the domain guarantees them.
//!
//! The components of a refund are its total, in both currencies, for ever. Its legs are the total in
//! the customer currency as long as the refund stands, without those that others replaced; but for
//! two cases, in which the world went another way than the refund. A leg that had been given up may
//! settle after all while its replacement is on its way: then more goes back. And what was to be let
//! go of a payment may have lapsed by itself: then less is left to be done.

use crate::audit::report::{Report, Spot};
use domain::{
    Amount, Pair,
    id::RefundId,
    order::{Fact, Order},
    refund::{LegState, Refund, RefundState},
};
use ports::FaultKind;
use std::collections::BTreeSet;

/// The refund whose leg settles by this fact although it had been given up.
pub(super) fn settled_late(before: &Order, fact: &Fact) -> Option<RefundId> {
    let Fact::LegSettled { refund_id, leg_id, .. } = fact else { return None };
    let leg = before.refund(*refund_id)?.legs.iter().find(|leg| leg.leg_id == *leg_id)?;
    (leg.state == LegState::Voided).then_some(*refund_id)
}

/// The refund whose new legs by this fact are not all that the old ones were.
pub(super) fn lapsed(after: &Order, fact: &Fact) -> Option<RefundId> {
    let Fact::RefundMethodChanged { refund_id, .. } = fact else { return None };
    let refund = after.refund(*refund_id)?;
    (legs(refund) != Some(refund.total.customer)).then_some(*refund_id)
}

/// `replaced` are the refunds whose legs need not add up; without it nothing is said of legs,
/// because only the facts tell.
pub(super) fn check(
    order: &Order,
    replaced: Option<&BTreeSet<RefundId>>,
    spot: Spot<'_>,
    report: &mut Report<'_>,
) {
    for refund in &order.refunds {
        let id = refund.refund_id;
        let components = Pair::sum(refund.components.iter().map(|component| component.amount));
        if components != Ok(refund.total) {
            let text = format!("{id}: its components are not its total");
            report.tell(spot, FaultKind::RefundSumDiffers, text);
        }
        let stands = refund.state != RefundState::Voided;
        let adds_up = replaced.is_some_and(|replaced| stands && !replaced.contains(&id));
        if adds_up && legs(refund) != Some(refund.total.customer) {
            let text = format!("{id}: its legs are not its total");
            report.tell(spot, FaultKind::RefundSumDiffers, text);
        }
    }
    returned(order, spot, report);
}

fn legs(refund: &Refund) -> Option<Amount> {
    let carried = refund.legs.iter().filter(|leg| leg.state != LegState::Voided);
    Amount::sum(carried.map(|leg| leg.amount)).ok()
}

/// Never more goes back over a tender than was captured by it, and so never more than was captured
/// in all.
fn returned(order: &Order, spot: Spot<'_>, report: &mut Report<'_>) {
    let Ok(books) = order.books() else {
        let text = "its refunds come to no amount";
        report.tell(spot, FaultKind::RefundSumDiffers, text);
        return;
    };
    for (tender, returned) in order.tenders.iter().zip(&books.tenders) {
        if *returned > tender.captured {
            let (id, captured) = (&tender.tender_id, tender.captured);
            let text = format!("tender {id}: {returned} went back of {captured}");
            report.tell(spot, FaultKind::ReturnedExceedsCaptured, text);
        }
    }
}
