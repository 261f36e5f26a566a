use crate::{InitError, SERVICE, Settings};
use opentelemetry::{KeyValue, global, trace::TracerProvider};
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_otlp::{
    ExporterBuildError, LogExporter, MetricExporter, SpanExporter, WithExportConfig,
};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    logs::SdkLoggerProvider,
    metrics::{PeriodicReader, SdkMeterProvider},
    trace::SdkTracerProvider,
};
use std::{process, time::Duration};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::{Layer, filter::filter_fn, registry::LookupSpan};

/// How long one batch may take to reach the collector.
const SEND_WITHIN: Duration = Duration::from_secs(5);

/// The crates that do the sending. What they report is logged but not exported: exporting it would
/// give them something to report again.
const SENDERS: [&str; 5] = ["opentelemetry", "h2", "hyper", "tonic", "tower"];

/// What collects and sends, one for each signal.
#[derive(Debug, Clone)]
pub(crate) struct Providers {
    traces: SdkTracerProvider,
    metrics: SdkMeterProvider,
    logs: SdkLoggerProvider,
}

impl Providers {
    /// `None` without an endpoint.
    pub(crate) fn start(settings: &Settings) -> Result<Option<Self>, InitError> {
        let Some(endpoint) = &settings.endpoint else { return Ok(None) };
        Self::connect(endpoint, settings.metrics_interval)
            .map(Some)
            .map_err(|source| InitError::Endpoint { endpoint: endpoint.clone(), source })
    }

    fn connect(endpoint: &str, metrics_interval: Duration) -> Result<Self, ExporterBuildError> {
        let spans =
            SpanExporter::builder().with_tonic().with_endpoint(endpoint).with_timeout(SEND_WITHIN);
        let metrics = MetricExporter::builder()
            .with_tonic()
            .with_endpoint(endpoint)
            .with_timeout(SEND_WITHIN);
        let logs =
            LogExporter::builder().with_tonic().with_endpoint(endpoint).with_timeout(SEND_WITHIN);
        let reader =
            PeriodicReader::builder(metrics.build()?).with_interval(metrics_interval).build();
        Ok(Self {
            traces: SdkTracerProvider::builder()
                .with_resource(resource())
                .with_batch_exporter(spans.build()?)
                .build(),
            metrics: SdkMeterProvider::builder()
                .with_resource(resource())
                .with_reader(reader)
                .build(),
            logs: SdkLoggerProvider::builder()
                .with_resource(resource())
                .with_batch_exporter(logs.build()?)
                .build(),
        })
    }

    pub(crate) fn layers<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
    {
        let traces = tracing_opentelemetry::layer().with_tracer(self.traces.tracer(SERVICE));
        let logs = OpenTelemetryTracingBridge::new(&self.logs);
        traces.with_filter(filter_fn(is_our_own)).and_then(logs.with_filter(filter_fn(is_our_own)))
    }

    pub(crate) fn install_meter(&self) {
        global::set_meter_provider(self.metrics.clone());
    }

    /// Sends what is left and ends for good; all three signals even if one of them fails.
    pub(crate) fn shut_down(&self) -> OTelSdkResult {
        let results = [self.traces.shutdown(), self.metrics.shutdown(), self.logs.shutdown()];
        results.into_iter().collect()
    }
}

fn resource() -> Resource {
    Resource::builder()
        .with_service_name(SERVICE)
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .with_attribute(KeyValue::new("process.pid", i64::from(process::id())))
        .build()
}

fn is_our_own(metadata: &Metadata<'_>) -> bool {
    let sender = metadata.target().split("::").next().unwrap_or_default();
    !SENDERS.iter().any(|name| sender.starts_with(name))
}
