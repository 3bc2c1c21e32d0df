//! The pages that help to find out: the list sorted, cut and grouped, two sets side by side, a trace with what its answer
//! waited for, and explanations.

use askama::Template;

use crate::document::{Segment, TraceId};
use crate::limits::Limits;
use crate::settings::GroupTable;
use crate::store::Trace;

use super::found::Found;
use super::samples::{NOW, TRACE_ID, entries, hostile, like, pending};
use super::view::View;
use super::{analytics, trace as trace_view, traces, why};

const ADDRESS: &str = "127.0.0.1:2000";

fn view(query: &str) -> View {
    View::parse(query).expect("the query is understood")
}

fn groups() -> GroupTable {
    GroupTable::new(Limits::default())
}

fn found(query: &str, traces: Vec<Trace>) -> Found {
    let stored = traces.len();
    Found::among(&view(query), &entries(traces), stored, &groups()).expect("the expression is understood")
}

fn list(query: &str, traces: Vec<Trace>) -> String {
    traces::traces_page(&view(query), &found(query, traces), NOW).render().expect("the page renders")
}

fn compared(query: &str, traces: Vec<Trace>) -> String {
    let page = analytics::analytics_page(&view(query), &found(query, traces), &groups());
    page.render().expect("the page renders")
}

fn explained(query: &str, traces: Vec<Trace>) -> String {
    why::why_page(&view(query), &found(query, traces), NOW).render().expect("the page renders")
}

fn one(trace: &Trace) -> String {
    trace_view::trace_page(&view(""), trace, None, ADDRESS, NOW).render().expect("the page renders")
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

/// The same work in a trace of its own, begun so many seconds later and taking so long.
fn again(number: u8, later: u64, seconds: u64) -> Trace {
    let root = like().segments()[0].clone();
    let start =
        crate::document::Timestamp::from_micros(root.start_time.micros() + i64::try_from(later).unwrap() * 1_000_000);
    let end = crate::document::Timestamp::from_micros(start.micros() + i64::try_from(seconds).unwrap() * 1_000_000);
    let segment = Segment { start_time: start, end_time: Some(end), subsegments: Vec::new(), ..root };
    Trace::from_segments(TraceId::from_bytes([number; 16]), [segment])
}

/// A trace in progress beside the others, which all have one id.
fn open() -> Trace {
    Trace::from_segments(TraceId::from_bytes([8; 16]), pending().segments().iter().cloned())
}

/// The ids of the list, by their first byte, in order.
fn listed(html: &str) -> Vec<u8> {
    let ids = html.split("<td class=\"id\"><a href=\"/traces/1-").skip(1);
    ids.map(|rest| u8::from_str_radix(&rest[..2], 16).unwrap()).collect()
}

// === The list ===

#[test]
fn the_list_can_be_sorted_both_ways_by_age_and_response_time() {
    let traces = || vec![again(3, 4, 1), again(2, 2, 3), again(1, 0, 2)];
    let order = |query: &str| listed(&list(query, traces()));
    assert_eq!(order(""), [3, 2, 1]);
    assert_eq!(order("sort=oldest"), [1, 2, 3]);
    assert_eq!(order("sort=slowest"), [2, 1, 3]);
    assert_eq!(order("sort=fastest"), [3, 1, 2]);
    let html = list("sort=slowest", traces());
    check(&html, &["aria-sort=\"descending\"><a class=\"sort\" href=\"/traces?sort=fastest\">Response time"], &[]);
    check(&html, &["<th><a class=\"sort\" href=\"/traces\">Age"], &[]);
}

#[test]
fn every_order_is_paged_without_gap_or_overlap() {
    let traces = || (0..120_u8).rev().map(|n| again(n, u64::from(n), u64::from(n % 7) + 1)).collect::<Vec<_>>();
    for sort in ["oldest", "slowest", "fastest"] {
        let (mut query, mut seen) = (format!("sort={sort}"), Vec::new());
        loop {
            let html = list(&query, traces());
            seen.extend(listed(&html));
            let Some(next) = html.split("after=").nth(1) else { break };
            query = format!("sort={sort}&after={}", &next[..next.find('"').expect("the link ends")]);
        }
        let mut sorted = seen.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..120).collect::<Vec<u8>>(), "{sort}");
    }
    assert_eq!(listed(&list("rows=200", traces())).len(), 120);
}

#[test]
fn charts_above_the_list_lead_to_a_part_of_it() {
    let traces = || vec![again(2, 2, 3), again(1, 0, 2)];
    let html = list("", traces());
    check(&html, &["data-as=\"time\"", "data-as=\"band\"", "/traces?band=2000-3000", "When they began", "p99"], &[]);
    let picked = list("band=2000-3000", traces());
    assert_eq!(listed(&picked), [1]);
    check(&picked, &["/traces?band=3000-5000", "2 s to 3 s", "1 trace of 2"], &[]);
}

#[test]
fn groups_count_traces_and_lead_to_exactly_those() {
    let traces = || vec![again(2, 2, 3), like(), pending()];
    let html = list("by=annotation.chaos_fault&rows=200", traces());
    let narrowed = "href=\"/traces?filter=annotation.chaos_fault+%3D+%22not_found%22&#38;rows=200\">not_found<";
    check(&html, &["Groups by chaos_fault", narrowed, "33 %", "%21annotation.chaos_fault", ">(none)<"], &[]);
    check(&list("by=status", traces()), &["http.status+%3D+404", "100 %"], &[]);
    check(&list("by=service", traces()), &["service%28%22like+service%22%29"], &[]);
    check(&list("by=error", traces()), &["monolith → like service", "rootcause.error.service"], &[]);
    check(&list("", traces()), &["/traces?by=url", "/traces?by=annotation.mysfit_id"], &["Groups by"]);
    check(&list("by=annotation.gone", traces()), &[">gone <span"], &[]);
}

// === Two sets ===

#[test]
fn two_sets_are_told_apart_by_what_differs() {
    let html = compared("", vec![like(), open()]);
    check(&html, &["name=\"a\"", ">ok</textarea>", ">!ok</textarea>", "Nothing to set"], &["aria-invalid"]);
    let html = compared("a=!error&b=error", vec![like(), open()]);
    check(&html, &["What differs most", "chaos_fault", "+100 points"], &["in both sets"]);
    let html = compared("a=error&b=", vec![like(), open()]);
    check(&html, &["1 trace in both sets", ">2 traces</a>", "chaos_fault", "&#38;b=error", "\u{2212}50 points"], &[]);
    let empty = compared("a=fault&b=throttle", vec![like()]);
    check(&empty, &["Nothing to set against each other", "0 traces"], &["What differs most"]);
    check(&compared("", Vec::new()), &["Nothing to set against each other"], &[]);
}

#[test]
fn a_set_that_is_not_understood_says_where() {
    let html = compared("a=falt&b=ok", vec![like()]);
    check(
        &html,
        &["<mark>falt</mark>", "aria-describedby=\"unread-a\"", "did you mean `fault`?", ">falt</textarea>"],
        &[],
    );
    check(&html, &[], &["What differs most", "unread-b"]);
}

#[test]
fn comparisons_keep_the_bar_and_offer_others() {
    let html = compared("range=1h&filter=error", vec![like()]);
    check(&html, &["name=\"range\" value=\"1h\"", "name=\"filter\" value=\"error\""], &[]);
    check(&html, &["The slowest tenth", "With the annotation chaos_fault", "filter=error+AND+%21ok"], &[]);
}

#[test]
fn a_band_of_response_times_narrows_both_sets_and_not_the_chart() {
    let traces = || vec![again(3, 4, 1), again(2, 2, 3), again(1, 0, 2), open()];
    let html = compared("a=error&b=", traces());
    check(
        &html,
        &["data-brush=\"/analytics?a=error&#38;b=\" data-as=\"band\"", "band=2000-3000", "3 traces in both sets"],
        &["only"],
    );
    let html = compared("a=error&b=&band=2000-5000", traces());
    check(
        &html,
        &["2 traces of 4", ">2 traces</a>", "2 traces in both sets", "2 s to 5 s", "band=1000-1500"],
        &[">3 traces</a>"],
    );
    check(&html, &["/traces?filter=error&#38;band=2000-5000", "href=\"/analytics?a=error&#38;b=\" title=\"Lift"], &[]);
    check(&html, &["name=\"band\" value=\"2000-5000\"", "band=2000-3000\" aria-current=\"true\""], &[]);
    assert_eq!(listed(&list("filter=error&band=2000-5000", traces())), [2, 1], "the link leads to what was counted");
    check(&compared("band=9000-9001", traces()), &["0 traces of 4", "Nothing to set against each other"], &[]);
}

// === Why ===

#[test]
fn a_map_is_explained_from_its_traces() {
    let html = explained("", vec![like()]);
    check(&html, &["mysfits@sqlite sent nothing itself", "A database sends no segments", TRACE_ID], &["Nothing needs"]);
    let asked = explained("node=like+service", vec![like()]);
    check(&asked, &["Why is it so: like service", "Explain the whole map", "Nothing needs"], &["A database sends"]);
    let edge = explained("edge=monolith%3Emysfits%40sqlite%21Database%3A%3ASQL", vec![like()]);
    check(&edge, &["monolith → mysfits@sqlite", "A database sends"], &[]);
    check(&explained("node=nobody", vec![like()]), &["a node that is not on the map"], &[]);
}

// === One trace ===

#[test]
fn a_trace_shows_own_time_the_critical_path_and_how_to_fetch_it() {
    let html = one(&like());
    check(
        &html,
        &["What the answer waited for", "href=\"#part-0000000000000004\"", "own 500 ms", "class=\"critical\""],
        &[],
    );
    let command = format!(
        "aws xray batch-get-traces --trace-ids {TRACE_ID} --endpoint-url http://{ADDRESS} --region us-east-1 --no-sign-request"
    );
    check(&html, &[&command, "/raw.json", "id=\"why\""], &[]);
    check(&one(&pending()), &["id=\"why\" open", "has not ended"], &["What the answer waited for"]);
}

#[test]
fn a_protected_trace_is_fetched_with_the_token() {
    let protected = View { is_protected: true, ..view("") };
    let html = trace_view::trace_page(&protected, &like(), None, ADDRESS, NOW).render().expect("the page renders");
    check(&html, &["AWS_ACCESS_KEY_ID=$LOCAL_XRAY_TOKEN", "Sign out"], &["--no-sign-request"]);
}

// === All of them ===

#[test]
fn nothing_from_a_trace_becomes_markup() {
    const SCRIPT: &str = "<script>alert(1)</script>\"'><img src=x>";
    let sample = || vec![hostile(SCRIPT), pending()];
    let unknown = view("").filtered(r#"service("<script>")"#).link("").to_string();
    let pages = [
        list("by=url", sample()),
        list("by=user", sample()),
        list("by=slow", sample()),
        list(unknown.trim_start_matches('?'), sample()),
        compared("a=fault&b=!fault", sample()),
        explained("", sample()),
        one(&hostile(SCRIPT)),
    ];
    for html in pages {
        check(&html, &["&#60;script&#62;"], &["<script>", "<img", "onerror="]);
        assert!(!html.contains("style=\""), "the content policy forbids inline style");
    }
}
