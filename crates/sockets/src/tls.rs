//! TLS over a socket, with certificates that follow their files.

use crate::{
    files::{self, Bytes, ClientFiles, Fault, Identity, Part, ServerFiles},
    followed::Followed,
};
use std::{io, sync::Arc, time::Duration};
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsAcceptor, TlsConnector, client,
    rustls::{
        ClientConfig, ServerConfig,
        pki_types::ServerName,
        server::{NoServerSessionStorage, WebPkiClientVerifier},
        sign::SingleCertAndKey,
    },
    server,
};

/// Who a server is, and whose certificates it takes. Clones follow the same files.
#[derive(Clone)]
pub struct ServerTls(Arc<Followed<ServerConfig>>);

/// Whom a client takes for the server, and who it is itself. Clones follow the same files.
#[derive(Clone)]
pub struct ClientTls(Arc<Followed<ClientConfig>>);

impl ServerTls {
    /// `protocols` is what may be spoken, the best first.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the files.
    pub fn open(
        files: &ServerFiles,
        protocols: &'static [&'static str],
    ) -> Result<Self, Vec<Fault>> {
        let Identity { certificate, key } = files.identity.clone();
        let paths = [certificate, key].into_iter().chain(files.client_ca.clone()).collect();
        let make = move |read: &[Bytes]| server_config(read, protocols);
        Ok(Self(Arc::new(Followed::open(paths, make)?)))
    }

    /// Looks for changes for as long as somebody has it.
    pub fn keep_fresh(&self, every: Duration) {
        self.0.keep_fresh(every);
    }

    pub(crate) async fn accept(
        &self,
        stream: TcpStream,
    ) -> io::Result<server::TlsStream<TcpStream>> {
        TlsAcceptor::from(self.0.current()).accept(stream).await
    }
}

impl ClientTls {
    /// # Errors
    ///
    /// Everything that is wrong with the files.
    pub fn open(files: &ClientFiles) -> Result<Self, Vec<Fault>> {
        let mut paths = vec![files.ca.clone()];
        if let Some(Identity { certificate, key }) = files.identity.clone() {
            paths.extend([certificate, key]);
        }
        Ok(Self(Arc::new(Followed::open(paths, client_config)?)))
    }

    /// Looks for changes for as long as somebody has it.
    pub fn keep_fresh(&self, every: Duration) {
        self.0.keep_fresh(every);
    }

    /// Speaks HTTP/2 with the server of this name, if that is who it is.
    ///
    /// # Errors
    ///
    /// If it is somebody else, or the name cannot be anybody's.
    pub async fn connect(
        &self,
        name: &str,
        stream: TcpStream,
    ) -> io::Result<client::TlsStream<TcpStream>> {
        let name = ServerName::try_from(name.to_owned()).map_err(io::Error::other)?;
        TlsConnector::from(self.0.current()).connect(name, stream).await
    }
}

fn wire_names(protocols: &[&str]) -> Vec<Vec<u8>> {
    protocols.iter().map(|name| name.as_bytes().to_vec()).collect()
}

/// Of certificate, key, and authorities if there are any.
fn server_config(read: &[Bytes], protocols: &[&str]) -> Result<ServerConfig, Vec<Fault>> {
    let mut faults = Vec::new();
    let [certificate, key, ca @ ..] = read else { return Err(faults) };
    let identity = files::identity(certificate, key, &mut faults);
    let authorities = ca.first().map(|ca| files::authorities(ca, &mut faults));
    let builder = ServerConfig::builder_with_provider(files::provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(Part::Certificate, &error))?;
    let builder = match authorities {
        Some(Some(roots)) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, files::provider());
            let verifier = verifier.build().map_err(|error| unusable(Part::Ca, &error))?;
            builder.with_client_cert_verifier(verifier)
        }
        _ => builder.with_no_client_auth(),
    };
    let Some(identity) = identity.filter(|_| faults.is_empty()) else { return Err(faults) };
    let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(identity)));
    // A session that is taken up again would not have its certificate looked at again.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.alpn_protocols = wire_names(protocols);
    Ok(config)
}

/// Of authorities, and certificate and key if there are any.
fn client_config(read: &[Bytes]) -> Result<ClientConfig, Vec<Fault>> {
    let mut faults = Vec::new();
    let [ca, identity @ ..] = read else { return Err(faults) };
    let authorities = files::authorities(ca, &mut faults);
    let identity = match identity {
        [certificate, key] => files::identity(certificate, key, &mut faults),
        _ => None,
    };
    let Some(authorities) = authorities.filter(|_| faults.is_empty()) else { return Err(faults) };
    let builder = ClientConfig::builder_with_provider(files::provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(Part::Certificate, &error))?
        .with_root_certificates(authorities);
    let mut config = match identity {
        Some(identity) => {
            builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(identity)))
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = wire_names(&["h2"]);
    Ok(config)
}

fn unusable(part: Part, error: &dyn std::fmt::Display) -> Vec<Fault> {
    vec![Fault { part, reason: format!("cannot be used: {error}") }]
}
