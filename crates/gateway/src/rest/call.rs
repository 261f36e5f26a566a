//! One gRPC call whose messages are bytes already.

use crate::Services;
use http::uri::PathAndQuery;
use prost::bytes::{Buf, BufMut, Bytes};
use tonic::{
    Request, Status, Streaming,
    client::Grpc,
    codec::{BufferSettings, Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    codegen::StdError,
    metadata::MetadataMap,
};

/// The longest message that is taken, in bytes: a page of 1000 large orders fits.
const MAX_ANSWER: usize = 64 << 20;

/// A call that is ready to be sent.
pub struct Call {
    /// `/package.Service/Method`.
    pub path: &'static str,
    pub metadata: MetadataMap,
    pub message: Vec<u8>,
}

impl Call {
    /// Makes a call with one answer.
    ///
    /// # Errors
    ///
    /// What the service answers, or UNAVAILABLE if it cannot be reached.
    pub async fn send<S: Services>(self, services: S) -> Result<Bytes, Status> {
        let (mut services, request, path) = self.ready(services).await?;
        services.unary(request, path, AsBytes).await.map(tonic::Response::into_inner)
    }

    /// Opens a stream of answers. It ends the call when it is dropped.
    ///
    /// # Errors
    ///
    /// What the service answers instead of a stream, or UNAVAILABLE if it cannot be reached.
    pub async fn open<S: Services>(self, services: S) -> Result<Streaming<Bytes>, Status> {
        let (mut services, request, path) = self.ready(services).await?;
        services.server_streaming(request, path, AsBytes).await.map(tonic::Response::into_inner)
    }

    async fn ready<S: Services>(
        self,
        services: S,
    ) -> Result<(Grpc<S>, Request<Bytes>, PathAndQuery), Status> {
        let mut services = Grpc::new(services).max_decoding_message_size(MAX_ANSWER);
        services.ready().await.map_err(|error| {
            let error: StdError = error.into();
            tracing::warn!(%error, grpc_path = self.path, "a service could not be reached");
            Status::unavailable("the service could not be reached")
        })?;
        let mut request = Request::new(Bytes::from(self.message));
        *request.metadata_mut() = self.metadata;
        Ok((services, request, PathAndQuery::from_static(self.path)))
    }
}

/// Leaves messages as they are: the routes have encoded them and will decode them.
struct AsBytes;

impl Codec for AsBytes {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for AsBytes {
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

impl Decoder for AsBytes {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::default()
    }
}
