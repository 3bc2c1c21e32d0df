//! Insights on the wire, as far as there are any: the questions, and an empty list.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::api::time::RequestTime;
use crate::arn::Reference;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct GetInsightSummaries {
    pub(in crate::api) start_time: RequestTime,
    pub(in crate::api) end_time: RequestTime,
    group_name: Option<String>,
    #[serde(rename = "GroupARN")]
    group_arn: Option<String>,
    pub(in crate::api) states: Option<Vec<InsightState>>,
    pub(in crate::api) max_results: Option<u32>,
    pub(in crate::api) next_token: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(in crate::api) enum InsightState {
    Active,
    Closed,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct InsightSummariesAnswer {
    pub(in crate::api) insight_summaries: [Value; 0],
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct GetInsight {
    pub(in crate::api) insight_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct GetInsightEvents {
    pub(in crate::api) insight_id: String,
    pub(in crate::api) max_results: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct GetInsightImpactGraph {
    pub(in crate::api) insight_id: String,
    pub(in crate::api) start_time: RequestTime,
    pub(in crate::api) end_time: RequestTime,
}

impl GetInsightSummaries {
    pub(in crate::api) fn group(&self) -> Reference {
        Reference { name: self.group_name.clone(), arn: self.group_arn.clone() }
    }
}
