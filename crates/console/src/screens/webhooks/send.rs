//! Messages that are sent because somebody asks for it.

use super::after;
use crate::visit::{Shown, Visit};
use gateway::Services;
use wire::webhooks::v1::{RedeliverEventRequest, SendTestEventRequest};

pub async fn test<S: Services>(visit: Visit<S>) -> Shown {
    let request = visit.calls.ask(SendTestEventRequest {
        store_id: visit.store_id(),
        endpoint_id: visit.named("endpoint_id"),
        request_id: visit.request_id(),
    });
    let outcome = visit.calls.webhooks().send_test_event(request).await;
    after(&visit, outcome, "tested").await
}

/// One event, or all of some days.
pub async fn redeliver<S: Services>(visit: Visit<S>) -> Shown {
    let outcome = async {
        let mut read = visit.form.read();
        let (from, before) = (read.day("from", &visit.zone), read.through("to", &visit.zone));
        read.finish()?;
        let request = visit.calls.ask(RedeliverEventRequest {
            store_id: visit.store_id(),
            endpoint_id: visit.named("endpoint_id"),
            request_id: visit.request_id(),
            event_id: visit.form.text("event_id").to_owned(),
            from,
            before,
        });
        visit.calls.webhooks().redeliver_event(request).await
    };
    after(&visit, outcome.await, "redelivered").await
}
