use domain::{
    id::{StoreId, TokenId},
    token::Token,
};
use ports::TokenUse;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use time::{Duration, OffsetDateTime};

/// The shortest time between two notes of the same token.
const APART: Duration = Duration::minutes(1);
/// Tokens that are remembered at a time.
const MAX_TOKENS: usize = 10_000;

/// When tokens were last used, on its way to where it is kept.
#[derive(Clone, Default)]
pub(super) struct Uses(Arc<Mutex<HashMap<TokenId, Used>>>);

struct Used {
    store_id: StoreId,
    at: OffsetDateTime,
    written: Option<OffsetDateTime>,
}

impl Used {
    fn is_new(&self) -> bool {
        self.written.is_none_or(|written| written < self.at)
    }
}

impl Uses {
    pub fn note(&self, token: &Token, at: OffsetDateTime) {
        let mut uses = self.lock();
        if let Some(used) = uses.get_mut(&token.token_id) {
            used.at = used.at.max(at);
        } else if uses.len() < MAX_TOKENS {
            let first = Used { store_id: token.store_id.clone(), at, written: None };
            uses.insert(token.token_id, first);
        }
    }

    /// What is to be written now. Whoever has not called for a while is forgotten.
    pub fn due(&self, now: OffsetDateTime) -> Vec<TokenUse> {
        let rested =
            |used: &Used| used.written.is_none_or(|written| (now - written).abs() >= APART);
        let mut uses = self.lock();
        uses.retain(|_, used| used.is_new() || !rested(used));
        told(uses.iter().filter(|(_, used)| used.is_new() && rested(used)))
    }

    pub fn unwritten(&self) -> Vec<TokenUse> {
        told(self.lock().iter().filter(|(_, used)| used.is_new()))
    }

    pub fn written(&self, uses: &[TokenUse]) {
        let mut held = self.lock();
        for written in uses {
            if let Some(used) = held.get_mut(&written.token_id) {
                used.written = Some(written.at);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TokenId, Used>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn told<'u>(uses: impl Iterator<Item = (&'u TokenId, &'u Used)>) -> Vec<TokenUse> {
    let told = |(token_id, used): (&TokenId, &Used)| TokenUse {
        store_id: used.store_id.clone(),
        token_id: *token_id,
        at: used.at,
    };
    uses.map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::token::Role;
    use uuid::Uuid;

    const NOON: OffsetDateTime = time::macros::datetime!(2026-03-01 12:00 UTC);

    fn token(number: u128) -> Token {
        Token {
            token_id: TokenId::from_uuid(Uuid::from_u128(number)),
            store_id: "shop".parse().unwrap(),
            name: String::new(),
            made_by: None,
            role: Role::Viewer,
            scopes: vec![],
            expires_at: None,
            created_at: NOON,
            revoked_at: None,
        }
    }

    fn minute(minute: i64) -> OffsetDateTime {
        NOON + Duration::minutes(minute)
    }

    #[test]
    fn a_use_is_told_at_once_and_then_once_a_minute() {
        let uses = Uses::default();
        uses.note(&token(1), NOON);
        let told = uses.due(NOON);
        assert_eq!(told.iter().map(|told| told.at).collect::<Vec<_>>(), [NOON]);
        // Until it is known to be written, it is told again.
        assert_eq!(uses.due(NOON), told);
        uses.written(&told);
        let soon = NOON + Duration::seconds(59);
        uses.note(&token(1), soon);
        assert_eq!(uses.due(soon), []);
        assert_eq!(uses.unwritten()[0].at, soon);
        let told = uses.due(minute(1));
        assert_eq!(told[0].at, soon);
        // What came while it was written is not lost.
        uses.note(&token(1), minute(1));
        uses.written(&told);
        assert_eq!(uses.due(minute(2))[0].at, minute(1));
    }

    #[test]
    fn memory_is_bounded_and_given_back() {
        let uses = Uses::default();
        for number in 0..=MAX_TOKENS {
            uses.note(&token(u128::try_from(number).unwrap()), NOON);
        }
        let told = uses.due(NOON);
        assert_eq!(told.len(), MAX_TOKENS);
        uses.written(&told);
        assert_eq!(uses.due(minute(2)), []);
        assert!(uses.lock().is_empty());
    }
}
