"""The X-Ray resources, replayed into local-xray: accepted by botocore's model and by our own reading of X-Ray's rules."""

import os
import re
import subprocess

import boto3
import pytest
from template import ROOT, text_of

LABS_FILTER = 'service("like service") { responsetime > 1 OR error } AND http.method = "POST"'


@pytest.fixture(scope="module")
def xray():
    binary = os.environ.get("LOCAL_XRAY_BIN", str(ROOT / "target/debug/local-xray"))
    listen = ["--listen", "127.0.0.1:0", "--otlp-grpc", "127.0.0.1:0", "--otlp-http", "127.0.0.1:0"]
    server = subprocess.Popen([binary, "serve", "--in-memory", *listen], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        address = next(match[0] for line in server.stdout if (match := re.search(r"http://127\.0\.0\.1:\d+", line)))
        yield boto3.client(
            "xray", endpoint_url=address, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
        )
    finally:
        server.terminate()
        server.wait(timeout=20)



def test_the_group_is_the_labs(templates, xray):
    ((_, _, group),) = templates.of_type("AWS::XRay::Group")
    properties = group["Properties"]
    assert properties["FilterExpression"] == LABS_FILTER
    answer = xray.create_group(**properties)["Group"]
    assert answer["FilterExpression"] == LABS_FILTER and answer["InsightsConfiguration"]["InsightsEnabled"]


def test_the_sampling_rules_are_accepted(templates, xray):
    rules = templates.of_type("AWS::XRay::SamplingRule")
    assert {name for _, name, _ in rules} == {"KeepLikes", "SpareHealthChecksRule"}
    for _, _, rule in rules:
        properties = dict(rule["Properties"]["SamplingRule"])
        properties["RuleName"] = text_of(properties["RuleName"]).replace("${Project}", "mysfits")
        answer = xray.create_sampling_rule(SamplingRule=properties)["SamplingRuleRecord"]["SamplingRule"]
        assert {key: answer[key] for key in properties} == properties
    kept = [record["SamplingRule"]["RuleName"] for record in xray.get_sampling_rules()["SamplingRuleRecords"]]
    assert kept == ["mysfits-health-checks", "mysfits-likes", "Default"], "by priority"
