use ports::{KeptNotice, NoticeAbout, OrderKey};

/// Something that a provider and the books do not agree on, or that is on its way for too long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Break {
    pub kind: BreakKind,
    /// None for a notice that belongs to no order.
    pub order: Option<OrderKey>,
    /// The leg, tender, refund or notice.
    pub subject: String,
    pub ours: String,
    pub theirs: String,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $name:literal $close:literal,)+) => {
        /// What is not as it should be.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum BreakKind {
            $($(#[$doc])* $kind,)+
        }

        impl BreakKind {
            pub const ALL: &[Self] = &[$(Self::$kind),+];

            /// The stable name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }

            /// What to do about it.
            pub const fn how_to_close(self) -> &'static str {
                match self {
                    $(Self::$kind => $close,)+
                }
            }
        }
    };
}

kinds! {
    /// The leg settled there, and is on its way here for too long.
    LegSettledThere "LEG_SETTLED_THERE"
        "run a process with the worker legs; if it does, see why its task waits (ListTasks)",
    /// The leg settled there, and failed here.
    LegSettledAfterFailure "LEG_SETTLED_AFTER_FAILURE"
        "RetryRefund: the leg is asked for by its key and booked, not sent again",
    /// The leg settled there, and was given up here.
    LegSettledAfterVoid "LEG_SETTLED_AFTER_VOID"
        "the money went back twice over: recover it from the customer, or book it as goodwill",
    /// The provider has done what was never sent.
    LegNeverSent "LEG_NEVER_SENT"
        "somebody used the leg's key: stop whoever has the provider's secret, and look at its log",
    /// The provider took the leg, and here it was never heard.
    LegAcceptedThere "LEG_ACCEPTED_THERE"
        "run a process with the worker legs; if it does, see why its task waits (ListTasks)",
    /// The leg is on its way at the provider for too long.
    LegAcceptedTooLong "LEG_ACCEPTED_TOO_LONG"
        "ask the provider why it has not settled",
    /// The leg is on its way there, and was given up here.
    LegOnItsWayAfterGivingUp "LEG_ON_ITS_WAY_AFTER_GIVING_UP"
        "cancel it at the provider, or RetryRefund so that it is booked when it settles",
    /// Booked as settled before the provider has settled it.
    LegNotSettledThere "LEG_NOT_SETTLED_THERE"
        "wait for the provider; if it fails there, it is reversed here by its notice",
    /// Booked as settled, and the provider says that it did not go through.
    LegReversedThere "LEG_REVERSED_THERE"
        "have the leg looked at again: it is booked as reversed, and its money is free",
    /// The provider refused the leg, and here it was never heard.
    LegDeclinedThere "LEG_DECLINED_THERE"
        "run a process with the worker legs; if it does, see why its task waits (ListTasks)",
    /// The provider itself does not know for too long.
    LegUnknownTooLong "LEG_UNKNOWN_TOO_LONG"
        "ask the provider what became of it, by the leg's key",
    /// Another amount, currency or payment.
    LegDiffers "LEG_DIFFERS"
        "nothing of it is booked: settle the difference with the provider",
    /// The provider calls it something else than what was booked.
    LegReferenceDiffers "LEG_REFERENCE_DIFFERS"
        "look at both references at the provider: one of them is somebody else's, or a double",
    /// Booked as done or taken, and the provider does not know it.
    LegLostThere "LEG_LOST_THERE"
        "ask the provider by the booked reference; if it was never done, the books are wrong",
    /// It was sent and never arrived, and is not sent again.
    LegNeverArrived "LEG_NEVER_ARRIVED"
        "run a process with the worker legs; if it does, see why its task waits (ListTasks)",
    /// Nobody sends it.
    LegNotSent "LEG_NOT_SENT"
        "run a process with the worker legs; if it does, see why its task waits (ListTasks)",
    /// A person has to pay it out, and has not confirmed it.
    PayoutWaiting "PAYOUT_WAITING"
        "pay it out and confirm it with ConfirmManualRefund",
    /// Held for too long.
    RefundHeld "REFUND_HELD"
        "ApproveRefund by another manager, or ReleaseRefund",
    /// Paid here, and the provider waits for it.
    PaymentNotThere "PAYMENT_NOT_THERE"
        "ask whoever recorded the payment; nothing can go back over it",
    /// Paid here, and failed there.
    PaymentFailedThere "PAYMENT_FAILED_THERE"
        "the payment has gone: cancel the order, or have it paid anew",
    /// Captured here, and only authorised there.
    CaptureNotThere "CAPTURE_NOT_THERE"
        "capture it at the provider before the authorisation expires",
    /// Captured there, and not here.
    CaptureNotBooked "CAPTURE_NOT_BOOKED"
        "RecordPayment with what the provider says",
    /// Authorised there, and not here.
    AuthorisationNotBooked "AUTHORISATION_NOT_BOOKED"
        "run a process with the worker ready, or RecordPayment",
    /// More went back over the payment than by our legs.
    WentBackElsewhere "WENT_BACK_ELSEWHERE"
        "find out who refunded at the provider; record it so that it is not refunded again here",
    /// Less went back than was booked.
    DidNotGoBack "DID_NOT_GO_BACK"
        "look at the settled legs of this payment: one of them is not what it says",
    /// Less of an authorisation stands than here.
    ReleasedElsewhere "RELEASED_ELSEWHERE"
        "the authorisation expired or was let go at the provider: RecordPayment",
    /// More of an authorisation stands than here.
    AuthorisedMore "AUTHORISED_MORE"
        "RecordPayment with what the provider says, or let the rest go there",
    /// No adapter of this name: nothing can be asked, and nothing can go back.
    ProviderNotConfigured "PROVIDER_NOT_CONFIGURED"
        "configure the provider, or correct the name that orders come with",
    /// Nothing can be concluded.
    ProviderSilent "PROVIDER_SILENT"
        "run it again when the provider answers",
    /// A notice whose leg or payment does not turn up.
    NoticeWaiting "NOTICE_WAITING"
        "see what the notice is about: money that moved at the provider and that no order knows",
    /// A notice that nobody here can read.
    NoticeUnread "NOTICE_UNREAD"
        "look the event up at the provider by its id, and book what it says; it is named for 30 days",
}

impl Break {
    pub(super) fn of_notice(kept: &KeptNotice) -> Self {
        let key = kept.notice.key();
        Self {
            kind: match kept.notice.about {
                NoticeAbout::Unread { .. } => BreakKind::NoticeUnread,
                _ => BreakKind::NoticeWaiting,
            },
            order: None,
            subject: format!("{} {}", key.provider, key.event_id),
            ours: kept.why.clone().unwrap_or_else(|| "not looked into".to_owned()),
            theirs: format!("told at {}", kept.notice.at),
        }
    }
}
