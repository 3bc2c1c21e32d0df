//! A task with one container: its made-up identity, and the process behind it.

use std::time::SystemTime;

use uuid::Uuid;

use super::measure::Reading;

/// The cluster, region and account of everything here. The account is the one that belongs to nobody.
pub(super) const CLUSTER: &str = "arn:aws:ecs:eu-west-1:000000000000:cluster/mysfits";
pub(super) const ZONE: &str = "eu-west-1a";
const TASKS: &str = "arn:aws:ecs:eu-west-1:000000000000:task/mysfits";
const CONTAINERS: &str = "arn:aws:ecs:eu-west-1:000000000000:container/mysfits";

/// A task as the endpoint knows it.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    /// The last part of its endpoint's address, such as `like-service-2`.
    pub(super) endpoint: String,
    /// The task definition, the service and the one container: `like-service`.
    pub(super) family: String,
    pub(super) id: String,
    pub(super) container_id: String,
    pub(super) image_id: String,
    pub(super) created: SystemTime,
    pub(super) started: Option<SystemTime>,
    /// The last two readings of the process, the older one first.
    pub(super) readings: [Option<Reading>; 2],
    /// The most memory that was seen.
    pub(super) peak_memory: u64,
}

impl Task {
    /// A task that is about to start.
    pub(crate) fn new(endpoint: &str, family: &str, now: SystemTime) -> Self {
        let unique = || Uuid::new_v4().simple().to_string();
        let id = unique();
        let digits = Uuid::new_v4().as_u128() % 10_000_000_000;
        Self {
            endpoint: endpoint.to_owned(),
            family: family.to_owned(),
            container_id: format!("{id}-{digits:010}"),
            id,
            image_id: format!("sha256:{}{}", unique(), unique()),
            created: now,
            started: None,
            readings: [None, None],
            peak_memory: 0,
        }
    }

    pub(super) fn arn(&self) -> String {
        format!("{TASKS}/{}", self.id)
    }

    pub(super) fn container_arn(&self) -> String {
        format!("{CONTAINERS}/{}/{}", self.id, Uuid::from_u128(self.number()))
    }

    /// Takes in what was just measured.
    pub(super) fn take(&mut self, reading: Reading) {
        self.started.get_or_insert(reading.at);
        self.peak_memory = self.peak_memory.max(reading.memory);
        self.readings = [self.readings[1].take(), Some(reading)];
    }

    /// The number that the id is.
    fn number(&self) -> u128 {
        u128::from_str_radix(&self.id, 16).unwrap_or_default()
    }
}
