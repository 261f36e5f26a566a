//! What we send, as the libraries of others see it.

use super::{here, message, secrets};
use crate::receiver::{Receiver, Request};
use ports::{Outgoing, WebhookSender as _};
use publishers::StandardWebhooks;
use serde_json::{Value, json};
use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use time::OffsetDateTime;

fn tools() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools")
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/publishers/webhooks").join(name)
}

fn python() -> Command {
    let python = tools().join(".venv/bin/python");
    assert!(python.is_file(), "the Python library is not installed: run `tools/install python`");
    let mut command = Command::new(python);
    command.arg(script("verify.py"));
    command
}

fn javascript() -> Command {
    let modules = tools().join("node_modules");
    assert!(
        modules.join("standardwebhooks").is_dir(),
        "the JavaScript library is not installed: run `tools/install node`"
    );
    let mut command = Command::new("node");
    command.arg(script("verify.cjs")).env("NODE_PATH", modules);
    command
}

/// What was received, and with which secret somebody else looks at it.
fn case(request: &Request, body: &[u8], secret: &str) -> Value {
    let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let headers: serde_json::Map<_, _> = names
        .into_iter()
        .map(|name| (name.to_owned(), request.header(name).unwrap().into()))
        .collect();
    json!({ "secret": secret, "headers": headers, "body": std::str::from_utf8(body).unwrap() })
}

/// Which of the cases the library took for genuine.
fn verdicts(mut library: Command, cases: &[Value]) -> Vec<bool> {
    let name = library.get_program().to_string_lossy().into_owned();
    let mut process = library
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{name} is needed: {error}"));
    let input = serde_json::to_vec(cases).unwrap();
    process.stdin.take().unwrap().write_all(&input).unwrap();
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success(), "{name} failed: {}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The libraries go by the machine's clock, so the message has to.
#[expect(clippy::disallowed_methods, reason = "others cannot be told what time it is")]
fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

async fn received(secrets: &[String]) -> Request {
    let receiver = Receiver::accepting().await;
    let message = Outgoing { at: now(), ..message(&receiver.url, secrets) };
    StandardWebhooks::new(here()).send(message).await;
    receiver.requests().pop().unwrap()
}

async fn is_verified_by(library: fn() -> Command) {
    let secrets = secrets();
    let [new, old] = [secrets[0].as_str(), secrets[1].as_str()];
    let foreign = "whsec_c29tZWJvZHkgZWxzZSdzIGtleSwgaW4gYmFzZTY0Li4=";

    let request = received(&secrets[..1]).await;
    let genuine = request.body.as_slice();
    let mut cases = vec![
        (case(&request, genuine, new), true),
        (case(&request, genuine, old), false),
        (case(&request, genuine, foreign), false),
    ];
    let request = received(&secrets).await;
    let genuine = request.body.as_slice();
    cases.push((case(&request, genuine, new), true));
    cases.push((case(&request, genuine, old), true));
    cases.push((case(&request, genuine, foreign), false));
    // Every byte counts, and so do the id and the time. (A text stays one with 0x01 turned in a
    // plain letter; the two bytes of the umlaut are left alone.)
    let letters = (0..genuine.len()).filter(|&at| genuine[at].is_ascii_alphanumeric());
    for at in letters {
        let mut changed = genuine.to_vec();
        changed[at] ^= 1;
        cases.push((case(&request, &changed, new), false));
    }
    for name in ["webhook-id", "webhook-timestamp"] {
        let mut changed = request.clone();
        let header = changed.headers.iter_mut().find(|(given, _)| given == name).unwrap();
        header.1 = if name == "webhook-id" {
            "evt_2".to_owned()
        } else {
            (header.1.parse::<i64>().unwrap() + 1).to_string()
        };
        cases.push((case(&changed, genuine, new), false));
    }

    let (cases, expected): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
    assert!(cases.len() > 30, "{} cases", cases.len());
    assert_eq!(verdicts(library(), &cases), expected);
}

#[tokio::test]
async fn the_python_library_verifies_what_we_send_and_nothing_else() {
    is_verified_by(python).await;
}

#[tokio::test]
async fn the_javascript_library_verifies_what_we_send_and_nothing_else() {
    is_verified_by(javascript).await;
}
