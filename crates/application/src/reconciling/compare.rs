//! What we have beside what a provider says. Pure.

use super::{Break, BreakKind};
use domain::{
    Amount,
    order::{Tender, TenderState},
    refund::{self, LegKind, LegMismatch, LegState, RefundState},
};
use ports::{NoAnswer, OrderKey, PaymentOutcome, PaymentStatus};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Difference {
    pub kind: BreakKind,
    pub ours: String,
    pub theirs: String,
}

impl Difference {
    pub const fn new(kind: BreakKind, ours: String, theirs: String) -> Self {
        Self { kind, ours, theirs }
    }

    pub fn named(self, key: &OrderKey, subject: &str) -> Break {
        let Self { kind, ours, theirs } = self;
        Break { kind, order: Some(key.clone()), subject: subject.to_owned(), ours, theirs }
    }
}

/// A leg as it is booked.
pub(super) struct Leg<'l> {
    pub ours: &'l refund::Leg,
    pub refund: RefundState,
    /// Nothing of it should still be on its way.
    pub is_old: bool,
}

impl Leg<'_> {
    fn difference(&self, kind: BreakKind, theirs: impl Into<String>) -> Difference {
        let leg = self.ours;
        let reference = leg.reference.as_deref().unwrap_or("no reference");
        let ours = format!("{} {} ({reference})", leg.state.name(), leg.amount);
        Difference::new(kind, ours, theirs.into())
    }

    pub fn unanswered(&self, why: &str) -> Difference {
        self.difference(BreakKind::ProviderSilent, why)
    }

    pub fn of_nobody(&self, provider: &str) -> Option<Difference> {
        let over = matches!(self.ours.state, LegState::Failed | LegState::Voided);
        let theirs = format!("there is no provider {provider:?}");
        (!over).then(|| self.difference(BreakKind::ProviderNotConfigured, theirs))
    }

    pub fn waits_for_a_person(&self) -> Option<Difference> {
        let waits = self.is_old && self.refund == RefundState::Pending;
        let waits = waits && !self.ours.state.is_final();
        waits.then(|| self.difference(BreakKind::PayoutWaiting, "not confirmed"))
    }

    pub fn beside(&self, answer: Result<Option<PaymentOutcome>, NoAnswer>) -> Option<Difference> {
        let (kind, theirs) = match answer {
            Err(no) => return Some(self.unanswered(&no.failure().message)),
            Ok(None) => (self.beside_nothing()?, "not known".to_owned()),
            Ok(Some(PaymentOutcome::Settled { reference })) => {
                (self.beside_settled(&reference)?, format!("SETTLED ({reference})"))
            }
            Ok(Some(PaymentOutcome::Accepted { reference })) => {
                (self.beside_accepted()?, format!("ACCEPTED ({reference})"))
            }
            Ok(Some(PaymentOutcome::Declined { failure, .. })) => {
                (self.beside_declined()?, format!("declined: {}", failure.code))
            }
            Ok(Some(PaymentOutcome::Mismatch(LegMismatch { asked, said, .. }))) => {
                (BreakKind::LegDiffers, format!("{said}, and was asked for {asked}"))
            }
            Ok(Some(PaymentOutcome::Unknown | PaymentOutcome::Unsent(_))) => {
                let kind = self.is_old.then_some(BreakKind::LegUnknownTooLong)?;
                (kind, "does not know".to_owned())
            }
        };
        Some(self.difference(kind, theirs))
    }

    const fn was_sent(&self) -> bool {
        self.ours.attempts > 0
    }

    fn beside_settled(&self, reference: &str) -> Option<BreakKind> {
        match self.ours.state {
            LegState::Settled => {
                let same = self.ours.reference.as_deref() == Some(reference);
                (!same).then_some(BreakKind::LegReferenceDiffers)
            }
            LegState::Failed => Some(BreakKind::LegSettledAfterFailure),
            LegState::Voided => Some(BreakKind::LegSettledAfterVoid),
            LegState::Pending if !self.was_sent() => Some(BreakKind::LegNeverSent),
            LegState::Pending | LegState::Sent | LegState::Unknown | LegState::Accepted => {
                self.is_old.then_some(BreakKind::LegSettledThere)
            }
        }
    }

    fn beside_accepted(&self) -> Option<BreakKind> {
        match self.ours.state {
            LegState::Settled => Some(BreakKind::LegNotSettledThere),
            LegState::Failed | LegState::Voided => Some(BreakKind::LegOnItsWayAfterGivingUp),
            LegState::Pending if !self.was_sent() => Some(BreakKind::LegNeverSent),
            LegState::Accepted => self.is_old.then_some(BreakKind::LegAcceptedTooLong),
            LegState::Pending | LegState::Sent | LegState::Unknown => {
                self.is_old.then_some(BreakKind::LegAcceptedThere)
            }
        }
    }

    fn beside_declined(&self) -> Option<BreakKind> {
        match self.ours.state {
            LegState::Settled => Some(BreakKind::LegReversedThere),
            LegState::Failed | LegState::Voided | LegState::Pending => None,
            LegState::Sent | LegState::Unknown | LegState::Accepted => {
                self.is_old.then_some(BreakKind::LegDeclinedThere)
            }
        }
    }

    fn beside_nothing(&self) -> Option<BreakKind> {
        match self.ours.state {
            LegState::Settled | LegState::Accepted => Some(BreakKind::LegLostThere),
            LegState::Failed | LegState::Voided => None,
            LegState::Sent | LegState::Unknown => self.is_old.then_some(BreakKind::LegNeverArrived),
            LegState::Pending => {
                let waits = self.is_old && self.refund == RefundState::Pending;
                waits.then_some(BreakKind::LegNotSent)
            }
        }
    }
}

/// A payment as it is booked.
pub(super) struct Payment<'p> {
    pub tender: &'p Tender,
    /// All that the order was paid by, this one too.
    pub tenders: &'p [Tender],
    /// Of all refunds of the order.
    pub legs: Vec<&'p refund::Leg>,
    pub is_old: bool,
}

/// What of a payment stands by our books: at least, and at most while legs are on their way.
struct Standing {
    least: Amount,
    most: Amount,
}

impl Payment<'_> {
    fn difference(&self, kind: BreakKind, theirs: String) -> Difference {
        let Tender { state, authorized, captured, .. } = self.tender;
        let ours = format!("{}: authorised {authorized}, captured {captured}", state.name());
        Difference::new(kind, ours, theirs)
    }

    pub fn unanswered(&self, why: &str) -> Difference {
        self.difference(BreakKind::ProviderSilent, why.to_owned())
    }

    pub fn of_nobody(&self, provider: &str) -> Difference {
        let theirs = format!("there is no provider {provider:?}");
        self.difference(BreakKind::ProviderNotConfigured, theirs)
    }

    pub fn beside(&self, status: &PaymentStatus) -> Option<Difference> {
        use BreakKind as Kind;
        let (kind, theirs) = match (self.tender.state, status) {
            (
                TenderState::Pending | TenderState::Failed,
                PaymentStatus::Pending | PaymentStatus::Failed,
            ) => return None,
            (_, PaymentStatus::Pending) => (Kind::PaymentNotThere, "not paid".to_owned()),
            (_, PaymentStatus::Failed) => {
                if self.nothing_stands() {
                    return None;
                }
                (Kind::PaymentFailedThere, "failed, or let go as a whole".to_owned())
            }
            (TenderState::Pending | TenderState::Failed, PaymentStatus::Authorized(amount)) => {
                if !self.is_old {
                    return None;
                }
                (Kind::AuthorisationNotBooked, format!("authorised {amount}"))
            }
            (TenderState::Captured, PaymentStatus::Authorized(amount)) => {
                (Kind::CaptureNotThere, format!("authorised {amount}"))
            }
            (TenderState::Captured, PaymentStatus::Captured(amount)) => {
                let kind = match self.captured() {
                    Some(Standing { least, .. }) if *amount < least => Kind::WentBackElsewhere,
                    Some(Standing { most, .. }) if *amount > most => Kind::DidNotGoBack,
                    _ => return None,
                };
                (kind, format!("{amount} stands"))
            }
            (_, PaymentStatus::Captured(amount)) => {
                if !self.is_old {
                    return None;
                }
                (Kind::CaptureNotBooked, format!("captured {amount}"))
            }
            (TenderState::Authorized, PaymentStatus::Authorized(amount)) => {
                let kind = match self.authorized() {
                    Some(Standing { least, .. }) if *amount < least => Kind::ReleasedElsewhere,
                    Some(Standing { most, .. }) if *amount > most => Kind::AuthorisedMore,
                    _ => return None,
                };
                (kind, format!("authorised {amount}"))
            }
        };
        Some(self.difference(kind, theirs))
    }

    fn nothing_stands(&self) -> bool {
        let zero = |standing: Option<Standing>| standing.is_some_and(|it| it.least.is_zero());
        match self.tender.state {
            TenderState::Captured => zero(self.captured()),
            _ => zero(self.authorized()),
        }
    }

    /// Nothing can be said where several tenders are one payment there.
    fn is_alone(&self) -> bool {
        let same = |other: &&Tender| other.is_one_payment_with(self.tender);
        self.tenders.iter().filter(same).count() == 1
    }

    fn captured(&self) -> Option<Standing> {
        self.standing(self.tender.captured, |kind| kind != LegKind::Release)
    }

    fn authorized(&self) -> Option<Standing> {
        self.standing(self.tender.authorized, |kind| kind == LegKind::Release)
    }

    /// What was settled over this tender is gone, and what is on its way may be.
    fn standing(&self, of: Amount, counts: impl Fn(LegKind) -> bool) -> Option<Standing> {
        if !self.is_alone() {
            return None;
        }
        let (mut gone, mut on_its_way) = (Amount::ZERO, Amount::ZERO);
        for leg in &self.legs {
            let here =
                leg.tender_id == self.tender.tender_id && leg.provider == self.tender.provider;
            if !here || !counts(leg.kind) {
                continue;
            }
            match leg.state {
                LegState::Settled => gone = gone.plus(leg.amount).ok()?,
                LegState::Sent | LegState::Unknown | LegState::Accepted => {
                    on_its_way = on_its_way.plus(leg.amount).ok()?;
                }
                LegState::Pending | LegState::Failed | LegState::Voided => {}
            }
        }
        let most = of.minus(gone).ok()?;
        Some(Standing { least: most.minus(on_its_way).ok()?, most })
    }
}

#[cfg(test)]
mod tests;
