"""The X-Ray sampler of the AWS distribution of OpenTelemetry: rules and targets over HTTP, as its own client asks.

It asks for the rules with an empty body, sends `SampleCount` for `SampledCount`, and gives up on any member that it
does not know.
"""

import logging

import pytest
from amazon.opentelemetry.distro.sampler.aws_xray_remote_sampler import AwsXRayRemoteSampler
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.sampling import Decision

from support import calls
from support.waiting import eventually

# It reports every ten seconds.
REPORT_DEADLINE_SECONDS = 40


@pytest.fixture
def never(xray):
    """The name of a rule by which no request of the service `quiet` is sampled."""
    rule = calls.sampling_rule(ServiceName="quiet", Host="*", Priority=1, FixedRate=0.0, ReservoirSize=0)
    return xray.create_sampling_rule(SamplingRule=rule)["SamplingRuleRecord"]["SamplingRule"]["RuleName"]


@pytest.fixture
def sampler(local_xray, never):
    """A sampler of the service `quiet` with a warning for everything that it could not read."""
    made = AwsXRayRemoteSampler(Resource({"service.name": "quiet"}), local_xray.url, log_level=logging.DEBUG)
    yield made
    made._rules_timer.cancel()
    made._targets_timer.cancel()


def test_rules_are_obeyed_and_requests_reported(xray, sampler, never, caplog):
    def drops():
        decision = sampler.should_sample(None, 1, "GET /", attributes={"url.path": "/"}).decision
        return decision == Decision.DROP

    # Its fallback keeps one request a second, so ten refusals in a row are the rule's.
    eventually("the rule", lambda: all(drops() for _ in range(10)))

    def reported():
        summaries = xray.get_sampling_statistic_summaries()["SamplingStatisticSummaries"]
        return [summary for summary in summaries if summary["RuleName"] == never and summary["RequestCount"]]

    counted = eventually("the report", reported, REPORT_DEADLINE_SECONDS)
    assert sum(one["SampledCount"] for one in counted) == 0
    complaints = [record.getMessage() for record in caplog.records if "rror" in record.getMessage()]
    assert complaints == []
