//! Reads bodies, and no more of them than there is room for.

use super::Refusal;
use crate::room::{Place, Room};
use axum::body::Body;
use http::request::Parts;
use http_body_util::BodyExt;
use std::{ops::Deref, time::Duration};
use tokio::time::timeout;
use tonic::codegen::StdError;

/// The largest body that is read, in bytes. What is longer is refused with 413.
pub const MAX_BODY: usize = 4 << 20;

/// How much of a body that is not taken is read before its connection is given up, in bytes.
const MAX_THROWN_AWAY: usize = 64 << 20;

/// How long a body may take to come. Whoever sends slower would keep others out of the room.
pub const MAX_TIME: Duration = Duration::from_secs(30);

/// A body that was read. It has its place in the gateway's room until it is dropped.
#[derive(Debug)]
pub struct Held {
    bytes: Vec<u8>,
    _place: Place,
}

/// Why a body was not read.
#[derive(Debug)]
pub enum Unread {
    TooLong {
        most: usize,
    },
    /// There are too many bodies at this time.
    NoRoom,
    /// It was not here in [`MAX_TIME`].
    TooSlow,
    Broken(StdError),
}

/// Reads a whole body of at most [`MAX_BODY`]. What is longer, or has no room, is read to its end,
/// within reason, and thrown away: a caller that is still sending would not see the refusal.
pub async fn read(parts: &Parts, body: Body) -> Result<Held, Unread> {
    read_up_to(MAX_BODY, parts, body).await
}

/// The same with a limit of its own.
pub async fn read_up_to(most: usize, parts: &Parts, body: Body) -> Result<Held, Unread> {
    in_time(read_all(most, true, parts, body)).await
}

/// Reads a body that nobody wants, so that its sender sees why, and holds nothing of it.
pub async fn throw_away(parts: &Parts, body: Body) -> Result<(), Unread> {
    in_time(read_all(MAX_BODY, false, parts, body)).await.map(drop)
}

async fn in_time(read: impl Future<Output = Result<Held, Unread>>) -> Result<Held, Unread> {
    timeout(MAX_TIME, read).await.unwrap_or(Err(Unread::TooSlow))
}

async fn read_all(
    most: usize,
    is_held: bool,
    parts: &Parts,
    mut body: Body,
) -> Result<Held, Unread> {
    let room = parts.extensions.get::<Room>().cloned().unwrap_or_default();
    let (mut place, mut bytes) = (room.place(), Vec::new());
    let (mut length, mut fits) = (0, true);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Unread::Broken(error.into()))?;
        let Ok(data) = frame.into_data() else { continue };
        length += data.len();
        if !is_held && length <= most {
            continue;
        }
        fits = fits && (length > most || place.grow(data.len()));
        if fits && length <= most {
            bytes.extend_from_slice(&data);
            continue;
        }
        bytes = Vec::new();
        place.clear();
        if length > MAX_THROWN_AWAY {
            break;
        }
    }
    match (length > most, fits) {
        (true, _) => Err(Unread::TooLong { most }),
        (false, false) => Err(Unread::NoRoom),
        (false, true) => Ok(Held { bytes, _place: place }),
    }
}

impl Deref for Held {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl From<Unread> for Refusal {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::TooLong { most } => Self::too_long(most),
            Unread::NoRoom => Self::no_room(),
            Unread::TooSlow => Self::too_slow(),
            Unread::Broken(error) => Self::field("body", format!("could not be read: {error}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::extract::Request;
    use futures_util::StreamExt as _;

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_gives_its_room_back() {
        let room = Room::of(10);
        // The rest of it never comes.
        let first = futures_util::stream::iter([Ok::<_, StdError>("12345678")]);
        let frames = first.chain(futures_util::stream::pending());
        let request = Request::builder().extension(room.clone()).body(Body::from_stream(frames));
        let (parts, body) = request.unwrap().into_parts();
        let reading = tokio::spawn(async move { super::read(&parts, body).await });
        tokio::time::sleep(MAX_TIME / 2).await;
        assert!(!room.place().grow(3));
        assert!(matches!(reading.await.unwrap(), Err(Unread::TooSlow)));
        assert!(room.place().grow(10));
    }

    #[tokio::test]
    async fn a_body_that_nobody_wants_takes_no_room() {
        let request = Request::builder().extension(Room::of(0)).body(Body::from("1234"));
        let (parts, body) = request.unwrap().into_parts();
        assert!(throw_away(&parts, body).await.is_ok());
    }

    #[tokio::test]
    async fn bodies_are_held_as_long_as_there_is_room() {
        let room = Room::of(10);
        let read = async |body: &'static str| {
            let request = Request::builder().extension(room.clone()).body(Body::from(body));
            let (parts, body) = request.unwrap().into_parts();
            super::read(&parts, body).await
        };
        let first = read("123456").await.unwrap();
        assert_eq!(&*first, b"123456");
        assert!(matches!(read("12345").await, Err(Unread::NoRoom)));
        let second = read("1234").await.unwrap();
        assert!(matches!(read("1").await, Err(Unread::NoRoom)));
        assert!(read("").await.is_ok());
        drop((first, second));
        assert!(read("1234567890").await.is_ok());
    }
}
