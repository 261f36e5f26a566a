//! `meridian token`.

use crate::{
    cli::{NewToken, Role, TokenCommand},
    desk::Desk,
    system::SystemIds,
};
use meridian::settings::Settings;
use ports::Ids as _;
use std::error::Error;
use wire::stores::v1::{self as proto, CreateTokenRequest, RevokeTokenRequest};

pub async fn run(settings: Settings, command: TokenCommand) -> Result<(), Box<dyn Error>> {
    let desk = Desk::open(&settings).await?;
    let request_id = SystemIds.next().to_string();
    match command {
        TokenCommand::Create(NewToken { store, role, name, scopes }) => {
            let request = CreateTokenRequest {
                store_id: store,
                request_id,
                name,
                role: self::role(role).into(),
                scopes,
                expire_time: None,
            };
            let made = desk.stores().create_token(request).await.map_err(said)?.into_inner();
            let token = made.token.unwrap_or_default();
            println!("{} {}", token.token_id, token.secret);
        }
        TokenCommand::Revoke { store, token_id } => {
            let request = RevokeTokenRequest { store_id: store, token_id, request_id };
            let revoked = desk.stores().revoke_token(request).await.map_err(said)?.into_inner();
            println!("{} is revoked", revoked.token.unwrap_or_default().token_id);
        }
    }
    Ok(())
}

/// What a service said, without the wrapping of a call.
#[expect(clippy::needless_pass_by_value, reason = "map_err gives it away")]
pub fn said(status: tonic::Status) -> Box<dyn Error> {
    status.message().to_owned().into()
}

const fn role(role: Role) -> proto::Role {
    match role {
        Role::Viewer => proto::Role::Viewer,
        Role::Agent => proto::Role::Agent,
        Role::Manager => proto::Role::Manager,
        Role::Storefront => proto::Role::Storefront,
        Role::Service => proto::Role::Service,
        Role::Platform => proto::Role::Platform,
    }
}
