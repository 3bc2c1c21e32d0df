//! How much of a rule's reservoir each client may take.
//!
//! The reservoir is shared evenly among the clients that lately had requests for the rule. Shares add up to the
//! reservoir: what does not divide goes to the first clients by id.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::document::Timestamp;

use super::Rule;

/// A client that reported no requests for this long no longer takes part; its share goes to the others.
const ACTIVE: Duration = Duration::from_secs(30);
/// How long a quota holds, in microseconds. Clients report far more often; it is for those that stop asking.
const QUOTA_TTL_MICROS: i64 = 300_000_000;
/// Seconds between a client's reports.
const INTERVAL_SECONDS: u32 = 10;

/// What one client counted for one rule since its last report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The rule.
    pub rule_name: String,
    /// The client: one process.
    pub client_id: String,
    /// Requests that the rule decided.
    pub requests: u64,
    /// Requests kept on credit.
    pub borrowed: u64,
    /// Requests kept by quota or by rate.
    pub sampled: u64,
}

/// What one client may do with one rule from now on.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// The share of requests to keep beyond the quota.
    pub fixed_rate: f64,
    /// Requests to keep each second before the rate applies.
    pub reservoir_quota: u32,
    /// Until when the quota holds.
    pub reservoir_quota_ttl: Timestamp,
    /// Seconds until the next report.
    pub interval: u32,
}

/// Who lately had requests for which rule.
#[derive(Debug, Clone, Default)]
pub(super) struct Clients {
    /// By rule and client.
    last_active: BTreeMap<(String, String), Timestamp>,
}

impl Clients {
    pub(super) fn target(&mut self, rule: &Rule, report: &Report, now: Timestamp) -> Target {
        let too_old = now.before(ACTIVE);
        self.last_active.retain(|_, last| *last > too_old);
        if report.requests > 0 {
            self.last_active.insert((rule.name.clone(), report.client_id.clone()), now);
        }
        Target {
            fixed_rate: rule.fixed_rate,
            reservoir_quota: self.share(rule, &report.client_id),
            reservoir_quota_ttl: Timestamp::from_micros(now.micros().saturating_add(QUOTA_TTL_MICROS)),
            interval: INTERVAL_SECONDS,
        }
    }

    /// A client without requests is told what it would get with some: it may have its first one before it asks again.
    fn share(&self, rule: &Rule, client: &str) -> u32 {
        let others = self.last_active.keys().filter(|(name, other)| *name == rule.name && other != client);
        let (mut count, mut place) = (1_u32, 0_u32);
        for (_, other) in others {
            count = count.saturating_add(1);
            place += u32::from(other.as_str() < client);
        }
        rule.reservoir_size / count + u32::from(place < rule.reservoir_size % count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros((1_767_225_600 + seconds) * 1_000_000)
    }

    /// Lets clients report, by second, id and requests, and gives each one's quota.
    fn quotas(reservoir_size: u32, reports: &[(i64, &str, u64)]) -> Vec<u32> {
        let rule = Rule { reservoir_size, ..Rule::of_everything("likes") };
        let mut clients = Clients::default();
        let mut quota = |(seconds, client, requests): &(i64, &str, u64)| {
            let report = Report {
                rule_name: rule.name.clone(),
                client_id: (*client).to_owned(),
                requests: *requests,
                borrowed: 0,
                sampled: 0,
            };
            clients.target(&rule, &report, at(*seconds)).reservoir_quota
        };
        reports.iter().map(&mut quota).collect()
    }

    #[test]
    fn the_reservoir_is_shared_by_those_who_have_requests() {
        let check = |reservoir: u32, reports: &[(i64, &str, u64)], expected: &[u32]| {
            assert_eq!(quotas(reservoir, reports), expected, "{reservoir} {reports:?}");
        };
        check(10, &[(0, "a", 1)], &[10]);
        check(10, &[(0, "a", 1), (1, "b", 1), (10, "a", 1), (11, "b", 1)], &[10, 5, 5, 5]);
        check(
            10,
            &[(0, "a", 1), (0, "b", 1), (0, "c", 1), (1, "a", 1), (1, "b", 1), (1, "c", 1)],
            &[10, 5, 3, 4, 3, 3],
        );
        // One for three: the first by id has it.
        check(1, &[(0, "c", 1), (0, "b", 1), (0, "a", 1), (1, "b", 1)], &[1, 1, 1, 0]);
        check(0, &[(0, "a", 1)], &[0]);
        // An idle client takes nothing away from the others, and leaves after half a minute.
        check(10, &[(0, "a", 1), (0, "idle", 0), (1, "a", 1)], &[10, 5, 10]);
        check(10, &[(0, "a", 1), (0, "b", 1), (29, "b", 1), (30, "b", 1)], &[10, 5, 5, 10]);
    }

    #[test]
    fn rules_do_not_share_with_one_another() {
        let mut clients = Clients::default();
        for (rule, client) in [("x", "a"), ("y", "b"), ("y", "c")] {
            let rule = Rule { reservoir_size: 6, ..Rule::of_everything(rule) };
            let report = Report {
                rule_name: rule.name.clone(),
                client_id: client.to_owned(),
                requests: 1,
                borrowed: 0,
                sampled: 0,
            };
            clients.target(&rule, &report, at(0));
        }
        let rule = |name: &str| Rule { reservoir_size: 6, ..Rule::of_everything(name) };
        assert_eq!(clients.share(&rule("x"), "a"), 6);
        assert_eq!(clients.share(&rule("y"), "b"), 3);
    }
}
