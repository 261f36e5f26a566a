use super::{
    Settings,
    fault::{Fault, Faults},
};
use sockets::{ClientTls, Part, ServerTls};

/// What the gateway's callers may speak, and who speaks gRPC.
const HTTP: &[&str] = &["h2", "http/1.1"];
const GRPC: &[&str] = &["h2"];

/// The certificates that the settings name, read.
pub struct Certificates {
    pub grpc: Option<ServerTls>,
    pub http: Option<ServerTls>,
    pub upstream: Option<ClientTls>,
}

impl Certificates {
    /// # Errors
    ///
    /// Everything that is wrong with the files, by the key that names each.
    pub fn open(settings: &Settings) -> Result<Self, Faults> {
        let mut faults = Vec::new();
        let (grpc, http) = (&settings.grpc.tls, &settings.http.tls);
        let upstream = settings.http.upstream.as_ref().and_then(|upstream| upstream.tls.as_ref());
        let opened = Self {
            grpc: grpc.as_ref().and_then(|files| {
                noted("grpc.tls", "client_ca", ServerTls::open(files, GRPC), &mut faults)
            }),
            http: http.as_ref().and_then(|files| {
                noted("http.tls", "client_ca", ServerTls::open(files, HTTP), &mut faults)
            }),
            upstream: upstream.and_then(|files| {
                noted("http.upstream_tls", "ca", ClientTls::open(files), &mut faults)
            }),
        };
        Faults::none_of(faults)?;
        Ok(opened)
    }

    /// Looks for changes of the files for as long as somebody has what was read of them.
    pub fn keep_fresh(&self, settings: &Settings) {
        let every = settings.tls.reload;
        for tls in [&self.grpc, &self.http].into_iter().flatten() {
            tls.keep_fresh(every);
        }
        if let Some(tls) = &self.upstream {
            tls.keep_fresh(every);
        }
    }
}

fn noted<T>(
    section: &str,
    ca: &str,
    opened: Result<T, Vec<sockets::Fault>>,
    faults: &mut Vec<Fault>,
) -> Option<T> {
    let named = |fault: sockets::Fault| {
        let key = match fault.part {
            Part::Certificate => "certificate",
            Part::Key => "key",
            Part::Ca => ca,
        };
        Fault { what: format!("{section}.{key}"), reason: fault.reason, origin: None }
    };
    opened.map_err(|found| faults.extend(found.into_iter().map(named))).ok()
}
