//! The text of the map, whole: what a reader of a terminal sees.

#![expect(clippy::needless_pass_by_value, reason = "nested fixtures read better without borrows")]

use serde_json::{Value, json};

use crate::cli::words::columns;

use super::*;

const PLAIN: MapOptions = MapOptions { width: 80, colour: false };

fn check(services: &Value, expected: &str) {
    let text = render(&services_of(services), &PLAIN);
    assert_eq!(text, expected, "\n{text}");
    assert!(text.lines().all(|line| columns(line) <= PLAIN.width), "too wide:\n{text}");
}

fn services_of(services: &Value) -> Vec<Service> {
    serde_json::from_value(services.clone()).unwrap()
}

/// Statistics as the API writes them: ok, other errors, throttled, faults, and the seconds they took together.
fn statistics(ok: u64, error: u64, throttle: u64, fault: u64, seconds: f64) -> Value {
    json!({
        "OkCount": ok,
        "ErrorStatistics": { "OtherCount": error, "ThrottleCount": throttle, "TotalCount": error + throttle },
        "FaultStatistics": { "OtherCount": fault, "TotalCount": fault },
        "TotalCount": ok + error + throttle + fault,
        "TotalResponseTime": seconds,
    })
}

fn edge(to: i64, statistics: Value) -> Value {
    json!({ "ReferenceId": to, "SummaryStatistics": statistics })
}

fn client(id: i64, name: &str, edges: Value) -> Value {
    json!({ "ReferenceId": id, "Name": name, "Type": "client", "State": "unknown", "Edges": edges })
}

fn service(id: i64, name: &str, edges: Value, statistics: Value) -> Value {
    json!({ "ReferenceId": id, "Name": name, "Type": "AWS::ECS::Fargate", "State": "active", "Edges": edges,
        "SummaryStatistics": statistics })
}

fn dependency(id: i64, name: &str, kind: &str, statistics: Value) -> Value {
    json!({ "ReferenceId": id, "Name": name, "Type": kind, "State": "unknown", "Edges": [],
        "SummaryStatistics": statistics })
}

/// Browser → monolith → like service → monolith → database, and health checks on both services.
fn mysfits() -> Value {
    json!([
        dependency(4, "mysfits@db.internal", "Database::SQL", statistics(140, 0, 0, 0, 0.056)),
        service(2, "like service", json!([edge(1, statistics(9, 0, 0, 1, 0.041))]), statistics(30, 10, 0, 1, 49.6)),
        service(
            1,
            "monolith",
            json!([edge(2, statistics(29, 10, 0, 1, 49.9)), edge(4, statistics(140, 0, 0, 0, 0.056))]),
            statistics(109, 10, 0, 1, 50.4)
        ),
        client(0, "monolith", json!([edge(1, statistics(99, 10, 0, 0, 50.3))])),
        client(3, "like service", json!([edge(2, statistics(1, 0, 0, 0, 0.001))])),
    ])
}

/// A chain of services, two of which call back to the first: more than a picture can explain.
fn twenty_nodes() -> Value {
    let calls = |targets: &[i64]| Value::from_iter(targets.iter().map(|to| edge(*to, statistics(5, 0, 0, 0, 0.05))));
    let mut services = vec![client(0, "service-01", calls(&[1]))];
    for number in 1..20 {
        let targets = if number % 9 == 0 { vec![number + 1, 1] } else { vec![number + 1] };
        let targets: Vec<i64> = targets.into_iter().filter(|to| *to < 20).collect();
        services.push(service(number, &format!("service-{number:02}"), calls(&targets), statistics(10, 0, 0, 0, 0.1)));
    }
    services.into()
}

fn self_call() -> Value {
    let recursion = json!([edge(1, statistics(3, 0, 0, 0, 0.3))]);
    json!([
        client(0, "walker", json!([edge(1, statistics(1, 0, 0, 0, 0.5))])),
        service(1, "walker", recursion, statistics(4, 0, 0, 0, 0.8)),
    ])
}

/// A link, a name too long for a box, a missing type, and a call to a node that the answer lacks.
fn odd() -> Value {
    json!([
        {"ReferenceId": 5, "Name": "orders", "Type": "AWS::SQS::Queue", "State": "unknown", "SummaryStatistics": {},
            "Edges": [{"ReferenceId": 6, "EdgeType": "link", "SummaryStatistics": {}}]},
        {"ReferenceId": 6, "Name": "a consumer with a name that is longer than any box should be", "Type": null,
            "State": "active", "Edges": [edge(99, statistics(0, 0, 2, 0, 3.0))], "SummaryStatistics": statistics(2, 0, 0, 0, 30.0)}
    ])
}

#[test]
fn an_empty_map_says_what_to_do() {
    check(&json!([]), EMPTY);
}

#[test]
fn one_service_is_a_box_without_a_table() {
    let alone = service(1, "walker", json!([]), statistics(1, 0, 0, 0, 0.8));
    check(&json!([alone]), include_str!("../../../testdata/map/one.txt"));
}

#[test]
fn the_mysfits_cycle_is_drawn_with_the_clients_on_the_left() {
    check(&mysfits(), include_str!("../../../testdata/map/mysfits.txt"));
}

#[test]
fn a_service_that_calls_itself_says_so() {
    check(&self_call(), include_str!("../../../testdata/map/self_call.txt"));
}

#[test]
fn links_long_names_and_unknown_targets_are_drawn() {
    check(&odd(), include_str!("../../../testdata/map/odd.txt"));
}

#[test]
fn twenty_nodes_become_a_list() {
    check(&twenty_nodes(), include_str!("../../../testdata/map/twenty_nodes.txt"));
}

#[test]
fn a_dense_graph_becomes_a_list() {
    let dependencies = ["cache", "orders", "stock"];
    let calls = || Value::from_iter((10..13).map(|to| edge(to, statistics(1, 0, 0, 0, 0.1))));
    let callers = (1..5).map(|id| service(id, "caller", calls(), statistics(1, 0, 0, 0, 0.1)));
    let called =
        dependencies.iter().zip(10..).map(|(name, id)| dependency(id, name, "remote", statistics(4, 0, 0, 0, 0.4)));
    let text = render(&services_of(&callers.chain(called).collect()), &PLAIN);
    assert!(text.starts_with("services and their calls") && text.contains("  → stock"), "{text}");
}

#[test]
fn the_order_of_the_answer_changes_nothing() {
    let mut services = services_of(&mysfits());
    let expected = render(&services, &PLAIN);
    for _ in 0..services.len() {
        services.rotate_left(1);
        assert_eq!(render(&services, &PLAIN), expected);
    }
}

#[test]
fn every_width_is_respected() {
    for width in MIN_WIDTH..140 {
        for map in [mysfits(), self_call(), odd(), twenty_nodes()] {
            let text = render(&services_of(&map), &MapOptions { width, colour: false });
            assert!(text.lines().all(|line| columns(line) <= width), "wider than {width}:\n{text}");
        }
    }
}

#[test]
fn colour_adds_nothing_but_colour() {
    for map in [mysfits(), odd(), twenty_nodes()] {
        let coloured = render(&services_of(&map), &MapOptions { colour: true, ..PLAIN });
        let mut pieces = coloured.split('\u{1b}');
        let first = pieces.next().unwrap_or_default().to_owned();
        let without = pieces.fold(first, |text, piece| text + piece.split_once('m').unwrap().1);
        assert_eq!(without, render(&services_of(&map), &PLAIN));
        assert_ne!(without, coloured);
    }
}
