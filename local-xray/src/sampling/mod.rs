//! Centralised sampling: the rules that services ask for, and each client's share of a rule's reservoir.
//!
//! Services decide themselves which requests they trace. They fetch the rules, report every ten seconds what they saw
//! and kept, and are told how much they may keep until the next report. Pure: time is passed in.

mod matching;
mod rules;
mod statistics;
mod targets;

use crate::document::Timestamp;
use crate::limits::Limits;

pub use self::matching::{Kept, Mismatch, Request};
pub use self::rules::{DEFAULT, RateBoost, Rule, RuleChange, RuleRecord, RuleTable};
pub use self::statistics::{Statistics, StatisticsTable};
pub use self::targets::{Report, Target};

use self::targets::Clients;

/// The rules and what clients reported about them.
#[derive(Debug, Clone)]
pub struct Sampling {
    /// The rules.
    pub rules: RuleTable,
    /// What clients reported, by window of ten seconds.
    pub statistics: StatisticsTable,
    clients: Clients,
}

impl Sampling {
    /// The default rule alone.
    pub fn new(limits: Limits, now: Timestamp) -> Self {
        Self { rules: RuleTable::new(limits, now), statistics: StatisticsTable::default(), clients: Clients::default() }
    }

    /// Takes one client's report about one rule, and says how much it may keep from now on; `None` when there is no such
    /// rule.
    pub fn report(&mut self, report: &Report, now: Timestamp) -> Option<Target> {
        let rule = &self.rules.get(&report.rule_name)?.rule;
        self.statistics.add(report, now);
        Some(self.clients.target(rule, report, now))
    }
}
