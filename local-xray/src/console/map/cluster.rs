//! Many nodes as few: those with names of one pattern, of one type and equally many calls from an entry become one node
//! with the sums of all of them.

use std::collections::BTreeMap;

use crate::graph::{Edge, EdgeKind, Service, ServiceGraph, State, Statistics};

use super::{is_client, key};

/// A map of more nodes than this is drawn in clusters, and its nodes as dots.
pub(in crate::console) const CROWDED: usize = 40;
/// So many nodes make a cluster.
const LEAST: usize = 3;
/// What stands for the part of a name in which the members differ.
const DIFFERENT: char = '*';

/// A graph with clusters in it.
pub(in crate::console) struct Clustered {
    pub(in crate::console) graph: ServiceGraph,
    /// The key of each node that is a cluster, by the number of the node, and how many it stands for.
    pub(in crate::console) clusters: BTreeMap<usize, (String, usize)>,
}

impl Clustered {
    /// Every node by itself.
    pub(in crate::console) fn none(graph: ServiceGraph) -> Self {
        Self { graph, clusters: BTreeMap::new() }
    }
}

/// Puts the nodes of a crowded map together, but leaves alone those that are `wanted` one by one, and the members of the
/// cluster with the key `opened`.
pub(in crate::console) fn clustered(
    graph: ServiceGraph,
    opened: Option<&str>,
    wanted: impl Fn(&Service) -> bool,
) -> Clustered {
    if graph.services.len() <= CROWDED {
        return Clustered::none(graph);
    }
    let hops = hops(&graph);
    let mut members: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (service, hop) in graph.services.iter().zip(hops).filter(|(service, _)| !wanted(service)) {
        let kind = service.service_type.as_deref().unwrap_or_default();
        members.entry(format!("{}!{kind}!{hop}", pattern(service))).or_default().push(service.reference_id);
    }
    members.retain(|key, members| members.len() >= LEAST && opened != Some(key.as_str()));
    together(&graph, &members)
}

/// Makes one node of the members of each cluster.
fn together(graph: &ServiceGraph, members: &BTreeMap<String, Vec<usize>>) -> Clustered {
    let mut of_node: BTreeMap<usize, &String> = BTreeMap::new();
    for (key, nodes) in members {
        of_node.extend(nodes.iter().map(|node| (*node, key)));
    }
    // A cluster takes the place of its first member.
    let mut numbers: Vec<usize> = vec![0; graph.services.len()];
    let mut services: Vec<Service> = Vec::new();
    let mut clusters: BTreeMap<usize, (String, usize)> = BTreeMap::new();
    let mut places: BTreeMap<&String, usize> = BTreeMap::new();
    for (service, number) in graph.services.iter().zip(numbers.iter_mut()) {
        let Some(key) = of_node.get(&service.reference_id).copied() else {
            *number = services.len();
            services.push(Service { reference_id: *number, edges: Vec::new(), ..service.clone() });
            continue;
        };
        *number = *places.entry(key).or_insert_with(|| {
            let name = pattern(service);
            let place = services.len();
            clusters.insert(place, (key.clone(), members.get(key).map_or(0, Vec::len)));
            services.push(Service { reference_id: place, name, edges: Vec::new(), ..empty(service) });
            place
        });
        if let Some(sum) = services.get_mut(*number) {
            add(sum, service);
        }
    }
    for service in &graph.services {
        let Some(source) = numbers.get(service.reference_id).and_then(|&number| services.get_mut(number)) else {
            continue;
        };
        for edge in &service.edges {
            let Some(&target) = numbers.get(edge.target) else { continue };
            add_edge(&mut source.edges, Edge { target, ..edge.clone() });
        }
    }
    Clustered { graph: ServiceGraph { services }, clusters }
}

/// The same node without what can be added up.
fn empty(service: &Service) -> Service {
    Service {
        names: Vec::new(),
        tasks: Vec::new(),
        state: State::Unknown,
        root: false,
        statistics: service.statistics.map(|_| Statistics::default()),
        duration_histogram: Default::default(),
        response_time_histogram: Default::default(),
        ..service.clone()
    }
}

fn add(sum: &mut Service, service: &Service) {
    sum.start_time = sum.start_time.min(service.start_time);
    sum.end_time = sum.end_time.max(service.end_time);
    sum.root |= service.root;
    if service.state == State::Active {
        sum.state = State::Active;
    }
    if let (Some(sum), Some(statistics)) = (&mut sum.statistics, &service.statistics) {
        sum.merge(statistics);
    }
    sum.duration_histogram.merge(&service.duration_histogram);
    sum.response_time_histogram.merge(&service.response_time_histogram);
}

/// Edges to one node are one edge, a link only when all of them are.
fn add_edge(edges: &mut Vec<Edge>, edge: Edge) {
    match edges.iter_mut().find(|known| known.target == edge.target) {
        None => edges.push(edge),
        Some(known) => {
            known.statistics.merge(&edge.statistics);
            known.response_time_histogram.merge(&edge.response_time_histogram);
            known.received_event_age_histogram.merge(&edge.received_event_age_histogram);
            if edge.kind == EdgeKind::Call {
                known.kind = EdgeKind::Call;
            }
        }
    }
}

/// What the names of a cluster have in common: numbers are different, and without numbers all behind the first part.
fn pattern(service: &Service) -> String {
    if is_client(service) {
        return DIFFERENT.to_string();
    }
    let mut pattern = String::new();
    for c in service.name.chars() {
        match c {
            '0'..='9' if pattern.ends_with(DIFFERENT) => {}
            '0'..='9' => pattern.push(DIFFERENT),
            _ => pattern.push(c),
        }
    }
    if pattern.contains(DIFFERENT) {
        return pattern;
    }
    match service.name.find(['-', '.', '_', '/', ' ']).and_then(|end| service.name.get(..=end)) {
        Some(first) => format!("{first}{DIFFERENT}"),
        None => service.name.clone(),
    }
}

/// The fewest calls from an entry to each node; none for what only a cycle leads to.
fn hops(graph: &ServiceGraph) -> Vec<usize> {
    let is_called = |service: &Service| {
        let calls = |caller: &Service| caller.edges.iter().any(|edge| edge.target == service.reference_id);
        graph.services.iter().any(|caller| caller.reference_id != service.reference_id && calls(caller))
    };
    let entries = graph.services.iter().filter(|service| !is_called(service)).map(|service| service.reference_id);
    let mut border: Vec<usize> = entries.collect();
    let mut hops: Vec<Option<usize>> = vec![None; graph.services.len()];
    let mut hop = 0;
    while !border.is_empty() {
        let mut next = Vec::new();
        for node in border {
            let Some(place @ None) = hops.get_mut(node) else { continue };
            *place = Some(hop);
            next.extend(graph.services.get(node).iter().flat_map(|service| &service.edges).map(|edge| edge.target));
        }
        border = next;
        hop += 1;
    }
    hops.into_iter().map(Option::unwrap_or_default).collect()
}

/// The key of a node in a clustered graph.
pub(in crate::console) fn key_of(service: &Service, clusters: &BTreeMap<usize, (String, usize)>) -> String {
    clusters.get(&service.reference_id).map_or_else(|| key::node(service), |(key, _)| key.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::map::samples::{graph, service};

    /// A gateway that calls 50 numbered services, each of which calls one of two databases and one cache.
    fn crowd() -> ServiceGraph {
        let names: Vec<(String, String)> = (0..50)
            .flat_map(|n| {
                let shop = format!("shop-{n:02}");
                [
                    ("gateway".to_owned(), shop.clone()),
                    (shop.clone(), format!("db{}", n % 2)),
                    (shop, "cache".to_owned()),
                ]
            })
            .collect();
        let calls: Vec<(&str, &str)> = names.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        graph(&calls)
    }

    fn names(clustered: &Clustered) -> Vec<String> {
        let words = |service: &Service| match clustered.clusters.get(&service.reference_id) {
            Some((_, count)) => format!("{} ×{count}", service.name),
            None => service.name.clone(),
        };
        clustered.graph.services.iter().map(words).collect()
    }

    #[test]
    fn names_of_one_pattern_become_one_node_with_the_sums() {
        let clustered = clustered(crowd(), None, |_| false);
        assert_eq!(names(&clustered), ["cache", "db0", "db1", "gateway", "shop-* ×50"]);
        let shops = clustered.graph.services.last().expect("the cluster comes last");
        assert_eq!(shops.statistics.map(|statistics| statistics.ok_count), Some(50));
        let calls: Vec<_> = shops.edges.iter().map(|edge| (edge.target, edge.statistics.ok_count)).collect();
        assert_eq!(calls, [(1, 25), (0, 50), (2, 25)]);
        let gateway = &clustered.graph.services[3];
        assert_eq!(
            gateway.edges.iter().map(|edge| (edge.target, edge.statistics.ok_count)).collect::<Vec<_>>(),
            [(4, 50)]
        );
    }

    #[test]
    fn what_is_wanted_or_opened_stays_as_it_is() {
        let picked = clustered(crowd(), None, |service| service.name == "shop-07");
        assert_eq!(names(&picked)[4..], ["shop-* ×49", "shop-07"]);
        let key = picked.clusters.values().next().map(|(key, _)| key.clone()).expect("a cluster");
        assert_eq!(clustered(crowd(), Some(&key), |_| false).graph, crowd());
        let small = graph(&[("a-1", "a-2"), ("a-1", "a-3"), ("a-1", "a-4")]);
        assert_eq!(clustered(small.clone(), None, |_| false).graph, small);
    }

    #[test]
    fn patterns_hold_what_names_have_in_common() {
        let check = |name: &str, expected: &str| assert_eq!(pattern(&service(0, name)), expected);
        check("service-0012", "service-*");
        check("store-003@postgres-1", "store-*@postgres-*");
        check("orders-api", "orders-*");
        check("orders.api.internal", "orders.*");
        check("monolith", "monolith");
        check("größe_x", "größe_*");
    }

    #[test]
    fn hops_are_the_fewest_calls_from_an_entry() {
        let check = |calls: &[(&str, &str)], expected: &[usize]| assert_eq!(hops(&graph(calls)), expected, "{calls:?}");
        check(&[("a", "b"), ("b", "c"), ("a", "c"), ("c", "c")], &[0, 1, 1]);
        check(&[("a", "b"), ("b", "a")], &[0, 0]);
    }
}
