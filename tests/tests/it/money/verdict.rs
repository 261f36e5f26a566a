//! What a provider executed, held against what is booked.

use super::site::{Site, Wanted};
use crate::world::World;
use rust_decimal::{Decimal, prelude::ToPrimitive as _};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
};
use testkit::stripe::Effect;

/// Where the two differ. Empty is what has to be.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Asked for or booked, and not executed.
    pub lost: Vec<String>,
    /// Executed more often than it was asked for or is booked.
    pub doubled: Vec<String>,
    /// As much in all, and not the same.
    pub differs: Vec<String>,
}

/// A movement of money: the leg, the provider's reference, and cents.
type Movement = (String, String, i64);

struct Booked {
    order_id: String,
    minor: i64,
    succeeded: bool,
    settled: BTreeSet<Movement>,
}

impl Booked {
    fn of(refund: &Value) -> Self {
        let legs = refund["legs"].as_array().unwrap();
        let settled = legs.iter().filter(|leg| leg["state"] == "LEG_STATE_SETTLED");
        let movement = |leg: &Value| {
            (text(&leg["leg_id"]), text(&leg["provider_reference"]), cents(&leg["amount"]))
        };
        Self {
            order_id: text(&refund["order_id"]),
            minor: cents(&legs[0]["amount"]),
            succeeded: refund["state"] == "REFUND_STATE_SUCCEEDED",
            settled: settled.map(movement).collect(),
        }
    }
}

impl Verdict {
    pub async fn of(site: &Site) -> Self {
        let refunds = site.refunds().await;
        let booked: BTreeMap<String, Booked> =
            refunds.iter().map(|refund| (text(&refund["refund_id"]), Booked::of(refund))).collect();
        let live: Vec<Effect> =
            site.stripe.made().into_iter().filter(|effect| effect.live).collect();
        let mut verdict = Self::default();
        verdict.what_was_wanted(&site.wanted, &booked);
        verdict.refund_by_refund(&booked, &live);
        verdict.order_by_order(&site.world, &live);
        verdict
    }

    pub fn is_clean(&self) -> bool {
        self.lost.is_empty() && self.doubled.is_empty() && self.differs.is_empty()
    }

    /// Every refund that was asked for is there once, and came to what it had to come to.
    fn what_was_wanted(&mut self, wanted: &[Wanted], booked: &BTreeMap<String, Booked>) {
        let mut by_amount: HashMap<(&str, i64), Vec<&Booked>> = HashMap::new();
        for refund in booked.values() {
            by_amount.entry((&refund.order_id, refund.minor)).or_default().push(refund);
        }
        for Wanted { order_id, minor, taken_back } in wanted {
            let found = by_amount.remove(&(&**order_id, *minor)).unwrap_or_default();
            let what = format!("{minor} cents of {order_id}");
            match &found[..] {
                [] => self.lost.push(format!("{what} were never booked")),
                [refund] if refund.succeeded || *taken_back => {}
                [_] => self.lost.push(format!("{what} did not go back")),
                [_, _, ..] => self.doubled.push(format!("{what} are {} refunds", found.len())),
            }
        }
        let nobodys = by_amount.keys().map(|(order, minor)| format!("{minor} cents of {order}"));
        self.doubled.extend(nobodys.map(|what| format!("nobody asked for {what}")));
    }

    /// Each leg that has settled is one refund at the provider, and nothing else is one.
    fn refund_by_refund(&mut self, booked: &BTreeMap<String, Booked>, live: &[Effect]) {
        let mut executed: BTreeMap<&str, Vec<&Effect>> = BTreeMap::new();
        for effect in live {
            executed.entry(&effect.refund).or_default().push(effect);
        }
        for (refund_id, Booked { settled, .. }) in booked {
            let made = executed.remove(&**refund_id).unwrap_or_default();
            let there: i64 = made.iter().map(|effect| effect.minor).sum();
            let here: i64 = settled.iter().map(|(.., minor)| minor).sum();
            let movement = |it: &&Effect| (it.leg.clone(), it.id.clone(), it.minor);
            let same = made.len() == settled.len()
                && made.iter().map(movement).collect::<BTreeSet<_>>() == *settled;
            let what = format!("{refund_id}: {there} cents were executed, {here} are booked");
            match there.cmp(&here) {
                std::cmp::Ordering::Greater => self.doubled.push(what),
                std::cmp::Ordering::Less => self.lost.push(what),
                std::cmp::Ordering::Equal if !same => {
                    self.differs.push(format!("{refund_id}: {settled:?} is {made:?} there"));
                }
                std::cmp::Ordering::Equal => {}
            }
        }
        for effect in executed.into_values().flatten() {
            self.doubled.push(format!("{effect:?} is of no refund"));
        }
    }

    /// The tender's books are the sum of what went back of it.
    fn order_by_order(&mut self, world: &World, live: &[Effect]) {
        let mut returned: BTreeMap<&str, i64> = BTreeMap::new();
        for effect in live {
            *returned.entry(&effect.order).or_default() += effect.minor;
        }
        // Amounts are ten-thousandths there.
        for row in world.database.rows("SELECT order_id, returned / 100 FROM tenders") {
            let [order_id, booked] = &row[..] else { panic!("{row:?}") };
            let there = returned.remove(&**order_id).unwrap_or_default();
            if there.to_string() != *booked {
                self.differs.push(format!("{order_id}: {booked} cents of {there}"));
            }
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn cents(amount: &Value) -> i64 {
    let amount: Decimal = amount.as_str().unwrap().parse().unwrap();
    let cents = amount * Decimal::ONE_HUNDRED;
    assert!(cents.is_integer(), "{amount}");
    cents.to_i64().unwrap()
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lost, doubled, differs } = self;
        writeln!(f, "{} lost, {} doubled, {} differ", lost.len(), doubled.len(), differs.len())?;
        lost.iter().chain(doubled).chain(differs).take(20).try_for_each(|it| writeln!(f, "{it}"))
    }
}
