//! grpc-merchants
