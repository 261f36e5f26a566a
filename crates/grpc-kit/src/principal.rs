use domain::{
    Actor, ActorKind,
    id::StoreId,
    store::Store,
    token::{Role, Token},
};

/// Who calls, as the gate found out.
#[derive(Debug, Clone)]
pub struct Principal {
    pub actor: Actor,
    pub role: Role,
    /// The one store it may act for; `None` for the platform, which may act for every store.
    pub store_id: Option<StoreId>,
    /// What a service may do.
    pub scopes: Vec<String>,
    /// Known by nothing but a merchant's GUID.
    pub by_guid: bool,
}

/// The scopes that a service's token may have.
pub const SCOPES: &[&str] = &[
    "cancellations:read",
    "cancellations:write",
    "events:read",
    "orders:read",
    "orders:write",
    "payments:write",
    "refunds:read",
    "refunds:write",
    "screening:write",
    "stores:read",
    "webhooks:read",
    "webhooks:write",
];

impl Principal {
    /// The token from the configuration, with which the first store is made.
    pub fn bootstrap() -> Self {
        Self {
            actor: Actor::new(ActorKind::Platform, "bootstrap"),
            role: Role::Platform,
            store_id: None,
            scopes: Vec::new(),
            by_guid: false,
        }
    }

    /// A caller of the compatible endpoint whose store takes the GUID alone for a credential.
    pub fn merchant_guid(store: &Store) -> Self {
        Self {
            actor: Actor::new(ActorKind::Merchant, "merchant-guid"),
            role: Role::Agent,
            store_id: Some(store.store_id.clone()),
            scopes: Vec::new(),
            by_guid: true,
        }
    }
}

impl From<Token> for Principal {
    fn from(token: Token) -> Self {
        let kind = match token.role {
            Role::Viewer | Role::Agent | Role::Manager => ActorKind::Merchant,
            Role::Storefront => ActorKind::Customer,
            Role::Service => ActorKind::Service,
            Role::Platform => ActorKind::Platform,
        };
        Self {
            actor: Actor::new(kind, token.token_id.to_string()),
            role: token.role,
            store_id: (token.role != Role::Platform).then_some(token.store_id),
            scopes: token.scopes,
            by_guid: false,
        }
    }
}
