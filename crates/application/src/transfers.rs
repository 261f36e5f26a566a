//! Own value that moves with a command, because what the command says is only true with it.

use crate::Failure;
use domain::{
    order::{Fact, Order, Recovery, Tender},
    refund::Leg,
};
use ports::{
    Commit, Ledger, OrderChange, OrderKey, Transfer,
    own_value::{self, Movement},
};
use time::OffsetDateTime;

pub(crate) async fn of(ledger: &dyn Ledger, commit: &Commit) -> Result<Vec<Transfer>, Failure> {
    let mut transfers = Vec::new();
    for change in &commit.orders {
        for fact in &change.facts {
            match fact {
                Fact::RefundCreated { refund, .. } => {
                    let made = change.after.refund(refund.refund_id);
                    let legs = made.into_iter().flat_map(|refund| &refund.legs);
                    // Restored in the very step that made it; every other leg is a worker's.
                    for leg in legs.filter(|leg| leg.is_restored_here()) {
                        restored(ledger, change, leg, commit.at, &mut transfers).await?;
                    }
                }
                Fact::CancellationUndone { tenders, .. } => {
                    let taken = tenders.iter().filter(|it| it.came_by(Recovery::TakenBack));
                    transfers.extend(taken.map(|tender| taken_back(change, tender, commit.at)));
                }
                _ => {}
            }
        }
    }
    Ok(transfers)
}

async fn restored(
    ledger: &dyn Ledger,
    change: &OrderChange,
    leg: &Leg,
    at: OffsetDateTime,
    transfers: &mut Vec<Transfer>,
) -> Result<(), Failure> {
    let (order, key) = (&change.after, change.key());
    let tender = order.tender(&leg.tender_id);
    if let Some(tender) = tender.filter(|it| !it.came_by(Recovery::TakenBack)) {
        let (tender_id, captured) = (&tender.tender_id, tender.captured);
        let currency = order.customer_currency;
        let spent = own_value::spent(ledger, &key, tender_id, captured, currency, at).await?;
        transfers.extend(spent);
    }
    transfers.push(movement(order, &key, &leg.target, leg.amount, at).restored(&leg.leg_id));
    Ok(())
}

fn taken_back(change: &OrderChange, tender: &Tender, at: OffsetDateTime) -> Transfer {
    let (order, key) = (&change.after, change.key());
    let movement = movement(order, &key, &tender.provider_reference, tender.captured, at);
    movement.taken_back(&key, &tender.tender_id)
}

fn movement<'m>(
    order: &Order,
    key: &'m OrderKey,
    reference: &'m str,
    amount: domain::Amount,
    at: OffsetDateTime,
) -> Movement<'m> {
    let currency = order.customer_currency;
    Movement { store_id: &key.store_id, reference, amount, currency, at }
}
