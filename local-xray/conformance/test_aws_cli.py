"""The AWS CLI reads the map and the traces of the lab, and makes a group and a sampling rule.

Two likes: one slow, which goes on to the monolith and a table, and one that is not found. The lab's expression finds
exactly these among the health checks.
"""

import json
import subprocess
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

import pytest

from support import documents
from support.graph import Graph, around_now
from support.process import environment

AWS = Path(sys.executable).with_name("aws")
LAB_EXPRESSION = 'service("like service") { responsetime > 1 OR error } AND http.method = "POST"'
DEADLINE_SECONDS = 60


def aws(local_xray, *arguments):
    """Runs `aws xray …` and returns the finished process."""
    command = [sys.executable, AWS, "--endpoint-url", local_xray.url, "--output", "json", "xray", *arguments]
    return subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=DEADLINE_SECONDS)


def answer(local_xray, *arguments):
    done = aws(local_xray, *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def epoch_window():
    """Whole and fractional seconds, as people paste them."""
    window = around_now()
    return ["--start-time", str(int(window["StartTime"])), "--end-time", f"{window['EndTime']:.1f}"]


def iso_window():
    times = [datetime.fromtimestamp(at, timezone.utc).isoformat() for at in around_now().values()]
    return ["--start-time", times[0], "--end-time", times[1]]


@pytest.fixture(scope="module")
def likes(xray):
    """The ids of the slow like and of the one that was not found."""
    path = "/mysfits/4e53920c/like"
    slow = documents.segment("like service", 3.5, http=documents.request("POST", path, 200))
    call = documents.segment("monolith", 1.0, namespace="remote", http=documents.request("POST", path, 200))
    slow["subsegments"] = [call]
    monolith = documents.segment("monolith", 0.9, trace_id=slow["trace_id"], parent_id=call["id"])
    monolith["subsegments"] = [
        documents.segment("dynamodb", 0.02, namespace="aws", aws={"operation": "UpdateItem", "table_name": "Mysfits"})
    ]
    missing = documents.segment("like service", 0.001, error=True, http=documents.request("POST", path, 404))
    health = [documents.segment("like service", 0.001, http=documents.request("GET", "/", 200)) for _ in range(5)]
    documents.put(xray, slow, monolith, missing, *health)
    return {slow["trace_id"], missing["trace_id"]}


@pytest.mark.parametrize("window", [epoch_window, iso_window])
def test_the_service_graph(local_xray, likes, window):
    graph = Graph(answer(local_xray, "get-service-graph", *window())["Services"])
    assert graph.calls(("like service", "client"), ("like service", None)) == 7
    assert graph.calls(("like service", None), ("monolith", None)) == 1
    assert graph.calls(("monolith", None), ("Mysfits", "AWS::DynamoDB::Table")) == 1


@pytest.mark.parametrize("window", [epoch_window, iso_window])
def test_the_expression_of_the_lab_finds_the_slow_and_the_failed_likes(local_xray, likes, window):
    found = answer(local_xray, "get-trace-summaries", *window(), "--filter-expression", LAB_EXPRESSION)
    assert {summary["Id"] for summary in found["TraceSummaries"]} == likes


def test_traces_by_id(local_xray, likes):
    traces = answer(local_xray, "batch-get-traces", "--trace-ids", *likes)["Traces"]
    assert {trace["Id"] for trace in traces} == likes
    for trace in traces:
        assert all(json.loads(segment["Document"])["id"] == segment["Id"] for segment in trace["Segments"])


def test_a_group_of_the_expression_changes_the_numbers_of_the_map(local_xray, likes):
    made = answer(local_xray, "create-group", "--group-name", "likes", "--filter-expression", LAB_EXPRESSION)
    assert made["Group"]["FilterExpression"] == LAB_EXPRESSION
    map_of_group = answer(local_xray, "get-service-graph", *epoch_window(), "--group-name", "likes")
    graph = Graph(map_of_group["Services"])
    assert graph.calls(("like service", "client"), ("like service", None)) == len(likes)


def test_a_sampling_rule_that_spares_health_checks(local_xray):
    rule = (
        "RuleName=health,ResourceARN=*,Priority=10,FixedRate=0,ReservoirSize=0,"
        "ServiceName=*,ServiceType=*,Host=*,HTTPMethod=GET,URLPath=/,Version=1"
    )
    made = answer(local_xray, "create-sampling-rule", "--sampling-rule", rule)
    assert made["SamplingRuleRecord"]["SamplingRule"]["FixedRate"] == 0
    rules = answer(local_xray, "get-sampling-rules")["SamplingRuleRecords"]
    assert {record["SamplingRule"]["RuleName"] for record in rules} == {"Default", "health"}


def test_a_refused_expression_is_printed_with_its_caret(local_xray):
    refused = aws(local_xray, "get-trace-summaries", *epoch_window(), "--filter-expression", "responsetme > 5")
    assert refused.returncode != 0
    assert "InvalidRequestException" in refused.stderr
    assert "^^^^^^^^^^^" in refused.stderr
