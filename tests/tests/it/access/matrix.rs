//! Every method of the contract with every kind of caller, as the contract's descriptors list them.

use crate::{
    accounts::{at_work, entered, log_in},
    on_both,
    world::{GUID, Grpc, STORE, World, eventually, order, raw, unique},
};
use prost::{Message as _, bytes::BufMut as _};
use prost_types::{DescriptorProto, FileDescriptorSet, field_descriptor_proto::Type};
use serde_json::{Value, json};
use std::{collections::HashMap, time::Duration};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tonic::{Code, Request, Status, codegen::Bytes};
use tonic_types::StatusExt as _;
use wire::rest::{METHODS, Method};

on_both!(every_method_lets_in_whom_the_table_says);

/// Whom a method lets in, beside the platform.
#[derive(Clone, Copy)]
struct Row {
    method: &'static str,
    /// Viewer, agent, manager, customer: `vamc`, with a dash for those who are not.
    who: &'static str,
    /// Any of these lets a service in.
    scopes: &'static [&'static str],
    reach: Reach,
}

/// What a method is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// One store: whose caller is another's is told that there is no such store.
    Store,
    /// The store that has a GUID, which is looked for once the caller is let in.
    Guid,
    /// The platform, or whoever calls.
    Caller,
    /// Whoever calls, who may have a password that is not their own yet.
    Own,
    /// Nobody has to be known: the message brings its proof.
    Proof,
}

const ALL: &[&str] = &[
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

const fn row(method: &'static str, who: &'static str, scopes: &'static [&'static str]) -> Row {
    Row { method, who, scopes, reach: Reach::Store }
}

const fn about(reach: Reach, row: Row) -> Row {
    Row { reach, ..row }
}

/// The table. It is written a second time here, and not taken from the program.
const ROWS: &[Row] = &[
    row("CreateOrder", "----", &["orders:write"]),
    row("GetOrder", "vamc", &["orders:read"]),
    row("ListOrders", "vam-", &["orders:read"]),
    row("AcceptOrder", "-am-", &["orders:write"]),
    row("ErasePersonalData", "--m-", &["orders:erase"]),
    row("SetExternalReference", "-am-", &["orders:write"]),
    row("CompleteOrder", "----", &["orders:write"]),
    row("RecordPayment", "----", &["payments:write"]),
    row("RecordShipment", "-am-", &["orders:write"]),
    row("RecordDelivery", "-am-", &["orders:write"]),
    row("ResolveScreening", "--m-", &["screening:write"]),
    row("RetryHandover", "-am-", &["orders:write"]),
    row("ListTasks", "vam-", &["orders:read"]),
    row("QuoteRefund", "-am-", &["refunds:write"]),
    row("CreateRefund", "-am-", &["refunds:write"]),
    row("GetRefund", "vam-", &["refunds:read"]),
    row("ListRefunds", "vam-", &["refunds:read"]),
    row("GetRefundable", "vam-", &["refunds:read"]),
    row("ExplainRefund", "vam-", &["refunds:read"]),
    row("ExportRefundComponents", "vam-", &["refunds:read"]),
    row("RetryRefund", "-am-", &["refunds:write"]),
    row("HoldRefund", "-am-", &["refunds:write"]),
    row("ReleaseRefund", "-am-", &["refunds:write"]),
    row("ApproveRefund", "--m-", &[]),
    row("ChangeRefundMethod", "--m-", &["refunds:write"]),
    row("ConfirmManualRefund", "-am-", &["refunds:write"]),
    row("PreviewCancellation", "-am-", &["cancellations:write"]),
    row("CancelOrder", "--m-", &["cancellations:write"]),
    row("RequestCancellation", "-amc", &["cancellations:write"]),
    row("WithdrawCancellation", "-amc", &["cancellations:write"]),
    row("AcceptCancellation", "-am-", &["cancellations:write"]),
    row("RejectCancellation", "-am-", &["cancellations:write"]),
    row("PreviewUndo", "-am-", &["cancellations:write"]),
    row("UndoCancellation", "--m-", &["cancellations:write"]),
    row("GetCancellation", "vam-", &["cancellations:read"]),
    row("ListCancellations", "vam-", &["cancellations:read"]),
    row("ListEvents", "vam-", &["events:read"]),
    row("WatchEvents", "vam-", &["events:read"]),
    about(Reach::Proof, row("ReceiveNotice", "----", &[])),
    about(Reach::Proof, row("LogIn", "----", &[])),
    row("CreateUser", "--m-", &[]),
    row("ListUsers", "--m-", &[]),
    row("UpdateUser", "--m-", &[]),
    row("DeleteUser", "--m-", &[]),
    about(Reach::Own, row("GetSession", "vamc", ALL)),
    about(Reach::Own, row("LogOut", "vamc", ALL)),
    about(Reach::Own, row("ChangePassword", "vamc", ALL)),
    about(Reach::Caller, row("ListProviders", "----", &[])),
    about(Reach::Caller, row("ListNotices", "----", &[])),
    row("CreateStore", "----", &[]),
    about(Reach::Caller, row("ListStores", "----", &[])),
    row("GetStore", "vam-", &["stores:read"]),
    row("UpdateStore", "--m-", &[]),
    row("CreateToken", "--m-", &[]),
    row("ListTokens", "--m-", &[]),
    row("RevokeToken", "--m-", &[]),
    row("CreateEndpoint", "--m-", &["webhooks:write"]),
    row("GetEndpoint", "vam-", &["webhooks:read"]),
    row("ListEndpoints", "vam-", &["webhooks:read"]),
    row("UpdateEndpoint", "--m-", &["webhooks:write"]),
    row("DeleteEndpoint", "--m-", &["webhooks:write"]),
    row("RotateSecret", "--m-", &["webhooks:write"]),
    row("ListDeliveries", "vam-", &["webhooks:read"]),
    row("RedeliverEvent", "--m-", &["webhooks:write"]),
    row("SendTestEvent", "--m-", &["webhooks:write"]),
    about(Reach::Guid, row("ResolveMerchant", "vam-", &["refunds:read", "refunds:write"])),
];

// A method of the contract without a row does not compile.
const _: () = {
    let mut at = 0;
    while at < METHODS.len() {
        assert!(has_row(&METHODS[at]), "a method of the contract has no row");
        at += 1;
    }
};

const fn has_row(method: &Method) -> bool {
    let mut at = 0;
    while at < ROWS.len() {
        if method.is_named(ROWS[at].method) {
            return true;
        }
        at += 1;
    }
    false
}

fn row_of(method: &str) -> &'static Row {
    let row = ROWS.iter().find(|row| row.method == method);
    row.unwrap_or_else(|| panic!("{method} has no row"))
}

/// Whether the table lets in whoever has this role at the store that is called about.
pub(super) fn may_call(role: &str, method: &str) -> bool {
    let named = match role {
        "ROLE_VIEWER" => 'v',
        "ROLE_AGENT" => 'a',
        "ROLE_MANAGER" => 'm',
        "ROLE_STOREFRONT" => 'c',
        "ROLE_PLATFORM" => return true,
        unknown => panic!("{unknown} has no column in the table"),
    };
    row_of(method).who.contains(named)
}

/// What a call may come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// It was let in; whatever came of it there.
    LetIn,
    Unauthenticated,
    /// Their role is not enough, or their scopes.
    RoleForbids,
    PasswordIsTemporary,
    /// There is no such store, as far as they are told.
    NoSuchStore,
}

impl Verdict {
    fn of(answer: &Result<(), Status>) -> Self {
        let Err(status) = answer else { return Self::LetIn };
        let details = status.get_error_details();
        let reason = details.error_info().map_or("", |info| info.reason.as_str());
        match (status.code(), reason) {
            // The door's and not that of a password that is wrong.
            (Code::Unauthenticated, "UNAUTHENTICATED") => Self::Unauthenticated,
            (Code::PermissionDenied, "ROLE_FORBIDS") => Self::RoleForbids,
            (Code::PermissionDenied, "PASSWORD_IS_TEMPORARY") => Self::PasswordIsTemporary,
            (Code::NotFound, "STORE_NOT_FOUND") => Self::NoSuchStore,
            (Code::Internal | Code::Unavailable | Code::Unimplemented | Code::Unknown, _) => {
                panic!("{status:?}")
            }
            _ => Self::LetIn,
        }
    }
}

/// Who calls, and what they may expect of a method.
struct Caller {
    name: String,
    /// None shows none.
    secret: Option<String>,
    expected: Box<dyn Fn(&Row) -> Verdict + Send + Sync>,
}

impl Caller {
    fn of(
        name: &str,
        secret: Option<String>,
        expected: impl Fn(&Row) -> Verdict + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.to_owned(), secret, expected: Box::new(expected) }
    }

    fn expects(&self, row: &Row) -> Verdict {
        if row.reach == Reach::Proof { Verdict::LetIn } else { (self.expected)(row) }
    }
}

fn nobody(_: &Row) -> Verdict {
    Verdict::Unauthenticated
}

const fn by(may: bool) -> Verdict {
    if may { Verdict::LetIn } else { Verdict::RoleForbids }
}

/// Whoever is another store's is told so little of this one that not even their role counts.
fn elsewhere(role: &'static str) -> impl Fn(&Row) -> Verdict {
    move |row| match row.reach {
        Reach::Store => Verdict::NoSuchStore,
        Reach::Guid if may_call(role, row.method) => Verdict::NoSuchStore,
        _ => by(may_call(role, row.method)),
    }
}

async fn secret(world: &World, store: &str, more: Value) -> String {
    let mut body = json!({"request_id": unique("token"), "name": "t"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = world.http().post(&format!("/v1/stores/{store}/tokens"), &body).await.ok();
    made["secret"].as_str().unwrap().to_owned()
}

/// A token that has expired, by the clock of the process, which a store shows.
async fn expired(world: &World) -> String {
    let store = world.http().get(&format!("/v1/stores/{STORE}")).await.ok();
    let made = OffsetDateTime::parse(store["create_time"].as_str().unwrap(), &Rfc3339).unwrap();
    let soon = (made + Duration::from_secs(4)).format(&Rfc3339).unwrap();
    let more = json!({"role": "ROLE_MANAGER", "expire_time": soon});
    let expired = secret(world, STORE, more).await;
    let http = world.http().token(&expired);
    eventually("the token to expire", || async {
        (http.get("/v1/session").await.status == 401).then_some(())
    })
    .await;
    expired
}

async fn callers(world: &World) -> Vec<Caller> {
    let mut callers = vec![
        Caller::of("no token", None, nobody),
        Caller::of("a secret that nobody has", Some("mrd_forged".to_owned()), nobody),
        Caller::of("an expired manager's token", Some(expired(world).await), nobody),
    ];
    for role in ["ROLE_VIEWER", "ROLE_AGENT", "ROLE_MANAGER", "ROLE_STOREFRONT", "ROLE_PLATFORM"] {
        let own = secret(world, STORE, json!({"role": role})).await;
        callers.push(Caller::of(role, Some(own), move |row| by(may_call(role, row.method))));
        if role != "ROLE_PLATFORM" {
            let others = secret(world, "other", json!({"role": role})).await;
            let name = format!("{role} of another store");
            callers.push(Caller::of(&name, Some(others), elsewhere(role)));
        }
    }
    // With each scope by itself, so that the right ones let in and the wrong ones do not.
    for scope in ALL {
        let own = secret(world, STORE, json!({"role": "ROLE_SERVICE", "scopes": [scope]})).await;
        let may = move |row: &Row| by(row.scopes.contains(scope));
        callers.push(Caller::of(scope, Some(own), may));
    }
    let others = secret(world, "other", json!({"role": "ROLE_SERVICE", "scopes": ALL})).await;
    callers.push(Caller::of("another store's service", Some(others), |row| match row.reach {
        Reach::Store | Reach::Guid => Verdict::NoSuchStore,
        _ => by(!row.scopes.is_empty()),
    }));
    let none = secret(world, STORE, json!({"role": "ROLE_SERVICE"})).await;
    callers.push(Caller::of("a service without scopes", Some(none), |_| by(false)));
    let revoked = secret(world, STORE, json!({"role": "ROLE_MANAGER"})).await;
    let listed = world.http().get(&format!("/v1/stores/{STORE}/tokens?page_size=1000")).await.ok();
    let newest = listed["tokens"].as_array().unwrap().last().unwrap();
    let path = format!("/v1/stores/{STORE}/tokens/{}:revoke", newest["token_id"].as_str().unwrap());
    world.http().post(&path, &json!({"request_id": unique("revoke")})).await.ok();
    callers.push(Caller::of("a revoked token", Some(revoked), nobody));
    callers.extend(people(world).await);
    callers
}

/// Those who logged in.
async fn people(world: &World) -> Vec<Caller> {
    let mut callers = Vec::new();
    for (login, role) in [("vera", "ROLE_VIEWER"), ("adam", "ROLE_AGENT"), ("mona", "ROLE_MANAGER")]
    {
        let (_, session) = at_work(world, login, role).await;
        let may = move |row: &Row| by(may_call(role, row.method));
        callers.push(Caller::of(login, Some(session.secret), may));
    }
    let new = entered(world, "newcomer", "ROLE_MANAGER").await;
    let first = new["password"].as_str().unwrap();
    let session = log_in(&world.grpc().await, "newcomer", first, "").await.unwrap();
    callers.push(Caller::of("with a password that was given", Some(session.secret), |row| {
        if row.reach == Reach::Own { Verdict::LetIn } else { Verdict::PasswordIsTemporary }
    }));
    let (_, ended) = at_work(world, "gone", "ROLE_MANAGER").await;
    let http = world.http().token(&ended.secret);
    http.post("/v1/session:end", &json!({})).await.ok();
    callers.push(Caller::of("a session that has ended", Some(ended.secret), nobody));
    callers
}

/// The least that a call says: which store it is about.
fn requests() -> HashMap<&'static str, Bytes> {
    let files = FileDescriptorSet::decode(wire::DESCRIPTORS).unwrap().file;
    let inputs: HashMap<_, _> = files
        .iter()
        .flat_map(|file| file.service.iter())
        .flat_map(|service| service.method.iter())
        .map(|method| (method.name(), method.input_type()))
        .collect();
    let messages: HashMap<_, _> = files
        .iter()
        .flat_map(|file| {
            let named = |it: &'_ DescriptorProto| format!(".{}.{}", file.package(), it.name());
            file.message_type.iter().map(move |message| (named(message), message))
        })
        .collect();
    let request = |method: &Method| {
        let mut bytes = Vec::new();
        for field in &messages[inputs[method.name]].field {
            let value = match field.name() {
                "store_id" => STORE,
                "merchant_guid" if method.name == "ResolveMerchant" => GUID,
                _ => continue,
            };
            assert_eq!(field.r#type(), Type::String);
            let (tag, length) = (field.number() << 3 | 2, value.len());
            bytes.put_u8(tag.try_into().unwrap());
            bytes.put_u8(length.try_into().unwrap());
            bytes.put_slice(value.as_bytes());
        }
        (method.name, Bytes::from(bytes))
    };
    METHODS.iter().map(request).collect()
}

async fn knock(grpc: &Grpc, method: &Method, message: Bytes) -> Verdict {
    let mut request = Request::new(message);
    request.set_timeout(Duration::from_mins(1));
    let answer = if method.streams {
        raw::open(grpc, method.path, request).await
    } else {
        raw::call(grpc, method.path, request).await
    };
    Verdict::of(&answer)
}

async fn every_method_lets_in_whom_the_table_says(world: World) {
    world.open_store(json!({})).await;
    world.open_store_named("other", "other-guid", json!({})).await;
    world.ready(&order("O-1")).await;
    let requests = requests();
    // A session that logs out is over for every other method.
    let last = METHODS.iter().filter(|method| method.name == "LogOut");
    let methods = METHODS.iter().filter(|method| method.name != "LogOut").chain(last);
    let methods: Vec<_> = methods.collect();
    assert_eq!(methods.len(), ROWS.len());
    let grpc = world.grpc().await;
    let mut wrong = Vec::new();
    for caller in callers(&world).await {
        let grpc = match &caller.secret {
            Some(secret) => grpc.token(secret),
            None => grpc.anonymous(),
        };
        for method in &methods {
            let expected = caller.expects(row_of(method.name));
            let found = knock(&grpc, method, requests[method.name].clone()).await;
            if found != expected {
                wrong.push(format!("{}: {} {found:?}, not {expected:?}", method.name, caller.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
