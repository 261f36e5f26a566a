//! grpc-refunds
