use super::{Batch, chain, hurried, numbers, proxy::Proxy, publisher, settings};
use ports::PublishError;
use std::time::{Duration, Instant};
use testkit::{nats::Server, scale};
use tokio::{io::AsyncReadExt as _, net::TcpListener};

#[tokio::test]
async fn a_server_that_was_restarted_between_batches_is_connected_to_again() {
    let mut server = Server::start();
    let publisher = publisher(settings(&server.address()));
    for start in [1, 11, 21] {
        Batch::of(start..start + 10).by(&publisher).await.unwrap();
        server.restart();
        // It still knows what it was sent before.
        Batch::of(start..start + 10).by(&publisher).await.unwrap();
    }
    assert!(numbers(&server).await.into_iter().eq(1..31));
}

#[tokio::test]
async fn a_server_that_is_down_is_an_error_until_it_is_back() {
    let mut server = Server::start();
    let publisher = publisher(settings(&server.address()));
    Batch::of(1..11).by(&publisher).await.unwrap();
    server.kill9();
    for _ in 0..3 {
        let began = Instant::now();
        let error = Batch::of(11..21).by(&publisher).await.unwrap_err();
        assert!(matches!(error, PublishError::Unavailable(_)), "{error:?}");
        let start = "the broker cannot be reached: no connection was made: ";
        assert!(chain(&error).starts_with(start), "{}", chain(&error));
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    }
    server.restart();
    Batch::of(11..21).by(&publisher).await.unwrap();
    assert!(numbers(&server).await.into_iter().eq(1..21));
}

#[tokio::test]
async fn nobody_there_is_an_error_and_no_wait() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let began = Instant::now();
    let error = Batch::of(1..2).by(&publisher(settings(&address))).await.unwrap_err();
    assert!(matches!(error, PublishError::Unavailable(_)), "{error:?}");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    // Nobody is asked for what does not have to be sent.
    assert!(Batch::of(1..1).by(&publisher(settings(&address))).await.is_ok());
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let silence = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _gone = stream.read_u8().await;
    });
    let began = Instant::now();
    let error = Batch::of(1..2).by(&publisher(hurried(settings(&address)))).await.unwrap_err();
    assert!(matches!(error, PublishError::Unavailable(_)), "{error:?}");
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    silence.abort();
}

#[tokio::test]
async fn a_server_that_stops_answering_is_given_up_and_the_batch_goes_on_later() {
    let server = Server::start();
    let publisher = publisher(hurried(settings(&server.address())));
    Batch::of(1..11).by(&publisher).await.unwrap();
    server.hold();
    for _ in 0..2 {
        let began = Instant::now();
        let error = Batch::of(11..111).by(&publisher).await.unwrap_err();
        assert!(matches!(error, PublishError::Unavailable(_)), "{error:?}");
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    }
    server.go_on();
    Batch::of(11..111).by(&publisher).await.unwrap();
    assert!(numbers(&server).await.into_iter().eq(1..111));
}

/// Wherever the line is cut, what comes through is stored once and in order.
#[tokio::test]
async fn a_line_that_is_cut_leaves_no_gap() {
    let server = Server::start();
    let proxy = Proxy::to(server.address()).await;
    let publisher = publisher(settings(&proxy.address));
    let (mut next, mut failures) = (1, 0);
    for round in 0..scale::pick(40, 2_000) {
        // A batch is some 20 kB.
        proxy.cut_after(i64::from(round) * 769 % 23_000);
        let batch = Batch::of(next..next + 100);
        let mut tries = 0;
        while let Err(error) = batch.by(&publisher).await {
            assert!(matches!(error, PublishError::Unavailable(_)), "{}", chain(&error));
            (failures, tries) = (failures + 1, tries + 1);
            assert!(tries < 5, "{}", chain(&error));
        }
        next += 100;
    }
    println!("{} events, {failures} batches failed", next - 1);
    assert!(numbers(&server).await.into_iter().eq(1..next));
}
