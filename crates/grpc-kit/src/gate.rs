//! The layer around all services, over the network and in the process alike.

use crate::{
    Deadline, Principal,
    call_name::CallName,
    deadline, denied,
    in_our_words::in_our_words,
    open::{Ask, Open},
    permissions::{self, Permission, Proof},
    refusal,
};
use application::{Access, Denials, Stores, secret_hash};
use domain::Denial;
use http::{HeaderMap, Request, Response};
use ports::{Fence, Stored};
use secrecy::{ExposeSecret as _, SecretString};
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};
use telemetry::{KeyValue, metrics::Histogram};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::{Code, Status, body::Body};
use tower::{Layer, Service};
use tracing::Instrument as _;

/// The longest list of headers that a call may bring, in bytes, counted as HTTP/2 counts them.
const MAX_HEADERS: usize = 16 << 10;

#[derive(Debug, Clone)]
pub struct GateSettings {
    /// For a call that names no deadline.
    pub default_deadline: Duration,
    /// Calls that run at the same time; more are refused with a hint when to come back.
    pub max_concurrent_calls: usize,
    /// Streams that are open at the same time, beside those calls; more are refused alike.
    pub max_open_streams: usize,
}

/// Calls that bring their own proof of who they are from, and run at the same time. They have places
/// of their own: nobody is known to be behind one until its whole message is here.
const MAX_SIGNED: usize = 32;

/// People who log in at the same time, in places of their own too: whoever keeps those busy is not in
/// the way of what providers tell.
const MAX_LOG_INS: usize = 32;

/// How long one of those may take, its message too.
const PROOF_DEADLINE: Duration = Duration::from_secs(10);

/// One of the calls that may run at the same time; over with its last clone.
#[derive(Debug, Clone)]
pub(crate) struct Running(
    #[expect(dead_code, reason = "held, not read")] Arc<OwnedSemaphorePermit>,
);

impl Running {
    pub fn of(place: OwnedSemaphorePermit) -> Self {
        Self(Arc::new(place))
    }
}

/// Opens the span of a call, limits how many run, authenticates the caller, puts all that the call
/// does behind the caller's [`Fence`], and ends the call at its deadline. A stream has to be open by
/// then; it ends when its caller said, if it said so. Health and reflection are open to everybody.
#[derive(Clone)]
pub struct Gate {
    access: Access,
    stores: Stores,
    denials: Denials,
    bootstrap: Option<[u8; 32]>,
    default_deadline: Duration,
    running: Arc<Semaphore>,
    open: Arc<Semaphore>,
    signed: Arc<Semaphore>,
    log_ins: Arc<Semaphore>,
    duration: Histogram<f64>,
    #[cfg(feature = "failpoints")]
    admits_everybody: bool,
}

impl Gate {
    /// `bootstrap` is a secret of the configuration that is accepted as the platform's.
    pub fn new(
        access: Access,
        stores: Stores,
        denials: Denials,
        bootstrap: Option<&str>,
        settings: &GateSettings,
    ) -> Self {
        Self {
            access,
            stores,
            denials,
            bootstrap: bootstrap.map(secret_hash),
            default_deadline: settings.default_deadline,
            running: Arc::new(Semaphore::new(settings.max_concurrent_calls)),
            open: Arc::new(Semaphore::new(settings.max_open_streams)),
            signed: Arc::new(Semaphore::new(MAX_SIGNED)),
            log_ins: Arc::new(Semaphore::new(MAX_LOG_INS)),
            duration: telemetry::meter()
                .f64_histogram("rpc.server.duration")
                .with_unit("s")
                .with_description(
                    "How long calls took, and streams to open, by method and status code",
                )
                .build(),
            #[cfg(feature = "failpoints")]
            admits_everybody: false,
        }
    }

    /// In the build for tests: whoever is known is admitted to every store and method, as if nobody
    /// looked. The fence stays around what they call for.
    #[cfg(feature = "failpoints")]
    #[must_use]
    pub fn admitting_everybody(self) -> Self {
        Self { admits_everybody: true, ..self }
    }

    #[cfg(feature = "failpoints")]
    fn as_if_admitted(&self, principal: Arc<Principal>) -> Arc<Principal> {
        if !self.admits_everybody {
            return principal;
        }
        Arc::new(Principal { actor: principal.actor.clone(), ..Principal::bootstrap() })
    }

    async fn admit<S>(
        self,
        times: Result<Times, Status>,
        method: Option<&'static Permission>,
        mut request: Request<Body>,
        mut inner: S,
    ) -> Result<Response<Body>, Status>
    where
        S: Service<Request<Body>, Response = Response<Body>> + Send,
        S::Error: std::fmt::Display + Send,
        S::Future: Send,
    {
        let streams = method.is_some_and(|it| it.streams);
        let proof = method.and_then(|it| it.proof);
        let places = match (streams, proof) {
            (true, _) => &self.open,
            (false, Some(Proof::Password)) => &self.log_ins,
            (false, Some(Proof::Signature)) => &self.signed,
            (false, None) => &self.running,
        };
        let running = Arc::clone(places).try_acquire_owned();
        let running = Running::of(running.map_err(|_| refusal::overloaded())?);
        let Times { deadline, asked } = times?;
        let deadline = if proof.is_some() { deadline.at_most(PROOF_DEADLINE) } else { deadline };
        check_headers(request.headers())?;
        let ask = if streams { self.still_valid(request.headers()) } else { None };
        request.extensions_mut().insert(deadline);
        // A command that goes on after its caller left still counts as running.
        request.extensions_mut().insert(running.clone());
        let name = method.map_or("", |it| it.method);
        let call = async {
            let mut caller = None;
            // Of whoever brings a proof it is not known yet whose they are.
            let mut fence = Fence::Whole;
            if !is_open(request.uri().path()) && proof.is_none() {
                let principal = Arc::new(self.authenticate(request.headers(), name).await?);
                fence = principal.fence();
                caller = Some(Arc::clone(&principal));
                #[cfg(feature = "failpoints")]
                let principal = self.as_if_admitted(principal);
                request.extensions_mut().insert(principal);
            }
            let served = fence.clone().around(async { inner.call(request).await }).await;
            let answered = served.map_err(|error| {
                tracing::error!(%error, "a service broke");
                refusal::internal()
            })?;
            if let Some(principal) = caller {
                denied::note(&self.denials, &principal, name, &answered);
            }
            Ok((answered, fence))
        };
        let (answered, fence) = tokio::time::timeout_at(deadline.at(), call)
            .await
            .unwrap_or_else(|_| Err(refusal::deadline_exceeded()))?;
        let answered = in_our_words(answered);
        if streams {
            return Ok(answered.map(|body| Body::new(Open::new(body, fence, asked, ask, running))));
        }
        Ok(answered)
    }

    /// A little earlier than the caller's own, which tonic would answer with the wrong code.
    fn times(&self, headers: &HeaderMap) -> Result<Times, Status> {
        const EARLIER: Duration = Duration::from_millis(2);
        let Some(text) = headers.get("grpc-timeout").map(|value| value.to_str()) else {
            return Ok(Times { deadline: Deadline::after(self.default_deadline), asked: None });
        };
        let timeout = deadline::parse(text.unwrap_or_default())?.saturating_sub(EARLIER);
        let asked = tokio::time::Instant::now() + timeout;
        Ok(Times { deadline: Deadline::after(timeout), asked: Some(asked) })
    }

    /// Asks whether a token is still one. Where the store cannot be asked, that is not the caller's
    /// fault. The platform's token of the configuration does not end.
    fn still_valid(&self, headers: &HeaderMap) -> Option<Ask> {
        let (_, secret) = headers.get("authorization")?.to_str().ok()?.split_once(' ')?;
        if self.bootstrap.is_some_and(|hash| hash == secret_hash(secret)) {
            return None;
        }
        let (access, secret) = (self.access.clone(), SecretString::from(secret));
        Some(Box::new(move || {
            let (access, secret) = (access.clone(), secret.clone());
            Box::pin(async move { !matches!(access.live(secret.expose_secret()).await, Ok(None)) })
        }))
    }

    async fn authenticate(&self, headers: &HeaderMap, method: &str) -> Result<Principal, Status> {
        let header = |name: &str| headers.get(name)?.to_str().ok();
        if let Some(authorization) = header("authorization") {
            let (scheme, secret) = authorization.split_once(' ').unwrap_or_default();
            if !scheme.eq_ignore_ascii_case("bearer") {
                return Err(refusal::unauthenticated());
            }
            // Hashes are compared, so that the time it takes tells nothing about the secret.
            if self.bootstrap.is_some_and(|hash| hash == secret_hash(secret)) {
                return Ok(Principal::bootstrap());
            }
            let found = self.access.find(secret).await;
            let found = found.map_err(|error| refusal::of(&error.into()))?;
            let found = found.ok_or_else(|| {
                tracing::warn!(method, "a secret that nobody has was denied");
                refusal::unauthenticated()
            })?;
            let is_live = self.access.is_live(&found);
            let principal = Principal::from(found);
            return if is_live {
                Ok(principal)
            } else {
                Err(self.unauthenticated("TOKEN_ENDED", &principal, method))
            };
        }
        let Some(guid) = header("x-merchant-guid") else {
            return Err(refusal::unauthenticated());
        };
        let store = self.stores.by_guid(guid).await.map_err(|failure| refusal::of(&failure))?;
        let Some(Stored { state: store, .. }) = store else {
            // Not which one: where it is a credential it has no place in a log.
            tracing::warn!("an unknown merchant GUID was denied");
            return Err(refusal::unauthenticated());
        };
        let principal = Principal::merchant_guid(&store);
        if store.settings.guid_alone {
            Ok(principal)
        } else {
            Err(self.unauthenticated("TOKEN_NEEDED", &principal, method))
        }
    }

    /// Refused in the words for everybody who is not known, and noted where it is known who it is.
    fn unauthenticated(&self, reason: &str, principal: &Principal, method: &str) -> Status {
        tracing::warn!(actor = principal.actor.id, reason, "a caller was denied");
        if let Some(store_id) = &principal.store_id {
            self.denials.note(store_id, &principal.actor, Denial::new(reason, method, None));
        }
        refusal::unauthenticated()
    }
}

/// How long a call may take.
struct Times {
    /// Until there is an answer, or its beginning.
    deadline: Deadline,
    /// What the caller itself said, for a stream as a whole.
    asked: Option<tokio::time::Instant>,
}

/// What is too long, or compressed, is refused before anything of the message is read.
fn check_headers(headers: &HeaderMap) -> Result<(), Status> {
    const OVERHEAD: usize = 32;
    let length = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + OVERHEAD);
    if length.sum::<usize>() > MAX_HEADERS {
        return Err(refusal::headers_too_large(MAX_HEADERS));
    }
    match headers.get("grpc-encoding") {
        Some(encoding) if encoding != "identity" => Err(refusal::compressed()),
        _ => Ok(()),
    }
}

/// Health and reflection tell nothing about anybody's orders.
fn is_open(path: &str) -> bool {
    path.starts_with("/grpc.health.") || path.starts_with("/grpc.reflection.")
}

impl<S> Layer<S> for Gate {
    type Service = Gated<S>;

    fn layer(&self, inner: S) -> Gated<S> {
        Gated { gate: self.clone(), inner }
    }
}

/// A service behind the gate.
#[derive(Clone)]
pub struct Gated<S> {
    gate: Gate,
    inner: S,
}

impl<S> Service<Request<Body>> for Gated<S>
where
    S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + 'static,
    S::Error: std::fmt::Display + Send,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // The service that was polled ready takes the call; its clone waits for the next one.
        let next = self.inner.clone();
        let ready = std::mem::replace(&mut self.inner, next);
        let gate = self.gate.clone();
        let name = CallName::of(request.uri().path());
        let span = tracing::info_span!(
            "rpc",
            otel.name = name.span(),
            otel.kind = "server",
            "rpc.system" = "grpc",
            "rpc.service" = name.service,
            "rpc.method" = name.method,
            "rpc.grpc.status_code" = tracing::field::Empty,
        );
        telemetry::continue_trace(&span, |name| request.headers().get(name)?.to_str().ok());
        let times = gate.times(request.headers());
        let method = permissions::of_method(name.method);
        let began = Instant::now();
        let call = async move {
            let duration = gate.duration.clone();
            let response =
                gate.admit(times, method, request, ready).await.unwrap_or_else(Status::into_http);
            let code = Status::from_header_map(response.headers())
                .map_or(Code::Ok, |status| status.code());
            tracing::Span::current().record("rpc.grpc.status_code", i32::from(code));
            let attributes = [
                KeyValue::new("rpc.system", "grpc"),
                KeyValue::new("rpc.service", name.service),
                KeyValue::new("rpc.method", name.method),
                KeyValue::new("rpc.grpc.status_code", i64::from(i32::from(code))),
            ];
            duration.record(began.elapsed().as_secs_f64(), &attributes);
            Ok(response)
        };
        Box::pin(call.instrument(span))
    }
}
