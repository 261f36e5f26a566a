//! Who is logged in where.

use crate::failure::refused;
use domain::{order::FailureClass, store::Handover};
use ports::PushFailure;
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// The shops' bearer tokens, in memory only.
#[derive(Default)]
pub(super) struct Sessions(Mutex<HashMap<Key, SecretString>>);

/// By shop, user and password: a store with a wrong password has no session of another's.
type Key = [u8; 32];

pub(super) struct Login<'t> {
    pub user: &'t str,
    pub password: &'t str,
}

impl<'t> Login<'t> {
    pub(super) fn of(target: &'t Handover) -> Result<Self, PushFailure> {
        let (user, password) = target.secret.split_once(':').unwrap_or_default();
        if user.is_empty() || password.is_empty() {
            let text = "the store's secret is no login; expected user:password";
            return Err(refused(FailureClass::Authentication, text));
        }
        Ok(Self { user, password })
    }
}

impl Sessions {
    /// Sessions that are kept. Those of changed passwords go when there are so many.
    const MAX: usize = 10_000;

    pub(super) fn get(&self, target: &Handover) -> Option<SecretString> {
        self.lock().get(&key(target)).cloned()
    }

    pub(super) fn put(&self, target: &Handover, token: SecretString) {
        let mut sessions = self.lock();
        if sessions.len() >= Self::MAX {
            sessions.clear();
        }
        sessions.insert(key(target), token);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, SecretString>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(target: &Handover) -> Key {
    // A URL has no zero byte.
    Sha256::new()
        .chain_update(&target.url)
        .chain_update([0])
        .chain_update(&target.secret)
        .finalize()
        .into()
}
