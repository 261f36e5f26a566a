//! Listeners over real sockets, with real certificates.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use sockets::{
    ClientFiles, ClientTls, Connection, Fault, Identity, Limits, Listener, Part, ServerFiles,
    ServerTls,
};
use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};
use testkit::certificates::{Authority, Pair};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

const LIMITS: Limits =
    Limits { connections: 100, handshakes: 100, handshake_timeout: Duration::from_secs(20) };
/// How often a test that waits for new certificates lets the files be looked at.
const OFTEN: Duration = Duration::from_millis(5);
const PATIENCE: Duration = Duration::from_secs(20);

fn identity(pair: &Pair) -> Identity {
    Identity { certificate: pair.certificate.clone(), key: pair.key.clone() }
}

fn server_tls(pair: &Pair, client_ca: Option<PathBuf>) -> ServerTls {
    let files = ServerFiles { identity: identity(pair), client_ca };
    ServerTls::open(&files, &["h2"]).unwrap()
}

fn client(ca: &Authority, own: Option<&Pair>) -> ClientTls {
    let files = ClientFiles { ca: ca.certificate(), identity: own.map(identity) };
    ClientTls::open(&files).unwrap()
}

/// Says back whatever it hears, over every connection.
async fn echo(limits: Limits, tls: Option<ServerTls>) -> SocketAddr {
    let address = "127.0.0.1:0".parse().unwrap();
    let mut listener = Listener::bind("echo", address, limits, tls).await.unwrap();
    let address = listener.address().unwrap();
    tokio::spawn(async move {
        loop {
            tokio::spawn(say_back(listener.accept().await));
        }
    });
    address
}

async fn say_back(mut connection: Connection) -> io::Result<()> {
    loop {
        let byte = connection.read_u8().await?;
        connection.write_u8(byte).await?;
        connection.flush().await?;
    }
}

/// Whether what is said comes back. Over TLS 1.3 a client learns only now that it was refused.
async fn is_heard(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<()> {
    let said = async {
        stream.write_u8(7).await?;
        stream.flush().await?;
        match stream.read_u8().await? {
            7 => Ok(()),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    };
    timeout(PATIENCE, said).await.unwrap()
}

async fn dial(
    tls: &ClientTls,
    address: SocketAddr,
) -> io::Result<impl AsyncRead + AsyncWrite + Unpin + use<>> {
    let stream = TcpStream::connect(address).await?;
    let mut stream = tls.connect("127.0.0.1", stream).await?;
    is_heard(&mut stream).await.map(|()| stream)
}

async fn eventually(mut there: impl AsyncFnMut() -> bool) {
    let looked = async {
        while !there().await {
            tokio::time::sleep(OFTEN).await;
        }
    };
    timeout(PATIENCE, looked).await.unwrap();
}

#[tokio::test]
async fn a_client_shows_a_certificate_that_is_good() {
    let (ca, stranger) = (Authority::new(), Authority::new());
    let tls = server_tls(&ca.sign("server"), Some(ca.certificate()));
    let address = echo(LIMITS, Some(tls)).await;
    dial(&client(&ca, Some(&ca.sign("client"))), address).await.unwrap();
    for (own, alert) in [
        (None, "CertificateRequired"),
        (Some(stranger.sign("client")), "UnknownCA"),
        (Some(ca.sign_expired("late")), "CertificateExpired"),
    ] {
        let refused = dial(&client(&ca, own.as_ref()), address).await.err().unwrap();
        assert!(refused.to_string().contains(alert), "{alert}: {refused}");
    }
    // Without TLS nothing is said at all.
    let mut plain = TcpStream::connect(address).await.unwrap();
    is_heard(&mut plain).await.unwrap_err();
}

#[tokio::test]
async fn a_server_shows_a_certificate_that_is_good() {
    let (ca, stranger) = (Authority::new(), Authority::new());
    for (pair, is_good) in [
        (ca.sign("server"), true),
        (stranger.sign("server"), false),
        (ca.sign_expired("late"), false),
    ] {
        let address = echo(LIMITS, Some(server_tls(&pair, None))).await;
        assert_eq!(dial(&client(&ca, None), address).await.is_ok(), is_good, "{pair:?}");
    }
    // Nor is it anybody else's.
    let address = echo(LIMITS, Some(server_tls(&ca.sign("server"), None))).await;
    let stream = TcpStream::connect(address).await.unwrap();
    client(&ca, None).connect("shop.example", stream).await.err().unwrap();
}

#[tokio::test]
async fn a_new_certificate_is_shown_and_what_is_open_goes_on() {
    let (old, new) = (Authority::new(), Authority::new());
    let pair = old.sign("server");
    let tls = server_tls(&pair, None);
    tls.keep_fresh(OFTEN);
    let address = echo(LIMITS, Some(tls)).await;
    let mut open = dial(&client(&old, None), address).await.unwrap();
    pair.replace_with(&new.sign("server"));
    eventually(async || dial(&client(&new, None), address).await.is_ok()).await;
    assert!(dial(&client(&old, None), address).await.is_err());
    is_heard(&mut open).await.unwrap();
}

#[tokio::test]
async fn an_authority_that_is_taken_out_lets_nobody_in_any_more() {
    let (ca, other) = (Authority::new(), Authority::new());
    let trusted = ca.certificate().with_file_name("trusted.pem");
    fs::copy(ca.certificate(), &trusted).unwrap();
    let tls = server_tls(&ca.sign("server"), Some(trusted.clone()));
    tls.keep_fresh(OFTEN);
    let address = echo(LIMITS, Some(tls)).await;
    let ours = client(&ca, Some(&ca.sign("client")));
    dial(&ours, address).await.unwrap();
    fs::copy(other.certificate(), &trusted).unwrap();
    // Also with what is left of a session.
    eventually(async || dial(&ours, address).await.is_err()).await;
    dial(&client(&ca, Some(&other.sign("client"))), address).await.unwrap();
}

#[tokio::test]
async fn a_broken_replacement_changes_nothing() {
    let ca = Authority::new();
    let (pair, good) = (ca.sign("server"), ca.sign("good"));
    let tls = server_tls(&pair, None);
    tls.keep_fresh(OFTEN);
    let address = echo(LIMITS, Some(tls)).await;
    let break_it: [&dyn Fn(); 3] = [
        // Half of a replacement: the key is not to this certificate.
        &|| fs::write(&pair.key, fs::read(&good.key).unwrap()).unwrap(),
        &|| fs::write(&pair.certificate, "no certificate").unwrap(),
        &|| fs::remove_file(&pair.certificate).unwrap(),
    ];
    for broken in break_it {
        broken();
        tokio::time::sleep(4 * OFTEN).await;
        dial(&client(&ca, None), address).await.unwrap();
    }
    let next = Authority::new();
    pair.replace_with(&next.sign("server"));
    eventually(async || dial(&client(&next, None), address).await.is_ok()).await;
}

#[tokio::test]
async fn a_client_shows_its_new_certificate() {
    let (ca, old) = (Authority::new(), Authority::new());
    let address = echo(LIMITS, Some(server_tls(&ca.sign("server"), Some(ca.certificate())))).await;
    let pair = old.sign("client");
    let tls = client(&ca, Some(&pair));
    tls.keep_fresh(OFTEN);
    assert!(dial(&tls, address).await.is_err());
    pair.replace_with(&ca.sign("client"));
    eventually(async || dial(&tls, address).await.is_ok()).await;
}

#[tokio::test]
async fn handshakes_that_hang_are_in_nobodys_way_and_end() {
    let ca = Authority::new();
    let limits = Limits { handshakes: 3, handshake_timeout: Duration::from_millis(300), ..LIMITS };
    let address = echo(limits, Some(server_tls(&ca.sign("server"), None))).await;
    let hang = async || TcpStream::connect(address).await.unwrap();
    let mut hanging = vec![hang().await, hang().await];
    // The third place for a handshake is free.
    dial(&client(&ca, None), address).await.unwrap();
    // With one more than there are places somebody is closed at once, and all of them after a while.
    hanging.push(hang().await);
    hanging.push(hang().await);
    for mut stream in hanging {
        assert_eq!(timeout(PATIENCE, stream.read_u8()).await.unwrap().map_err(drop), Err(()));
    }
    dial(&client(&ca, None), address).await.unwrap();
}

#[tokio::test]
async fn one_connection_too_many_is_closed_at_once() {
    let ca = Authority::new();
    for tls in [None, Some(server_tls(&ca.sign("server"), None))] {
        let limits = Limits { connections: 2, ..LIMITS };
        let is_secret = tls.is_some();
        let address = echo(limits, tls).await;
        let mut open = Vec::new();
        for _ in 0..2 {
            open.push(connected(&ca, is_secret, address).await.unwrap());
        }
        assert!(connected(&ca, is_secret, address).await.is_err());
        open.pop();
        eventually(async || connected(&ca, is_secret, address).await.is_ok()).await;
    }
}

trait Wire: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Wire for T {}

async fn connected(
    ca: &Authority,
    is_secret: bool,
    address: SocketAddr,
) -> io::Result<Box<dyn Wire>> {
    if is_secret {
        return Ok(Box::new(dial(&client(ca, None), address).await?));
    }
    let mut stream = TcpStream::connect(address).await?;
    is_heard(&mut stream).await.map(|()| Box::new(stream) as Box<dyn Wire>)
}

#[test]
fn what_is_wrong_with_each_file_is_said() {
    let ca = Authority::new();
    let (good, other) = (ca.sign("good"), ca.sign("other"));
    let missing = Path::new("/nowhere/file.pem");
    let open = |certificate: &Path, key: &Path, client_ca: &Path| {
        let identity = Identity { certificate: certificate.into(), key: key.into() };
        let files = ServerFiles { identity, client_ca: Some(client_ca.into()) };
        ServerTls::open(&files, &["h2"]).err().unwrap_or_default()
    };
    let (certificate, key, authority) = (&good.certificate, &good.key, &ca.certificate());
    let parts = |faults: &[Fault]| faults.iter().map(|fault| fault.part).collect::<Vec<_>>();
    assert_eq!(open(certificate, key, authority), []);
    let all = [Part::Certificate, Part::Key, Part::Ca];
    assert_eq!(parts(&open(missing, missing, missing)), all);
    assert_eq!(parts(&open(key, certificate, key)), all);
    let mismatch = open(certificate, &other.key, authority);
    assert_eq!(parts(&mismatch), [Part::Key]);
    assert_eq!(mismatch[0].reason, "is not the key to the certificate");
    // A key is never shown.
    let cut = key.with_file_name("cut.key");
    let text = fs::read_to_string(key).unwrap();
    fs::write(&cut, &text[..text.len() / 2]).unwrap();
    let shown = format!("{:?}", open(certificate, &cut, authority));
    assert!(shown.contains("has no private key") && !shown.contains(&text[40..60]), "{shown}");
}
