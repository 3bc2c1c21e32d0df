//! The rules in force, with what X-Ray has granted for each. Pure but for the counters inside.
//!
//! A set never changes: a refresh makes the next one out of it, and rules of the same name go on counting where they were.

use std::sync::Arc;

use opentelemetry::StringValue;

use super::reservoir::{Counts, Quota, Reservoir};
use super::rules::{Request, Rule};

/// How long rules are kept once X-Ray no longer answers, in seconds.
const RULES_TTL: u64 = 3_600;

/// What X-Ray grants for one rule.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Target {
    pub(super) rule_name: String,
    pub(super) fixed_rate: f64,
    /// A first answer may come without.
    pub(super) quota: Option<Quota>,
}

/// What one rule counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statistics {
    pub(super) rule_name: String,
    pub(super) counts: Counts,
}

/// Rules in the order in which they are tried.
#[derive(Debug, Default)]
pub(super) struct RuleSet {
    entries: Vec<Entry>,
    fetched_at: Option<u64>,
}

#[derive(Clone, Debug)]
struct Entry {
    rule: Arc<Rule>,
    name: StringValue,
    fixed_rate: f64,
    quota: Option<Quota>,
    reservoir: Arc<Reservoir>,
}

impl Entry {
    fn new(rule: Rule) -> Self {
        let name: Arc<str> = rule.rule_name.as_str().into();
        let fixed_rate = rule.fixed_rate;
        Self { rule: Arc::new(rule), name: name.into(), fixed_rate, quota: None, reservoir: Arc::default() }
    }

    /// What was granted stays with a rule that is still the same; what was counted stays with its name.
    fn after(rule: Rule, earlier: &[Self]) -> Self {
        match earlier.iter().find(|entry| entry.rule.rule_name == rule.rule_name) {
            Some(entry) if *entry.rule == rule => entry.clone(),
            Some(entry) => Self { reservoir: Arc::clone(&entry.reservoir), ..Self::new(rule) },
            None => Self::new(rule),
        }
    }
}

/// What a set of rules says about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decision {
    pub(super) sampled: bool,
    /// The name of the rule that decided.
    pub(super) rule_name: StringValue,
}

impl RuleSet {
    /// The next set, out of rules fetched at `now`. Those that are not for us are left out.
    pub(super) fn refreshed(&self, rules: Vec<Rule>, now: u64) -> Self {
        let mut rules: Vec<Rule> = rules.into_iter().filter(Rule::is_for_us).collect();
        rules.sort_by(|one, other| (one.priority, &one.rule_name).cmp(&(other.priority, &other.rule_name)));
        rules.dedup_by(|later, first| later.rule_name == first.rule_name);
        let entries = rules.into_iter().map(|rule| Entry::after(rule, &self.entries)).collect();
        Self { entries, fetched_at: Some(now) }
    }

    /// The next set, with what X-Ray has granted. A target without a quota leaves the one there was.
    pub(super) fn granted(&self, targets: &[Target]) -> Self {
        let mut entries = self.entries.clone();
        for entry in &mut entries {
            let target = targets.iter().find(|target| target.rule_name == entry.rule.rule_name);
            if let Some(target) = target {
                entry.fixed_rate = target.fixed_rate;
                entry.quota = target.quota.or(entry.quota);
            }
        }
        Self { entries, fetched_at: self.fetched_at }
    }

    /// How many rules there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether any rules were ever served.
    pub(super) fn is_served(&self) -> bool {
        self.fetched_at.is_some()
    }

    /// Decides about a request at `now`; `None` when no rule is about it or the rules are too old.
    pub(super) fn decide(&self, request: &Request<'_>, now: u64, random: impl FnOnce() -> f64) -> Option<Decision> {
        self.fetched_at.filter(|fetched_at| now <= fetched_at.saturating_add(RULES_TTL))?;
        let entry = self.entries.iter().find(|entry| entry.rule.matches(request))?;
        let sampled = entry.reservoir.decide(entry.rule.reservoir_size, entry.quota, entry.fixed_rate, now, random);
        Some(Decision { sampled, rule_name: entry.name.clone() })
    }

    /// Takes what was counted by each rule that was about a request since the last time.
    pub(super) fn take_statistics(&self) -> Vec<Statistics> {
        let taken = self
            .entries
            .iter()
            .map(|entry| Statistics { rule_name: entry.rule.rule_name.clone(), counts: entry.reservoir.take_counts() });
        taken.filter(|statistics| statistics.counts.requests > 0).collect()
    }

    /// Counts on from what could not be reported.
    pub(super) fn put_back(&self, statistics: &[Statistics]) {
        for entry in &self.entries {
            let of_rule = statistics.iter().find(|statistics| statistics.rule_name == entry.rule.rule_name);
            if let Some(statistics) = of_rule {
                entry.reservoir.put_back(statistics.counts);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::SpanKind;
    use serde_json::json;

    use super::super::rules::tests::{origin, rule};
    use super::*;

    const NOW: u64 = 1_700_000_000;

    fn decide(rules: &RuleSet, now: u64) -> Option<(bool, String)> {
        let origin = origin(&[("service.name", "monolith")]);
        let decision = rules.decide(&Request::new(&origin, &SpanKind::Server, &[]), now, || 0.5)?;
        Some((decision.sampled, decision.rule_name.to_string()))
    }

    fn rules(list: &[serde_json::Value]) -> Vec<Rule> {
        list.iter().cloned().map(rule).collect()
    }

    fn target(fixed_rate: f64, quota: Option<(u32, u64)>) -> Target {
        let quota = quota.map(|(per_second, until)| Quota { per_second, until: until as f64 });
        Target { rule_name: "r".to_owned(), fixed_rate, quota }
    }

    #[test]
    fn the_first_rule_that_fits_decides_by_priority_then_by_name() {
        fn check(list: &[serde_json::Value], expected: Option<&str>) {
            let rules = RuleSet::default().refreshed(rules(list), NOW);
            assert_eq!(decide(&rules, NOW).map(|(_, name)| name).as_deref(), expected, "{list:?}");
        }
        let named = |name: &str, priority| json!({"RuleName": name, "Priority": priority});
        check(&[named("Default", 10_000), named("b", 5), named("a", 5)], Some("a"));
        check(&[named("a", 6), named("b", 5)], Some("b"));
        check(&[json!({"RuleName": "a", "Priority": 1, "ServiceName": "other"}), named("b", 5)], Some("b"));
        check(&[json!({"RuleName": "a", "Priority": 1, "ResourceARN": "arn:a"}), named("b", 5)], Some("b"));
        check(&[json!({"ServiceName": "other"})], None);
        check(&[], None);
    }

    #[test]
    fn rules_are_kept_for_an_hour() {
        let rules = RuleSet::default().refreshed(rules(&[json!({"FixedRate": 1.0})]), NOW);
        let sampled = Some((true, "r".to_owned()));
        assert_eq!(decide(&rules, NOW + 3_600), sampled);
        assert_eq!(decide(&rules, NOW + 3_601), None);
        assert_eq!(decide(&rules, NOW - 10), sampled, "a clock that was set back makes no rule old");
        assert_eq!(decide(&RuleSet::default(), NOW), None);
    }

    #[test]
    fn a_refresh_keeps_what_was_granted_to_the_same_rule_and_what_was_counted_under_its_name() {
        let before = RuleSet::default().refreshed(rules(&[json!({"ReservoirSize": 5})]), NOW);
        let before = before.granted(&[target(0.0, Some((2, NOW + 300)))]);
        let sampled = |rules: &RuleSet| (0..5).filter(|_| decide(rules, NOW).unwrap().0).count();
        assert_eq!(sampled(&before), 2);

        let same = before.refreshed(rules(&[json!({"ReservoirSize": 5})]), NOW);
        assert_eq!(sampled(&same), 0, "the quota of this second is used up");
        let counts = Counts { requests: 10, sampled: 2, borrowed: 0 };
        let statistics = vec![Statistics { rule_name: "r".to_owned(), counts }];
        assert_eq!(same.take_statistics(), statistics);
        assert_eq!(same.take_statistics(), []);
        same.put_back(&statistics);

        let changed = same.refreshed(rules(&[json!({"ReservoirSize": 5, "FixedRate": 1.0})]), NOW);
        assert_eq!(sampled(&changed), 5, "the grant was for the rule as it was");
        assert_eq!(changed.take_statistics()[0].counts.requests, 15);

        let gone = changed.refreshed(Vec::new(), NOW);
        assert_eq!(gone.len(), 0);
        assert_eq!(gone.take_statistics(), []);
    }

    #[test]
    fn a_grant_replaces_rate_and_quota_and_may_lack_the_quota() {
        let rules = RuleSet::default().refreshed(rules(&[json!({"ReservoirSize": 5})]), NOW);
        let sampled = |rules: &RuleSet, now| (0..5).filter(|_| decide(rules, now).unwrap().0).count();
        assert_eq!(sampled(&rules, NOW), 1, "borrowed");
        let rules = rules.granted(&[target(0.0, None)]);
        assert_eq!(sampled(&rules, NOW + 1), 1, "still borrowed");
        let rules = rules.granted(&[target(0.0, Some((3, NOW + 300)))]);
        assert_eq!(sampled(&rules, NOW + 2), 3);
        let rules = rules.granted(&[target(0.6, None)]);
        assert_eq!(sampled(&rules, NOW + 3), 5);
        let other = Target { rule_name: "other".to_owned(), ..target(0.0, None) };
        assert_eq!(sampled(&rules.granted(&[other]), NOW + 4), 5);
    }
}
