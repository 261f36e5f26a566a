//! Who may call what. A method that is not listed may be called by nobody.

use crate::Principal;
use domain::token::Role;

/// One method and who may call it. The platform may call every listed one.
#[derive(Debug, Clone, Copy)]
pub struct Permission {
    pub method: &'static str,
    /// Merchants' and storefronts' roles.
    pub roles: &'static [Role],
    /// The scope that lets a service in, if any does.
    pub scope: Option<&'static str>,
    /// Whether the merchant's GUID alone is enough, where the store says so.
    pub by_guid: bool,
}

const NOBODY: &[Role] = &[];
const READERS: &[Role] = &[Role::Viewer, Role::Agent, Role::Manager];
const READERS_AND_STOREFRONTS: &[Role] =
    &[Role::Viewer, Role::Agent, Role::Manager, Role::Storefront];
const STAFF: &[Role] = &[Role::Agent, Role::Manager];
const MANAGERS: &[Role] = &[Role::Manager];

/// Every method of every service.
pub const METHODS: &[Permission] = &[
    of("CreateOrder", NOBODY, Some("orders:write")),
    of("GetOrder", READERS_AND_STOREFRONTS, Some("orders:read")),
    of("ListOrders", READERS, Some("orders:read")),
    of("AcceptOrder", STAFF, Some("orders:write")),
    of("SetExternalReference", STAFF, Some("orders:write")),
    of("CompleteOrder", NOBODY, Some("orders:write")),
    of("RecordPayment", NOBODY, Some("payments:write")),
    of("RecordShipment", STAFF, Some("orders:write")),
    of("RecordDelivery", STAFF, Some("orders:write")),
    of("QuoteRefund", STAFF, Some("refunds:write")),
    Permission { by_guid: true, ..of("CreateRefund", STAFF, Some("refunds:write")) },
    of("GetRefund", READERS, Some("refunds:read")),
    of("ListRefunds", READERS, Some("refunds:read")),
    of("GetRefundable", READERS, Some("refunds:read")),
    of("ExplainRefund", READERS, Some("refunds:read")),
    of("RetryRefund", STAFF, Some("refunds:write")),
    of("HoldRefund", STAFF, Some("refunds:write")),
    of("ReleaseRefund", STAFF, Some("refunds:write")),
    of("ApproveRefund", MANAGERS, None),
    of("ConfirmManualRefund", STAFF, Some("refunds:write")),
    of("CreateStore", NOBODY, None),
    of("ListStores", NOBODY, None),
    of("GetStore", READERS, Some("stores:read")),
    of("UpdateStore", MANAGERS, None),
    of("CreateToken", MANAGERS, None),
    of("ListTokens", MANAGERS, None),
    of("RevokeToken", MANAGERS, None),
    Permission { by_guid: true, ..of("ResolveMerchant", READERS, Some("refunds:write")) },
];

const fn of(
    method: &'static str,
    roles: &'static [Role],
    scope: Option<&'static str>,
) -> Permission {
    Permission { method, roles, scope, by_guid: false }
}

/// Whether the table lets the caller in, whatever the store.
pub(crate) fn allows(principal: &Principal, method: &str) -> bool {
    let Some(permission) = METHODS.iter().find(|permission| permission.method == method) else {
        return false;
    };
    if principal.by_guid {
        return permission.by_guid;
    }
    match principal.role {
        Role::Platform => true,
        Role::Service => {
            permission.scope.is_some_and(|scope| principal.scopes.iter().any(|had| had == scope))
        }
        role => permission.roles.contains(&role),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The contract's own list of methods, so that a new one cannot be forgotten here.
    #[test]
    fn every_method_of_the_contract_stands_in_the_table() {
        let files = <prost_types::FileDescriptorSet as prost::Message>::decode(wire::DESCRIPTORS)
            .unwrap()
            .file;
        let ours = files.into_iter().filter(|file| file.package().starts_with("meridian."));
        let mut methods: Vec<String> = ours
            .flat_map(|file| file.service)
            .flat_map(|service| service.method)
            .map(|method| method.name().to_owned())
            .collect();
        let mut listed: Vec<String> =
            METHODS.iter().map(|permission| permission.method.to_owned()).collect();
        methods.sort();
        listed.sort();
        assert_eq!(methods, listed);
    }
}
