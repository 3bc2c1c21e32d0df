//! Lab 5: services that are none of ours, in whatever language, are on the map.

use local_xray::cli::service::Service;

use super::report::Finding;
use super::world::World;
use crate::child::Role;

/// What can be seen of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Evidence {
    services: Vec<Service>,
}

impl Evidence {
    pub(super) async fn gather(world: &World) -> anyhow::Result<Self> {
        Ok(Self { services: world.services().await? })
    }

    /// Services that reported for themselves and are not the demo's.
    fn own(&self) -> Vec<&Service> {
        let ours = [Role::Monolith.name(), Role::LikeService.name()];
        let is_own = |node: &&Service| node.state.as_deref() == Some("active") && !ours.contains(&node.name.as_str());
        self.services.iter().filter(is_own).collect()
    }
}

/// Judges what was seen.
pub(super) fn judge(evidence: &Evidence) -> Vec<Finding> {
    let own = evidence.own();
    let names: Vec<&str> = own.iter().map(|node| node.name.as_str()).collect();
    let saw = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let reached: Vec<&str> = evidence
        .services
        .iter()
        .filter(|node| own.iter().any(|caller| caller.edges.iter().any(|edge| edge.reference_id == node.reference_id)))
        .map(|node| node.name.as_str())
        .collect();
    let map = "the service map since the demo was started";
    vec![
        Finding::new(
            "a service of your own is on the map",
            map,
            saw.clone(),
            !own.is_empty(),
            "run one of the programs of labs/5-your-own.md, or send segments or OTLP from a service of yours",
        ),
        Finding::new(
            "a second one is there, too",
            map,
            saw,
            own.len() >= 2,
            "run the other program: each door, UDP and OTLP, is worth one look",
        ),
        Finding::new(
            "one of them calls somebody",
            "the edges that leave these services",
            if reached.is_empty() { "none".to_owned() } else { format!("calls to {}", reached.join(", ")) },
            !reached.is_empty(),
            "a call is a subsegment with the namespace `remote`, or a span of kind CLIENT",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use local_xray::cli::service::Edge;

    fn missing(names: &[&str], calls: bool) -> Vec<&'static str> {
        let edge = Edge { reference_id: 1, ..Edge::default() };
        let node = |(id, name): (i64, &&str)| Service {
            reference_id: id,
            name: (*name).to_owned(),
            state: Some("active".to_owned()),
            edges: if calls { vec![edge.clone()] } else { Vec::new() },
            ..Service::default()
        };
        let evidence = Evidence { services: (1..).zip(names).map(node).collect() };
        judge(&evidence).iter().filter(|finding| !finding.holds()).map(Finding::claim).collect()
    }

    #[test]
    fn only_services_that_are_not_ours_count() {
        assert_eq!(missing(&["clinic", "groomer"], true), [""; 0]);
        assert_eq!(missing(&["clinic", "monolith"], true), ["a second one is there, too"]);
        assert_eq!(missing(&["clinic", "groomer"], false), ["one of them calls somebody"]);
        assert_eq!(missing(&["monolith", "like service"], true).len(), 3);
    }
}
