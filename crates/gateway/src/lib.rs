//! The edge for everyone who does not speak gRPC.

pub mod rest;
