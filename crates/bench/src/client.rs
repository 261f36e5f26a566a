//! gRPC with as little work as possible: the client runs on the cores that it measures, so what it
//! costs is missing from the figures. It speaks HTTP/2 directly, takes requests as encoded bytes and
//! gives the answers back as such.

use bytes::{BufMut, Bytes, BytesMut};
use h2::client::SendRequest;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header};
use std::{error::Error, io, net::SocketAddr};
use tokio::net::TcpStream;

/// Room for answers on their way, so that no window ever has to be opened for them.
const WINDOW: u32 = 4 << 20;

const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

pub type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// One connection, to be cloned by everybody who shares it.
#[derive(Clone)]
pub struct Connection {
    calls: SendRequest<Bytes>,
    address: SocketAddr,
    headers: HeaderMap,
}

/// A method, as it stands in a request.
#[derive(Clone)]
pub struct Endpoint(Uri);

impl Connection {
    pub async fn open(address: SocketAddr, token: &str) -> Outcome<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (calls, connection) = h2::client::Builder::new()
            .initial_window_size(WINDOW)
            .initial_connection_window_size(WINDOW)
            .handshake(stream)
            .await?;
        // It ends when the last of its clones is gone.
        tokio::spawn(connection);
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
        headers.insert(header::AUTHORIZATION, format!("Bearer {token}").parse()?);
        Ok(Self { calls, address, headers })
    }

    pub fn endpoint(&self, method: &str) -> Outcome<Endpoint> {
        Ok(Endpoint(format!("http://{}/{method}", self.address).parse()?))
    }

    /// Calls a method with an encoded message and answers the encoded answer.
    pub async fn call(&self, endpoint: &Endpoint, message: &[u8]) -> Outcome<Bytes> {
        let mut request = Request::new(());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = endpoint.0.clone();
        *request.headers_mut() = self.headers.clone();
        let mut calls = self.calls.clone().ready().await?;
        let (answer, mut body) = calls.send_request(request, false)?;
        body.send_data(framed(message)?, true)?;
        let (head, mut body) = answer.await?.into_parts();
        if head.headers.contains_key(STATUS) {
            succeeded(&head.headers)?;
        }
        let mut whole = BytesMut::new();
        while let Some(part) = body.data().await {
            let part = part?;
            body.flow_control().release_capacity(part.len())?;
            whole.extend_from_slice(&part);
        }
        succeeded(&body.trailers().await?.unwrap_or(head.headers))?;
        unframed(&whole.freeze())
    }
}

/// gRPC's frame: not compressed, the length, the message.
fn framed(message: &[u8]) -> Outcome<Bytes> {
    let mut frame = BytesMut::with_capacity(message.len() + 5);
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len())?);
    frame.put_slice(message);
    Ok(frame.freeze())
}

fn unframed(frame: &Bytes) -> Outcome<Bytes> {
    if frame.len() < 5 {
        return Err(io::Error::other("an answer without a message").into());
    }
    Ok(frame.slice(5..))
}

fn succeeded(headers: &HeaderMap) -> Outcome<()> {
    if headers.get(STATUS).is_some_and(|status| status == "0") {
        return Ok(());
    }
    let text = |name| String::from_utf8_lossy(headers.get(name).map_or(b"", HeaderValue::as_bytes));
    Err(io::Error::other(format!("status {}: {}", text(STATUS), text(MESSAGE))).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_comes_out_of_its_frame_as_it_went_in() {
        let frame = framed(b"order").unwrap();
        assert_eq!(&frame[..], b"\0\0\0\0\x05order");
        assert_eq!(unframed(&frame).unwrap(), &b"order"[..]);
        assert!(unframed(&Bytes::from_static(b"\0")).is_err());
    }

    #[test]
    fn an_answer_without_a_status_or_with_another_one_than_ok_is_a_failure() {
        let mut headers = HeaderMap::new();
        assert!(succeeded(&headers).is_err());
        headers.insert(STATUS, HeaderValue::from_static("9"));
        headers.insert(MESSAGE, HeaderValue::from_static("not ready"));
        assert!(succeeded(&headers).unwrap_err().to_string().contains("9: not ready"));
        headers.insert(STATUS, HeaderValue::from_static("0"));
        assert!(succeeded(&headers).is_ok());
    }
}
