//! Certificates that authorities of the test have signed, in files.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};
use tempfile::TempDir;

/// Whom the certificates are for: whatever is on this machine.
const NAMES: [&str; 2] = ["127.0.0.1", "localhost"];

/// Signs certificates, and keeps everything in a folder of its own.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

/// Where a certificate and the key to it are.
#[derive(Debug, Clone)]
pub struct Pair {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Pair {
    /// Puts another certificate in the place of this one, as a file is put in place: at once.
    ///
    /// # Panics
    /// If the disk does not take it.
    pub fn replace_with(&self, other: &Self) {
        for (from, to) in [(&other.certificate, &self.certificate), (&other.key, &self.key)] {
            let beside = to.with_extension("new");
            fs::copy(from, &beside).expect("the file can be copied");
            fs::rename(&beside, to).expect("the file can be put in place");
        }
    }
}

impl Authority {
    /// # Panics
    /// If no key can be made.
    #[must_use]
    pub fn new() -> Self {
        // Authorities are told apart by their names.
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let mut params = CertificateParams::default();
        let name = format!("authority {}", NEXT.fetch_add(1, Ordering::Relaxed));
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, new_key());
        let folder = tempfile::Builder::new().prefix("certificates-").tempdir();
        let made = Self {
            issuer: issuer.expect("an authority signs its own certificate"),
            folder: folder.expect("the temporary folder takes another one"),
        };
        made.write("ca.pem", &made.issuer.pem());
        made
    }

    /// The certificate of the authority itself.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A certificate for this machine, as server and as client; `name` is that of its files.
    ///
    /// # Panics
    /// If it cannot be signed or written.
    #[must_use]
    pub fn sign(&self, name: &str) -> Pair {
        self.sign_until(name, 2_200)
    }

    /// One that was valid, and is no more.
    ///
    /// # Panics
    /// If it cannot be signed or written.
    #[must_use]
    pub fn sign_expired(&self, name: &str) -> Pair {
        self.sign_until(name, 2_001)
    }

    fn sign_until(&self, name: &str, year: i32) -> Pair {
        let names = NAMES.map(str::to_owned);
        let mut params = CertificateParams::new(names).expect("they are names");
        params.not_before = date_time_ymd(2_000, 1, 1);
        params.not_after = date_time_ymd(year, 1, 1);
        let key = new_key();
        let signed = params.signed_by(&key, &self.issuer).expect("the authority signs");
        Pair {
            certificate: self.write(&format!("{name}.pem"), &signed.pem()),
            key: self.write(&format!("{name}.key"), &key.serialize_pem()),
        }
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).expect("the temporary folder takes a file");
        path
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

fn new_key() -> KeyPair {
    KeyPair::generate().expect("a key can be made")
}

/// As settings have it.
///
/// # Panics
/// If it is no text.
#[must_use]
pub fn text(path: &Path) -> &str {
    path.to_str().expect("paths of tests are text")
}
