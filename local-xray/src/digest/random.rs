//! Random documents for tests: few names and ids, so that they meet, over a few minutes, in no order.

use proptest::prelude::*;

use crate::document::{Document, Timestamp, TraceId, Window, parse};
use crate::store::Trace;

/// How many traces the documents belong to.
const TRACES: u8 = 4;
/// All work begins within so many seconds.
const SECONDS: u32 = 200;

/// The id of one of the traces.
pub(crate) fn trace_id(number: u8) -> TraceId {
    TraceId::from_bytes([number + 1; 16])
}

/// Documents of a few traces.
pub(crate) fn documents(count: usize) -> impl Strategy<Value = Vec<Document>> {
    prop::collection::vec((0..TRACES, members()), 0..count).prop_map(|documents| {
        let parsed = documents.into_iter().map(|(trace, members)| {
            let json = format!(r#"{{"trace_id": "{}", {members}}}"#, trace_id(trace));
            parse(&json).unwrap_or_else(|rejection| panic!("{rejection}: {json}")).remove(0)
        });
        parsed.collect()
    })
}

/// The traces that documents make, without a store.
pub(crate) fn traces(documents: &[Document]) -> Vec<Trace> {
    let of_trace = |id: TraceId| documents.iter().filter(move |document| document.trace_id == id);
    let ids = (0..TRACES).map(trace_id).filter(|id| of_trace(*id).next().is_some());
    ids.map(|id| Trace::from_segments(id, of_trace(id).map(|document| document.segment.clone()))).collect()
}

/// A window that cuts minutes, or everything.
pub(crate) fn windows() -> impl Strategy<Value = Window> {
    let at = |tenths: i64| Timestamp::from_micros(tenths * 100_000);
    let limit = i64::from(SECONDS) * 12;
    prop_oneof![
        (0..limit, 0..limit).prop_map(move |(start, length)| Window { start: at(start), end: at(start + length) }),
        (0..4_i64, 0..4_i64)
            .prop_map(move |(start, length)| Window { start: at(start * 600), end: at((start + length) * 600) }),
        Just(Window::ALL),
    ]
}

prop_compose! {
    fn members()(
        id in 0..10_u8,
        parent in prop::option::of(0..10_u8),
        is_independent in any::<bool>(),
        name in prop::sample::select(vec!["web", "like service", "monolith", "sqs", "a"]),
        start in 0..SECONDS * 10,
        took in prop::option::of(0..700_u32),
        blocks in prop::collection::vec(block(), 0..4),
    ) -> String {
        let parent_id = parent.map_or(String::new(), |parent| format!(r#""parent_id": "00000000000000{parent:02x}", "#));
        let kind = if parent.is_some() && is_independent { r#""type": "subsegment", "# } else { "" };
        let seconds = |tenths: u32| f64::from(tenths) / 10.0;
        let end = took.map_or(r#""in_progress": true"#.to_owned(), |took| format!(r#""end_time": {}"#, seconds(start + took)));
        // The first of two blocks with one name is the one that counts.
        let mut blocks: Vec<(&str, String)> = blocks;
        blocks.sort_by_key(|(name, _)| *name);
        blocks.dedup_by_key(|(name, _)| *name);
        let blocks: String = blocks.into_iter().map(|(name, value)| format!(r#", "{name}": {value}"#)).collect();
        let start = seconds(start);
        format!(r#"{kind}{parent_id}"id": "00000000000000{id:02x}", "name": "{name}", "start_time": {start}, {end}{blocks}"#)
    }
}

/// One member of a document.
fn block() -> impl Strategy<Value = (&'static str, String)> {
    let one_of = |name: &'static str, values: &'static [&'static str]| {
        prop::sample::select(values).prop_map(move |value| (name, value.to_owned()))
    };
    let link = (0..TRACES, prop::option::of(0..10_u8)).prop_map(|(trace, id)| {
        let id = id.map_or(String::new(), |id| format!(r#", "id": "00000000000000{id:02x}""#));
        ("links", format!(r#"[{{"trace_id": "{}"{id}}}]"#, trace_id(trace)))
    });
    let called = (0..10_u8, any::<bool>(), 0..SECONDS).prop_map(|(id, is_queue, start)| {
        let (name, namespace) = if is_queue { ("sqs", "aws") } else { ("web", "remote") };
        let json = format!(
            r#"[{{"id": "00000000000000a{id:x}", "name": "{name}", "namespace": "{namespace}", "start_time": {start}, "end_time": {},
               "annotations": {{"a": 1}}}}]"#,
            start + 1
        );
        ("subsegments", json)
    });
    prop_oneof![
        one_of("namespace", &[r#""remote""#, r#""aws""#]),
        one_of("sql", &["{}"]),
        one_of("error", &["true"]),
        one_of("fault", &["true"]),
        one_of("throttle", &["true"]),
        one_of("origin", &[r#""AWS::ECS::Fargate""#, r#""client::synthetics""#]),
        one_of("user", &[r#""a""#, r#""b""#]),
        one_of("annotations", &[r#"{"a": 1}"#, r#"{"a": "b"}"#, r#"{"a": true, "b": 0.1}"#]),
        one_of(
            "http",
            &[
                r#"{"response": {"status": 503}}"#,
                r#"{"request": {"url": "a", "method": "get"}, "response": {"status": 200}}"#,
                r#"{"request": {"user_agent": "a", "client_ip": "b"}}"#,
            ],
        ),
        one_of(
            "aws",
            &[
                r#"{"account_id": "a"}"#,
                r#"{"queue_url": "q"}"#,
                r#"{"ec2": {"availability_zone": "a"}}"#,
                r#"{"ecs": {"container": "a"}}"#,
                r#"{"ecs": {"task_arn": "task/b"}}"#
            ]
        ),
        link,
        called,
    ]
}
