//! Calls whose messages are whatever bytes a test says.

use crate::world::Grpc;
use http::uri::PathAndQuery;
use tonic::{
    Request, Status,
    client::Grpc as Client,
    codec::{BufferSettings, Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    codegen::Bytes,
};

pub async fn call(grpc: &Grpc, path: &'static str, request: Request<Bytes>) -> Status {
    use prost::bytes::BufMut as _;

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

        fn decode(&mut self, _: &mut DecodeBuf<'_>) -> Result<Option<()>, Status> {
            Ok(Some(()))
        }

        fn buffer_settings(&self) -> BufferSettings {
            BufferSettings::default()
        }
    }

    let mut client = Client::new(grpc.called());
    client.ready().await.unwrap();
    client.unary(request, PathAndQuery::from_static(path), Raw).await.unwrap_err()
}
