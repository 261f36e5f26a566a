//! One unary gRPC call whose messages are bytes already.

use http::uri::PathAndQuery;
use prost::bytes::{Buf, BufMut, Bytes};
use tonic::{
    Request, Status,
    client::{Grpc, GrpcService},
    codec::{BufferSettings, Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    codegen::{Body, StdError},
    metadata::MetadataMap,
};

/// The longest answer that is taken, in bytes: a page of 1000 large orders fits.
const MAX_ANSWER: usize = 64 << 20;

/// A call that is ready to be sent.
pub struct Call {
    /// `/package.Service/Method`.
    pub path: &'static str,
    pub metadata: MetadataMap,
    pub message: Vec<u8>,
}

impl Call {
    /// # Errors
    ///
    /// What the service answers, or UNAVAILABLE if it cannot be reached.
    pub async fn send<S>(self, services: S) -> Result<Bytes, Status>
    where
        S: GrpcService<tonic::body::Body>,
        S::ResponseBody: Body<Data = Bytes> + Send + 'static,
        <S::ResponseBody as Body>::Error: Into<StdError>,
    {
        let mut services = Grpc::new(services).max_decoding_message_size(MAX_ANSWER);
        services.ready().await.map_err(|error| {
            let error: StdError = error.into();
            tracing::warn!(%error, grpc_path = self.path, "a service could not be reached");
            Status::unavailable("the service could not be reached")
        })?;
        let mut request = Request::new(Bytes::from(self.message));
        *request.metadata_mut() = self.metadata;
        let path = PathAndQuery::from_static(self.path);
        services.unary(request, path, AsBytes).await.map(tonic::Response::into_inner)
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
