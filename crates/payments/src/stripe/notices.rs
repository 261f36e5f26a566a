//! What Stripe tells by itself: events, posted and signed.

use super::{
    minor,
    object::{Charge, Dispute, Intent, Refund, code, metadata},
    refunding, signature,
};
use crate::names;
use hmac_sha256::Hash;
use outbound::plain;
use ports::{
    DisputeFunds, DisputeState, Money, NoticeAbout, NoticeError, NoticeReader, PaymentNotice,
    PaymentOutcome, PaymentStatus,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use std::fmt::{self, Write as _};
use time::OffsetDateTime;

/// Reads Stripe's events. An event shows its object as it was when the event was made, and by the
/// API version of the endpoint that it is sent to.
///
/// | event | what it is about |
/// |---|---|
/// | `refund.*`, `charge.refund.*` | a leg, if the refund carries the key of one |
/// | `charge.refunded` | a payment, and what of it stands: also if somebody gave it back by hand |
/// | `charge.dispute.*` | a dispute |
/// | `payment_intent.*` | a payment, and what came in, whatever went back of it |
pub struct StripeNotices {
    secret: SecretString,
}

#[derive(Deserialize)]
struct Event<'e> {
    id: String,
    r#type: String,
    created: i64,
    #[serde(borrow)]
    data: Data<'e>,
}

#[derive(Deserialize)]
struct Data<'e> {
    #[serde(borrow)]
    object: &'e RawValue,
}

impl StripeNotices {
    /// With the secret of the endpoint that Stripe posts to (`whsec_…`).
    pub const fn new(secret: SecretString) -> Self {
        Self { secret }
    }
}

impl fmt::Debug for StripeNotices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StripeNotices").finish_non_exhaustive()
    }
}

impl NoticeReader for StripeNotices {
    fn signature_header(&self) -> &'static str {
        "stripe-signature"
    }

    fn read(
        &self,
        signature: Option<&str>,
        body: &[u8],
        now: OffsetDateTime,
    ) -> Result<Option<PaymentNotice>, NoticeError> {
        signature::verify(signature, body, self.secret.expose_secret(), now)?;
        let provider = names::STRIPE.to_owned();
        let Ok(event) = serde_json::from_slice::<Event<'_>>(body) else {
            // It has no id that can be read. The same message is known by its bytes.
            let about = unread("", NotUnderstood("it is no event"));
            let event_id = format!("sha256:{}", hex(&Hash::hash(body)));
            return Ok(Some(PaymentNotice { provider, event_id, about, at: now }));
        };
        let kind = &event.r#type;
        let about = about(kind, event.data.object).unwrap_or_else(|why| Some(unread(kind, why)));
        let at = OffsetDateTime::from_unix_timestamp(event.created).unwrap_or(now);
        Ok(about.map(|about| PaymentNotice { provider, event_id: event.id, about, at }))
    }
}

/// What of a message is not understood.
struct NotUnderstood(&'static str);

fn unread(kind: &str, NotUnderstood(why): NotUnderstood) -> NoticeAbout {
    NoticeAbout::Unread { kind: plain(kind), why: why.to_owned() }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn about(name: &str, object: &RawValue) -> Result<Option<NoticeAbout>, NotUnderstood> {
    match name {
        "charge.refunded" => charge(&read(object)?),
        "charge.dispute.funds_withdrawn" => dispute(read(object)?, Some(DisputeFunds::Withdrawn)),
        "charge.dispute.funds_reinstated" => dispute(read(object)?, Some(DisputeFunds::Reinstated)),
        // Also kinds that are newer than this: what they are about is the same.
        _ if name.starts_with("refund.") || name.starts_with("charge.refund.") => {
            leg(&read(object)?)
        }
        _ if name.starts_with("charge.dispute.") => dispute(read(object)?, None),
        _ if name.starts_with("payment_intent.") => {
            let intent: Intent = read(object)?;
            let status = intent.came_in().ok_or(NotUnderstood("the payment's status"))?;
            Ok(Some(payment(intent.id.clone(), intent.code(), status)))
        }
        _ => Ok(None),
    }
}

fn read<T: DeserializeOwned>(object: &RawValue) -> Result<T, NotUnderstood> {
    serde_json::from_str(object.get()).map_err(|_| NotUnderstood("what it is about"))
}

/// One that does not carry the key of a leg was made by hand, or by somebody else.
fn leg(refund: &Refund) -> Result<Option<NoticeAbout>, NotUnderstood> {
    let leg_id = refund.named(metadata::LEG).and_then(|leg| leg.parse().ok());
    let Some(leg_id) = leg_id else { return Ok(None) };
    let Some(of) = refund.payment_intent.clone() else { return Ok(None) };
    let outcome = refunding::stands(refund);
    if outcome == PaymentOutcome::Unknown {
        return Err(NotUnderstood("the refund's status"));
    }
    let moved = money(of, refund.amount, &refund.currency)?;
    Ok(Some(NoticeAbout::Leg { leg_id, order: refund.order(), moved, outcome }))
}

fn charge(charge: &Charge) -> Result<Option<NoticeAbout>, NotUnderstood> {
    let Some(of) = charge.payment_intent.clone() else { return Ok(None) };
    let status = charge.status().ok_or(NotUnderstood("the payment's amounts"))?;
    Ok(Some(payment(of, code(&charge.currency), status)))
}

fn dispute(
    dispute: Dispute,
    funds: Option<DisputeFunds>,
) -> Result<Option<NoticeAbout>, NotUnderstood> {
    let Some(of) = dispute.payment_intent else { return Ok(None) };
    let state = match dispute.status.as_str() {
        "warning_needs_response" | "warning_under_review" => DisputeState::Inquiry,
        "needs_response" | "under_review" => DisputeState::Open,
        "won" | "warning_closed" => DisputeState::Won,
        "lost" => DisputeState::Lost,
        "prevented" => DisputeState::Prevented,
        _ => return Err(NotUnderstood("the dispute's status")),
    };
    let disputed = money(of, dispute.amount, &dispute.currency)?;
    Ok(Some(NoticeAbout::Dispute { dispute_id: dispute.id, disputed, state, funds }))
}

fn payment(payment: String, currency: String, status: PaymentStatus) -> NoticeAbout {
    NoticeAbout::Payment { payment, currency, status }
}

fn money(payment: String, minor: i64, currency: &str) -> Result<Money, NotUnderstood> {
    let currency = code(currency);
    let amount = minor::from_minor(minor, &currency);
    let amount = amount.ok_or(NotUnderstood("its amount"))?;
    Ok(Money { payment, amount, currency })
}
