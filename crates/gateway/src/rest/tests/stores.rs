//! A store service that shows what reached it.

use tonic::{Code, Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt};
use wire::stores::v1::{
    CreateStoreRequest, CreateStoreResponse, CreateTokenRequest, CreateTokenResponse,
    GetStoreRequest, GetStoreResponse, ListStoresRequest, ListStoresResponse, ListTokensRequest,
    ListTokensResponse, ResolveMerchantRequest, ResolveMerchantResponse, RevokeTokenRequest,
    RevokeTokenResponse, Store, Token, UpdateStoreRequest, UpdateStoreResponse,
    store_service_server::StoreService,
};

pub struct Stores;

#[tonic::async_trait]
impl StoreService for Stores {
    async fn create_store(
        &self,
        request: Request<CreateStoreRequest>,
    ) -> Result<Response<CreateStoreResponse>, Status> {
        let CreateStoreRequest { store_id, name, settings, .. } = request.into_inner();
        let store = Some(Store { store_id, name, settings, ..Store::default() });
        Ok(Response::new(CreateStoreResponse { store }))
    }

    async fn get_store(
        &self,
        request: Request<GetStoreRequest>,
    ) -> Result<Response<GetStoreResponse>, Status> {
        let asked = [("store_id".to_owned(), request.into_inner().store_id)];
        let details = ErrorDetails::with_error_info("STORE_NOT_FOUND", "meridian", asked);
        Err(Status::with_error_details(Code::NotFound, "no such store", details))
    }

    async fn update_store(
        &self,
        request: Request<UpdateStoreRequest>,
    ) -> Result<Response<UpdateStoreResponse>, Status> {
        let UpdateStoreRequest { store_id, name, .. } = request.into_inner();
        let name = name.unwrap_or_default();
        let store = Some(Store { store_id, name, ..Store::default() });
        Ok(Response::new(UpdateStoreResponse { store }))
    }

    async fn list_stores(
        &self,
        request: Request<ListStoresRequest>,
    ) -> Result<Response<ListStoresResponse>, Status> {
        let ListStoresRequest { page_size, page_token } = request.into_inner();
        let next_page_token = format!("{page_size} {page_token}");
        Ok(Response::new(ListStoresResponse { stores: Vec::new(), next_page_token }))
    }

    async fn resolve_merchant(
        &self,
        _: Request<ResolveMerchantRequest>,
    ) -> Result<Response<ResolveMerchantResponse>, Status> {
        Err(Status::unauthenticated("no token"))
    }

    async fn create_token(
        &self,
        request: Request<CreateTokenRequest>,
    ) -> Result<Response<CreateTokenResponse>, Status> {
        let shown = ["authorization", "idempotency-key", "grpc-timeout"];
        let shown =
            shown.map(|name| request.metadata().get(name).unwrap().to_str().unwrap().to_owned());
        let CreateTokenRequest { request_id, name, .. } = request.into_inner();
        let token =
            Token { token_id: request_id, name, scopes: shown.to_vec(), ..Token::default() };
        Ok(Response::new(CreateTokenResponse { token: Some(token) }))
    }

    async fn list_tokens(
        &self,
        _: Request<ListTokensRequest>,
    ) -> Result<Response<ListTokensResponse>, Status> {
        Err(Status::unavailable("closed"))
    }

    async fn revoke_token(
        &self,
        _: Request<RevokeTokenRequest>,
    ) -> Result<Response<RevokeTokenResponse>, Status> {
        Err(Status::unavailable("closed"))
    }
}
