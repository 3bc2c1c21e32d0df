//! The tasks of the Like service: processes side by side, among which the monolith goes round.
//!
//! The first one has the ports that were asked for; each further one takes two free ones when it is wanted. A port that the system has just
//! given away is not given to anybody else for a while, so it may be let go between finding it and the child's taking it.

use std::net::{SocketAddr, TcpListener};

use anyhow::Context as _;
use serde_json::json;

use crate::child::Role;
use crate::ports::url_of;
use crate::running::Task;

/// Tasks at most: past this a laptop measures nothing but itself.
pub(crate) const MAX_TASKS: u16 = 8;

/// One task: where it listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LikeTask {
    number: u16,
    pub(crate) public: SocketAddr,
    pub(crate) internal: SocketAddr,
}

impl LikeTask {
    /// The task with the ports that were asked for.
    pub(crate) const fn first(public: SocketAddr, internal: SocketAddr) -> Self {
        Self { number: 1, public, internal }
    }

    /// A further task, on free ports beside the first one's.
    pub(crate) fn further(number: u16, first: &Self) -> anyhow::Result<Self> {
        let beside = |address: SocketAddr| TcpListener::bind(SocketAddr::new(address.ip(), 0));
        let (public, internal) = (beside(first.public)?, beside(first.internal)?); // both held, so that they differ
        Ok(Self { number, public: public.local_addr()?, internal: internal.local_addr()? })
    }

    /// `like-service`, `like-service-2`, …: the name of its log and of its metadata endpoint.
    pub(crate) fn name(&self) -> String {
        match self.number {
            1 => Role::LikeService.word().to_owned(),
            number => format!("{}-{number}", Role::LikeService.word()),
        }
    }

    /// Where it is, for other commands.
    pub(crate) fn urls(&self) -> Task {
        Task { url: url_of(self.public), internal: url_of(self.internal) }
    }
}

/// Tells the monolith, at its internal API, which tasks to go round among.
pub(crate) async fn introduce(tasks: &[LikeTask], monolith: SocketAddr, token: &str) -> anyhow::Result<()> {
    let addresses: Vec<String> = tasks.iter().map(|task| url_of(task.public)).collect();
    let url = format!("{}/like-addresses", url_of(monolith));
    let client = reqwest::Client::builder().no_proxy().build()?;
    let request = client.put(&url).header("X-Internal-Token", token).json(&json!({ "addresses": addresses }));
    let answer = request.send().await.and_then(reqwest::Response::error_for_status);
    answer.map(drop).with_context(|| format!("the monolith does not take the list of tasks at {url}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_has_a_name_and_ports_of_its_own() {
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let first = LikeTask::first(at(8081), at(8091));
        let second = LikeTask::further(2, &first).unwrap();
        assert_eq!((first.name(), second.name()), ("like-service".to_owned(), "like-service-2".to_owned()));
        assert_eq!(first.urls().url, "http://127.0.0.1:8081");
        assert_ne!(second.public.port(), second.internal.port());
        assert!(second.public.port() != 0 && second.public.ip() == first.public.ip());
    }
}
