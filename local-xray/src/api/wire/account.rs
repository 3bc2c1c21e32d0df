//! Settings that an account has once, on the wire.

use serde::{Deserialize, Serialize};

use crate::document::Timestamp;
use crate::settings::{Account, Destination, INDEXING_RULE};

const ACTIVE: &str = "ACTIVE";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct PutEncryptionConfig {
    #[serde(rename = "Type")]
    pub(in crate::api) encryption_type: EncryptionType,
    pub(in crate::api) key_id: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(in crate::api) enum EncryptionType {
    None,
    Kms,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct EncryptionAnswer {
    pub(in crate::api) encryption_config: EncryptionConfig,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct EncryptionConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    key_id: Option<String>,
    status: &'static str,
    #[serde(rename = "Type")]
    encryption_type: EncryptionType,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct UpdateTraceSegmentDestination {
    pub(in crate::api) destination: Option<DestinationName>,
    pub(in crate::api) cloud_watch_logs_configuration: Option<CloudWatchLogsConfiguration>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct CloudWatchLogsConfiguration {
    pub(in crate::api) spans_log_group_kms_key_id: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
pub(in crate::api) enum DestinationName {
    XRay,
    CloudWatchLogs,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct DestinationAnswer {
    destination: DestinationName,
    status: &'static str,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct UpdateIndexingRule {
    pub(in crate::api) name: String,
    pub(in crate::api) rule: IndexingRuleValueUpdate,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct IndexingRuleValueUpdate {
    pub(in crate::api) probabilistic: Option<ProbabilisticUpdate>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct ProbabilisticUpdate {
    pub(in crate::api) desired_sampling_percentage: f64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct IndexingRulesAnswer {
    pub(in crate::api) indexing_rules: Vec<IndexingRule>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct IndexingRuleAnswer {
    pub(in crate::api) indexing_rule: IndexingRule,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct IndexingRule {
    name: &'static str,
    modified_at: Timestamp,
    rule: IndexingRuleValue,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct IndexingRuleValue {
    probabilistic: Probabilistic,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Probabilistic {
    desired_sampling_percentage: f64,
    /// Every trace is indexed, whatever was asked for.
    actual_sampling_percentage: f64,
}

impl EncryptionConfig {
    pub(in crate::api) fn of(account: &Account) -> Self {
        let encryption_type = if account.encryption_key.is_some() { EncryptionType::Kms } else { EncryptionType::None };
        Self { key_id: account.encryption_key.clone(), status: ACTIVE, encryption_type }
    }
}

impl From<DestinationName> for Destination {
    fn from(name: DestinationName) -> Self {
        match name {
            DestinationName::XRay => Self::XRay,
            DestinationName::CloudWatchLogs => Self::CloudWatchLogs,
        }
    }
}

impl From<Destination> for DestinationAnswer {
    fn from(destination: Destination) -> Self {
        let destination = match destination {
            Destination::XRay => DestinationName::XRay,
            Destination::CloudWatchLogs => DestinationName::CloudWatchLogs,
        };
        Self { destination, status: ACTIVE }
    }
}

impl IndexingRule {
    pub(in crate::api) fn of(account: &Account) -> Self {
        let probabilistic = Probabilistic {
            desired_sampling_percentage: account.indexing_percentage,
            actual_sampling_percentage: 100.0,
        };
        Self {
            name: INDEXING_RULE,
            modified_at: account.indexing_modified_at,
            rule: IndexingRuleValue { probabilistic },
        }
    }
}
