//! Small graphs for the tests of the map.

use std::collections::BTreeSet;

use crate::document::Timestamp;
use crate::graph::{Edge, EdgeKind, Histogram, Service, ServiceGraph, State, Statistics};

/// A graph of these calls, its nodes in the order of their names; every call went well and took no time.
pub(in crate::console) fn graph(calls: &[(&str, &str)]) -> ServiceGraph {
    let names: BTreeSet<&str> = calls.iter().flat_map(|&(caller, callee)| [caller, callee]).collect();
    let number = |name: &str| names.iter().position(|known| *known == name).expect("every name is listed");
    let services = names.iter().map(|name| Service {
        edges: calls.iter().filter(|(caller, _)| caller == name).map(|(_, callee)| edge(number(callee))).collect(),
        ..service(number(name), name)
    });
    ServiceGraph { services: services.collect() }
}

/// A node of one call.
pub(in crate::console) fn service(reference_id: usize, name: &str) -> Service {
    Service {
        reference_id,
        name: name.to_owned(),
        names: vec![name.to_owned()],
        service_type: None,
        account_id: None,
        state: State::Active,
        root: false,
        start_time: Timestamp::EPOCH,
        end_time: Timestamp::EPOCH,
        edges: Vec::new(),
        statistics: Some(Statistics { ok_count: 1, ..Statistics::default() }),
        tasks: Vec::new(),
        duration_histogram: Histogram::default(),
        response_time_histogram: Histogram::default(),
    }
}

fn edge(target: usize) -> Edge {
    Edge {
        target,
        start_time: Timestamp::EPOCH,
        end_time: Timestamp::EPOCH,
        kind: EdgeKind::Call,
        statistics: Statistics { ok_count: 1, ..Statistics::default() },
        response_time_histogram: Histogram::default(),
        received_event_age_histogram: Histogram::default(),
        aliases: Vec::new(),
    }
}
