//! The private PostgreSQL: databases apart, servers that come back, and none that stays behind.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};
use testkit::postgres::{Options, Server, fresh_database};

#[test]
fn a_fresh_database_is_empty_and_apart_from_others() {
    let (first, second) = (fresh_database(), fresh_database());
    first.query("CREATE TABLE things (id int)");
    assert_ne!(first.url(), second.url());
    assert_eq!(second.query("SELECT count(*) FROM pg_tables WHERE tablename = 'things'"), "0");
}

#[test]
fn a_database_goes_with_its_value() {
    let observer = fresh_database();
    let url = fresh_database().url();
    let name = url.rsplit('/').next().unwrap();
    let left =
        observer.query(&format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'"));
    assert_eq!(left, "0");
}

#[test]
fn a_server_of_ones_own_has_the_chosen_settings() {
    let server =
        Server::start(Options::default().set("default_transaction_isolation", "serializable"));
    assert_eq!(server.fresh_database().query("SHOW transaction_isolation"), "serializable");
}

#[test]
fn what_was_committed_survives_every_kind_of_end() {
    let mut server = Server::start(Options::default());
    let database = server.fresh_database();
    database.query("CREATE TABLE things (id int)");
    let ends: [fn(&mut Server); 3] = [|_| (), Server::stop_immediate, Server::kill9];
    for (already, end) in ends.into_iter().enumerate() {
        database.query("INSERT INTO things VALUES (1)");
        let before = server.pid().unwrap();
        end(&mut server);
        server.restart();
        assert_ne!(server.pid().unwrap(), before);
        assert_eq!(database.query("SELECT count(*) FROM things"), (already + 1).to_string());
    }
}

#[test]
fn a_run_hands_the_server_and_the_exit_code_on_and_leaves_nothing() {
    let script = r#"echo "$MERIDIAN_TEST_POSTGRES_URL"; exit 7"#;
    let output = with_postgres(script).output().unwrap();
    assert_eq!(output.status.code(), Some(7));
    let url = String::from_utf8(output.stdout).unwrap();
    assert!(!accepts(url.trim()), "{url} still answers");
}

#[test]
fn a_killed_run_leaves_no_server() {
    let mut run = with_postgres(r#"echo "$MERIDIAN_TEST_POSTGRES_URL"; exec cat"#).spawn().unwrap();
    let mut url = String::new();
    BufReader::new(run.stdout.take().unwrap()).read_line(&mut url).unwrap();
    assert!(accepts(url.trim()));
    run.kill().unwrap();
    run.wait().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while accepts(url.trim()) {
        assert!(Instant::now() < deadline, "{url} still answers");
        thread::sleep(Duration::from_millis(20));
    }
}

fn with_postgres(script: &str) -> Command {
    let mut command = Command::new(Path::new(env!("CARGO_BIN_EXE_with-postgres")));
    command
        .args(["sh", "-c", script])
        .env_remove("MERIDIAN_TEST_POSTGRES_URL")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    command
}

fn accepts(url: &str) -> bool {
    let (_, address) = url.split_once('@').expect("a URL with a user");
    let (address, _) = address.split_once('/').expect("a URL with a database");
    std::net::TcpStream::connect(address).is_ok()
}
