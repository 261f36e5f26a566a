//! The answer of a stream, for as long as it is open.

use crate::{gate::Running, refusal};
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use std::{
    pin::Pin,
    task::{Context, Poll},
};
use tokio::time::{Instant, Sleep, sleep_until};
use tonic::{Status, body::Body, codegen::Bytes};

/// Keeps the stream's place until it is over or its caller has left, and ends it when the caller
/// said, whatever its service still has to say.
pub(crate) struct Open {
    body: Body,
    until: Option<Pin<Box<Sleep>>>,
    over: bool,
    _place: Running,
}

impl Open {
    pub fn new(body: Body, until: Option<Instant>, place: Running) -> Self {
        let until = until.map(|until| Box::pin(sleep_until(until)));
        Self { body, until, over: false, _place: place }
    }
}

impl http_body::Body for Open {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.over {
            return Poll::Ready(None);
        }
        let until = self.until.as_mut();
        if until.is_some_and(|until| until.as_mut().poll(context).is_ready()) {
            self.over = true;
            self.body = Body::empty();
            let mut trailers = HeaderMap::new();
            return Poll::Ready(Some(
                refusal::deadline_exceeded()
                    .add_header(&mut trailers)
                    .map(|()| Frame::trailers(trailers)),
            ));
        }
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.over || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body::Body as _;
    use http_body_util::{BodyExt as _, StreamBody};
    use std::{sync::Arc, time::Duration};
    use tokio::sync::{Semaphore, mpsc};
    use tokio_stream::{StreamExt as _, wrappers::ReceiverStream};
    use tonic::Code;

    fn opened(
        places: &Arc<Semaphore>,
        until: Option<Instant>,
    ) -> (mpsc::Sender<&'static [u8]>, Open) {
        let (sender, receiver) = mpsc::channel(1);
        let frames = ReceiverStream::new(receiver)
            .map(|bytes| Ok::<_, Status>(Frame::data(Bytes::from_static(bytes))));
        let place = Arc::clone(places).try_acquire_owned().unwrap();
        let body = Body::new(StreamBody::new(frames));
        (sender, Open::new(body, until, Running::of(place)))
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_without_a_deadline_stays_open_and_keeps_its_place_until_it_is_dropped() {
        let places = Arc::new(Semaphore::new(1));
        let (sender, mut open) = opened(&places, None);
        tokio::time::sleep(Duration::from_hours(24)).await;
        sender.send(b"late").await.unwrap();
        assert_eq!(open.frame().await.unwrap().unwrap().into_data().unwrap(), &b"late"[..]);
        assert_eq!(places.available_permits(), 0);
        drop(open);
        assert_eq!(places.available_permits(), 1);
        assert!(sender.is_closed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_ends_when_its_caller_said_and_says_so() {
        let places = Arc::new(Semaphore::new(1));
        let (sender, mut open) = opened(&places, Some(Instant::now() + Duration::from_secs(5)));
        sender.send(b"early").await.unwrap();
        assert!(open.frame().await.unwrap().unwrap().is_data());
        let trailers = open.frame().await.unwrap().unwrap().into_trailers().unwrap();
        let status = Status::from_header_map(&trailers).unwrap();
        assert_eq!(status.code(), Code::DeadlineExceeded);
        assert!(open.frame().await.is_none() && open.is_end_stream() && sender.is_closed());
    }
}
