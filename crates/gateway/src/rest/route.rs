//! Which call of the contract a method and a path mean.

use super::{
    accept::{EVENTS, accepted},
    percent,
    refusal::Refusal,
};
use http::{HeaderMap, Method};
use std::collections::BTreeSet;
use wire::rest::{ROUTES, Route, Segment};

/// A route with what the path bound.
#[derive(Debug)]
pub struct Matched {
    pub route: &'static Route,
    /// Field and value, in the order of the path.
    pub bound: Vec<(&'static str, String)>,
}

/// The same; a list that can be watched is watched by whoever takes events before all else.
///
/// # Errors
///
/// Those of [`find`].
pub fn wanted(method: &Method, path: &str, headers: &HeaderMap) -> Result<Matched, Refusal> {
    let matched = find(method, path)?;
    let takes_events = accepted(headers).next().is_some_and(|it| it == EVENTS);
    if !takes_events || matched.route.event.is_some() || matched.route.action.is_some() {
        return Ok(matched);
    }
    Ok(find(method, &format!("{path}:watch")).unwrap_or(matched))
}

/// # Errors
///
/// 404 for a path that no route has, 405 with the methods that it has for another method, 400 for
/// a path that cannot be decoded.
pub fn find(method: &Method, path: &str) -> Result<Matched, Refusal> {
    let method = if method == Method::HEAD { &Method::GET } else { method };
    let Path { segments, action } = Path::of(path);
    let fitting = || ROUTES.iter().filter(|route| fits(route, &segments, action));
    let Some(route) = fitting().find(|route| route.method == method.as_str()) else {
        let allowed: BTreeSet<_> = fitting().map(|route| route.method).collect();
        return Err(if allowed.is_empty() {
            Refusal::unknown_path(path)
        } else {
            Refusal::wrong_method(method, &allowed)
        });
    };
    let fields = route.segments.iter().zip(&segments).filter_map(|(segment, text)| match segment {
        Segment::Field(field) => Some((*field, *text)),
        Segment::Literal(_) => None,
    });
    let bound = fields.map(|(field, text)| {
        let value = percent::decode(text).ok_or("is not percent-encoded UTF-8");
        value.map(|value| (field, value)).map_err(|error| Refusal::field(field, error))
    });
    Ok(Matched { route, bound: bound.collect::<Result<_, _>>()? })
}

/// A path in its parts. A colon that belongs to an id has to be percent-encoded, so that what
/// stands after a plain one is always a verb.
struct Path<'a> {
    segments: Vec<&'a str>,
    action: Option<&'a str>,
}

impl<'a> Path<'a> {
    fn of(path: &'a str) -> Self {
        let mut segments: Vec<_> = path.split('/').skip(1).collect();
        let mut action = None;
        if let Some(last) = segments.last_mut()
            && let Some((before, verb)) = last.rsplit_once(':')
        {
            *last = before;
            action = Some(verb);
        }
        Self { segments, action }
    }
}

fn fits(route: &Route, segments: &[&str], action: Option<&str>) -> bool {
    route.action == action
        && route.segments.len() == segments.len()
        && route.segments.iter().zip(segments).all(|(segment, text)| match segment {
            Segment::Literal(literal) => literal == text,
            Segment::Field(_) => !text.is_empty(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(method: &str, path: &str) -> (&'static str, Vec<String>) {
        let matched = find(&method.parse().unwrap(), path).unwrap();
        let call = matched.route.grpc_path.rsplit('/').next().unwrap();
        (call, matched.bound.into_iter().map(|(_, value)| value).collect())
    }

    #[test]
    fn a_path_finds_its_call() {
        let bound = |values: &[&str]| values.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(call("POST", "/v1/stores"), ("CreateStore", bound(&[])));
        assert_eq!(call("HEAD", "/v1/stores/s"), ("GetStore", bound(&["s"])));
        assert_eq!(
            call("POST", "/v1/stores/s/orders/o:accept"),
            ("AcceptOrder", bound(&["s", "o"]))
        );
        assert_eq!(
            call("POST", "/v1/stores/s/orders/o/refunds:quote"),
            ("QuoteRefund", bound(&["s", "o"]))
        );
        assert_eq!(
            call("GET", "/v1/stores/s/orders/-/refunds/r:explain"),
            ("ExplainRefund", bound(&["s", "-", "r"]))
        );
        assert_eq!(call("GET", "/v1/stores/s/orders/a%3Ab"), ("GetOrder", bound(&["s", "a:b"])));
    }

    #[test]
    fn every_route_is_found_by_its_own_template() {
        for route in ROUTES {
            let path = route.template.replace(['{', '}'], "");
            let found = find(&route.method.parse().unwrap(), &path).unwrap();
            assert_eq!(found.route.grpc_path, route.grpc_path);
        }
    }

    #[test]
    fn what_is_no_path_of_the_contract_is_not_found() {
        let paths = [
            "/v1/",
            "/v1/stores/",
            "/v1/stores//orders",
            "/v1/stores/s:x",
            "/v1/stores/s/orders/o:",
        ];
        for path in paths {
            assert_eq!(find(&Method::GET, path).unwrap_err().http().as_u16(), 404, "{path}");
        }
    }

    #[test]
    fn a_method_that_a_path_does_not_have_is_405() {
        let refusal = find(&Method::DELETE, "/v1/stores/s").unwrap_err();
        assert_eq!(refusal.http().as_u16(), 405);
        assert_eq!(refusal.allowed(), Some("GET, PATCH"));
    }
}
