//! Tokens: made and revoked as a part of their store, which they change with.

use super::{Another, Beside, Needs, Stores};
use crate::{
    Answer, Caller, Failure, Made, Missing, Request, secret_hash,
    store_step::{Known, Written, existing},
};
use domain::{
    Reason, Rejection,
    id::{StoreId, TokenId},
    store::StoreFact,
    token::{MAX_TOKENS, Role, Token},
};
use ports::{Page, PageRequest, StoreChange, Stored, TokenChange};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use time::OffsetDateTime;

/// Shows a token without its secret.
pub type RenderToken<'r> = &'r (dyn Fn(&Token) -> Vec<u8> + Sync);

#[derive(Debug, Clone)]
pub struct NewToken {
    pub name: String,
    pub role: Role,
    pub scopes: Vec<String>,
    pub expires_at: Option<OffsetDateTime>,
}

impl Stores {
    /// Makes a token and shows its secret, this once.
    ///
    /// # Errors
    ///
    /// [`Failure::NotFound`] if there is no such store, and [`Failure::Rejected`] if it has as many
    /// tokens as it may have.
    pub async fn create_token(
        &self,
        caller: &Caller,
        store_id: &StoreId,
        request: &Request,
        new: NewToken,
        render: RenderToken<'_>,
    ) -> Result<Made, Failure> {
        let secret = self.core.bearer_secret("mrd_");
        let token_id = TokenId::from_uuid(self.core.ids.next());
        let answer = self
            .write(
                caller,
                store_id,
                request,
                |Known { store: found, beside: Beside { another, .. }, now }| {
                    let Stored { state, version } = existing(found, store_id)?;
                    if let Some(Another { maker, live }) = another {
                        maker.still(request.method)?;
                        room_for_another(live)?;
                    }
                    let token = Token {
                        token_id,
                        store_id: store_id.clone(),
                        name: new.name.clone(),
                        made_by: Some(caller.actor.person()),
                        role: new.role,
                        scopes: new.scopes.clone(),
                        expires_at: new.expires_at,
                        created_at: now,
                        revoked_at: None,
                    };
                    let answer = render(&token);
                    let fact = StoreFact::TokenCreated { token: Box::new(token.clone()) };
                    let change = StoreChange { before: version, after: state, facts: vec![fact] };
                    let token = Some(TokenChange { token, hash: Some(secret_hash(&secret)) });
                    Ok(Written { token, ..Written::of(change, answer) })
                },
                Needs { another_token: true, ..Needs::default() },
            )
            .await?;
        Ok(Made::of(answer, Some(secret)))
    }

    /// With when each of them was last used.
    ///
    /// # Errors
    ///
    /// [`Failure::Store`] alone.
    pub async fn tokens(
        &self,
        store_id: &StoreId,
        page: PageRequest<TokenId>,
    ) -> Result<Page<(Token, Option<OffsetDateTime>), TokenId>, Failure> {
        let Page { items, next } = self.core.reader.tokens(store_id, page).await?;
        let ids: Vec<_> = items.iter().map(|token| token.token_id).collect();
        let uses = self.access.last_uses(store_id, &ids).await?;
        let with_last = |token: Token| {
            let at = uses.get(&token.token_id).copied();
            (token, at)
        };
        Ok(Page { items: items.into_iter().map(with_last).collect(), next })
    }

    /// # Errors
    ///
    /// [`Failure::NotFound`] if the store has no such token.
    pub async fn token(&self, store_id: &StoreId, token_id: TokenId) -> Result<Token, Failure> {
        let held = self.core.reader.token(store_id, token_id).await?;
        held.ok_or_else(|| Failure::not_found(Missing::Token, token_id.to_string()))
    }

    /// # Errors
    ///
    /// [`Failure::NotFound`] if the store has no such token.
    pub async fn revoke_token(
        &self,
        caller: &Caller,
        store_id: &StoreId,
        request: &Request,
        token_id: TokenId,
        render: RenderToken<'_>,
    ) -> Result<Answer, Failure> {
        let is_revoked = AtomicBool::new(false);
        let answer = self
            .write(
                caller,
                store_id,
                request,
                |Known { store: found, beside: Beside { token: held, .. }, now }| {
                    let Stored { state, version } = existing(found, store_id)?;
                    let missing = || Failure::not_found(Missing::Token, token_id.to_string());
                    let mut token = held.ok_or_else(missing)?;
                    let (mut facts, mut changed) = (Vec::new(), None);
                    is_revoked.store(token.revoked_at.is_none(), Relaxed);
                    if token.revoked_at.is_none() {
                        token.revoked_at = Some(now);
                        facts.push(StoreFact::TokenRevoked { token_id });
                        changed = Some(TokenChange { token: token.clone(), hash: None });
                    }
                    let answer = render(&token);
                    let change = StoreChange { before: version, after: state, facts };
                    Ok(Written { token: changed, ..Written::of(change, answer) })
                },
                Needs { token: Some(token_id), ..Needs::default() },
            )
            .await?;
        // Whoever says it again costs nobody a look-up.
        if is_revoked.into_inner() {
            self.access.forget();
        }
        Ok(answer)
    }
}

fn room_for_another(live: u32) -> Result<(), Rejection> {
    if live < MAX_TOKENS {
        return Ok(());
    }
    let text =
        format!("the store has {live} tokens that have not ended, and may have {MAX_TOKENS}");
    let refused = Rejection::new(Reason::TooManyTokens, text);
    Err(refused.with("tokens", live).with("limit", MAX_TOKENS))
}
