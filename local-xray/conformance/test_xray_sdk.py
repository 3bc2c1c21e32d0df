"""The X-Ray SDK for Python in two Flask services: segments over UDP, sampling rules and targets over TCP.

`web` calls `stock` with patched requests, and `stock` calls DynamoDB and X-Ray with a patched boto3.
"""

import json
import sys
from pathlib import Path

import pytest
import requests

from support import documents
from support.graph import service_graph
from support.process import Program
from support.waiting import eventually

PROGRAMS = Path(__file__).parent / "programs"
LISTENING = r"listening on (http://\S+)"
ORDERS = 3
# The SDK reports what it sampled every ten seconds.
REPORT_DEADLINE_SECONDS = 40

CLIENT, WEB, STOCK = ("web", "client"), ("web", None), ("stock", None)
TABLE, XRAY = ("Stock", "AWS::DynamoDB::Table"), ("xray", "AWS::xray")
CHAIN = [(WEB, STOCK), (STOCK, TABLE), (STOCK, XRAY)]


def segments_of(xray, trace_id):
    traces = xray.batch_get_traces(TraceIds=[trace_id])["Traces"]
    return [json.loads(segment["Document"]) for trace in traces for segment in trace["Segments"]]


def get(url):
    """Calls a service as a load balancer would, with a root of ours; returns the trace id."""
    trace_id = documents.new_trace_id()
    requests.get(url, headers={"X-Amzn-Trace-Id": f"Root={trace_id}"}, timeout=30)
    return trace_id


@pytest.fixture(scope="module")
def web(local_xray, xray):
    """The URL of `web`, once it samples by the rules that it got from local-xray."""
    with Program([sys.executable, PROGRAMS / "empty_table.py"]) as table:
        table_url = table.says(LISTENING)[1]
        service = [sys.executable, PROGRAMS / "flask_service.py"]
        daemon = {"AWS_XRAY_DAEMON_ADDRESS": local_xray.address}
        with Program([*service, "stock", table_url], **daemon) as stock:
            with Program([*service, "web", table_url, stock.says(LISTENING)[1]], **daemon) as program:
                url = program.says(LISTENING)[1]
                asked = []

                def rules_are_followed():
                    # A datagram takes a moment, so the traces asked for before may be there by now.
                    asked.append(get(f"{url}/warm-up"))
                    return any(sampled_by_rule(xray, trace_id) for trace_id in asked[-20:])

                eventually("sampling by the rules served", rules_are_followed)
                yield url


def sampled_by_rule(xray, trace_id):
    """Says whether the trace arrived and was kept by a central rule, not by the SDK's local fallback."""
    return any(segment["aws"]["xray"].get("sampling_rule_name") == "Default" for segment in segments_of(xray, trace_id))


def test_orders_make_the_map(xray, web):
    expected = service_graph(xray).calls(WEB, STOCK) + ORDERS
    for _ in range(ORDERS):
        get(f"{web}/order")

    def whole_map():
        graph = service_graph(xray)
        return graph if all(graph.calls(*edge) == expected for edge in CHAIN) else None

    graph = eventually(f"{expected} calls along {CHAIN}", whole_map)
    assert graph.nodes[WEB]["State"] == "active"
    assert graph.nodes[WEB]["Root"] is True
    assert graph.calls(CLIENT, WEB) > expected  # the calls that warmed it up besides
    assert graph.nodes[STOCK]["SummaryStatistics"]["OkCount"] == expected
    assert graph.nodes[TABLE]["State"] == "unknown"


def test_a_document_comes_back_as_it_was_sent(xray, web):
    trace_id = get(f"{web}/order")
    segments = eventually("both segments", lambda: both(segments_of(xray, trace_id)))
    first, second = segments["web"], segments["stock"]
    assert first["annotations"] == {"basket": "b-1"}
    assert first["aws"]["xray"]["sdk"] == "X-Ray for Python"
    assert first["service"]["runtime"] == "CPython"
    assert first["http"]["response"]["status"] == 200
    assert second["parent_id"] == first["subsegments"][0]["id"]
    assert [call["name"] for call in second["subsegments"]] == ["dynamodb", "xray"]


def both(segments):
    by_name = {segment["name"]: segment for segment in segments}
    return by_name if {"web", "stock"} <= by_name.keys() else None


def test_a_404_is_an_error(xray, web):
    trace_id = get(f"{web}/missing")
    segment = eventually("the segment", lambda: segments_of(xray, trace_id))[0]
    assert segment["error"] is True
    assert not segment.get("fault")


def test_an_exception_is_a_fault_with_its_cause(xray, web):
    trace_id = get(f"{web}/broken")
    segment = eventually("the segment", lambda: segments_of(xray, trace_id))[0]
    assert segment["fault"] is True
    assert segment["cause"]["exceptions"][0]["message"] == "out of paper"


def test_a_call_that_reaches_nobody_leads_to_a_remote_node(xray, web):
    get(f"{web}/nobody")
    remote = ("127.0.0.1", "remote")
    edge = eventually("the remote node", lambda: service_graph(xray).edges.get((WEB, remote)))
    assert edge["SummaryStatistics"]["FaultStatistics"]["TotalCount"] == 1


def test_what_was_sampled_is_reported(xray, web):
    get(f"{web}/order")

    def reported():
        summaries = xray.get_sampling_statistic_summaries()["SamplingStatisticSummaries"]
        return [summary for summary in summaries if summary["RuleName"] == "Default" and summary["RequestCount"]]

    counted = eventually("the report", reported, REPORT_DEADLINE_SECONDS)
    assert all(one["SampledCount"] + one["BorrowCount"] <= one["RequestCount"] for one in counted)
