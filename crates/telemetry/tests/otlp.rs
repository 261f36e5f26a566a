//! Telemetry reaches a collector over a real socket. Each test installs it for its whole process,
//! so there is one test a file.

use opentelemetry_proto::tonic::{
    collector::{
        logs::v1::{
            ExportLogsServiceRequest, ExportLogsServiceResponse,
            logs_service_server::{LogsService, LogsServiceServer},
        },
        metrics::v1::{
            ExportMetricsServiceRequest, ExportMetricsServiceResponse,
            metrics_service_server::{MetricsService, MetricsServiceServer},
        },
        trace::v1::{
            ExportTraceServiceRequest, ExportTraceServiceResponse,
            trace_service_server::{TraceService, TraceServiceServer},
        },
    },
    common::v1::{AnyValue, any_value::Value},
    resource::v1::Resource,
};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use telemetry::{LogFormat, Settings};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, transport::Server};

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_span_a_metric_and_a_log_reach_the_collector_with_the_callers_trace() {
    let received = Received::default();
    let address = collector(received.clone()).await;
    let guard = telemetry::init(&Settings {
        endpoint: Some(format!("http://{address}")),
        log_format: LogFormat::Json,
        filter: "info".to_owned(),
        metrics_interval: Duration::from_mins(1),
    })
    .unwrap();

    let span = tracing::info_span!("refund", order = "o-1");
    telemetry::continue_trace(&span, |name| (name == "traceparent").then_some(PARENT));
    let passed_on = telemetry::traceparent(&span).unwrap();
    span.in_scope(|| tracing::info!(legs = 2, "refund committed"));
    drop(span);
    telemetry::meter().u64_counter("meridian.refunds").build().add(1, &[]);
    guard.shut_down(Duration::from_secs(30)).unwrap();

    assert_eq!(passed_on.split('-').nth(1), Some(TRACE_ID));
    let spans = received.spans.lock().unwrap();
    let (resource, span) = spans
        .iter()
        .flat_map(|export| &export.resource_spans)
        .map(|spans| (spans.resource.as_ref().unwrap(), &spans.scope_spans[0].spans[0]))
        .next()
        .unwrap();
    assert_eq!(span.name, "refund");
    assert_eq!(hex(&span.trace_id), TRACE_ID);
    assert_eq!(passed_on.split('-').nth(2), Some(hex(&span.span_id).as_str()));
    assert_eq!(service_name(resource), "meridian");

    let metrics = received.metrics.lock().unwrap();
    let mut names = metrics
        .iter()
        .flat_map(|export| &export.resource_metrics)
        .flat_map(|metrics| &metrics.scope_metrics)
        .flat_map(|metrics| &metrics.metrics)
        .map(|metric| metric.name.as_str());
    assert!(names.any(|name| name == "meridian.refunds"));

    let logs = received.logs.lock().unwrap();
    let mut bodies = logs
        .iter()
        .flat_map(|export| &export.resource_logs)
        .flat_map(|logs| &logs.scope_logs)
        .flat_map(|logs| &logs.log_records)
        .map(|record| (text(record.body.as_ref()), hex(&record.trace_id)));
    assert!(bodies.any(|body| body == ("refund committed".to_owned(), TRACE_ID.to_owned())));
}

/// What the collector was sent.
#[derive(Clone, Default)]
struct Received {
    spans: Arc<Mutex<Vec<ExportTraceServiceRequest>>>,
    metrics: Arc<Mutex<Vec<ExportMetricsServiceRequest>>>,
    logs: Arc<Mutex<Vec<ExportLogsServiceRequest>>>,
}

async fn collector(received: Received) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound listener has an address");
    let server = Server::builder()
        .add_service(TraceServiceServer::new(received.clone()))
        .add_service(MetricsServiceServer::new(received.clone()))
        .add_service(LogsServiceServer::new(received))
        .serve_with_incoming(TcpListenerStream::new(listener));
    tokio::spawn(server);
    address
}

#[tonic::async_trait]
impl TraceService for Received {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.spans.lock().expect("no holder panics").push(request.into_inner());
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Received {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        self.metrics.lock().expect("no holder panics").push(request.into_inner());
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl LogsService for Received {
    async fn export(
        &self,
        request: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        self.logs.lock().expect("no holder panics").push(request.into_inner());
        Ok(Response::new(ExportLogsServiceResponse::default()))
    }
}

fn service_name(resource: &Resource) -> String {
    let attribute = resource.attributes.iter().find(|attribute| attribute.key == "service.name");
    text(attribute.and_then(|attribute| attribute.value.as_ref()))
}

fn text(value: Option<&AnyValue>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        _ => String::new(),
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes all");
        text
    })
}
