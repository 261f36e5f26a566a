//! grpc-kit
