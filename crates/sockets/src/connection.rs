use std::{
    io,
    net::IpAddr,
    pin::Pin,
    task::{Context, Poll, ready},
};
use telemetry::{KeyValue, metrics::UpDownCounter};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::OwnedSemaphorePermit,
};
use tokio_rustls::server::TlsStream;

/// One connection with its place among those that are open.
pub struct Connection {
    stream: Stream,
    /// Whether others were let go first since the last flush.
    has_lingered: bool,
    peer: IpAddr,
    _place: Place,
}

pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Counted as open until it is dropped.
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
    open: UpDownCounter<i64>,
    listener: &'static str,
}

impl Place {
    pub fn new(
        permit: OwnedSemaphorePermit,
        open: UpDownCounter<i64>,
        listener: &'static str,
    ) -> Self {
        open.add(1, &[KeyValue::new("listener", listener)]);
        Self { _permit: permit, open, listener }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.open.add(-1, &[KeyValue::new("listener", self.listener)]);
    }
}

impl Connection {
    pub(crate) const fn new(stream: Stream, peer: IpAddr, place: Place) -> Self {
        Self { stream, has_lingered: false, peer, _place: place }
    }

    /// The address at its other end.
    pub const fn peer(&self) -> IpAddr {
        self.peer
    }

    /// Lets whoever is about to answer over this connection do so before anything is written: what
    /// answers one batch of reads or commits goes out as one write and not as many.
    fn linger(&mut self, context: &Context<'_>) -> Poll<()> {
        if self.has_lingered {
            return Poll::Ready(());
        }
        self.has_lingered = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Whether it is over TLS.
    pub const fn is_encrypted(&self) -> bool {
        matches!(self.stream, Stream::Tls(_))
    }
}

/// The same call on either kind.
macro_rules! either {
    ($connection:expr, $stream:ident => $call:expr) => {
        match &mut $connection.get_mut().stream {
            Stream::Plain(stream) => {
                let $stream = Pin::new(stream);
                $call
            }
            Stream::Tls(stream) => {
                let $stream = Pin::new(stream.as_mut());
                $call
            }
        }
    };
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_read(context, buffer))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.linger(context));
        either!(self, stream => stream.poll_write(context, bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.has_lingered = false;
        either!(self, stream => stream.poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_shutdown(context))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.linger(context));
        either!(self, stream => stream.poll_write_vectored(context, slices))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{sync::Arc, task::Waker};
    use tokio::{net::TcpListener, sync::Semaphore};

    /// A connection whose other end is only kept open.
    async fn connection() -> (Connection, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let other = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, peer) = listener.accept().await.unwrap();
        let permit = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        let open = telemetry::meter().i64_up_down_counter("server.connections").build();
        let place = Place::new(permit, open, "test");
        (Connection::new(Stream::Plain(stream), peer.ip(), place), other)
    }

    #[tokio::test]
    async fn others_are_let_go_first_once_before_each_flush() {
        let (mut connection, _other) = connection().await;
        let mut connection = Pin::new(&mut connection);
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..2 {
            assert!(connection.as_mut().poll_write(&mut context, b"one").is_pending());
            for _ in 0..2 {
                let written = connection.as_mut().poll_write(&mut context, b"one");
                assert!(matches!(written, Poll::Ready(Ok(3))));
            }
            assert!(connection.as_mut().poll_flush(&mut context).is_ready());
        }
    }
}
