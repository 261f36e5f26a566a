//! The private broker: it comes back where it was, and stays nowhere.

use std::{
    io::{BufRead as _, BufReader},
    net::TcpStream,
};
use testkit::nats::Server;

/// What the server says of itself to whoever comes, if it is there.
fn greeting(address: &str) -> Option<String> {
    let stream = TcpStream::connect(address).ok()?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).ok()?;
    Some(line)
}

#[test]
fn a_server_comes_back_where_it_was_and_goes_with_its_value() {
    let mut server = Server::start();
    let address = server.address();
    for _ in 0..2 {
        let greeting = greeting(&address).unwrap();
        assert!(greeting.starts_with("INFO ") && greeting.contains(r#""jetstream":true"#));
        server.restart();
    }
    server.kill9();
    assert_eq!(greeting(&address), None);
    server.restart();
    assert!(greeting(&address).is_some());
    drop(server);
    assert_eq!(greeting(&address), None);
}

#[test]
fn servers_stand_side_by_side() {
    let (first, second) = (Server::start(), Server::start());
    assert_ne!(first.address(), second.address());
    for server in [first, second] {
        assert!(greeting(&server.address()).is_some());
    }
}
