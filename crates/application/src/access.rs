//! Whose secret is it?

mod manager;
mod uses;

pub(crate) use manager::Manager;

use crate::accounts::SESSION_SECRET;
use domain::{
    id::{StoreId, TokenId},
    token::Token,
    user::{Session, User},
};
use ports::{Chain, Clock, Credentials, People, Reader, StoreError, TokenUse};
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use time::{Duration, OffsetDateTime};
use uses::Uses;

/// How long a secret is taken on trust before it is looked up again: what ends it in another
/// process takes effect within this time, also if the news of it does not come.
const FRESH: Duration = Duration::seconds(1);
/// Secrets kept at hand.
const MAX_CACHED: usize = 10_000;

/// Who shows a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    Token(Token),
    /// Somebody who has logged in.
    Session(Box<(Session, User)>),
}

impl Credential {
    /// Whether it still opens anything at `now`.
    pub fn is_live(&self, now: OffsetDateTime) -> bool {
        match self {
            Self::Token(token) => token.is_live(now),
            Self::Session(logged_in) => logged_in.0.is_live(&logged_in.1, now),
        }
    }
}

/// What is known of a secret without looking it up.
#[derive(Debug, Clone)]
pub enum AtHand {
    /// It may be taken on trust.
    Fresh(Credential),
    /// It was somebody's not long ago.
    Stale(Credential),
    Unknown,
}

/// Looks secrets up by their hash. Unknown ones are not remembered, so that nobody can fill the
/// memory with guesses.
#[derive(Clone)]
pub struct Access {
    reader: Arc<dyn Reader>,
    people: Arc<dyn People>,
    credentials: Arc<dyn Credentials>,
    clock: Arc<dyn Clock>,
    known: Arc<Mutex<Known>>,
    uses: Uses,
}

#[derive(Default)]
struct Known {
    /// By hash: when it was read, if that still counts, and what was read.
    found: HashMap<[u8; 32], (Option<OffsetDateTime>, Credential)>,
    /// How often everything was forgotten: what was read before is not remembered after.
    forgotten: u64,
}

impl Known {
    /// Whoever calls is read again and again: who was read longest ago has not called for a while.
    fn make_room(&mut self, hash: &[u8; 32]) {
        if self.found.len() < MAX_CACHED || self.found.contains_key(hash) {
            return;
        }
        let oldest = self.found.iter().min_by_key(|(_, (read_at, _))| *read_at);
        if let Some(oldest) = oldest.map(|(hash, _)| *hash) {
            self.found.remove(&oldest);
        }
    }
}

/// The form in which a secret is kept and looked up.
pub fn secret_hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

impl Access {
    pub fn new(
        reader: Arc<dyn Reader>,
        people: Arc<dyn People>,
        credentials: Arc<dyn Credentials>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (known, uses) = (Arc::default(), Uses::default());
        Self { reader, people, credentials, clock, known, uses }
    }

    /// Forgets what is at hand whenever a credential changed in another process, without end.
    pub async fn follow(&self) {
        loop {
            self.credentials.changed().await;
            self.forget();
        }
    }

    /// Somebody called with it.
    pub fn used(&self, credential: &Credential) {
        if let Credential::Token(token) = credential {
            self.uses.note(token, self.clock.now());
        }
    }

    /// When these tokens were last used, as far as it is written down.
    pub(crate) async fn last_uses(
        &self,
        store: &StoreId,
        tokens: &[TokenId],
    ) -> Result<BTreeMap<TokenId, OffsetDateTime>, StoreError> {
        self.credentials.last_uses(store, tokens).await
    }

    /// Writes down when tokens were last used: of each at most once a minute. What could not be
    /// written is kept for the next time.
    pub async fn write_uses(&self) {
        self.write(self.uses.due(self.clock.now())).await;
    }

    /// Writes all there is: nobody will come again.
    pub async fn write_all_uses(&self) {
        self.write(self.uses.unwritten()).await;
    }

    async fn write(&self, uses: Vec<TokenUse>) {
        if uses.is_empty() {
            return;
        }
        match self.credentials.note_uses(&uses).await {
            Ok(()) => self.uses.written(&uses),
            Err(error) => {
                tracing::warn!(error = %Chain(&error), "uses of tokens could not be written down");
            }
        }
    }

    /// Whose secret it is, if it still opens anything.
    ///
    /// # Errors
    ///
    /// If the store cannot be asked; the secret may be good.
    pub async fn live(&self, secret: &str) -> Result<Option<Credential>, StoreError> {
        let found = self.find(secret).await?;
        Ok(found.filter(|credential| self.is_live(credential)))
    }

    /// Whether it still opens anything.
    pub fn is_live(&self, credential: &Credential) -> bool {
        credential.is_live(self.clock.now())
    }

    /// Whose secret it is, also if it opens nothing any more.
    ///
    /// # Errors
    ///
    /// If the store cannot be asked; the secret may be good.
    pub async fn find(&self, secret: &str) -> Result<Option<Credential>, StoreError> {
        let hash = secret_hash(secret);
        let now = self.clock.now();
        let forgotten = self.known().forgotten;
        if let AtHand::Fresh(found) = self.at_hand(&hash) {
            return Ok(Some(found));
        }
        let found = self.look_up(secret, &hash).await?;
        let mut known = self.known();
        match &found {
            // What was read before something was forgotten says whose it is, and not that it is good.
            // And what has ended is looked up each time, as what nobody has is: neither is refused
            // sooner than the other.
            Some(found) => {
                let is_good = known.forgotten == forgotten && self.is_live(found);
                let read_at = is_good.then_some(now);
                known.make_room(&hash);
                known.found.insert(hash, (read_at, found.clone()));
            }
            None => _ = known.found.remove(&hash),
        }
        Ok(found)
    }

    /// Whose secret it is, as far as that is known without asking the store.
    pub fn at_hand(&self, hash: &[u8; 32]) -> AtHand {
        let now = self.clock.now();
        match self.known().found.get(hash) {
            Some((Some(read_at), found)) if (now - *read_at).abs() < FRESH => {
                AtHand::Fresh(found.clone())
            }
            Some((_, found)) => AtHand::Stale(found.clone()),
            None => AtHand::Unknown,
        }
    }

    async fn look_up(
        &self,
        secret: &str,
        hash: &[u8; 32],
    ) -> Result<Option<Credential>, StoreError> {
        if secret.starts_with(SESSION_SECRET) {
            let found = self.people.session(hash).await?;
            return Ok(found.map(|logged_in| Credential::Session(Box::new(logged_in))));
        }
        Ok(self.reader.token_by_hash(hash).await?.map(Credential::Token))
    }

    /// Trusts no secret any more that is at hand, such as after a revocation in this process. Whose
    /// they were stays known, so that those callers are no strangers.
    pub fn forget(&self) {
        let mut known = self.known();
        known.found.values_mut().for_each(|(read_at, _)| *read_at = None);
        known.forgotten += 1;
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::token::Role;
    use uuid::Uuid;

    const NOON: OffsetDateTime = time::macros::datetime!(2026-03-01 12:00 UTC);

    fn hash(number: usize) -> [u8; 32] {
        secret_hash(&number.to_string())
    }

    #[test]
    fn whoever_is_one_too_many_is_remembered_instead_of_who_called_longest_ago() {
        let token = Token {
            token_id: TokenId::from_uuid(Uuid::nil()),
            store_id: "shop".parse().unwrap(),
            name: String::new(),
            made_by: None,
            role: Role::Viewer,
            scopes: vec![],
            expires_at: None,
            created_at: NOON,
            revoked_at: None,
        };
        let mut known = Known::default();
        let read = |known: &mut Known, number: usize, at: i64| {
            known.make_room(&hash(number));
            let found = (Some(NOON + Duration::seconds(at)), Credential::Token(token.clone()));
            known.found.insert(hash(number), found);
        };
        for number in 0..MAX_CACHED {
            read(&mut known, number, i64::from(number != 7));
        }
        // Who is at hand needs no other's room.
        read(&mut known, 8, 2);
        assert!(known.found.contains_key(&hash(7)));
        read(&mut known, MAX_CACHED, 2);
        assert_eq!(known.found.len(), MAX_CACHED);
        let gone: Vec<_> =
            (0..=MAX_CACHED).filter(|it| !known.found.contains_key(&hash(*it))).collect();
        assert_eq!(gone, [7]);
    }
}
