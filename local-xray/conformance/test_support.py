"""The helpers themselves: what they must find, and when they must fail."""

import json

import pytest

from support import examples
from support.model import MODEL, problems_of_answer, problems_of_error
from support.process import Program
from support.waiting import eventually

TARGET = {"RuleName": "Default", "FixedRate": 1.0, "ReservoirQuota": 1, "ReservoirQuotaTTL": 1.5, "Interval": 10}
NODE = {"ReferenceId": 0, "Name": "web", "Edges": []}


@pytest.mark.parametrize(
    ("operation", "answer", "found"),
    [
        ("GetSamplingTargets", {"SamplingTargetDocuments": [TARGET], "LastRuleModification": 0.0}, []),
        ("GetSamplingTargets", {"SamplingTargetDocuments": [{**TARGET, "Colour": "red"}]}, ["Colour is unknown"]),
        ("GetSamplingTargets", {"SamplingTargetDocuments": [{**TARGET, "Interval": "10"}]}, ["Interval is '10'"]),
        ("GetSamplingTargets", {"SamplingTargetDocuments": [{**TARGET, "Interval": True}]}, ["Interval is True"]),
        ("GetSamplingTargets", {"LastRuleModification": "2026-01-01T00:00:00Z"}, ["instead of a timestamp"]),
        ("GetSamplingTargets", {"SamplingTargetDocuments": [{**TARGET, "SamplingBoost": {"BoostRate": 0.1}}]},
         ["SamplingBoost.BoostRateTTL is required and missing"]),
        ("GetServiceGraph", {"Services": [NODE]}, []),
        ("GetServiceGraph", {"Services": NODE}, ["Services is no list"]),
        ("GetServiceGraph", {"Services": [{**NODE, "Type": None}]}, ["Type is null"]),
        ("PutTraceSegments", {"UnprocessedTraceSegments": [{"Id": None}]}, []),
        ("GetEncryptionConfig", {"EncryptionConfig": {"Status": "GONE"}}, ["none of"]),
        ("ListRetrievedTraces", {"Traces": [{"Id": "x" * 36}]}, ["outside"]),
        ("DeleteGroup", {"Group": {}}, ["Group is unknown"]),
    ],
)
def test_answers_are_held_against_the_model(operation, answer, found):
    problems = problems_of_answer(MODEL.operation_model(operation), json.dumps(answer))
    assert len(problems) == len(found)
    assert all(part in problem for part, problem in zip(found, problems, strict=True)), problems


@pytest.mark.parametrize(
    ("exception", "body", "count"),
    [
        ("InvalidRequestException", {"message": "no"}, 0),
        ("RuleLimitExceededException", {"message": "no"}, 1),
        ("InvalidRequestException", {}, 1),
        (None, {}, 2),
    ],
)
def test_errors_are_held_against_the_model(exception, body, count):
    headers = {"x-amzn-errortype": exception} if exception else {}
    assert len(problems_of_error(MODEL.operation_model("GetGroup"), headers, json.dumps(body))) == count


def test_odd_requests_are_odd_in_one_place():
    place = ("SamplingStatisticsDocuments", 0, "ClientID")
    assert place in set(examples.required("GetSamplingTargets"))
    report = examples.complete("GetSamplingTargets")["SamplingStatisticsDocuments"][0]
    missing = examples.without("GetSamplingTargets", place)["SamplingStatisticsDocuments"][0]
    assert report.keys() - missing.keys() == {"ClientID"}
    shape = dict(examples.places("GetSamplingTargets"))[place]
    assert [len(value) for value in examples.beyond(shape)] == [23, 25]


def test_waiting_ends_with_the_last_answer():
    answers = iter([0, 0, 7])
    assert eventually("seven", lambda: next(answers)) == 7
    with pytest.raises(AssertionError, match="the last answer was 0"):
        eventually("nothing", lambda: 0, deadline=0.01)


def test_a_program_that_ends_early_says_why():
    with Program(["sh", "-c", "echo port taken; exit 3"]) as program:
        with pytest.raises(AssertionError, match="port taken"):
            program.says("listening")
