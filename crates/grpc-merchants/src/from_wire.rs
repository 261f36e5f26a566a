//! Messages become commands here, or are sent back with every mistake named.

mod settings;

use application::{NewStore, NewToken, StorePatch};
use domain::{Currencies, id::StoreId, store::Store, token::Role};
use grpc_kit::{Fields, SCOPES};
use time::OffsetDateTime;
use wire::stores::v1 as proto;

/// Characters of a name.
const MAX_NAME: usize = 255;
/// Characters of a code or a GUID.
const MAX_CODE: usize = 128;
/// Scopes of a token.
const MAX_SCOPES: usize = 50;

/// What a deployment knows, and a store may name.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub currencies: Currencies,
    /// Adapters of shop systems.
    pub adapters: Vec<String>,
}

pub(crate) fn new_store(
    fields: &mut Fields,
    store_id: &StoreId,
    message: &proto::CreateStoreRequest,
    known: &Known,
) -> Option<NewStore> {
    let currency = fields.check("currency", known.currencies.get(&message.currency));
    let name = fields.text("name", &message.name, MAX_NAME);
    let merchant_guid = guid(fields, &message.merchant_guid);
    let web_store_code = fields.optional_text("web_store_code", &message.web_store_code, MAX_CODE);
    let web_store_instance_code =
        fields.optional_text("web_store_instance_code", &message.web_store_instance_code, MAX_CODE);
    let settings = message.settings.as_ref();
    let settings = settings.map(|it| settings::settings(fields, it, currency, &known.adapters));
    Some(NewStore {
        store_id: store_id.clone(),
        name,
        merchant_guid,
        web_store_code,
        web_store_instance_code,
        currency: currency?,
        settings: settings.unwrap_or_default(),
    })
}

pub(crate) fn patch(
    fields: &mut Fields,
    message: &proto::UpdateStoreRequest,
    held: &Store,
    known: &Known,
) -> StorePatch {
    let name = message.name.as_deref().map(|name| fields.text("name", name, MAX_NAME));
    let merchant_guid = message.merchant_guid.as_deref().map(|it| guid(fields, it));
    let mut code = |field: &str, code: Option<&str>| {
        code.map(|code| fields.optional_text(field, code, MAX_CODE).unwrap_or_default())
    };
    let web_store_code = code("web_store_code", message.web_store_code.as_deref());
    let web_store_instance_code =
        code("web_store_instance_code", message.web_store_instance_code.as_deref());
    let asked = message.currency.as_deref();
    let currency = asked.and_then(|code| fields.check("currency", known.currencies.get(code)));
    // In a currency that is at fault itself an amount is only read.
    let of_limit = if asked.is_some() { currency } else { Some(held.currency) };
    // The approval limit is in the store's currency, so a new currency needs it said again.
    if currency.is_some_and(|currency| currency != held.currency)
        && held.settings.approval_limit.is_some()
        && message.settings.is_none()
    {
        fields.wrong("currency", "must come with settings while there is an approval limit");
    }
    let settings = message.settings.as_ref();
    let settings = settings.map(|it| settings::settings(fields, it, of_limit, &known.adapters));
    StorePatch {
        name,
        merchant_guid,
        web_store_code,
        web_store_instance_code,
        currency,
        settings,
        version: message.version,
    }
}

/// Empty is none: the store is not reached by the compatible endpoint.
fn guid(fields: &mut Fields, guid: &str) -> String {
    // It travels in a query and in a header.
    if !guid.bytes().all(|byte| byte.is_ascii_graphic()) {
        fields.wrong("merchant_guid", "must be visible ASCII characters");
    }
    fields.optional_text("merchant_guid", guid, MAX_CODE).unwrap_or_default()
}

pub(crate) fn new_token(
    fields: &mut Fields,
    message: &proto::CreateTokenRequest,
    now: OffsetDateTime,
) -> Option<NewToken> {
    let role = role(message.role());
    if role.is_none() {
        fields.wrong("role", "must be a role");
    }
    if message.scopes.len() > MAX_SCOPES {
        fields.wrong("scopes", format!("must be at most {MAX_SCOPES}"));
    }
    for (index, scope) in message.scopes.iter().take(MAX_SCOPES).enumerate() {
        if !SCOPES.contains(&scope.as_str()) {
            fields.wrong(format!("scopes[{index}]"), format!("must be one of {SCOPES:?}"));
        }
    }
    if role != Some(Role::Service) && !message.scopes.is_empty() {
        fields.wrong("scopes", "must be empty but for ROLE_SERVICE");
    }
    let expires_at = fields.time("expire_time", message.expire_time.as_ref());
    if expires_at.is_some_and(|at| at <= now) {
        fields.wrong("expire_time", "must be in the future");
    }
    Some(NewToken {
        name: fields.text("name", &message.name, MAX_NAME),
        role: role?,
        scopes: message.scopes.clone(),
        expires_at,
    })
}

pub(crate) const fn role(role: proto::Role) -> Option<Role> {
    match role {
        proto::Role::Viewer => Some(Role::Viewer),
        proto::Role::Agent => Some(Role::Agent),
        proto::Role::Manager => Some(Role::Manager),
        proto::Role::Storefront => Some(Role::Storefront),
        proto::Role::Service => Some(Role::Service),
        proto::Role::Platform => Some(Role::Platform),
        proto::Role::Unspecified => None,
    }
}
