//! Reads the `google.api.http` rules of every method.

use super::Outcome;
use protox::prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor,
    Value,
};

/// One method with its HTTP rule.
pub struct Route {
    pub method: MethodDescriptor,
    /// `GET`, `POST`, …
    pub verb: &'static str,
    /// `/v1/stores/{store_id}/orders/{order_id}:accept`
    pub template: String,
    pub segments: Vec<Segment>,
    /// `accept`
    pub action: Option<String>,
    pub has_body: bool,
    /// The field of the response that is the HTTP answer.
    pub response_body: Option<FieldDescriptor>,
}

pub enum Segment {
    Literal(String),
    Field(FieldDescriptor),
}

impl Route {
    pub fn binds_in_path(&self, field: &FieldDescriptor) -> bool {
        self.segments
            .iter()
            .any(|segment| matches!(segment, Segment::Field(bound) if bound == field))
    }

    /// What each message of a server stream shows; none for a call with one answer.
    pub fn shown_of_stream(&self) -> Option<MessageDescriptor> {
        self.method.is_server_streaming().then(|| match self.response_body.as_ref() {
            None => self.method.output(),
            Some(field) => match field.kind() {
                Kind::Message(message) => message,
                _ => self.method.output(),
            },
        })
    }
}

/// What has no HTTP rule on purpose: the edge asks it for others.
const GRPC_ONLY: &[&str] = &[
    "meridian.accounts.v1.AccountService.LogIn",
    "meridian.payments.v1.PaymentService.ReceiveNotice",
    "meridian.stores.v1.StoreService.ResolveMerchant",
];

/// Every other method has exactly one rule; one without fails the build.
pub fn routes(pool: &DescriptorPool) -> Outcome<Vec<Route>> {
    pool.services()
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .filter(|method| !GRPC_ONLY.contains(&method.full_name()))
        .map(|method| {
            let name = method.full_name().to_owned();
            route(pool, method).map_err(|error| format!("{name}: {error}").into())
        })
        .collect()
}

fn route(pool: &DescriptorPool, method: MethodDescriptor) -> Outcome<Route> {
    if method.is_client_streaming() {
        return Err("a request is one message over HTTP, and this one is a stream".into());
    }
    let extension = pool.get_extension_by_name("google.api.http").ok_or("no google.api.http")?;
    let options = method.options();
    let Value::Message(rule) = options.get_extension(&extension).into_owned() else {
        return Err("google.api.http is no message".into());
    };
    let (verb, template) = pattern(&rule).ok_or("the method has no HTTP rule")?;
    let body = text(&rule, "body");
    if !matches!(body.as_str(), "" | "*") {
        return Err(format!("the body {body} is neither empty nor *").into());
    }
    let (segments, action) = segments(&method, &template)?;
    let response_body = match text(&rule, "response_body").as_str() {
        "" => None,
        name => Some(method.output().get_field_by_name(name).ok_or("no such response_body")?),
    };
    let is_message =
        |field: &FieldDescriptor| matches!(field.kind(), Kind::Message(_)) && !field.is_list();
    if method.is_server_streaming() && !response_body.as_ref().is_none_or(is_message) {
        return Err("the response_body of a stream is one message".into());
    }
    Ok(Route { verb, segments, action, has_body: body == "*", response_body, template, method })
}

fn pattern(rule: &DynamicMessage) -> Option<(&'static str, String)> {
    const VERBS: [(&str, &str); 5] = [
        ("get", "GET"),
        ("put", "PUT"),
        ("post", "POST"),
        ("delete", "DELETE"),
        ("patch", "PATCH"),
    ];
    VERBS.into_iter().find_map(|(field, verb)| {
        let path = text(rule, field);
        (!path.is_empty()).then_some((verb, path))
    })
}

fn text(message: &DynamicMessage, field: &str) -> String {
    message
        .get_field_by_name(field)
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

fn segments(method: &MethodDescriptor, template: &str) -> Outcome<(Vec<Segment>, Option<String>)> {
    let slash = template.rfind('/').ok_or("the path has no slash")?;
    let (path, action) = match template[slash..].find(':') {
        Some(colon) => (&template[..slash + colon], Some(template[slash + colon + 1..].to_owned())),
        None => (template, None),
    };
    let segments = path.split('/').skip(1).map(|segment| segment_of(method, segment));
    Ok((segments.collect::<Outcome<_>>()?, action))
}

fn segment_of(method: &MethodDescriptor, segment: &str) -> Outcome<Segment> {
    let Some(name) = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
        return Ok(Segment::Literal(segment.to_owned()));
    };
    let field = method.input().get_field_by_name(name).ok_or(format!("no field {name}"))?;
    if field.kind() != Kind::String || field.is_list() {
        return Err(format!("the path binds {name}, which is no string").into());
    }
    Ok(Segment::Field(field))
}
