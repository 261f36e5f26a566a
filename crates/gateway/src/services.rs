//! What the gateway calls: the services of this process, or a channel to another one.

use tonic::{
    client::GrpcService,
    codegen::{Body, Bytes, StdError},
};

/// Takes every call of the contract, and those of `grpc.health.v1` beside it. Clones are handles to
/// the same services.
pub trait Services:
    GrpcService<
        tonic::body::Body,
        Error: Send,
        Future: Send,
        ResponseBody: Body<Data = Bytes, Error: Into<StdError> + Send> + Send + 'static,
    > + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S> Services for S where
    S: GrpcService<
            tonic::body::Body,
            Error: Send,
            Future: Send,
            ResponseBody: Body<Data = Bytes, Error: Into<StdError> + Send> + Send + 'static,
        > + Clone
        + Send
        + Sync
        + 'static
{
}
