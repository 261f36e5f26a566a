//! A shop that answers what a test wants, also what no server would: HTTP/1.1 by hand, one request
//! to a connection.

use futures_util::future::BoxFuture;
use std::sync::{Arc, Mutex};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

pub struct Shop {
    pub url: String,
    requests: Arc<Mutex<Vec<Request>>>,
    task: JoinHandle<()>,
}

#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub path: String,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

pub enum Reply {
    Whole {
        status: u16,
        headers: Vec<(String, String)>,
        body: String,
    },
    /// Nothing, until the other side goes away.
    Silence,
    /// The connection is closed without an answer.
    Cut,
    /// A body that goes on for as long as the other side reads.
    Endless,
    /// Less of a body than was announced.
    Short,
}

impl Reply {
    pub fn json(status: u16, body: &str) -> Self {
        Self::Whole { status, headers: Vec::new(), body: body.to_owned() }
    }

    pub fn with(self, name: &str, value: &str) -> Self {
        let Self::Whole { status, mut headers, body } = self else { return self };
        headers.push((name.to_owned(), value.to_owned()));
        Self::Whole { status, headers, body }
    }
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name));
        header.map(|(_, value)| value.as_str())
    }
}

impl Shop {
    /// Answers every request with the same.
    pub async fn with(reply: impl Fn() -> Reply + Send + Sync + 'static) -> Self {
        Self::that(move |_| {
            let reply = reply();
            Box::pin(async move { reply })
        })
        .await
    }

    pub async fn that(
        answer: impl Fn(Request) -> BoxFuture<'static, Reply> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/orders", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, answer) = (requests.clone(), Arc::new(answer));
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (seen, answer) = (seen.clone(), answer.clone());
                tokio::spawn(async move {
                    let mut stream = stream;
                    // Whoever goes away in the middle has had enough.
                    let Ok(request) = read(&mut stream).await else { return };
                    seen.lock().unwrap().push(request.clone());
                    let _gone = write(&mut stream, answer(request).await).await;
                });
            }
        });
        Self { url, requests, task }
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn read(stream: &mut TcpStream) -> std::io::Result<Request> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.lines();
    let mut first = lines.next().unwrap().split(' ').map(str::to_owned);
    let (method, path) = (first.next().unwrap(), first.next().unwrap());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let mut request = Request { method, path, headers, body: Vec::new() };
    let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    request.body.resize(length, 0);
    stream.read_exact(&mut request.body).await?;
    Ok(request)
}

async fn write(stream: &mut TcpStream, reply: Reply) -> std::io::Result<()> {
    match reply {
        Reply::Whole { status, headers, body } => {
            let mut head = format!("HTTP/1.1 {status} Any\r\ncontent-length: {}\r\n", body.len());
            for (name, value) in headers {
                head.extend([&name, ": ", &value, "\r\n"]);
            }
            head.push_str("connection: close\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(body.as_bytes()).await?;
        }
        Reply::Silence => {
            stream.read_u8().await?;
        }
        Reply::Cut => {}
        Reply::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await?;
            loop {
                stream.write_all(format!("1000\r\n{}\r\n", " ".repeat(4096)).as_bytes()).await?;
            }
        }
        Reply::Short => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"id\":1").await?;
        }
    }
    stream.shutdown().await
}
