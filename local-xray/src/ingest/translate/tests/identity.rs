//! Ids and times.

use super::*;

fn check(members: Value, expected: &str) {
    let translation =
        translate(&request(json!({}), json!([span(SERVER, json!({})), span_with(SERVER, json!({}), members)])));
    let rejections: Vec<String> =
        translation.rejections.iter().map(|rejection| format!("{} {rejection}", rejection.code)).collect();
    assert_eq!(rejections, [expected]);
    assert_eq!(translation.documents.len(), 1, "the other span is taken");
}

#[test]
fn spans_without_a_place_in_a_trace_are_refused_with_path_and_reason() {
    let at = "at $.resourceSpans[0].scopeSpans[0].spans[1]";
    check(json!({ "traceId": "" }), &format!("MissingTraceId there is no id {at}.traceId"));
    check(json!({ "traceId": "00".repeat(16) }), &format!("InvalidTraceId all zero, which means no id {at}.traceId"));
    check(json!({ "traceId": "ab" }), &format!("InvalidTraceId 1 bytes long instead of 16 {at}.traceId"));
    check(json!({ "spanId": "" }), &format!("MissingId there is no id {at}.spanId"));
    check(json!({ "spanId": "00".repeat(8) }), &format!("InvalidId all zero, which means no id {at}.spanId"));
    check(json!({ "parentSpanId": "ab" }), &format!("InvalidParentId 1 bytes long instead of 8 {at}.parentSpanId"));
    check(
        json!({ "startTimeUnixNano": "0" }),
        &format!("MissingStartTime there is no start time {at}.startTimeUnixNano"),
    );
    check(
        json!({ "endTimeUnixNano": u64::MAX.to_string() }),
        &format!("InvalidEndTime {} ns is later than X-Ray can write {at}.endTimeUnixNano", u64::MAX),
    );
}

#[test]
fn ids_and_times_are_written_as_x_ray_writes_them() {
    let document = document_of(span(SERVER, json!({})));
    assert_eq!(document["trace_id"], "1-4efaaf4d-1e8720b39541901950019ee5");
    assert_eq!((&document["id"], &document["parent_id"]), (&json!(SPAN), &json!(PARENT)));
    assert_eq!((&document["start_time"], &document["end_time"]), (&json!(1_767_225_600.0), &json!(1_767_225_600.25)));
    assert_eq!(document["in_progress"], Value::Null);
}

#[test]
fn a_parent_of_zeros_is_no_parent_and_a_span_without_end_is_in_progress() {
    let document =
        document_of(span_with(SERVER, json!({}), json!({ "parentSpanId": "00".repeat(8), "endTimeUnixNano": "0" })));
    assert_eq!((&document["parent_id"], &document["end_time"]), (&Value::Null, &Value::Null));
    assert_eq!(document["in_progress"], true);
}
