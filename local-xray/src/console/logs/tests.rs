//! The page of lines from samples: full, restricted, empty; and that nothing a service writes becomes markup.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::*;
use crate::console::samples::{TRACE_ID, entries, like};
use crate::document::{SegmentId, Timestamp, TraceId};
use crate::limits::Limits;
use crate::logs::{LogRecord, Logs, LogsConfig};
use crate::settings::GroupTable;
use crate::store::Durability;

const NOW: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

fn line(seconds_ago: u64, level: Level, body: Value, fields: Value) -> LogRecord {
    let Value::Object(fields) = fields else { panic!("fields are an object") };
    LogRecord {
        time: NOW.before(Duration::from_secs(seconds_ago)),
        level,
        service: "like service".to_owned(),
        trace_id: TraceId::parse(TRACE_ID),
        span_id: SegmentId::parse("00000000000000a0"),
        body,
        fields,
        source: Map::from_iter([("host.name".to_owned(), json!("box"))]),
    }
}

fn kept(lines: &[LogRecord]) -> LogSnapshot {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let config = LogsConfig {
        folder: None,
        max_bytes: 1 << 20,
        max_age: Duration::from_hours(1),
        durability: Durability::Process,
    };
    let logs = Logs::open(&config).unwrap();
    runtime.block_on(logs.apply(lines)).unwrap();
    logs.snapshot()
}

fn page(query: &str, lines: &[LogRecord]) -> String {
    let (view, asked) = (View::parse(query).unwrap(), Asked::parse(query).unwrap());
    let stored = entries(vec![like()]);
    let find = |id| stored.iter().find(|entry| entry.id() == id).cloned();
    let meant = Meant::new(&view, &GroupTable::new(Limits::default()), &find).unwrap();
    logs_page(&view, &asked, &kept(lines), meant, "127.0.0.1:2000", NOW).render().unwrap()
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

#[test]
fn lines_are_listed_with_their_fields_and_lead_to_their_trace() {
    let lines = [
        line(
            5,
            Level::Warn,
            json!("a like was lost"),
            json!({ "chaos_fault": "not_found", "two words": "x", "path": "/a b" }),
        ),
        line(9, Level::Info, json!("served"), json!({})),
        line(4_000, Level::Info, json!("long ago"), json!({})),
    ];
    let html = page("range=1h", &lines);
    check(
        &html,
        &["2 lines in the last hour", "a like was lost", "chaos_fault=<span class=\"value\">not_found"],
        &["long ago"],
    );
    let trace = format!("/traces/{TRACE_ID}?range=1h&#38;row=00000000000000a0#part-00000000000000a0");
    check(
        &html,
        &[&trace, &TraceId::parse(TRACE_ID).unwrap().to_w3c(), "word error\">warn", "class=\"word soft\">info"],
        &[],
    );
    check(&html, &["q=chaos_fault%3Dnot_found", "q=path%3D%22%2Fa+b%22", "q=host.name%3Dbox"], &["q=two"]);
    check(&html, &["/logs?range=1h&#38;level=warn"], &["Older", "Newest"]);
}

#[test]
fn what_is_asked_stays_in_every_link() {
    let lines = [line(5, Level::Error, json!("slow"), json!({})), line(6, Level::Info, json!("slow"), json!({}))];
    let html = page("q=slow&level=warn&service=like+service", &lines);
    check(
        &html,
        &["1 line in", "value=\"slow\"", "<option value=\"warn\" selected>", "href=\"/logs\""],
        &["info</span> 1"],
    );
    check(&html, &["/logs?range=1h&#38;q=slow&#38;level=warn&#38;service=like+service", "selected>like service<"], &[]);
    let html = page(&format!("trace={TRACE_ID}&service=gone"), &lines);
    check(&html, &["Lift this restriction", "Open the trace", "selected>gone<", "No lines like that here"], &[]);
}

#[test]
fn a_filter_leaves_the_lines_of_the_traces_that_it_means() {
    let of = |trace: Option<TraceId>, text: &str| LogRecord {
        trace_id: trace,
        ..line(5, Level::Warn, json!(text), json!({}))
    };
    let lines = [
        of(TraceId::parse(TRACE_ID), "a like was lost"),
        of(None, "started"),
        of(Some(TraceId::from_bytes([1; 16])), "of a trace that is gone"),
    ];
    let html = page("filter=error&q=a&level=warn", &lines);
    let lift = "href=\"/logs?q=a&#38;level=warn\" title=\"Lift";
    check(&html, &["1 line in", "a like was lost", "only lines of traces with", lift], &["started", "is gone"]);
    check(&html, &["<input type=\"hidden\" name=\"q\" value=\"a\">", "name=\"on\" value=\"logs\""], &[]);
    check(
        &page("filter=ok", &lines),
        &["0 lines in", "No lines like that here", "or lift a restriction"],
        &["a like was lost"],
    );
    check(&page("", &lines), &["3 lines in"], &["only lines", "lift a restriction"]);
}

#[test]
fn pages_go_on_where_they_stopped() {
    let lines: Vec<_> = (0..150).map(|n| line(1, Level::Info, json!(format!("line {n}")), json!({}))).collect();
    let html = page("", &lines);
    check(&html, &["150 lines", ">line 149<", ">line 50<", "Older"], &[">line 49<", "Newest"]);
    let older = html.split("href=\"/logs?before=").nth(1).unwrap().split('"').next().unwrap();
    let html = page(&format!("before={older}"), &lines);
    check(&html, &["150 lines", ">line 49<", ">line 0<", "Newest"], &[">line 50<", "Older", "data-live"]);
}

#[test]
fn an_empty_page_says_how_to_send_lines() {
    check(&page("", &[]), &["No log lines yet", "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:2000"], &["Look at"]);
    let old = [line(4_000, Level::Info, json!("x"), json!({}))];
    check(&page("", &old), &["No lines here", "href=\"/logs?range=all\""], &["clear the search"]);
}

#[test]
fn nothing_that_a_service_writes_becomes_markup() {
    let hostile = "<script>alert(1)</script>\"'><img src=x>";
    let mut line = line(1, Level::Info, json!(hostile), json!({ hostile: hostile }));
    line.service = hostile.to_owned();
    check(
        &page("service=%3Cscript%3E&q=%3Cscript%3E", &[line.clone()]),
        &["&#60;script&#62;"],
        &["<script>alert", "<img src=x"],
    );
    check(&page("", &[line]), &["&#60;script&#62;alert"], &["<script>alert", "<img src=x", "\"'>"]);
}

#[test]
fn long_messages_are_cut_in_the_row_and_whole_below() {
    let long = format!("{}\nsecond", "word ".repeat(200));
    let html = page("", &[line(1, Level::Info, json!(long), json!({}))]);
    check(&html, &["…</span>", "aria-label=\"Message\"", "\nsecond</pre>"], &[]);
}

#[test]
fn the_lines_of_a_trace_have_times_after_its_beginning() {
    let lines = [line(5, Level::Info, json!("second"), json!({})), line(6, Level::Info, json!("first"), json!({}))];
    let id = TraceId::parse(TRACE_ID).unwrap();
    let logs = of_trace(&kept(&lines), id, lines[0].time, &View::default()).unwrap();
    let rows: Vec<_> = logs.rows.iter().map(|row| (row.time.as_str(), row.message.as_str())).collect();
    assert_eq!(rows, [("−1.00 s", "first"), ("+0 ms", "second")]);
    assert_eq!((logs.count.as_str(), logs.is_cut), ("2 lines", false));
    assert_eq!(logs.all, format!("/logs?range=all&trace={TRACE_ID}"));
    assert!(of_trace(&kept(&[]), id, NOW, &View::default()).is_none());
}

#[test]
fn what_is_not_understood_is_refused() {
    for query in ["level=loud", "trace=1-2", "before=x"] {
        assert!(Asked::parse(query).is_err(), "{query}");
    }
}
