//! Resource policies on the wire.

use serde::{Deserialize, Serialize};

use crate::document::Timestamp;
use crate::settings::Policy;

/// Nobody can be locked out here, so whether to check for that makes no difference.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct PutResourcePolicy {
    pub(in crate::api) policy_name: String,
    pub(in crate::api) policy_document: String,
    pub(in crate::api) policy_revision_id: Option<String>,
    #[serde(rename = "BypassPolicyLockoutCheck")]
    _bypass_policy_lockout_check: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct DeleteResourcePolicy {
    pub(in crate::api) policy_name: String,
    pub(in crate::api) policy_revision_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct ResourcePolicyAnswer {
    pub(in crate::api) resource_policy: ResourcePolicy,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct ResourcePoliciesAnswer {
    pub(in crate::api) resource_policies: Vec<ResourcePolicy>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct ResourcePolicy {
    policy_name: String,
    policy_document: String,
    policy_revision_id: String,
    last_updated_time: Timestamp,
}

impl From<Policy> for ResourcePolicy {
    fn from(policy: Policy) -> Self {
        Self {
            policy_name: policy.name,
            policy_document: policy.document,
            policy_revision_id: policy.revision_id,
            last_updated_time: policy.updated_at,
        }
    }
}
