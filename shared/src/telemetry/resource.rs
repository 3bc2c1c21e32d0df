//! Who sends the spans: the service, its version and, on ECS, the task it runs in.
//!
//! The ECS detector asks an endpoint with a timeout of a second for each request, and only where ECS has announced that endpoint;
//! elsewhere start-up waits for nothing.

use opentelemetry::KeyValue;
use opentelemetry_aws::detector::EcsResourceDetector;
use opentelemetry_sdk::Resource;

use crate::config::Environment;

/// The description of this process that goes with every span.
pub(super) fn detect(environment: &Environment, service_name: &str, service_version: &str) -> Resource {
    let mut resource = Resource::builder();
    if environment.get("ECS_CONTAINER_METADATA_URI_V4").is_some() {
        resource = resource.with_detector(Box::new(EcsResourceDetector));
    }
    resource
        .with_service_name(service_name.to_owned())
        .with_attribute(KeyValue::new("service.version", service_version.to_owned()))
        .build()
}
