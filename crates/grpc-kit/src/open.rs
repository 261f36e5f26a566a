//! The answer of a stream, for as long as it is open.

use crate::{gate::Running, refusal};
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use ports::Fence;
use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};
use tokio::{
    task::AbortHandle,
    time::{Instant, sleep, sleep_until},
};
use tonic::{Status, body::Body, codegen::Bytes};

/// How often it is asked whether the caller may still listen.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// Whether the caller may still listen.
pub(crate) type Ask = Box<dyn Fn() -> Asked + Send>;
pub(crate) type Asked = Pin<Box<dyn Future<Output = bool> + Send>>;

/// Keeps the stream's place until it is over or its caller has left, and ends it when the caller
/// said, or may listen no more, whatever its service still has to say: also while the caller takes
/// nothing, so that nobody asks for the next message.
pub(crate) struct Open {
    stream: Arc<Mutex<Stream>>,
    watch: Option<AbortHandle>,
}

enum Stream {
    Open {
        body: Body,
        /// Its caller's: what is read for the next message is read behind it.
        fence: Fence,
        /// Whoever waits for the next message.
        waker: Option<Waker>,
        _place: Running,
    },
    /// Its last word was not said yet.
    Ended(Status),
    Over,
}

impl Open {
    /// `ask`: nothing for a caller whose right does not end.
    pub fn new(
        body: Body,
        fence: Fence,
        until: Option<Instant>,
        ask: Option<Ask>,
        place: Running,
    ) -> Self {
        let stream = Stream::Open { body, fence, waker: None, _place: place };
        let stream = Arc::new(Mutex::new(stream));
        let watch = (until.is_some() || ask.is_some()).then(|| {
            let stream = Arc::clone(&stream);
            let end = async move {
                let status = tokio::select! {
                    () = passed(until) => refusal::deadline_exceeded(),
                    () = refused(ask) => refusal::unauthenticated(),
                };
                end(&stream, status);
            };
            tokio::spawn(end).abort_handle()
        });
        Self { stream, watch }
    }

    fn stream(&self) -> MutexGuard<'_, Stream> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn passed(until: Option<Instant>) {
    match until {
        Some(until) => sleep_until(until).await,
        None => std::future::pending().await,
    }
}

/// Returns once the caller may listen no more.
async fn refused(ask: Option<Ask>) {
    let Some(ask) = ask else { return std::future::pending().await };
    loop {
        sleep(ASK_EVERY).await;
        if !ask().await {
            return;
        }
    }
}

/// Gives the stream's place away, and lets its service go.
fn end(stream: &Mutex<Stream>, status: Status) {
    let mut stream = stream.lock().unwrap_or_else(PoisonError::into_inner);
    if matches!(*stream, Stream::Open { .. }) {
        let ended = std::mem::replace(&mut *stream, Stream::Ended(status));
        drop(stream);
        if let Stream::Open { waker: Some(waker), .. } = ended {
            waker.wake();
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(watch) = &self.watch {
            watch.abort();
        }
    }
}

impl http_body::Body for Open {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let mut stream = self.stream();
        if let Stream::Open { body, fence, waker, .. } = &mut *stream {
            *waker = Some(context.waker().clone());
            return fence.around_step(|| Pin::new(body).poll_frame(context));
        }
        // The last word of the stream.
        Poll::Ready(match std::mem::replace(&mut *stream, Stream::Over) {
            Stream::Ended(status) => {
                let mut trailers = HeaderMap::new();
                Some(status.add_header(&mut trailers).map(|()| Frame::trailers(trailers)))
            }
            _ => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        match &*self.stream() {
            Stream::Open { body, .. } => body.is_end_stream(),
            Stream::Ended(_) => false,
            Stream::Over => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::{Places, Room};
    use http_body::Body as _;
    use http_body_util::{BodyExt as _, StreamBody};
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    };
    use tokio::sync::mpsc;
    use tokio_stream::{StreamExt as _, wrappers::ReceiverStream};
    use tonic::Code;

    async fn opened(
        places: &Places,
        until: Option<Instant>,
        ask: Option<Ask>,
    ) -> (mpsc::Sender<&'static [u8]>, Open) {
        let (sender, receiver) = mpsc::channel(1);
        let frames = ReceiverStream::new(receiver)
            .map(|bytes| Ok::<_, Status>(Frame::data(Bytes::from_static(bytes))));
        let place = places.take("").await.ok().unwrap();
        let body = Body::new(StreamBody::new(frames));
        (sender, Open::new(body, Fence::Whole, until, ask, Running::of(place)))
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_without_a_deadline_stays_open_and_keeps_its_place_until_it_is_dropped() {
        let places = Places::new(Room::of(1));
        let (sender, mut open) = opened(&places, None, None).await;
        tokio::time::sleep(Duration::from_hours(24)).await;
        sender.send(b"late").await.unwrap();
        assert_eq!(open.frame().await.unwrap().unwrap().into_data().unwrap(), &b"late"[..]);
        assert_eq!(places.free(), 0);
        drop(open);
        assert_eq!(places.free(), 1);
        assert!(sender.is_closed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_ends_when_its_caller_said_and_says_so() {
        let places = Places::new(Room::of(1));
        let (sender, mut open) =
            opened(&places, Some(Instant::now() + Duration::from_secs(5)), None).await;
        sender.send(b"early").await.unwrap();
        assert!(open.frame().await.unwrap().unwrap().is_data());
        let trailers = open.frame().await.unwrap().unwrap().into_trailers().unwrap();
        let status = Status::from_header_map(&trailers).unwrap();
        assert_eq!(status.code(), Code::DeadlineExceeded);
        assert!(open.frame().await.is_none() && open.is_end_stream() && sender.is_closed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_ends_soon_after_its_caller_may_listen_no_more() {
        let places = Places::new(Room::of(1));
        let left = Arc::new(AtomicU32::new(3));
        let ask: Ask = Box::new(move || {
            let left = Arc::clone(&left);
            Box::pin(async move { left.fetch_sub(1, Ordering::Relaxed) > 1 })
        });
        let (sender, mut open) = opened(&places, None, Some(ask)).await;
        let began = Instant::now();
        sender.send(b"early").await.unwrap();
        assert!(open.frame().await.unwrap().unwrap().is_data());
        let trailers = open.frame().await.unwrap().unwrap().into_trailers().unwrap();
        let status = Status::from_header_map(&trailers).unwrap();
        let asked_thrice = Duration::from_secs(3);
        assert_eq!((status.code(), began.elapsed()), (Code::Unauthenticated, asked_thrice));
        assert!(open.frame().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_nobody_reads_keeps_no_place_beyond_its_callers_right() {
        let places = Places::new(Room::of(2));
        let refuse: Ask = Box::new(|| Box::pin(async { false }));
        let until = Some(Instant::now() + ASK_EVERY);
        let (in_time, _one) = opened(&places, until, None).await;
        let (refused, _two) = opened(&places, None, Some(refuse)).await;
        assert_eq!(places.free(), 0);
        tokio::time::sleep(2 * ASK_EVERY).await;
        assert_eq!(places.free(), 2);
        assert!(in_time.is_closed() && refused.is_closed());
    }
}
