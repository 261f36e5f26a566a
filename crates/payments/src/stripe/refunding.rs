//! Captured money goes back: Stripe's refunds.

use super::{
    api::{Api, Done},
    asked::{Asked, said},
    object::{Refund, code, metadata},
    trouble::{Kind, Trouble},
};
use crate::failure;
use domain::refund::LegMismatch;
use outbound::plain;
use ports::{NoAnswer, PaymentOrder, PaymentOutcome};
use std::time::Duration;
use tokio::time::Instant;

/// Before a call that is being carried out is looked for; twice as long each time.
const FIRST_LOOK: Duration = Duration::from_millis(100);
const LOOKS: u32 = 4;

/// Reads the payment, and gives the leg's amount of it back.
///
/// The call that makes a refund names no currency: Stripe takes the payment's. So the payment is
/// read first, and one in another currency than the leg's is left alone.
pub(super) async fn refund(api: &Api, order: &PaymentOrder) -> PaymentOutcome {
    let asked = match Asked::of(order) {
        Ok(asked) => asked,
        Err(failure) => return PaymentOutcome::Declined { failure, permanent: true },
    };
    let until = api.deadline();
    match api.intent(asked.payment, until).await {
        Ok(intent) if intent.id != asked.payment || intent.code() != order.currency.code() => {
            let text = format!("Stripe has the payment in {}: {}", intent.code(), intent.id);
            let failure = failure("OTHER_CURRENCY", plain(&text));
            return PaymentOutcome::Declined { failure, permanent: true };
        }
        Ok(_) => {}
        Err(trouble) => return trouble.before_the_call(),
    }
    let amount = asked.minor.to_string();
    let refund_id = order.refund_id.to_string();
    let form: [(&str, &str); 6] = [
        ("payment_intent", asked.payment),
        ("amount", &amount),
        (&named(metadata::LEG), order.leg_id.as_str()),
        (&named(metadata::REFUND), &refund_id),
        (&named(metadata::ORDER), order.order.order_id.as_str()),
        (&named(metadata::STORE), order.order.store_id.as_str()),
    ];
    match api.make_refund(&asked.key(), &form, until).await {
        // An answer that is given again is as old as the first one.
        Ok(Done { object, replayed: true }) => match api.refund(&object.id, until).await {
            Ok(refund) => outcome(&asked, &refund),
            Err(_) => PaymentOutcome::Unknown,
        },
        Ok(Done { object, replayed: false }) => outcome(&asked, &object),
        Err(Trouble { kind: Kind::UnderWay, .. }) => wait_for(api, &asked, until).await,
        Err(trouble) => trouble.of_the_call(),
    }
}

fn named(name: &str) -> String {
    format!("metadata[{name}]")
}

/// Somebody else makes the same call at this moment: looks what comes of it.
async fn wait_for(api: &Api, asked: &Asked<'_>, until: Instant) -> PaymentOutcome {
    let mut pause = FIRST_LOOK;
    for _ in 0..LOOKS {
        tokio::time::sleep(pause).await;
        pause *= 2;
        if let Ok(Some(outcome)) = look(api, asked, until).await {
            return outcome;
        }
    }
    PaymentOutcome::Unknown
}

/// What became of a leg, by its key. `None` only if Stripe gave all refunds of the payment, and
/// none has that key.
pub(super) async fn find(
    api: &Api,
    order: &PaymentOrder,
) -> Result<Option<PaymentOutcome>, NoAnswer> {
    // Never sent: see `refund`.
    let Ok(asked) = Asked::of(order) else { return Ok(None) };
    look(api, &asked, api.deadline()).await
}

async fn look(
    api: &Api,
    asked: &Asked<'_>,
    until: Instant,
) -> Result<Option<PaymentOutcome>, NoAnswer> {
    let all = api.refunds_of(asked.payment, until).await.map_err(Trouble::no_answer)?;
    let ours: Vec<&Refund> = all.iter().filter(|refund| asked.owns(refund)).collect();
    // One that failed may have been followed by another, once Stripe had forgotten the key.
    let live: Vec<&Refund> = ours.iter().copied().filter(|refund| !refund.is_void()).collect();
    Ok(match (&live[..], &ours[..]) {
        ([], []) => None,
        ([], [newest, ..]) => Some(outcome(asked, newest)),
        ([refund], _) => Some(outcome(asked, refund)),
        (several, _) => {
            let ids: Vec<&str> = several.iter().map(|refund| refund.id.as_str()).collect();
            Some(PaymentOutcome::Mismatch(LegMismatch {
                reference: plain(&ids.join(", ")),
                asked: asked.in_words(),
                said: format!("{} refunds", several.len()),
            }))
        }
    })
}

/// What Stripe has, held against what was asked.
fn outcome(asked: &Asked<'_>, refund: &Refund) -> PaymentOutcome {
    if refund.is_void() || asked.is(refund) {
        return stands(refund);
    }
    let code = code(&refund.currency);
    let said = plain(&said(refund.amount, &code, refund.payment_intent.as_deref()));
    let reference = plain(&refund.id);
    PaymentOutcome::Mismatch(LegMismatch { reference, asked: asked.in_words(), said })
}

/// What has become of a refund, whatever it is about.
pub(super) fn stands(refund: &Refund) -> PaymentOutcome {
    let reference = plain(&refund.id);
    match refund.status.as_deref() {
        Some("succeeded") => PaymentOutcome::Settled { reference },
        Some("pending" | "requires_action") => PaymentOutcome::Accepted { reference },
        Some(state @ ("failed" | "canceled")) => {
            let why = refund.failure_reason.as_deref().unwrap_or("no reason given");
            let text = format!("Stripe took the refund, which is {state} now: {why} ({reference})");
            let failure = failure("REFUND_FAILED", plain(&text));
            PaymentOutcome::Declined { failure, permanent: true }
        }
        _ => PaymentOutcome::Unknown,
    }
}
