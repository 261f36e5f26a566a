//! What stands of each payment at its provider, beside what the order's books say of it.

use super::{super::dice::Dice, Run};
use domain::{
    Amount,
    amount::AmountError,
    order::{Command, Fact, Recovery},
    refund::{Leg, LegState},
};

impl Run {
    /// Before half of the undos the customer's bank takes again what went back. If the undo is
    /// refused all the same, that is put right outside.
    pub(super) fn undone(&mut self, dice: &mut Dice<'_>) -> Command {
        let before = self.provider.clone();
        let cancellation_id = self.any(dice);
        if dice.one_in(2) {
            let refund = self.order.cancellation(cancellation_id).and_then(|it| it.refund_id);
            let refund = refund.and_then(|id| self.order.refund(id));
            let legs = refund.map(|refund| refund.legs.clone()).unwrap_or_default();
            for leg in &legs {
                if leg.state == LegState::Settled {
                    self.at_provider(leg, Amount::plus);
                }
            }
        }
        let undo = Command::UndoCancellation(Box::new(self.undo(dice, cancellation_id)));
        let done = self.order.decide(undo.clone());
        let recaptured = done.is_ok_and(|facts| {
            facts.iter().any(|fact| match fact {
                Fact::CancellationUndone { tenders, .. } => tenders.iter().any(|tender| {
                    tender.recovered.as_ref().is_some_and(|it| it.by == Recovery::Recaptured)
                }),
                _ => false,
            })
        });
        if !recaptured {
            self.provider = before;
        }
        undo
    }

    /// What a leg moves at the provider of its payment, if it moves anything there.
    pub(super) fn at_provider(
        &mut self,
        leg: &Leg,
        moved: impl Fn(Amount, Amount) -> Result<Amount, AmountError>,
    ) {
        let mut tenders = self.order.tenders.iter();
        let tender = tenders.find(|tender| tender.tender_id == leg.tender_id).unwrap();
        if leg.provider == tender.provider {
            let stands = self.provider.entry(tender.payment().clone()).or_default();
            *stands = moved(*stands, leg.amount).unwrap();
        }
    }

    /// Nobody is promised money that the provider does not have.
    pub(super) fn provider_covers(&self) {
        for (payment, stands) in &self.provider {
            assert!(!stands.is_negative(), "more went back than was taken: {:#?}", self.order);
            let tenders = || self.order.tenders.iter().filter(|it| it.payment() == payment);
            let taken = Amount::sum(tenders().map(|it| it.authorized.max(it.captured))).unwrap();
            let legs = self.order.refunds.iter().flat_map(|refund| &refund.legs);
            let gone = legs.filter(|leg| {
                leg.state == LegState::Settled
                    && tenders()
                        .any(|it| it.tender_id == leg.tender_id && it.provider == leg.provider)
            });
            let booked = taken.minus(Amount::sum(gone.map(|leg| leg.amount)).unwrap()).unwrap();
            assert!(booked <= *stands, "{booked} of {payment} booked, {stands} stands");
        }
    }
}
