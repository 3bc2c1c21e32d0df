//! Lab 3a: the learner's own Like service reports for itself, and its likes tell what happens to them.

use std::path::PathBuf;

use local_xray::cli::service::Service;

use super::report::Finding;
use super::world::{LIKES, World};
use crate::child::Role;
use crate::expected::calls_between;

/// Clicks that the lab asks for: enough that one of each outcome is among them.
pub(super) const CLICKS: usize = 7;

/// What can be seen of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Evidence {
    own: Option<PathBuf>,
    services: Vec<Service>,
    likes: usize,
    slow: usize,
    lost: usize,
    annotated: usize,
}

impl Evidence {
    pub(super) async fn gather(world: &World) -> anyhow::Result<Self> {
        let count = async |expression: &str| world.traces(expression).await.map(|traces| traces.len());
        Ok(Self {
            own: world.running.like_service.clone(),
            services: world.services().await?,
            likes: count(LIKES).await?,
            slow: count(&format!("{LIKES} AND service(\"like service\") {{ responsetime > 1 }}")).await?,
            lost: count(&format!("{LIKES} AND service(\"like service\") {{ error }}")).await?,
            annotated: count(r#"annotation[chaos_fault] = "slow" OR annotation[chaos_fault] = "not_found""#).await?,
        })
    }

    /// The Like service's node, and whether it reported for itself.
    fn node(&self) -> (String, bool) {
        let nodes = self.services.iter().filter(|node| node.name == Role::LikeService.name());
        let mut nodes: Vec<_> = nodes.filter(|node| node.kind.as_deref() != Some("client")).collect();
        nodes.sort_by_key(|node| node.state.as_deref() != Some("active"));
        match nodes.first() {
            None => ("no node of that name".to_owned(), false),
            Some(node) if node.state.as_deref() == Some("active") => {
                let requests = node.summary_statistics.as_ref().map_or(0, |statistics| statistics.total_count);
                (format!("a node that reports for itself, {requests} requests"), true)
            }
            Some(node) => {
                let kind = node.kind.as_deref().unwrap_or("unknown");
                (format!("a node of type `{kind}`, known from its callers only"), false)
            }
        }
    }
}

/// Judges what was seen.
pub(super) fn judge(evidence: &Evidence) -> Vec<Finding> {
    let Evidence { own, services, likes, slow, lost, annotated } = evidence;
    let fine = likes.saturating_sub(slow + lost);
    let (node, reports) = evidence.node();
    let joined = calls_between(services, Role::Monolith, Role::LikeService);
    vec![
        Finding::new(
            "your Like service runs in place of ours",
            "what the demo was started with",
            own.as_ref().map_or_else(|| "ours".to_owned(), |path| path.display().to_string()),
            own.is_some(),
            "stop the demo and start it with --like-service target/debug/lab-3-start",
        ),
        Finding::new(
            "the map has a Like service that reports for itself",
            "the service map since the demo was started, for `like service`",
            node,
            reports,
            "steps 1 to 3 of labs/3-tracing.md: telemetry in `main`, the middleware around the app; build it and start the demo again",
        ),
        Finding::new(
            "the monolith's calls lead there",
            "the edge monolith → like service",
            format!("{joined} calls"),
            joined > 0,
            "click a heart; when the edge stays away, the middleware is missing: it reads the trace header of the caller",
        ),
        Finding::new(
            "seven likes or more",
            format!("traces that match {LIKES}"),
            format!("{likes} likes"),
            *likes >= CLICKS,
            "click hearts on the web site until there are seven to nine",
        ),
        Finding::new(
            "all three outcomes are among them",
            "how long the Like service took for them, and what it answered",
            format!("{slow} slow, {lost} lost, {fine} fine"),
            *slow > 0 && *lost > 0 && fine > 0,
            "click some more: about one like in nine is fine",
        ),
        Finding::new(
            "slow and lost likes say so",
            "traces with the annotation chaos_fault",
            format!("{annotated} of {}", slow + lost),
            *annotated > 0 && *annotated >= slow + lost,
            "step 4 of labs/3-tracing.md: telemetry::annotate(\"chaos_fault\", …); build it, start the lab again and click",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use local_xray::cli::service::{Edge, Statistics};

    fn node(id: i64, name: &str, kind: &str, state: &str, calls: &[i64]) -> Service {
        let statistics = Statistics { total_count: 9, ..Statistics::default() };
        let edge = |to: &i64| Edge { reference_id: *to, summary_statistics: Some(statistics.clone()), edge_type: None };
        Service {
            reference_id: id,
            name: name.to_owned(),
            kind: Some(kind.to_owned()),
            state: Some(state.to_owned()),
            edges: calls.iter().map(edge).collect(),
            summary_statistics: Some(statistics.clone()),
            ..Service::default()
        }
    }

    fn done() -> Evidence {
        let services = vec![
            node(1, "monolith", "", "active", &[2]),
            node(2, "like service", "", "active", &[]),
            node(3, "like service", "client", "unknown", &[2]),
        ];
        Evidence { own: Some("mine".into()), services, likes: 9, slow: 5, lost: 3, annotated: 8 }
    }

    /// The claims that do not hold after a change.
    fn missing(change: impl FnOnce(&mut Evidence)) -> Vec<&'static str> {
        let mut evidence = done();
        change(&mut evidence);
        judge(&evidence).iter().filter(|finding| !finding.holds()).map(Finding::claim).collect()
    }

    #[test]
    fn each_claim_falls_by_itself() {
        assert_eq!(missing(|_| {}), [""; 0]);
        assert_eq!(missing(|seen| seen.own = None), ["your Like service runs in place of ours"]);
        assert_eq!(missing(|seen| seen.services[0].edges.clear()), ["the monolith's calls lead there"]);
        assert_eq!(missing(|seen| seen.likes = 6), ["seven likes or more", "all three outcomes are among them"]);
        assert_eq!(missing(|seen| seen.likes = 8), ["all three outcomes are among them"]);
        assert_eq!(missing(|seen| seen.annotated = 7), ["slow and lost likes say so"]);
    }

    #[test]
    fn a_node_that_only_its_callers_know_does_not_count() {
        let unseen = missing(|seen| {
            seen.services[1].kind = Some("remote".to_owned());
            seen.services[1].state = Some("unknown".to_owned());
        });
        assert_eq!(unseen, ["the map has a Like service that reports for itself", "the monolith's calls lead there"]);
        let mut evidence = done();
        evidence.services[1].kind = Some("remote".to_owned());
        evidence.services[1].state = Some("unknown".to_owned());
        assert_eq!(evidence.node().0, "a node of type `remote`, known from its callers only");
        evidence.services.clear();
        assert_eq!(evidence.node().0, "no node of that name");
    }
}
