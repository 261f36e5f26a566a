//! The guards that look at the order and at its own accounts.

use super::{Blocker, EvidenceKind, Guard};
use crate::{
    Amount, Reason, Rejection,
    cancellation::{Cancellation, UndoCancellation, money},
    id::TenderId,
    order::{Order, OrderState, Recovered, Recovery, Tender, TenderMethod, TenderState},
    refund::{LEDGER, Leg, LegState, Refund, RefundMethod},
};

/// Where the guards are looked at, one after the other.
pub(super) struct Desk<'a> {
    pub order: &'a Order,
    pub cancellation: &'a Cancellation,
    pub blockers: Vec<Blocker>,
    pub tenders: Vec<Tender>,
}

impl Desk<'_> {
    fn block(&mut self, guard: Guard, reason: Reason, message: String) {
        self.blockers.push(Blocker { guard, reason, message, lifted_by: Vec::new(), amount: None });
    }

    pub(super) fn block_for(
        &mut self,
        guard: Guard,
        reason: Reason,
        message: String,
        lifted_by: &[EvidenceKind],
        amount: Amount,
    ) {
        let (lifted_by, amount) = (lifted_by.to_vec(), Some(amount));
        self.blockers.push(Blocker { guard, reason, message, lifted_by, amount });
    }

    /// U8.
    pub(super) fn platform(&mut self) {
        // An order that the platform stopped is not set going again by its earlier cancellations.
        let stopped = self.order.state == OrderState::Cancelled;
        let others = self.order.cancellations.iter().filter(|it| stopped && it.is_accepted());
        let reasons = others.chain([self.cancellation]).filter_map(|it| it.reason.as_ref());
        if let Some(reason) = reasons.map(|given| given.reason).find(|reason| reason.is_final()) {
            let text = format!("the platform cancelled for {}: this is not undone", reason.name());
            self.block(Guard::U8, Reason::PlatformCancellation, text);
        }
    }

    /// U3.
    pub(super) fn in_flight(&mut self, legs: &[Leg], concerned: impl Fn(&Leg) -> bool) {
        let on_its_way = |leg: &&Leg| {
            matches!(leg.state, LegState::Sent | LegState::Unknown | LegState::Accepted)
        };
        if let Some(leg) = legs.iter().filter(|leg| concerned(leg)).find(on_its_way) {
            let text = format!(
                "leg {} is {}: whether its {} went back is not known yet, try later",
                leg.leg_id,
                leg.state.name(),
                money(self.order, leg.amount)
            );
            self.block_for(Guard::U3, Reason::RefundInFlight, text, &[], leg.amount);
        }
    }

    /// U9, by lines: pieces of one line are alike, and what a later step took of it was computed
    /// from what this one had taken.
    pub(super) fn later_changes(&mut self) {
        let Some(accepted) = &self.cancellation.accepted else { return };
        let mine = |line: usize| self.cancellation.lines.iter().any(|it| it.line == line);
        let later = self.order.cancellations.iter().find(|other| {
            other.is_accepted()
                && other.accepted.as_ref().is_some_and(|it| it.ordinal > accepted.ordinal)
                && other.lines.iter().any(|it| mine(it.line))
        });
        let mut shipments = self.order.shipments.iter().skip(accepted.shipments);
        let shipped = shipments.find(|shipment| {
            shipment.parcels.iter().any(|parcel| {
                let lines = &self.order.lines;
                let line = lines.iter().position(|line| line.cart_item_id == parcel.cart_item_id);
                line.is_some_and(mine)
            })
        });
        let text = match (later, shipped) {
            (Some(later), _) => {
                format!("the later cancellation {} touches the same lines", later.cancellation_id)
            }
            (None, Some(shipped)) => {
                format!("the later shipment {} touches the same lines", shipped.shipment_id)
            }
            (None, None) => return,
        };
        self.block(Guard::U9, Reason::LaterChange, text);
    }

    /// U10. An order that is not cancelled may have been accepted meanwhile, as orders are; one that
    /// is gets ids only from a push that came too late.
    pub(super) fn other_ids(&mut self) {
        let acceptances = self.order.cancellations.iter().filter(|it| it.is_accepted());
        let last = acceptances.filter_map(|it| it.accepted.as_ref()).max_by_key(|it| it.ordinal);
        let Some(at_its_end) = last.map(|last| &last.external) else { return };
        let now = &self.order.external;
        let changed = self.order.state == OrderState::Cancelled && at_its_end != now;
        if let Some(now) = now.as_ref().filter(|_| changed) {
            let text =
                format!("the order was since accepted as id {} number {}", now.id, now.number);
            self.block(Guard::U10, Reason::AcceptedUnderOtherIds, text);
        }
    }

    /// U6: what was restored to accounts of this system is taken back, if it is still there.
    pub(super) fn own_value(
        &mut self,
        refund: Option<&Refund>,
        undo: &UndoCancellation,
    ) -> Result<(), Rejection> {
        let Some(refund) = refund else { return Ok(()) };
        let mut needed: Vec<(&str, Amount)> = Vec::new();
        for leg in refund.legs.iter().filter(|leg| leg.is_restored_here()) {
            match needed.iter_mut().find(|(target, _)| *target == leg.target) {
                Some((_, sum)) => *sum = sum.plus(leg.amount)?,
                None => needed.push((&leg.target, leg.amount)),
            }
            let tender = self.taken_back(refund, leg);
            self.tenders.push(tender);
        }
        for (target, needed) in needed {
            let found = undo.balances.iter().find(|(name, _)| name == target);
            let balance = found.map_or(Amount::ZERO, |(_, balance)| *balance);
            if balance < needed {
                let text = format!(
                    "{} was restored to account {target}, which holds {} by now",
                    money(self.order, needed),
                    money(self.order, balance)
                );
                let reason = Reason::InsufficientBalance;
                self.block_for(Guard::U6, reason, text, &[], needed);
            }
        }
        Ok(())
    }

    fn taken_back(&self, refund: &Refund, leg: &Leg) -> Tender {
        let paid = self.order.tender(&leg.tender_id);
        let method = match (paid.map(|tender| tender.method), refund.method) {
            (Some(method), _) if !method.is_cash() => method,
            (_, RefundMethod::Points) => TenderMethod::Points,
            (_, RefundMethod::GiftCard) => TenderMethod::GiftCard,
            _ => TenderMethod::StoreCredit,
        };
        let (provider, reference) = (LEDGER.to_owned(), leg.target.clone());
        self.tender(method, provider, reference, leg.amount, Recovery::TakenBack, None)
    }

    pub(super) fn tender(
        &self,
        method: TenderMethod,
        provider: String,
        provider_reference: String,
        amount: Amount,
        by: Recovery,
        of: Option<TenderId>,
    ) -> Tender {
        let cancellation_id = self.cancellation.cancellation_id;
        Tender {
            tender_id: self.free_name(by),
            method,
            provider,
            provider_reference,
            amount,
            authorized: amount,
            captured: amount,
            state: TenderState::Captured,
            recovered: Some(Recovered { cancellation_id, by, of }),
        }
    }

    /// Such as `repaid-1`, whatever names the checkout used.
    fn free_name(&self, by: Recovery) -> TenderId {
        let tenders = || self.order.tenders.iter().chain(&self.tenders);
        let names = (1..).map(|number| format!("{}-{number}", by.name()));
        let mut free = names
            .filter(|name| !tenders().any(|tender| tender.tender_id.as_str() == name))
            .filter_map(|name| name.parse().ok());
        free.next().unwrap_or_else(|| self.order.tenders[0].tender_id.clone())
    }
}
