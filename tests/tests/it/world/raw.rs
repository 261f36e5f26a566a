//! Calls whose messages are whatever bytes a test says.

use crate::world::Grpc;
use http::uri::PathAndQuery;
use prost::bytes::{Buf as _, BufMut as _};
use tonic::{
    Request, Status,
    client::Grpc as Client,
    codec::{BufferSettings, Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    codegen::Bytes,
};

struct Raw;
impl Codec for Raw {
    type Encode = Bytes;
    type Decode = ();
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}
impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.put(item);
        Ok(())
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::default()
    }
}
impl Decoder for Raw {
    type Item = ();
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<()>, Status> {
        from.advance(from.remaining());
        Ok(Some(()))
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::default()
    }
}

pub async fn call(grpc: &Grpc, path: &'static str, request: Request<Bytes>) -> Result<(), Status> {
    let mut client = Client::new(grpc.called());
    client.ready().await.unwrap();
    client.unary(request, PathAndQuery::from_static(path), Raw).await.map(drop)
}

/// A call that answers a stream: whether it opens.
pub async fn open(grpc: &Grpc, path: &'static str, request: Request<Bytes>) -> Result<(), Status> {
    let mut client = Client::new(grpc.called());
    client.ready().await.unwrap();
    client.server_streaming(request, PathAndQuery::from_static(path), Raw).await.map(drop)
}

/// A call whose message never comes.
pub async fn call_without_a_message(grpc: &Grpc, path: &'static str) -> Status {
    let mut client = Client::new(grpc.called());
    client.ready().await.unwrap();
    let never = Request::new(futures_util::stream::pending());
    let path = PathAndQuery::from_static(path);
    client.client_streaming(never, path, Raw).await.unwrap_err()
}
