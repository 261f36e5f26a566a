//! The connections of gRPC callers, as tonic takes them.

use futures_util::{Stream, stream};
use grpc_kit::Peer;
use sockets::{Connection, Listener};
use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};
use tonic::transport::server::Connected;

/// Every connection of HTTP/2 begins with so many bytes, which never differ.
const PREFACE: usize = 24;
/// How long a connection may take for them.
const SPEAKS_WITHIN: Duration = Duration::from_secs(30);

/// Every connection that there is a place for, without an end.
pub fn connections(listener: Listener) -> impl Stream<Item = io::Result<Incoming>> {
    stream::unfold(listener, |mut listener| async {
        let connection = listener.accept().await;
        Some((Ok(Incoming::new(connection, SPEAKS_WITHIN)), listener))
    })
}

/// A connection that has to begin in time: before that HTTP/2 asks nobody whether they are still
/// there. What is answered at the same moment is written at once.
pub struct Incoming<C = Connection> {
    connection: C,
    /// Whether others were let go first since the last flush.
    has_lingered: bool,
    /// Bytes that are still to come before that, and until when.
    beginning: Option<(usize, Pin<Box<Sleep>>)>,
}

impl<C> Incoming<C> {
    fn new(connection: C, speaks_within: Duration) -> Self {
        let beginning = Some((PREFACE, Box::pin(sleep(speaks_within))));
        Self { connection, has_lingered: false, beginning }
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
}

impl Connected for Incoming {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        Peer(self.connection.peer())
    }
}

impl<C: AsyncRead + Unpin> AsyncRead for Incoming<C> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { connection, beginning, .. } = &mut *self;
        let before = buffer.filled().len();
        let Some((left, until)) = beginning else {
            return Pin::new(connection).poll_read(context, buffer);
        };
        if let Poll::Ready(read) = Pin::new(connection).poll_read(context, buffer) {
            *left = left.saturating_sub(buffer.filled().len() - before);
            if *left == 0 {
                *beginning = None;
            }
            return Poll::Ready(read);
        }
        ready!(until.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<C: AsyncWrite + Unpin> AsyncWrite for Incoming<C> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.linger(context));
        Pin::new(&mut self.connection).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.has_lingered = false;
        Pin::new(&mut self.connection).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.linger(context));
        Pin::new(&mut self.connection).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.connection.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Waker;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_does_not_begin_in_time_is_over() {
        for said in [0, PREFACE - 1] {
            let (mut caller, connection) = duplex(64);
            let mut incoming = Incoming::new(connection, SPEAKS_WITHIN);
            caller.write_all(&vec![b'x'; said]).await.unwrap();
            let began = tokio::time::Instant::now();
            let mut heard = Vec::new();
            let late = incoming.read_to_end(&mut heard).await.unwrap_err();
            assert_eq!((late.kind(), heard.len()), (io::ErrorKind::TimedOut, said));
            assert_eq!(began.elapsed(), SPEAKS_WITHIN);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_has_begun_may_be_silent() {
        let (mut caller, connection) = duplex(64);
        let mut incoming = Incoming::new(connection, SPEAKS_WITHIN);
        caller.write_all(&[b'x'; PREFACE]).await.unwrap();
        let mut heard = [0; PREFACE];
        incoming.read_exact(&mut heard).await.unwrap();
        let more = tokio::spawn(async move { incoming.read_u8().await });
        tokio::time::sleep(Duration::from_hours(24)).await;
        caller.write_u8(7).await.unwrap();
        assert_eq!(more.await.unwrap().unwrap(), 7);
    }

    #[tokio::test]
    async fn others_are_let_go_first_once_before_each_flush() {
        let (_caller, connection) = duplex(64);
        let mut incoming = Incoming::new(connection, SPEAKS_WITHIN);
        let mut incoming = Pin::new(&mut incoming);
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..2 {
            assert!(incoming.as_mut().poll_write(&mut context, b"one").is_pending());
            for _ in 0..2 {
                let written = incoming.as_mut().poll_write(&mut context, b"one");
                assert!(matches!(written, Poll::Ready(Ok(3))));
            }
            assert!(incoming.as_mut().poll_flush(&mut context).is_ready());
        }
    }
}
