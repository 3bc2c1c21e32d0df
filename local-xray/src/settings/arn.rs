//! ARNs of what lives here: X-Ray's form, with an account that is nobody's.

use uuid::Uuid;

const PREFIX: &str = "arn:aws:xray:us-east-1:000000000000";

/// The ARN of the group that always exists.
pub(super) fn of_default_group(name: &str) -> String {
    format!("{PREFIX}:group/{name}")
}

/// A new ARN for a group: the part behind the name tells it from an earlier group of the same name.
pub(super) fn new_for_group(name: &str) -> String {
    format!("{PREFIX}:group/{name}/{:X}", Uuid::new_v4().simple())
}
