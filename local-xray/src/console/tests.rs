//! Every page rendered from samples: full, empty, partial and refused; and that nothing a sender writes becomes markup.

use std::collections::BTreeMap;
use std::time::Duration;

use askama::Template;

use crate::document::{ErrorCode, Rejection, TraceId, Window};
use crate::filter;
use crate::graph::{ServiceGraph, service_graph};
use crate::ingest::{Door, IntakeReport, LoggedRejection};
use crate::limits::Limits;
use crate::logs::LogsReport;
use crate::settings::GroupTable;
use crate::store::{Evicted, Eviction, Incident, Recovery, StoreReport, Trace};

use super::expression::NO_HEALTH_CHECKS;
use super::found::Found;
use super::gaps::Losses;
use super::map::Places;
use super::page::{Frame, Section};
use super::samples::{NOW, TRACE_ID, entries, hostile, like, pending, trace};
use super::seen::Seen;
use super::unread::UnreadPage;
use super::view::View;
use super::{dashboard, intake, raw, service_map, trace as trace_view, traces};

const SECOND: Duration = Duration::from_secs(1);
const ADDRESS: &str = "127.0.0.1:2000";

fn view(query: &str) -> View {
    View::parse(query).expect("the query is understood")
}

fn rendered(page: &impl Template) -> String {
    page.render().expect("the page renders")
}

fn found(query: &str, traces: Vec<Trace>, stored: usize) -> Found {
    let groups = GroupTable::new(Limits::default());
    Found::among(&view(query), &entries(traces), stored, &groups).expect("the expression is understood")
}

fn seen(query: &str, traces: Vec<Trace>, stored: usize) -> Seen {
    Seen::among(&view(query), true, found(query, traces, stored), NOW)
}

fn graph(trace: &Trace) -> ServiceGraph {
    service_graph([trace], Window::ALL)
}

/// A map of no traces, while so many are stored elsewhere.
fn empty_map(query: &str, address: &str, stored: usize) -> String {
    rendered(&service_map::map_page(&view(query), &seen(query, Vec::new(), stored), Places::default(), address, NOW))
}

fn map(query: &str, traces: &[Trace]) -> String {
    rendered(&service_map::map_page(
        &view(query),
        &seen(query, traces.to_vec(), traces.len()),
        Places::default(),
        ADDRESS,
        NOW,
    ))
}

fn list(query: &str, traces: Vec<Trace>, stored: usize) -> String {
    rendered(&traces::traces_page(&view(query), &found(query, traces, stored), NOW))
}

fn one(query: &str, trace: &Trace) -> String {
    rendered(&trace_view::trace_page(&view(query), trace, None, ADDRESS, NOW))
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
    check(&html, &["Measured by the service itself.", "/traces?node=like+service&#38;state=error", "p95"], &[]);
    check(&html, &["/traces?node=like+service&#38;band=1500-2000", "data-as=\"band\""], &["Not on the map"]);
    check(&html, &["/traces?node=like+service&#38;time=100-110", "1 call: 1 error"], &[]);
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
    let html = empty_map("", ADDRESS, 0);
    check(
        &html,
        &["No traces yet", "AWS_XRAY_DAEMON_ADDRESS=127.0.0.1:2000", "/dev/udp/127.0.0.1/2000"],
        &["outside this range"],
    );
}

#[test]
fn a_quiet_map_leads_to_older_traces() {
    let html = empty_map("range=5m", ADDRESS, 7);
    check(&html, &["Quiet in the last 5 minutes", "7 older traces", "href=\"/map?range=all\""], &["No traces yet"]);
}

#[test]
fn what_the_map_misses_is_said_above_it() {
    let drawn = |losses: Losses| {
        let seen = Seen { losses, ..seen("range=all", vec![like(), pending()], 2) };
        rendered(&service_map::map_page(&view("range=all"), &seen, Places::default(), ADDRESS, NOW))
    };
    let html = drawn(Losses::default());
    check(&html, &["href=\"/traces?range=all&#38;state=partial\"", ">1 partial trace</a>"], &["What is missing here"]);
    let gone = [(Eviction::Room, Evicted { traces: 5, segments: 9, until: Some(NOW.before(SECOND * 90)) })].into();
    let html = drawn(Losses::of(&StoreReport { evicted: gone, ..StoreReport::default() }, &IntakeReport::default()));
    check(&html, &["traces that ended up to 1 min ago", "href=\"/intake?range=all\"", "What is missing here"], &[]);
    check(&map("time=1-110", &[like()]), &["Covers 10 s of 1 min 49 s, since the first trace"], &["partial trace"]);
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
    let trace = trace(&documents);
    check(&map("", std::slice::from_ref(&trace)), &["200 services", "service * ×"], &[">service 199</text>"]);
    check(&map("clusters=off", &[trace]), &["200 services", ">service 199</text>"], &["×"]);
}

#[test]
fn a_map_can_be_drawn_around_one_node() {
    let html = map("focus=like+service&depth=1", &[like()]);
    check(&html, &["around <b>like service</b>", "href=\"/map\">Whole map", ">monolith<"], &[">mysfits@sqlite</text>"]);
    check(&html, &["depth=2", "href=\"/map?focus=like+service&#38;node=monolith\""], &[]);
    check(&map("focus=nobody", &[like()]), &["around <b>nobody</b>", ">mysfits@sqlite</text>"], &[]);
}

#[test]
fn nodes_that_stayed_stand_where_they_stood() {
    let discs = |html: &str| {
        let nodes = html.split("<a class=\"node").skip(1);
        let place = |node: &str| {
            let (name, disc) = (node.split("<title>").nth(1)?, node.split("class=\"disc\" ").nth(1)?);
            Some((name.split([':', ' ']).next()?.to_owned(), disc.split(" r=").next()?.to_owned()))
        };
        nodes.filter_map(place).collect::<BTreeMap<_, _>>()
    };
    let before = map("", &[like()]);
    let places = before.split("data-places=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("places");
    let crowd = Trace::from_segments(TraceId::from_bytes([8; 16]), crowd_of(5).segments().iter().cloned());
    let all = seen("", vec![like(), health_check(), crowd], 3);
    let anew = rendered(&service_map::map_page(&view(""), &all, Places::default(), ADDRESS, NOW));
    let kept = rendered(&service_map::map_page(&view(""), &all, Places::parse(places), ADDRESS, NOW));
    let (before, anew, kept) = (discs(&before), discs(&anew), discs(&kept));
    assert!(before.iter().any(|(name, place)| anew[name] != *place), "the new nodes would move the old ones");
    assert!(
        before.iter().filter(|(name, _)| *name != "Clients").all(|(name, place)| kept[name] == *place),
        "{kept:#?}"
    );
    assert_eq!(kept.len(), anew.len());
}

#[test]
fn a_name_that_is_looked_for_stands_out() {
    let html = map("find=MYS", &[like()]);
    check(&html, &["1 node named like that", "database unseen found selected", " finding\"", "class=\"panel\""], &[]);
    check(&map("find=e", &[like()]), &["3 nodes named", "value=\"e\""], &["class=\"panel\""]);
    check(&map("find=nobody", &[like()]), &["0 nodes named"], &[]);
}

#[test]
fn the_period_before_is_compared_in_words_and_on_the_map() {
    let mut seen = seen("compare=before", vec![like()], 1);
    let before = trace(&[r#""name": "worker", "id": "0000000000000001", "start_time": 100, "end_time": 101"#]);
    seen.before = Some((Window { start: NOW.before(SECOND * 20), end: NOW.before(SECOND * 10) }, graph(&before)));
    let html = rendered(&service_map::map_page(&view("compare=before"), &seen, Places::default(), ADDRESS, NOW));
    check(&html, &["Compared with 00:01:30–00:01:40 UTC", "is-gone", ">worker<", ">gone</span>", ">new</span>"], &[]);
    check(&html, &["/traces?time=90-100&#38;node=worker", "href=\"/map?compare=before&#38;node=like+service\""], &[]);
    seen.before = Some((seen.window, seen.graph.clone()));
    let html = rendered(&service_map::map_page(&view("compare=before"), &seen, Places::default(), ADDRESS, NOW));
    check(&html, &["Nothing came or went"], &["is-new", "is-gone"]);
    seen.before = Some((seen.window, ServiceGraph::default()));
    let html = rendered(&service_map::map_page(&view("compare=before"), &seen, Places::default(), ADDRESS, NOW));
    check(&html, &["nothing to compare with"], &["is-new"]);
    check(&map("time=100-110", &[like()]), &["href=\"/map?time=100-110&#38;compare=before\""], &["Compared with"]);
    check(&map("range=all", &[like()]), &[], &["compare=before"]);
}

/// 60 services that a gateway calls.
fn crowd() -> Trace {
    crowd_of(60)
}

fn crowd_of(services: u32) -> Trace {
    let mut documents =
        vec![r#""name": "gateway", "id": "00000000000000ff", "start_time": 100, "end_time": 101"#.to_owned()];
    documents.extend((0..services).map(|n| {
        format!(r#""name": "shop-{n:02}", "id": "{n:016x}", "parent_id": "00000000000000ff", "start_time": 100, "end_time": 101"#)
    }));
    trace(&documents.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn a_crowded_map_is_drawn_in_clusters_that_open() {
    let html = map("", &[crowd()]);
    check(
        &html,
        &["61 services", ">shop-* ×60<", "href=\"/map?open=shop-*%21%212\"", "In clusters"],
        &[">shop-07</text>"],
    );
    check(&html, &["11 more are on the map"], &[]);
    check(&map("open=shop-*%21%212", &[crowd()]), &[">shop-07</text>", "Close the cluster", " dense"], &["×60"]);
    check(&map("clusters=off", &[crowd()]), &[">shop-07</text>", "In clusters"], &["×60"]);
    check(&map("node=shop-07", &[crowd()]), &[">shop-07</text>", ">shop-* ×59<"], &[]);
    check(&map("", &[like()]), &[], &["In clusters"]);
}

// === The dashboard ===

fn board(query: &str, traces: Vec<Trace>) -> String {
    let stored = traces.len();
    rendered(&dashboard::dashboard_page(&view(query), &seen(query, traces, stored), ADDRESS, NOW))
}

/// Likes of which each failed, in traces of their own.
fn failed_likes(count: u8) -> Vec<Trace> {
    let renamed = |n| Trace::from_segments(TraceId::from_bytes([n; 16]), like().segments().iter().cloned());
    (1..=count).map(renamed).collect()
}

#[test]
fn the_dashboard_reports_services_that_fail_more_than_is_put_up_with() {
    let html = board("", failed_likes(5));
    check(&html, &["<title>2 alerts", "<b>like service</b>: 5 of the 5 requests of its last 5 min failed, 100 %"], &[]);
    check(&html, &["the threshold is 5 %", "likes-1", "/traces?node=like+service&#38;state=error"], &["No alert"]);
    check(&html, &["/traces?node=like+service&#38;time=100-110", "100 % failing of 5 calls: 5 error"], &[]);
    check(&board("alert=100", failed_likes(5)), &["<title>Dashboard", "No alert", "value=\"100\""], &["pill fault"]);
    check(&board("", failed_likes(4)), &["No alert"], &["pill fault"]);
}

#[test]
fn the_dashboard_shows_one_service_when_one_is_selected() {
    let html = board("node=like+service&alert=7", failed_likes(1));
    check(&html, &["1 service in", "href=\"/dashboard?alert=7\"", ": 1 task<"], &["node=monolith&#38;time"]);
    check(&board("node=nobody", failed_likes(1)), &["No service like that"], &[]);
    check(&board("", Vec::new()), &["No traces yet", "AWS_XRAY_DAEMON_ADDRESS"], &["name=\"alert\""]);
}

// === The list ===

#[test]
fn the_list_shows_what_the_root_answered() {
    let html = list("", vec![like()], 1);
    check(
        &html,
        &["1 trace in", "…12345678", "404", "2.50 s", "POST", "/mysfits/7", ">monolith<"],
        &["Older", "pill partial"],
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
    let html = rendered(&trace_view::trace_page(&view(""), &like(), open, ADDRESS, NOW));
    check(&html, &["<details id=\"part-0000000000000004\" class=\"block\" open>"], &[]);
    assert_eq!(html.matches(" open>").count(), 1);
}

#[test]
fn a_partial_trace_refreshes_itself_and_says_why() {
    check(&one("", &pending()), &["data-live", "Some of its work is still in progress.", "pending"], &[]);
}

#[test]
fn a_partial_trace_says_what_is_missing() {
    let orphan = r#""name": "loose", "type": "subsegment", "id": "0000000000000002", "parent_id": "0000000000000001",
        "start_time": 100, "end_time": 101"#;
    let unanswered = r#""name": "monolith", "id": "0000000000000001", "start_time": 100, "end_time": 101, "subsegments": [
        {"name": "like service", "id": "0000000000000002", "namespace": "remote", "start_time": 100, "end_time": 101,
         "http": {"request": {"traced": true}}}]"#;
    for (documents, why) in [
        (orphan, "The parent of some of its work has not arrived."),
        (unanswered, "A call to a traced service has not been answered by a segment."),
    ] {
        let trace = trace(&[documents]);
        check(&one("", &trace), &[why], &[]);
        check(&list("", vec![trace], 1), &[why], &[]);
    }
    check(&list("", vec![like()], 1), &[], &["pill partial"]);
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
    let evicted = [(Eviction::Room, Evicted { traces: 5, segments: 9, until: Some(NOW) })].into();
    let recovery = Recovery { torn_bytes: 17, ..Recovery::default() };
    let incident = Some(Incident { since: NOW, words: "the disk is full".into() });
    let store = StoreReport {
        traces: 2,
        live: 1,
        bytes: 1 << 20,
        max_bytes: 4 << 20,
        max_memory: 1 << 30,
        evicted,
        recovery,
        stuck_files: 3,
        unreadable: 5,
        contested: 1,
        incident,
    };
    let evicted = [(Eviction::Age, 12)].into();
    let logs = LogsReport { lines: 3, bytes: 1 << 10, max_bytes: 2 << 20, evicted, ..LogsReport::default() };
    rendered(&intake::intake_page(&view(""), &report, &store, &logs, NOW))
}

#[test]
fn the_intake_counts_what_was_let_in_and_let_go() {
    let html = intake_page(&[]);
    check(
        &html,
        &[
            "PutTraceSegments",
            "OTLP/gRPC",
            "Nothing has been refused.",
            "1.0 MiB of 4.0 MiB",
            "1.0 KiB of 2.0 MiB",
            "<dt>Lines that went because of their age</dt><dd>12</dd>",
            "<dt>Ids of a segment and a subsegment at once</dt><dd>1</dd>",
            "Cut off at the end",
            "17 bytes",
            "the disk is full",
            "width=\"25.0%\"",
        ],
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

// === The filter ===

/// A request of the load balancer, of a trace of its own.
fn health_check() -> Trace {
    let members = r#""name": "monolith", "id": "0000000000000009", "start_time": 100, "end_time": 100.001,
        "http": {"request": {"method": "GET", "user_agent": "ELB-HealthChecker/2.0"}, "response": {"status": 200}}"#;
    let sample = trace(&[members]);
    let id = TraceId::from_bytes([9; 16]);
    Trace::from_segments(id, sample.segments().iter().cloned())
}

/// A query with a filter expression, as a browser sends it.
fn filtered(expression: &str) -> String {
    view("").filtered(expression).link("").to_string().trim_start_matches('?').to_owned()
}

fn unread(expression: &str) -> String {
    let query = filtered(expression);
    let frame = Frame::still("Traces", Section::Traces, &view(&query)).with_query("/traces", &view(&query));
    let error = filter::parse(expression).expect_err("the expression is not understood");
    rendered(&UnreadPage::new(frame, &error, "/traces", &view(&query)))
}

#[test]
fn map_and_list_are_about_the_traces_that_match() {
    let traces = [like(), health_check()];
    let query = filtered("http.method = \"POST\"");
    check(&map("", &traces), &["2 traces in", "3 services"], &["of 2"]);
    check(&map(&query, &traces), &["1 trace of 2 in", "3 services", ">like service<"], &["health check"]);
    check(&list(&query, traces.to_vec(), 2), &["1 trace of 2 in", "…12345678"], &["…09090909"]);
    let nothing = filtered("http.method = \"PUT\"");
    let says = ["No traces like that", "range=all&#38;filter=http.method", "clear the filter", "of 2 in"];
    check(&map(&nothing, &traces), &says, &["OTEL_EXPORTER", ">monolith<"]);
    check(&list(&nothing, traces.to_vec(), 2), &says, &["…12345678"]);
}

#[test]
fn every_link_keeps_the_filter() {
    let query = format!("{}&range=1h&node=like+service", filtered("error"));
    for html in [map(&query, &[like()]), list(&query, vec![like()], 1), one(&query, &like())] {
        let pages = html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        let pages = pages.filter(|href| ["/map", "/traces"].iter().any(|page| href.starts_with(page)));
        let without: Vec<_> = pages.filter(|href| !href.contains("filter=")).collect();
        // Clearing the filter is what one link is for, and a file to download has no state.
        let cleared = without.iter().filter(|href| href.contains("range=1h&#38;node=like+service"));
        assert!(cleared.count() <= 1 && without.len() <= 1, "{without:?}");
        check(&html, &["name=\"range\" value=\"1h\"", "name=\"filter\" value=\"error\""], &[]);
        assert_eq!(
            html.matches("name=\"filter\"").count(),
            2 + html.matches("name=\"find\"").count(),
            "only the bar, and what saves a group or looks for a node, sends the filter"
        );
    }
}

#[test]
fn health_checks_are_hidden_and_shown_by_one_click() {
    let traces = [like(), health_check()];
    let html = map(&filtered("ok OR error"), &traces);
    let hidden = "href=\"/map?filter=%28ok+OR+error%29+AND+%21http.useragent+BEGINSWITH+%22ELB-HealthChecker%22\"";
    check(&html, &["Hide 1 health check<", hidden], &[]);
    let html = list(&filtered(&format!("error AND {NO_HEALTH_CHECKS}")), traces.to_vec(), 2);
    check(&html, &["Health checks hidden", "href=\"/traces?filter=error\"", "1 trace of 2"], &["Hide 1"]);
    check(&map("", &[like()]), &[], &["health check"]);
}

#[test]
fn a_word_that_asks_less_than_it_seems_is_explained_when_that_matters() {
    let handled = trace(&[
        r#""name": "monolith", "id": "0000000000000001", "start_time": 100, "end_time": 101, "subsegments": [
            {"name": "like service", "id": "0000000000000002", "namespace": "remote", "start_time": 100, "end_time": 101}]"#,
        r#""name": "like service", "id": "0000000000000004", "parent_id": "0000000000000002", "start_time": 100,
            "end_time": 101, "error": true"#,
    ]);
    let says = ["asks the first service only", "?filter=service%28%29+%7B+error+%7D\"", "1 trace instead of 0"];
    check(&map(&filtered("error"), std::slice::from_ref(&handled)), &says, &[]);
    check(&list(&filtered("error"), vec![handled], 1), &says, &[]);
    check(&list(&filtered("error"), vec![like()], 1), &[], &["asks the first service only"]);
}

#[test]
fn an_expression_that_is_not_understood_is_shown_with_the_place_and_the_word_that_was_meant() {
    let html = unread("ok AND service(\"a\") { falt }");
    let corrected = "href=\"/traces?filter=ok+AND+service%28%22a%22%29+%7B+fault+%7D\"";
    check(&html, &["{ <mark>falt</mark> }", "at character 23", "did you mean `fault`?", corrected], &["data-live"]);
    check(&html, &["value=\"ok AND service(&#34;a&#34;) { falt }\"", "aria-invalid", "responsetime &#62; 1"], &[]);
    check(&unread("ok AND"), &["ok AND<mark></mark>", "at character 7"], &[]);
    check(&unread("1-4efaaf4d"), &["a trace id has 1, then 8 and 24"], &[]);
    check(&unread("<script>"), &["&#60;script&#62;"], &["<script>"]);
}

#[test]
fn what_every_expression_may_begin_with_is_on_every_page() {
    for html in [list("", vec![like()], 1), one("", &like()), intake_page(&[])] {
        check(&html, &["<option value=\"responsetime\">", "id=\"words\""], &[]);
    }
}

#[test]
fn names_that_nothing_has_are_pointed_out_when_nothing_is_found() {
    let html = list(&filtered("service(\"like servic\")"), vec![like()], 1);
    check(
        &html,
        &[
            "no service is called",
            "Did you mean <a href=\"/traces?filter=service%28%22like+service%22%29\">like service",
        ],
        &[],
    );
    let html = list(&filtered("responsetime > 2 AND http.status = 200"), vec![like()], 1);
    check(&html, &[], &["asks the first service only"]);
    let below = list(&filtered("responsetime < 2"), vec![like()], 1);
    check(&below, &["asks the first service only", "service() { responsetime &#60; 2 }", "1 trace instead of 0"], &[]);
}

// === All of them ===

#[test]
fn nothing_from_a_trace_becomes_markup() {
    const SCRIPT: &str = "<script>alert(1)</script>\"'><img src=x>";
    let trace = hostile(SCRIPT);
    let mut rejection = Rejection::new(ErrorCode::InvalidName, SCRIPT, SCRIPT);
    (rejection.id, rejection.trace_id) = (Some(SCRIPT.to_owned()), Some(SCRIPT.to_owned()));
    let key = super::map::key::node(&graph(&trace).services[1]);
    let selected = view("").link("").with("node", &key).to_string();
    let everywhere = [
        map("", std::slice::from_ref(&trace)),
        map(selected.trim_start_matches('?'), std::slice::from_ref(&trace)),
        list(selected.trim_start_matches('?'), vec![trace.clone()], 1),
        board("", vec![trace.clone()]),
        one(selected.trim_start_matches('?'), &trace),
        intake_page(&[rejection]),
        empty_map("", SCRIPT, 0),
    ];
    for html in everywhere {
        check(&html, &["&#60;script&#62;"], &["<script>", "<img", "onerror="]);
        assert!(!html.contains("style=\""), "the content policy forbids inline style");
    }
}
