//! Groups, sampling rules and the other settings of the X-Ray API, over real sockets.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail where it stands")]

mod support;

use serde_json::{Value, json};

use support::{NOT_FOUND_LIKE, SLOW_LIKE, Xray, lab, with_xray};

/// Covers `testdata/lab.json`.
fn window() -> Value {
    json!({ "StartTime": 1_767_225_600.0, "EndTime": 1_767_225_700.0 })
}

/// The window with further members.
fn window_with(members: Value) -> Value {
    let mut input = window();
    let Value::Object(members) = members else { return input };
    input.as_object_mut().unwrap().extend(members);
    input
}

/// Calls an operation that must be refused, and says with which exception and words.
async fn refused(xray: &Xray, path: &str, input: Value) -> (String, String) {
    let answer = xray.call(path, &input).await;
    assert!((400..500).contains(&answer.status), "{path} {input}: {answer:?}");
    (answer.error_type.unwrap(), answer.body["message"].as_str().unwrap().to_owned())
}

async fn trace_ids(xray: &Xray, expression: &str) -> Vec<Value> {
    let answer = xray.ok("/TraceSummaries", &window_with(json!({ "FilterExpression": expression }))).await;
    answer["TraceSummaries"].as_array().unwrap().iter().map(|summary| summary["Id"].clone()).collect()
}

#[test]
fn a_group_covers_the_past_and_changes_the_numbers_of_the_map() {
    with_xray(async |xray| {
        xray.put(&lab()).await;
        let input =
            json!({ "GroupName": "slow", "FilterExpression": r#"service("like service") { responsetime > 1 }"# });
        let group = xray.ok("/CreateGroup", &input).await["Group"].clone();
        assert_eq!(
            (&group["GroupName"], &group["FilterExpression"]),
            (&input["GroupName"], &input["FilterExpression"])
        );

        let client_requests = async |members: Value| {
            let graph = xray.ok("/ServiceGraph", &window_with(members)).await;
            let services = graph["Services"].as_array().unwrap().clone();
            let client = services.iter().find(|service| service["Type"] == "client").unwrap();
            client["Edges"][0]["SummaryStatistics"]["TotalCount"].clone()
        };
        assert_eq!(client_requests(json!({})).await, 2);
        assert_eq!(client_requests(json!({ "GroupName": "Default" })).await, 2);
        assert_eq!(client_requests(json!({ "GroupName": "slow" })).await, 1);
        assert_eq!(client_requests(json!({ "GroupARN": group["GroupARN"] })).await, 1);
        assert_eq!(trace_ids(&xray, r#"group.name = "slow""#).await, [SLOW_LIKE]);
        assert_eq!(trace_ids(&xray, r#"!group.name = "slow""#).await, [NOT_FOUND_LIKE]);

        let update = json!({ "GroupARN": group["GroupARN"], "FilterExpression": "error" });
        xray.ok("/UpdateGroup", &update).await;
        assert_eq!(trace_ids(&xray, r#"group.name = "slow""#).await, [NOT_FOUND_LIKE], "asked when it is asked");
    });
}

#[test]
fn groups_are_listed_changed_and_deleted() {
    with_xray(async |xray| {
        let names = async || {
            let groups = xray.ok("/Groups", &json!({})).await;
            let names = groups["Groups"].as_array().unwrap().iter().map(|group| group["GroupName"].clone());
            names.collect::<Vec<_>>()
        };
        assert_eq!(names().await, ["Default"]);
        let insights = json!({ "InsightsEnabled": true, "NotificationsEnabled": true });
        let input =
            json!({ "GroupName": "b", "InsightsConfiguration": insights, "Tags": [{ "Key": "k", "Value": "v" }] });
        let arn = xray.ok("/CreateGroup", &input).await["Group"]["GroupARN"].clone();
        xray.ok("/CreateGroup", &json!({ "GroupName": "a", "FilterExpression": "fault" })).await;
        assert_eq!(names().await, ["Default", "a", "b"]);
        let group = xray.ok("/GetGroup", &json!({ "GroupARN": arn })).await["Group"].clone();
        assert_eq!(group["InsightsConfiguration"], insights);
        let tags = xray.ok("/ListTagsForResource", &json!({ "ResourceARN": arn })).await;
        assert_eq!(tags, json!({ "Tags": [{ "Key": "k", "Value": "v" }] }));
        assert_eq!(xray.ok("/DeleteGroup", &json!({ "GroupName": "b" })).await, json!({}));
        assert_eq!(names().await, ["Default", "a"]);
        let (error, message) = refused(&xray, "/ListTagsForResource", json!({ "ResourceARN": arn })).await;
        assert_eq!(error, "ResourceNotFoundException", "{message}");
    });
}

#[test]
fn what_is_wrong_with_a_group_is_said() {
    with_xray(async |xray| {
        xray.ok("/CreateGroup", &json!({ "GroupName": "taken" })).await;
        let check = async |path: &str, input: Value, expected: &str| {
            let (error, message) = refused(&xray, path, input).await;
            assert_eq!(error, "InvalidRequestException");
            assert!(message.contains(expected), "{path}: {message}");
        };
        check("/CreateGroup", json!({}), "missing field `GroupName`").await;
        check("/CreateGroup", json!({ "GroupName": 7 }), "GroupName: invalid type: integer `7`").await;
        check("/CreateGroup", json!({ "GroupName": "taken" }), "there is a group taken already").await;
        check("/CreateGroup", json!({ "GroupName": "Default" }), "group of all traces").await;
        check("/CreateGroup", json!({ "GroupName": "x".repeat(33) }), "GroupName: 33 characters").await;
        check("/CreateGroup", json!({ "GroupName": "x", "FilterExpression": "fualt" }), "did you mean `fault`?").await;
        check("/CreateGroup", json!({ "GroupName": "x", "Tags": [{ "Key": "k" }] }), "Tags[0]: missing field `Value`")
            .await;
        check("/CreateGroup", json!({ "GroupName": "x", "InsightsConfiguration": 1 }), "InsightsConfiguration").await;
        check("/GetGroup", json!({}), "GroupName or GroupARN").await;
        check("/GetGroup", json!({ "GroupName": "TAKEN" }), "there is no group TAKEN").await;
        check("/UpdateGroup", json!({ "GroupName": "nobody" }), "there is no group nobody").await;
        check("/DeleteGroup", json!({ "GroupName": "Default" }), "cannot be deleted").await;
        check("/DeleteGroup", json!({ "GroupARN": "arn:aws:xray:::group/x/1" }), "there is no group arn").await;
        check("/Groups", json!({ "NextToken": "1" }), "NextToken").await;
        check("/ServiceGraph", window_with(json!({ "GroupARN": 1 })), "GroupARN").await;
    });
}

/// The members that a sampling rule must have.
fn rule(name: &str) -> Value {
    json!({
        "RuleName": name, "ResourceARN": "*", "Priority": 5, "FixedRate": 0.25, "ReservoirSize": 3, "ServiceName": "*",
        "ServiceType": "*", "Host": "*", "HTTPMethod": "POST", "URLPath": "/mysfits/*", "Version": 1,
    })
}

fn report(rule: &str, client: char, requests: u32) -> Value {
    let client = client.to_string().repeat(24);
    json!({ "RuleName": rule, "ClientID": client, "Timestamp": 1.5, "RequestCount": requests, "SampledCount": 1 })
}

#[test]
fn sampling_rules_are_made_changed_and_deleted() {
    with_xray(async |xray| {
        let tags = json!([{ "Key": "k", "Value": "" }]);
        let made = xray.ok("/CreateSamplingRule", &json!({ "SamplingRule": rule("likes"), "Tags": tags })).await;
        let made = &made["SamplingRuleRecord"]["SamplingRule"];
        let mut expected = rule("likes");
        expected["Attributes"] = json!({});
        expected["RuleARN"] = json!("arn:aws:xray:us-east-1:000000000000:sampling-rule/likes");
        assert_eq!(made, &expected, "every member but the boost, and no other");
        let tagged = xray.ok("/ListTagsForResource", &json!({ "ResourceARN": made["RuleARN"] })).await;
        assert_eq!(tagged["Tags"], tags);

        let update = json!({ "SamplingRuleUpdate": { "RuleARN": made["RuleARN"], "ReservoirSize": 0 } });
        let updated = xray.ok("/UpdateSamplingRule", &update).await["SamplingRuleRecord"].clone();
        assert_eq!(updated["SamplingRule"]["ReservoirSize"], 0);
        assert!(updated["ModifiedAt"].as_f64() >= updated["CreatedAt"].as_f64());
        let rules = xray.ok("/GetSamplingRules", &json!({})).await;
        assert_eq!(rules["SamplingRuleRecords"][0], updated);
        assert_eq!(rules["SamplingRuleRecords"][1]["SamplingRule"]["RuleName"], "Default");
        let deleted = xray.ok("/DeleteSamplingRule", &json!({ "RuleName": "likes" })).await;
        assert_eq!(deleted["SamplingRuleRecord"], updated);
        assert_eq!(xray.ok("/GetSamplingRules", &json!({})).await["SamplingRuleRecords"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn clients_share_a_reservoir_and_hear_of_changes() {
    with_xray(async |xray| {
        xray.ok("/CreateSamplingRule", &json!({ "SamplingRule": rule("likes") })).await;
        let report_as = async |client: char| {
            let documents = [report("likes", client, 5), report("gone", client, 5)];
            xray.ok("/SamplingTargets", &json!({ "SamplingStatisticsDocuments": documents })).await
        };
        let first = report_as('a').await;
        let target = &first["SamplingTargetDocuments"][0];
        assert_eq!((&target["RuleName"], &target["FixedRate"]), (&json!("likes"), &json!(0.25)));
        assert_eq!((&target["ReservoirQuota"], &target["Interval"]), (&json!(3), &json!(10)));
        assert!(target["ReservoirQuotaTTL"].is_f64());
        assert_eq!(target.as_object().unwrap().len(), 5, "no member that an older client would not know");
        assert_eq!(first["UnprocessedStatistics"][0]["RuleName"], "gone");
        assert_eq!(first.as_object().unwrap().len(), 3, "{first}");
        assert_eq!(report_as('b').await["SamplingTargetDocuments"][0]["ReservoirQuota"], 1);
        let again = report_as('a').await;
        assert_eq!(again["SamplingTargetDocuments"][0]["ReservoirQuota"], 2);

        xray.ok("/UpdateSamplingRule", &json!({ "SamplingRuleUpdate": { "RuleName": "likes", "FixedRate": 0.5 } }))
            .await;
        let changed = report_as('a').await;
        assert!(changed["LastRuleModification"].as_f64() > again["LastRuleModification"].as_f64());
        assert_eq!(changed["SamplingTargetDocuments"][0]["FixedRate"], 0.5);

        let summaries = xray.ok("/SamplingStatisticSummaries", &json!({})).await;
        let summaries = summaries["SamplingStatisticSummaries"].as_array().unwrap();
        let sum = |member: &str| summaries.iter().map(|summary| summary[member].as_u64().unwrap()).sum::<u64>();
        assert_eq!((sum("RequestCount"), sum("SampledCount"), sum("BorrowCount")), (20, 4, 0));
        assert!(summaries.iter().all(|summary| summary["RuleName"] == "likes"));
        assert!(summaries.iter().all(|summary| summary["Timestamp"].as_f64().unwrap() % 10.0 == 0.0));
    });
}

#[test]
fn odd_sampling_clients_are_understood() {
    with_xray(async |xray| {
        let documents = json!([
            { "RuleName": "Default", "ClientID": "0".repeat(24), "Timestamp": 1_767_225_600_000_u64, "RequestCount": 0,
              "SampleCount": 0, "BorrowCount": null, "SomethingNew": {} },
        ]);
        let answer = xray.ok("/SamplingTargets", &json!({ "SamplingStatisticsDocuments": documents })).await;
        assert_eq!(answer["SamplingTargetDocuments"][0]["RuleName"], "Default");
        let none = xray.ok("/SamplingTargets", &json!({ "SamplingStatisticsDocuments": [] })).await;
        assert_eq!(none["SamplingTargetDocuments"], json!([]));
        assert!(none["LastRuleModification"].is_f64());
        let boost = json!([{ "RuleName": "gone", "ServiceName": "s", "Timestamp": 1, "AnomalyCount": 1, "TotalCount": 2,
            "SampledAnomalyCount": 0 }]);
        let input = json!({ "SamplingStatisticsDocuments": [], "SamplingBoostStatisticsDocuments": boost });
        let answer = xray.ok("/SamplingTargets", &input).await;
        assert_eq!(answer["UnprocessedBoostStatistics"][0]["RuleName"], "gone");
    });
}

#[test]
fn what_is_wrong_with_a_sampling_rule_is_said() {
    with_xray(async |xray| {
        let check = async |path: &str, input: Value, expected: &str| {
            let (error, message) = refused(&xray, path, input).await;
            assert_eq!(error, "InvalidRequestException");
            assert!(message.contains(expected), "{path}: {message}");
        };
        let with = |member: &str, value: Value| {
            let mut rule = rule("likes");
            rule[member] = value;
            json!({ "SamplingRule": rule })
        };
        let create = "/CreateSamplingRule";
        check(create, json!({}), "missing field `SamplingRule`").await;
        check(create, json!({ "SamplingRule": { "RuleName": "likes" } }), "SamplingRule: missing field `ResourceARN`")
            .await;
        check(create, with("RuleName", Value::Null), "missing field `RuleName`").await;
        check(create, with("Priority", json!("5")), "SamplingRule.Priority: invalid type").await;
        check(create, with("Priority", json!(10_000)), "Priority: 10000 is not between 1 and 9999").await;
        check(create, with("ReservoirSize", json!(-1)), "SamplingRule.ReservoirSize: invalid value").await;
        check(create, with("RuleARN", json!("arn:aws:xray:::sampling-rule/x")), "RuleARN").await;
        check(create, with("RuleName", json!("Default")), "Default already").await;
        check("/UpdateSamplingRule", json!({ "SamplingRuleUpdate": {} }), "RuleName or RuleARN").await;
        let rematched = json!({ "SamplingRuleUpdate": { "RuleName": "Default", "Host": "example.com" } });
        check("/UpdateSamplingRule", rematched, "only FixedRate and ReservoirSize").await;
        check("/DeleteSamplingRule", json!({ "RuleName": "Default" }), "cannot be deleted").await;
        check("/DeleteSamplingRule", json!({ "RuleName": "nobody" }), "no sampling rule nobody").await;
        let targets = |document: Value| json!({ "SamplingStatisticsDocuments": [document] });
        check("/SamplingTargets", json!({}), "missing field `SamplingStatisticsDocuments`").await;
        check("/SamplingTargets", targets(json!({ "RuleName": "Default" })), "[0]: missing field `ClientID`").await;
        let mut short = report("Default", 'a', 1);
        short["ClientID"] = json!("a");
        check("/SamplingTargets", targets(short), "ClientID: 1 characters").await;
        check("/SamplingStatisticSummaries", json!({ "NextToken": "x" }), "NextToken").await;
    });
}
