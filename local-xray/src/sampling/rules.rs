//! Sampling rules: which requests they are for, and how much of them is kept. Matching is the clients' work; rules are
//! checked here, kept, and handed out in the order in which they are tried.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::arn::{self, Reference};
use crate::document::Timestamp;
use crate::limits::Limits;
use crate::refusal::{Reason, Refusal, check_length, check_range};

/// The name of the rule that always exists and is tried last.
pub const DEFAULT: &str = "Default";
const DEFAULT_PRIORITY: u32 = 10_000;
/// AWS's default: one request a second, and 5 % of the rest.
const DEFAULT_RATE_OF_AWS: f64 = 0.05;
/// On a laptop, a trace that is missing is worse than one too many.
const DEFAULT_RATE: f64 = 1.0;
/// Attributes of one rule.
const MAX_ATTRIBUTES: usize = 5;
/// Numbers that every client can hold.
const MAX_INTEGER: u32 = i32::MAX.unsigned_abs();

/// One rule. Patterns are compared with a request's properties; `*` stands for any text and `?` for one character.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Unique.
    pub name: String,
    /// Pattern for the resource that the request came through.
    pub resource_arn: String,
    /// 1 to 9999; the lowest is tried first. The default rule has 10000.
    pub priority: u32,
    /// The share of requests, 0 to 1, that is kept beyond the reservoir.
    pub fixed_rate: f64,
    /// Requests kept each second before the rate applies, over all clients.
    pub reservoir_size: u32,
    /// Pattern for the name of the service.
    pub service_name: String,
    /// Pattern for the type of the service, its origin.
    pub service_type: String,
    /// Pattern for the host of the request.
    pub host: String,
    /// Pattern for the HTTP method.
    pub http_method: String,
    /// Pattern for the path of the URL.
    pub url_path: String,
    /// The version of the rule's format.
    pub version: u32,
    /// Patterns for attributes of the request.
    pub attributes: BTreeMap<String, String>,
    /// How far the rate may rise when something goes wrong. It is kept and given back; rates are never boosted here.
    pub boost: Option<RateBoost>,
}

/// How far a rate may rise, and how long it rests afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RateBoost {
    /// 0 to 1.
    pub max_rate: f64,
    /// Minutes without another boost.
    pub cooldown_window_minutes: u32,
}

/// What to set of a rule; what is absent stays as it is.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "each field is that of a rule")]
pub struct RuleChange {
    pub resource_arn: Option<String>,
    pub priority: Option<u32>,
    pub fixed_rate: Option<f64>,
    pub reservoir_size: Option<u32>,
    pub service_name: Option<String>,
    pub service_type: Option<String>,
    pub host: Option<String>,
    pub http_method: Option<String>,
    pub url_path: Option<String>,
    pub attributes: Option<BTreeMap<String, String>>,
    pub boost: Option<RateBoost>,
}

/// A rule with its dates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RuleRecord {
    /// The rule.
    pub rule: Rule,
    /// When it was made; the epoch for the default rule.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub modified_at: Timestamp,
}

/// All rules, the default one included.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RuleTable {
    by_name: BTreeMap<String, RuleRecord>,
    last_modification: Timestamp,
    #[serde(skip)]
    limits: Limits,
}

impl Rule {
    /// A rule for every request, with the numbers of the local default rule.
    pub fn of_everything(name: &str) -> Self {
        let any = || "*".to_owned();
        Self {
            name: name.to_owned(),
            resource_arn: any(),
            priority: DEFAULT_PRIORITY,
            fixed_rate: DEFAULT_RATE,
            // With a rate of 1 a reservoir changes nothing; some SDKs skip rules without one.
            reservoir_size: 1,
            service_name: any(),
            service_type: any(),
            host: any(),
            http_method: any(),
            url_path: any(),
            version: 1,
            attributes: BTreeMap::new(),
            boost: None,
        }
    }

    /// The ARN of the rule.
    pub fn arn(&self) -> String {
        arn::of_sampling_rule(&self.name)
    }

    fn changed(&self, change: RuleChange) -> Self {
        let old = self.clone();
        Self {
            name: old.name,
            resource_arn: change.resource_arn.unwrap_or(old.resource_arn),
            priority: change.priority.unwrap_or(old.priority),
            fixed_rate: change.fixed_rate.unwrap_or(old.fixed_rate),
            reservoir_size: change.reservoir_size.unwrap_or(old.reservoir_size),
            service_name: change.service_name.unwrap_or(old.service_name),
            service_type: change.service_type.unwrap_or(old.service_type),
            host: change.host.unwrap_or(old.host),
            http_method: change.http_method.unwrap_or(old.http_method),
            url_path: change.url_path.unwrap_or(old.url_path),
            version: old.version,
            attributes: change.attributes.unwrap_or(old.attributes),
            boost: change.boost.or(old.boost),
        }
    }

    fn check(&self) -> Result<(), Refusal> {
        check_length("RuleName", &self.name, 1..=32)?;
        check_length("ResourceARN", &self.resource_arn, 1..=500)?;
        check_length("ServiceName", &self.service_name, 1..=64)?;
        check_length("ServiceType", &self.service_type, 1..=64)?;
        check_length("Host", &self.host, 1..=64)?;
        check_length("HTTPMethod", &self.http_method, 1..=10)?;
        check_length("URLPath", &self.url_path, 1..=128)?;
        let last_priority = if self.name == DEFAULT { DEFAULT_PRIORITY } else { DEFAULT_PRIORITY - 1 };
        check_range("Priority", self.priority, 1..=last_priority)?;
        check_range("FixedRate", self.fixed_rate, 0.0..=1.0)?;
        check_range("ReservoirSize", self.reservoir_size, 0..=MAX_INTEGER)?;
        check_range("Version", self.version, 1..=MAX_INTEGER)?;
        check_range("Attributes: the number of entries", self.attributes.len(), 0..=MAX_ATTRIBUTES)?;
        for (key, value) in &self.attributes {
            check_length(&format!("Attributes: the key {key:?}"), key, 1..=32)?;
            check_length(&format!("Attributes: the value of {key}"), value, 1..=32)?;
        }
        if let Some(boost) = &self.boost {
            check_range("SamplingRateBoost.MaxRate", boost.max_rate, 0.0..=1.0)?;
            check_range("SamplingRateBoost.CooldownWindowMinutes", boost.cooldown_window_minutes, 0..=MAX_INTEGER)?;
        }
        Ok(())
    }
}

impl RuleTable {
    /// The default rule alone. The rules count as changed at `now`, so that clients which outlived an earlier table
    /// fetch this one.
    pub fn new(limits: Limits, now: Timestamp) -> Self {
        let fixed_rate = if limits.is_strict() { DEFAULT_RATE_OF_AWS } else { DEFAULT_RATE };
        let rule = Rule { fixed_rate, ..Rule::of_everything(DEFAULT) };
        let record = RuleRecord { rule, created_at: Timestamp::EPOCH, modified_at: Timestamp::EPOCH };
        Self { by_name: BTreeMap::from([(DEFAULT.to_owned(), record)]), last_modification: now, limits }
    }

    /// The rules of an earlier run, with the limits of this one. A default rule that nobody has changed is this run's, and
    /// the rules count as changed now.
    pub(crate) fn with(self, mut saved: Self) -> Self {
        if saved.get(DEFAULT).is_none_or(|record| record.modified_at == Timestamp::EPOCH) {
            saved.by_name.extend(self.by_name);
        }
        Self { by_name: saved.by_name, last_modification: self.last_modification, limits: self.limits }
    }

    /// The rules in the order in which they are tried: by priority, then by name, the default one last.
    pub fn list(&self) -> Vec<&RuleRecord> {
        let mut records: Vec<_> = self.by_name.values().collect();
        records.sort_by_key(|record| record.rule.priority);
        records
    }

    /// The rule with this name.
    pub fn get(&self, name: &str) -> Option<&RuleRecord> {
        self.by_name.get(name)
    }

    /// When a rule was last made, changed or deleted.
    pub fn last_modification(&self) -> Timestamp {
        self.last_modification
    }

    /// Says whether a rule has this ARN.
    pub fn has_arn(&self, arn: &str) -> bool {
        self.by_name.values().any(|record| record.rule.arn() == arn)
    }

    /// Makes a rule.
    ///
    /// # Errors
    /// When a member is out of bounds, the name is taken, or there are too many rules.
    pub fn create(&mut self, rule: Rule, now: Timestamp) -> Result<RuleRecord, Refusal> {
        rule.check()?;
        if self.by_name.contains_key(&rule.name) {
            return Err(Refusal::invalid(format!("RuleName: there is a sampling rule {} already", rule.name)));
        }
        if self.by_name.len() > self.limits.sampling_rules() {
            let most = self.limits.sampling_rules();
            let message = format!("RuleName: there are {most} sampling rules already, and no more are allowed");
            return Err(Refusal::new(Reason::RuleLimitExceeded, message));
        }
        Ok(self.put(RuleRecord { rule, created_at: now, modified_at: now }, now))
    }

    /// Changes what was sent of a rule.
    ///
    /// # Errors
    /// When there is no such rule, a member is out of bounds, or it would change which requests the default rule is for.
    pub fn update(&mut self, reference: &Reference, change: RuleChange, now: Timestamp) -> Result<RuleRecord, Refusal> {
        let record = self.find(reference)?;
        let rule = record.rule.changed(change);
        rule.check()?;
        if rule.name == DEFAULT {
            let Rule { fixed_rate, reservoir_size, .. } = rule;
            if rule != (Rule { fixed_rate, reservoir_size, ..record.rule.clone() }) {
                let message = "of the sampling rule Default only FixedRate and ReservoirSize can be changed";
                return Err(Refusal::invalid(message));
            }
        }
        let created_at = record.created_at;
        Ok(self.put(RuleRecord { rule, created_at, modified_at: now }, now))
    }

    /// Removes a rule and gives it back.
    ///
    /// # Errors
    /// When there is no such rule, or it is the default one.
    pub fn delete(&mut self, reference: &Reference, now: Timestamp) -> Result<RuleRecord, Refusal> {
        let record = self.find(reference)?.clone();
        if record.rule.name == DEFAULT {
            return Err(Refusal::invalid("RuleName: the sampling rule Default cannot be deleted"));
        }
        self.by_name.remove(&record.rule.name);
        self.last_modification = now;
        Ok(record)
    }

    fn find(&self, reference: &Reference) -> Result<&RuleRecord, Refusal> {
        let record = match (&reference.name, &reference.arn) {
            (Some(name), _) => {
                let unknown = || Refusal::invalid(format!("RuleName: there is no sampling rule {name}"));
                self.by_name.get(name).ok_or_else(unknown)?
            }
            (None, Some(arn)) => {
                let unknown = || Refusal::invalid(format!("RuleARN: there is no sampling rule {arn}"));
                self.by_name.values().find(|record| record.rule.arn() == *arn).ok_or_else(unknown)?
            }
            (None, None) => return Err(Refusal::invalid("a sampling rule is named by RuleName or RuleARN")),
        };
        match &reference.arn {
            Some(arn) if *arn != record.rule.arn() => {
                Err(Refusal::invalid(format!("RuleARN: {arn} is not the sampling rule {}", record.rule.name)))
            }
            _ => Ok(record),
        }
    }

    fn put(&mut self, record: RuleRecord, now: Timestamp) -> RuleRecord {
        self.by_name.insert(record.rule.name.clone(), record.clone());
        self.last_modification = now;
        record
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);
    const LATER: Timestamp = Timestamp::from_micros(1_767_225_601_000_000);

    fn rule(name: &str, priority: u32) -> Rule {
        Rule { priority, ..Rule::of_everything(name) }
    }

    fn named(name: &str) -> Reference {
        Reference { name: Some(name.to_owned()), arn: None }
    }

    #[test]
    fn members_have_bounds() {
        let check = |change: &dyn Fn(&mut Rule), expected: Option<&str>| {
            let mut rule = rule("likes", 1);
            change(&mut rule);
            let refused = RuleTable::new(Limits::default(), NOW).create(rule, NOW).err().map(|refusal| refusal.message);
            match (expected, &refused) {
                (None, None) => {}
                (Some(part), Some(message)) => assert!(message.starts_with(part), "{message}"),
                _ => panic!("{expected:?}: {refused:?}"),
            }
        };
        let attributes = |count: usize| (0..count).map(|number| (number.to_string(), "*".to_owned())).collect();
        check(&|_| (), None);
        check(&|rule| rule.name = "x".repeat(33), Some("RuleName: 33 characters"));
        check(&|rule| rule.name = String::new(), Some("RuleName: 0 characters"));
        check(&|rule| rule.name = DEFAULT.to_owned(), Some("RuleName: there is a sampling rule Default already"));
        check(&|rule| rule.priority = 0, Some("Priority: 0 is not between 1 and 9999"));
        check(&|rule| rule.priority = 9_999, None);
        check(&|rule| rule.priority = 10_000, Some("Priority"));
        check(&|rule| rule.fixed_rate = 1.1, Some("FixedRate: 1.1 is not between 0 and 1"));
        check(&|rule| rule.fixed_rate = -0.1, Some("FixedRate"));
        check(&|rule| rule.fixed_rate = f64::NAN, Some("FixedRate"));
        check(&|rule| rule.reservoir_size = 1 << 31, Some("ReservoirSize"));
        check(&|rule| rule.version = 0, Some("Version"));
        check(&|rule| rule.service_name = "s".repeat(65), Some("ServiceName"));
        check(&|rule| rule.service_type = String::new(), Some("ServiceType"));
        check(&|rule| rule.host = "h".repeat(65), Some("Host"));
        check(&|rule| rule.http_method = "m".repeat(11), Some("HTTPMethod"));
        check(&|rule| rule.url_path = "u".repeat(129), Some("URLPath"));
        check(&|rule| rule.resource_arn = "a".repeat(501), Some("ResourceARN"));
        check(&|rule| rule.attributes = attributes(5), None);
        check(&|rule| rule.attributes = attributes(6), Some("Attributes"));
        check(&|rule| rule.attributes = [("k".to_owned(), "v".repeat(33))].into(), Some("Attributes"));
        let boost = RateBoost { max_rate: 2.0, cooldown_window_minutes: 1 };
        check(&|rule| rule.boost = Some(boost), Some("SamplingRateBoost.MaxRate"));
    }

    #[test]
    fn rules_come_in_the_order_in_which_they_are_tried() {
        let mut table = RuleTable::new(Limits::default(), NOW);
        for rule in [rule("b", 5), rule("z", 1), rule("a", 5)] {
            table.create(rule, NOW).unwrap();
        }
        let names: Vec<_> = table.list().into_iter().map(|record| record.rule.name.as_str()).collect();
        assert_eq!(names, ["z", "a", "b", "Default"]);
    }

    #[test]
    fn a_change_leaves_the_rest_and_moves_the_date() {
        let mut table = RuleTable::new(Limits::default(), NOW);
        table.create(rule("likes", 7), NOW).unwrap();
        let change = RuleChange { fixed_rate: Some(0.5), ..RuleChange::default() };
        let by_arn = Reference { name: None, arn: Some(rule("likes", 7).arn()) };
        let changed = table.update(&by_arn, change, LATER).unwrap();
        assert_eq!(changed.rule, Rule { fixed_rate: 0.5, ..rule("likes", 7) });
        assert_eq!((changed.created_at, changed.modified_at, table.last_modification()), (NOW, LATER, LATER));

        let wrong = RuleChange { priority: Some(0), ..RuleChange::default() };
        assert!(table.update(&named("likes"), wrong, LATER).is_err());
        assert!(table.update(&named("nobody"), RuleChange::default(), LATER).is_err());
        assert!(table.update(&Reference::default(), RuleChange::default(), LATER).is_err());
        let two = Reference { name: Some(DEFAULT.to_owned()), ..by_arn };
        assert!(table.update(&two, RuleChange::default(), LATER).is_err());
        assert_eq!(table.get("likes").unwrap().rule.priority, 7);
    }

    #[test]
    fn of_the_default_rule_only_the_numbers_change() {
        let mut table = RuleTable::new(Limits::default(), NOW);
        let change = RuleChange {
            fixed_rate: Some(0.1),
            reservoir_size: Some(0),
            // What is sent as it is, as programs do that read a rule and send it back, is no change.
            host: Some("*".to_owned()),
            priority: Some(DEFAULT_PRIORITY),
            ..RuleChange::default()
        };
        let record = table.update(&named(DEFAULT), change, LATER).unwrap();
        assert_eq!((record.rule.fixed_rate, record.rule.reservoir_size), (0.1, 0));
        let rematched = RuleChange { host: Some("example.com".to_owned()), ..RuleChange::default() };
        assert!(table.update(&named(DEFAULT), rematched, LATER).is_err());
        let sooner = RuleChange { priority: Some(1), ..RuleChange::default() };
        assert!(table.update(&named(DEFAULT), sooner, LATER).is_err());
        assert!(table.delete(&named(DEFAULT), LATER).is_err());
    }

    #[test]
    fn strict_rules_begin_and_end_as_at_aws() {
        let mut table = RuleTable::new(Limits::new(true), NOW);
        let default = table.get(DEFAULT).unwrap().rule.clone();
        assert_eq!((default.fixed_rate, default.reservoir_size), (0.05, 1));
        for number in 1..=25 {
            table.create(rule(&format!("r{number}"), number), NOW).unwrap();
        }
        assert_eq!(table.create(rule("r26", 26), NOW).unwrap_err().reason, Reason::RuleLimitExceeded);
        table.delete(&named("r1"), LATER).unwrap();
        assert_eq!(table.last_modification(), LATER);
        assert!(table.create(rule("r26", 26), LATER).is_ok());
    }
}
