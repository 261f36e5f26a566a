//! The program as an operator meets it: its commands, what they print, and how they end.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Command, Output},
    time::{Duration, Instant},
};
use testkit::process::Meridian;

fn meridian(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_meridian"));
    command.args(arguments).current_dir(folder);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("MERIDIAN__") {
            command.env_remove(name);
        }
    }
    command
}

fn said(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

/// Status line and body of one GET.
fn get(address: SocketAddr, path: &str, token: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: meridian\r\nauthorization: Bearer {token}\r\n\
         connection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), body.to_owned())
}

#[test]
fn a_demo_made_twice_is_made_once_and_served() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let output = meridian(folder.path(), &["demo"]).output().unwrap();
        let (stdout, stderr) = said(&output);
        assert!(output.status.success(), "{stderr}");
        assert!(stdout.contains("36 orders"), "{stdout}");
    }
    let create = ["token", "create", "--store", "demo", "--role", "viewer", "--name", "me"];
    let output = meridian(folder.path(), &create).output().unwrap();
    let (stdout, stderr) = said(&output);
    let (token_id, secret) = stdout.trim().split_once(' ').unwrap_or_else(|| panic!("{stderr}"));

    let url = format!("sqlite://{}", folder.path().join("meridian.db").display());
    let serving = Meridian::start(&[("MERIDIAN__DATABASE__URL", &url)]);
    let path = "/v1/stores/demo/orders?page_size=1000";
    let (status, body) = get(serving.http(), path, secret);
    assert!(status.contains("200"), "{status}");
    assert_eq!(body.matches("\"order_id\":\"DEMO-").count(), 36);

    let revoke = ["token", "revoke", "--store", "demo", token_id];
    assert!(meridian(folder.path(), &revoke).output().unwrap().status.success());
    // Another process has revoked it; this one learns of it when it looks again.
    let deadline = Instant::now() + Duration::from_secs(20);
    while get(serving.http(), path, secret).0.contains("200") {
        assert!(Instant::now() < deadline, "a revoked token is still taken");
    }
    assert!(serving.terminate().success());
}

#[test]
fn everything_that_is_wrong_with_the_settings_is_said_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let check = meridian(folder.path(), &["config", "check"])
        .env("MERIDIAN__GRPC__LISTEN", "somewhere")
        .env("MERIDIAN__PAYMENTS__LEASE", "never")
        .env("MERIDIAN__AUTH__BOOTSTRAP_TOKEN", "short")
        .env("MERIDIAN__NO__SUCH__KEY", "1")
        .output()
        .unwrap();
    assert!(!check.status.success());
    let (_, stderr) = said(&check);
    for key in ["grpc.listen", "payments.lease", "auth.bootstrap_token", "no.such"] {
        assert!(stderr.contains(key), "{key} in {stderr}");
    }
    assert!(!stderr.contains("short"), "{stderr}");
    let check = meridian(folder.path(), &["config", "check"]).output().unwrap();
    assert!(check.status.success());
}

#[test]
fn secrets_are_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let show = meridian(folder.path(), &["config", "show"])
        .env("MERIDIAN__DATABASE__URL", "postgres://me:pass-word@host/name")
        .env("MERIDIAN__AUTH__BOOTSTRAP_TOKEN", "a-token-that-is-long-enough")
        .output()
        .unwrap();
    let (stdout, stderr) = said(&show);
    assert!(show.status.success(), "{stderr}");
    assert!(stdout.contains("MERIDIAN__DATABASE__URL"), "{stdout}");
    for secret in ["pass-word", "a-token-that-is-long-enough"] {
        assert!(!stdout.contains(secret), "{stdout}");
    }
}
