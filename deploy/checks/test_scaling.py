"""Lab 4 on paper: the step policies, replayed over the lab's load by CloudWatch's and Application Auto Scaling's published rules."""

import math

import pytest


class Fleet:
    """The Like service's tasks under two alarms, minute by minute."""

    def __init__(self, templates):
        scaling = templates["scaling"]
        self.resources = {name: resource["Properties"] for name, resource in scaling["Resources"].items()}
        limits = scaling["Parameters"]
        self.least, self.most = limits["MinTasks"]["Default"], limits["MaxTasks"]["Default"]
        self.tasks = self.least
        self.history = []

    def minute(self, requests):
        self.history.append(requests)
        for alarm in ("LikeScaleUpAlarm", "LikeScaleDownAlarm"):
            alarm = self.resources[alarm]
            recent = self.history[-alarm["EvaluationPeriods"] :]
            if len(recent) == alarm["EvaluationPeriods"] and all(breaches(alarm, value) for value in recent):
                (policy,) = alarm["AlarmActions"]
                change = adjustment(self.resources[policy["Ref"]], requests - alarm["Threshold"])
                self.tasks = max(self.least, min(self.most, self.tasks + change))
        return self.tasks


def breaches(alarm, value):
    above = alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
    return value >= alarm["Threshold"] if above else value < alarm["Threshold"]


def adjustment(policy, beyond):
    """The step whose interval holds the distance from the threshold. Above it the lower bound is inclusive, below it the upper."""
    steps = []
    for step in policy["StepScalingPolicyConfiguration"]["StepAdjustments"]:
        lower, upper = step.get("MetricIntervalLowerBound", -math.inf), step.get("MetricIntervalUpperBound", math.inf)
        inside = lower <= beyond < upper if beyond >= 0 else lower < beyond <= upper
        if inside:
            steps.append(step["ScalingAdjustment"])
    (only,) = steps
    return only


@pytest.fixture
def fleet(templates):
    return Fleet(templates)


@pytest.mark.parametrize(
    ("requests", "tasks"),
    [(999, 2), (1_000, 12), (1_999, 12), (2_000, 22), (3_999, 22), (4_000, 27), (1_000_000, 27)],
)
def test_two_busy_minutes_add_the_tasks_that_the_lab_says(fleet, requests, tasks):
    assert fleet.minute(requests) == 2, "one minute is no trend"
    assert fleet.minute(requests) == tasks


@pytest.mark.parametrize(("requests", "removed"), [(999, 10), (101, 10), (100, 5), (0, 5)])
def test_two_quiet_minutes_remove_the_tasks_that_the_lab_says(fleet, requests, removed):
    fleet.tasks = 50
    fleet.minute(requests)
    assert fleet.minute(requests) == 50 - removed


def test_the_labs_load_fills_the_fleet_and_its_end_empties_it(fleet):
    # 50 requests a second for a quarter of an hour, then a few visitors.
    assert [fleet.minute(3_000) for _ in range(15)] == [2, 22, 42, 62, 82, *[100] * 10]
    quiet = [fleet.minute(60) for _ in range(25)]
    assert quiet[:3] == [100, 95, 90] and quiet[-1] == 2


def test_exactly_one_alarm_speaks_at_the_threshold(fleet):
    up, down = fleet.resources["LikeScaleUpAlarm"], fleet.resources["LikeScaleDownAlarm"]
    for value in (0, 999, 1_000, 1_001):
        assert breaches(up, value) != breaches(down, value)
    assert down["TreatMissingData"] == "breaching", "no requests, no data"
