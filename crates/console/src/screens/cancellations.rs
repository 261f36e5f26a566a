//! Cancellations: first those that wait for a decision, then the list.

use crate::{
    fields::Fields,
    frame::{Frame, Page as _, pages},
    parts,
    visit::{Shown, Visit},
    words,
};
use askama::Template;
use gateway::Services;
use tonic::{Code, Status};
use wire::cancellations::v1::{
    Cancellation, CancellationReason, CancellationState, ListCancellationsRequest,
    ListCancellationsResponse, RequestedBy,
};

const PAGE: i32 = 50;

#[derive(Template)]
#[template(path = "cancellations.html")]
struct CancellationsPage {
    frame: Frame,
    fields: Fields,
    /// Requests that nobody has decided yet.
    queue: Vec<Cancellation>,
    queue_goes_on: bool,
    cancellations: Vec<Cancellation>,
    next: String,
}

pages!(CancellationsPage);

pub async fn list<S: Services>(visit: Visit<S>) -> Shown {
    let fields = visit.query.clone();
    let waiting = ListCancellationsRequest {
        store_id: visit.store_id(),
        order_id: "-".to_owned(),
        page_size: PAGE,
        states: vec![CancellationState::Requested.into()],
        ..ListCancellationsRequest::default()
    };
    let queue = page(&visit, waiting).await?;
    let found = match asked(&visit, &fields) {
        Ok(asked) => page(&visit, asked).await,
        Err(status) => Err(status),
    };
    let (found, refused) = match found {
        Ok(found) => (found, None),
        Err(status) if status.code() == Code::InvalidArgument => {
            (ListCancellationsResponse::default(), Some(status))
        }
        Err(status) => return Err(status.into()),
    };
    let next = found.next_page_token;
    CancellationsPage {
        frame: visit.frame("Cancellations", "cancellations").with(refused.as_ref()),
        queue: queue.cancellations,
        queue_goes_on: !queue.next_page_token.is_empty(),
        cancellations: found.cancellations,
        next: if next.is_empty() { next } else { fields.query_with("page", &next) },
        fields,
    }
    .shown()
}

fn asked<S: Services>(
    visit: &Visit<S>,
    fields: &Fields,
) -> Result<ListCancellationsRequest, Status> {
    let mut read = fields.read();
    let request = ListCancellationsRequest {
        store_id: visit.store_id(),
        order_id: fields.given("order").unwrap_or_else(|| "-".to_owned()),
        page_size: PAGE,
        page_token: fields.text("page").to_owned(),
        states: read.numbers::<CancellationState>("state"),
        requested_by: read.numbers::<RequestedBy>("by"),
        reasons: read.numbers::<CancellationReason>("reason"),
        created_after: read.day("from", &visit.zone),
        created_before: read.through("to", &visit.zone),
        accepted_after: read.day("accepted_from", &visit.zone),
        accepted_before: read.through("accepted_to", &visit.zone),
        completed_after: read.day("completed_from", &visit.zone),
        completed_before: read.through("completed_to", &visit.zone),
        product_code: fields.text("product").to_owned(),
    };
    read.finish()?;
    Ok(request)
}

async fn page<S: Services>(
    visit: &Visit<S>,
    asked: ListCancellationsRequest,
) -> Result<ListCancellationsResponse, Status> {
    let request = visit.calls.ask(asked);
    Ok(visit.calls.cancellations().list_cancellations(request).await?.into_inner())
}
