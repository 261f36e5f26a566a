//! Logs, traces and metrics of one process.
//!
//! [`init`] installs them once for the whole process: logs go to standard error, and with an OTLP
//! endpoint traces, metrics and logs also go there. The [`Guard`] sends what is left at the end.
//! [`continue_trace`] and [`pass_trace_on`] carry the W3C trace context into and out of headers,
//! [`traceparent`] into a stored row. Instruments come from [`meter`].
//!
//! Without an endpoint spans have no ids: nothing is passed on, and the helpers cost next to nothing.

mod export;
mod guard;
mod settings;
mod trace_context;

pub use guard::{FlushError, Guard};
pub use opentelemetry::{KeyValue, metrics};
pub use settings::{LogFormat, Settings, check_filter};
pub use trace_context::{continue_trace, pass_trace_on, traceparent};

use opentelemetry::global;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use std::io;
use tracing::Subscriber;
use tracing_subscriber::{
    Layer, layer::SubscriberExt, registry::LookupSpan, util::SubscriberInitExt,
};

/// The name of this program to whoever collects its telemetry.
pub const SERVICE: &str = "meridian";

#[derive(Debug, thiserror::Error)]
pub enum InitError {
    #[error("the log filter {filter:?} is not valid: {reason}")]
    Filter { filter: String, reason: String },
    #[error("the OTLP endpoint {endpoint} cannot be used")]
    Endpoint { endpoint: String, source: opentelemetry_otlp::ExporterBuildError },
    #[error("telemetry is already installed in this process")]
    Installed(#[source] tracing_subscriber::util::TryInitError),
}

/// Installs logging, tracing and metrics for the whole process.
///
/// With an endpoint it has to be called inside a Tokio runtime, which then does the sending. An
/// endpoint that does not answer is no error here: what cannot be sent is dropped and logged.
pub fn init(settings: &Settings) -> Result<Guard, InitError> {
    let filter = settings.parsed_filter()?;
    global::set_text_map_propagator(TraceContextPropagator::new());
    let providers = export::Providers::start(settings)?;
    let layers = providers.as_ref().map(export::Providers::layers);
    tracing_subscriber::registry()
        .with(filter)
        .with(log_layer::<_>(settings.log_format))
        .with(layers)
        .try_init()
        .map_err(InitError::Installed)?;
    if let Some(providers) = &providers {
        providers.install_meter();
    }
    Ok(Guard::new(providers))
}

/// Where Meridian's instruments come from. They measure nothing without an endpoint, and those that
/// were made before [`init`] never do.
pub fn meter() -> metrics::Meter {
    global::meter(SERVICE)
}

fn log_layer<S>(format: LogFormat) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    match format {
        LogFormat::Json => layer.json().flatten_event(true).with_span_list(false).boxed(),
        LogFormat::Pretty => layer.boxed(),
    }
}
