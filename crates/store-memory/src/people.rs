use crate::{MemoryStore, reader::paged, tables::Tables};
use async_trait::async_trait;
use domain::{
    id::{StoreId, UserId},
    user::{MAX_SESSIONS, Session, User},
};
use ports::{Page, PageRequest, People, SessionChange, StoreError, UserChange};
use std::cmp::Reverse;
use time::OffsetDateTime;

#[async_trait]
impl People for MemoryStore {
    async fn user(&self, store: &StoreId, user: UserId) -> Result<Option<User>, StoreError> {
        Ok(self.lock().users.get(&(store.clone(), user)).cloned())
    }

    async fn users(
        &self,
        store: &StoreId,
        page: PageRequest<UserId>,
    ) -> Result<Page<User, UserId>, StoreError> {
        let tables = self.lock();
        let rows = tables.users.values().filter(|user| {
            user.store_id == *store && page.after.is_none_or(|after| user.user_id > after)
        });
        Ok(paged(rows.collect(), page.size, |user| (*user).clone(), |user| user.user_id))
    }

    async fn count_users(&self, store: &StoreId) -> Result<u32, StoreError> {
        let tables = self.lock();
        let count = tables.users.keys().filter(|(of, _)| of == store).count();
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    async fn session(&self, hash: &[u8; 32]) -> Result<Option<(Session, User)>, StoreError> {
        let tables = self.lock();
        let Some(session) = tables.sessions.get(hash) else { return Ok(None) };
        let user = tables.users.get(&(session.store_id.clone(), session.user_id));
        Ok(user.map(|user| (session.clone(), user.clone())))
    }
}

impl Tables {
    pub(crate) fn keep_people(
        &mut self,
        users: Vec<UserChange>,
        sessions: Vec<SessionChange>,
        at: OffsetDateTime,
    ) {
        for change in users {
            match change {
                UserChange::Put(user) => {
                    _ = self.users.insert((user.store_id.clone(), user.user_id), *user);
                }
                UserChange::Delete { store_id, user_id } => {
                    self.sessions.retain(|_, session| {
                        (&session.store_id, session.user_id) != (&store_id, user_id)
                    });
                    self.users.remove(&(store_id, user_id));
                }
            }
        }
        for change in sessions {
            match change {
                SessionChange::Begin { hash, session } => {
                    let theirs = |other: &Session| {
                        (&other.store_id, other.user_id) == (&session.store_id, session.user_id)
                    };
                    let of_user = self.sessions.iter().filter(|(_, other)| theirs(other));
                    let mut kept: Vec<_> =
                        of_user.map(|(hash, other)| (other.expires_at, *hash)).collect();
                    kept.sort_by_key(|(expires_at, hash)| (Reverse(*expires_at), *hash));
                    kept.truncate(MAX_SESSIONS - 1);
                    self.sessions.retain(|hash, other| {
                        let is_kept = kept.iter().any(|(_, kept)| kept == hash);
                        let is_over = other.expires_at <= at || other.era < session.era;
                        !theirs(other) || (is_kept && !is_over)
                    });
                    self.sessions.insert(hash, session);
                }
                SessionChange::End { hash } => _ = self.sessions.remove(&hash),
            }
        }
    }
}
