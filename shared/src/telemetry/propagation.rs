//! How a trace comes in and goes on: the X-Ray header, strictly read, beside W3C trace context.
//!
//! The crates' own X-Ray propagator loses the trace of every request behind a load balancer (a `Root` without a `Parent`), passes an
//! undecided `Sampled=?` on, and mixes `tracestate` with the header's extra fields. This one replaces it:
//!
//! - A header with Root and Parent continues that span and wins over W3C.
//! - A header with Root alone (what a load balancer adds) keeps its Root as the trace id, unless a valid `traceparent` came along.
//! - `Sampled=1` and `0` are obeyed. `?` or a missing field leave the decision to our sampler; `?` is answered in the response.
//! - `Self` is dropped, as every SDK does. Other fields (`Lineage`) are carried on to the next service.
//! - A broken Root means a fresh trace; a broken Parent counts as none.

use std::sync::LazyLock;

use opentelemetry::propagation::text_map_propagator::FieldIter;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use opentelemetry::{Context, global};
use opentelemetry_sdk::propagation::{BaggagePropagator, TraceContextPropagator};

/// The trace header of X-Ray.
pub const XRAY_HEADER: &str = "x-amzn-trace-id";

const MAX_EXTRA_BYTES: usize = 256; // what the Node SDK carries on at most
const FIELDS: [&str; 4] = [XRAY_HEADER, "traceparent", "tracestate", "baggage"];

/// What an `X-Amzn-Trace-Id` header said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceHeader {
    /// The trace id, never zero.
    pub root: TraceId,
    /// The caller's segment or subsegment, never zero.
    pub parent: Option<SpanId>,
    /// What it says about sampling.
    pub sampled: Sampled,
    /// Further fields, as `key=value` joined by `;`.
    pub extras: String,
}

/// The `Sampled` field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampled {
    /// `1`: record.
    Yes,
    /// `0`: do not record.
    No,
    /// `?`: decide, and say so in the response.
    Asked,
    /// Missing or unreadable: decide.
    Missing,
}

impl TraceHeader {
    /// Reads a header value; `None` when it has no usable Root.
    pub fn parse(value: &str) -> Option<Self> {
        let mut root = None;
        let mut header =
            Self { root: TraceId::INVALID, parent: None, sampled: Sampled::Missing, extras: String::new() };
        for pair in value.split(';') {
            let Some((key, value)) = pair.split_once('=') else { continue };
            let (key, value) = (key.trim(), value.trim());
            match key.to_ascii_lowercase().as_str() {
                "root" if root.is_some() => return None,
                "root" => root = Some(parse_root(value)?),
                "parent" => header.parent = parse_parent(value),
                "sampled" => header.sampled = parse_sampled(value),
                "self" => {}
                _ => header.push_extra(key, value),
            }
        }
        root.map(|root| Self { root, ..header })
    }

    fn push_extra(&mut self, key: &str, value: &str) {
        let visible = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        let fits = self.extras.len() + key.len() + value.len() + 2 <= MAX_EXTRA_BYTES;
        if key.is_empty() || !visible(key) || !visible(value) || !fits {
            return;
        }
        if !self.extras.is_empty() {
            self.extras.push(';');
        }
        self.extras.extend([key, "=", value]);
    }
}

fn parse_root(value: &str) -> Option<TraceId> {
    let (time, unique) = value.strip_prefix("1-")?.split_once('-')?;
    let hex = |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !hex(time, 8) || !hex(unique, 24) {
        return None;
    }
    TraceId::from_hex(&format!("{time}{unique}")).ok().filter(|id| *id != TraceId::INVALID)
}

fn parse_parent(value: &str) -> Option<SpanId> {
    let hex = value.len() == 16 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    hex.then(|| SpanId::from_hex(value).ok())?.filter(|id| *id != SpanId::INVALID)
}

fn parse_sampled(value: &str) -> Sampled {
    match value {
        "1" => Sampled::Yes,
        "0" => Sampled::No,
        "?" => Sampled::Asked,
        _ => Sampled::Missing,
    }
}

/// A trace id as X-Ray writes it: `1-`, 8 hex digits of epoch seconds, `-`, 24 hex digits.
pub(crate) fn xray_trace_id(id: TraceId) -> String {
    let bits = u128::from_be_bytes(id.to_bytes());
    format!("1-{:08x}-{:024x}", bits >> 96, bits & (u128::MAX >> 32))
}

/// What a caller left for us to do with the span about to be started; travels in the context of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Incoming {
    /// The trace id to take over by a span that has no parent.
    pub(crate) root: Option<TraceId>,
    /// The caller's decision, or that there is none.
    pub(crate) sampled: Sampled,
    /// Header fields to carry on.
    pub(crate) extras: String,
}

impl Incoming {
    /// The same without the trace id to adopt, for everything after the first span.
    pub(crate) fn adopted(&self) -> Self {
        Self { root: None, ..self.clone() }
    }
}

/// Which formats are spoken, as listed in `OTEL_PROPAGATORS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Formats {
    /// `X-Amzn-Trace-Id`.
    xray: bool,
    /// W3C `traceparent` and `tracestate`.
    tracecontext: bool,
    /// W3C `baggage`.
    baggage: bool,
}

impl Default for Formats {
    fn default() -> Self {
        Self { xray: true, tracecontext: true, baggage: true }
    }
}

impl std::str::FromStr for Formats {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        let mut formats = Self { xray: false, tracecontext: false, baggage: false };
        for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            match name {
                "xray" => formats.xray = true,
                "tracecontext" => formats.tracecontext = true,
                "baggage" => formats.baggage = true,
                "none" => {}
                _ => return Err(UnknownFormat),
            }
        }
        Ok(formats)
    }
}

/// A propagator that we do not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a list of xray, tracecontext, baggage or none")]
pub(crate) struct UnknownFormat;

/// The propagator of the process: X-Ray and W3C under one set of rules. By default it speaks all of its formats.
#[derive(Debug, Default)]
pub struct Propagation {
    formats: Formats,
    tracecontext: TraceContextPropagator,
    baggage: BaggagePropagator,
}

impl Propagation {
    /// Speaks the given formats.
    pub(crate) fn new(formats: Formats) -> Self {
        Self { formats, ..Self::default() }
    }

    fn extract_trace(&self, context: &Context, extractor: &dyn Extractor) -> Context {
        let header = extractor.get(XRAY_HEADER).filter(|_| self.formats.xray).and_then(TraceHeader::parse);
        let w3c = if self.formats.tracecontext {
            self.tracecontext.extract_with_context(context, extractor)
        } else {
            context.clone()
        };
        let Some(header) = header else { return w3c };
        let incoming = Incoming { root: None, sampled: header.sampled, extras: header.extras };
        match header.parent {
            Some(parent) => {
                let flags = TraceFlags::default().with_sampled(header.sampled == Sampled::Yes);
                let remote = SpanContext::new(header.root, parent, flags, true, TraceState::NONE);
                context.with_remote_span_context(remote).with_value(incoming)
            }
            None if w3c.span().span_context().is_valid() => {
                let sampled = if w3c.span().span_context().is_sampled() { Sampled::Yes } else { Sampled::No };
                w3c.with_value(Incoming { sampled, ..incoming })
            }
            None => context.with_value(Incoming { root: Some(header.root), ..incoming }),
        }
    }
}

impl TextMapPropagator for Propagation {
    fn inject_context(&self, context: &Context, injector: &mut dyn Injector) {
        let span = context.span();
        let span = span.span_context();
        if self.formats.xray && span.is_valid() {
            let extras = context.get::<Incoming>().map_or("", |incoming| incoming.extras.as_str());
            injector.set(XRAY_HEADER, outgoing_header(span, extras));
        }
        if self.formats.tracecontext {
            self.tracecontext.inject_context(context, injector);
        }
        if self.formats.baggage {
            self.baggage.inject_context(context, injector);
        }
    }

    fn extract_with_context(&self, context: &Context, extractor: &dyn Extractor) -> Context {
        let context = self.extract_trace(context, extractor);
        if self.formats.baggage { self.baggage.extract_with_context(&context, extractor) } else { context }
    }

    fn fields(&self) -> FieldIter<'_> {
        static NAMES: LazyLock<[String; 4]> = LazyLock::new(|| FIELDS.map(str::to_owned));
        FieldIter::new(NAMES.as_slice())
    }
}

fn outgoing_header(span: &SpanContext, extras: &str) -> String {
    let (root, sampled) = (xray_trace_id(span.trace_id()), u8::from(span.is_sampled()));
    let separator = if extras.is_empty() { "" } else { ";" };
    format!("Root={root};Parent={};Sampled={sampled}{separator}{extras}", span.span_id())
}

/// What to answer in `X-Amzn-Trace-Id`: the Root, and the decision where the caller asked for it.
pub(crate) fn response_header(context: &Context) -> Option<String> {
    let span = context.span();
    let span = span.span_context();
    let asked = context.get::<Incoming>().is_some_and(|incoming| incoming.sampled == Sampled::Asked);
    let decision = if asked { format!(";Sampled={}", u8::from(span.is_sampled())) } else { String::new() };
    span.is_valid().then(|| format!("Root={}{decision}", xray_trace_id(span.trace_id())))
}

/// The headers that continue the trace of `context` in another service, by lower-case name.
pub(crate) fn outgoing(context: &Context) -> Vec<(&'static str, String)> {
    struct Headers(Vec<(&'static str, String)>);
    impl Injector for Headers {
        fn set(&mut self, key: &str, value: String) {
            if let Some(name) = FIELDS.iter().find(|name| name.eq_ignore_ascii_case(key)) {
                self.0.push((name, value));
            }
        }
    }
    let mut headers = Headers(Vec::new());
    global::get_text_map_propagator(|propagator| propagator.inject_context(context, &mut headers));
    headers.0
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    const ROOT: &str = "1-5759e988-bd862e3fe1be46a994272793";
    const PARENT: &str = "53995c3f42cd8ad8";

    #[test]
    fn a_header_is_read_strictly_where_it_matters_and_leniently_elsewhere() {
        fn check(value: &str, expected: Option<(Option<&str>, Sampled, &str)>) {
            let header = TraceHeader::parse(value);
            let read = header.as_ref().map(|header| {
                assert_eq!(xray_trace_id(header.root), ROOT, "{value}");
                (header.parent.map(|id| id.to_string()), header.sampled, header.extras.as_str())
            });
            let expected = expected.map(|(parent, sampled, extras)| (parent.map(str::to_owned), sampled, extras));
            assert_eq!(read, expected, "{value}");
        }
        let root = format!("Root={ROOT}");
        check(&root, Some((None, Sampled::Missing, "")));
        check(&format!("Self=1-67891234-12456789abcdef012345678;{root}"), Some((None, Sampled::Missing, "")));
        check(&format!("{root};Parent={PARENT};Sampled=1"), Some((Some(PARENT), Sampled::Yes, "")));
        check(&format!("Sampled=0;Parent={PARENT};{root}"), Some((Some(PARENT), Sampled::No, "")));
        check(&format!("{root}; Parent={PARENT}; Sampled=?"), Some((Some(PARENT), Sampled::Asked, "")));
        check(&format!("root={ROOT};PARENT={PARENT};sampled=1"), Some((Some(PARENT), Sampled::Yes, "")));
        check(&format!("{root};Sampled=yes"), Some((None, Sampled::Missing, "")));
        check(&format!("{root};Parent=53995c3f;Sampled=1"), Some((None, Sampled::Yes, "")));
        check(&format!("{root};Parent=0000000000000000"), Some((None, Sampled::Missing, "")));
        check(
            &format!("{root};Lineage=a87bd80c:1|68fd508a:5;User=x=y;;junk"),
            Some((None, Sampled::Missing, "Lineage=a87bd80c:1|68fd508a:5;User=x=y")),
        );
        check(&format!("{root};bad key=1;note=ü"), Some((None, Sampled::Missing, "")));
        check(&format!("{root};{root}"), None);
        check(&format!("Parent={PARENT};Sampled=1"), None);
        check("Root=1-5-a", None);
        check("Root=9-5759e988-bd862e3fe1be46a994272793", None);
        check("Root=1-5759e988-bd862e3fe1be46a99427279", None);
        check("Root=1-5759e988-bd862e3fe1be46a9942727933", None);
        check("Root=1-5759e98x-bd862e3fe1be46a994272793", None);
        check("Root=1-00000000-000000000000000000000000", None);
        check("", None);
        check(";;==;", None);
    }

    proptest! {
        #[test]
        fn rubbish_never_panics(value in ".{0,400}") {
            let _ = TraceHeader::parse(&value);
        }

        #[test]
        fn what_is_carried_on_is_bounded_and_clean(pairs in prop::collection::vec(("[ -~]{0,40}", "[ -~]{0,90}"), 0..20)) {
            let pairs: Vec<String> = pairs.iter().map(|(key, value)| format!("{key}={value}")).collect();
            let value = format!("{};Root={ROOT}", pairs.join(";"));
            if let Some(header) = TraceHeader::parse(&value) {
                prop_assert!(header.extras.len() <= MAX_EXTRA_BYTES);
                prop_assert!(header.extras.bytes().all(|byte| byte.is_ascii_graphic()));
            }
        }
    }

    fn extract(headers: &[(&str, &str)]) -> Context {
        let headers: HashMap<String, String> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Propagation::default().extract_with_context(&Context::new(), &headers)
    }

    #[test]
    fn the_two_formats_do_not_destroy_each_other() {
        const W3C: (&str, &str) = ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
        fn check(headers: &[(&str, &str)], trace: Option<&str>, adopted: Option<&str>) {
            let context = extract(headers);
            let span = context.span().span_context().clone();
            let parent_trace = span.is_valid().then(|| xray_trace_id(span.trace_id()));
            assert_eq!(parent_trace.as_deref(), trace, "{headers:?}");
            let root = context.get::<Incoming>().and_then(|incoming| incoming.root).map(xray_trace_id);
            assert_eq!(root.as_deref(), adopted, "{headers:?}");
        }
        let (alone, complete) = (format!("Root={ROOT}"), format!("Root={ROOT};Parent={PARENT};Sampled=1"));
        let w3c = Some("1-4bf92f35-77b34da6a3ce929d0e0e4736");
        check(&[], None, None);
        check(&[W3C], w3c, None);
        check(&[(XRAY_HEADER, &alone)], None, Some(ROOT));
        check(&[(XRAY_HEADER, &complete)], Some(ROOT), None);
        check(&[(XRAY_HEADER, &alone), W3C], w3c, None);
        check(&[(XRAY_HEADER, &complete), W3C], Some(ROOT), None);
        check(&[(XRAY_HEADER, "Root=garbage"), W3C], w3c, None);
        check(&[(XRAY_HEADER, &alone), ("traceparent", "00-garbage-01")], None, Some(ROOT));
    }

    #[test]
    fn a_traceparent_decides_and_the_extra_fields_beside_it_are_carried_on() {
        let alone = format!("Root={ROOT};Sampled=?;Lineage=a:1");
        let w3c = ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00");
        let context = extract(&[(XRAY_HEADER, &alone), w3c]);
        let expected = Incoming { root: None, sampled: Sampled::No, extras: "Lineage=a:1".to_owned() };
        assert_eq!(context.get::<Incoming>(), Some(&expected));
    }

    #[test]
    fn trace_state_and_extra_fields_stay_apart() {
        let header = format!("Root={ROOT};Parent={PARENT};Sampled=?;Lineage=a:1");
        let incoming = extract(&[(XRAY_HEADER, &header), ("tracestate", "vendor=1")]);
        let span = SpanContext::new(
            incoming.span().span_context().trace_id(),
            SpanId::from_hex("00f067aa0ba902b7").unwrap(),
            TraceFlags::SAMPLED,
            false,
            TraceState::NONE,
        );
        let mut headers = HashMap::new();
        let context = incoming.with_remote_span_context(span);
        Propagation::default().inject_context(&context, &mut headers);
        let expected = format!("Root={ROOT};Parent=00f067aa0ba902b7;Sampled=1;Lineage=a:1");
        assert_eq!(headers.get(XRAY_HEADER), Some(&expected));
        assert!(headers.get("tracestate").is_none_or(String::is_empty), "{headers:?}");
        assert_eq!(response_header(&context), Some(format!("Root={ROOT};Sampled=1")));
    }
}
