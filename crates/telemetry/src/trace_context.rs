use opentelemetry::{
    Context, global,
    propagation::{Extractor, Injector},
};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";

/// Makes `span` a child of the span that the caller named in its headers. To be called before the
/// span is entered. Headers that are missing or malformed start a new trace.
///
/// `header` looks a header up by its lowercase name.
pub fn continue_trace<'a>(span: &Span, header: impl Fn(&str) -> Option<&'a str>) {
    let incoming = Incoming { traceparent: header(TRACEPARENT), tracestate: header(TRACESTATE) };
    let parent = global::get_text_map_propagator(|propagator| {
        propagator.extract_with_context(&Context::new(), &incoming)
    });
    // A span that is filtered out, or that nobody exports, has no parent to set.
    span.set_parent(parent).ok();
}

/// Hands the headers that name `span` to `set`; none if nobody exports it.
pub fn pass_trace_on(span: &Span, set: impl FnMut(&str, String)) {
    let context = span.context();
    let mut outgoing = Outgoing(set);
    global::get_text_map_propagator(|propagator| {
        propagator.inject_context(&context, &mut outgoing);
    });
}

/// The header `traceparent` that names `span`, to be stored beside work that is done later. What is
/// read back goes into [`continue_trace`].
pub fn traceparent(span: &Span) -> Option<String> {
    let mut found = None;
    pass_trace_on(span, |name, value| {
        if name == TRACEPARENT {
            found = Some(value);
        }
    });
    found
}

struct Incoming<'a> {
    traceparent: Option<&'a str>,
    tracestate: Option<&'a str>,
}

impl Extractor for Incoming<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            TRACEPARENT => self.traceparent,
            TRACESTATE => self.tracestate,
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT, TRACESTATE]
    }
}

struct Outgoing<F>(F);

impl<F: FnMut(&str, String)> Injector for Outgoing<F> {
    fn set(&mut self, key: &str, value: String) {
        // An empty trace state is no trace state.
        if !value.is_empty() {
            (self.0)(key, value);
        }
    }
}
