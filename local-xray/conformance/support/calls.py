"""A call of every X-Ray operation, named as boto3 names it. Each makes what it needs, and looks at what it got.

Whether an answer fits the model is checked for all of them in `model`; here is only what the model cannot know.
"""

import itertools
import json
import time

from support import documents
from support.graph import Graph, around_now

_numbers = itertools.count(1)


def unique(prefix):
    return f"{prefix}-{next(_numbers)}"


# === Traces ===


def put_trace_segments(xray):
    good = documents.segment("web")
    answer = xray.put_trace_segments(TraceSegmentDocuments=[json.dumps(good), "{", json.dumps({**good, "id": "x"})])
    assert len(answer["UnprocessedTraceSegments"]) == 2
    return answer


def put_telemetry_records(xray):
    record = {"Timestamp": time.time(), "SegmentsReceivedCount": 3, "BackendConnectionErrors": {"TimeoutCount": 1}}
    return xray.put_telemetry_records(TelemetryRecords=[record], EC2InstanceId="", Hostname="laptop", ResourceARN="")


def batch_get_traces(xray):
    trace_id, unknown = documents.put_order(xray), documents.new_trace_id()
    answer = xray.batch_get_traces(TraceIds=[trace_id, unknown])
    assert [trace["Id"] for trace in answer["Traces"]] == [trace_id]
    names = {json.loads(segment["Document"])["name"] for segment in answer["Traces"][0]["Segments"]}
    assert names == {"web", "orders", "dynamodb"}
    assert answer["UnprocessedTraceIds"] == [unknown]
    return answer


def get_trace_summaries(xray):
    trace_id = documents.put_order(xray)
    expression = 'service(id(name: "web")) AND annotation.basket = "b-1"'
    answer = xray.get_trace_summaries(**around_now(), FilterExpression=expression)
    summary = next(summary for summary in answer["TraceSummaries"] if summary["Id"] == trace_id)
    assert summary["Users"][0]["UserName"] == "ada"
    assert summary["EntryPoint"]["Name"] == "web"
    return answer


def get_service_graph(xray):
    documents.put_order(xray)
    answer = xray.get_service_graph(**around_now())
    _assert_order_graph(answer["Services"])
    return answer


def get_trace_graph(xray):
    answer = xray.get_trace_graph(TraceIds=[documents.put_order(xray)])
    _assert_order_graph(answer["Services"])
    return answer


def _assert_order_graph(services):
    graph = Graph(services)
    path = [("web", "client"), ("web", None), ("orders", None), ("Orders", "AWS::DynamoDB::Table")]
    for source, target in itertools.pairwise(path):
        assert graph.calls(source, target) >= 1, graph


def get_time_series_service_statistics(xray):
    documents.put_order(xray)
    selector = 'edge("web", "orders")'
    answer = xray.get_time_series_service_statistics(**around_now(), EntitySelectorExpression=selector, Period=60)
    windows = answer["TimeSeriesServiceStatistics"]
    assert sum(window["EdgeSummaryStatistics"]["TotalCount"] for window in windows) >= 1
    return answer


# === Trace retrieval ===


def start_trace_retrieval(xray):
    return xray.start_trace_retrieval(TraceIds=[documents.put_order(xray)], **around_now())


def list_retrieved_traces(xray):
    answer = xray.list_retrieved_traces(RetrievalToken=start_trace_retrieval(xray)["RetrievalToken"], TraceFormat="XRAY")
    assert answer["RetrievalStatus"] == "COMPLETE"
    assert len(answer["Traces"]) == 1
    assert "web" in {json.loads(span["Document"])["name"] for span in answer["Traces"][0]["Spans"]}
    return answer


def get_retrieved_traces_graph(xray):
    answer = xray.get_retrieved_traces_graph(RetrievalToken=start_trace_retrieval(xray)["RetrievalToken"])
    assert answer["RetrievalStatus"] == "COMPLETE"
    assert answer["Services"]
    return answer


def cancel_trace_retrieval(xray):
    return xray.cancel_trace_retrieval(RetrievalToken=start_trace_retrieval(xray)["RetrievalToken"])


# === Groups ===


def create_group(xray):
    name = unique("slow")
    answer = xray.create_group(
        GroupName=name,
        FilterExpression="responsetime > 1",
        InsightsConfiguration={"InsightsEnabled": True, "NotificationsEnabled": False},
        Tags=[{"Key": "team", "Value": "shop"}],
    )
    assert answer["Group"]["GroupName"] == name
    assert answer["Group"]["InsightsConfiguration"]["InsightsEnabled"] is True
    return answer


def get_group(xray):
    created = create_group(xray)["Group"]
    answer = xray.get_group(GroupARN=created["GroupARN"])
    assert answer["Group"] == created
    return answer


def get_groups(xray):
    answer = xray.get_groups()
    assert "Default" in {group["GroupName"] for group in answer["Groups"]}
    return answer


def update_group(xray):
    created = create_group(xray)["Group"]
    answer = xray.update_group(GroupName=created["GroupName"], FilterExpression="fault")
    assert answer["Group"] == {**created, "FilterExpression": "fault"}
    return answer


def delete_group(xray):
    created = create_group(xray)["Group"]
    answer = xray.delete_group(GroupName=created["GroupName"])
    assert created not in xray.get_groups()["Groups"]
    return answer


# === Sampling ===


def sampling_rule(**members):
    """A rule that matches no request of any other test."""
    everything = {"ResourceARN": "*", "ServiceName": "*", "ServiceType": "*", "HTTPMethod": "*", "URLPath": "*"}
    numbers = {"Priority": 50, "FixedRate": 0.25, "ReservoirSize": 2, "Version": 1}
    return {"RuleName": unique("checkout"), "Host": "checkout.invalid", **everything, **numbers, **members}


def create_sampling_rule(xray):
    rule = sampling_rule(Attributes={"tier": "gold"}, SamplingRateBoost={"MaxRate": 0.5, "CooldownWindowMinutes": 1})
    answer = xray.create_sampling_rule(SamplingRule=rule, Tags=[{"Key": "team", "Value": "shop"}])
    created = answer["SamplingRuleRecord"]["SamplingRule"]
    assert created == {**rule, "RuleARN": created["RuleARN"]}
    return answer


def get_sampling_rules(xray):
    answer = xray.get_sampling_rules()
    rules = [record["SamplingRule"] for record in answer["SamplingRuleRecords"]]
    default = next(rule for rule in rules if rule["RuleName"] == "Default")
    assert default["Priority"] == 10_000
    assert all("Attributes" in rule for rule in rules)  # the Node SDK skips rules without
    return answer


def update_sampling_rule(xray):
    created = create_sampling_rule(xray)["SamplingRuleRecord"]["SamplingRule"]
    answer = xray.update_sampling_rule(SamplingRuleUpdate={"RuleARN": created["RuleARN"], "FixedRate": 0.75})
    assert answer["SamplingRuleRecord"]["SamplingRule"] == {**created, "FixedRate": 0.75}
    return answer


def delete_sampling_rule(xray):
    created = create_sampling_rule(xray)["SamplingRuleRecord"]["SamplingRule"]
    answer = xray.delete_sampling_rule(RuleName=created["RuleName"])
    assert answer["SamplingRuleRecord"]["SamplingRule"] == created
    remaining = {record["SamplingRule"]["RuleName"] for record in xray.get_sampling_rules()["SamplingRuleRecords"]}
    assert created["RuleName"] not in remaining
    return answer


def sampling_report(rule_name, **members):
    counts = {"RequestCount": 110, "SampledCount": 20, "BorrowCount": 10}
    return {"RuleName": rule_name, "ClientID": "0123456789abcdef01234567", "Timestamp": time.time(), **counts, **members}


def get_sampling_targets(xray):
    answer = xray.get_sampling_targets(
        SamplingStatisticsDocuments=[sampling_report("Default"), sampling_report("gone")]
    )
    target = answer["SamplingTargetDocuments"][0]
    assert target["RuleName"] == "Default"
    assert "FixedRate" in target  # the Python SDK reads it unconditionally
    assert [refused["RuleName"] for refused in answer["UnprocessedStatistics"]] == ["gone"]
    return answer


def get_sampling_statistic_summaries(xray):
    get_sampling_targets(xray)
    answer = xray.get_sampling_statistic_summaries()
    counted = [summary for summary in answer["SamplingStatisticSummaries"] if summary["RuleName"] == "Default"]
    assert sum(summary["RequestCount"] for summary in counted) >= 110
    return answer


# === Insights: there are none, and that is what is answered ===

NO_INSIGHT = "01234567-89ab-cdef-0123-456789abcdef"


def get_insight_summaries(xray):
    answer = xray.get_insight_summaries(**around_now(), GroupName="Default", States=["ACTIVE"], MaxResults=10)
    assert answer["InsightSummaries"] == []
    return answer


def get_insight(xray):
    return xray.get_insight(InsightId=NO_INSIGHT)


def get_insight_events(xray):
    return xray.get_insight_events(InsightId=NO_INSIGHT, MaxResults=10)


def get_insight_impact_graph(xray):
    return xray.get_insight_impact_graph(InsightId=NO_INSIGHT, **around_now())


# === Tags ===


def tag_resource(xray):
    arn = create_group(xray)["Group"]["GroupARN"]
    answer = xray.tag_resource(ResourceARN=arn, Tags=[{"Key": "stage", "Value": "test"}])
    assert {"Key": "stage", "Value": "test"} in xray.list_tags_for_resource(ResourceARN=arn)["Tags"]
    return answer


def list_tags_for_resource(xray):
    arn = create_sampling_rule(xray)["SamplingRuleRecord"]["SamplingRule"]["RuleARN"]
    answer = xray.list_tags_for_resource(ResourceARN=arn)
    assert answer["Tags"] == [{"Key": "team", "Value": "shop"}]
    return answer


def untag_resource(xray):
    arn = create_group(xray)["Group"]["GroupARN"]
    answer = xray.untag_resource(ResourceARN=arn, TagKeys=["team"])
    assert xray.list_tags_for_resource(ResourceARN=arn)["Tags"] == []
    return answer


# === Settings ===


def get_encryption_config(xray):
    return xray.get_encryption_config()


def put_encryption_config(xray):
    answer = xray.put_encryption_config(Type="KMS", KeyId="alias/shop")
    assert answer["EncryptionConfig"]["Type"] == "KMS"
    xray.put_encryption_config(Type="NONE")
    assert xray.get_encryption_config()["EncryptionConfig"]["Type"] == "NONE"
    return answer


POLICY = json.dumps({"Version": "2012-10-17", "Statement": []})


def put_resource_policy(xray):
    answer = xray.put_resource_policy(PolicyName="shop", PolicyDocument=POLICY)
    assert answer["ResourcePolicy"]["PolicyDocument"] == POLICY
    return answer


def list_resource_policies(xray):
    put_resource_policy(xray)
    answer = xray.list_resource_policies()
    assert [policy["PolicyName"] for policy in answer["ResourcePolicies"]] == ["shop"]
    return answer


def delete_resource_policy(xray):
    put_resource_policy(xray)
    answer = xray.delete_resource_policy(PolicyName="shop")
    assert xray.list_resource_policies()["ResourcePolicies"] == []
    return answer


def get_trace_segment_destination(xray):
    answer = xray.get_trace_segment_destination()
    assert answer["Destination"] == "XRay"
    return answer


def update_trace_segment_destination(xray):
    answer = xray.update_trace_segment_destination(Destination="XRay")
    assert answer["Destination"] == "XRay"
    return answer


def get_indexing_rules(xray):
    answer = xray.get_indexing_rules()
    assert [rule["Name"] for rule in answer["IndexingRules"]] == ["Default"]
    return answer


def update_indexing_rule(xray):
    answer = xray.update_indexing_rule(Name="Default", Rule={"Probabilistic": {"DesiredSamplingPercentage": 5.0}})
    assert answer["IndexingRule"]["Rule"]["Probabilistic"]["DesiredSamplingPercentage"] == 5.0
    return answer
