//! The layer around all services, over the network and in the process alike.

mod callers;
mod places;
mod rates;

pub(crate) use places::{Place, Places, Room};
pub(crate) use rates::Rates;

use crate::{
    Deadline, Principal,
    call_name::CallName,
    deadline, denied,
    in_our_words::in_our_words,
    open::Open,
    permissions::{self, Permission, Proof},
    refusal,
};
use application::{Access, Denials, Stores};
use callers::Callers;
use http::{HeaderMap, Request, Response};
use places::Full;
use ports::Fence;
use std::{
    net::{IpAddr, Ipv6Addr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};
use telemetry::{
    KeyValue,
    metrics::{Counter, Histogram},
};
use tonic::{Code, Status, body::Body};
use tower::{Layer, Service};
use tracing::Instrument as _;

/// The longest list of headers that a call may bring, in bytes, counted as HTTP/2 counts them.
const MAX_HEADERS: usize = 16 << 10;

#[derive(Debug, Clone)]
pub struct GateSettings {
    /// For a call that names no deadline.
    pub default_deadline: Duration,
    /// Calls that run at the same time; more wait for their turn.
    pub max_concurrent_calls: usize,
    /// Those of one store.
    pub max_calls_per_store: usize,
    /// Calls that wait; more are refused with a hint when to come back.
    pub max_waiting_calls: usize,
    /// How long one waits before it is refused alike.
    pub max_wait: Duration,
    /// Streams that are open at the same time, beside those calls; more are refused alike.
    pub max_open_streams: usize,
    /// Those of one store.
    pub max_streams_per_store: usize,
    /// Calls that one store may make in a second, in the long run.
    pub rate_per_store: u32,
    /// Calls that it may make at once when it made none for a while.
    pub burst_per_store: u32,
}

/// Calls that bring their own proof of who they are from, and run at the same time. They have places
/// of their own: nobody is known to be behind one until its whole message is here.
const MAX_SIGNED: usize = 32;

/// People who log in at the same time, in places of their own too: whoever keeps those busy is not in
/// the way of what providers tell. There are many, because one is held from before the message is here,
/// and costs little: what a log-in has to do is bounded where it is done.
const MAX_LOG_INS: usize = 1_000;

/// How long one of those may take, its message too.
const PROOF_DEADLINE: Duration = Duration::from_secs(10);

/// Questions after the health at the same time, which everybody may ask.
const MAX_CHECKS: usize = 64;

/// How long one of those may take, its message too.
const CHECK_DEADLINE: Duration = Duration::from_secs(1);

/// Streams that tell of health or of the contract, to everybody as well. Clients that look after the
/// health of their connections have one each.
const MAX_WATCHERS: usize = 1_000;

/// From where a call came; one within the process came from nowhere. Calls of nobody are shared out by
/// it: from one address come at most half of those that may be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

impl Peer {
    /// Whoever has an address of IPv6 has all that begin with the same 64 bits.
    fn share(self) -> String {
        match self.0.to_canonical() {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).to_string()
            }
        }
    }
}

/// One of the calls that may run at the same time; over with its last clone.
#[derive(Debug, Clone)]
pub(crate) struct Running(#[expect(dead_code, reason = "held, not read")] Arc<Place>);

impl Running {
    pub fn of(place: Place) -> Self {
        Self(Arc::new(place))
    }
}

/// Opens the span of a call, finds out who calls, counts it against its store's rate, lets so many
/// run at a time, puts all that the call does behind the caller's [`Fence`], and ends the call at its
/// deadline. A stream has to be open by then; it ends when its caller said, if it said so. Health and
/// reflection are open to everybody.
///
/// Who calls is known before there is a place for the call, because places are its store's. What
/// that costs somebody who is nobody is a look-up of a secret, which has places of its own.
#[derive(Clone)]
pub struct Gate {
    callers: Callers,
    denials: Denials,
    default_deadline: Duration,
    rates: Arc<Rates>,
    running: Places,
    open: Places,
    signed: Places,
    log_ins: Places,
    checks: Places,
    watchers: Places,
    duration: Histogram<f64>,
    refused: Counter<u64>,
    #[cfg(feature = "failpoints")]
    admits_everybody: bool,
}

/// By what somebody comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entrance {
    /// Health and the contract tell nothing about anybody's orders: for everybody, once.
    Check,
    /// The same as a stream.
    Watch,
    Proof(Proof),
    Call,
    Stream,
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
        let meter = telemetry::meter();
        let refused = meter
            .u64_counter("rpc.server.refused")
            .with_description("Calls that were refused because there were too many, by reason")
            .build();
        let (rate, burst) = (settings.rate_per_store, settings.burst_per_store);
        Self {
            callers: Callers::new(access, stores, denials.clone(), bootstrap),
            denials,
            default_deadline: settings.default_deadline,
            rates: Arc::new(Rates::new(rate, burst, refused.clone())),
            running: Places::new(Room {
                places: settings.max_concurrent_calls,
                per_store: settings.max_calls_per_store,
                queue: settings.max_waiting_calls,
                patience: settings.max_wait,
            }),
            open: Places::new(Room {
                per_store: settings.max_streams_per_store,
                ..Room::of(settings.max_open_streams)
            }),
            signed: Places::new(Room::of_nobody(MAX_SIGNED)),
            log_ins: Places::new(Room::of_nobody(MAX_LOG_INS)),
            checks: Places::new(Room::of_nobody(MAX_CHECKS)),
            watchers: Places::new(Room::of_nobody(MAX_WATCHERS)),
            duration: meter
                .f64_histogram("rpc.server.duration")
                .with_unit("s")
                .with_description(
                    "How long calls took, and streams to open, by method and status code",
                )
                .build(),
            refused,
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
        let Times { deadline, asked } = times?;
        check_headers(request.headers())?;
        let entrance = entrance(request.uri().path(), method);
        let deadline = match entrance {
            Entrance::Proof(_) => deadline.at_most(PROOF_DEADLINE),
            Entrance::Check => deadline.at_most(CHECK_DEADLINE),
            _ => deadline,
        };
        let ask = match entrance {
            Entrance::Stream => self.callers.still_valid(request.headers()),
            _ => None,
        };
        request.extensions_mut().insert(deadline);
        let name = method.map_or("", |it| it.method);
        let call = async {
            let peer = request.extensions().get::<Peer>().copied();
            let (caller, running) = self.enter(entrance, request.headers(), name, peer).await?;
            // A command that goes on after its caller left still counts as running.
            request.extensions_mut().insert(running.clone());
            // Of whoever brings a proof it is not known yet whose they are.
            let fence = caller.as_ref().map_or(Fence::Whole, |caller| caller.fence());
            if let Some(caller) = &caller {
                let principal = Arc::clone(caller);
                #[cfg(feature = "failpoints")]
                let principal = self.as_if_admitted(principal);
                request.extensions_mut().insert(principal);
                request.extensions_mut().insert(Arc::clone(&self.rates));
            }
            let served = fence.clone().around(async { inner.call(request).await }).await;
            let answered = served.map_err(|error| {
                tracing::error!(%error, "a service broke");
                refusal::internal()
            })?;
            if let Some(caller) = caller {
                denied::note(&self.denials, &caller, name, &answered);
            }
            Ok((answered, fence, running))
        };
        let (answered, fence, running) = tokio::time::timeout_at(deadline.at(), call)
            .await
            .unwrap_or_else(|_| Err(refusal::deadline_exceeded()))?;
        let answered = in_our_words(answered);
        if matches!(entrance, Entrance::Watch | Entrance::Stream) {
            return Ok(answered.map(|body| Body::new(Open::new(body, fence, asked, ask, running))));
        }
        Ok(answered)
    }

    /// Who calls, if that is asked here, and a place for the call.
    async fn enter(
        &self,
        entrance: Entrance,
        headers: &HeaderMap,
        method: &str,
        peer: Option<Peer>,
    ) -> Result<(Option<Arc<Principal>>, Running), Status> {
        let of_nobody = match entrance {
            Entrance::Check => Some(&self.checks),
            Entrance::Watch => Some(&self.watchers),
            Entrance::Proof(Proof::Password) => Some(&self.log_ins),
            Entrance::Proof(Proof::Signature) => Some(&self.signed),
            Entrance::Call | Entrance::Stream => None,
        };
        let (caller, place) = if let Some(places) = of_nobody {
            (None, places.take(&peer.map(Peer::share).unwrap_or_default()).await)
        } else {
            let caller = Arc::new(self.callers.identify(headers, method).await?);
            let share = caller.share();
            // Of whoever acts for all stores the call itself says for which.
            if caller.store_id.is_some() {
                self.rates.admit(&share)?;
            }
            let places = if entrance == Entrance::Stream { &self.open } else { &self.running };
            let place = places.take(&share).await;
            drop(share);
            (Some(caller), place)
        };
        let place = place.map_err(|Full| {
            self.refused.add(1, &[KeyValue::new("reason", "OVERLOADED")]);
            refusal::overloaded()
        })?;
        Ok((caller, Running::of(place)))
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

fn entrance(path: &str, method: Option<&Permission>) -> Entrance {
    if path == "/grpc.health.v1.Health/Check" {
        return Entrance::Check;
    }
    if path.starts_with("/grpc.health.") || path.starts_with("/grpc.reflection.") {
        return Entrance::Watch;
    }
    match method {
        Some(Permission { proof: Some(proof), .. }) => Entrance::Proof(*proof),
        Some(Permission { streams: true, .. }) => Entrance::Stream,
        _ => Entrance::Call,
    }
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
