//! In which form a stream is shown.

use super::super::{
    accept::{EVENTS, accepted},
    percent,
    refusal::Refusal,
    request::ALT,
};
use crate::csv::Table;
use http::{HeaderMap, HeaderValue, header};
use std::fmt::Write as _;
use wire::rest::{Event, Fault, Route};

#[derive(Debug, Clone, Copy)]
pub enum Form {
    /// Server-sent events, as the HTML standard has them.
    Events,
    /// JSON, one message a line.
    Lines,
    /// One message a line, after a line of names.
    Csv(&'static Table),
}

const LINES: &str = "application/x-ndjson";
const CSV: &str = "text/csv";

impl Form {
    /// What the caller asks for: the first form of its `Accept` that there is, else lines.
    ///
    /// # Errors
    ///
    /// 406 for CSV of what has none, 400 for another form in the query.
    pub fn of(route: &Route, headers: &HeaderMap, query: Option<&str>) -> Result<Self, Refusal> {
        let csv = || Table::of(route.grpc_path).map(Self::Csv).ok_or_else(Refusal::no_csv);
        let query = percent::pairs(query.unwrap_or_default()).unwrap_or_default();
        match query.into_iter().find(|(name, _)| name == ALT) {
            Some((_, form)) if form == "csv" => return csv(),
            Some(_) => return Err(Refusal::field(ALT, "must be csv")),
            None => {}
        }
        match accepted(headers).find(|form| [EVENTS, LINES, CSV].contains(&form.as_str())) {
            Some(form) if form == EVENTS => Ok(Self::Events),
            Some(form) if form == CSV => csv(),
            _ => Ok(Self::Lines),
        }
    }

    pub const fn is_events(self) -> bool {
        matches!(self, Self::Events)
    }

    /// What the form says of itself.
    pub fn headers(self, headers: &mut HeaderMap) {
        let of_form = HeaderValue::from_static(match self {
            Self::Events => EVENTS,
            Self::Lines => LINES,
            Self::Csv(_) => "text/csv; charset=utf-8; header=present",
        });
        headers.insert(header::CONTENT_TYPE, of_form);
        if let Self::Csv(table) = self {
            let file = format!("attachment; filename=\"{}\"", table.file);
            headers.extend(file.parse().ok().map(|file| (header::CONTENT_DISPOSITION, file)));
        }
    }

    /// What stands before the first message.
    ///
    /// # Errors
    ///
    /// What cannot be written.
    pub fn head(self) -> Result<Option<Vec<u8>>, Fault> {
        match self {
            Self::Csv(table) => (table.header)().map(Some),
            Self::Events | Self::Lines => Ok(None),
        }
    }

    /// # Errors
    ///
    /// A message that cannot be read.
    pub fn message(self, route: &Route, message: &[u8]) -> Result<Vec<u8>, Fault> {
        match (self, route.event) {
            (Self::Csv(table), _) => (table.line)(message),
            (Self::Events, Some(event)) => Ok(shown(&event(message)?)),
            (Self::Events | Self::Lines, _) => {
                let mut line = (route.decode)(message)?;
                line.push(b'\n');
                Ok(line)
            }
        }
    }

    /// The last word of a stream that failed; a table has none.
    pub fn refusal(self, refusal: &Refusal) -> Option<Vec<u8>> {
        let json = refusal.json();
        match self {
            Self::Events => {
                Some(shown(&Event { id: String::new(), name: "error".into(), data: json }))
            }
            Self::Lines => Some([b"{\"error\":".as_slice(), &json, b"}\n"].concat()),
            Self::Csv(_) => None,
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

#[cfg(test)]
mod tests {
    use super::*;
    use wire::rest::ROUTES;

    fn of(call: &str, accept: &[&'static str], query: Option<&str>) -> Result<&'static str, u16> {
        let route = ROUTES.iter().find(|route| route.grpc_path.ends_with(call)).unwrap();
        let accept = accept.iter().map(|it| (header::ACCEPT, HeaderValue::from_static(it)));
        let form = Form::of(route, &accept.collect(), query);
        form.map(|form| match form {
            Form::Events => "events",
            Form::Lines => "lines",
            Form::Csv(_) => "csv",
        })
        .map_err(|refusal| refusal.http().as_u16())
    }

    /// A stream that is a table, and a call that is none.
    const TABLE: &str = "/ExportRefundComponents";
    const NO_TABLE: &str = "/GetStore";

    #[test]
    fn the_first_form_that_is_accepted_counts() {
        for (accept, form) in [
            (&[][..], "lines"),
            (&["*/*"], "lines"),
            (&["application/json"], "lines"),
            (&["Text/Event-Stream; charset=utf-8"], "events"),
            (&["application/json, text/event-stream"], "events"),
            (&["application/json", "text/event-stream"], "events"),
            (&["application/x-ndjson, text/event-stream"], "lines"),
            (&["text/event-stream;q=0.0, */*;q=0.1"], "lines"),
            (&["text/csv;q=0, */*"], "lines"),
            (&["text/html, text/csv;q=0.9"], "csv"),
        ] {
            assert_eq!(of(TABLE, accept, None), Ok(form), "{accept:?}");
        }
        assert_eq!(of(TABLE, &["text/event-stream"], Some("alt=csv")), Ok("csv"));
        assert_eq!(of(TABLE, &[], Some("alt=xml")), Err(400));
        assert_eq!(of(TABLE, &[], Some("alternative=csv")), Ok("lines"));
    }

    #[test]
    fn what_is_no_table_is_no_csv() {
        assert_eq!(of(NO_TABLE, &["text/csv"], None), Err(406));
        assert_eq!(of(NO_TABLE, &[], Some("alt=csv")), Err(406));
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
