"""No request, however odd, gets a 500 or a silent wrong answer. What is sent is made from botocore's model."""

import pytest
import requests

from support import examples
from support.model import MODEL, OPERATIONS, problems_of_error

# Places where anything is taken, with all that is inside of them, and why.
LENIENT = {
    ("BatchGetTraces", "TraceIds", 0): "what is no id comes back as unprocessed",
    ("GetSamplingTargets", "SamplingStatisticsDocuments", 0, "Timestamp"): "a report counts when it arrives",
    ("GetSamplingTargets", "SamplingBoostStatisticsDocuments", 0): "no rate is ever boosted",
    ("PutTelemetryRecords", "TelemetryRecords", 0): "nothing in the counters of a daemon is kept",
    ("PutTelemetryRecords", "EC2InstanceId"): "nor where it runs",
    ("PutTelemetryRecords", "Hostname"): "nor where it runs",
    ("PutTelemetryRecords", "ResourceARN"): "nor where it runs",
}

# Limits of AWS that are lifted here.
LIFTED = {
    ("GetSamplingTargets", "SamplingStatisticsDocuments"),
    ("GetSamplingTargets", "SamplingBoostStatisticsDocuments"),
}


def is_strict(operation, place):
    path = (operation, *place)
    return not any(path[: len(lenient)] == lenient for lenient in LENIENT)


def case_name(case):
    operation, place, *rest = case
    return f"{operation}.{'.'.join(map(str, place))}" + "".join(f"={value!r:.12}" for value in rest)


def post(local_xray, operation, **what):
    url = local_xray.url + MODEL.operation_model(operation).http["requestUri"]
    return requests.post(url, timeout=30, **what)


def assert_refused(operation, answer):
    assert answer.status_code in {400, 404}, f"{answer.status_code} {answer.text}"
    assert problems_of_error(MODEL.operation_model(operation), answer.headers, answer.content) == []


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"\x1f\x8b\x00\x00"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_body_that_is_no_object_is_refused(local_xray, operation, body):
    assert_refused(operation, post(local_xray, operation, data=body))


MISSING = [(name, place) for name in OPERATIONS for place in examples.required(name) if is_strict(name, place)]


@pytest.mark.parametrize("case", MISSING, ids=case_name)
def test_a_missing_member_is_named(local_xray, case):
    operation, place = case
    answer = post(local_xray, operation, json=examples.without(operation, place))
    assert_refused(operation, answer)
    assert place[-1] in answer.json()["message"]


WRONG = [
    (name, place, examples.WRONG.get(shape.type_name, "x"))
    for name in OPERATIONS
    for place, shape in examples.places(name)
    if is_strict(name, place)
]


@pytest.mark.parametrize("case", WRONG, ids=case_name)
def test_a_member_of_the_wrong_kind_is_refused(local_xray, case):
    operation, place, value = case
    assert_refused(operation, post(local_xray, operation, json=examples.with_value(operation, place, value)))


BEYOND = [
    (name, place, value)
    for name in OPERATIONS
    for place, shape in examples.places(name)
    for value in examples.beyond(shape)
    if is_strict(name, place) and (name, *place) not in LIFTED
]


@pytest.mark.parametrize("case", BEYOND, ids=case_name)
def test_a_member_beyond_its_bounds_is_refused(local_xray, case):
    operation, place, value = case
    assert_refused(operation, post(local_xray, operation, json=examples.with_value(operation, place, value)))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_members_of_the_future_are_ignored(local_xray, operation):
    answer = post(local_xray, operation, json={**examples.complete(operation), "Tomorrow": 1})
    if answer.status_code != 200:  # a complete request need not name something that exists
        assert_refused(operation, answer)
        assert "Tomorrow" not in answer.text


@pytest.mark.parametrize("operation", [name for name in OPERATIONS if not examples.input_shape(name).members])
def test_no_body_means_no_members(local_xray, operation):
    assert post(local_xray, operation).status_code == 200
