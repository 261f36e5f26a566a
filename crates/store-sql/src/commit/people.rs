//! People and sessions that a commit changes.

use super::steps::Step;
use crate::column::{micros, to_doc};
use domain::{
    id::{StoreId, UserId},
    user::MAX_SESSIONS,
};
use ports::{Commit, SessionChange, StoreError, UserChange};
use sea_orm::Value;

const PUT_USER: &str = "INSERT INTO users (store_id, user_id, doc) VALUES ($1, $2, $3) \
    ON CONFLICT (store_id, user_id) DO UPDATE SET doc = excluded.doc";
/// Of the same user, what is over, and what is more than they may have beside another one.
const DROP_SESSIONS: &str = "DELETE FROM sessions WHERE store_id = $1 AND user_id = $2 \
    AND (expires_at <= $3 OR era < $4 OR hash NOT IN (SELECT hash FROM sessions \
    WHERE store_id = $1 AND user_id = $2 ORDER BY expires_at DESC, hash LIMIT $5))";
const BEGIN_SESSION: &str = "INSERT INTO sessions (hash, store_id, user_id, era, expires_at, doc) \
    VALUES ($1, $2, $3, $4, $5, $6)";
const DELETE_USER: &str = "DELETE FROM users WHERE store_id = $1 AND user_id = $2";
const END_SESSIONS: &str = "DELETE FROM sessions WHERE store_id = $1 AND user_id = $2";
const END_SESSION: &str = "DELETE FROM sessions WHERE hash = $1";

fn key(store_id: &StoreId, user_id: UserId) -> [Value; 2] {
    [store_id.as_str().into(), user_id.as_uuid().into()]
}

pub(crate) fn steps(commit: &Commit) -> Result<Vec<Step>, StoreError> {
    let mut steps = Vec::new();
    for change in &commit.users {
        match change {
            UserChange::Put(user) => {
                let values = key(&user.store_id, user.user_id);
                let values = values.into_iter().chain([to_doc(user)?.into()]).collect();
                steps.push(Step { sql: PUT_USER, values, must_hit: true });
            }
            UserChange::Delete { store_id, user_id } => {
                for (sql, must_hit) in [(END_SESSIONS, false), (DELETE_USER, true)] {
                    steps.push(Step { sql, values: key(store_id, *user_id).into(), must_hit });
                }
            }
        }
    }
    for change in &commit.sessions {
        match change {
            SessionChange::Begin { hash, session } => {
                let user = || key(&session.store_id, session.user_id);
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
