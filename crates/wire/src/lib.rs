//! The contract as Rust. Everything here is generated from `proto/`: messages with their gRPC
//! clients and servers, their JSON, the REST routes, the descriptors and the `OpenAPI` document.
//! There is no logic here.

/// Amounts in both currencies of an order.
pub mod money {
    /// Version 1.
    #[expect(clippy::allow_attributes, reason = "generated code has its own style")]
    pub mod v1 {
        tonic::include_proto!("meridian.money.v1");
        include!(concat!(env!("OUT_DIR"), "/meridian.money.v1.serde.rs"));
    }
}

/// Cancellations.
pub mod cancellations {
    /// Version 1.
    #[expect(
        clippy::all,
        clippy::pedantic,
        clippy::allow_attributes,
        reason = "generated code has its own style"
    )]
    pub mod v1 {
        tonic::include_proto!("meridian.cancellations.v1");
        include!(concat!(env!("OUT_DIR"), "/meridian.cancellations.v1.serde.rs"));
    }
}

/// Events.
pub mod events {
    /// Version 1.
    #[expect(
        clippy::pedantic,
        clippy::allow_attributes,
        reason = "generated code has its own style"
    )]
    pub mod v1 {
        tonic::include_proto!("meridian.events.v1");
        include!(concat!(env!("OUT_DIR"), "/meridian.events.v1.serde.rs"));
    }
}

/// Orders.
pub mod orders {
    /// Version 1.
    #[expect(
        clippy::all,
        clippy::pedantic,
        clippy::allow_attributes,
        reason = "generated code has its own style"
    )]
    pub mod v1 {
        tonic::include_proto!("meridian.orders.v1");
        include!(concat!(env!("OUT_DIR"), "/meridian.orders.v1.serde.rs"));
    }
}

/// Refunds.
pub mod refunds {
    /// Version 1.
    #[expect(
        clippy::all,
        clippy::pedantic,
        clippy::allow_attributes,
        reason = "generated code has its own style"
    )]
    pub mod v1 {
        tonic::include_proto!("meridian.refunds.v1");
        include!(concat!(env!("OUT_DIR"), "/meridian.refunds.v1.serde.rs"));
    }
}

/// Stores and tokens.
pub mod stores {
    /// Version 1.
    #[expect(
        clippy::all,
        clippy::pedantic,
        clippy::allow_attributes,
        reason = "generated code has its own style"
    )]
    pub mod v1 {
        tonic::include_proto!("meridian.stores.v1");
        include!(concat!(env!("OUT_DIR"), "/meridian.stores.v1.serde.rs"));
    }
}

/// Webhooks.
pub mod webhooks {
    /// Version 1.
    #[expect(
        clippy::all,
        clippy::pedantic,
        clippy::allow_attributes,
        reason = "generated code has its own style"
    )]
    pub mod v1 {
        tonic::include_proto!("meridian.webhooks.v1");
        include!(concat!(env!("OUT_DIR"), "/meridian.webhooks.v1.serde.rs"));
    }
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
