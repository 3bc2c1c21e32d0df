//! Sampling on the wire.
//!
//! One client builds its objects by keyword and fails on a member that it does not know, so members newer than the
//! others are only sent when they are set.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::arn::Reference;
use crate::document::Timestamp;
use crate::refusal::{Refusal, check_length};
use crate::sampling::{RateBoost, Report, Rule, RuleChange, RuleRecord, Statistics, Target};

use super::tags::TagBody;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct CreateSamplingRule {
    pub(in crate::api) sampling_rule: SamplingRuleBody,
    pub(in crate::api) tags: Option<Vec<TagBody>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct UpdateSamplingRule {
    pub(in crate::api) sampling_rule_update: SamplingRuleUpdate,
}

#[derive(Deserialize)]
pub(in crate::api) struct DeleteSamplingRule {
    #[serde(rename = "RuleName")]
    name: Option<String>,
    #[serde(rename = "RuleARN")]
    arn: Option<String>,
}

/// In answers all members but the boost are always there: some SDKs skip rules that lack one.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct SamplingRuleBody {
    rule_name: Option<String>,
    #[serde(rename = "RuleARN")]
    rule_arn: Option<String>,
    #[serde(rename = "ResourceARN")]
    resource_arn: String,
    priority: u32,
    fixed_rate: f64,
    reservoir_size: u32,
    service_name: String,
    service_type: String,
    host: String,
    #[serde(rename = "HTTPMethod")]
    http_method: String,
    #[serde(rename = "URLPath")]
    url_path: String,
    version: u32,
    attributes: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sampling_rate_boost: Option<SamplingRateBoost>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct SamplingRuleUpdate {
    rule_name: Option<String>,
    #[serde(rename = "RuleARN")]
    rule_arn: Option<String>,
    #[serde(rename = "ResourceARN")]
    resource_arn: Option<String>,
    priority: Option<u32>,
    fixed_rate: Option<f64>,
    reservoir_size: Option<u32>,
    service_name: Option<String>,
    service_type: Option<String>,
    host: Option<String>,
    #[serde(rename = "HTTPMethod")]
    http_method: Option<String>,
    #[serde(rename = "URLPath")]
    url_path: Option<String>,
    attributes: Option<BTreeMap<String, String>>,
    sampling_rate_boost: Option<SamplingRateBoost>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct SamplingRateBoost {
    max_rate: f64,
    cooldown_window_minutes: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct SamplingRulesAnswer {
    pub(in crate::api) sampling_rule_records: Vec<SamplingRuleRecord>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct SamplingRuleAnswer {
    pub(in crate::api) sampling_rule_record: SamplingRuleRecord,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct SamplingRuleRecord {
    sampling_rule: SamplingRuleBody,
    created_at: Timestamp,
    modified_at: Timestamp,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct GetSamplingTargets {
    pub(in crate::api) sampling_statistics_documents: Vec<SamplingStatisticsDocument>,
    pub(in crate::api) sampling_boost_statistics_documents: Option<Vec<SamplingBoostStatisticsDocument>>,
}

/// What one client counted for one rule.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct SamplingStatisticsDocument {
    rule_name: String,
    #[serde(rename = "ClientID")]
    client_id: String,
    /// Clients send odd times, and none is needed: a report counts when it arrives.
    #[serde(rename = "Timestamp")]
    _timestamp: Value,
    request_count: u64,
    /// One client leaves out a letter.
    #[serde(alias = "SampleCount")]
    sampled_count: u64,
    borrow_count: Option<u64>,
}

/// What one client saw going wrong. Rates are never boosted here, so only the name is looked at.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct SamplingBoostStatisticsDocument {
    pub(in crate::api) rule_name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct SamplingTargetsAnswer {
    pub(in crate::api) sampling_target_documents: Vec<SamplingTarget>,
    /// Always a number: two SDKs read it unconditionally.
    pub(in crate::api) last_rule_modification: Timestamp,
    pub(in crate::api) unprocessed_statistics: Vec<UnprocessedStatistics>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::api) unprocessed_boost_statistics: Option<Vec<UnprocessedStatistics>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct SamplingTarget {
    rule_name: String,
    fixed_rate: f64,
    reservoir_quota: u32,
    #[serde(rename = "ReservoirQuotaTTL")]
    reservoir_quota_ttl: Timestamp,
    /// Seconds until the next report.
    interval: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct UnprocessedStatistics {
    rule_name: String,
    error_code: &'static str,
    message: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct SamplingStatisticsAnswer {
    pub(in crate::api) sampling_statistic_summaries: Vec<SamplingStatisticSummary>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct SamplingStatisticSummary {
    rule_name: String,
    timestamp: Timestamp,
    request_count: u64,
    borrow_count: u64,
    sampled_count: u64,
}

impl SamplingRuleBody {
    /// The rule that a request describes.
    pub(in crate::api) fn into_rule(self) -> Result<Rule, Refusal> {
        let name = self.rule_name.ok_or_else(|| Refusal::invalid("SamplingRule: missing field `RuleName`"))?;
        let rule = Rule {
            name,
            resource_arn: self.resource_arn,
            priority: self.priority,
            fixed_rate: self.fixed_rate,
            reservoir_size: self.reservoir_size,
            service_name: self.service_name,
            service_type: self.service_type,
            host: self.host,
            http_method: self.http_method,
            url_path: self.url_path,
            version: self.version,
            attributes: self.attributes.unwrap_or_default(),
            boost: self.sampling_rate_boost.map(RateBoost::from),
        };
        match self.rule_arn {
            Some(arn) if arn != rule.arn() => Err(Refusal::invalid("RuleARN: a new rule gets its ARN from X-Ray")),
            _ => Ok(rule),
        }
    }
}

impl From<Rule> for SamplingRuleBody {
    fn from(rule: Rule) -> Self {
        Self {
            rule_arn: Some(rule.arn()),
            rule_name: Some(rule.name),
            resource_arn: rule.resource_arn,
            priority: rule.priority,
            fixed_rate: rule.fixed_rate,
            reservoir_size: rule.reservoir_size,
            service_name: rule.service_name,
            service_type: rule.service_type,
            host: rule.host,
            http_method: rule.http_method,
            url_path: rule.url_path,
            version: rule.version,
            attributes: Some(rule.attributes),
            sampling_rate_boost: rule.boost.map(SamplingRateBoost::from),
        }
    }
}

impl SamplingRuleUpdate {
    /// Which rule to change, and how.
    pub(in crate::api) fn into_change(self) -> (Reference, RuleChange) {
        let change = RuleChange {
            resource_arn: self.resource_arn,
            priority: self.priority,
            fixed_rate: self.fixed_rate,
            reservoir_size: self.reservoir_size,
            service_name: self.service_name,
            service_type: self.service_type,
            host: self.host,
            http_method: self.http_method,
            url_path: self.url_path,
            attributes: self.attributes,
            boost: self.sampling_rate_boost.map(RateBoost::from),
        };
        (Reference { name: self.rule_name, arn: self.rule_arn }, change)
    }
}

impl From<SamplingRateBoost> for RateBoost {
    fn from(boost: SamplingRateBoost) -> Self {
        Self { max_rate: boost.max_rate, cooldown_window_minutes: boost.cooldown_window_minutes }
    }
}

impl From<RateBoost> for SamplingRateBoost {
    fn from(boost: RateBoost) -> Self {
        Self { max_rate: boost.max_rate, cooldown_window_minutes: boost.cooldown_window_minutes }
    }
}

impl From<DeleteSamplingRule> for Reference {
    fn from(rule: DeleteSamplingRule) -> Self {
        Self { name: rule.name, arn: rule.arn }
    }
}

impl From<RuleRecord> for SamplingRuleRecord {
    fn from(record: RuleRecord) -> Self {
        Self { sampling_rule: record.rule.into(), created_at: record.created_at, modified_at: record.modified_at }
    }
}

impl SamplingStatisticsDocument {
    /// The report, when its members are what they have to be.
    pub(in crate::api) fn into_report(self) -> Result<Report, Refusal> {
        check_length("RuleName", &self.rule_name, 1..=32)?;
        check_length("ClientID", &self.client_id, 24..=24)?;
        Ok(Report {
            rule_name: self.rule_name,
            client_id: self.client_id,
            requests: self.request_count,
            borrowed: self.borrow_count.unwrap_or(0),
            sampled: self.sampled_count,
        })
    }
}

impl SamplingTarget {
    pub(in crate::api) fn new(rule_name: String, target: &Target) -> Self {
        Self {
            rule_name,
            fixed_rate: target.fixed_rate,
            reservoir_quota: target.reservoir_quota,
            reservoir_quota_ttl: target.reservoir_quota_ttl,
            interval: target.interval,
        }
    }
}

impl UnprocessedStatistics {
    pub(in crate::api) fn unknown_rule(rule_name: String) -> Self {
        let message = format!("there is no sampling rule {rule_name}");
        Self { rule_name, error_code: "InvalidRequestException", message }
    }
}

impl From<&Statistics> for SamplingStatisticSummary {
    fn from(statistics: &Statistics) -> Self {
        Self {
            rule_name: statistics.rule_name.clone(),
            timestamp: statistics.window_start,
            request_count: statistics.requests,
            borrow_count: statistics.borrowed,
            sampled_count: statistics.sampled,
        }
    }
}
