//! Points at which a test may end the process, to prove that nothing is lost or done twice there.
//! Without the feature `failpoints` passing one costs nothing.

/// A point on the way of a leg or an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// The task is leased, nothing is done.
    Claimed,
    /// SENT is committed, the provider is not called.
    SentCommitted,
    /// The provider answered, the answer is not committed.
    ProviderAnswered,
    /// The provider told what became of the leg, that is not committed.
    Found,
    /// The answer is committed, the task not looked after.
    AnswerCommitted,
    /// An order that was received is looked at, nothing is done.
    OrderClaimed,
    /// The providers told about its payments, and that is committed.
    OrderPaymentsAsked,
    /// A check was made, what it came to is not committed.
    OrderChecked,
    /// What a check came to is committed.
    OrderCheckCommitted,
    /// The order is about to be cancelled by the platform.
    OrderCancelling,
    /// That is committed.
    OrderCancelled,
    /// All is clear, READY is not committed.
    OrderClear,
    /// READY is committed.
    OrderReady,
    /// An order is to be pushed, nothing is done.
    HandoverClaimed,
    /// The shop told whether it has the order, that is not committed.
    HandoverFound,
    /// That it is pushed is committed, the shop is not called.
    HandoverStarted,
    /// The shop answered, that is not committed.
    HandoverPushed,
    /// What the shop answered is committed.
    HandoverRecorded,
    /// The last try failed, the order is about to be cancelled.
    HandoverCancelling,
    /// An accepted order is looked at, nothing is done.
    CompleteClaimed,
    /// COMPLETED is committed.
    Completed,
    /// A refund is decided, nothing is committed.
    RefundDecided,
    /// The refund is committed with its legs and their tasks, its caller is not answered.
    RefundCommitted,
    /// SENT is decided, nothing is committed.
    Sending,
    /// The provider is about to be asked what became of a leg.
    Asking,
    /// That an answer was lost is committed.
    UnknownCommitted,
    /// That a leg was declined for now is committed, and when it is tried again.
    DeferredCommitted,
    /// That the provider has a leg and will settle it later is committed.
    AcceptedCommitted,
    /// The provider took back what it had done, that is not committed.
    Reversing,
    /// That is committed.
    Reversed,
    /// A notice of a provider is read and believed to be its own, it is not kept.
    NoticeReceived,
    /// It is kept, the provider is not answered.
    NoticeKept,
    /// It is leased, nothing is done.
    NoticeClaimed,
    /// What it is about is to be asked for, the notice is not taken out.
    NoticeLookedInto,
    /// It is taken out.
    NoticeFinished,
}

impl Point {
    /// On the way of a leg.
    pub const OF_LEGS: [Self; 5] = [
        Self::Claimed,
        Self::SentCommitted,
        Self::ProviderAnswered,
        Self::Found,
        Self::AnswerCommitted,
    ];
    /// On the way of a received order to READY or CANCELLED.
    pub const OF_ORDERS: [Self; 8] = [
        Self::OrderClaimed,
        Self::OrderPaymentsAsked,
        Self::OrderChecked,
        Self::OrderCheckCommitted,
        Self::OrderCancelling,
        Self::OrderCancelled,
        Self::OrderClear,
        Self::OrderReady,
    ];
    /// On its way into the shop's own system, and to COMPLETED.
    pub const OF_HANDOVERS: [Self; 8] = [
        Self::HandoverClaimed,
        Self::HandoverFound,
        Self::HandoverStarted,
        Self::HandoverPushed,
        Self::HandoverRecorded,
        Self::HandoverCancelling,
        Self::CompleteClaimed,
        Self::Completed,
    ];

    /// On the way of a refund's money that no worker passes by itself: at a commit, at a question,
    /// and on the way of what its provider tells. Whoever wires up the ports passes them.
    pub const OF_REFUNDS: [Self; 14] = [
        Self::RefundDecided,
        Self::RefundCommitted,
        Self::Sending,
        Self::Asking,
        Self::UnknownCommitted,
        Self::DeferredCommitted,
        Self::AcceptedCommitted,
        Self::Reversing,
        Self::Reversed,
        Self::NoticeReceived,
        Self::NoticeKept,
        Self::NoticeClaimed,
        Self::NoticeLookedInto,
        Self::NoticeFinished,
    ];

    pub fn all() -> impl Iterator<Item = Self> {
        let of_workers = Self::OF_LEGS.into_iter().chain(Self::OF_ORDERS).chain(Self::OF_HANDOVERS);
        of_workers.chain(Self::OF_REFUNDS)
    }

    /// The name that a test says it by.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Claimed => "leg.claimed",
            Self::SentCommitted => "leg.sent_committed",
            Self::ProviderAnswered => "leg.provider_answered",
            Self::Found => "leg.found",
            Self::AnswerCommitted => "leg.answer_committed",
            Self::OrderClaimed => "order.claimed",
            Self::OrderPaymentsAsked => "order.payments_asked",
            Self::OrderChecked => "order.checked",
            Self::OrderCheckCommitted => "order.check_committed",
            Self::OrderCancelling => "order.cancelling",
            Self::OrderCancelled => "order.cancelled",
            Self::OrderClear => "order.clear",
            Self::OrderReady => "order.ready",
            Self::HandoverClaimed => "handover.claimed",
            Self::HandoverFound => "handover.found",
            Self::HandoverStarted => "handover.started",
            Self::HandoverPushed => "handover.pushed",
            Self::HandoverRecorded => "handover.recorded",
            Self::HandoverCancelling => "handover.cancelling",
            Self::CompleteClaimed => "complete.claimed",
            Self::Completed => "complete.completed",
            Self::RefundDecided => "refund.decided",
            Self::RefundCommitted => "refund.committed",
            Self::Sending => "refund.sending",
            Self::Asking => "refund.asking",
            Self::UnknownCommitted => "refund.unknown_committed",
            Self::DeferredCommitted => "refund.deferred_committed",
            Self::AcceptedCommitted => "refund.accepted_committed",
            Self::Reversing => "refund.reversing",
            Self::Reversed => "refund.reversed",
            Self::NoticeReceived => "notice.received",
            Self::NoticeKept => "notice.kept",
            Self::NoticeClaimed => "notice.claimed",
            Self::NoticeLookedInto => "notice.looked_into",
            Self::NoticeFinished => "notice.finished",
        }
    }
}

#[cfg(any(test, feature = "failpoints"))]
pub use armed::{Stop, Stops};
#[cfg(not(any(test, feature = "failpoints")))]
pub(crate) use disarmed::Stops;

#[cfg(not(any(test, feature = "failpoints")))]
mod disarmed {
    use super::Point;

    #[derive(Debug, Default)]
    pub(crate) struct Stops(());

    impl Stops {
        #[expect(clippy::unused_self, reason = "the armed one has something to count")]
        pub fn reach(&self, _: Point) -> impl Future<Output = ()> + use<> {
            std::future::ready(())
        }
    }
}

#[cfg(any(test, feature = "failpoints"))]
mod armed {
    use super::Point;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// How a process ends at a point.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Stop {
        /// At once and without any cleaning up, as by `kill -9`.
        Abort,
        /// The worker hangs for ever, as if its process were gone.
        Hang,
    }

    /// Where to stop, and at which passing. The default stops nowhere.
    #[derive(Debug, Default)]
    pub struct Stops {
        at: Option<(Point, Stop)>,
        passings_left: AtomicU32,
    }

    impl Stops {
        /// Stops at the `passing`th time that `point` is reached, counted from 1.
        #[must_use]
        pub const fn at(point: Point, passing: u32, stop: Stop) -> Self {
            Self { at: Some((point, stop)), passings_left: AtomicU32::new(passing) }
        }

        /// Reads `leg.sent_committed` or `leg.sent_committed:3` and aborts there. An empty text
        /// stops nowhere.
        ///
        /// # Errors
        ///
        /// The names there are, if it is none of them.
        pub fn parse(text: &str) -> Result<Self, String> {
            if text.is_empty() {
                return Ok(Self::default());
            }
            let (name, passing) = text.split_once(':').unwrap_or((text, "1"));
            let point = Point::all().find(|point| point.name() == name);
            if let (Some(point), Ok(passing @ 1..)) = (point, passing.parse()) {
                return Ok(Self::at(point, passing, Stop::Abort));
            }
            let names = Point::all().map(Point::name).collect::<Vec<_>>().join(", ");
            Err(format!("{text:?} is not one of {names}, with :N or without"))
        }

        /// Stops here if this is the point and the passing.
        pub async fn reach(&self, reached: Point) {
            let Some((point, stop)) = self.at else { return };
            if point != reached || self.passings_left.fetch_sub(1, Ordering::SeqCst) != 1 {
                return;
            }
            match stop {
                Stop::Abort => std::process::abort(),
                Stop::Hang => std::future::pending().await,
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_stop_is_named_with_or_without_its_passing() {
            let at = |text: &str| Stops::parse(text).map(|stops| stops.at.map(|(point, _)| point));
            assert_eq!(at("").unwrap(), None);
            assert_eq!(at("leg.found").unwrap(), Some(Point::Found));
            assert_eq!(at("leg.claimed:3").unwrap(), Some(Point::Claimed));
            for wrong in ["leg", "leg.found:0", "leg.found:x", "leg.found:"] {
                assert!(at(wrong).is_err(), "{wrong}");
            }
        }
    }
}
