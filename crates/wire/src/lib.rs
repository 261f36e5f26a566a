//! The contract as Rust. Everything here is generated from `proto/`: messages with their gRPC
//! clients and servers, their JSON, the REST routes, the descriptors and the `OpenAPI` document.
//! There is no logic here.

/// The packages of the contract, by their area, each with the lints that its generated code offends.
macro_rules! packages {
    ($($(#[$doc:meta])* $area:ident: $($lint:path),+;)+) => {$(
        $(#[$doc])*
        pub mod $area {
            /// Version 1.
            #[expect($($lint,)+ reason = "generated code has its own style")]
            pub mod v1 {
                include!(concat!(env!("OUT_DIR"), "/meridian.", stringify!($area), ".v1.rs"));
                include!(concat!(env!("OUT_DIR"), "/meridian.", stringify!($area), ".v1.serde.rs"));
            }
        }
    )+};
}

packages! {
    /// People and their sessions.
    accounts: clippy::pedantic, clippy::allow_attributes;
    /// Amounts in both currencies of an order.
    money: clippy::allow_attributes;
    /// Cancellations.
    cancellations: clippy::all, clippy::pedantic, clippy::allow_attributes;
    /// Events.
    events: clippy::pedantic, clippy::allow_attributes;
    /// Orders.
    orders: clippy::all, clippy::pedantic, clippy::allow_attributes;
    /// What payment providers tell.
    payments: clippy::pedantic, clippy::allow_attributes;
    /// Refunds.
    refunds: clippy::all, clippy::pedantic, clippy::allow_attributes;
    /// Stores and tokens.
    stores: clippy::all, clippy::pedantic, clippy::allow_attributes;
    /// Webhooks.
    webhooks: clippy::all, clippy::pedantic, clippy::allow_attributes;
}

pub mod rest;
pub mod structs;
mod utc;

pub use utc::Utc;

/// The `OpenAPI` document of the REST edge, JSON.
pub const OPENAPI: &str = include_str!(concat!(env!("OUT_DIR"), "/openapi.json"));

/// Every file of the contract with its imports, an encoded `google.protobuf.FileDescriptorSet`.
/// gRPC reflection answers from it.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
