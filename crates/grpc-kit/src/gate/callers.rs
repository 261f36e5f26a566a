//! Who calls, by the headers of the call.

use super::places::{Full, Places, Room};
use crate::{
    Principal,
    open::{Ask, Asked},
    refusal,
};
use application::{Access, AtHand, Credential, Denials, Stores, secret_hash};
use domain::Denial;
use http::HeaderMap;
use ports::Stored;
use secrecy::{ExposeSecret as _, SecretString};
use std::time::Duration;
use tonic::Status;

/// Secrets that are looked up at the same time, of callers who were known a moment ago.
const MAX_KNOWN: Room =
    Room { places: 64, per_store: 32, queue: 1_024, patience: Duration::from_secs(1) };

/// The same of everybody else. They have places of their own: whoever comes with nothing but guesses
/// is in the way of those alone who were not here before.
const MAX_STRANGERS: Room =
    Room { places: 16, per_store: 16, queue: 256, patience: Duration::from_secs(1) };

#[derive(Clone)]
pub(super) struct Callers {
    access: Access,
    stores: Stores,
    denials: Denials,
    bootstrap: Option<[u8; 32]>,
    known: Places,
    strangers: Places,
}

impl Callers {
    pub fn new(access: Access, stores: Stores, denials: Denials, bootstrap: Option<&str>) -> Self {
        Self {
            access,
            stores,
            denials,
            bootstrap: bootstrap.map(secret_hash),
            known: Places::new(MAX_KNOWN),
            strangers: Places::new(MAX_STRANGERS),
        }
    }

    pub async fn identify(&self, headers: &HeaderMap, method: &str) -> Result<Principal, Status> {
        let header = |name: &str| headers.get(name)?.to_str().ok();
        if let Some(authorization) = header("authorization") {
            let (scheme, secret) = authorization.split_once(' ').unwrap_or_default();
            if !scheme.eq_ignore_ascii_case("bearer") {
                return Err(refusal::unauthenticated());
            }
            return self.by_secret(secret, method).await;
        }
        match header("x-merchant-guid") {
            Some(guid) => self.by_guid(guid, method).await,
            None => Err(refusal::unauthenticated()),
        }
    }

    async fn by_secret(&self, secret: &str, method: &str) -> Result<Principal, Status> {
        let hash = secret_hash(secret);
        // Hashes are compared, so that the time it takes tells nothing about the secret.
        if self.bootstrap.is_some_and(|bootstrap| bootstrap == hash) {
            return Ok(Principal::bootstrap());
        }
        let place = match self.access.at_hand(&hash) {
            AtHand::Fresh(found) => return self.if_live(found, method),
            AtHand::Stale(found) => self.known.take(&Principal::from(found).share()).await,
            AtHand::Unknown => self.strangers.take("").await,
        };
        let _place = place.map_err(|Full| refusal::overloaded())?;
        let found = self.access.find(secret).await;
        let found = found.map_err(|error| refusal::of(&error.into()))?;
        let found = found.ok_or_else(|| {
            tracing::warn!(method, "a secret that nobody has was denied");
            refusal::unauthenticated()
        })?;
        self.if_live(found, method)
    }

    fn if_live(&self, found: Credential, method: &str) -> Result<Principal, Status> {
        if self.access.is_live(&found) {
            self.access.used(&found);
            return Ok(found.into());
        }
        Err(self.unauthenticated("TOKEN_ENDED", &found.into(), method))
    }

    /// A GUID is no secret, so that everybody who shows one is a stranger.
    async fn by_guid(&self, guid: &str, method: &str) -> Result<Principal, Status> {
        let _place = self.strangers.take("").await.map_err(|Full| refusal::overloaded())?;
        let store = self.stores.by_guid(guid).await.map_err(|failure| refusal::of(&failure))?;
        let Some(Stored { state: store, .. }) = store else {
            // Not which one: where it is a credential it has no place in a log.
            tracing::warn!("an unknown merchant GUID was denied");
            return Err(refusal::unauthenticated());
        };
        let principal = Principal::merchant_guid(&store);
        if store.settings.guid_alone {
            Ok(principal)
        } else {
            Err(self.unauthenticated("TOKEN_NEEDED", &principal, method))
        }
    }

    /// Refused in the words for everybody who is not known, and noted where it is known who it is.
    fn unauthenticated(&self, reason: &str, principal: &Principal, method: &str) -> Status {
        tracing::warn!(actor = principal.actor.id, reason, "a caller was denied");
        if let Some(store_id) = &principal.store_id {
            self.denials.note(store_id, &principal.actor, Denial::new(reason, method, None));
        }
        refusal::unauthenticated()
    }

    /// Asks whether a token is still one. Where the store cannot be asked, that is not the caller's
    /// fault. The platform's token of the configuration does not end.
    pub fn still_valid(&self, headers: &HeaderMap) -> Option<Ask> {
        let (_, secret) = headers.get("authorization")?.to_str().ok()?.split_once(' ')?;
        if self.bootstrap.is_some_and(|hash| hash == secret_hash(secret)) {
            return None;
        }
        let (access, secret) = (self.access.clone(), SecretString::from(secret));
        Some(Box::new(move || -> Asked {
            let (access, secret) = (access.clone(), secret.clone());
            Box::pin(async move { !matches!(access.live(secret.expose_secret()).await, Ok(None)) })
        }))
    }
}
