//! Where others connect: addresses, certificates, and how much of everything there may be.

use super::{
    super::{Grpc, Http, Limits, Tls, Upstream, layers::Origin, reader::Reader, value::Setting},
    KIB, MIB, millis, minutes, optional_text,
};
use config::ValueKind;
use sockets::{ClientFiles, Identity, ServerFiles};
use std::{path::PathBuf, time::Duration};
use tonic::transport::Uri;

pub(super) fn grpc(reader: &mut Reader) -> Grpc {
    Grpc {
        listen: reader.get("grpc.listen"),
        default_deadline: reader.duration("grpc.default_deadline", millis(10)..=minutes(5)),
        max_message_bytes: reader.number("grpc.max_message_bytes", KIB..=64 * MIB),
        max_connections: reader.number("grpc.max_connections", 1..=100_000),
        max_concurrent_streams: reader.number("grpc.max_concurrent_streams", 1..=10_000),
        max_concurrent_calls: reader.number("grpc.max_concurrent_calls", 1..=100_000),
        max_open_streams: reader.number("grpc.max_open_streams", 1..=100_000),
        reflection: reader.get("grpc.reflection"),
        tls: server_files(reader, "grpc.tls"),
    }
}

pub(super) fn http(reader: &mut Reader) -> Http {
    Http {
        listen: reader.get("http.listen"),
        max_connections: reader.number("http.max_connections", 1..=100_000),
        tls: server_files(reader, "http.tls"),
        upstream: upstream(reader),
    }
}

pub(super) fn limits(reader: &mut Reader) -> Limits {
    Limits {
        rate_per_store: reader.number("limits.rate_per_store", 1..=1_000_000),
        burst_per_store: reader.number("limits.burst_per_store", 1..=10_000_000),
        calls_per_store: reader.number("limits.calls_per_store", 1..=100_000),
        streams_per_store: reader.number("limits.streams_per_store", 1..=100_000),
        waiting_calls: reader.number("limits.waiting_calls", 0..=100_000),
        wait: reader.duration("limits.wait", Duration::ZERO..=minutes(1)),
    }
}

pub(super) fn tls(reader: &mut Reader) -> Tls {
    Tls {
        reload: reader.duration("tls.reload", millis(100)..=minutes(60)),
        handshakes: reader.number("tls.handshakes", 1..=10_000),
        handshake_timeout: reader.duration("tls.handshake_timeout", millis(100)..=minutes(1)),
    }
}

fn server_files(reader: &mut Reader, section: &str) -> Option<ServerFiles> {
    let identity = identity(reader, section);
    let key = format!("{section}.client_ca");
    let client_ca = reader.checked(&key, optional_path);
    if client_ca.is_some() && identity.is_none() {
        let reason = format!("needs {section}.certificate and {section}.key");
        reader.fault(&key, reason, &Origin::Default);
    }
    Some(ServerFiles { identity: identity?, client_ca })
}

fn identity(reader: &mut Reader, section: &str) -> Option<Identity> {
    let keys = [format!("{section}.certificate"), format!("{section}.key")];
    let [certificate, key] = keys.each_ref().map(|key| reader.checked(key, optional_path));
    let [of_certificate, of_key] = keys;
    match (certificate, key) {
        (Some(certificate), Some(key)) => return Some(Identity { certificate, key }),
        (None, None) => {}
        (Some(_), None) => {
            reader.fault(&of_key, format!("is missing beside {of_certificate}"), &Origin::Default);
        }
        (None, Some(_)) => {
            reader.fault(&of_certificate, format!("is missing beside {of_key}"), &Origin::Default);
        }
    }
    None
}

fn upstream(reader: &mut Reader) -> Option<Upstream> {
    let ca = reader.checked("http.upstream_tls.ca", optional_path);
    let identity = identity(reader, "http.upstream_tls");
    let url = reader.checked("http.upstream", |value| address(value, &["http", "https"]))?;
    let is_secret = url.starts_with("https:");
    let tls = match (is_secret, ca) {
        (true, Some(ca)) => Some(ClientFiles { ca, identity }),
        (true, None) => {
            let reason = "has to be set, because http.upstream is https";
            reader.fault("http.upstream_tls.ca", reason.to_owned(), &Origin::Default);
            None
        }
        (false, ca) => {
            if ca.is_some() || identity.is_some() {
                let reason = "is not https, and http.upstream_tls is set";
                reader.fault("http.upstream", reason.to_owned(), &Origin::Default);
            }
            None
        }
    };
    Some(Upstream { url, tls })
}

fn optional_path(value: &ValueKind) -> Result<Option<PathBuf>, String> {
    Ok(optional_text(value)?.map(PathBuf::from))
}

/// Without TLS: where that is needed, a proxy beside the process adds it.
pub(super) fn optional_address(value: &ValueKind) -> Result<Option<String>, String> {
    address(value, &["http"])
}

fn address(value: &ValueKind, schemes: &[&str]) -> Result<Option<String>, String> {
    let url = String::read(value)?;
    if url.is_empty() {
        return Ok(None);
    }
    let read: Option<Uri> = url.parse().ok();
    let named = |uri: &Uri| {
        uri.scheme_str().is_some_and(|scheme| schemes.contains(&scheme))
            && uri.host().is_some_and(|it| !it.is_empty())
    };
    // A port that is none is found only when it is asked for.
    let port_is_one = |uri: &Uri| {
        let after_host = uri.authority().and_then(|it| it.as_str().strip_prefix(it.host()));
        after_host.is_none_or(str::is_empty) || uri.port_u16().is_some()
    };
    if read.is_some_and(|uri| named(&uri) && port_is_one(&uri)) {
        Ok(Some(url))
    } else {
        Err("is not an address like http://127.0.0.1:4317".to_owned())
    }
}
