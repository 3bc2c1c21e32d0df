//! The service map of this run, as the local X-Ray answers it: read again and again, drawn in the terminal, judged at the end.

use std::time::{Duration, SystemTime};

use local_xray::cli::client::get_service_graph;
use local_xray::cli::map::{MapOptions, render};
use local_xray::cli::service::{Service, Statistics};
use tokio::time::Instant;

use crate::child::Role;
use crate::expected;
use crate::screen::Screen;
use crate::traffic::Counts;

/// How long the last traces may take to arrive once traffic has ended.
const SETTLE_DEADLINE: Duration = Duration::from_secs(20);

/// Between two looks at a map that must have stopped growing: longer than the services hold spans back.
const SETTLE_EVERY: Duration = Duration::from_millis(500);

/// The map since the start of the run.
#[derive(Debug)]
pub(crate) struct LiveMap {
    endpoint: String,
    since: SystemTime,
    services: Vec<Service>,
}

impl LiveMap {
    /// A map of what happens from now on, read from the X-Ray at `endpoint`.
    pub(crate) fn starting_now(endpoint: String) -> Self {
        Self { endpoint, since: SystemTime::now(), services: Vec::new() }
    }

    /// Reads the map once more.
    pub(crate) async fn refresh(&mut self) -> anyhow::Result<()> {
        let soon = SystemTime::now() + Duration::from_secs(1);
        self.services = get_service_graph(&self.endpoint, self.since, soon).await?;
        Ok(())
    }

    /// Whether nothing is on the map.
    pub(crate) const fn is_empty(&self) -> bool {
        self.services.is_empty()
    }

    /// Reads the map until it shows every request that was answered and grows no more; false if that takes too long.
    pub(crate) async fn settle(&mut self, counts: &Counts) -> anyhow::Result<bool> {
        let deadline = Instant::now() + SETTLE_DEADLINE;
        let mut size_before = None;
        while Instant::now() < deadline {
            self.refresh().await?;
            let size = size(&self.services);
            if size_before == Some(size) && shows_all(&self.services, counts) {
                return Ok(true);
            }
            size_before = Some(size);
            tokio::time::sleep(SETTLE_EVERY).await;
        }
        Ok(false)
    }

    /// Whether no expected edge is missing and nothing is half told.
    pub(crate) fn stands(&self) -> bool {
        self.missing_edges().is_empty() && !expected::awaits_segments(&self.services)
    }

    /// The expected edges that the map does not show, in words.
    pub(crate) fn missing_edges(&self) -> Vec<String> {
        expected::missing_edges(&self.services)
    }

    /// The map as text, as wide as the screen.
    pub(crate) fn draw(&self, screen: &Screen) -> String {
        let options = MapOptions { width: screen.columns(), colour: screen.has_colour() };
        render(&self.services, &options).trim_end().to_owned()
    }
}

/// Whether every answered request is on the edges that leave the clients; visitors in a browser may have added some.
fn shows_all(services: &[Service], counts: &Counts) -> bool {
    expected::calls_from_clients(services, Role::Monolith) >= counts.answered_by_monolith()
        && expected::calls_from_clients(services, Role::LikeService) >= counts.answered_by_like_service()
}

/// All calls on the map together: while it grows, so does this.
fn size(services: &[Service]) -> u64 {
    let nodes = services.iter().filter_map(|service| service.summary_statistics.as_ref());
    let edges = services.iter().flat_map(|service| &service.edges).filter_map(|edge| edge.summary_statistics.as_ref());
    let count = |statistics: &Statistics| statistics.total_count;
    nodes.map(count).sum::<u64>() + edges.map(count).sum::<u64>()
}
