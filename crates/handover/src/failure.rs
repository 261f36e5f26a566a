use domain::order::{FailureClass, Handover};
use outbound::Lost;
use ports::PushFailure;

/// The order is not there, for sure.
pub(crate) fn refused(class: FailureClass, cause: impl AsRef<str>) -> PushFailure {
    failure(class, false, cause.as_ref())
}

/// The order may be there.
pub(crate) fn in_doubt(class: FailureClass, cause: impl AsRef<str>) -> PushFailure {
    failure(class, true, cause.as_ref())
}

fn failure(class: FailureClass, in_doubt: bool, cause: &str) -> PushFailure {
    let cause = cause.chars().take(Handover::MAX_CAUSE).collect();
    PushFailure { class, cause, in_doubt, retry_after: None }
}

/// There is no answer.
pub(crate) fn lost(lost: Lost) -> PushFailure {
    match lost {
        Lost::OutOfReach => {
            refused(FailureClass::RejectedOther, "the shop's address may not be called")
        }
        Lost::Unsendable => refused(FailureClass::RejectedOther, "the shop's URL cannot be called"),
        Lost::NotSent(why) => {
            refused(FailureClass::Transient, format!("the shop was not reached: {why}"))
        }
        Lost::Unanswered(why) => {
            in_doubt(FailureClass::Transient, format!("the shop did not answer: {why}"))
        }
    }
}

/// A look-up makes nothing, and one that failed settles nothing: what was in doubt stays so.
pub(crate) fn undecided(failure: PushFailure) -> PushFailure {
    PushFailure { in_doubt: true, ..failure }
}
