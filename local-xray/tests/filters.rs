//! Filter expressions asked of small traces: each documented expression, and what the documentation leaves open.
//!
//! `testdata/filters/traces.json` holds the traces by name (ids are padded, the trace id is filled in). The other files
//! there hold expressions with the names of exactly those traces that they match; all others must not match.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that finds something else should end there"
)]

mod support;

use std::collections::BTreeMap;

use local_xray::document::{TraceId, parse};
use local_xray::filter::{self, GroupKey, Groups, TraceView};
use local_xray::store::Trace;
use serde::Deserialize;
use serde_json::{Value, json};

use support::{NOT_FOUND_LIKE, SLOW_LIKE, Xray, lab, with_xray};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// The number in the list of documented expressions, or what the case shows.
    #[serde(alias = "number")]
    shows: Value,
    expression: String,
    matches: Vec<String>,
}

struct TestGroups;

impl Groups for TestGroups {
    fn filter_expression(&self, key: GroupKey, value: &str) -> Option<String> {
        let expression = match (key, value) {
            (GroupKey::Name, "Default") => "",
            (GroupKey::Name, "high_response_time")
            | (GroupKey::Arn, "arn:aws:xray:local:000000000000:group/high_response_time/1") => "responsetime > 5",
            (GroupKey::Name, "slow_and_faulty") => r#"group.name = "high_response_time" AND fault"#,
            _ => return None,
        };
        Some(expression.to_owned())
    }
}

fn traces() -> BTreeMap<String, Trace> {
    let named: BTreeMap<String, Vec<Value>> = read("traces.json");
    named.into_iter().enumerate().map(|(number, (name, documents))| (name, trace(number, documents))).collect()
}

fn trace(number: usize, documents: Vec<Value>) -> Trace {
    let id = format!("1-5759e988-{number:024x}");
    let segments = documents.into_iter().map(|mut document| {
        pad_ids(&mut document);
        document["trace_id"] = id.clone().into();
        parse(document.to_string()).unwrap_or_else(|rejection| panic!("{rejection}: {document}")).remove(0).segment
    });
    Trace::from_segments(TraceId::parse(&id).unwrap(), segments)
}

fn pad_ids(segment: &mut Value) {
    for member in ["id", "parent_id"] {
        if let Some(id) = segment.get(member).and_then(Value::as_str) {
            segment[member] = format!("{id:0>16}").into();
        }
    }
    segment.get_mut("subsegments").and_then(Value::as_array_mut).into_iter().flatten().for_each(pad_ids);
}

fn read<T: for<'de> Deserialize<'de>>(file: &str) -> T {
    let path = format!("{}/testdata/filters/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn check_all(file: &str) -> Vec<Case> {
    let traces = traces();
    let cases: Vec<Case> = read(file);
    for Case { shows, expression, matches } in &cases {
        let filter = filter::compile(expression, &TestGroups).unwrap_or_else(|error| panic!("{shows}\n{error}"));
        let matching: Vec<_> = traces.iter().filter(|(_, trace)| filter.matches(&TraceView::of(trace))).collect();
        let names: Vec<_> = matching.into_iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(&names, matches, "{shows}: {expression}");
    }
    cases
}

#[test]
fn documented_expressions_match_what_they_say() {
    let cases = check_all("documented.json");
    let numbers: Vec<_> = cases.iter().filter_map(|case| case.shows.as_u64()).collect();
    assert!((1..=40).all(|number| numbers.contains(&number)), "all forty are there: {numbers:?}");
    let all = traces().len();
    for case in &cases {
        let matched = case.matches.len();
        assert!(matched > 0 && matched < all, "{}: some traces match, and some do not", case.expression);
    }
}

#[test]
fn what_the_documentation_leaves_open_has_one_answer() {
    check_all("semantics.json");
}

#[test]
fn canonical_text_asks_the_same() {
    for case in check_all("documented.json").into_iter().chain(check_all("semantics.json")) {
        let expression = filter::parse(&case.expression).unwrap();
        let canonical = expression.to_string();
        assert_eq!(filter::parse(&canonical).as_ref(), Ok(&expression), "{} -> {canonical}", case.expression);
    }
}

/// The ids of the traces of the lab that an expression holds for.
async fn summaries(xray: &Xray, expression: &str) -> Vec<Value> {
    let query = json!({ "StartTime": 0, "EndTime": 4_000_000_000_u32, "FilterExpression": expression });
    let answer = xray.ok("/TraceSummaries", &query).await;
    assert_eq!(answer["TracesProcessedCount"], 2, "every trace is looked at: {answer}");
    answer["TraceSummaries"].as_array().unwrap().iter().map(|summary| summary["Id"].clone()).collect()
}

#[test]
fn the_api_answers_with_the_traces_that_match() {
    with_xray(async |xray| {
        xray.put(&lab()).await;
        let check = async |expression: &str, expected: &[&str]| {
            assert_eq!(summaries(&xray, expression).await, expected, "{expression}");
        };
        check("", &[NOT_FOUND_LIKE, SLOW_LIKE]).await;
        check(
            r#"service("like service") { responsetime > 1 OR error } AND http.method = "POST""#,
            &[NOT_FOUND_LIKE, SLOW_LIKE],
        )
        .await;
        check("error", &[NOT_FOUND_LIKE]).await;
        check(r#"annotation.chaos_fault = "slow" AND edge("monolith", "Mysfits")"#, &[SLOW_LIKE]).await;
        check(r#"group.name = "Default" AND fault"#, &[]).await;
    });
}

#[test]
fn the_api_points_at_what_it_does_not_understand() {
    with_xray(async |xray| {
        let query = json!({ "StartTime": 0, "EndTime": 1, "FilterExpression": r#"ok AND service("a") { falt }"# });
        let answer = xray.call("/TraceSummaries", &query).await;
        assert_eq!((answer.status, answer.error_type.as_deref()), (400, Some("InvalidRequestException")));
        let expected = r#"FilterExpression: unknown keyword `falt` (at character 23)
  ok AND service("a") { falt }
                        ^^^^
did you mean `fault`?"#;
        assert_eq!(answer.body["message"], expected);
    });
}
