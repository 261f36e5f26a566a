//! `meridian.events.v1.EventService`: the feed of a store.

mod from_wire;
mod to_wire;

use application::{Cursor, Feed, Watched};
use futures_util::stream::{self, Stream};
use grpc_kit::{Admitted, Fields, admit, next_token, page, refusal, within_message};
use ports::{Page, Stretch};
use std::pin::Pin;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};
use wire::events::v1::{self as proto, event_service_server::EventService};

#[derive(Clone)]
pub struct EventsGrpc {
    feed: Feed,
    /// Streams have no end of their own: with this they end.
    closing: CancellationToken,
}

impl EventsGrpc {
    pub const fn new(feed: Feed, closing: CancellationToken) -> Self {
        Self { feed, closing }
    }
}

#[tonic::async_trait]
impl EventService for EventsGrpc {
    async fn list_events(
        &self,
        request: Request<proto::ListEventsRequest>,
    ) -> Result<Response<proto::ListEventsResponse>, Status> {
        let Admitted { store_id, .. } = admit(&request, "ListEvents", &request.get_ref().store_id)?;
        let message = request.into_inner();
        let list = proto::ListEventsRequest {
            store_id: message.store_id,
            types: message.types.clone(),
            order_id: message.order_id.clone(),
            ..proto::ListEventsRequest::default()
        };
        let mut fields = Fields::new();
        let page = page::<i64>(&mut fields, message.page_size, &message.page_token, &list);
        let after = message.after_position;
        let cursor = from_wire::cursor(&mut fields, &message.after, after);
        let filter = from_wire::filter(&mut fields, &message.types, &message.order_id);
        fields.finish()?;
        let cursor = page.after.map_or(cursor, Cursor::Position);
        let found = self.feed.list(&store_id, cursor, &filter, page.size).await;
        let Stretch { events, seen, more } = found.map_err(|failure| refusal::of(&failure))?;
        let found = Page { items: events, next: more.then_some(seen) };
        let (events, next) = within_message(found, to_wire::event, |event| event.position);
        // Where the page was cut, what comes next is what was not shown.
        let last_position = next.unwrap_or(seen);
        let next_page_token = next_token(next, &list);
        Ok(Response::new(proto::ListEventsResponse { events, next_page_token, last_position }))
    }

    type WatchEventsStream =
        Pin<Box<dyn Stream<Item = Result<proto::WatchEventsResponse, Status>> + Send>>;

    async fn watch_events(
        &self,
        request: Request<proto::WatchEventsRequest>,
    ) -> Result<Response<Self::WatchEventsStream>, Status> {
        let Admitted { store_id, .. } =
            admit(&request, "WatchEvents", &request.get_ref().store_id)?;
        let message = request.into_inner();
        let mut fields = Fields::new();
        let cursor = from_wire::watched(&mut fields, &message);
        let filter = from_wire::filter(&mut fields, &message.types, &message.order_id);
        fields.finish()?;
        let watched = self.feed.watch(&store_id, cursor, filter).await;
        let watched = watched.map_err(|failure| refusal::of(&failure))?;
        Ok(Response::new(Box::pin(streamed(watched, self.closing.clone()))))
    }
}

/// Events as they are read, until the reader leaves or the process ends.
fn streamed(
    watched: Watched,
    closing: CancellationToken,
) -> impl Stream<Item = Result<proto::WatchEventsResponse, Status>> {
    stream::unfold(Some((watched, closing)), |open| async {
        let (mut watched, closing) = open?;
        tokio::select! {
            biased;
            () = closing.cancelled() => Some((Err(refusal::shutting_down()), None)),
            event = watched.next() => match event {
                Ok(event) => {
                    let event = Some(to_wire::event(&event));
                    Some((Ok(proto::WatchEventsResponse { event }), Some((watched, closing))))
                }
                Err(failure) => Some((Err(refusal::of(&failure)), None)),
            },
        }
    })
}
