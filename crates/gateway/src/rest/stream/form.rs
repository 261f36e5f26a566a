//! In which form a stream is shown.

use super::super::{percent, refusal::Refusal, request::ALT};
use http::{HeaderMap, HeaderValue, header};
use std::fmt::Write as _;
use wire::rest::{Event, Fault, Route};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Server-sent events, as the HTML standard has them.
    Events,
    /// JSON, one message a line.
    Lines,
}

const EVENTS: &str = "text/event-stream";
const LINES: &str = "application/x-ndjson";
const CSV: &str = "text/csv";

impl Form {
    /// What the caller asks for: the first form of its `Accept` that there is, else lines.
    ///
    /// # Errors
    ///
    /// 406 for CSV of what has none, 400 for another form in the query.
    pub fn of(headers: &HeaderMap, query: Option<&str>) -> Result<Self, Refusal> {
        let query = percent::pairs(query.unwrap_or_default()).unwrap_or_default();
        match query.into_iter().find(|(name, _)| name == ALT) {
            Some((_, form)) if form == "csv" => return Err(Refusal::no_csv()),
            Some(_) => return Err(Refusal::field(ALT, "must be csv")),
            None => {}
        }
        match accepted(headers).find(|form| [EVENTS, LINES, CSV].contains(&form.as_str())) {
            Some(form) if form == EVENTS => Ok(Self::Events),
            Some(form) if form == CSV => Err(Refusal::no_csv()),
            _ => Ok(Self::Lines),
        }
    }

    pub const fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Events => EVENTS,
            Self::Lines => LINES,
        })
    }

    /// # Errors
    ///
    /// A message that cannot be read.
    pub fn message(self, route: &Route, message: &[u8]) -> Result<Vec<u8>, Fault> {
        if let (Self::Events, Some(event)) = (self, route.event) {
            return Ok(shown(&event(message)?));
        }
        let mut line = (route.decode)(message)?;
        line.push(b'\n');
        Ok(line)
    }

    /// The last word of a stream that failed.
    pub fn refusal(self, refusal: &Refusal) -> Vec<u8> {
        let json = refusal.json();
        match self {
            Self::Events => shown(&Event { id: String::new(), name: "error".into(), data: json }),
            Self::Lines => [b"{\"error\":".as_slice(), &json, b"}\n"].concat(),
        }
    }
}

/// JSON has no line ends of its own, so that one line of data is enough.
fn shown(event: &Event) -> Vec<u8> {
    let mut text = String::new();
    for (field, value) in [("id", &event.id), ("event", &event.name)] {
        // With a line end in it, it would be another field.
        if !value.is_empty() && !value.contains(char::is_control) {
            let _ = writeln!(text, "{field}: {value}");
        }
    }
    [text.as_bytes(), b"data: ", &event.data, b"\n\n"].concat()
}

/// The media types of `Accept` in their order, without those that are not wanted at all.
fn accepted(headers: &HeaderMap) -> impl Iterator<Item = String> {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).filter_map(|range| {
        let mut parts = range.split(';').map(|part| part.trim().to_ascii_lowercase());
        let form = parts.next()?;
        let unwanted = parts.any(|part| {
            part.strip_prefix("q=").is_some_and(|q| q.chars().all(|c| "0.".contains(c)))
        });
        (!unwanted).then_some(form)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(accept: &[&'static str], query: Option<&str>) -> Result<Form, u16> {
        let accept = accept.iter().map(|it| (header::ACCEPT, HeaderValue::from_static(it)));
        Form::of(&accept.collect(), query).map_err(|refusal| refusal.http().as_u16())
    }

    #[test]
    fn the_first_form_that_is_accepted_counts() {
        for (accept, form) in [
            (&[][..], Ok(Form::Lines)),
            (&["*/*"], Ok(Form::Lines)),
            (&["application/json"], Ok(Form::Lines)),
            (&["Text/Event-Stream; charset=utf-8"], Ok(Form::Events)),
            (&["application/json, text/event-stream"], Ok(Form::Events)),
            (&["application/json", "text/event-stream"], Ok(Form::Events)),
            (&["application/x-ndjson, text/event-stream"], Ok(Form::Lines)),
            (&["text/event-stream;q=0.0, */*;q=0.1"], Ok(Form::Lines)),
            (&["text/csv"], Err(406)),
            (&["text/csv;q=0, */*"], Ok(Form::Lines)),
        ] {
            assert_eq!(of(accept, None), form, "{accept:?}");
        }
        assert_eq!(of(&["text/event-stream"], Some("alt=csv")), Err(406));
        assert_eq!(of(&[], Some("alt=xml")), Err(400));
        assert_eq!(of(&[], Some("alternative=1")), Ok(Form::Lines));
    }

    #[test]
    fn an_event_says_what_it_is_called_if_it_is_called_anything() {
        let event = |id: &str, name: &str| {
            let event = Event { id: id.into(), name: name.into(), data: b"{}".to_vec() };
            String::from_utf8(super::shown(&event)).unwrap()
        };
        assert_eq!(event("e1", "order.ready"), "id: e1\nevent: order.ready\ndata: {}\n\n");
        assert_eq!(event("", ""), "data: {}\n\n");
        assert_eq!(event("a\ndata: x", "b\rc"), "data: {}\n\n");
    }
}
