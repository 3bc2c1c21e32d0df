//! Annotations: the attributes that the sender wants to search by.
//!
//! A sender names them in the list attribute `aws.xray.annotations` (resource attributes as `otel.resource.<key>`), or
//! marks a single attribute by the prefix `annotation.`. Only scalars can be annotations.

use serde_json::Value;

use crate::document::{AnnotationValue, Annotations};

use super::attributes::Attributes;
use super::resource::Resource;

const LIST: &str = "aws.xray.annotations";
const PREFIX: &str = "annotation.";
const RESOURCE_PREFIX: &str = "otel.resource.";

/// What Application Signals writes about the callee; it does not describe the service itself.
const ABOUT_THE_CALLEE: [&str; 4] =
    ["aws.remote.service", "aws.remote.operation", "remoteTarget", "K8s.RemoteNamespace"];

/// Reads the annotations. It looks before any block has taken its attributes, so that one attribute can be both.
pub(super) fn annotations(attributes: &Attributes, resource: &Resource) -> Annotations {
    let listed = attributes.clone().take_texts(LIST).unwrap_or_default();
    let wanted = listed.into_iter().filter_map(|key| {
        let value = match key.strip_prefix(RESOURCE_PREFIX) {
            Some(resource_key) => resource.attributes.get(resource_key),
            None => attributes.get(&key),
        };
        annotation(&key, value?)
    });
    let marked = attributes.iter().filter_map(|(key, value)| annotation(key.strip_prefix(PREFIX)?, value));
    wanted.chain(marked).collect()
}

/// Removes the list, and the attributes that have become annotations under their own name.
pub(super) fn take_annotated(attributes: &mut Attributes, annotations: &Annotations) {
    attributes.take_texts(LIST);
    let keys: Vec<String> = attributes.iter().map(|(key, _)| key.clone()).collect();
    for key in keys {
        let annotated = annotations.get(&searchable(key.strip_prefix(PREFIX).unwrap_or(&key)));
        attributes.drop_if(&key, |value| annotated.is_some() && annotated == scalar(value).as_ref());
    }
}

/// Leaves out what a two-document span says about its callee.
pub(super) fn of_the_service(annotations: &Annotations) -> Annotations {
    let own = annotations.iter().filter(|(key, _)| !ABOUT_THE_CALLEE.contains(&key.as_str()));
    own.map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn annotation(key: &str, value: &Value) -> Option<(String, AnnotationValue)> {
    Some((searchable(key), scalar(value)?))
}

fn scalar(value: &Value) -> Option<AnnotationValue> {
    AnnotationValue::from_json(value.clone())
}

/// Filters know letters, digits, underscores and dots; other characters become underscores.
fn searchable(key: &str) -> String {
    key.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' || c == '.' { c } else { '_' }).collect()
}
