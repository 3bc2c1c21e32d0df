//! Traces for the tests of the pages.

use crate::document;
use crate::store::Trace;

/// The id of every sample trace.
pub(super) const TRACE_ID: &str = "1-67891233-abcdef012345678912345678";

/// A trace made of documents, each written as the members of its JSON object without `trace_id`.
pub(super) fn trace(documents: &[&str]) -> Trace {
    let mut trace = Trace::new(document::TraceId::parse(TRACE_ID).expect("the sample id is one"));
    for members in documents {
        let text = format!(r#"{{"trace_id": "{TRACE_ID}", {members}}}"#);
        for parsed in document::parse(text.as_bytes()).expect("the sample is a document") {
            trace.merge(parsed.segment);
        }
    }
    trace
}
