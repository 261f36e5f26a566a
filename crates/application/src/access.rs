//! Whose secret is it?

use domain::token::Token;
use ports::{Clock, Reader, StoreError};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use time::{Duration, OffsetDateTime};

/// How long a token is taken on trust before it is looked up again: a revocation in another
/// process takes effect within this time.
const FRESH: Duration = Duration::seconds(1);
/// Tokens kept at hand.
const MAX_CACHED: usize = 10_000;

/// Looks tokens up by the hash of their secret. Unknown secrets are not remembered, so that
/// nobody can fill the memory with guesses.
#[derive(Clone)]
pub struct Access {
    reader: Arc<dyn Reader>,
    clock: Arc<dyn Clock>,
    known: Arc<Mutex<Known>>,
}

/// By hash: when it was read, and what was read.
type Known = HashMap<[u8; 32], (OffsetDateTime, Token)>;

/// The form in which a secret is kept and looked up.
pub fn secret_hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

impl Access {
    pub fn new(reader: Arc<dyn Reader>, clock: Arc<dyn Clock>) -> Self {
        Self { reader, clock, known: Arc::default() }
    }

    /// The token of this secret, if it still opens anything.
    ///
    /// # Errors
    ///
    /// If the store cannot be asked; the secret may be good.
    pub async fn token(&self, secret: &str) -> Result<Option<Token>, StoreError> {
        let found = self.find(secret).await?;
        Ok(found.filter(|token| self.is_live(token)))
    }

    /// Whether it still opens anything.
    pub fn is_live(&self, token: &Token) -> bool {
        token.is_live(self.clock.now())
    }

    /// The token of this secret, also one that opens nothing any more.
    ///
    /// # Errors
    ///
    /// If the store cannot be asked; the secret may be good.
    pub async fn find(&self, secret: &str) -> Result<Option<Token>, StoreError> {
        let hash = secret_hash(secret);
        let now = self.clock.now();
        let known = self.known().get(&hash).cloned();
        match known {
            Some((read_at, token)) if (now - read_at).abs() < FRESH => Ok(Some(token)),
            _ => {
                let found = self.reader.token_by_hash(&hash).await?;
                let mut known = self.known();
                match &found {
                    Some(token) => {
                        if known.len() >= MAX_CACHED {
                            known.clear();
                        }
                        known.insert(hash, (now, token.clone()));
                    }
                    None => _ = known.remove(&hash),
                }
                Ok(found)
            }
        }
    }

    /// Forgets every token, such as after a revocation in this process.
    pub fn forget(&self) {
        self.known().clear();
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
