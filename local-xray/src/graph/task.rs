//! Which of a service's tasks did some work: the container, pod or machine, by whatever its segments say of it.

use std::str;

use crate::document::Segment;

/// Names are told apart by their ends, so no more than this of them is kept, in bytes.
const LONGEST: usize = 24;
/// Members of the `aws` block that name a single task, the most telling first.
const MEMBERS: [(&str, &str); 5] =
    [("ecs", "task_arn"), ("ecs", "container_arn"), ("ecs", "container_id"), ("eks", "pod"), ("ec2", "instance_id")];
/// Where OpenTelemetry's name for the same thing is kept.
const INSTANCE: &str = "otel.resource.service.instance.id";

/// The task that a segment comes from, as far as it says.
pub(super) fn task_of(segment: &Segment) -> Option<&str> {
    let aws = segment.aws.as_deref();
    let member = |(block, member): &(&str, &str)| aws?.nested_text(block, member);
    let instance = || segment.metadata.plain_text("default", INSTANCE);
    // The X-Ray SDKs put a host name there, OpenTelemetry a name that all tasks share.
    let container = || aws?.nested_text("ecs", "container");
    let name = MEMBERS.iter().find_map(member).or_else(instance).or_else(container)?;
    Some(end(name.rsplit('/').next().unwrap_or(name))).filter(|name| !name.is_empty())
}

/// The end of a name.
fn end(name: &str) -> &str {
    let start = name.len().saturating_sub(LONGEST);
    let start = (start..=name.len()).find(|place| name.is_char_boundary(*place)).unwrap_or(name.len());
    name.get(start..).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::parse;

    #[test]
    fn tasks_are_known_by_what_their_segments_say() {
        let check = |members: &str, expected: Option<&str>| {
            let json = format!(
                r#"{{"trace_id": "1-5759e988-bd862e3fe1be46a994272793", "id": "70de5b6f19ff9a0a", "name": "likes",
                    "start_time": 1, "end_time": 2 {members}}}"#
            );
            assert_eq!(task_of(&parse(json).unwrap().remove(0).segment), expected, "{members}");
        };
        check("", None);
        check(r#", "aws": {"account_id": "1"}"#, None);
        let task = r#""task_arn": "arn:aws:ecs:eu-west-1:123456789012:task/mysfits/1dc5""#;
        check(&format!(r#", "aws": {{"ecs": {{"container": "likes", {task}}}}}"#), Some("1dc5"));
        check(r#", "aws": {"ecs": {"container": "likes-1"}}"#, Some("likes-1"));
        check(r#", "aws": {"eks": {"pod": "a-very-long-deployment-of-likes-7f9c"}}"#, Some("deployment-of-likes-7f9c"));
        check(r#", "aws": {"ec2": {"instance_id": "i-0b5a4678fc325bg98"}}"#, Some("i-0b5a4678fc325bg98"));
        let instance = r#", "metadata": {"default": {"otel.resource.service.instance.id": "ééééééééééééé"}}"#;
        check(instance, Some("éééééééééééé"));
        check(r#", "metadata": {"default": {"otel.resource.service.instance.id": 7}}"#, None);
    }
}
