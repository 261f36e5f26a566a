//! A receiver that answers what a test wants, also what no server would: HTTP/1.1 by hand.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

pub struct Receiver {
    pub url: String,
    seen: Arc<Seen>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Seen {
    requests: Mutex<Vec<Request>>,
    connections: AtomicU64,
    /// Bytes of answers that were taken from us.
    written: AtomicU64,
}

#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

#[derive(Clone)]
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
    /// The connection is reset without an answer.
    Reset,
    /// A status, and a body that goes on for as long as the other side reads.
    Endless(u16),
    /// A status, and a body that goes on for a byte every 10 ms.
    Trickle(u16),
    /// A status, and a body of this many bytes.
    Sized(u16, u64),
    /// A status, and less of a body than was announced.
    Short(u16),
    /// Header lines for as long as the other side reads.
    Headers,
}

impl Reply {
    pub fn status(status: u16) -> Self {
        Self::Whole { status, headers: Vec::new(), body: String::new() }
    }

    pub fn with(self, name: &str, value: &str) -> Self {
        let Self::Whole { status, mut headers, body } = self else { return self };
        headers.push((name.to_owned(), value.to_owned()));
        Self::Whole { status, headers, body }
    }

    pub fn saying(self, text: &str) -> Self {
        let Self::Whole { status, headers, .. } = self else { return self };
        Self::Whole { status, headers, body: text.to_owned() }
    }
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name));
        header.map(|(_, value)| value.as_str())
    }
}

impl Receiver {
    /// Answers every request with the same.
    pub async fn with(reply: Reply) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/hooks", listener.local_addr().unwrap());
        let seen = Arc::new(Seen::default());
        let ours = seen.clone();
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                ours.connections.fetch_add(1, Ordering::SeqCst);
                let (seen, reply) = (ours.clone(), reply.clone());
                // Whoever goes away in the middle has had enough.
                tokio::spawn(async move { serve(stream, &seen, &reply).await });
            }
        });
        Self { url, seen, task }
    }

    pub async fn accepting() -> Self {
        Self::with(Reply::status(204)).await
    }

    pub fn port(&self) -> &str {
        self.url.rsplit(':').next().unwrap().trim_end_matches("/hooks")
    }

    pub fn requests(&self) -> Vec<Request> {
        self.seen.requests.lock().unwrap().clone()
    }

    pub fn connections(&self) -> u64 {
        self.seen.connections.load(Ordering::SeqCst)
    }

    pub fn written(&self) -> u64 {
        self.seen.written.load(Ordering::SeqCst)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(stream: TcpStream, seen: &Seen, reply: &Reply) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    loop {
        let request = read(&mut stream).await?;
        seen.requests.lock().unwrap().push(request);
        let out = stream.get_mut();
        match reply {
            Reply::Whole { status, headers, body } => {
                let mut head = head(*status, body.len() as u64);
                for (name, value) in headers {
                    head.extend([name, ": ", value, "\r\n"]);
                }
                out.write_all(format!("{head}\r\n{body}").as_bytes()).await?;
            }
            Reply::Silence => {
                out.read_u8().await?;
            }
            Reply::Cut => return Ok(()),
            Reply::Reset => return out.set_zero_linger(),
            Reply::Endless(status) => {
                out.write_all(chunked(*status).as_bytes()).await?;
                let chunk = format!("1000\r\n{}\r\n", " ".repeat(4096));
                loop {
                    out.write_all(chunk.as_bytes()).await?;
                    seen.written.fetch_add(4096, Ordering::SeqCst);
                }
            }
            Reply::Trickle(status) => {
                out.write_all(chunked(*status).as_bytes()).await?;
                loop {
                    out.write_all(b"1\r\n \r\n").await?;
                    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                }
            }
            Reply::Sized(status, length) => {
                out.write_all(format!("{}\r\n", head(*status, *length)).as_bytes()).await?;
                let block = [b' '; 4096];
                for _ in 0..length.div_ceil(4096) {
                    out.write_all(&block).await?;
                    seen.written.fetch_add(4096, Ordering::SeqCst);
                }
            }
            Reply::Short(status) => {
                out.write_all(format!("{}\r\nhalf", head(*status, 99)).as_bytes()).await?;
                return out.shutdown().await;
            }
            Reply::Headers => {
                out.write_all(b"HTTP/1.1 200 OK\r\n").await?;
                let line = format!("x: {}\r\n", "y".repeat(4091));
                loop {
                    out.write_all(line.as_bytes()).await?;
                    seen.written.fetch_add(4096, Ordering::SeqCst);
                }
            }
        }
    }
}

fn head(status: u16, length: u64) -> String {
    // A 204 has no body, and says so by saying nothing of one.
    match status {
        204 => "HTTP/1.1 204 Any\r\n".to_owned(),
        _ => format!("HTTP/1.1 {status} Any\r\ncontent-length: {length}\r\n"),
    }
}

fn chunked(status: u16) -> String {
    format!("HTTP/1.1 {status} Any\r\ntransfer-encoding: chunked\r\n\r\n")
}

async fn read(stream: &mut BufReader<TcpStream>) -> std::io::Result<Request> {
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
