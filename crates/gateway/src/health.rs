//! Whether the process lives, and whether it can do its work.

use crate::{Services, rest::reply};
use axum::{Router, response::Response, routing::get};
use http::StatusCode;
use serde_json::{Map, Value, json};
use std::{collections::BTreeSet, time::Duration};
use tonic::Code;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use wire::rest::ROUTES;

/// How long a service may take to say how it is.
const PATIENCE: Duration = Duration::from_secs(2);

const SERVING: &str = "SERVING";
const NOT_SERVING: &str = "NOT_SERVING";

/// `/healthz` and `/readyz`.
pub fn router<S: Services>(services: S) -> Router {
    let ready = move || ready(services.clone());
    Router::new().route("/healthz", get(alive)).route("/readyz", get(ready))
}

async fn alive() -> Response {
    show(StatusCode::OK, &json!({"status": SERVING}))
}

/// 200 if every service of the contract is serving, else 503; both say how each one is.
async fn ready<S: Services>(services: S) -> Response {
    let mut found = Map::new();
    for name in names() {
        found.insert(name.to_owned(), status(services.clone(), name).await.into());
    }
    let (http, status) = if found.values().all(|status| status == SERVING) {
        (StatusCode::OK, SERVING)
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, NOT_SERVING)
    };
    show(http, &json!({"status": status, "services": Value::from(found)}))
}

/// Every service that has a route: `/meridian.orders.v1.OrderService/GetOrder` names one.
fn names() -> BTreeSet<&'static str> {
    ROUTES.iter().filter_map(|route| route.grpc_path.split('/').nth(1)).collect()
}

async fn status<S: Services>(services: S, name: &str) -> &'static str {
    let request = HealthCheckRequest { service: name.to_owned() };
    let mut health = HealthClient::new(services);
    match tokio::time::timeout(PATIENCE, health.check(request)).await {
        Ok(Ok(answer)) => match answer.into_inner().status() {
            ServingStatus::Serving => SERVING,
            ServingStatus::NotServing => NOT_SERVING,
            ServingStatus::Unknown | ServingStatus::ServiceUnknown => "UNKNOWN",
        },
        Ok(Err(status)) if status.code() == Code::NotFound => "UNKNOWN",
        Ok(Err(status)) => {
            tracing::warn!(service = name, code = ?status.code(), "a service is not ready");
            "UNREACHABLE"
        }
        Err(_) => "UNREACHABLE",
    }
}

fn show(status: StatusCode, json: &Value) -> Response {
    reply(status, json.to_string().into_bytes())
}
