//! What a trace can be found by: annotations, users, resources, each with the services that named them.

use std::collections::{BTreeMap, HashMap};

use crate::document::{AnnotationValue, Segment};
use crate::graph::ServiceId;
use crate::store::Trace;

/// One value of an annotation and the services that set it.
#[derive(Debug, Clone, PartialEq)]
pub struct IndexedAnnotation {
    /// The value.
    pub value: AnnotationValue,
    /// Who set it.
    pub service_ids: Vec<ServiceId>,
}

/// One user and the services that named them.
#[derive(Debug, Clone, PartialEq)]
pub struct IndexedUser {
    /// The name.
    pub name: String,
    /// Who named them.
    pub service_ids: Vec<ServiceId>,
}

/// Every distinct value of every annotation, in the order they were met. All are kept; X-Ray itself indexes 50 a trace.
pub(super) fn annotations(trace: &Trace) -> BTreeMap<String, Vec<IndexedAnnotation>> {
    let mut index: BTreeMap<String, Vec<IndexedAnnotation>> = BTreeMap::new();
    let mut places: HashMap<(&str, &AnnotationValue), usize> = HashMap::new();
    for (part, service) in parts_with_service(trace) {
        for (key, value) in &part.annotations {
            let values = index.entry(key.clone()).or_default();
            let place = *places.entry((key, value)).or_insert(values.len());
            match values.get_mut(place) {
                Some(known) => add(&mut known.service_ids, service.as_ref()),
                None => values
                    .push(IndexedAnnotation { value: value.clone(), service_ids: Vec::from_iter(service.clone()) }),
            }
        }
    }
    index
}

/// Every user, in the order they were met.
pub(super) fn users(trace: &Trace) -> Vec<IndexedUser> {
    let mut index: Vec<IndexedUser> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (part, service) in parts_with_service(trace) {
        let Some(name) = &part.user else { continue };
        let place = *places.entry(name).or_insert(index.len());
        match index.get_mut(place) {
            Some(known) => add(&mut known.service_ids, service.as_ref()),
            None => index.push(IndexedUser { name: name.clone(), service_ids: Vec::from_iter(service) }),
        }
    }
    index
}

pub(super) fn resource_arns(trace: &Trace) -> Vec<String> {
    distinct(trace, resource_arns_of)
}

pub(super) fn instance_ids(trace: &Trace) -> Vec<String> {
    distinct(trace, |part| instance_id_of(part).into_iter().collect())
}

pub(super) fn availability_zones(trace: &Trace) -> Vec<String> {
    distinct(trace, availability_zones_of)
}

/// ARNs of the resources that one piece of work names.
pub(crate) fn resource_arns_of(part: &Segment) -> Vec<&str> {
    let container = || part.aws.as_deref()?.nested_text("ecs", "container_arn");
    let function = || part.aws.as_deref()?.text("function_arn");
    [part.resource_arn.as_deref(), container(), function()].into_iter().flatten().collect()
}

/// The EC2 instance that one piece of work ran on.
pub(crate) fn instance_id_of(part: &Segment) -> Option<&str> {
    part.aws.as_deref()?.nested_text("ec2", "instance_id")
}

/// The availability zones that one piece of work names.
pub(crate) fn availability_zones_of(part: &Segment) -> Vec<&str> {
    let zone = |block| part.aws.as_deref()?.nested_text(block, "availability_zone");
    ["ec2", "ecs"].into_iter().filter_map(zone).collect()
}

/// Says whether one piece of work names a resource, an instance or a zone.
pub(crate) fn names_place(part: &Segment) -> bool {
    !resource_arns_of(part).is_empty() || instance_id_of(part).is_some() || !availability_zones_of(part).is_empty()
}

/// Distinct texts of all segments, sorted.
fn distinct(trace: &Trace, texts: impl for<'a> Fn(&'a Segment) -> Vec<&'a str>) -> Vec<String> {
    let mut found: Vec<String> = super::parts(trace).flat_map(texts).map(str::to_owned).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Everything in the trace with the service whose work it is; orphans belong to nobody yet.
fn parts_with_service(trace: &Trace) -> impl Iterator<Item = (&Segment, Option<ServiceId>)> {
    let owned = trace.segments().iter().flat_map(|segment| {
        let service = ServiceId::of_segment(segment);
        segment.descendants().map(move |part| (part, Some(service.clone())))
    });
    owned.chain(trace.orphans().iter().flat_map(Segment::descendants).map(|part| (part, None)))
}

fn add(services: &mut Vec<ServiceId>, service: Option<&ServiceId>) {
    if let Some(service) = service.filter(|service| !services.contains(service)) {
        services.push(service.clone());
    }
}
