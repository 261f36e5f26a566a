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

#[test]
fn what_is_stored_is_verified_and_told_by_the_status() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output = meridian(folder.path(), arguments).output().unwrap();
        let (stdout, stderr) = said(&output);
        (output.status.code().unwrap(), stdout, stderr)
    };
    let (status, _, stderr) = run(&["verify"]);
    assert_eq!(status, 2, "{stderr}");
    assert!(!folder.path().join("meridian.db").exists(), "a look makes no database");
    assert_eq!(run(&["demo"]).0, 0);
    let (status, stdout, stderr) = run(&["verify"]);
    assert_eq!(status, 0, "{stdout}{stderr}");
    assert!(stdout.starts_with("looked at 36 orders, 13 refunds"), "{stdout}");
    assert!(stdout.ends_with("no fault\n"), "{stdout}");
    let (status, stdout, _) = run(&["verify", "--json", "--store", "demo"]);
    assert_eq!(status, 0, "{stdout}");
    let last: serde_json::Value = serde_json::from_str(stdout.trim()).unwrap();
    assert_eq!((&last["faults"], &last["orders"]), (&0.into(), &36.into()));
    for (store, says) in [("nobody", "there is no store nobody"), ("No Store", "--store must be")] {
        let (status, _, stderr) = run(&["verify", "--store", store]);
        assert_eq!(status, 2);
        assert!(stderr.contains(says), "{stderr}");
    }
}

#[test]
fn the_events_of_a_store_are_printed_to_the_end() {
    let folder = tempfile::tempdir().unwrap();
    assert!(meridian(folder.path(), &["demo"]).output().unwrap().status.success());
    let tail = |arguments: &[&str]| {
        let tail = ["events", "tail", "--store"].iter().chain(arguments).copied();
        let output = meridian(folder.path(), &tail.collect::<Vec<_>>()).output().unwrap();
        let (stdout, stderr) = said(&output);
        let lines = stdout.lines().map(|line| serde_json::from_str(line).unwrap());
        (output.status.code().unwrap(), lines.collect::<Vec<serde_json::Value>>(), stderr)
    };
    let (status, all, stderr) = tail(&["demo", "--from", "0", "--until-end"]);
    assert_eq!(status, 0, "{stderr}");
    assert!(all.len() > 100, "{}", all.len());
    let position = |event: &serde_json::Value| event["position"].as_str().unwrap().to_owned();
    assert!(all.iter().map(position).eq((1..=all.len()).map(|place| place.to_string())));
    let third = all[2]["event_id"].as_str().unwrap();
    for from in [third, "3"] {
        assert_eq!(tail(&["demo", "--from", from, "--until-end"]).1, all[3..]);
    }
    let types = "refund.created,refund.succeeded";
    let (_, some, _) = tail(&["demo", "--from", "0", "--types", types, "--until-end"]);
    assert_eq!(some.len(), 24);
    for (arguments, says) in [
        (["nobody", "--from", "0", "--until-end"], "STORE_NOT_FOUND"),
        (["demo", "--from", "100000", "--until-end"], "CURSOR_UNKNOWN"),
        (["demo", "--from", "yesterday", "--until-end"], "INVALID_FIELDS"),
    ] {
        let (status, lines, stderr) = tail(&arguments);
        assert_eq!((status, lines), (1, vec![]));
        assert!(stderr.contains(says), "{stderr}");
    }
}
