//! Groups on the wire.

use serde::{Deserialize, Serialize};

use crate::settings::{Group, GroupChange, InsightsChange, Reference};

use super::tags::TagBody;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct CreateGroup {
    pub(in crate::api) group_name: String,
    pub(in crate::api) filter_expression: Option<String>,
    pub(in crate::api) insights_configuration: Option<InsightsConfiguration>,
    pub(in crate::api) tags: Option<Vec<TagBody>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct UpdateGroup {
    group_name: Option<String>,
    #[serde(rename = "GroupARN")]
    group_arn: Option<String>,
    pub(in crate::api) filter_expression: Option<String>,
    pub(in crate::api) insights_configuration: Option<InsightsConfiguration>,
}

/// A group, by name or by ARN.
#[derive(Deserialize)]
pub(in crate::api) struct GetGroup {
    #[serde(rename = "GroupName")]
    name: Option<String>,
    #[serde(rename = "GroupARN")]
    arn: Option<String>,
}

pub(in crate::api) type DeleteGroup = GetGroup;

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct InsightsConfiguration {
    insights_enabled: Option<bool>,
    notifications_enabled: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct GroupsAnswer {
    pub(in crate::api) groups: Vec<GroupOut>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct GroupAnswer {
    pub(in crate::api) group: GroupOut,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::api) struct GroupOut {
    group_name: String,
    #[serde(rename = "GroupARN")]
    group_arn: String,
    /// Absent for a group of all traces.
    #[serde(skip_serializing_if = "String::is_empty")]
    filter_expression: String,
    insights_configuration: InsightsConfiguration,
}

impl From<Group> for GroupOut {
    fn from(group: Group) -> Self {
        Self {
            group_name: group.name,
            group_arn: group.arn,
            filter_expression: group.filter_expression,
            insights_configuration: InsightsConfiguration {
                insights_enabled: Some(group.insights.enabled),
                notifications_enabled: Some(group.insights.notifications),
            },
        }
    }
}

impl From<GetGroup> for Reference {
    fn from(group: GetGroup) -> Self {
        Self { name: group.name, arn: group.arn }
    }
}

impl UpdateGroup {
    pub(in crate::api) fn reference(&self) -> Reference {
        Reference { name: self.group_name.clone(), arn: self.group_arn.clone() }
    }
}

/// What a request sets of a group.
pub(in crate::api) fn group_change(
    filter_expression: Option<String>,
    insights: Option<InsightsConfiguration>,
) -> GroupChange {
    let insights = insights
        .map(|wanted| InsightsChange { enabled: wanted.insights_enabled, notifications: wanted.notifications_enabled });
    GroupChange { filter_expression, insights }
}
