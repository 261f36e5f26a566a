//! grpc-orders
