//! `GetGroups` and `GetGroup`, with one group: the default one, which holds every trace.

use crate::filter::{GroupKey, Groups};

use super::answer::{Answer, Outcome};
use super::error::ApiError;
use super::input::Input;
use super::wire::{GroupAnswer, GroupOut, GroupReference, GroupsAnswer, Nothing};

const DEFAULT: GroupOut = GroupOut { name: "Default", arn: "arn:aws:xray:us-east-1:000000000000:group/Default" };

pub(super) async fn list(_: Input<Nothing>) -> Outcome<GroupsAnswer> {
    Ok(Answer(GroupsAnswer { groups: vec![DEFAULT] }))
}

pub(super) async fn get(Input(group): Input<GroupReference>) -> Outcome<GroupAnswer> {
    if group.name.is_none() && group.arn.is_none() {
        return Err(ApiError::invalid_request("a group is named by GroupName or GroupARN"));
    }
    only_default(&group)?;
    Ok(Answer(GroupAnswer { group: DEFAULT }))
}

/// Refuses every group but the default one; naming none means the default one.
pub(super) fn only_default(group: &GroupReference) -> Result<(), ApiError> {
    let unknown = |text: &str| Err(ApiError::invalid_request(format!("there is no group {text}")));
    match (group.name.as_deref(), group.arn.as_deref()) {
        (Some(name), _) if name != DEFAULT.name => unknown(name),
        (_, Some(arn)) if arn != DEFAULT.arn => unknown(arn),
        _ => Ok(()),
    }
}

/// The groups that filter expressions may refer to.
pub(super) struct KnownGroups;

impl Groups for KnownGroups {
    fn filter_expression(&self, key: GroupKey, value: &str) -> Option<String> {
        let known = match key {
            GroupKey::Name => DEFAULT.name,
            GroupKey::Arn => DEFAULT.arn,
        };
        (value == known).then(String::new)
    }
}
