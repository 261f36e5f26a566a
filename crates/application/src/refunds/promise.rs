//! What a quote promises, and whether it still holds.

use super::policy;
use crate::Caller;
use domain::{
    Reason, Rejection,
    id::RefundId,
    order::{CreateRefund, Order},
    refund::{self, Plan, Refund, RefundRequest, RefundState},
    store::Store as StoreRecord,
};
use ports::{Quote, Stored};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use uuid::Uuid;

/// The plan, and a digest of every figure of it.
pub(super) fn planned(
    order: &Stored<Order>,
    caller: &Caller,
    store: &StoreRecord,
    request: &RefundRequest,
    now: OffsetDateTime,
) -> Result<(Plan, [u8; 32]), Rejection> {
    let create = CreateRefund {
        refund_id: RefundId::from_uuid(Uuid::nil()),
        number: 0,
        at: now,
        by: caller.actor.clone(),
        order_version: order.version.0,
        policy: policy(caller, store),
        request: request.clone(),
    };
    let plan = refund::quote(&order.state, &create)?;
    // Figures are what a quote promises; who asks, when, and who has to approve is not.
    let promised = Refund {
        created_at: OffsetDateTime::UNIX_EPOCH,
        created_by: domain::Actor::worker("quote"),
        order_version: 0,
        settings_version: 0,
        state: RefundState::Pending,
        hold: None,
        ..plan.refund.clone()
    };
    let text = serde_json::to_vec(&promised).unwrap_or_default();
    Ok((plan, Sha256::digest(text).into()))
}

/// The same code has to come to the same figures, on an order that did not change meanwhile.
pub(super) fn still_valid(
    quote: &Quote,
    order: &Stored<Order>,
    caller: &Caller,
    store: &StoreRecord,
    now: OffsetDateTime,
) -> Result<(), Rejection> {
    if now >= quote.expires_at {
        let text = format!("the quote {} has expired: quote again", quote.quote_id);
        return Err(Rejection::new(Reason::QuoteExpired, text).with("quote_id", quote.quote_id));
    }
    let stale = |what: &str| {
        let text = format!("{what} changed since quote {} was made: quote again", quote.quote_id);
        Rejection::new(Reason::QuoteStale, text)
            .with("quote_id", quote.quote_id)
            .with("order_version", order.version.0)
    };
    if quote.revision != order.state.revision {
        return Err(stale("the order"));
    }
    let same = planned(order, caller, store, &quote.request, now)
        .is_ok_and(|(_, hash)| hash == quote.hash);
    if same { Ok(()) } else { Err(stale("the store's settings")) }
}
