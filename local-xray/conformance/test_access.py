"""What a token changes for real clients, and AWS's own limits."""

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from conftest import client
from support import documents
from support.graph import around_now
from support.process import LocalXRay

TOKEN = "AKIALOCALXRAY"


def signed_with(server, access_key):
    return boto3.client(
        "xray",
        endpoint_url=server.url,
        aws_access_key_id=access_key,
        aws_secret_access_key="any",
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.fixture(scope="module")
def protected():
    with LocalXRay("--token", TOKEN) as server:
        yield server


def test_readers_present_the_token_as_access_key(protected):
    trace_id = documents.put(signed_with(protected, "anybody"), documents.segment("web"))
    with pytest.raises(ClientError) as refusal:
        signed_with(protected, "anybody").get_trace_summaries(**around_now())
    assert refusal.value.response["Error"]["Code"] == "UnrecognizedClientException"
    found = signed_with(protected, TOKEN).get_trace_summaries(**around_now())
    assert [summary["Id"] for summary in found["TraceSummaries"]] == [trace_id]


def test_senders_and_sampling_polls_need_no_token(protected):
    unsigned = boto3.client("xray", endpoint_url=protected.url, config=Config(signature_version=UNSIGNED))
    documents.put(unsigned, documents.segment("web"))
    assert unsigned.get_sampling_rules()["SamplingRuleRecords"]
    with pytest.raises(ClientError):
        unsigned.get_groups()


def test_strict_keeps_to_the_limits_of_aws():
    with LocalXRay("--strict") as server:
        xray = client(server)
        with pytest.raises(xray.exceptions.InvalidRequestException, match="Exceeding maximum query size: 5"):
            xray.batch_get_traces(TraceIds=[documents.new_trace_id() for _ in range(6)])
        default = xray.get_sampling_rules()["SamplingRuleRecords"][0]["SamplingRule"]
        assert (default["ReservoirSize"], default["FixedRate"]) == (1, 0.05)
