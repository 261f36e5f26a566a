//! Compiles the contract without a system `protoc`: messages, gRPC, JSON, the REST routes, the
//! descriptors and the `OpenAPI` document.

#[path = "build/complete.rs"]
mod complete;
#[path = "build/http.rs"]
mod http;
#[path = "build/openapi.rs"]
mod openapi;
#[path = "build/tables.rs"]
mod tables;

use protox::prost_reflect::DescriptorPool;
use std::{collections::BTreeSet, env, error::Error, fs, path::PathBuf};

type Outcome<T> = Result<T, Box<dyn Error>>;

const FILES: &[&str] = &[
    "meridian/accounts/v1/account_service.proto",
    "meridian/cancellations/v1/cancellation_service.proto",
    "meridian/events/v1/event_service.proto",
    "meridian/money/v1/money.proto",
    "meridian/orders/v1/order_service.proto",
    "meridian/payments/v1/payment_service.proto",
    "meridian/refunds/v1/refund_service.proto",
    "meridian/stores/v1/store_service.proto",
    "meridian/webhooks/v1/webhook_service.proto",
];

fn main() -> Outcome<()> {
    println!("cargo:rerun-if-changed=../../proto");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=build");
    let out = PathBuf::from(env::var("OUT_DIR")?);

    let mut compiler = protox::Compiler::new(["../../proto"])?;
    compiler.include_imports(true).include_source_info(true).open_files(FILES)?;
    let commented = compiler.encode_file_descriptor_set();
    tonic_prost_build::configure()
        .compile_well_known_types(true)
        .extern_path(".google.protobuf.Struct", "crate::structs::Struct")
        .extern_path(".google.protobuf", "::pbjson_types")
        .compile_fds(compiler.file_descriptor_set())?;
    let pool = DescriptorPool::decode(commented.as_slice())?;
    json(&commented, &complete::times(&pool), &out)?;
    let routes = http::routes(&pool)?;
    fs::write(out.join("rest.rs"), tables::render(&pool, &routes)?)?;
    let document = openapi::document(&pool, &routes, &env::var("CARGO_PKG_VERSION")?);
    fs::write(out.join("openapi.json"), serde_json::to_string_pretty(&document)?)?;

    // Reflection has no use for the comments.
    let bare = compiler.include_source_info(false).encode_file_descriptor_set();
    fs::write(out.join("descriptors.bin"), bare)?;
    Ok(())
}

fn json(descriptors: &[u8], times: &BTreeSet<String>, out: &PathBuf) -> Outcome<()> {
    pbjson_build::Builder::new()
        .register_descriptors(descriptors)?
        .out_dir(out)
        .preserve_proto_field_names()
        .emit_fields()
        .build(&[".meridian"])?;
    for entry in fs::read_dir(out)? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(".serde.rs") {
            fs::write(&path, complete::completed(&fs::read_to_string(&path)?, times)?)?;
        }
    }
    Ok(())
}
