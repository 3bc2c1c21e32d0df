//! Root causes written as JSON: members that are present must match exactly, members left out may be anything.
//!
//! The shapes are those of `FaultRootCauses`, `ErrorRootCauses` and `ResponseTimeRootCauses` in a trace summary, from
//! which such patterns are copied. A member that no root cause has is refused, or it would silently match nothing.

use serde::{Deserialize, Serialize};

/// A root cause of any kind.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct CausePattern {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) client_impacting: Option<bool>,
    /// The whole chain: as many services, in this order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) services: Option<Vec<ServicePattern>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ServicePattern {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) names: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) r#type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) account_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) inferred: Option<bool>,
    /// The whole path: as many entities, in this order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) entity_path: Option<Vec<EntityPattern>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct EntityPattern {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    /// Only response-time root causes have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) coverage: Option<f64>,
    /// Only faults and errors have them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) exceptions: Option<Vec<ExceptionPattern>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) remote: Option<bool>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ExceptionPattern {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<String>,
}
