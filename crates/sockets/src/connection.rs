use std::{
    io,
    net::IpAddr,
    pin::Pin,
    task::{Context, Poll},
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
        Self { stream, peer, _place: place }
    }

    /// The address at its other end.
    pub const fn peer(&self) -> IpAddr {
        self.peer
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
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        either!(self, stream => stream.poll_write(context, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_shutdown(context))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        either!(self, stream => stream.poll_write_vectored(context, slices))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }
}
