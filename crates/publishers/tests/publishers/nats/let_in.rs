//! Who is let in, and over which line.

use super::{Batch, chain, hurried, publisher, settings};
use ports::PublishError;
use publishers::{Login, NatsJetStream, NatsSettings};
use testkit::nats::Server;

fn login(user: Option<&str>, secret: &str) -> Login {
    Login { user: user.map(str::to_owned), secret: secret.into() }
}

#[tokio::test]
async fn a_user_is_let_in_with_its_password_and_nobody_else() {
    let server = Server::with(&["--user", "meridian", "--pass", "open sesame"]);
    let with = |login| NatsSettings { login, ..settings(&server.address()) };
    let right = Some(login(Some("meridian"), "open sesame"));
    Batch::of(1..3).by(&publisher(with(right))).await.unwrap();
    for wrong in [None, Some(login(Some("meridian"), "close")), Some(login(None, "open sesame"))] {
        let error = Batch::of(3..5).by(&publisher(with(wrong))).await.unwrap_err();
        assert!(matches!(error, PublishError::Refused(_)), "{}", chain(&error));
        assert!(!chain(&error).contains("sesame"), "{}", chain(&error));
    }
}

#[tokio::test]
async fn a_token_lets_in() {
    let server = Server::with(&["--auth", "open-sesame"]);
    let with = |login| NatsSettings { login: Some(login), ..settings(&server.address()) };
    Batch::of(1..3).by(&publisher(with(login(None, "open-sesame")))).await.unwrap();
    let error = Batch::of(3..5).by(&publisher(with(login(None, "close")))).await.unwrap_err();
    assert!(matches!(error, PublishError::Refused(_)), "{}", chain(&error));
}

#[test]
fn a_secret_is_not_shown() {
    let settings =
        NatsSettings { login: Some(login(Some("me"), "sesame")), ..settings("127.0.0.1") };
    let shown = format!("{settings:?} {:?}", NatsJetStream::new(settings.clone()).unwrap());
    assert!(shown.contains("127.0.0.1") && !shown.contains("sesame"), "{shown}");
}

#[tokio::test]
async fn a_server_without_tls_is_not_talked_to_where_tls_is_wanted() {
    let server = Server::start();
    let secure = hurried(NatsSettings::of(format!("tls://{}", server.address())));
    let error = Batch::of(1..3).by(&publisher(secure)).await.unwrap_err();
    assert!(matches!(error, PublishError::Unavailable(_)), "{}", chain(&error));
}

#[tokio::test]
async fn over_tls_a_server_is_who_its_certificate_says() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let certificate = file("certificate.pem", &made.cert.pem());
    let key = file("key.pem", &made.signing_key.serialize_pem());
    let (certificate, key) = (certificate.as_path(), key.to_str().unwrap());
    let server =
        Server::with(&["--tls", "--tlscert", certificate.to_str().unwrap(), "--tlskey", key]);
    // A server that wants TLS gets it under both schemes.
    for scheme in ["tls", "nats"] {
        let trusting = NatsSettings {
            root_certificates: Some(certificate.to_owned()),
            ..NatsSettings::of(format!("{scheme}://{}", server.address()))
        };
        Batch::of(1..3).by(&publisher(trusting.clone())).await.unwrap();
        let doubting = NatsSettings { root_certificates: None, ..trusting };
        let error = Batch::of(3..5).by(&publisher(doubting)).await.unwrap_err();
        assert!(matches!(error, PublishError::Unavailable(_)), "{}", chain(&error));
    }
}
