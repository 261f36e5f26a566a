//! Who may depend on whom. Tests may use what they like: only what is shipped counts here.
//!
//! A new crate fails this test until it stands in [`MAY_NAME`].

use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    process::Command,
};

/// Every crate of the workspace, and the others that it may name.
const MAY_NAME: &[(&str, &[&str])] = &[
    // The rules, what they need of the world, and the use cases.
    ("domain", &[]),
    ("ports", &["domain"]),
    ("application", &["domain", "ports"]),
    // Adapters: each knows the ports and none of the others.
    ("store-memory", &["domain", "ports"]),
    ("store-sql", &["domain", "ports", "migrations"]),
    ("migrations", &[]),
    ("payments", &["domain", "outbound", "ports", "telemetry"]),
    ("screening", &["domain", "ports"]),
    ("handover", &["domain", "outbound", "ports"]),
    ("publishers", &["domain", "globale", "outbound", "ports"]),
    // Outside of the layers.
    ("outbound", &[]),
    ("globale", &[]),
    ("sockets", &["telemetry"]),
    // The contract, and what is entered by it.
    ("wire", &[]),
    ("telemetry", &[]),
    ("grpc-kit", &["application", "domain", "ports", "telemetry", "wire"]),
    ("grpc-orders", &["application", "domain", "grpc-kit", "ports", "wire"]),
    ("grpc-refunds", &["application", "domain", "grpc-kit", "ports", "telemetry", "wire"]),
    ("grpc-cancellations", &["application", "domain", "grpc-kit", "ports", "wire"]),
    ("grpc-merchants", &["application", "domain", "grpc-kit", "ports", "wire"]),
    ("gateway", &["globale", "sockets", "telemetry", "wire"]),
    // A client like any other, which the gateway serves beside its own.
    ("console", &["gateway", "wire"]),
    ("workers", &["application", "domain", "ports"]),
    // The one that names them all.
    (
        "meridian",
        &[
            "application",
            "console",
            "domain",
            "gateway",
            "grpc-cancellations",
            "grpc-kit",
            "grpc-merchants",
            "grpc-orders",
            "grpc-refunds",
            "handover",
            "payments",
            "ports",
            "publishers",
            "screening",
            "sockets",
            "store-sql",
            "telemetry",
            "wire",
            "workers",
        ],
    ),
    // What tests and measurements are made with.
    ("testkit", &["ports"]),
    ("conformance", &["domain", "ports", "testkit"]),
    ("bench", &["testkit", "wire"]),
    ("tests", &[]),
];

/// The domain is pure: these are all that it may use of others.
const OF_THE_DOMAIN: &[&str] =
    &["iso_currency", "jiff", "rust_decimal", "serde", "serde_json", "thiserror", "time", "uuid"];

/// What only some crates may use, by the beginning of its name.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("sea-orm", &["store-sql", "migrations"]),
    ("sqlx", &["store-sql", "migrations"]),
    (
        "tonic",
        &[
            "wire",
            "grpc-kit",
            "grpc-orders",
            "grpc-refunds",
            "grpc-cancellations",
            "grpc-merchants",
            "gateway",
            "console",
            "meridian",
        ],
    ),
    (
        "prost",
        &[
            "wire",
            "grpc-kit",
            "grpc-orders",
            "grpc-refunds",
            "grpc-cancellations",
            "grpc-merchants",
            "gateway",
            "console",
            "bench",
        ],
    ),
    ("axum", &["gateway", "console", "meridian", "bench", "testkit"]),
    ("config", &["meridian"]),
    ("clap", &["meridian", "bench"]),
    ("opentelemetry", &["telemetry"]),
    ("reqwest", &["outbound", "handover", "payments", "publishers", "testkit"]),
    ("async-nats", &["publishers"]),
    ("rustls", &[]),
    ("tokio-rustls", &["sockets"]),
    ("rusqlite", &["bench"]),
    ("h2", &["bench"]),
];

/// Crate by crate: what it needs to be built, but for its tests.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let name = |value: &Value| value["name"].as_str().unwrap().to_owned();
    let packages = metadata["packages"].as_array().unwrap().iter().map(|package| {
        let dependencies = package["dependencies"].as_array().unwrap().iter();
        let shipped = dependencies.filter(|dependency| dependency["kind"] != "dev");
        (name(package), shipped.map(name).collect())
    });
    packages.collect()
}

#[test]
fn every_crate_names_only_those_that_it_may() {
    let found = dependencies();
    let listed: BTreeSet<_> = MAY_NAME.iter().map(|(name, _)| (*name).to_owned()).collect();
    let there: BTreeSet<_> = found.keys().cloned().collect();
    assert_eq!(there, listed, "the crates of the workspace, and those that the rule knows");
    for (name, may) in MAY_NAME {
        let ours = found[*name].iter().filter(|other| there.contains(*other));
        let astray: Vec<_> = ours.filter(|other| !may.contains(&other.as_str())).collect();
        assert!(astray.is_empty(), "{name} must not name {astray:?}");
    }
}

#[test]
fn the_domain_uses_nothing_of_the_outside() {
    let found = &dependencies()["domain"];
    let astray: Vec<_> =
        found.iter().filter(|name| !OF_THE_DOMAIN.contains(&name.as_str())).collect();
    assert!(astray.is_empty(), "the domain must not use {astray:?}");
}

#[test]
fn technologies_stay_where_they_belong() {
    for (name, dependencies) in dependencies() {
        if name == "tests" {
            continue;
        }
        for (technology, only) in ONLY_IN {
            let belongs =
                |it: &&String| **it == *technology || it.starts_with(&format!("{technology}-"));
            let astray: Vec<_> = dependencies.iter().filter(belongs).collect();
            assert!(
                astray.is_empty() || only.contains(&name.as_str()),
                "{name} must not use {astray:?}"
            );
        }
    }
}
