use super::*;
use axum::routing::get;
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{Semaphore, oneshot},
    task::JoinHandle,
};

const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";

struct Served {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<io::Result<()>>,
}

pub(crate) async fn listener() -> Listener {
    let second = Duration::from_secs(1);
    let limits = sockets::Limits { connections: 99, handshakes: 1, handshake_timeout: second };
    Listener::bind("http", "127.0.0.1:0".parse().unwrap(), limits, None).await.unwrap()
}

/// Answers `done` to everybody, when `answer` lets it.
async fn served(limits: Limits, answer: &Arc<Semaphore>) -> Served {
    let answer = Arc::clone(answer);
    let done = move || async move {
        answer.acquire().await.unwrap().forget();
        "done"
    };
    let listener = listener().await;
    let address = listener.address().unwrap();
    let (stop, stopped) = oneshot::channel();
    let router = Router::new().route("/", get(done));
    let ended = tokio::spawn(async move {
        serve(listener, router, limits, async { drop(stopped.await) }).await
    });
    Served { address, stop, ended }
}

async fn read(stream: &mut TcpStream) -> String {
    let mut bytes = vec![0; 1_000];
    let length = stream.read(&mut bytes).await.unwrap();
    String::from_utf8(bytes[..length].to_vec()).unwrap()
}

#[tokio::test]
async fn a_connection_that_does_not_ask_is_closed() {
    let limits = Limits { header_timeout: Duration::from_millis(50), ..Limits::default() };
    let served = served(limits, &Arc::new(Semaphore::new(9))).await;
    for said in [&b""[..], b"GET", b"PRI * HTTP/2.0", b"GET / HTTP/1.1\r\nhost: x\r\n"] {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream.write_all(said).await.unwrap();
        let mut rest = Vec::new();
        // Closed or reset; with HTTP/1 there may be a refusal before that.
        let _ = timeout(Duration::from_secs(20), stream.read_to_end(&mut rest)).await.unwrap();
        assert!(!rest.starts_with(b"HTTP/1.1 200"), "{said:?}");
    }
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(GET).await.unwrap();
    assert!(read(&mut stream).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_request_in_flight_ends_before_the_listener_does() {
    let answer = Arc::new(Semaphore::new(0));
    let served = served(Limits::default(), &answer).await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(GET).await.unwrap();
    let mut idle = TcpStream::connect(served.address).await.unwrap();
    answer.add_permits(1);
    assert!(read(&mut stream).await.ends_with("done"));

    stream.write_all(GET).await.unwrap();
    idle.write_all(GET).await.unwrap();
    served.stop.send(()).unwrap();
    // Nobody is let in any more.
    while TcpStream::connect(served.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    answer.add_permits(2);
    served.ended.await.unwrap().unwrap();
    for mut stream in [stream, idle] {
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        let text = String::from_utf8(rest).unwrap();
        assert!(text.is_empty() || text.ends_with("done"), "{text}");
    }
}

#[tokio::test]
async fn a_request_without_an_end_is_told_when_the_listener_ends() {
    let until_told = async |Extension(stopping): Extension<Stopping>| {
        stopping.begun().await;
        "told"
    };
    let listener = listener().await;
    let mut stream = TcpStream::connect(listener.address().unwrap()).await.unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let router = Router::new().route("/", get(until_told));
    let stopped = async { drop(stopped.await) };
    let ended = tokio::spawn(serve(listener, router, Limits::default(), stopped));
    stream.write_all(GET).await.unwrap();
    let early = timeout(Duration::from_millis(50), read(&mut stream)).await;
    assert!(early.is_err(), "{early:?}");
    stop.send(()).unwrap();
    assert!(read(&mut stream).await.ends_with("told"));
    ended.await.unwrap().unwrap();
}
