"""No request, however odd, gets a 500 or a silent wrong answer. What is sent is derived from botocore's model."""

import pytest
import requests

from support.graph import around_now
from support.model import MODEL, OPERATIONS, problems_of_error
from support.not_yet import NOT_YET

IMPLEMENTED = [name for name in OPERATIONS if name not in NOT_YET]

# A value of each kind that is right for most members, and one of a kind that is wrong for it.
RIGHT = {"string": "x", "integer": 1, "long": 1, "double": 0.5, "boolean": True, "map": {}}
WRONG = {"string": {"a": 1}, "structure": 5, "list": "x", "map": [1], "timestamp": {"a": 1}, "boolean": "maybe"}
# Members that are read by nobody yet, so any value will do.
UNREAD = {
    "PutTelemetryRecords": {"EC2InstanceId", "Hostname", "ResourceARN"},
    "GetIndexingRules": {"NextToken"},
    "ListResourcePolicies": {"NextToken"},
}


def post(local_xray, operation, **what):
    url = local_xray.url + MODEL.operation_model(operation).http["requestUri"]
    return requests.post(url, timeout=30, **what)


def example(shape):
    """A value by the model's shape, with the required members only."""
    if shape.type_name == "structure":
        return {name: example(shape.members[name]) for name in shape.required_members}
    if shape.type_name == "list":
        return [example(shape.member)]
    if shape.type_name == "timestamp":
        return around_now()["StartTime"]
    if getattr(shape, "enum", None):
        return shape.enum[0]
    return RIGHT[shape.type_name]


def complete(operation):
    shape = MODEL.operation_model(operation).input_shape
    body = example(shape)
    return {**body, **around_now()} if "EndTime" in body else body


def required():
    for operation in IMPLEMENTED:
        shape = MODEL.operation_model(operation).input_shape
        yield from ((operation, member) for member in shape.required_members)


def members():
    for operation in IMPLEMENTED:
        shape = MODEL.operation_model(operation).input_shape
        for member in shape.members.keys() - UNREAD.get(operation, set()):
            yield operation, member


def assert_refused(operation, answer):
    assert answer.status_code in {400, 404}, f"{answer.status_code} {answer.text}"
    assert problems_of_error(MODEL.operation_model(operation), answer.headers, answer.content) == []


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"\x1f\x8b\x00\x00"])
@pytest.mark.parametrize("operation", IMPLEMENTED)
def test_a_body_that_is_no_object_is_refused(local_xray, operation, body):
    assert_refused(operation, post(local_xray, operation, data=body))


@pytest.mark.parametrize(("operation", "member"), sorted(required()))
def test_a_missing_member_is_named(local_xray, operation, member):
    body = complete(operation)
    del body[member]
    answer = post(local_xray, operation, json=body)
    assert_refused(operation, answer)
    assert member in answer.json()["message"]


@pytest.mark.parametrize(("operation", "member"), sorted(members()))
def test_a_member_of_the_wrong_kind_is_refused(local_xray, operation, member):
    shape = MODEL.operation_model(operation).input_shape.members[member]
    wrong = WRONG.get(shape.type_name, "x")
    assert_refused(operation, post(local_xray, operation, json={**complete(operation), member: wrong}))


@pytest.mark.parametrize("operation", IMPLEMENTED)
def test_members_of_the_future_are_ignored(local_xray, operation):
    answer = post(local_xray, operation, json={**complete(operation), "Tomorrow": 1})
    if answer.status_code != 200:  # an example of the model need not name something that exists
        assert_refused(operation, answer)
        assert "Tomorrow" not in answer.text


@pytest.mark.parametrize("operation", [name for name in IMPLEMENTED if not MODEL.operation_model(name).input_shape.members])
def test_no_body_means_no_members(local_xray, operation):
    assert post(local_xray, operation).status_code == 200
