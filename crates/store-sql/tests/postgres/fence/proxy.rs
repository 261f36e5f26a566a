//! A way to the server that takes the store out of every statement: whatever a statement asks of the
//! store that it is for holds for each.

use super::super::Database;
use std::sync::{Arc, Mutex};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

/// Every statement that came by, as it was before, with the types of its values by their numbers.
pub type Seen = Arc<Mutex<Vec<(String, Vec<u32>)>>>;

/// The address of the database over such a way.
pub async fn without_stores(database: &Database) -> (String, Seen) {
    let url = database.url();
    let (before, rest) = url.split_once('@').unwrap();
    let (server, name) = rest.split_once('/').unwrap();
    let server = server.to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Seen::default();
    let noted = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(&server).await.unwrap();
            let (from_client, mut to_client) = client.into_split();
            let (mut from_server, to_server) = server.into_split();
            tokio::spawn(rewrite(from_client, to_server, Arc::clone(&noted)));
            tokio::spawn(async move { copy(&mut from_server, &mut to_client).await });
        }
    });
    (format!("{before}@127.0.0.1:{port}/{name}?sslmode=disable"), seen)
}

/// Until the client leaves.
async fn rewrite(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, seen: Seen) -> Option<()> {
    // What opens a connection has no type.
    let length = from.read_u32().await.ok()?;
    let opening = body(&mut from, length).await?;
    to.write_u32(length).await.ok()?;
    to.write_all(&opening).await.ok()?;
    loop {
        let kind = from.read_u8().await.ok()?;
        let length = from.read_u32().await.ok()?;
        let mut message = body(&mut from, length).await?;
        if kind == b'P' {
            message = parse(&message, &seen)?;
        }
        to.write_u8(kind).await.ok()?;
        to.write_u32(u32::try_from(message.len() + 4).ok()?).await.ok()?;
        to.write_all(&message).await.ok()?;
    }
}

async fn body(from: &mut OwnedReadHalf, length: u32) -> Option<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(length).ok()? - 4];
    from.read_exact(&mut bytes).await.ok()?;
    Some(bytes)
}

/// The message that has a statement parsed: its name, the statement, and types.
fn parse(message: &[u8], seen: &Seen) -> Option<Vec<u8>> {
    let mut parts = message.splitn(3, |byte| *byte == 0);
    let (name, sql, types) = (parts.next()?, parts.next()?, parts.next()?);
    let sql = std::str::from_utf8(sql).ok()?;
    let numbers = types.get(2..)?.chunks_exact(4);
    let numbers = numbers.map(|number| u32::from_be_bytes(number.try_into().unwrap_or_default()));
    seen.lock().unwrap().push((sql.to_owned(), numbers.collect()));
    Some([name, taken_out(sql).as_bytes(), types].join(&0))
}

/// `x.store_id = $1` becomes `$1::text IS NOT NULL`, and so with a row's own store.
pub fn taken_out(sql: &str) -> String {
    let mut out = String::new();
    let mut rest = sql;
    while let Some(at) = rest.find(" = ") {
        let (left, right) = (&rest[..at], &rest[at + 3..]);
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '"');
        let column = left.rfind(|c| !is_name(c)).map_or(0, |before| before + 1);
        let ends = right.find(|c| !is_name(c) && c != '$').unwrap_or(right.len());
        let (name, value) = (left[column..].replace('"', ""), &right[..ends]);
        let name = name.rsplit('.').next().unwrap_or_default();
        let of_caller =
            value.starts_with('$') || value.starts_with("k.") || value.starts_with("x.");
        if matches!(name, "store_id" | "scope") && of_caller {
            out.extend([&left[..column], value, "::text IS NOT NULL"]);
        } else {
            out.extend([left, " = ", value]);
        }
        rest = &right[ends..];
    }
    out + rest
}

#[test]
fn the_store_is_taken_out_and_nothing_else() {
    let cases = [
        (
            "SELECT 1 FROM orders WHERE store_id = $1 AND order_id = $2",
            "SELECT 1 FROM orders WHERE $1::text IS NOT NULL AND order_id = $2",
        ),
        (r#"WHERE "t"."store_id" = $12 LIMIT 1"#, "WHERE $12::text IS NOT NULL LIMIT 1"),
        (
            "JOIN orders o ON o.store_id = k.store_id AND o.order_id = k.order_id",
            "JOIN orders o ON k.store_id::text IS NOT NULL AND o.order_id = k.order_id",
        ),
        ("d.store_id = l.store_id AND n = 1", "d.store_id = l.store_id AND n = 1"),
    ];
    for (with, without) in cases {
        assert_eq!(taken_out(with), without);
    }
}
