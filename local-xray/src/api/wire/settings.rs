//! Sampling on the wire.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::document::Timestamp;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct SamplingRulesAnswer {
    pub(in crate::api) sampling_rule_records: Vec<SamplingRuleRecord>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct SamplingRuleRecord {
    pub(in crate::api) sampling_rule: SamplingRule,
    pub(in crate::api) created_at: Timestamp,
    pub(in crate::api) modified_at: Timestamp,
}

/// All members are always there: some SDKs skip rules that lack one.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct SamplingRule {
    pub(in crate::api) rule_name: &'static str,
    #[serde(rename = "RuleARN")]
    pub(in crate::api) rule_arn: String,
    #[serde(rename = "ResourceARN")]
    pub(in crate::api) resource_arn: &'static str,
    pub(in crate::api) priority: u32,
    pub(in crate::api) fixed_rate: f64,
    pub(in crate::api) reservoir_size: u32,
    pub(in crate::api) service_name: &'static str,
    pub(in crate::api) service_type: &'static str,
    pub(in crate::api) host: &'static str,
    #[serde(rename = "HTTPMethod")]
    pub(in crate::api) http_method: &'static str,
    #[serde(rename = "URLPath")]
    pub(in crate::api) url_path: &'static str,
    pub(in crate::api) version: u32,
    pub(in crate::api) attributes: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct GetSamplingTargets {
    pub(in crate::api) sampling_statistics_documents: Vec<SamplingStatisticsDocument>,
}

/// What one client counted for one rule. Only the name matters while there is a single rule that keeps everything.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct SamplingStatisticsDocument {
    pub(in crate::api) rule_name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct SamplingTargetsAnswer {
    pub(in crate::api) sampling_target_documents: Vec<SamplingTarget>,
    /// Always a number: two SDKs read it unconditionally.
    pub(in crate::api) last_rule_modification: Timestamp,
    pub(in crate::api) unprocessed_statistics: Vec<UnprocessedStatistics>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct SamplingTarget {
    pub(in crate::api) rule_name: String,
    pub(in crate::api) fixed_rate: f64,
    pub(in crate::api) reservoir_quota: u32,
    #[serde(rename = "ReservoirQuotaTTL")]
    pub(in crate::api) reservoir_quota_ttl: Timestamp,
    /// Seconds until the next report.
    pub(in crate::api) interval: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct UnprocessedStatistics {
    pub(in crate::api) rule_name: String,
    pub(in crate::api) error_code: &'static str,
    pub(in crate::api) message: String,
}
