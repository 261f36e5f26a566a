use crate::{
    Deadline, Principal, fields,
    gate::{Rates, Running},
    permissions, refusal,
};
use application::{Caller, Failure, Missing};
use domain::id::StoreId;
use ports::Fence;
use std::{sync::Arc, time::Duration};
use tonic::{Request, Status};
use tracing::Instrument as _;

/// A caller who may call this method for this store.
#[derive(Debug, Clone)]
pub struct Admitted {
    pub caller: Caller,
    pub principal: Principal,
    pub store_id: StoreId,
    /// The header that may stand for the field `request_id`.
    pub idempotency_key: Option<String>,
    deadline: Deadline,
    _place: Place,
}

impl Admitted {
    /// How long the call may still take.
    pub fn patience(&self) -> Duration {
        self.deadline.left()
    }

    /// Refuses a message that says another store within than the one it is for: it is never
    /// carried out in either.
    ///
    /// # Errors
    ///
    /// `NOT_FOUND`, in the words of a store that does not exist.
    pub fn same_store(&self, store_id: &str) -> Result<(), Status> {
        if store_id.is_empty() || store_id == self.store_id.as_str() {
            return Ok(());
        }
        Err(another_store(&self.principal, store_id))
    }
}

/// Lets the caller in to a store, or not.
///
/// Another store's caller is told that there is no such store, in the very words of a store that
/// does not exist; only within its own store a caller learns that its role is not enough.
///
/// # Errors
///
/// `NOT_FOUND`, `PERMISSION_DENIED`, `INVALID_ARGUMENT` for an id that cannot be one, or
/// `RESOURCE_EXHAUSTED`.
pub fn admit<T>(
    request: &Request<T>,
    method: &'static str,
    store_id: &str,
) -> Result<Admitted, Status> {
    let principal = identify(request)?;
    let parsed = store_id.parse::<StoreId>();
    let parsed = parsed.map_err(|error| fields::refused("store_id", error))?;
    if principal.store_id.as_ref().is_some_and(|own| *own != parsed) {
        return Err(another_store(&principal, store_id));
    }
    may_call(&principal, method)?;
    meter(request, &principal, store_id)?;
    Ok(admitted(request, principal, parsed))
}

/// Recorded as denied, and answered in the words of a store that does not exist.
pub fn another_store(principal: &Principal, named: &str) -> Status {
    tracing::warn!(actor = principal.actor.id, "a caller named a store that is not its own");
    refusal::of(&Failure::not_found(Missing::Store, named))
}

/// Lets the caller in to a method that is for no one store.
///
/// # Errors
///
/// `PERMISSION_DENIED`, `RESOURCE_EXHAUSTED`.
pub fn admit_any<T>(request: &Request<T>, method: &'static str) -> Result<Principal, Status> {
    let principal = identify(request)?;
    may_call(&principal, method)?;
    meter(request, &principal, "")?;
    Ok(principal)
}

/// Who the gate found to be calling.
///
/// # Errors
///
/// `UNAUTHENTICATED` if the call did not pass the gate.
pub fn identify<T>(request: &Request<T>) -> Result<Principal, Status> {
    let principal = request.extensions().get::<Arc<Principal>>();
    principal.map(|it| Principal::clone(it)).ok_or_else(refusal::unauthenticated)
}

fn may_call(principal: &Principal, method: &'static str) -> Result<(), Status> {
    if permissions::allows(principal, method) {
        return Ok(());
    }
    tracing::warn!(actor = principal.actor.id, method, "a call was denied");
    if principal.user.as_ref().is_some_and(|user| user.password_is_temporary) {
        return Err(refusal::password_is_temporary());
    }
    Err(refusal::denied(principal.role, method))
}

fn admitted<T>(request: &Request<T>, principal: Principal, store_id: StoreId) -> Admitted {
    let header = |name: &str| {
        request.metadata().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    };
    Admitted {
        caller: Caller { actor: principal.actor.clone(), trace: trace() },
        principal,
        store_id,
        idempotency_key: header("idempotency-key"),
        deadline: request.extensions().get::<Deadline>().copied().unwrap_or_default(),
        _place: Place::of(request),
    }
}

/// Counts the call of somebody who acts for all stores against the store that it names. Each such
/// caller has a share of its own at every store, so that a store that calls too often keeps nobody
/// from looking after it.
fn meter<T>(request: &Request<T>, principal: &Principal, store_id: &str) -> Result<(), Status> {
    let rates = request.extensions().get::<Arc<Rates>>();
    match rates.filter(|_| principal.store_id.is_none()) {
        Some(rates) => rates.admit(&format!("{}/{store_id}", principal.share())),
        None => Ok(()),
    }
}

/// Keeps a call counted for as long as what it started runs.
#[derive(Debug, Clone)]
pub struct Place {
    _running: Option<Running>,
}

impl Place {
    pub fn of<T>(request: &Request<T>) -> Self {
        Self { _running: request.extensions().get::<Running>().cloned() }
    }
}

/// The trace that a call is part of.
pub fn trace() -> Option<String> {
    telemetry::traceparent(&tracing::Span::current())
}

/// Runs a command to its end even if the client leaves or its deadline passes: its outcome is
/// whole, and found again by its request id. The fence of the call stays around it.
///
/// # Errors
///
/// Those of the command; `INTERNAL` if it panicked.
pub async fn to_its_end<T: Send + 'static>(
    command: impl Future<Output = Result<T, Status>> + Send + 'static,
) -> Result<T, Status> {
    let running = tokio::spawn(Fence::kept(command.in_current_span()));
    running.await.unwrap_or_else(|error| {
        tracing::error!(%error, "a command did not come to its end");
        Err(refusal::internal())
    })
}
