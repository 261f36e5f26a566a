//! The fake of Stripe from `tools/requirements.txt` as a process: others wrote it, it has a state, and
//! it knows payments, refunds and signed events. It ignores idempotency keys and gives back more than
//! was paid.

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::{
    fmt::Write as _,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
};

/// It takes every key that looks like one.
pub const SECRET_KEY: &str = "sk_test_of_the_tests";

/// Its own start takes a port that has to be known before and keeps its objects in one file for the
/// whole machine. It ends with us, also if we are killed: that closes its standard input.
const SCRIPT: &str = r#"
import os, socket, sys, threading
from aiohttp import web
from localstripe import resources, server
resources.Store.dump_to_disk = lambda self: None
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(0)), daemon=True).start()
web.run_app(server.app, sock=listener, print=None, access_log=None)
"#;

/// Ends when it is dropped.
#[derive(Debug)]
pub struct Server {
    process: Child,
    port: u16,
}

impl Server {
    /// # Panics
    /// If it is not installed or does not start.
    #[must_use]
    pub fn start() -> Self {
        let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/.venv/bin/python");
        let mut process = Command::new(&python)
            .args(["-c", SCRIPT])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("localstripe is not installed, run `tools/install python`: {error}")
            });
        let mut line = String::new();
        let mut output = BufReader::new(process.stdout.take().expect("its output is ours"));
        output.read_line(&mut line).expect("its output can be read");
        let Ok(port) = line.trim().parse() else {
            process.kill().ok();
            process.wait().ok();
            panic!("localstripe did not start: run `tools/install python`");
        };
        Self { process, port }
    }

    /// Of its API.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A card payment that was captured; its id.
    pub fn captured(&self, minor: i64, currency: &str) -> String {
        self.payment(minor, currency, "automatic")
    }

    /// A card payment that was authorised and may be captured; its id.
    pub fn authorized(&self, minor: i64, currency: &str) -> String {
        self.payment(minor, currency, "manual")
    }

    fn payment(&self, minor: i64, currency: &str, capture: &str) -> String {
        let card = self.post(
            "payment_methods",
            &[
                ("type", "card"),
                ("card[number]", "4242424242424242"),
                ("card[exp_month]", "12"),
                ("card[exp_year]", "2099"),
                ("card[cvc]", "123"),
            ],
        );
        let card = id_of(&card);
        let minor = minor.to_string();
        let form = [
            ("amount", minor.as_str()),
            ("currency", currency),
            ("payment_method", card.as_str()),
            ("capture_method", capture),
            ("confirm", "true"),
        ];
        id_of(&self.post("payment_intents", &form))
    }

    /// The refunds of a payment, the newest first; at most 100.
    pub fn refunds(&self, payment: &str) -> Vec<Value> {
        let list = self.get(&format!("refunds?limit=100&payment_intent={payment}"));
        list["data"].as_array().expect("a list has data").clone()
    }

    /// Has what happens from now on posted to `url`, signed with `secret`.
    pub fn tell(&self, url: &str, secret: &str) {
        let form = [("url", url), ("secret", secret)];
        let (status, body) = self.call("POST", "/_config/webhooks/tests", &form);
        assert_eq!(status, 200, "{body}");
    }

    /// # Panics
    /// If it refuses.
    pub fn post(&self, path: &str, form: &[(&str, &str)]) -> Value {
        let (status, body) = self.call("POST", &format!("/v1/{path}"), form);
        assert_eq!(status, 200, "POST {path}: {body}");
        serde_json::from_str(&body).expect("it answers JSON")
    }

    /// # Panics
    /// If it refuses.
    pub fn get(&self, path: &str) -> Value {
        let (status, body) = self.call("GET", &format!("/v1/{path}"), &[]);
        assert_eq!(status, 200, "GET {path}: {body}");
        serde_json::from_str(&body).expect("it answers JSON")
    }

    fn call(&self, method: &str, path: &str, form: &[(&str, &str)]) -> (u16, String) {
        let pairs =
            form.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
        let body = pairs.collect::<Vec<_>>().join("&");
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
             authorization: Bearer {SECRET_KEY}\r\n\
             content-type: application/x-www-form-urlencoded\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        (status.expect("an answer has a status"), body.to_owned())
    }
}

fn id_of(object: &Value) -> String {
    object["id"].as_str().expect("an object has an id").to_owned()
}

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("a string takes all");
        }
        encoded
    })
}

impl Drop for Server {
    fn drop(&mut self) {
        if kill_process(Pid::from_child(&self.process), Signal::KILL).is_err() {
            eprintln!("localstripe had ended already");
        }
        self.process.wait().ok();
    }
}
