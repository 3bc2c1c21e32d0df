//! Every page rendered from samples: full, empty, partial and refused; and that nothing a sender writes becomes markup.

use askama::Template;

use crate::document::{ErrorCode, Rejection, TraceId, Window};
use crate::ingest::{Door, IntakeReport, LoggedRejection};
use crate::store::{StoreReport, Trace};
use crate::summary::summarise;

use super::samples::{NOW, TRACE_ID, hostile, like, pending, shared, trace};
use super::view::View;
use super::{intake, raw, service_map, trace as trace_view, traces};

fn view(query: &str) -> View {
    View::parse(query).expect("the query is understood")
}

fn rendered(page: &impl Template) -> String {
    page.render().expect("the page renders")
}

fn map(query: &str, traces: &[Trace]) -> String {
    rendered(&service_map::full_page(&view(query), traces.iter(), NOW))
}

fn list(query: &str, found: Vec<Trace>, stored: usize) -> String {
    rendered(&traces::traces_page(&view(query), &shared(found), stored, NOW))
}

fn one(query: &str, trace: &Trace) -> String {
    rendered(&trace_view::trace_page(&view(query), trace, None, NOW))
}

#[track_caller]
fn check(html: &str, has: &[&str], has_not: &[&str]) {
    for text in has {
        assert!(html.contains(text), "{text:?} is missing from {html}");
    }
    for text in has_not {
        assert!(!html.contains(text), "{text:?} is in {html}");
    }
}

// === The map ===

#[test]
fn the_map_shows_services_clients_and_calls() {
    let html = map("", &[like()]);
    check(
        &html,
        &["3 services · 1 trace in the last 15 minutes", ">Clients<", ">monolith<", ">like service<", "Database::SQL"],
        &["No traces yet"],
    );
    check(&html, &["href=\"/map?edge=monolith%3Elike+service\"", "1 · 1.90 s", "100 % error", "url(#p-error)"], &[]);
}

#[test]
fn the_numbers_of_a_selected_node_lead_to_its_traces() {
    let html = map("node=like+service", &[like()]);
    check(&html, &["Measured by the service itself.", "/traces?node=like+service&#38;state=error", "p90"], &[]);
    check(&html, &["/traces?node=like+service&#38;band=1500-2000"], &["Not on the map"]);
}

#[test]
fn the_numbers_of_a_selected_edge_are_the_callers() {
    check(
        &map("edge=monolith%3Elike+service", &[like()]),
        &["Measured by the caller", "1.90 s"],
        &["by the service itself"],
    );
}

#[test]
fn a_selection_that_is_gone_says_so() {
    check(&map("node=nobody", &[like()]), &["Not on the map"], &[" aside\""]);
}

#[test]
fn an_empty_map_says_where_to_send_traces() {
    let html = rendered(&service_map::empty_page(&view(""), "127.0.0.1:2000", 0, NOW));
    check(
        &html,
        &["No traces yet", "AWS_XRAY_DAEMON_ADDRESS=127.0.0.1:2000", "/dev/udp/127.0.0.1/2000"],
        &["outside this range"],
    );
}

#[test]
fn a_quiet_map_leads_to_older_traces() {
    let html = rendered(&service_map::empty_page(&view("range=5m"), "127.0.0.1:2000", 7, NOW));
    check(&html, &["Quiet in the last 5 minutes", "7 older traces", "href=\"/map?range=all\""], &["No traces yet"]);
}

#[test]
fn two_hundred_services_are_drawn() {
    let documents: Vec<String> = (0..200)
        .map(|n| {
            let parent = if n == 0 { String::new() } else { format!(r#""parent_id": "{:016x}","#, (n - 1) / 3 + 1) };
            format!(r#""name": "service {n}", "id": "{:016x}", {parent} "start_time": 100, "end_time": 101"#, n + 1)
        })
        .collect();
    let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
    check(&map("", &[trace(&documents)]), &["200 services", ">service 199<"], &[]);
}

// === The list ===

#[test]
fn the_list_shows_what_the_root_answered() {
    let html = list("", vec![like()], 1);
    check(
        &html,
        &["1 trace in", "…12345678", "404", "2.50 s", "POST", "/mysfits/7", ">monolith<"],
        &["Older", "partial"],
    );
}

#[test]
fn a_pending_trace_is_marked_as_partial() {
    check(&list("", vec![pending()], 1), &["pending", "pill partial", "still in progress"], &[]);
}

#[test]
fn restrictions_follow_the_numbers_of_the_map() {
    let shown = |query: &str| list(query, vec![like()], 1).contains("…12345678");
    assert!(shown("node=like+service") && shown("node=like+service&state=error"));
    assert!(shown("edge=monolith%3Elike+service&state=error") && shown("node=monolith&band=2000-3000"));
    assert!(!shown("node=nobody") && !shown("node=like+service&state=fault") && !shown("edge=a%3Eb"));
    assert!(!shown("band=1-100") && !shown("state=partial") && shown("state=error"));
}

#[test]
fn an_empty_list_offers_a_way_out() {
    let html = list("node=nobody&range=5m", vec![like()], 1);
    check(
        &html,
        &["No traces like that here", "href=\"/traces?range=all&#38;node=nobody\"", "Lift this restriction"],
        &[],
    );
    check(&list("", Vec::new(), 0), &["Nothing is stored yet"], &["Older"]);
}

#[test]
fn pages_of_the_list_join_without_gap_or_overlap() {
    let mut many: Vec<Trace> = (0..120_u8)
        .map(|n| {
            let mut one = Trace::new(TraceId::from_bytes([n; 16]));
            like().segments().iter().for_each(|segment| assert!(one.merge(segment.clone())));
            one
        })
        .collect();
    many.reverse();
    let (mut query, mut seen) = (String::new(), Vec::new());
    loop {
        let html = list(&query, many.clone(), 120);
        seen.extend(html.split("<td class=\"id\"><a href=\"/traces/").skip(1).map(|rest| rest[..35].to_owned()));
        let Some(older) = html.split("href=\"/traces?after=").nth(1) else { break };
        query = format!("after={}", &older[..older.find('"').expect("the link ends")]);
    }
    assert_eq!(seen, many.iter().map(|trace| trace.id().to_string()).collect::<Vec<_>>());
}

// === One trace ===

#[test]
fn a_trace_shows_its_map_timeline_and_details() {
    let html = one("", &like());
    check(&html, &["POST /mysfits/7/like", TRACE_ID, "2.50 s", "1970-01-01 00:01:40.000000 UTC"], &[]);
    check(&html, &["id=\"part-0000000000000004\"", "inferred", "SELECT likes FROM mysfits"], &[" open>"]);
    check(
        &html,
        &["ChaosFault", "inject at chaos.rs:88", "chaos_fault", "likes-1", "&#34;attempt&#34;: 1"],
        &["data-live"],
    );
}

#[test]
fn a_row_can_be_opened_by_its_address() {
    let open = crate::document::SegmentId::parse("0000000000000004");
    let html = rendered(&trace_view::trace_page(&view(""), &like(), open, NOW));
    check(&html, &["<details id=\"part-0000000000000004\" class=\"block\" open>"], &[]);
    assert_eq!(html.matches(" open>").count(), 1);
}

#[test]
fn a_partial_trace_refreshes_itself_and_says_why() {
    check(&one("", &pending()), &["data-live", "Some of its work is still in progress.", "pending"], &[]);
}

#[test]
fn console_and_summary_agree_on_what_is_partial() {
    let orphan = r#""name": "loose", "type": "subsegment", "id": "0000000000000002", "parent_id": "0000000000000001",
        "start_time": 100, "end_time": 101"#;
    let unanswered = r#""name": "monolith", "id": "0000000000000001", "start_time": 100, "end_time": 101, "subsegments": [
        {"name": "like service", "id": "0000000000000002", "namespace": "remote", "start_time": 100, "end_time": 101,
         "http": {"request": {"traced": true}}}]"#;
    for trace in [like(), pending(), trace(&[orphan]), trace(&[unanswered])] {
        assert_eq!(traces::partial(&trace).is_some(), summarise(&trace).is_partial, "{:?}", traces::partial(&trace));
    }
}

#[test]
fn a_trace_that_is_not_here_is_waited_for() {
    let id = TraceId::parse(TRACE_ID).expect("an id");
    let waiting = |query| rendered(&trace_view::waiting_page(&view(query), id, 3));
    check(
        &waiting(""),
        &["Waiting for this trace", TRACE_ID, "http-equiv=\"refresh\"", "data-live", "3 traces held"],
        &[],
    );
    check(&waiting("live=off"), &["Waiting for this trace"], &["http-equiv=\"refresh\"", "data-live"]);
}

#[test]
fn raw_data_holds_documents_as_objects_and_inferred_segments() {
    let raw: serde_json::Value = serde_json::from_str(&raw::json_text(&like())).expect("JSON");
    let segments = raw["Segments"].as_array().expect("a list");
    assert_eq!((raw["Id"].as_str(), raw["Duration"].as_f64(), segments.len()), (Some(TRACE_ID), Some(2.5), 3));
    assert_eq!(segments[0]["Document"]["name"], "monolith");
    assert!(segments.iter().any(|segment| segment["Document"]["inferred"] == true));
}

// === Intake ===

fn intake_page(rejections: &[Rejection]) -> String {
    let mut report = IntakeReport::default();
    for rejection in rejections {
        *report.doors.entry(Door::Udp).or_default().rejected.entry(rejection.code).or_default() += 1;
        report.rejections.push(LoggedRejection { at: NOW, door: Door::Udp, rejection: rejection.clone() });
    }
    let store = StoreReport { traces: 2, bytes: 1 << 20, max_bytes: 4 << 20, evicted_traces: 5, evicted_segments: 9 };
    rendered(&intake::intake_page(&view(""), &report, &store, NOW))
}

#[test]
fn the_intake_counts_what_was_let_in_and_let_go() {
    let html = intake_page(&[]);
    check(
        &html,
        &["PutTraceSegments", "OTLP/gRPC", "Nothing has been refused.", "1.0 MiB of 4.0 MiB", "width=\"25.0%\""],
        &[],
    );
}

#[test]
fn the_intake_lists_refusals_with_reason_and_path() {
    let rejection = Rejection::new(ErrorCode::InvalidId, "$.subsegments[0].id", "\"zz\" is not 16 hexadecimal digits");
    let html = intake_page(&[rejection.clone(), rejection]);
    check(
        &html,
        &["InvalidId <b>2</b>", "$.subsegments[0].id", "is not 16 hexadecimal digits"],
        &["Nothing has been refused"],
    );
}

// === All of them ===

#[test]
fn nothing_from_a_trace_becomes_markup() {
    const SCRIPT: &str = "<script>alert(1)</script>\"'><img src=x>";
    let trace = hostile(SCRIPT);
    let mut rejection = Rejection::new(ErrorCode::InvalidName, SCRIPT, SCRIPT);
    (rejection.id, rejection.trace_id) = (Some(SCRIPT.to_owned()), Some(SCRIPT.to_owned()));
    let key = super::map::key::node(&crate::graph::service_graph([&trace], Window::ALL).services[1]);
    let selected = view("").link("").with("node", &key).to_string();
    let everywhere = [
        map("", std::slice::from_ref(&trace)),
        map(selected.trim_start_matches('?'), std::slice::from_ref(&trace)),
        list(selected.trim_start_matches('?'), vec![trace.clone()], 1),
        one(selected.trim_start_matches('?'), &trace),
        intake_page(&[rejection]),
        rendered(&service_map::empty_page(&view(""), SCRIPT, 0, NOW)),
    ];
    for html in everywhere {
        check(&html, &["&#60;script&#62;"], &["<script>", "<img", "onerror="]);
        assert!(!html.contains("style=\""), "the content policy forbids inline style");
    }
}
