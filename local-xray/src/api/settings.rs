//! Settings that are what they are on one machine: nothing is encrypted, every trace is indexed, nobody else has access.

use serde_json::{Value, json};

use super::answer::{Answer, Outcome};
use super::input::Input;
use super::wire::Nothing;

pub(super) async fn encryption_config(_: Input<Nothing>) -> Outcome<Value> {
    Ok(Answer(json!({ "EncryptionConfig": { "Status": "ACTIVE", "Type": "NONE" } })))
}

pub(super) async fn destination(_: Input<Nothing>) -> Outcome<Value> {
    Ok(Answer(json!({ "Destination": "XRay", "Status": "ACTIVE" })))
}

pub(super) async fn indexing_rules(_: Input<Nothing>) -> Outcome<Value> {
    let all = json!({ "Probabilistic": { "DesiredSamplingPercentage": 100.0, "ActualSamplingPercentage": 100.0 } });
    Ok(Answer(json!({ "IndexingRules": [{ "Name": "Default", "ModifiedAt": 0.0, "Rule": all }] })))
}

pub(super) async fn resource_policies(_: Input<Nothing>) -> Outcome<Value> {
    Ok(Answer(json!({ "ResourcePolicies": [] })))
}
