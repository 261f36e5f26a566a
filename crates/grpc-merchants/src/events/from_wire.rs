use application::Cursor;
use domain::event::type_named;
use grpc_kit::Fields;
use ports::EventFilter;
use wire::events::v1 as proto;

/// Types that one filter may name.
const MAX_TYPES: usize = 50;

/// Where to go on: after an event, or after a position.
pub fn cursor(fields: &mut Fields, after: &str, position: Option<i64>) -> Cursor {
    match (after, position) {
        ("", None) => Cursor::Start,
        ("", Some(position)) => {
            if position < 0 {
                fields.wrong("after_position", "must not be negative");
            }
            Cursor::Position(position)
        }
        (_, Some(_)) => {
            fields.wrong("after_position", "may not be given together with after");
            Cursor::Start
        }
        (after, None) => fields.parse("after", after).map_or(Cursor::Start, Cursor::Event),
    }
}

pub fn watched(fields: &mut Fields, message: &proto::WatchEventsRequest) -> Cursor {
    let cursor = cursor(fields, &message.after, message.after_position);
    if !message.from_now {
        return cursor;
    }
    if cursor != Cursor::Start {
        fields.wrong("from_now", "may not be given together with a cursor");
    }
    Cursor::End
}

pub fn filter(fields: &mut Fields, types: &[String], order_id: &str) -> EventFilter {
    if types.len() > MAX_TYPES {
        fields.wrong("types", format!("must be at most {MAX_TYPES}"));
    }
    let mut known = Vec::with_capacity(types.len().min(MAX_TYPES));
    for (place, name) in types.iter().take(MAX_TYPES).enumerate() {
        match type_named(name) {
            Some(kind) => known.push(kind),
            None => fields.wrong(format!("types[{place}]"), "must be a type of event"),
        }
    }
    let order_id = (!order_id.is_empty()).then(|| fields.parse("order_id", order_id)).flatten();
    EventFilter { types: known, order_id }
}
