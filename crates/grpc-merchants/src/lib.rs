//! What a merchant has beside orders: parse, run the use case, render.
//!
//! `meridian.stores.v1.StoreService` is [`MerchantsGrpc`], `meridian.events.v1.EventService`
//! [`EventsGrpc`], `meridian.webhooks.v1.WebhookService` [`WebhooksGrpc`].

mod accounts;
mod events;
mod from_wire;
mod to_wire;
mod webhooks;

pub use accounts::AccountsGrpc;
pub use events::EventsGrpc;
pub use webhooks::WebhooksGrpc;

use application::{Answer, Failure, Made, Missing, Request as Command, Stores};
use domain::{
    Currencies,
    id::{StoreId, TokenId},
    store::Store,
    token::{Role, Token},
};
use from_wire::Known;
use grpc_kit::{
    Admitted, Fields, Principal, admit, admit_any, another_store, fingerprint, next_token, page,
    read_answer, refusal, to_its_end, within_message,
};
use ports::{Clock, Version};
use prost::Message;
use std::sync::Arc;
use tonic::{Request, Response, Status};
use wire::stores::v1::{self as proto, store_service_server::StoreService};

#[derive(Clone)]
pub struct MerchantsGrpc {
    stores: Stores,
    known: Known,
    clock: Arc<dyn Clock>,
}

impl MerchantsGrpc {
    /// `adapters`: the names of the shop systems that a store may have its orders pushed into.
    pub fn new(
        stores: Stores,
        currencies: Currencies,
        adapters: Vec<String>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { stores, known: Known { currencies, adapters }, clock }
    }
}

#[tonic::async_trait]
impl StoreService for MerchantsGrpc {
    async fn create_store(
        &self,
        request: Request<proto::CreateStoreRequest>,
    ) -> Result<Response<proto::CreateStoreResponse>, Status> {
        let admitted = admit(&request, "CreateStore", &request.get_ref().store_id)?;
        let message = request.into_inner();
        let mut fields = Fields::new();
        let id = fields.request_id(&message.request_id, &admitted);
        let new = from_wire::new_store(&mut fields, &admitted.store_id, &message, &self.known);
        fields.finish()?;
        let Some(new) = new else { return Err(refusal::internal()) };
        let content = proto::CreateStoreRequest { request_id: String::new(), ..message };
        let command = fingerprint(id, "CreateStore", &content);
        let stores = self.stores.clone();
        let store = to_its_end(async move {
            read_made(stores.create(&admitted.caller, &command, new, &render).await)
        })
        .await?;
        Ok(Response::new(proto::CreateStoreResponse { store: Some(store) }))
    }

    async fn get_store(
        &self,
        request: Request<proto::GetStoreRequest>,
    ) -> Result<Response<proto::GetStoreResponse>, Status> {
        let Admitted { store_id, principal, .. } =
            admit(&request, "GetStore", &request.get_ref().store_id)?;
        let found = self.stores.get(&store_id).await.map_err(|failure| refusal::of(&failure))?;
        let store = Some(shown(to_wire::store(&found.state, found.version), &principal));
        Ok(Response::new(proto::GetStoreResponse { store }))
    }

    async fn update_store(
        &self,
        request: Request<proto::UpdateStoreRequest>,
    ) -> Result<Response<proto::UpdateStoreResponse>, Status> {
        let admitted = admit(&request, "UpdateStore", &request.get_ref().store_id)?;
        let message = request.into_inner();
        let held =
            self.stores.get(&admitted.store_id).await.map_err(|failure| refusal::of(&failure))?;
        let mut fields = Fields::new();
        let id = fields.request_id(&message.request_id, &admitted);
        let has_id = fields.nothing_wrong();
        // Trying GUIDs out would tell a merchant which ones other stores have.
        if message.merchant_guid.is_some() && admitted.principal.role != Role::Platform {
            return Err(refusal::denied(admitted.principal.role, "UpdateStore of merchant_guid"));
        }
        let patch = from_wire::patch(&mut fields, &message, &held.state, &self.known);
        let content = proto::UpdateStoreRequest { request_id: String::new(), ..message };
        let command = fingerprint(id, "UpdateStore", &content);
        if let Err(refused) = fields.finish() {
            // The store's currency may have been another one when this very request was taken.
            let first = if has_id { self.answered(&admitted, &command).await? } else { None };
            let store = Some(read_answer(Ok(first.ok_or(refused)?))?);
            return Ok(Response::new(proto::UpdateStoreResponse { store }));
        }
        let stores = self.stores.clone();
        let store = to_its_end(async move {
            let Admitted { caller, store_id, .. } = &admitted;
            read_made(stores.update(caller, store_id, &command, patch, &render).await)
        })
        .await?;
        Ok(Response::new(proto::UpdateStoreResponse { store: Some(store) }))
    }

    async fn list_stores(
        &self,
        request: Request<proto::ListStoresRequest>,
    ) -> Result<Response<proto::ListStoresResponse>, Status> {
        admit_any(&request, "ListStores")?;
        let message = request.into_inner();
        let list = proto::ListStoresRequest::default();
        let mut fields = Fields::new();
        let page = page::<StoreId>(&mut fields, message.page_size, &message.page_token, &list);
        fields.finish()?;
        let found = self.stores.list(page).await.map_err(|failure| refusal::of(&failure))?;
        let (stores, next) = within_message(
            found,
            |found| to_wire::store(&found.state, found.version),
            |found| found.state.store_id.clone(),
        );
        let next_page_token = next_token(next, &list);
        Ok(Response::new(proto::ListStoresResponse { stores, next_page_token }))
    }

    async fn create_token(
        &self,
        request: Request<proto::CreateTokenRequest>,
    ) -> Result<Response<proto::CreateTokenResponse>, Status> {
        let admitted = admit(&request, "CreateToken", &request.get_ref().store_id)?;
        let message = request.into_inner();
        // What reaches beyond one merchant's own staff is the platform's to give.
        if matches!(message.role(), proto::Role::Platform | proto::Role::Service)
            && admitted.principal.role != Role::Platform
        {
            return Err(refusal::denied(admitted.principal.role, "CreateToken of this role"));
        }
        let mut fields = Fields::new();
        let id = fields.request_id(&message.request_id, &admitted);
        let has_id = fields.nothing_wrong();
        let new = from_wire::new_token(&mut fields, &message, self.clock.now());
        let content = proto::CreateTokenRequest { request_id: String::new(), ..message };
        let command = fingerprint(id, "CreateToken", &content);
        if let Err(refused) = fields.finish() {
            // A token that has expired meanwhile was in time when this very request was taken.
            let first = if has_id { self.answered(&admitted, &command).await? } else { None };
            let token = Some(read_answer(Ok(first.ok_or(refused)?))?);
            return Ok(Response::new(proto::CreateTokenResponse { token }));
        }
        let Some(new) = new else { return Err(refusal::internal()) };
        let stores = self.stores.clone();
        let token = to_its_end(async move {
            let Admitted { caller, store_id, .. } = &admitted;
            let made = stores.create_token(caller, store_id, &command, new, &render_token).await;
            let Made { answer, secret } = made.map_err(|failure| refusal::of(&failure))?;
            let token: proto::Token = read_answer(Ok(answer))?;
            Ok(proto::Token { secret: secret.unwrap_or_default(), ..token })
        })
        .await?;
        Ok(Response::new(proto::CreateTokenResponse { token: Some(token) }))
    }

    async fn list_tokens(
        &self,
        request: Request<proto::ListTokensRequest>,
    ) -> Result<Response<proto::ListTokensResponse>, Status> {
        let Admitted { store_id, principal, .. } =
            admit(&request, "ListTokens", &request.get_ref().store_id)?;
        let message = request.into_inner();
        let list = proto::ListTokensRequest {
            store_id: message.store_id,
            ..proto::ListTokensRequest::default()
        };
        let mut fields = Fields::new();
        let page = page::<TokenId>(&mut fields, message.page_size, &message.page_token, &list);
        fields.finish()?;
        let found = self.stores.tokens(&store_id, page).await;
        let found = found.map_err(|failure| refusal::of(&failure))?;
        let tokens = found.items.iter().filter(|(token, _)| sees(&principal, token));
        let tokens = tokens.map(|(token, used)| proto::Token {
            last_use_time: used.map(grpc_kit::timestamp),
            ..to_wire::token(token)
        });
        let tokens = tokens.collect();
        let next_page_token = next_token(found.next, &list);
        Ok(Response::new(proto::ListTokensResponse { tokens, next_page_token }))
    }

    async fn revoke_token(
        &self,
        request: Request<proto::RevokeTokenRequest>,
    ) -> Result<Response<proto::RevokeTokenResponse>, Status> {
        let admitted = admit(&request, "RevokeToken", &request.get_ref().store_id)?;
        let message = request.into_inner();
        let mut fields = Fields::new();
        let id = fields.request_id(&message.request_id, &admitted);
        fields.finish()?;
        let token_id: TokenId = message.token_id.parse().map_err(|_| {
            refusal::of(&Failure::not_found(Missing::Token, message.token_id.clone()))
        })?;
        let content = proto::RevokeTokenRequest { request_id: String::new(), ..message };
        let command = fingerprint(id, "RevokeToken", &content);
        let stores = self.stores.clone();
        let token = to_its_end(async move {
            let Admitted { caller, store_id, principal, .. } = &admitted;
            let held = stores.token(store_id, token_id).await;
            let held = held.map_err(|failure| refusal::of(&failure))?;
            if !sees(principal, &held) {
                let id = token_id.to_string();
                return Err(refusal::of(&Failure::not_found(Missing::Token, id)));
            }
            let answer =
                stores.revoke_token(caller, store_id, &command, token_id, &render_token).await;
            read_answer(answer)
        })
        .await?;
        Ok(Response::new(proto::RevokeTokenResponse { token: Some(token) }))
    }

    async fn resolve_merchant(
        &self,
        request: Request<proto::ResolveMerchantRequest>,
    ) -> Result<Response<proto::ResolveMerchantResponse>, Status> {
        let principal = admit_any(&request, "ResolveMerchant")?;
        let guid = &request.get_ref().merchant_guid;
        let found = match &principal.store_id {
            // Another store's GUID is never looked up, so that no answer and no delay tells whether
            // anybody has it. No GUID means the store of the caller's own token.
            Some(own) => {
                let own = self.stores.get(own).await.map_err(|failure| refusal::of(&failure))?;
                let same = guid.is_empty() || own.state.has_guid(guid);
                Some(own).filter(|_| same)
            }
            None => self.stores.by_guid(guid).await.map_err(|failure| refusal::of(&failure))?,
        };
        let found = found.ok_or_else(|| another_store(&principal, guid))?;
        let store = Some(shown(to_wire::store(&found.state, found.version), &principal));
        Ok(Response::new(proto::ResolveMerchantResponse { store }))
    }
}

impl MerchantsGrpc {
    /// What this very request was answered before.
    async fn answered(
        &self,
        admitted: &Admitted,
        command: &Command,
    ) -> Result<Option<Answer>, Status> {
        let answer = self.stores.answered(&admitted.store_id, command).await;
        answer.map_err(|failure| refusal::of(&failure))
    }
}

/// The platform's own tokens are none of a merchant's business, nor are its services'.
fn sees(principal: &Principal, token: &Token) -> bool {
    principal.role == Role::Platform || !matches!(token.role, Role::Platform | Role::Service)
}

/// Where the GUID alone is a credential, whoever may only read must not learn it.
fn shown(store: proto::Store, principal: &Principal) -> proto::Store {
    if principal.role == Role::Viewer {
        return proto::Store { merchant_guid: String::new(), ..store };
    }
    store
}

/// The stored answer: what every repetition of the request is given again.
fn render(store: &Store, version: Version) -> Vec<u8> {
    to_wire::store(store, version).encode_to_vec()
}

fn render_token(token: &Token) -> Vec<u8> {
    to_wire::token(token).encode_to_vec()
}

/// With the secret that was made for its hand-over, this once.
fn read_made(made: Result<Made, Failure>) -> Result<proto::Store, Status> {
    let Made { answer, secret } = made.map_err(|failure| refusal::of(&failure))?;
    let mut store: proto::Store = read_answer(Ok(answer))?;
    let handover = store.settings.as_mut().and_then(|settings| settings.handover.as_mut());
    if let (Some(handover), Some(secret)) = (handover, secret) {
        handover.secret = secret;
    }
    Ok(store)
}
