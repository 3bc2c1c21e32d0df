//! The edges that a complete map has: the journey of one like, from the visitor to the database.

use local_xray::cli::service::{Edge, Service};

use crate::child::Role;

/// The way of a like: who calls, and whom.
const JOURNEY: [(End, End); 4] = [
    (End::Clients, End::Role(Role::Monolith)),
    (End::Role(Role::Monolith), End::Role(Role::LikeService)),
    (End::Role(Role::LikeService), End::Role(Role::Monolith)),
    (End::Role(Role::Monolith), End::Database),
];

/// One end of an expected edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Clients,
    Role(Role),
    Database,
}

/// Returns the expected edges that no completed call is seen on, in words.
pub(crate) fn missing_edges(services: &[Service]) -> Vec<String> {
    let is_missing = |(caller, callee): &&(End, End)| calls(services, *caller, *callee) == 0;
    JOURNEY.iter().filter(is_missing).map(|(caller, callee)| format!("{} → {}", caller.name(), callee.name())).collect()
}

/// Whether the map shows one of our services only as its callers see it, because its own segment is still on the way.
pub(crate) fn awaits_segments(services: &[Service]) -> bool {
    let is_ours =
        |service: &Service| [Role::Monolith, Role::LikeService].iter().any(|role| service.name == role.name());
    services.iter().any(|service| is_ours(service) && service.kind.as_deref() == Some("remote"))
}

/// Returns how many completed calls from clients the map shows for a service.
pub(crate) fn calls_from_clients(services: &[Service], role: Role) -> u64 {
    calls(services, End::Clients, End::Role(role))
}

/// Returns how many completed calls the map shows from one service that reported for itself to another.
pub(crate) fn calls_between(services: &[Service], caller: Role, callee: Role) -> u64 {
    calls(services, End::Role(caller), End::Role(callee))
}

fn calls(services: &[Service], caller: End, callee: End) -> u64 {
    let leads_there =
        |edge: &&Edge| services.iter().any(|service| service.reference_id == edge.reference_id && callee.is(service));
    let callers = services.iter().filter(|service| caller.is(service));
    let edges = callers.flat_map(|service| &service.edges).filter(leads_there);
    edges.filter_map(|edge| edge.summary_statistics.as_ref()).map(|statistics| statistics.total_count).sum()
}

impl End {
    const fn name(self) -> &'static str {
        match self {
            Self::Clients => "Clients",
            Self::Role(role) => role.name(),
            Self::Database => "Database::SQL",
        }
    }

    /// A service counts only where it reported for itself; what its callers infer about it is no proof that it was reached.
    fn is(self, service: &Service) -> bool {
        let kind = service.kind.as_deref().unwrap_or_default();
        match self {
            Self::Clients => kind == "client",
            Self::Role(role) => service.name == role.name() && service.state.as_deref() == Some("active"),
            Self::Database => kind == "Database::SQL",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use local_xray::cli::service::Statistics;

    fn node(id: i64, name: &str, kind: &str, state: &str, edges: &[(i64, u64)]) -> Service {
        let edge = |(to, count): &(i64, u64)| Edge {
            reference_id: *to,
            summary_statistics: Some(Statistics { total_count: *count, ..Statistics::default() }),
            ..Edge::default()
        };
        Service {
            reference_id: id,
            name: name.to_owned(),
            kind: Some(kind.to_owned()),
            state: Some(state.to_owned()),
            edges: edges.iter().map(edge).collect(),
            ..Service::default()
        }
    }

    fn complete() -> Vec<Service> {
        vec![
            node(0, "monolith", "client", "unknown", &[(1, 12)]),
            node(1, "monolith", "", "active", &[(2, 5), (3, 20)]),
            node(2, "like service", "", "active", &[(1, 4)]),
            node(3, "mysfits@sqlite", "Database::SQL", "unknown", &[]),
            node(4, "like service", "client", "unknown", &[(2, 7)]),
        ]
    }

    fn check(change: impl FnOnce(&mut Vec<Service>), expected: &[&str]) {
        let mut services = complete();
        change(&mut services);
        assert_eq!(missing_edges(&services), expected);
    }

    #[test]
    fn a_complete_map_misses_nothing() {
        check(|_| {}, &[]);
        assert_eq!(calls_from_clients(&complete(), Role::Monolith), 12);
        assert_eq!(calls_from_clients(&complete(), Role::LikeService), 7);
    }

    #[test]
    fn what_is_missing_is_named() {
        let all =
            ["Clients → monolith", "monolith → like service", "like service → monolith", "monolith → Database::SQL"];
        check(Vec::clear, &all);
        check(|services| services[0].edges.clear(), &all[..1]);
        check(|services| services[1].edges.clear(), &[all[1], all[3]]);
        check(|services| services[2].edges.clear(), &all[2..3]);
    }

    #[test]
    fn an_edge_without_a_completed_call_is_missing() {
        check(|services| services[1].edges[0].summary_statistics = None, &["monolith → like service"]);
        check(
            |services| services[2].edges[0].summary_statistics = Some(Statistics::default()),
            &["like service → monolith"],
        );
    }

    #[test]
    fn a_call_whose_callee_has_not_reported_yet_is_noticed() {
        let mut services = complete();
        assert!(!awaits_segments(&services));
        services.push(node(5, "like service", "remote", "unknown", &[]));
        assert!(awaits_segments(&services));
    }

    #[test]
    fn a_service_known_only_from_its_callers_is_missing() {
        check(
            |services| {
                services[2].kind = Some("remote".to_owned());
                services[2].state = Some("unknown".to_owned());
            },
            &["monolith → like service", "like service → monolith"],
        );
    }
}
