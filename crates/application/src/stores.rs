//! Stores, their settings and their tokens.

mod tokens;

pub use tokens::NewToken;

use crate::{
    Access, Answer, Caller, Core, Failure, Made, Request, Taken,
    access::Manager,
    store_step::{Known, StoreAsk, Written, any_store, existing},
};
use domain::{
    Currency,
    id::{StoreId, TokenId},
    store::{Store as StoreRecord, StoreFact, StoreSettings},
    token::Token,
};
use ports::{Claim, ClaimChange, ClaimKind, Page, PageRequest, StoreChange, Stored, Version};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Shows a store to its caller: the service's own rendering, stored as the answer.
pub type RenderStore<'r> = &'r (dyn Fn(&StoreRecord, Version) -> Vec<u8> + Sync);

#[derive(Clone)]
pub struct Stores {
    core: Arc<Core>,
    access: Access,
    signing: Arc<[String]>,
}

#[derive(Debug, Clone)]
pub struct NewStore {
    pub store_id: StoreId,
    pub name: String,
    pub merchant_guid: String,
    pub web_store_code: Option<String>,
    pub web_store_instance_code: Option<String>,
    pub currency: Currency,
    pub settings: StoreSettings,
}

/// What of a store is to change; the rest stays.
#[derive(Debug, Clone, Default)]
pub struct StorePatch {
    pub name: Option<String>,
    /// Empty takes it away; so with both codes.
    pub merchant_guid: Option<String>,
    pub web_store_code: Option<String>,
    pub web_store_instance_code: Option<String>,
    pub currency: Option<Currency>,
    /// Replaces all settings.
    pub settings: Option<StoreSettings>,
    /// The version that the caller knows.
    pub version: Option<i64>,
}

impl Stores {
    /// `signing`: adapters of shop systems that sign with a key which is made here if none is given.
    pub fn new(core: Arc<Core>, access: Access, signing: impl Into<Arc<[String]>>) -> Self {
        Self { core, access, signing: signing.into() }
    }

    /// The earlier answer to this very request. What a request is judged by may have changed since:
    /// settings, the time. A repetition is answered all the same.
    ///
    /// # Errors
    ///
    /// [`Failure::Store`] alone.
    pub async fn answered(
        &self,
        store_id: &StoreId,
        request: &Request,
    ) -> Result<Option<Answer>, Failure> {
        self.core.answered(store_id, request).await
    }

    /// # Errors
    ///
    /// [`Failure::Taken`] if the store id or the merchant GUID belongs to another store.
    pub async fn create(
        &self,
        caller: &Caller,
        request: &Request,
        mut new: NewStore,
        render: RenderStore<'_>,
    ) -> Result<Made, Failure> {
        let store_id = new.store_id.clone();
        let secret = self.core.signing_secret();
        let signs = self.sign_with(&secret, &mut new.settings);
        let written = self.write(
            caller,
            &store_id,
            request,
            |Known { store: found, beside: Beside { guid, .. }, now }| {
                if found.is_some() {
                    let key = new.store_id.to_string();
                    return Err(Failure::Taken { what: Taken::StoreId, key });
                }
                guid_is_free(guid, &new.store_id, &new.merchant_guid)?;
                let store = StoreRecord {
                    store_id: new.store_id.clone(),
                    name: new.name.clone(),
                    merchant_guid: new.merchant_guid.clone(),
                    web_store_code: new.web_store_code.clone(),
                    web_store_instance_code: new.web_store_instance_code.clone(),
                    currency: new.currency,
                    settings: new.settings.clone(),
                    settings_version: 1,
                    incidentals: 0,
                    created_at: now,
                };
                let claims = take_guid(&store).into_iter().collect();
                let fact = StoreFact::Created { store: Box::new(store.clone().without_secrets()) };
                let change = StoreChange { before: Version::NEW, after: store, facts: vec![fact] };
                let answer = render(&change.after, change.version());
                Ok(Written { claims, ..Written::of(change, answer) })
            },
            Needs { guid: Some(&new.merchant_guid), ..Needs::default() },
        );
        Ok(Made::of(written.await?, signs.then_some(secret)))
    }

    /// # Errors
    ///
    /// [`Failure::VersionMismatch`] if the caller knows an older version.
    pub async fn update(
        &self,
        caller: &Caller,
        store_id: &StoreId,
        request: &Request,
        patch: StorePatch,
        render: RenderStore<'_>,
    ) -> Result<Made, Failure> {
        let asked_guid = patch.merchant_guid.as_deref();
        let secret = self.core.signing_secret();
        let signs = AtomicBool::new(false);
        let written = self.write(
            caller,
            store_id,
            request,
            |Known { store: found, beside: Beside { guid, .. }, .. }| {
                let Stored { state: before, version } = existing(found, store_id)?;
                let actual = before.changes(version.0);
                if let Some(asked) = patch.version.filter(|asked| *asked != actual) {
                    return Err(Failure::VersionMismatch { asked, actual });
                }
                let mut after = patched(before.clone(), &patch);
                signs.store(self.sign_with(&secret, &mut after.settings), Ordering::Relaxed);
                let mut claims = Vec::new();
                if !same_guid(&after.merchant_guid, &before.merchant_guid) {
                    guid_is_free(guid, store_id, &after.merchant_guid)?;
                    claims.extend(take_guid(&after));
                    claims.extend(free_guid(&before));
                }
                let mut facts = Vec::new();
                if after != before {
                    // A refund is computed with both; its name and codes do not change a figure.
                    let settings = |store: &StoreRecord| (store.settings.clone(), store.currency);
                    after.settings_version += i64::from(settings(&after) != settings(&before));
                    facts.push(StoreFact::Updated {
                        store: Box::new(after.clone().without_secrets()),
                    });
                }
                let change = StoreChange { before: version, after, facts };
                let answer = render(&change.after, change.version());
                Ok(Written { claims, ..Written::of(change, answer) })
            },
            Needs { guid: asked_guid, ..Needs::default() },
        );
        let written = written.await?;
        Ok(Made::of(written, signs.into_inner().then_some(secret)))
    }

    /// Whether it is needed.
    fn sign_with(&self, secret: &str, settings: &mut StoreSettings) -> bool {
        let handover = settings.handover.as_mut().filter(|it| it.secret.is_empty());
        let Some(handover) = handover.filter(|it| self.signing.contains(&it.adapter)) else {
            return false;
        };
        secret.clone_into(&mut handover.secret);
        true
    }

    /// # Errors
    ///
    /// [`Failure::NotFound`] if there is no such store.
    pub async fn get(&self, store_id: &StoreId) -> Result<Stored<StoreRecord>, Failure> {
        let found = self.core.store.store(store_id).await?;
        existing(found, store_id)
    }

    /// The store with this merchant GUID, without regard to case. A GUID that nobody has is as much
    /// work as one that a store has, so that the time it takes tells nothing.
    ///
    /// # Errors
    ///
    /// [`Failure::Store`] alone.
    pub async fn by_guid(&self, guid: &str) -> Result<Option<Stored<StoreRecord>>, Failure> {
        let Some(any) = any_store() else { return Ok(None) };
        // No GUID has control characters, and not every database can be asked for them.
        if guid.chars().any(char::is_control) {
            return Ok(None);
        }
        let claim = self.core.store.claim(&any, ClaimKind::MerchantGuid, &guid_key(guid)).await?;
        let holder = claim.and_then(|claim| claim.holder.parse::<StoreId>().ok());
        let found = self.core.store.store(holder.as_ref().unwrap_or(&any)).await?;
        Ok(found.filter(|_| holder.is_some()))
    }

    /// # Errors
    ///
    /// [`Failure::Store`] alone.
    pub async fn list(
        &self,
        page: PageRequest<StoreId>,
    ) -> Result<Page<Stored<StoreRecord>, StoreId>, Failure> {
        Ok(self.core.reader.stores(page).await?)
    }

    async fn write(
        &self,
        caller: &Caller,
        store_id: &StoreId,
        request: &Request,
        decide: impl Fn(Known<Beside>) -> Result<Written, Failure> + Send + Sync,
        needs: Needs<'_>,
    ) -> Result<Answer, Failure> {
        let ask = StoreAsk { caller, store_id, request: Some(request) };
        let read = || async move {
            let guid = match needs.guid.filter(|guid| !guid.is_empty()) {
                Some(guid) => {
                    let key = guid_key(guid);
                    self.core.store.claim(store_id, ClaimKind::MerchantGuid, &key).await?
                }
                None => None,
            };
            let token = match needs.token {
                Some(token_id) => self.core.reader.token(store_id, token_id).await?,
                None => None,
            };
            let another = if needs.another_token {
                let maker = self.access.manager(caller, store_id).await?;
                let live = self.core.reader.count_live_tokens(store_id, self.core.now()).await?;
                Some(Another { maker, live })
            } else {
                None
            };
            Ok(Beside { guid, token, another })
        };
        self.core.write_store(ask, read, decide).await
    }
}

/// What a decision has to know beside the store.
#[derive(Clone, Copy, Default)]
struct Needs<'a> {
    guid: Option<&'a str>,
    token: Option<TokenId>,
    another_token: bool,
}

/// What was found of that.
struct Beside {
    /// Who holds the GUID.
    guid: Option<Claim>,
    token: Option<Token>,
    another: Option<Another>,
}

/// What it depends on whether there may be another token.
struct Another {
    maker: Manager,
    /// Tokens that the store has.
    live: u32,
}

/// Nobody can give back a secret that was never shown. It goes nowhere else than where it was for.
fn keep_secret(settings: &mut StoreSettings, held: &StoreSettings) {
    if let (Some(new), Some(held)) = (&mut settings.handover, &held.handover)
        && new.secret.is_empty()
        && (&new.adapter, &new.url) == (&held.adapter, &held.url)
    {
        new.secret.clone_from(&held.secret);
    }
}

fn patched(mut store: StoreRecord, patch: &StorePatch) -> StoreRecord {
    let patch = patch.clone();
    store.name = patch.name.unwrap_or(store.name);
    store.merchant_guid = patch.merchant_guid.unwrap_or(store.merchant_guid);
    let given = |code: Option<String>, held| {
        code.map_or(held, |code| Some(code).filter(|it| !it.is_empty()))
    };
    store.web_store_code = given(patch.web_store_code, store.web_store_code);
    store.web_store_instance_code =
        given(patch.web_store_instance_code, store.web_store_instance_code);
    store.currency = patch.currency.unwrap_or(store.currency);
    if let Some(mut settings) = patch.settings {
        keep_secret(&mut settings, &store.settings);
        store.settings = settings;
    }
    store
}

fn guid_is_free(claim: Option<Claim>, store_id: &StoreId, guid: &str) -> Result<(), Failure> {
    match claim {
        Some(claim) if claim.holder != store_id.as_str() => {
            Err(Failure::Taken { what: Taken::MerchantGuid, key: guid.to_owned() })
        }
        _ => Ok(()),
    }
}

/// Nothing for a store without a GUID.
fn take_guid(store: &StoreRecord) -> Option<ClaimChange> {
    let claim = Claim {
        store_id: store.store_id.clone(),
        kind: ClaimKind::MerchantGuid,
        key: guid_key(&store.merchant_guid),
        holder: store.store_id.to_string(),
        fingerprint: [0; 32],
    };
    (!store.merchant_guid.is_empty()).then_some(ClaimChange::Take(claim))
}

fn free_guid(store: &StoreRecord) -> Option<ClaimChange> {
    let free = ClaimChange::Free {
        store_id: store.store_id.clone(),
        kind: ClaimKind::MerchantGuid,
        key: guid_key(&store.merchant_guid),
        holder: store.store_id.to_string(),
    };
    (!store.merchant_guid.is_empty()).then_some(free)
}

fn guid_key(guid: &str) -> String {
    guid.to_lowercase()
}

fn same_guid(one: &str, other: &str) -> bool {
    guid_key(one) == guid_key(other)
}
