//! The gift cards that money of a refund goes to.

use super::{Leg, LegState, Refund, RefundMethod};
use crate::{
    Amount,
    amount::AmountError,
    order::{Order, Tender, TenderMethod},
};

/// A card, and what of a refund goes to it. Amounts are in the customer currency.
#[derive(Debug)]
pub struct GiftCard<'r> {
    /// What its provider knows it by.
    pub card_id: &'r str,
    pub provider: &'r str,
    /// The first tender that was paid with it; none if the refund opens it.
    pub tender: Option<&'r Tender>,
    /// What the order was paid with it.
    pub used: Amount,
    pub refunded: Amount,
    /// What of that is not on the card yet.
    pub on_its_way: Amount,
    pub legs: Vec<&'r Leg>,
}

impl Refund {
    /// In the order of the legs. What was given up, or went elsewhere instead, is not counted.
    ///
    /// # Errors
    ///
    /// [`AmountError`] for sums that no order has.
    pub fn gift_cards<'r>(&'r self, order: &'r Order) -> Result<Vec<GiftCard<'r>>, AmountError> {
        let mut cards: Vec<GiftCard<'r>> = Vec::new();
        for leg in self.legs.iter().filter(|leg| self.goes_to_gift_card(order, leg)) {
            if let Some(card) = cards.iter_mut().find(|card| card.is_of(leg)) {
                card.add(leg)?;
                continue;
            }
            let mut card = GiftCard::used_in(order, leg)?;
            card.add(leg)?;
            cards.push(card);
        }
        Ok(cards)
    }

    fn goes_to_gift_card(&self, order: &Order, leg: &Leg) -> bool {
        let tender = order.tender(&leg.tender_id);
        let method = tender.map(|tender| tender.method);
        leg.state != LegState::Voided
            && (self.method == RefundMethod::GiftCard || method == Some(TenderMethod::GiftCard))
    }
}

impl<'r> GiftCard<'r> {
    fn used_in(order: &'r Order, leg: &'r Leg) -> Result<Self, AmountError> {
        let mut tenders = order.tenders.iter().filter(|tender| {
            tender.method == TenderMethod::GiftCard
                && (&tender.provider, &tender.provider_reference) == (&leg.provider, &leg.target)
        });
        let used = Amount::sum(tenders.clone().map(|tender| tender.captured))?;
        Ok(Self {
            card_id: &leg.target,
            provider: &leg.provider,
            tender: tenders.next(),
            used,
            refunded: Amount::ZERO,
            on_its_way: Amount::ZERO,
            legs: Vec::new(),
        })
    }

    fn is_of(&self, leg: &Leg) -> bool {
        (self.provider, self.card_id) == (&*leg.provider, &*leg.target)
    }

    fn add(&mut self, leg: &'r Leg) -> Result<(), AmountError> {
        self.refunded = self.refunded.plus(leg.amount)?;
        if leg.is_on_its_way() {
            self.on_its_way = self.on_its_way.plus(leg.amount)?;
        }
        self.legs.push(leg);
        Ok(())
    }
}
