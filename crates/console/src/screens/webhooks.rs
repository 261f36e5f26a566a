//! Where a store is told of its events, and what became of each message.

mod send;

pub use send::{redeliver, test};

use crate::{
    fields::Fields,
    frame::{Frame, Page as _, pages},
    parts,
    visit::{Shown, Visit},
    words,
};
use askama::Template;
use gateway::Services;
use tonic::Status;
use wire::webhooks::v1::{
    CreateEndpointRequest, DeleteEndpointRequest, Delivery, DeliveryState, Endpoint,
    EndpointFormat, EndpointState, GetEndpointRequest, ListDeliveriesRequest, ListEndpointsRequest,
    RotateSecretRequest, UpdateEndpointRequest,
};

/// Deliveries on a page.
const PAGE: i32 = 50;

#[derive(Template)]
#[template(path = "webhooks.html")]
struct EndpointsPage {
    frame: Frame,
    fields: Fields,
    endpoints: Vec<Endpoint>,
}

pages!(EndpointsPage);

#[derive(Template)]
#[template(path = "endpoint.html")]
struct EndpointPage {
    frame: Frame,
    fields: Fields,
    endpoint: Endpoint,
    /// Shown this once.
    secret: String,
    deliveries: Vec<Delivery>,
    next: String,
}

pages!(EndpointPage);

impl EndpointPage {
    fn is_enabled(&self) -> bool {
        self.endpoint.state() == EndpointState::Enabled
    }

    fn here(&self) -> String {
        format!("{}/webhooks/{}", self.frame.base, self.endpoint.endpoint_id)
    }
}

pub async fn list<S: Services>(visit: Visit<S>) -> Shown {
    endpoints(&visit, None).await
}

async fn endpoints<S: Services>(visit: &Visit<S>, refused: Option<&Status>) -> Shown {
    let request = ListEndpointsRequest { store_id: visit.store_id(), ..Default::default() };
    let answer = visit.calls.webhooks().list_endpoints(visit.calls.ask(request)).await?;
    EndpointsPage {
        frame: visit.frame("Webhooks", "webhooks").with(refused),
        fields: visit.form.clone(),
        endpoints: answer.into_inner().endpoints,
    }
    .shown()
}

/// Answers the endpoint's page itself and no redirect: the secret is shown this once.
pub async fn create<S: Services>(visit: Visit<S>) -> Shown {
    let form = &visit.form;
    let request = visit.calls.ask(CreateEndpointRequest {
        store_id: visit.store_id(),
        request_id: visit.request_id(),
        url: form.text("url").to_owned(),
        types: types(form),
        format: words::number::<EndpointFormat>(form.text("format")),
    });
    match visit.calls.webhooks().create_endpoint(request).await {
        Ok(made) => {
            let made = made.into_inner().endpoint.unwrap_or_default();
            page(&visit, &made.endpoint_id, made.secret, None).await
        }
        Err(status) => endpoints(&visit, Some(&status)).await,
    }
}

/// Types of events as they are written into one field.
fn types(form: &Fields) -> Vec<String> {
    let words = form.text("types").split([',', ' ', '\n', '\r']);
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

pub async fn show<S: Services>(visit: Visit<S>) -> Shown {
    page(&visit, &visit.named("endpoint_id"), String::new(), None).await
}

pub(super) async fn page<S: Services>(
    visit: &Visit<S>,
    endpoint_id: &str,
    secret: String,
    refused: Option<&Status>,
) -> Shown {
    let (store_id, endpoint_id) = (visit.store_id(), endpoint_id.to_owned());
    let request =
        GetEndpointRequest { store_id: store_id.clone(), endpoint_id: endpoint_id.clone() };
    let found = visit.calls.webhooks().get_endpoint(visit.calls.ask(request)).await?;
    let fields = visit.query.clone();
    let mut read = fields.read();
    let states = read.numbers::<DeliveryState>("state");
    read.finish()?;
    let request = visit.calls.ask(ListDeliveriesRequest {
        store_id,
        endpoint_id,
        states,
        event_id: fields.text("event").to_owned(),
        page_size: PAGE,
        page_token: fields.text("page").to_owned(),
    });
    let answer = visit.calls.webhooks().list_deliveries(request).await?.into_inner();
    let next = answer.next_page_token;
    EndpointPage {
        frame: visit.frame("Webhook endpoint", "webhooks").with(refused),
        endpoint: found.into_inner().endpoint.unwrap_or_default(),
        secret,
        deliveries: answer.deliveries,
        next: if next.is_empty() { next } else { fields.query_with("page", &next) },
        fields,
    }
    .shown()
}

/// Where a change of an endpoint leads: back to it, with what was done or why not.
pub(super) async fn after<S: Services, T>(
    visit: &Visit<S>,
    outcome: Result<T, Status>,
    done: &str,
) -> Shown {
    let endpoint_id = visit.named("endpoint_id");
    match outcome {
        Ok(_) => Ok(visit.go(&format!("webhooks/{endpoint_id}"), done)),
        Err(status) => page(visit, &endpoint_id, String::new(), Some(&status)).await,
    }
}

pub async fn change<S: Services>(visit: Visit<S>) -> Shown {
    let form = &visit.form;
    let types = types(form);
    let says_types = form.has("says_types");
    let outcome = async {
        let mut read = form.read();
        let version = read.count("version");
        read.finish()?;
        let request = visit.calls.ask(UpdateEndpointRequest {
            store_id: visit.store_id(),
            endpoint_id: visit.named("endpoint_id"),
            request_id: visit.request_id(),
            url: form.given("url"),
            all_types: says_types && types.is_empty(),
            types,
            state: words::number::<EndpointState>(form.text("state")),
            version,
        });
        visit.calls.webhooks().update_endpoint(request).await
    };
    after(&visit, outcome.await, "endpoint-changed").await
}

pub async fn delete<S: Services>(visit: Visit<S>) -> Shown {
    let request = visit.calls.ask(DeleteEndpointRequest {
        store_id: visit.store_id(),
        endpoint_id: visit.named("endpoint_id"),
        request_id: visit.request_id(),
    });
    match visit.calls.webhooks().delete_endpoint(request).await {
        Ok(_) => Ok(visit.go("webhooks", "endpoint-deleted")),
        Err(status) => {
            page(&visit, &visit.named("endpoint_id"), String::new(), Some(&status)).await
        }
    }
}

pub async fn rotate<S: Services>(visit: Visit<S>) -> Shown {
    let endpoint_id = visit.named("endpoint_id");
    let outcome = async {
        let mut read = visit.form.read();
        let hours: Option<i32> = read.count("hours");
        read.finish()?;
        let request = visit.calls.ask(RotateSecretRequest {
            store_id: visit.store_id(),
            endpoint_id: endpoint_id.clone(),
            request_id: visit.request_id(),
            overlap_seconds: hours.map(|hours| hours.saturating_mul(3600)),
        });
        visit.calls.webhooks().rotate_secret(request).await
    };
    match outcome.await {
        Ok(made) => {
            let secret = made.into_inner().endpoint.unwrap_or_default().secret;
            page(&visit, &endpoint_id, secret, None).await
        }
        Err(status) => page(&visit, &endpoint_id, String::new(), Some(&status)).await,
    }
}
