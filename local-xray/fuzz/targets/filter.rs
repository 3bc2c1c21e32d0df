//! Filter expressions: any text is answered or refused, its canonical text means the same, and asking never panics.

#![no_main]

use std::cell::LazyCell;

use libfuzzer_sys::fuzz_target;
use local_xray::document::parse;
use local_xray::filter::{self, GroupKey, Groups, TraceView};
use local_xray::store::Trace;

/// Groups that lead to one another as far as they may.
struct Chain;

impl Groups for Chain {
    fn filter_expression(&self, _: GroupKey, value: &str) -> Option<String> {
        Some(value.strip_prefix('a').map_or("fault".to_owned(), |rest| format!("ok OR group.name = \"{rest}\"")))
    }
}

const DOCUMENT: &str = r#"{"trace_id": "1-5759e988-bd862e3fe1be46a994272793", "id": "00000000000000a0", "name": "a",
    "start_time": 1, "end_time": 2, "error": true, "fault": true, "user": "a", "annotations": {"a": 1},
    "http": {"request": {"url": "a"}, "response": {"status": 500}}, "subsegments": [{"id": "00000000000000a1",
    "name": "dynamodb", "namespace": "aws", "start_time": 1, "end_time": 2, "fault": true,
    "cause": {"exceptions": [{"id": "0000000000000001", "message": "a"}]}}]}"#;

thread_local! {
    static TRACE: LazyCell<Trace> = LazyCell::new(|| {
        let documents = parse(DOCUMENT).expect("the document is valid");
        let id = documents.first().expect("there is one").trace_id;
        Trace::from_segments(id, documents.into_iter().map(|document| document.segment))
    });
}

fuzz_target!(|text: &str| {
    let expression = match filter::parse(text) {
        Ok(expression) => expression,
        Err(error) => {
            assert!(text.get(error.span()).is_some());
            assert!(error.to_string().lines().count() >= 3);
            return;
        }
    };
    let canonical = expression.to_string();
    assert_eq!(filter::parse(&canonical).as_ref(), Ok(&expression), "{canonical}");
    let asked = |text: &str| {
        let filter = filter::compile(text, &Chain).ok()?;
        TRACE.with(|trace| Some(filter.matches(&TraceView::of(trace))))
    };
    assert_eq!(asked(text), asked(&canonical), "{canonical}");
});
