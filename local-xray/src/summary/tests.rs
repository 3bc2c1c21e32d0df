//! Summaries of small traces.

use super::*;
use crate::document::parse;

fn trace(documents: &[&str]) -> Trace {
    let segments = documents.iter().map(|members| {
        let json = format!(r#"{{"trace_id": "1-5759e988-bd862e3fe1be46a994272793", {members}}}"#);
        parse(&json).unwrap_or_else(|rejection| panic!("{rejection}: {json}")).remove(0).segment
    });
    Trace::from_segments(TraceId::parse("1-5759e988-bd862e3fe1be46a994272793").unwrap(), segments)
}

const LIKE: &str = r#""name": "like service", "id": "00000000000000a0", "start_time": 10, "end_time": 13.5, "user": "mia",
    "annotations": {"mysfit_id": "4e53920c", "attempt": 1}, "aws": {"ec2": {"instance_id": "i-1", "availability_zone": "z"}},
    "http": {"request": {"method": "POST", "url": "http://like/", "user_agent": "test", "client_ip": "10.0.0.1"},
    "response": {"status": 200}}, "subsegments": [{"id": "00000000000000a1", "name": "monolith", "namespace": "remote",
    "start_time": 12, "end_time": 13, "error": true, "annotations": {"mysfit_id": "4e53920c"}}]"#;
const MONOLITH: &str = r#""name": "monolith", "id": "00000000000000b0", "parent_id": "00000000000000a1", "start_time": 12,
    "end_time": 12.9, "error": true, "annotations": {"mysfit_id": "other"}"#;

fn names(ids: &[ServiceId]) -> Vec<(&str, Option<&str>)> {
    ids.iter().map(|id| (id.name.as_str(), id.service_type.as_deref())).collect()
}

#[test]
fn the_root_segment_speaks_for_the_trace() {
    let summary = summarise(&trace(&[MONOLITH, LIKE]));
    assert_eq!(summary.response_time, Some(Duration::from_millis(3_500)));
    assert_eq!(summary.duration, Duration::from_millis(3_500));
    assert!(!summary.has_error && !summary.has_fault && !summary.has_throttle && !summary.is_partial);
    assert_eq!(summary.http.status, Some(200));
    assert_eq!(summary.http.method.as_deref(), Some("POST"));
    assert_eq!(summary.entry_point.unwrap().name, "like service");
    assert_eq!(
        names(&summary.service_ids),
        [("like service", Some("client")), ("like service", None), ("monolith", None)]
    );
    assert_eq!(summary.users[0].name, "mia");
    assert_eq!((summary.instance_ids, summary.availability_zones), (vec!["i-1".to_owned()], vec!["z".to_owned()]));
    assert_eq!(summary.revision, 2);
}

#[test]
fn annotations_of_the_whole_trace_are_indexed_by_value() {
    let summary = summarise(&trace(&[MONOLITH, LIKE]));
    let values: Vec<_> = summary.annotations["mysfit_id"]
        .iter()
        .map(|entry| (entry.value.to_string(), names(&entry.service_ids)))
        .collect();
    assert_eq!(
        values,
        [("4e53920c".to_owned(), vec![("like service", None)]), ("other".to_owned(), vec![("monolith", None)]),]
    );
    assert_eq!(summary.annotations["attempt"][0].value.to_string(), "1");
}

#[test]
fn a_trace_is_partial_while_something_is_missing() {
    let check = |documents: &[&str], expected: bool| {
        assert_eq!(summarise(&trace(documents)).is_partial, expected, "{documents:?}");
    };
    let shop = r#""name": "shop", "id": "00000000000000a0", "start_time": 1"#;
    let complete = format!(r#"{shop}, "end_time": 2"#);
    let open = format!(r#"{shop}, "in_progress": true"#);
    let call = |traced: bool| {
        format!(
            r#"{complete}, "subsegments": [{{"id": "00000000000000a1", "name": "api", "namespace": "remote",
            "start_time": 1, "end_time": 2, "http": {{"request": {{"traced": {traced}}}}}}}]"#
        )
    };
    let answer =
        r#""name": "api", "id": "00000000000000b0", "parent_id": "00000000000000a1", "start_time": 1, "end_time": 2"#;
    let orphan = r#""type": "subsegment", "name": "work", "id": "00000000000000c0", "parent_id": "00000000000000cc",
        "start_time": 1, "end_time": 2"#;
    check(&[&complete], false);
    check(&[&open], true);
    check(&[&open, &complete], false);
    check(&[&complete, &open], false);
    check(&[&call(false)], false);
    check(&[&call(true)], true);
    check(&[&call(true), answer], false);
    check(&[answer], true);
    check(&[&complete, orphan], true);
}

#[test]
fn without_a_root_segment_there_is_no_response_time() {
    let summary = summarise(&trace(&[MONOLITH]));
    assert_eq!(summary.response_time, None);
    assert_eq!(summary.duration, Duration::from_millis(900));
    assert_eq!(summary.http, HttpSummary::default());
    assert_eq!(summary.entry_point, None);
}

#[test]
fn a_throttled_call_throttles_the_trace() {
    let document = r#""name": "shop", "id": "00000000000000a0", "start_time": 1, "end_time": 2, "subsegments": [
        {"id": "00000000000000a1", "name": "dynamodb", "namespace": "aws", "start_time": 1, "end_time": 2,
         "http": {"response": {"status": 429}}}]"#;
    let summary = summarise(&trace(&[document]));
    assert!(summary.has_throttle && !summary.has_error);
}

fn path(cause: &RootCause) -> Vec<String> {
    let entity = |entity: &RootCauseEntity| match entity.coverage {
        Some(coverage) => format!("{} {coverage}", entity.name),
        None => entity.name.clone(),
    };
    let service = |service: &RootCauseService| {
        let entities: Vec<_> = service.entity_path.iter().map(entity).collect();
        format!("{}{}: {}", service.service.name, if service.inferred { "*" } else { "" }, entities.join(" > "))
    };
    cause.services.iter().map(service).collect()
}

const FAILED: &str = r#""name": "shop", "id": "00000000000000a0", "start_time": 10, "end_time": 20, "fault": true,
    "subsegments": [
    {"id": "00000000000000a1", "name": "cache", "namespace": "remote", "start_time": 10, "end_time": 11, "fault": true},
    {"id": "00000000000000a2", "name": "checkout", "start_time": 11, "end_time": 20, "fault": true, "subsegments": [
    {"id": "00000000000000a3", "name": "payment", "namespace": "remote", "start_time": 11, "end_time": 19, "fault": true}]}]"#;
const PAYMENT: &str = r#""name": "payment service", "id": "00000000000000b0", "parent_id": "00000000000000a3",
    "start_time": 12, "end_time": 19, "fault": true, "cause": {"exceptions": [{"id": "0000000000000001", "type": "Broken",
    "message": "no funds"}]}"#;

#[test]
fn a_fault_is_followed_to_the_service_that_raised_it() {
    let summary = summarise(&trace(&[FAILED, PAYMENT]));
    let [cause] = summary.fault_root_causes.as_slice() else { panic!("one cause") };
    assert_eq!(path(cause), ["shop: shop > checkout > payment", "payment service: payment service"]);
    let culprit = &cause.services[1].entity_path[0];
    assert_eq!(culprit.exceptions[0].name.as_deref(), Some("Broken"));
    assert!(summary.error_root_causes.is_empty());
}

#[test]
fn a_fault_ends_at_an_inferred_service_when_the_callee_is_silent() {
    let summary = summarise(&trace(&[FAILED]));
    assert_eq!(path(&summary.fault_root_causes[0]), ["shop: shop > checkout > payment", "payment*: payment"]);
}

#[test]
fn slow_work_is_followed_while_it_covers_half_of_the_response() {
    let summary = summarise(&trace(&[FAILED, PAYMENT]));
    let expected = ["shop: shop 1 > checkout 0.9 > payment 0.8", "payment service: payment service 0.7"];
    assert_eq!(path(&summary.response_time_root_causes[0]), expected);
    assert!(summarise(&trace(&[LIKE, MONOLITH])).response_time_root_causes.is_empty());
}

#[test]
fn of_several_answers_the_failed_one_is_followed() {
    let shop = r#""name": "shop", "id": "00000000000000a0", "start_time": 1, "end_time": 4, "fault": true"#;
    let answer = |id: &str, name: &str, start: u32, fault: bool| {
        format!(
            r#""name": "{name}", "id": "{id}", "parent_id": "00000000000000a0", "start_time": {start}, "end_time": 3,
               "fault": {fault}"#
        )
    };
    let (stock, mail) = (answer("00000000000000b0", "stock", 1, true), answer("00000000000000c0", "mail", 2, false));
    let summary = summarise(&trace(&[shop, &stock, &mail]));
    let services: Vec<_> = summary.fault_root_causes[0].services.iter().map(|it| it.service.name.as_str()).collect();
    assert_eq!(services, ["shop", "stock"]);
}
