//! Webhook endpoints that a commit puts or deletes.
//!
//! Whoever changes an endpoint together with its deliveries locks the endpoint's row first.

use super::{rows::EndpointRow, steps::Step};
use sea_orm::Value;

/// Whoever works on it learns of the change. What that one keeps before it does says nothing of when
/// there is something to do, so that somebody has to look once more. A new URL, say, did not ask to
/// be left alone.
const TOUCH: &str = "UPDATE webhook_endpoints SET touched = touched + 1, quiet_until = NULL, \
    next_due = CASE WHEN $4 THEN $3 ELSE next_due END \
    WHERE store_id = $1 AND endpoint_id = $2";
/// What was not taken before it was disabled is tried by the schedule from its beginning.
const BEGIN_AGAIN: &str = "UPDATE webhook_deliveries \
    SET tries = 0, due_at = NULL, begun = begun + 1 \
    WHERE store_id = $1 AND endpoint_id = $2 AND state = 'PENDING' AND EXISTS \
    (SELECT 1 FROM webhook_endpoints e WHERE e.store_id = $1 AND e.endpoint_id = $2 \
    AND NOT e.active)";
/// A new one is told of what comes after the last event that can be read now. One that was deleted
/// does not come back.
const PUT: &str = "INSERT INTO webhook_endpoints (store_id, endpoint_id, doc, active, gone, \
    cursor_position, overfull, touched, served_at) \
    VALUES ($1, $2, $3, $4, FALSE, \
    COALESCE((SELECT f.position FROM feeds f WHERE f.store_id = $1), 0), FALSE, 0, 0) \
    ON CONFLICT (store_id, endpoint_id) DO UPDATE SET doc = excluded.doc, \
    active = excluded.active WHERE NOT webhook_endpoints.gone";
/// The secrets go at once. Its deliveries may be many and go later, some at a time.
const DELETE: &str = "UPDATE webhook_endpoints SET gone = TRUE, active = FALSE, doc = '', \
    lease_owner = NULL, lease_until = NULL WHERE store_id = $1 AND endpoint_id = $2";

pub(crate) fn steps(row: &EndpointRow, at: i64) -> Vec<Step> {
    let key = || vec![Value::from(row.store_id.as_str()), row.endpoint_id.into()];
    let step = |sql, more: Vec<Value>, must_hit| {
        let values = key().into_iter().chain(more).collect();
        Step { sql, values, must_hit }
    };
    let Some(doc) = &row.doc else { return vec![step(DELETE, vec![], false)] };
    let mut steps = vec![step(TOUCH, vec![at.into(), row.active.into()], false)];
    if row.active {
        steps.push(step(BEGIN_AGAIN, vec![], false));
    }
    steps.push(step(PUT, vec![doc.as_str().into(), row.active.into()], true));
    steps
}
