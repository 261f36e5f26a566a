//! Certificates and keys as they lie in files.

use std::{
    fmt, fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio_rustls::rustls::{
    Error, RootCertStore,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    sign::CertifiedKey,
};

/// A file of certificates is a few KiB; whatever is longer is something else.
const MAX_FILE: u64 = 1 << 20;

/// Who one end says that it is: a chain of certificates in PEM, its own first, and the key to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// What a server needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerFiles {
    pub identity: Identity,
    /// Authorities, one of which has to have signed the certificate that every client brings.
    /// Without them clients bring none.
    pub client_ca: Option<PathBuf>,
}

/// What a client needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientFiles {
    /// Authorities, one of which has to have signed the server's certificate.
    pub ca: PathBuf,
    /// What it shows to a server that asks who it is.
    pub identity: Option<Identity>,
}

/// Which of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Certificate,
    Key,
    Ca,
}

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub part: Part,
    pub reason: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = match self.part {
            Part::Certificate => "certificate",
            Part::Key => "key",
            Part::Ca => "certificates of authorities",
        };
        write!(f, "{part}: {}", self.reason)
    }
}

/// What the files have at one moment; nothing for one that cannot be read, and why.
pub(crate) type Bytes = Result<Vec<u8>, String>;

pub(crate) fn read(path: &Path) -> Bytes {
    let read = || -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        fs::File::open(path)?.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(format!("{} is longer than {MAX_FILE} bytes", path.display()));
    }
    Ok(bytes)
}

pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// Reads the chain and its key, and finds out whether they belong together.
pub(crate) fn identity(
    certificate: &Bytes,
    key: &Bytes,
    faults: &mut Vec<Fault>,
) -> Option<Arc<CertifiedKey>> {
    let chain = noted(Part::Certificate, certificates(certificate), faults);
    let key = noted(Part::Key, private_key(key), faults);
    let (part, reason) = match CertifiedKey::from_der(chain?, key?, &provider()) {
        Ok(certified) => return Some(Arc::new(certified)),
        Err(Error::InconsistentKeys(_)) => {
            (Part::Key, "is not the key to the certificate".to_owned())
        }
        Err(error @ Error::InvalidCertificate(_)) => {
            (Part::Certificate, format!("cannot be used: {error}"))
        }
        Err(error) => (Part::Key, format!("cannot be used: {error}")),
    };
    faults.push(Fault { part, reason });
    None
}

/// Reads the certificates of authorities.
pub(crate) fn authorities(ca: &Bytes, faults: &mut Vec<Fault>) -> Option<Arc<RootCertStore>> {
    let read = || {
        let mut roots = RootCertStore::empty();
        for certificate in certificates(ca)? {
            roots.add(certificate).map_err(|error| format!("is no authority's: {error}"))?;
        }
        Ok(Arc::new(roots))
    };
    noted(Part::Ca, read(), faults)
}

fn noted<T>(part: Part, read: Result<T, String>, faults: &mut Vec<Fault>) -> Option<T> {
    read.map_err(|reason| faults.push(Fault { part, reason })).ok()
}

fn certificates(pem: &Bytes) -> Result<Vec<CertificateDer<'static>>, String> {
    let pem = pem.as_ref().map_err(Clone::clone)?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let read = read.map_err(|error| format!("is not PEM: {error}"))?;
    if read.is_empty() {
        return Err("has no certificate in PEM".to_owned());
    }
    Ok(read)
}

/// What is wrong with it is said without a word of what it has.
fn private_key(pem: &Bytes) -> Result<PrivateKeyDer<'static>, String> {
    let pem = pem.as_ref().map_err(Clone::clone)?;
    PrivateKeyDer::from_pem_slice(pem).map_err(|_| "has no private key in PEM".to_owned())
}
