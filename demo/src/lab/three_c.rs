//! Lab 3c: the learner's Like service passes the trace on, so that a like is one trace from the visitor to the database.

use std::path::PathBuf;

use local_xray::cli::service::Service;

use super::report::Finding;
use super::world::{LIKES, World};
use crate::child::Role;
use crate::expected::calls_between;

/// Traces that begin where the monolith is asked to count a like: `http.url` is the URL of a trace's first request.
const LONE: &str = r#"http.url CONTAINS "fulfill-like""#;

/// What can be seen of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Evidence {
    own: Option<PathBuf>,
    services: Vec<Service>,
    likes: usize,
    /// Counted likes whose trace begins at the monolith's internal listener.
    lone: u64,
}

impl Evidence {
    pub(super) async fn gather(world: &World) -> anyhow::Result<Self> {
        Ok(Self {
            own: world.running.like_service.clone(),
            services: world.services().await?,
            likes: world.traces(LIKES).await?.len(),
            lone: world.traces(LONE).await?.len() as u64,
        })
    }
}

/// Judges what was seen.
pub(super) fn judge(evidence: &Evidence) -> Vec<Finding> {
    let Evidence { own, services, likes, lone } = evidence;
    let hops = calls_between(services, Role::LikeService, Role::Monolith);
    let counted = hops + lone;
    vec![
        Finding::new(
            "your Like service runs in place of ours",
            "what the demo was started with",
            own.as_ref().map_or_else(|| "ours".to_owned(), |path| path.display().to_string()),
            own.is_some(),
            "stop the demo and start it with --like-service target/debug/lab-3-start",
        ),
        Finding::new(
            "likes were counted",
            format!("traces that match {LIKES}, and the monolith's answers to fulfill-like"),
            format!("{likes} likes, {counted} counted"),
            *likes > 0 && counted > 0,
            "click hearts on the web site; every like that is not lost is counted by the monolith",
        ),
        Finding::new(
            "the map shows the hop like service → monolith",
            "the edge like service → monolith",
            format!("{hops} calls"),
            hops > 0,
            "make the call with shared::http_client: it starts a subsegment and sends the trace header along",
        ),
        Finding::new(
            "no like is told in two traces",
            format!("traces that match {LONE}"),
            format!("{lone} of {counted}"),
            *lone == 0 && counted > 0,
            "these traces began at the monolith, because the call brought no X-Amzn-Trace-Id; start the lab again once it does",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use local_xray::cli::service::{Edge, Statistics};

    fn missing(lone: u64, hops: u64) -> Vec<&'static str> {
        let statistics = Some(Statistics { total_count: hops, ..Statistics::default() });
        let service = |id: i64, name: &str, edges| Service {
            reference_id: id,
            name: name.to_owned(),
            state: Some("active".to_owned()),
            edges,
            ..Service::default()
        };
        let hop = Edge { reference_id: 1, summary_statistics: statistics, edge_type: None };
        let services = vec![service(1, "monolith", vec![]), service(2, "like service", vec![hop])];
        let evidence = Evidence { own: Some("mine".into()), services, likes: 9, lone };
        judge(&evidence).iter().filter(|finding| !finding.holds()).map(Finding::claim).collect()
    }

    #[test]
    fn a_like_is_one_trace_or_the_hop_is_missing() {
        assert_eq!(missing(0, 6), [""; 0]);
        assert_eq!(missing(6, 0), ["the map shows the hop like service → monolith", "no like is told in two traces"]);
        assert_eq!(missing(1, 5), ["no like is told in two traces"]);
        let nothing =
            ["likes were counted", "the map shows the hop like service → monolith", "no like is told in two traces"];
        assert_eq!(missing(0, 0), nothing);
    }
}
