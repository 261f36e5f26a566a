use crate::Failure;
use domain::id::{EventId, StoreId};
use ports::{EventFeed, EventFilter, event_id};
use time::OffsetDateTime;

/// Where to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cursor {
    Start,
    /// After what is there now.
    End,
    Event(EventId),
    /// As a reader knows it.
    Position(i64),
    /// As an earlier answer of this system said it.
    Page(i64),
}

/// Why a cursor is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CursorFault {
    /// No event has this id, or no event stands there yet.
    Unknown { last: i64 },
    /// An id of none of this store's events.
    NotFound,
    /// The feed had it, and has it no more.
    EpochChanged { last: i64 },
    /// The feed begins later.
    TooOld { first: i64 },
}

/// The position that a cursor stands for: what comes after it has not been seen.
pub(super) async fn resolve(
    feed: &dyn EventFeed,
    store: &StoreId,
    cursor: Cursor,
) -> Result<i64, Failure> {
    match cursor {
        Cursor::Start => Ok(0),
        Cursor::Page(position) => Ok(position),
        Cursor::End => Ok(feed.bounds(store).await?.map_or(0, |(_, last)| last)),
        Cursor::Position(position) => {
            let (first, last) = feed.bounds(store).await?.unwrap_or((1, 0));
            if position > last {
                return Err(Failure::Cursor(CursorFault::Unknown { last }));
            }
            // From the start is from wherever that is.
            if position != 0 && position < first - 1 {
                return Err(Failure::Cursor(CursorFault::TooOld { first }));
            }
            Ok(position)
        }
        Cursor::Event(event) => match feed.position(store, event).await? {
            Some(position) => Ok(position),
            None => Err(Failure::Cursor(missing(feed, store, event).await?)),
        },
    }
}

/// What became of an event that is not there, as far as its id tells.
async fn missing(
    feed: &dyn EventFeed,
    store: &StoreId,
    event: EventId,
) -> Result<CursorFault, Failure> {
    let bounds = feed.bounds(store).await?;
    let last = bounds.map_or(0, |(_, last)| last);
    match event_id::origin(event, store) {
        event_id::Origin::Nowhere => return Ok(CursorFault::Unknown { last }),
        event_id::Origin::Other => return Ok(CursorFault::NotFound),
        event_id::Origin::Own => {}
    }
    let earliest = feed.events(store, &EventFilter::default(), 0, 1).await?;
    let earliest = earliest.events.first();
    let is_older = |at: OffsetDateTime| {
        millis(event) < u128::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(0)
    };
    Ok(match earliest {
        // What was taken away was the beginning.
        Some(first) if first.position > 1 && is_older(first.occurred_at) => {
            CursorFault::TooOld { first: first.position }
        }
        _ => CursorFault::EpochChanged { last },
    })
}

/// When it happened: the upper bits of its id.
fn millis(event: EventId) -> u128 {
    event.as_uuid().as_u128() >> 80
}
