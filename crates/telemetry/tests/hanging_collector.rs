//! A collector that takes connections and never answers does not hold the end of the process up.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};
use telemetry::{FlushError, LogFormat, Settings};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_flush_is_bounded() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let guard = telemetry::init(&Settings {
        endpoint: Some(format!("http://{}", silent.local_addr().unwrap())),
        log_format: LogFormat::Pretty,
        filter: "info".to_owned(),
        metrics_interval: Duration::from_mins(1),
    })
    .unwrap();
    drop(tracing::info_span!("refund").entered());

    let started = Instant::now();
    let outcome = guard.shut_down(Duration::from_millis(200));
    assert!(matches!(outcome, Err(FlushError::TimedOut(_))), "{outcome:?}");
    assert!(started.elapsed() < Duration::from_secs(5));
}
