//! Authorised money is let go: a `PaymentIntent` of Stripe's is cancelled.
//!
//! Stripe lets go of all of an authorisation or of none. A part of it goes when less than the whole
//! is captured, and whoever captures does that; so a leg for a part is declined for good for as long
//! as nothing was captured, and is settled once the rest was.

use super::{
    api::{Api, Done},
    asked::Asked,
    object::Intent,
    trouble::{Kind, Trouble},
};
use crate::failure;
use domain::refund::LegFailure;
use outbound::plain;
use ports::{NoAnswer, PaymentOrder, PaymentOutcome};
use std::cmp::Ordering;
use tokio::time::Instant;

/// What an intent as it stands means for a leg that is to let go of it.
enum Standing {
    /// The leg's amount is not held any more.
    LetGo,
    /// It is all that is held: to be cancelled.
    Held,
    /// It cannot be let go: for good, or for now.
    Refused { failure: LegFailure, permanent: bool },
}

pub(super) async fn release(api: &Api, order: &PaymentOrder) -> PaymentOutcome {
    let asked = match Asked::of(order) {
        Ok(asked) => asked,
        Err(failure) => return PaymentOutcome::Declined { failure, permanent: true },
    };
    let until = api.deadline();
    let before = match api.intent(asked.payment, until).await {
        Ok(intent) => standing(&asked, &intent),
        Err(trouble) => return trouble.before_the_call(),
    };
    match before {
        Standing::Held => {}
        decided => return outcome(&asked, decided),
    }
    match api.cancel(&asked.key(), asked.payment, until).await {
        Ok(Done { object, replayed: false }) => after(&asked, &object, PaymentOutcome::Unknown),
        Ok(Done { replayed: true, .. }) | Err(Trouble { kind: Kind::UnderWay, .. }) => {
            look(api, &asked, PaymentOutcome::Unknown, until).await
        }
        // It may have been captured or cancelled meanwhile, which says more than the refusal.
        Err(trouble) if trouble.kind == Kind::Never => {
            look(api, &asked, trouble.of_the_call(), until).await
        }
        Err(trouble) => trouble.of_the_call(),
    }
}

async fn look(
    api: &Api,
    asked: &Asked<'_>,
    if_held: PaymentOutcome,
    until: Instant,
) -> PaymentOutcome {
    match api.intent(asked.payment, until).await {
        Ok(intent) => after(asked, &intent, if_held),
        Err(_) => PaymentOutcome::Unknown,
    }
}

/// What an intent says after it was to be cancelled.
fn after(asked: &Asked<'_>, intent: &Intent, if_held: PaymentOutcome) -> PaymentOutcome {
    match standing(asked, intent) {
        Standing::Held => if_held,
        decided => outcome(asked, decided),
    }
}

fn outcome(asked: &Asked<'_>, standing: Standing) -> PaymentOutcome {
    match standing {
        Standing::LetGo => PaymentOutcome::Settled { reference: asked.payment.to_owned() },
        Standing::Held => PaymentOutcome::Unknown,
        Standing::Refused { failure, permanent } => PaymentOutcome::Declined { failure, permanent },
    }
}

/// Whether what the leg is about is let go. A cancellation carries no key of ours, and needs none:
/// there is one for each intent, and it lets go of all.
pub(super) async fn find(
    api: &Api,
    order: &PaymentOrder,
) -> Result<Option<PaymentOutcome>, NoAnswer> {
    // Never sent: see `release`.
    let Ok(asked) = Asked::of(order) else { return Ok(None) };
    let intent = api.intent(asked.payment, api.deadline()).await;
    let intent = intent.map_err(Trouble::no_answer)?;
    Ok(match standing(&asked, &intent) {
        Standing::LetGo => Some(outcome(&asked, Standing::LetGo)),
        Standing::Held | Standing::Refused { .. } => None,
    })
}

fn standing(asked: &Asked<'_>, intent: &Intent) -> Standing {
    let refused = |code: &str, text: String, permanent: bool| Standing::Refused {
        failure: failure(code, plain(&text)),
        permanent,
    };
    if intent.id != asked.payment || intent.code() != asked.order.currency.code() {
        let text = format!("Stripe has the payment in {}: {}", intent.code(), intent.id);
        return refused("OTHER_CURRENCY", text, true);
    }
    let held = match intent.status.as_str() {
        "canceled" => return Standing::LetGo,
        // What is not captured with the last capture is let go by it.
        "succeeded" if asked.minor <= intent.amount.saturating_sub(intent.received()) => {
            return Standing::LetGo;
        }
        "succeeded" => {
            let text = "the payment was captured: it can be given back, not let go".to_owned();
            return refused("ALREADY_CAPTURED", text, true);
        }
        "processing" => {
            return refused("PROCESSING", "Stripe is at the payment just now".to_owned(), false);
        }
        "requires_capture" => intent.capturable(),
        // Nothing is held yet: what would be is given up.
        _ => intent.amount,
    };
    match asked.minor.cmp(&held) {
        Ordering::Equal => Standing::Held,
        Ordering::Less => {
            let text = "Stripe lets go of all that is authorised or of nothing: capture less, \
                        or let go of all";
            refused("PARTIAL_RELEASE_UNSUPPORTED", text.to_owned(), true)
        }
        Ordering::Greater => {
            let text = "more is to be let go than Stripe holds".to_owned();
            refused("EXCEEDS_PAYMENT", text, true)
        }
    }
}
