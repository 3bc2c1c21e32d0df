"""Refusals arrive as the typed exceptions of boto3, with a message that helps."""

import json

import pytest

from support import calls, documents
from support.graph import around_now

WINDOW = around_now()
BACKWARDS = {"StartTime": WINDOW["EndTime"], "EndTime": WINDOW["StartTime"]}
GROUP_ARN = "arn:aws:xray:us-east-1:000000000000:group/none/NONE"
POLICY = {"PolicyName": "shop", "PolicyDocument": calls.POLICY}

# (operation, exception, what the message says, the call)
REFUSALS = [
    ("BatchGetTraces", "InvalidRequestException", "Exceeding maximum query size",
     lambda xray: xray.batch_get_traces(TraceIds=[documents.new_trace_id() for _ in range(101)])),
    ("GetTraceSummaries", "InvalidRequestException", "StartTime",
     lambda xray: xray.get_trace_summaries(**BACKWARDS)),
    ("GetTraceSummaries", "InvalidRequestException", "did you mean `responsetime`",
     lambda xray: xray.get_trace_summaries(**WINDOW, FilterExpression="responsetme > 5")),
    ("GetTraceSummaries", "InvalidRequestException", "NextToken",
     lambda xray: xray.get_trace_summaries(**WINDOW, NextToken="of-another-query")),
    ("GetServiceGraph", "InvalidRequestException", "StartTime",
     lambda xray: xray.get_service_graph(**BACKWARDS)),
    ("GetServiceGraph", "InvalidRequestException", "none",
     lambda xray: xray.get_service_graph(**WINDOW, GroupName="none")),
    ("GetGroup", "InvalidRequestException", "none",
     lambda xray: xray.get_group(GroupARN=GROUP_ARN)),
    ("CreateGroup", "InvalidRequestException", "^^^",
     lambda xray: xray.create_group(GroupName="typo", FilterExpression="responsetme > 5")),
    ("CreateGroup", "InvalidRequestException", "Default",
     lambda xray: xray.create_group(GroupName="Default")),
    ("UpdateGroup", "InvalidRequestException", "none",
     lambda xray: xray.update_group(GroupName="none", FilterExpression="fault")),
    ("DeleteGroup", "InvalidRequestException", "Default",
     lambda xray: xray.delete_group(GroupName="Default")),
    ("CreateSamplingRule", "InvalidRequestException", "Priority",
     lambda xray: xray.create_sampling_rule(SamplingRule=calls.sampling_rule(Priority=10_000))),
    ("CreateSamplingRule", "InvalidRequestException", "FixedRate",
     lambda xray: xray.create_sampling_rule(SamplingRule=calls.sampling_rule(FixedRate=1.5))),
    ("UpdateSamplingRule", "InvalidRequestException", "none",
     lambda xray: xray.update_sampling_rule(SamplingRuleUpdate={"RuleName": "none", "FixedRate": 0.5})),
    ("DeleteSamplingRule", "InvalidRequestException", "Default",
     lambda xray: xray.delete_sampling_rule(RuleName="Default")),
    ("GetTimeSeriesServiceStatistics", "InvalidRequestException", "EntitySelectorExpression",
     lambda xray: xray.get_time_series_service_statistics(**WINDOW, EntitySelectorExpression="nonsense")),
    ("ListTagsForResource", "ResourceNotFoundException", "none",
     lambda xray: xray.list_tags_for_resource(ResourceARN=GROUP_ARN)),
    ("TagResource", "ResourceNotFoundException", "none",
     lambda xray: xray.tag_resource(ResourceARN=GROUP_ARN, Tags=[{"Key": "a", "Value": "b"}])),
    ("UntagResource", "ResourceNotFoundException", "none",
     lambda xray: xray.untag_resource(ResourceARN=GROUP_ARN, TagKeys=["a"])),
    ("TagResource", "TooManyTagsException", "50",
     lambda xray: xray.tag_resource(
         ResourceARN=calls.create_group(xray)["Group"]["GroupARN"],
         Tags=[{"Key": f"key-{n}", "Value": ""} for n in range(51)])),
    ("CancelTraceRetrieval", "ResourceNotFoundException", "",
     lambda xray: xray.cancel_trace_retrieval(RetrievalToken="none")),
    ("ListRetrievedTraces", "ResourceNotFoundException", "",
     lambda xray: xray.list_retrieved_traces(RetrievalToken="none")),
    ("GetRetrievedTracesGraph", "ResourceNotFoundException", "",
     lambda xray: xray.get_retrieved_traces_graph(RetrievalToken="none")),
    ("UpdateIndexingRule", "ResourceNotFoundException", "none",
     lambda xray: xray.update_indexing_rule(Name="none", Rule={"Probabilistic": {"DesiredSamplingPercentage": 1.0}})),
    ("PutResourcePolicy", "MalformedPolicyDocumentException", "",
     lambda xray: xray.put_resource_policy(PolicyName="shop", PolicyDocument="{")),
    ("PutResourcePolicy", "InvalidPolicyRevisionIdException", "",
     lambda xray: xray.put_resource_policy(**POLICY, PolicyRevisionId="99")),
    ("PutResourcePolicy", "PolicySizeLimitExceededException", "",
     lambda xray: xray.put_resource_policy(PolicyName="long", PolicyDocument=json.dumps({"Sid": "x" * 6_000}))),
    ("PutResourcePolicy", "PolicyCountLimitExceededException", "5",
     lambda xray: [xray.put_resource_policy(**{**POLICY, "PolicyName": f"shop-{n}"}) for n in range(6)]),
]


@pytest.mark.parametrize(
    ("exception", "says", "call"),
    [
        pytest.param(exception, says, call, id=f"{operation}-{exception}-{number}")
        for number, (operation, exception, says, call) in enumerate(REFUSALS)
    ],
)
def test_a_refusal_is_typed_and_says_why(xray, exception, says, call):
    with pytest.raises(getattr(xray.exceptions, exception)) as refusal:
        call(xray)
    assert says in refusal.value.response["Error"]["Message"]
