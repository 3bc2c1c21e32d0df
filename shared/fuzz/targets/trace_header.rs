//! Trace headers: whatever a caller sends is read or ignored, and what goes on to the next service is read the same there.

#![no_main]

use std::collections::HashMap;

use libfuzzer_sys::fuzz_target;
use opentelemetry::Context;
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::TraceContextExt as _;
use shared::telemetry::propagation::{Propagation, TraceHeader, XRAY_HEADER};

fuzz_target!(|input: &str| {
    // The headers of a request, one a line: `traceparent`, `tracestate`, `baggage`, and X-Ray's own.
    let mut lines = input.splitn(4, '\n');
    let mut headers: HashMap<String, String> = HashMap::new();
    for name in [XRAY_HEADER, "traceparent", "tracestate", "baggage"] {
        headers.extend(lines.next().map(|value| (name.to_owned(), value.to_owned())));
    }
    let propagation = Propagation::default();
    let context = propagation.extract_with_context(&Context::new(), &headers);
    let mut onward = HashMap::new();
    propagation.inject_context(&context, &mut onward);

    let came = headers.get(XRAY_HEADER).and_then(|value| TraceHeader::parse(value));
    let went = onward.get(XRAY_HEADER).map(|value| TraceHeader::parse(value).expect("what we write is valid"));
    assert_eq!(went.is_some(), context.span().span_context().is_valid());
    if let (Some(came), Some(went)) = (came, went) {
        assert_eq!(went.extras, came.extras);
        assert!(came.parent.is_none() || (went.root, went.parent) == (came.root, came.parent));
    }
});
