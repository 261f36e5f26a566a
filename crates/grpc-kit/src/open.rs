//! The answer of a stream, for as long as it is open.

use crate::{gate::Running, refusal};
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::{Instant, Sleep, sleep_until};
use tonic::{Status, body::Body, codegen::Bytes};

/// How often it is asked whether the caller may still listen.
const ASK_EVERY: Duration = Duration::from_secs(5);

/// Whether the caller may still listen.
pub(crate) type Ask = Box<dyn Fn() -> Asked + Send>;
pub(crate) type Asked = Pin<Box<dyn Future<Output = bool> + Send>>;

/// Keeps the stream's place until it is over or its caller has left, and ends it when the caller
/// said, or may listen no more, whatever its service still has to say.
pub(crate) struct Open {
    body: Body,
    until: Option<Pin<Box<Sleep>>>,
    may_listen: Option<MayListen>,
    over: bool,
    _place: Running,
}

/// Asks again and again.
struct MayListen {
    ask: Ask,
    again: Pin<Box<Sleep>>,
    asked: Option<Asked>,
}

impl MayListen {
    fn has_ended(&mut self, context: &mut Context<'_>) -> bool {
        loop {
            if let Some(asked) = &mut self.asked {
                match asked.as_mut().poll(context) {
                    Poll::Ready(true) => {
                        self.asked = None;
                        self.again.as_mut().reset(Instant::now() + ASK_EVERY);
                    }
                    Poll::Ready(false) => return true,
                    Poll::Pending => return false,
                }
            }
            if self.again.as_mut().poll(context).is_pending() {
                return false;
            }
            self.asked = Some((self.ask)());
        }
    }
}

impl Open {
    /// `ask`: nothing for a caller whose right does not end.
    pub fn new(body: Body, until: Option<Instant>, ask: Option<Ask>, place: Running) -> Self {
        let until = until.map(|until| Box::pin(sleep_until(until)));
        let again = || Box::pin(sleep_until(Instant::now() + ASK_EVERY));
        let may_listen = ask.map(|ask| MayListen { ask, again: again(), asked: None });
        Self { body, until, may_listen, over: false, _place: place }
    }

    /// The last word of the stream.
    fn end(&mut self, status: &Status) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        self.over = true;
        self.body = Body::empty();
        let mut trailers = HeaderMap::new();
        Poll::Ready(Some(status.add_header(&mut trailers).map(|()| Frame::trailers(trailers))))
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
            return self.end(&refusal::deadline_exceeded());
        }
        if self.may_listen.as_mut().is_some_and(|it| it.has_ended(context)) {
            return self.end(&refusal::unauthenticated());
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
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    };
    use tokio::sync::{Semaphore, mpsc};
    use tokio_stream::{StreamExt as _, wrappers::ReceiverStream};
    use tonic::Code;

    fn opened(
        places: &Arc<Semaphore>,
        until: Option<Instant>,
        ask: Option<Ask>,
    ) -> (mpsc::Sender<&'static [u8]>, Open) {
        let (sender, receiver) = mpsc::channel(1);
        let frames = ReceiverStream::new(receiver)
            .map(|bytes| Ok::<_, Status>(Frame::data(Bytes::from_static(bytes))));
        let place = Arc::clone(places).try_acquire_owned().unwrap();
        let body = Body::new(StreamBody::new(frames));
        (sender, Open::new(body, until, ask, Running::of(place)))
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_without_a_deadline_stays_open_and_keeps_its_place_until_it_is_dropped() {
        let places = Arc::new(Semaphore::new(1));
        let (sender, mut open) = opened(&places, None, None);
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
        let (sender, mut open) =
            opened(&places, Some(Instant::now() + Duration::from_secs(5)), None);
        sender.send(b"early").await.unwrap();
        assert!(open.frame().await.unwrap().unwrap().is_data());
        let trailers = open.frame().await.unwrap().unwrap().into_trailers().unwrap();
        let status = Status::from_header_map(&trailers).unwrap();
        assert_eq!(status.code(), Code::DeadlineExceeded);
        assert!(open.frame().await.is_none() && open.is_end_stream() && sender.is_closed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_ends_soon_after_its_caller_may_listen_no_more() {
        let places = Arc::new(Semaphore::new(1));
        let left = Arc::new(AtomicU32::new(3));
        let ask: Ask = Box::new(move || {
            let left = Arc::clone(&left);
            Box::pin(async move { left.fetch_sub(1, Ordering::Relaxed) > 1 })
        });
        let (sender, mut open) = opened(&places, None, Some(ask));
        let began = Instant::now();
        sender.send(b"early").await.unwrap();
        assert!(open.frame().await.unwrap().unwrap().is_data());
        let trailers = open.frame().await.unwrap().unwrap().into_trailers().unwrap();
        let status = Status::from_header_map(&trailers).unwrap();
        assert_eq!((status.code(), began.elapsed()), (Code::Unauthenticated, 3 * ASK_EVERY));
        assert!(open.frame().await.is_none());
    }
}
