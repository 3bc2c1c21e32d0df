//! How groups and sampling rules are named: by name, or by an ARN in X-Ray's form, with an account that is nobody's.

use uuid::Uuid;

const PREFIX: &str = "arn:aws:xray:us-east-1:000000000000";

/// A group or a sampling rule, by name, by ARN, or by both when they agree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reference {
    /// The name.
    pub name: Option<String>,
    /// The ARN.
    pub arn: Option<String>,
}

/// The ARN of the group that always exists.
pub(crate) fn of_default_group(name: &str) -> String {
    format!("{PREFIX}:group/{name}")
}

/// A new ARN for a group: the part behind the name tells it from an earlier group of the same name.
pub(crate) fn new_for_group(name: &str) -> String {
    format!("{PREFIX}:group/{name}/{:X}", Uuid::new_v4().simple())
}

/// The ARN of a sampling rule.
pub(crate) fn of_sampling_rule(name: &str) -> String {
    format!("{PREFIX}:sampling-rule/{name}")
}
