//! Groups, sampling rules and the other settings of the X-Ray API, over real sockets.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail where it stands")]

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
