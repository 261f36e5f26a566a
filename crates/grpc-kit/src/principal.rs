use application::Credential;
use domain::{
    Actor, ActorKind,
    id::StoreId,
    store::Store,
    token::{Role, Token},
    user::{Session, User},
};
use ports::Fence;
use std::borrow::Cow;
use time::OffsetDateTime;

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
    /// Who logged in; `None` for a token.
    pub user: Option<User>,
    /// Until when it may call.
    pub expires_at: Option<OffsetDateTime>,
}

/// The scopes that a service's token may have.
pub const SCOPES: &[&str] = &[
    "cancellations:read",
    "cancellations:write",
    "events:read",
    "orders:erase",
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
    /// Behind which everything is done that it calls for.
    pub fn fence(&self) -> Fence {
        self.store_id.clone().map_or(Fence::Whole, Fence::Store)
    }

    /// Whose share of what there is its calls are: its store's, or its own if it acts for all of them.
    pub(crate) fn share(&self) -> Cow<'_, str> {
        match &self.store_id {
            Some(store) => Cow::Borrowed(store.as_str()),
            // No id of a store has a slash.
            None => Cow::Owned(format!("platform/{}", self.actor.id)),
        }
    }

    /// The token from the configuration, with which the first store is made.
    pub fn bootstrap() -> Self {
        Self {
            actor: Actor::new(ActorKind::Platform, "bootstrap"),
            role: Role::Platform,
            store_id: None,
            scopes: Vec::new(),
            by_guid: false,
            user: None,
            expires_at: None,
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
            user: None,
            expires_at: None,
        }
    }
}

impl From<Credential> for Principal {
    fn from(credential: Credential) -> Self {
        match credential {
            Credential::Token(token) => token.into(),
            Credential::Session(logged_in) => (*logged_in).into(),
        }
    }
}

impl From<(Session, User)> for Principal {
    fn from((session, user): (Session, User)) -> Self {
        Self {
            actor: user.actor(),
            role: user.role,
            store_id: Some(session.store_id),
            scopes: Vec::new(),
            by_guid: false,
            expires_at: Some(session.expires_at),
            user: Some(user),
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
        // People of a merchant make tokens for the merchant. What the platform gives is nobody's.
        let behind = token.made_by.filter(|maker| maker.kind == kind).map(|maker| maker.id);
        let behind = behind.filter(|_| kind == ActorKind::Merchant);
        Self {
            actor: Actor { behind, ..Actor::new(kind, token.token_id.to_string()) },
            role: token.role,
            store_id: (token.role != Role::Platform).then_some(token.store_id),
            scopes: token.scopes,
            by_guid: false,
            user: None,
            expires_at: token.expires_at,
        }
    }
}
