//! `meridian.events.v1.EventService`: the feed of a store.

mod from_wire;
mod to_wire;

use application::{Cursor, Feed, Watched};
use futures_util::stream::{self, Stream};
use grpc_kit::{Admitted, Fields, admit, next_token, page, refusal};
use ports::{Page, Stretch};
use std::pin::Pin;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};
use wire::events::v1::{self as proto, event_service_server::EventService};

/// Bytes of a page, so that any page fits into a message.
const MAX_BYTES: usize = 3 << 20;

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
        let cursor = page.after.map_or(cursor, Cursor::Page);
        let found = self.feed.list(&store_id, cursor, &filter, page.size).await;
        let shown = shown(&found.map_err(|failure| refusal::of(&failure))?);
        let (Page { items, next }, seen) = shown;
        let next_page_token = next_token(next, &list);
        let answer =
            proto::ListEventsResponse { events: items, next_page_token, last_position: seen };
        Ok(Response::new(answer))
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

/// A page that fits into a message, and how far the feed was looked at.
fn shown(stretch: &Stretch) -> (Page<proto::Event, i64>, i64) {
    let mut items = Vec::with_capacity(stretch.events.len());
    let (mut bytes, mut last) = (0, 0);
    for event in &stretch.events {
        let row = to_wire::event(event);
        bytes += prost::Message::encoded_len(&row);
        if bytes > MAX_BYTES && !items.is_empty() {
            return (Page { items, next: Some(last) }, last);
        }
        items.push(row);
        last = event.position;
    }
    (Page { items, next: stretch.more.then_some(stretch.seen) }, stretch.seen)
}
