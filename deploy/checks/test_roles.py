"""Roles may do what they need and no more."""

import pytest
from template import items

# Actions that AWS lets nobody narrow to a resource, and the one that creates what it would name.
WITHOUT_RESOURCE = {
    "ecr:GetAuthorizationToken",
    "ecs:DescribeTaskDefinition",
    "ecs:RegisterTaskDefinition",
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:GetSamplingStatisticSummaries",
}

# What the sidecar does on the services' behalf; the services themselves call nothing of AWS.
TASK_MAY = {
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:GetSamplingStatisticSummaries",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "logs:DescribeLogStreams",
}


def as_list(value):
    return value if isinstance(value, list) else [value]


def statements(templates):
    for _, name, role in templates.of_type("AWS::IAM::Role"):
        for policy in items(role["Properties"].get("Policies", [])):
            for statement in policy["PolicyDocument"]["Statement"]:
                yield name, statement


def test_no_role_takes_a_managed_policy(templates):
    roles = templates.of_type("AWS::IAM::Role")
    assert len(roles) == 4
    for _, name, role in roles:
        assert "ManagedPolicyArns" not in role["Properties"], name


def test_no_action_is_a_wildcard_and_no_resource_wider_than_needed(templates):
    seen = 0
    for role, statement in statements(templates):
        seen += 1
        where = f"{role}/{statement['Sid']}"
        assert statement["Effect"] == "Allow", where
        actions = set(as_list(statement["Action"]))
        assert not any("*" in action for action in actions), where
        if "*" in as_list(statement["Resource"]):
            assert actions <= WITHOUT_RESOURCE, f"{where} could name its resources"
        else:
            assert not actions & (WITHOUT_RESOURCE - {"ecs:RegisterTaskDefinition"}), f"{where} would never match"
    assert seen > 10


def test_a_task_may_do_the_five_calls_to_xray_and_write_metrics(templates):
    actions = {
        action
        for role, statement in statements(templates)
        if role == "TaskRole"
        for action in as_list(statement["Action"])
    }
    assert actions == TASK_MAY


@pytest.mark.parametrize("role", ["ExecutionRole", "TaskRole", "BuildRole", "PipelineRole"])
def test_only_the_own_account_is_served(templates, role):
    (properties,) = [resource["Properties"] for _, name, resource in templates.of_type("AWS::IAM::Role") if name == role]
    (trust,) = properties["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"]["StringEquals"]["aws:SourceAccount"] == {"Ref": "AWS::AccountId"}
