//! Who may call what. A method that is not listed may be called by nobody.

use crate::Principal;
use domain::token::Role;
use wire::rest::Method;

/// One method and who may call it. The platform may call every listed one.
#[derive(Debug, Clone, Copy)]
pub struct Permission {
    pub method: &'static str,
    /// Merchants' and storefronts' roles.
    pub roles: &'static [Role],
    /// Any of these lets a service in.
    pub scopes: &'static [&'static str],
    /// Whether the merchant's GUID alone is enough, where the store says so.
    pub by_guid: bool,
    /// Whether it answers a stream: that has no deadline but its caller's, and its place is none of
    /// those of calls.
    pub streams: bool,
    /// Whether the message brings its own proof of who it is from, and nobody has to call.
    pub proof: Option<Proof>,
    /// Whether it is about the caller's own account, so that whoever has to choose a password first
    /// may call it.
    pub own: bool,
}

/// What a message may prove by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// The signature of a payment provider.
    Signature,
    /// The password of a user.
    Password,
}

const NOBODY: &[Role] = &[];
const EVERYBODY: &[Role] = &[Role::Viewer, Role::Agent, Role::Manager, Role::Storefront];
const ANY_SCOPE: &[&str] = crate::SCOPES;
const READERS: &[Role] = &[Role::Viewer, Role::Agent, Role::Manager];
const READERS_AND_STOREFRONTS: &[Role] =
    &[Role::Viewer, Role::Agent, Role::Manager, Role::Storefront];
const STAFF: &[Role] = &[Role::Agent, Role::Manager];
const STAFF_AND_STOREFRONTS: &[Role] = &[Role::Agent, Role::Manager, Role::Storefront];
const MANAGERS: &[Role] = &[Role::Manager];

/// Every method of every service.
pub const METHODS: &[Permission] = &[
    of("CreateOrder", NOBODY, &["orders:write"]),
    of("GetOrder", READERS_AND_STOREFRONTS, &["orders:read"]),
    of("ListOrders", READERS, &["orders:read"]),
    of("AcceptOrder", STAFF, &["orders:write"]),
    of("ErasePersonalData", MANAGERS, &["orders:erase"]),
    of("SetExternalReference", STAFF, &["orders:write"]),
    of("CompleteOrder", NOBODY, &["orders:write"]),
    of("RecordPayment", NOBODY, &["payments:write"]),
    of("RecordShipment", STAFF, &["orders:write"]),
    of("RecordDelivery", STAFF, &["orders:write"]),
    of("ResolveScreening", MANAGERS, &["screening:write"]),
    of("RetryHandover", STAFF, &["orders:write"]),
    of("ListTasks", READERS, &["orders:read"]),
    of("QuoteRefund", STAFF, &["refunds:write"]),
    Permission { by_guid: true, ..of("CreateRefund", STAFF, &["refunds:write"]) },
    of("GetRefund", READERS, &["refunds:read"]),
    of("ListRefunds", READERS, &["refunds:read"]),
    of("GetRefundable", READERS, &["refunds:read"]),
    of("ExplainRefund", READERS, &["refunds:read"]),
    Permission { streams: true, ..of("ExportRefundComponents", READERS, &["refunds:read"]) },
    of("RetryRefund", STAFF, &["refunds:write"]),
    of("HoldRefund", STAFF, &["refunds:write"]),
    of("ReleaseRefund", STAFF, &["refunds:write"]),
    of("ApproveRefund", MANAGERS, &[]),
    of("ChangeRefundMethod", MANAGERS, &["refunds:write"]),
    of("ConfirmManualRefund", STAFF, &["refunds:write"]),
    of("PreviewCancellation", STAFF, &["cancellations:write"]),
    of("CancelOrder", MANAGERS, &["cancellations:write"]),
    of("RequestCancellation", STAFF_AND_STOREFRONTS, &["cancellations:write"]),
    of("WithdrawCancellation", STAFF_AND_STOREFRONTS, &["cancellations:write"]),
    of("AcceptCancellation", STAFF, &["cancellations:write"]),
    of("RejectCancellation", STAFF, &["cancellations:write"]),
    of("PreviewUndo", STAFF, &["cancellations:write"]),
    of("UndoCancellation", MANAGERS, &["cancellations:write"]),
    of("GetCancellation", READERS, &["cancellations:read"]),
    of("ListCancellations", READERS, &["cancellations:read"]),
    of("ListEvents", READERS, &["events:read"]),
    Permission { streams: true, ..of("WatchEvents", READERS, &["events:read"]) },
    Permission { proof: Some(Proof::Signature), ..of("ReceiveNotice", NOBODY, &[]) },
    Permission { proof: Some(Proof::Password), ..of("LogIn", NOBODY, &[]) },
    of("CreateUser", MANAGERS, &[]),
    of("ListUsers", MANAGERS, &[]),
    of("UpdateUser", MANAGERS, &[]),
    of("DeleteUser", MANAGERS, &[]),
    Permission { own: true, ..of("GetSession", EVERYBODY, ANY_SCOPE) },
    Permission { own: true, ..of("LogOut", EVERYBODY, ANY_SCOPE) },
    Permission { own: true, ..of("ChangePassword", EVERYBODY, ANY_SCOPE) },
    of("ListProviders", NOBODY, &[]),
    of("ListNotices", NOBODY, &[]),
    of("CreateStore", NOBODY, &[]),
    of("ListStores", NOBODY, &[]),
    of("GetStore", READERS, &["stores:read"]),
    of("UpdateStore", MANAGERS, &[]),
    of("CreateToken", MANAGERS, &[]),
    of("ListTokens", MANAGERS, &[]),
    of("RevokeToken", MANAGERS, &[]),
    of("CreateEndpoint", MANAGERS, &["webhooks:write"]),
    of("GetEndpoint", READERS, &["webhooks:read"]),
    of("ListEndpoints", READERS, &["webhooks:read"]),
    of("UpdateEndpoint", MANAGERS, &["webhooks:write"]),
    of("DeleteEndpoint", MANAGERS, &["webhooks:write"]),
    of("RotateSecret", MANAGERS, &["webhooks:write"]),
    of("ListDeliveries", READERS, &["webhooks:read"]),
    of("RedeliverEvent", MANAGERS, &["webhooks:write"]),
    of("SendTestEvent", MANAGERS, &["webhooks:write"]),
    Permission {
        by_guid: true,
        ..of("ResolveMerchant", READERS, &["refunds:read", "refunds:write"])
    },
];

const fn of(
    method: &'static str,
    roles: &'static [Role],
    scopes: &'static [&'static str],
) -> Permission {
    Permission { method, roles, scopes, by_guid: false, streams: false, proof: None, own: false }
}

// A method of the contract without a row does not compile.
const _: () = {
    let mut at = 0;
    while at < wire::rest::METHODS.len() {
        assert!(is_listed(&wire::rest::METHODS[at]), "a method of the contract has no row");
        at += 1;
    }
};

const fn is_listed(method: &Method) -> bool {
    let mut at = 0;
    while at < METHODS.len() {
        if method.is_named(METHODS[at].method) {
            return true;
        }
        at += 1;
    }
    false
}

pub(crate) fn of_method(method: &str) -> Option<&'static Permission> {
    METHODS.iter().find(|permission| permission.method == method)
}

/// Whether the table lets the caller in, whatever the store.
pub(crate) fn allows(principal: &Principal, method: &str) -> bool {
    let Some(permission) = of_method(method) else { return false };
    if principal.by_guid {
        return permission.by_guid;
    }
    if principal.user.as_ref().is_some_and(|user| user.password_is_temporary) && !permission.own {
        return false;
    }
    match principal.role {
        Role::Platform => true,
        Role::Service => {
            principal.scopes.iter().any(|had| permission.scopes.contains(&had.as_str()))
        }
        role => permission.roles.contains(&role),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// That each method has a row is seen when this is compiled.
    #[test]
    fn every_row_is_a_method_of_the_contract() {
        let mut listed: Vec<_> = METHODS.iter().map(|row| (row.method, row.streams)).collect();
        let mut methods: Vec<_> =
            wire::rest::METHODS.iter().map(|method| (method.name, method.streams)).collect();
        listed.sort_unstable();
        methods.sort_unstable();
        assert_eq!(listed, methods);
    }

    #[test]
    fn a_service_can_be_given_each_scope_that_lets_it_in() {
        let mut let_in: Vec<_> = METHODS.iter().flat_map(|listed| listed.scopes).copied().collect();
        let_in.sort_unstable();
        let_in.dedup();
        assert_eq!(let_in, crate::SCOPES);
    }
}
