"""Every paginator that botocore has for X-Ray reaches its end, with each element once."""

import botocore.session
import pytest
from botocore import xform_name

from support import calls, documents
from support.graph import around_now

PAGINATORS = botocore.session.get_session().get_component("data_loader").load_service_model("xray", "paginators-1")

# What each paginator is asked, and a list in the answer that must not be empty.
ARGUMENTS = {
    "BatchGetTraces": (lambda xray: {"TraceIds": [documents.put_order(xray)]}, "Traces"),
    "GetGroups": (lambda _: {}, "Groups"),
    "GetSamplingRules": (lambda _: {}, "SamplingRuleRecords"),
    "GetSamplingStatisticSummaries": (lambda xray: calls.get_sampling_targets(xray) and {}, "SamplingStatisticSummaries"),
    "GetServiceGraph": (lambda xray: documents.put_order(xray) and around_now(), "Services"),
    "GetTimeSeriesServiceStatistics": (
        lambda xray: documents.put_order(xray) and around_now(),
        "TimeSeriesServiceStatistics",
    ),
    "GetTraceGraph": (lambda xray: {"TraceIds": [documents.put_order(xray)]}, "Services"),
    "GetTraceSummaries": (lambda xray: documents.put_order(xray) and around_now(), "TraceSummaries"),
    "ListResourcePolicies": (lambda xray: calls.put_resource_policy(xray) and {}, "ResourcePolicies"),
    "ListTagsForResource": (
        lambda xray: {"ResourceARN": calls.create_group(xray)["Group"]["GroupARN"]},
        "Tags",
    ),
}

@pytest.mark.parametrize("operation", PAGINATORS["pagination"])
def test_a_paginator_reaches_its_end(xray, operation):
    arguments, member = ARGUMENTS[operation]
    result = xray.get_paginator(xform_name(operation)).paginate(**arguments(xray)).build_full_result()
    assert result[member]
    assert "NextToken" not in result


def test_pages_of_summaries_hold_each_trace_once(xray):
    orders = [documents.segment("paged", 0.001 * number) for number in range(250)]
    for start in range(0, len(orders), 50):
        documents.put(xray, *orders[start : start + 50])
    paginator = xray.get_paginator("get_trace_summaries")
    pages = list(paginator.paginate(**around_now(), FilterExpression='service("paged")'))
    found = [summary["Id"] for page in pages for summary in page["TraceSummaries"]]
    assert len(pages) > 1
    assert len(found) == len(orders)
    assert set(found) == {order["trace_id"] for order in orders}
