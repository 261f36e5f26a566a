//! People and sessions that a commit changes.

use super::steps::Step;
use crate::column::{micros, to_doc};
use domain::user::MAX_SESSIONS;
use ports::{Commit, SessionChange, StoreError, UserChange};

const PUT_USER: &str = "INSERT INTO users (store_id, user_id, doc) VALUES ($1, $2, $3) \
    ON CONFLICT (store_id, user_id) DO UPDATE SET doc = excluded.doc";
/// Of the same user, what is over, and what is more than they may have beside another one.
const DROP_SESSIONS: &str = "DELETE FROM sessions WHERE store_id = $1 AND user_id = $2 \
    AND (expires_at <= $3 OR era < $4 OR hash NOT IN (SELECT hash FROM sessions \
    WHERE store_id = $1 AND user_id = $2 ORDER BY expires_at DESC, hash LIMIT $5))";
const BEGIN_SESSION: &str = "INSERT INTO sessions (hash, store_id, user_id, era, expires_at, doc) \
    VALUES ($1, $2, $3, $4, $5, $6)";
const END_SESSION: &str = "DELETE FROM sessions WHERE hash = $1";

pub(crate) fn steps(commit: &Commit) -> Result<Vec<Step>, StoreError> {
    let mut steps = Vec::new();
    for UserChange { user } in &commit.users {
        let values = [user.store_id.as_str().into(), user.user_id.as_uuid().into()];
        let values = values.into_iter().chain([to_doc(user)?.into()]).collect();
        steps.push(Step { sql: PUT_USER, values, must_hit: true });
    }
    for change in &commit.sessions {
        match change {
            SessionChange::Begin { hash, session } => {
                let user = || [session.store_id.as_str().into(), session.user_id.as_uuid().into()];
                let beside = i64::try_from(MAX_SESSIONS - 1).unwrap_or(i64::MAX);
                let over = [micros(commit.at).into(), session.era.into(), beside.into()];
                let values = user().into_iter().chain(over).collect();
                steps.push(Step { sql: DROP_SESSIONS, values, must_hit: false });
                let times = [session.era.into(), micros(session.expires_at).into()];
                let values = [hash.to_vec().into()].into_iter().chain(user()).chain(times);
                let values = values.chain([to_doc(session)?.into()]).collect();
                steps.push(Step { sql: BEGIN_SESSION, values, must_hit: true });
            }
            SessionChange::End { hash } => {
                let values = vec![hash.to_vec().into()];
                steps.push(Step { sql: END_SESSION, values, must_hit: false });
            }
        }
    }
    Ok(steps)
}
