//! The worked examples of X-Ray's documentation and of the lab, and what holds for every graph.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::document::{Segment, Timestamp, TraceId, Window, parse};
use crate::store::Trace;
use crate::summary::{TraceSummary, summarise};

const TRACE: &str = "1-5759e988-bd862e3fe1be46a994272793";

/// Puts one trace together from members of its documents; the trace id is filled in.
fn trace(unique: u8, documents: &[&str]) -> Trace {
    let trace_id = TRACE.replace("93", &format!("{unique:02x}"));
    let segments = documents.iter().map(|members| {
        let json = format!(r#"{{"trace_id": "{trace_id}", {members}}}"#);
        parse(&json).unwrap_or_else(|rejection| panic!("{rejection}: {json}")).remove(0).segment
    });
    Trace::from_segments(TraceId::parse(&trace_id).unwrap(), segments)
}

fn statistics(statistics: &Statistics) -> String {
    let seconds = statistics.total_response_time.as_secs_f64();
    let mut text = format!("{} in {seconds}s", statistics.total_count());
    let counts =
        [("error", statistics.error_count), ("throttle", statistics.throttle_count), ("fault", statistics.fault_count)];
    for (name, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
        write!(text, ", {name} {count}").unwrap();
    }
    text
}

fn histogram(histogram: &Histogram) -> String {
    histogram.entries().map(|(millis, count)| format!(" {millis}ms×{count}")).collect()
}

/// A graph as text, a line for each node and each edge.
fn text(graph: &ServiceGraph) -> Vec<String> {
    let label = |service: &Service| format!("{} ({})", service.name, service.service_type.as_deref().unwrap_or("-"));
    let mut lines = Vec::new();
    for service in &graph.services {
        let root = if service.root { " root" } else { "" };
        let own = service.statistics.as_ref().map_or("no numbers".to_owned(), statistics);
        lines.push(format!("{} {}{root}: {own}", label(service), service.state.as_str()));
        for edge in &service.edges {
            let link = if edge.kind == EdgeKind::Link { " link" } else { "" };
            lines.push(format!("  -> {}{link}: {}", label(&graph.services[edge.target]), statistics(&edge.statistics)));
        }
    }
    lines
}

#[track_caller]
fn check(traces: &[Trace], expected: &[&str]) {
    assert_eq!(text(&service_graph(traces, Window::ALL)), expected);
}

#[test]
fn no_traces_make_an_empty_graph() {
    check(&[], &[]);
}

#[test]
fn the_example_of_the_developer_guide() {
    let app = r#""name": "xray-sample.elasticbeanstalk.com", "origin": "AWS::EC2::Instance""#;
    let with_calls = |start: f64, took: f64, table: f64, topic: f64| {
        format!(
            r#"{app}, "id": "00000000000000a0", "start_time": {start}, "end_time": {}, "subsegments": [
            {{"id": "00000000000000a1", "name": "DynamoDB", "namespace": "aws", "start_time": {start}, "end_time": {},
              "aws": {{"table_name": "StartupSignupsTable"}}}},
            {{"id": "00000000000000a2", "name": "SNS", "namespace": "aws", "start_time": {start}, "end_time": {}}}]"#,
            start + took,
            start + table,
            start + topic
        )
    };
    let plain = |start: f64, took: f64, more: &str| {
        format!(r#"{app}, "id": "00000000000000a0", "start_time": {start}, "end_time": {}{more}"#, start + took)
    };
    let traces = [
        trace(1, &[&plain(100.0, 0.005, "")]),
        trace(2, &[&plain(105.0, 0.015, r#", "http": {"response": {"status": 404}}"#)]),
        trace(3, &[&with_calls(110.0, 0.157, 0.076, 0.049)]),
        trace(4, &[&with_calls(121.0, 0.096, 0.044, 0.076)]),
    ];
    check(
        &traces,
        &[
            "xray-sample.elasticbeanstalk.com (client) unknown: no numbers",
            "  -> xray-sample.elasticbeanstalk.com (AWS::EC2::Instance): 4 in 0.273s, error 1",
            "SNS (AWS::SNS) unknown: 2 in 0.125s",
            "StartupSignupsTable (AWS::DynamoDB::Table) unknown: 2 in 0.12s",
            "xray-sample.elasticbeanstalk.com (AWS::EC2::Instance) active root: 4 in 0.273s, error 1",
            "  -> SNS (AWS::SNS): 2 in 0.125s",
            "  -> StartupSignupsTable (AWS::DynamoDB::Table): 2 in 0.12s",
        ],
    );
    let graph = service_graph(&traces, Window::ALL);
    let [client, sns, table, app] = graph.services.as_slice() else { panic!("four nodes") };
    assert_eq!(histogram(&client.edges[0].response_time_histogram), " 5ms×1 15ms×1 96ms×1 157ms×1");
    assert_eq!(histogram(&app.duration_histogram), " 5ms×1 15ms×1 96ms×1 157ms×1");
    assert_eq!(histogram(&table.response_time_histogram), " 44ms×1 76ms×1");
    assert_eq!(histogram(&sns.response_time_histogram), " 49ms×1 76ms×1");
    assert!(client.response_time_histogram.is_empty());
    assert_eq!((app.edges[0].start_time, app.edges[0].end_time), (app.start_time, app.end_time));
    assert_eq!(app.names, ["xray-sample.elasticbeanstalk.com"]);
}

#[test]
fn gateway_to_function_to_table_makes_five_nodes() {
    let chain = [
        r#""name": "api/prod", "origin": "AWS::ApiGateway::Stage", "id": "00000000000000a0", "start_time": 1, "end_time": 2,
           "subsegments": [{"id": "00000000000000a1", "name": "Lambda", "namespace": "aws", "start_time": 1, "end_time": 1.9}]"#,
        r#""name": "save", "origin": "AWS::Lambda", "id": "00000000000000b0", "parent_id": "00000000000000a1",
           "start_time": 1, "end_time": 1.8"#,
        r#""name": "save", "origin": "AWS::Lambda::Function", "id": "00000000000000c0", "parent_id": "00000000000000b0",
           "start_time": 1, "end_time": 1.7, "subsegments": [{"id": "00000000000000c1", "name": "Initialization",
           "start_time": 1, "end_time": 1.2}, {"id": "00000000000000c2", "name": "handle", "start_time": 1.2,
           "end_time": 1.6, "subsegments": [{"id": "00000000000000c3", "name": "dynamodb", "namespace": "aws",
           "start_time": 1.3, "end_time": 1.5, "aws": {"operation": "PutItem", "table_name": "things"}}]}]"#,
    ];
    check(
        &[trace(1, &chain)],
        &[
            "api/prod (client) unknown: no numbers",
            "  -> api/prod (AWS::ApiGateway::Stage): 1 in 1s",
            "api/prod (AWS::ApiGateway::Stage) active root: 1 in 1s",
            "  -> save (AWS::Lambda): 1 in 0.9s",
            "save (AWS::Lambda) active: 1 in 0.8s",
            // A segment as parent has no numbers of its own for the call.
            "  -> save (AWS::Lambda::Function): 1 in 0.7s",
            "save (AWS::Lambda::Function) active: 1 in 0.7s",
            "  -> things (AWS::DynamoDB::Table): 1 in 0.2s",
            "things (AWS::DynamoDB::Table) unknown: 1 in 0.2s",
        ],
    );
}

const LIKE: &str = r#""name": "like service", "id": "00000000000000a0", "start_time": 10, "end_time": 13.5,
    "http": {"request": {"method": "POST"}, "response": {"status": 200}}, "subsegments": [{"id": "00000000000000a1",
    "name": "monolith", "namespace": "remote", "start_time": 12, "end_time": 13, "http": {"response": {"status": 200}}}]"#;
const MONOLITH: &str = r#""name": "monolith", "id": "00000000000000b0", "parent_id": "00000000000000a1", "start_time": 12,
    "end_time": 12.9, "subsegments": [{"id": "00000000000000b1", "name": "dynamodb", "namespace": "aws",
    "start_time": 12.1, "end_time": 12.12, "aws": {"table_name": "Mysfits"}}]"#;
const NOT_FOUND: &str = r#""name": "like service", "id": "00000000000000c0", "start_time": 20, "end_time": 20.001,
    "http": {"request": {"method": "POST"}, "response": {"status": 404}}"#;

#[test]
fn the_lab_with_downstream_tracing() {
    check(
        &[trace(1, &[LIKE, MONOLITH]), trace(2, &[NOT_FOUND])],
        &[
            "like service (client) unknown: no numbers",
            "  -> like service (-): 2 in 3.501s, error 1",
            "Mysfits (AWS::DynamoDB::Table) unknown: 1 in 0.02s",
            "like service (-) active root: 2 in 3.501s, error 1",
            "  -> monolith (-): 1 in 1s",
            "monolith (-) active: 1 in 0.9s",
            "  -> Mysfits (AWS::DynamoDB::Table): 1 in 0.02s",
        ],
    );
}

#[test]
fn until_the_callee_reports_an_inferred_node_stands_for_it() {
    check(
        &[trace(1, &[LIKE]), trace(2, &[NOT_FOUND])],
        &[
            "like service (client) unknown: no numbers",
            "  -> like service (-): 2 in 3.501s, error 1",
            "like service (-) active root: 2 in 3.501s, error 1",
            "  -> monolith (remote): 1 in 1s",
            "monolith (remote) unknown: 1 in 1s",
        ],
    );
}

#[test]
fn an_unknown_parent_makes_no_client_and_no_edge() {
    check(
        &[trace(1, &[MONOLITH])],
        &[
            "Mysfits (AWS::DynamoDB::Table) unknown: 1 in 0.02s",
            "monolith (-) active: 1 in 0.9s",
            "  -> Mysfits (AWS::DynamoDB::Table): 1 in 0.02s",
        ],
    );
}

#[test]
fn a_service_that_calls_itself_has_an_edge_to_itself() {
    let outer = r#""name": "shop", "id": "00000000000000a0", "start_time": 1, "end_time": 3, "subsegments": [
        {"id": "00000000000000a1", "name": "shop.local", "namespace": "remote", "start_time": 1, "end_time": 2}]"#;
    let inner = r#""name": "shop", "id": "00000000000000b0", "parent_id": "00000000000000a1", "start_time": 1, "end_time": 1.5"#;
    check(
        &[trace(1, &[outer, inner])],
        &[
            "shop (client) unknown: no numbers",
            "  -> shop (-): 1 in 2s",
            "shop (-) active root: 2 in 2.5s",
            "  -> shop (-): 1 in 1s",
        ],
    );
}

#[test]
fn work_in_progress_is_drawn_and_not_counted() {
    let open = r#""name": "shop", "id": "00000000000000a0", "start_time": 1, "in_progress": true"#;
    check(
        &[trace(1, &[open])],
        &["shop (client) unknown: no numbers", "  -> shop (-): 0 in 0s", "shop (-) active root: 0 in 0s"],
    );
}

#[test]
fn each_completed_item_is_in_one_bucket() {
    let flagged = |id: &str, flags: &str| {
        format!(r#""name": "shop", "id": "00000000000000{id}", "start_time": 1, "end_time": 2, {flags}"#)
    };
    let documents = [
        flagged("a1", r#""error": true, "fault": true"#),
        flagged("a2", r#""error": true, "throttle": true"#),
        flagged("a3", r#""error": true, "throttle": true, "fault": true"#),
        flagged("a4", r#""http": {"response": {"status": 429}}"#),
        flagged("a5", r#""http": {"response": {"status": 503}}"#),
        flagged("a6", r#""error": false, "http": {"response": {"status": 503}}"#),
    ];
    let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
    check(
        &[trace(1, &documents)],
        &[
            "shop (client) unknown: no numbers",
            "  -> shop (-): 6 in 6s, throttle 2, fault 3",
            "shop (-) active root: 6 in 6s, throttle 2, fault 3",
        ],
    );
}

#[test]
fn a_database_node_is_named_after_its_subsegment() {
    let document = r#""name": "monolith", "id": "00000000000000a0", "start_time": 1, "end_time": 3, "subsegments": [
        {"id": "00000000000000a1", "name": "mysfits@sqlite", "namespace": "remote", "start_time": 1, "end_time": 2,
         "sql": {"database_type": "sqlite"}}]"#;
    check(
        &[trace(1, &[document])],
        &[
            "monolith (client) unknown: no numbers",
            "  -> monolith (-): 1 in 2s",
            "monolith (-) active root: 1 in 2s",
            "  -> mysfits@sqlite (Database::SQL): 1 in 1s",
            "mysfits@sqlite (Database::SQL) unknown: 1 in 1s",
        ],
    );
}

#[test]
fn a_consumer_is_linked_to_the_queue_it_reads() {
    let producer = r#""name": "shop", "id": "00000000000000a0", "start_time": 1, "end_time": 3, "subsegments": [
        {"id": "00000000000000a1", "name": "sqs", "namespace": "aws", "start_time": 1, "end_time": 2,
         "aws": {"queue_url": "https://sqs/1/orders"}}]"#;
    let linked = trace(1, &[producer]).id();
    for link in
        [format!(r#"{{"trace_id": "{linked}", "id": "00000000000000a1"}}"#), format!(r#"{{"trace_id": "{linked}"}}"#)]
    {
        let consumer =
            format!(r#""name": "packer", "id": "00000000000000b0", "start_time": 5, "end_time": 6, "links": [{link}]"#);
        let graph = service_graph(&[trace(1, &[producer]), trace(2, &[&consumer])], Window::ALL);
        let queue = graph.services.iter().find(|service| service.name == "https://sqs/1/orders").unwrap();
        let [edge] = queue.edges.as_slice() else { panic!("one edge: {queue:?}") };
        assert_eq!((edge.kind, graph.services[edge.target].name.as_str()), (EdgeKind::Link, "packer"));
        assert_eq!(edge.statistics, Statistics::default());
        assert_eq!(histogram(&edge.received_event_age_histogram), " 3000ms×1");
    }
}

#[test]
fn a_call_that_two_segments_answer_counts_once() {
    let retried = MONOLITH.replace("00000000000000b", "00000000000000d");
    let graph = service_graph(&[trace(1, &[LIKE, MONOLITH, &retried])], Window::ALL);
    assert_eq!(text(&graph)[4..6], ["  -> monolith (-): 1 in 1s", "monolith (-) active: 2 in 1.8s"]);
}

#[test]
fn durations_include_work_after_the_response() {
    let late = r#""type": "subsegment", "name": "audit", "id": "00000000000000a1", "parent_id": "00000000000000c0",
        "start_time": 20, "end_time": 20.242"#;
    let graph = service_graph(&[trace(1, &[NOT_FOUND, late])], Window::ALL);
    let service = &graph.services[1];
    assert_eq!(histogram(&service.response_time_histogram), " 1ms×1");
    assert_eq!(histogram(&service.duration_histogram), " 242ms×1");
}

/// Random pieces of one trace: few names and ids, so that they meet.
fn pieces() -> impl Strategy<Value = Vec<String>> {
    let piece = (
        0..12_u8,
        prop::option::of(0..12_u8),
        0..4_usize,
        0..50_u32,
        prop::option::of(0..20_u32),
        0..7_usize,
        any::<bool>(),
    );
    let document = piece.prop_map(|(id, parent, name, start, took, flavour, nested)| {
        let name = ["web", "like service", "monolith", "dynamodb"][name];
        let end = took.map_or(r#""in_progress": true"#.to_owned(), |took| format!(r#""end_time": {}"#, start + took));
        let flavour = [
            r#""namespace": "remote""#,
            r#""namespace": "aws""#,
            r#""namespace": "remote", "sql": {}"#,
            r#""error": true"#,
            r#""http": {"response": {"status": 503}}"#,
            r#""origin": "AWS::ECS::Fargate""#,
            r#""fault": true, "user": "mia", "annotations": {"a": 1}"#,
        ][flavour];
        let parent_id = parent.map_or(String::new(), |parent| format!(r#""parent_id": "00000000000000{parent:02x}","#));
        let kind = if parent.is_some() && nested { r#""type": "subsegment","# } else { "" };
        format!(r#"{kind} {parent_id} "id": "00000000000000{id:02x}", "name": "{name}", "start_time": {start}, {end}, {flavour}"#)
    });
    prop::collection::vec(document, 0..25)
}

fn adds_up(service: &Service) -> bool {
    let edges = service.edges.iter().filter(|edge| edge.kind == EdgeKind::Call);
    let of_edges = edges.map(|edge| (&edge.statistics, &edge.response_time_histogram));
    let own = service.statistics.iter().map(|statistics| (statistics, &service.response_time_histogram));
    own.chain(of_edges).all(|(statistics, histogram)| statistics.total_count() == histogram.total_count())
}

fn sum(pieces: &[&Segment]) -> Statistics {
    let mut sum = Statistics::default();
    pieces.iter().for_each(|piece| sum.add(&Measured::of(piece)));
    sum
}

proptest! {
    #[test]
    fn every_total_is_in_its_histogram(documents in pieces()) {
        let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
        let graph = service_graph(&[trace(1, &documents)], Window::ALL);
        prop_assert!(graph.services.iter().all(adds_up));
        prop_assert!(graph.services.iter().enumerate().all(|(number, service)| service.reference_id == number));
        prop_assert!(graph.services.iter().flat_map(|service| &service.edges).all(|edge| edge.target < graph.services.len()));
    }

    #[test]
    fn the_work_behind_a_graph_adds_up_to_it(documents in pieces()) {
        let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
        let trace = trace(1, &documents);
        let graph = service_graph([&trace], Window::ALL);
        let work = trace_work(&trace);
        prop_assert_eq!(graph.services.len(), work.nodes.len());
        let id = |number: usize| (&graph.services[number].name, &graph.services[number].service_type);
        for service in &graph.services {
            let node = work.nodes.iter().find(|node| (&node.id.name, &node.id.service_type) == id(service.reference_id));
            let own = node.map(|node| sum(&node.segments)).unwrap_or_default();
            prop_assert_eq!(service.statistics.unwrap_or_default(), own);
            for edge in &service.edges {
                let found = work.edges.iter().find(|found| (&found.source.name, &found.source.service_type) == id(service.reference_id)
                    && (&found.target.name, &found.target.service_type) == id(edge.target));
                prop_assert_eq!(edge.statistics, found.map(|found| sum(&found.calls)).unwrap_or_default());
            }
        }
    }

    #[test]
    fn arrival_order_does_not_matter((ordered, shuffled) in pieces().prop_flat_map(|documents| {
        (Just(documents.clone()), Just(documents).prop_shuffle())
    })) {
        let ordered: Vec<&str> = ordered.iter().map(String::as_str).collect();
        let mut shuffled: Vec<&str> = shuffled.iter().map(String::as_str).collect();
        // Duplicates do not matter either.
        shuffled.extend(shuffled.clone());
        let (ordered, shuffled) = (trace(1, &ordered), trace(1, &shuffled));
        prop_assert_eq!(ordered.segments(), shuffled.segments());
        prop_assert_eq!(ordered.orphans(), shuffled.orphans());
        prop_assert_eq!((ordered.start_time(), ordered.end_time()), (shuffled.start_time(), shuffled.end_time()));
        prop_assert_eq!(ordered.contested(), shuffled.contested());
        prop_assert_eq!(service_graph([&ordered], Window::ALL), service_graph([&shuffled], Window::ALL));
        // How many arrivals changed a trace is all that tells the orders apart.
        let summary = |trace: &Trace| TraceSummary { revision: 0, ..summarise(trace) };
        prop_assert_eq!(summary(&ordered), summary(&shuffled));
    }

    #[test]
    fn every_piece_is_assembled_once(documents in pieces()) {
        let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
        let trace = trace(1, &documents);
        let tops = trace.segments().iter().chain(trace.orphans());
        prop_assert_eq!(tops.flat_map(Segment::descendants).count(), trace.part_count());
    }

    #[test]
    fn adjoining_windows_add_up(documents in pieces(), cut in 0..50_i64) {
        let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
        let trace = trace(1, &documents);
        let cut = Timestamp::from_micros(cut * 1_000_000);
        let total = |window| {
            let graph = service_graph([&trace], window);
            let statistics = graph.services.iter().filter_map(|service| service.statistics);
            statistics.map(|statistics| statistics.total_count()).sum::<u64>()
        };
        let before = Window { end: cut, ..Window::ALL };
        let after = Window { start: cut, ..Window::ALL };
        prop_assert_eq!(total(before) + total(after), total(Window::ALL));
    }
}
