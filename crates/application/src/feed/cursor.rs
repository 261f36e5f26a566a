use crate::Failure;
use domain::id::{EventId, StoreId};
use ports::{Event, EventFeed, EventFilter, StoreError, event_id};

/// Where to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cursor {
    Start,
    /// After what is there now.
    End,
    Event(EventId),
    Position(i64),
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
        Cursor::End => Ok(feed.last_position(store).await?),
        Cursor::Position(position) => {
            let last = feed.last_position(store).await?;
            if position > last {
                return Err(Failure::Cursor(CursorFault::Unknown { last }));
            }
            // From the start is from wherever that is.
            match earliest(feed, store).await? {
                Some(first) if position != 0 && position < first.position - 1 => {
                    Err(Failure::Cursor(CursorFault::TooOld { first: first.position }))
                }
                _ => Ok(position),
            }
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
    let last = feed.last_position(store).await?;
    match event_id::origin(event, store) {
        event_id::Origin::Nowhere => return Ok(CursorFault::Unknown { last }),
        event_id::Origin::Other => return Ok(CursorFault::NotFound),
        event_id::Origin::Own => {}
    }
    Ok(match earliest(feed, store).await? {
        // What was taken away was the beginning.
        Some(first) if first.position > 1 && millis(event) < millis(first.event_id) => {
            CursorFault::TooOld { first: first.position }
        }
        _ => CursorFault::EpochChanged { last },
    })
}

/// When it happened: the upper bits of its id.
fn millis(event: EventId) -> u128 {
    event.as_uuid().as_u128() >> 80
}

async fn earliest(feed: &dyn EventFeed, store: &StoreId) -> Result<Option<Event>, StoreError> {
    Ok(feed.events(store, &EventFilter::default(), 0, 1).await?.events.into_iter().next())
}
