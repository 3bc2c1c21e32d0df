//! The smaller operations of the X-Ray API over real sockets: numbers over time, policies, settings of the account,
//! retrievals, insights, and AWS's own limits.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail where it stands")]

mod support;

use local_xray::Config;
use serde_json::{Value, json};

use support::{NOT_FOUND_LIKE, SLOW_LIKE, Xray, lab, send, with_config, with_xray};

/// Covers `testdata/lab.json`.
const START: f64 = 1_767_225_600.0;
const END: f64 = 1_767_225_700.0;

/// Every operation, where botocore looks for it.
const PATHS: [&str; 38] = [
    "/Traces",
    "/CancelTraceRetrieval",
    "/CreateGroup",
    "/CreateSamplingRule",
    "/DeleteGroup",
    "/DeleteResourcePolicy",
    "/DeleteSamplingRule",
    "/EncryptionConfig",
    "/GetGroup",
    "/Groups",
    "/GetIndexingRules",
    "/Insight",
    "/InsightEvents",
    "/InsightImpactGraph",
    "/InsightSummaries",
    "/GetRetrievedTracesGraph",
    "/GetSamplingRules",
    "/SamplingStatisticSummaries",
    "/SamplingTargets",
    "/ServiceGraph",
    "/TimeSeriesServiceStatistics",
    "/TraceGraph",
    "/GetTraceSegmentDestination",
    "/TraceSummaries",
    "/ListResourcePolicies",
    "/ListRetrievedTraces",
    "/ListTagsForResource",
    "/PutEncryptionConfig",
    "/PutResourcePolicy",
    "/TelemetryRecords",
    "/TraceSegments",
    "/StartTraceRetrieval",
    "/TagResource",
    "/UntagResource",
    "/UpdateGroup",
    "/UpdateIndexingRule",
    "/UpdateSamplingRule",
    "/UpdateTraceSegmentDestination",
];

/// The window with further members.
fn window_with(members: Value) -> Value {
    let mut input = json!({ "StartTime": START, "EndTime": END });
    let Value::Object(members) = members else { return input };
    input.as_object_mut().unwrap().extend(members);
    input
}

/// Calls an operation that must be refused with this exception, in words that contain `expected`.
async fn refused(xray: &Xray, path: &str, input: Value, exception: &str, expected: &str) {
    let answer = xray.call(path, &input).await;
    assert!((400..500).contains(&answer.status), "{path} {input}: {answer:?}");
    assert_eq!(answer.error_type.as_deref(), Some(exception), "{path} {input}: {answer:?}");
    let message = answer.body["message"].as_str().unwrap();
    assert!(message.contains(expected), "{path} {input}: {message}");
}

async fn invalid(xray: &Xray, path: &str, input: Value, expected: &str) {
    refused(xray, path, input, "InvalidRequestException", expected).await;
}

#[test]
fn no_odd_request_is_a_failure_of_ours() {
    with_xray(async |xray| {
        let bodies = [
            "",
            "{}",
            "[]",
            "null",
            "7",
            "\"{}\"",
            "{",
            "\u{0}",
            r#"{"NextToken": {}}"#,
            r#"{"NextToken": ""}"#,
            r#"{"StartTime": -1, "EndTime": 1e300}"#,
            r#"{"StartTime": 0, "EndTime": 4294967295, "Period": 1}"#,
            r#"{"GroupName": null, "RuleName": null, "TraceIds": [null]}"#,
            r#"{"TraceIds": ["x"], "StartTime": 1, "EndTime": 2}"#,
            r#"{"RetrievalToken": ""}"#,
            r#"{"PolicyName": "", "PolicyDocument": ""}"#,
            r#"{"Type": "none"}"#,
            r#"{"Name": "Default", "Rule": {"Probabilistic": {}}}"#,
            r#"{"Destination": "Moon"}"#,
        ];
        for path in PATHS {
            for body in bodies {
                let request = xray.client.post(xray.url(path)).header("content-type", "application/json");
                let answer = send(request.body(body)).await;
                let refusals = [
                    Some("InvalidRequestException"),
                    Some("ResourceNotFoundException"),
                    Some("MalformedPolicyDocumentException"),
                ];
                let is_refusal = matches!(answer.status, 400 | 404) && refusals.contains(&answer.error_type.as_deref());
                assert!(answer.status == 200 || is_refusal, "{path} {body}: {answer:?}");
                assert!(answer.body.is_object(), "{path} {body}: {answer:?}");
            }
            let empty = send(xray.client.post(xray.url(path))).await;
            let braces = xray.call(path, &json!({})).await;
            assert_eq!(empty.status, braces.status, "{path}: an empty body counts as {{}}");
        }
    });
}

#[test]
fn numbers_over_time_have_no_gaps() {
    with_xray(async |xray| {
        xray.put(&lab()).await;
        let series = async |members: Value| {
            let answer = xray.ok("/TimeSeriesServiceStatistics", &window_with(members)).await;
            assert_eq!(answer["ContainsOldGroupVersions"], false);
            answer["TimeSeriesServiceStatistics"].as_array().unwrap().clone()
        };
        let totals = |points: &[Value], kind: &str| -> Vec<u64> {
            let total =
                |point: &Value| point[kind]["TotalCount"].as_u64().unwrap_or_else(|| panic!("no {kind}: {point}"));
            points.iter().map(total).collect()
        };
        let edges = series(json!({ "Period": 50 })).await;
        let starts: Vec<_> = edges.iter().map(|point| point["Timestamp"].as_f64().unwrap()).collect();
        assert_eq!(starts, [START, START + 50.0]);
        let graph = xray.ok("/ServiceGraph", &window_with(json!({}))).await;
        let all_edges = graph["Services"].as_array().unwrap().iter().flat_map(|node| node["Edges"].as_array().unwrap());
        let calls: u64 = all_edges.map(|edge| edge["SummaryStatistics"]["TotalCount"].as_u64().unwrap()).sum();
        assert_eq!(totals(&edges, "EdgeSummaryStatistics").iter().sum::<u64>(), calls, "all edges of the map");
        assert!(edges.iter().all(|point| point.get("ServiceSummaryStatistics").is_none()));

        let of = |selector: &str| json!({ "EntitySelectorExpression": selector, "Period": 300 });
        let service = series(of(r#"service("like service")"#)).await;
        assert_eq!(totals(&service, "ServiceSummaryStatistics"), [2]);
        assert_eq!(service[0]["ServiceSummaryStatistics"]["ErrorStatistics"]["TotalCount"], 1);
        assert_eq!(service[0]["ResponseTimeHistogram"].as_array().unwrap().len(), 2);
        assert_eq!(totals(&series(of(r#"id(name: "like service")"#)).await, "ServiceSummaryStatistics"), [2]);
        assert_eq!(totals(&series(of(r#"service("nobody")"#)).await, "ServiceSummaryStatistics"), [0]);
        let edge = series(of(r#"edge("like service", "monolith")"#)).await;
        assert_eq!(totals(&edge, "EdgeSummaryStatistics"), [1]);
        xray.ok("/CreateGroup", &json!({ "GroupName": "broken", "FilterExpression": "error" })).await;
        let mut of_group = of(r#"service("like service")"#);
        of_group["GroupName"] = json!("broken");
        assert_eq!(totals(&series(of_group).await, "ServiceSummaryStatistics"), [1]);

        let forecast = json!({ "EntitySelectorExpression": r#"id(name: "like service")"#, "Period": 25, "ForecastStatistics": true });
        let forecast = series(forecast).await;
        let bands: Vec<_> = forecast.iter().map(|point| point.get("ServiceForecastStatistics")).collect();
        let none_expected = json!({ "FaultCountLow": 0, "FaultCountHigh": 0 });
        assert_eq!(bands, [None, None, Some(&none_expected), Some(&none_expected)], "two periods to go by");
    });
}

#[test]
fn what_is_wrong_with_a_series_is_said() {
    with_xray(async |xray| {
        let check = async |members: Value, expected: &str| {
            invalid(&xray, "/TimeSeriesServiceStatistics", window_with(members), expected).await;
        };
        check(json!({ "StartTime": END, "EndTime": START }), "StartTime is after EndTime").await;
        check(json!({ "StartTime": 0, "Period": 1 }), "Period: the window holds").await;
        check(json!({ "Period": 0 }), "Period: 0 is not between").await;
        check(json!({ "Period": -1 }), "Period: invalid value").await;
        check(json!({ "EntitySelectorExpression": "" }), "EntitySelectorExpression: 0 characters").await;
        check(json!({ "EntitySelectorExpression": "fault" }), "expected service(…)").await;
        check(json!({ "EntitySelectorExpression": "service(\"a\") { fault }" }), "^").await;
        check(json!({ "ForecastStatistics": true }), "ForecastStatistics: ").await;
        check(json!({ "GroupName": "nobody" }), "GroupName: there is no group nobody").await;
        check(json!({ "NextToken": "x" }), "NextToken").await;
    });
}

#[test]
fn policies_are_kept_with_their_revisions() {
    with_xray(async |xray| {
        let put = |revision: Value| json!({ "PolicyName": "p", "PolicyDocument": "{}", "PolicyRevisionId": revision });
        let policy = xray.ok("/PutResourcePolicy", &put(json!("0"))).await["ResourcePolicy"].clone();
        assert_eq!((&policy["PolicyName"], &policy["PolicyDocument"]), (&json!("p"), &json!("{}")));
        assert!(policy["LastUpdatedTime"].is_f64());
        let stale = "InvalidPolicyRevisionIdException";
        refused(&xray, "/PutResourcePolicy", put(json!("0")), stale, "PolicyRevisionId").await;
        let next =
            xray.ok("/PutResourcePolicy", &put(policy["PolicyRevisionId"].clone())).await["ResourcePolicy"].clone();
        assert_ne!(next["PolicyRevisionId"], policy["PolicyRevisionId"]);
        let list = xray.ok("/ListResourcePolicies", &json!({})).await;
        assert_eq!(list, json!({ "ResourcePolicies": [next] }));
        let delete = json!({ "PolicyName": "p", "PolicyRevisionId": policy["PolicyRevisionId"] });
        refused(&xray, "/DeleteResourcePolicy", delete, stale, "PolicyRevisionId").await;
        assert_eq!(xray.ok("/DeleteResourcePolicy", &json!({ "PolicyName": "p" })).await, json!({}));
        invalid(&xray, "/DeleteResourcePolicy", json!({ "PolicyName": "p" }), "no resource policy p").await;

        let with = |document: &str| json!({ "PolicyName": "p", "PolicyDocument": document });
        let put = "/PutResourcePolicy";
        refused(&xray, put, with("no"), "MalformedPolicyDocumentException", "PolicyDocument").await;
        refused(&xray, put, with(&" ".repeat(6_000)), "PolicySizeLimitExceededException", "6000 bytes").await;
        for number in 0..5 {
            xray.ok(put, &json!({ "PolicyName": number.to_string(), "PolicyDocument": "{}" })).await;
        }
        refused(&xray, put, with("{}"), "PolicyCountLimitExceededException", "5 policies").await;
    });
}

#[test]
fn settings_of_the_account_are_given_back() {
    with_xray(async |xray| {
        let none = json!({ "EncryptionConfig": { "Status": "ACTIVE", "Type": "NONE" } });
        let key = json!({ "EncryptionConfig": { "Status": "ACTIVE", "Type": "KMS", "KeyId": "alias/traces" } });
        assert_eq!(xray.ok("/EncryptionConfig", &json!({})).await, none);
        assert_eq!(xray.ok("/PutEncryptionConfig", &json!({ "Type": "KMS", "KeyId": "alias/traces" })).await, key);
        assert_eq!(xray.ok("/EncryptionConfig", &json!({})).await, key);
        invalid(&xray, "/PutEncryptionConfig", json!({ "Type": "KMS" }), "KeyId").await;
        invalid(&xray, "/PutEncryptionConfig", json!({ "Type": "AES" }), "Type").await;
        assert_eq!(xray.ok("/PutEncryptionConfig", &json!({ "Type": "NONE" })).await, none);

        let logs = json!({ "Destination": "CloudWatchLogs", "Status": "ACTIVE" });
        assert_eq!(xray.ok("/GetTraceSegmentDestination", &json!({})).await["Destination"], "XRay");
        assert_eq!(xray.ok("/UpdateTraceSegmentDestination", &json!({ "Destination": "CloudWatchLogs" })).await, logs);
        assert_eq!(xray.ok("/GetTraceSegmentDestination", &json!({})).await, logs);

        let key = |key: &str| json!({ "CloudWatchLogsConfiguration": { "SpansLogGroupKmsKeyId": key } });
        assert_eq!(
            xray.ok("/UpdateTraceSegmentDestination", &key("k")).await,
            logs,
            "without a destination nothing changes"
        );
        invalid(&xray, "/UpdateTraceSegmentDestination", key(""), "SpansLogGroupKmsKeyId: 0 characters").await;
        let rule = |percentage: f64| json!({ "Probabilistic": { "DesiredSamplingPercentage": percentage } });
        let update = json!({ "Name": "Default", "Rule": rule(5.0) });
        let updated = xray.ok("/UpdateIndexingRule", &update).await["IndexingRule"].clone();
        let probabilistic = &updated["Rule"]["Probabilistic"];
        assert_eq!(probabilistic["DesiredSamplingPercentage"], 5.0);
        assert_eq!(probabilistic["ActualSamplingPercentage"], 100.0, "every trace is found, whatever was asked for");
        assert_eq!(xray.ok("/GetIndexingRules", &json!({})).await, json!({ "IndexingRules": [updated] }));
        invalid(&xray, "/UpdateIndexingRule", json!({ "Name": "Default", "Rule": {} }), "`Probabilistic`").await;
        let unknown = json!({ "Name": "Other", "Rule": rule(5.0) });
        refused(&xray, "/UpdateIndexingRule", unknown, "ResourceNotFoundException", "Name").await;
        invalid(&xray, "/UpdateIndexingRule", json!({ "Name": "Default", "Rule": rule(101.0) }), "Percentage").await;
    });
}

#[test]
fn a_retrieval_is_complete_at_once() {
    with_xray(async |xray| {
        xray.put(&lab()).await;
        let unknown = "1-69550009-000000000000000000000009";
        let start = window_with(json!({ "TraceIds": [NOT_FOUND_LIKE, unknown, SLOW_LIKE] }));
        let token = xray.ok("/StartTraceRetrieval", &start).await["RetrievalToken"].clone();
        let list = xray.ok("/ListRetrievedTraces", &json!({ "RetrievalToken": token })).await;
        assert_eq!((&list["RetrievalStatus"], &list["TraceFormat"]), (&json!("COMPLETE"), &json!("XRAY")));
        let ids: Vec<_> = list["Traces"].as_array().unwrap().iter().map(|trace| trace["Id"].clone()).collect();
        assert_eq!(ids, [NOT_FOUND_LIKE, SLOW_LIKE]);
        let document = list["Traces"][1]["Spans"][0]["Document"].as_str().unwrap();
        assert_eq!(serde_json::from_str::<Value>(document).unwrap()["trace_id"], SLOW_LIKE);
        let graph = xray.ok("/GetRetrievedTracesGraph", &json!({ "RetrievalToken": token })).await;
        let whole = xray.ok("/TraceGraph", &json!({ "TraceIds": [NOT_FOUND_LIKE, SLOW_LIKE] })).await;
        let services: Vec<_> = graph["Services"].as_array().unwrap().iter().map(|it| it["Service"].clone()).collect();
        assert_eq!(&services, whole["Services"].as_array().unwrap());

        let earlier = json!({ "TraceIds": [SLOW_LIKE], "StartTime": START - 100.0, "EndTime": START - 50.0 });
        let token_of_none = xray.ok("/StartTraceRetrieval", &earlier).await["RetrievalToken"].clone();
        let none = xray.ok("/ListRetrievedTraces", &json!({ "RetrievalToken": token_of_none })).await;
        assert_eq!(none["Traces"], json!([]), "the trace was not active then");

        assert_eq!(xray.ok("/CancelTraceRetrieval", &json!({ "RetrievalToken": token })).await, json!({}));
        let cancelled = xray.ok("/ListRetrievedTraces", &json!({ "RetrievalToken": token })).await;
        assert_eq!((&cancelled["RetrievalStatus"], &cancelled["Traces"]), (&json!("CANCELLED"), &json!([])));
        for path in ["/ListRetrievedTraces", "/GetRetrievedTracesGraph", "/CancelTraceRetrieval"] {
            let input = json!({ "RetrievalToken": "nothing" });
            refused(&xray, path, input, "ResourceNotFoundException", "RetrievalToken").await;
        }
        invalid(&xray, "/StartTraceRetrieval", window_with(json!({ "TraceIds": ["x"] })), "TraceIds: \"x\"").await;
        invalid(&xray, "/TraceGraph", json!({ "TraceIds": [SLOW_LIKE, "x"] }), "TraceIds: \"x\"").await;
        let many = window_with(json!({ "TraceIds": vec![SLOW_LIKE; 101] }));
        invalid(&xray, "/StartTraceRetrieval", many, "TraceIds: the number of ids: 101").await;
        let neither = json!({ "RetrievalToken": token, "TraceFormat": "ZIPKIN" });
        invalid(&xray, "/ListRetrievedTraces", neither, "TraceFormat: unknown variant").await;
    });
}

#[test]
fn a_retrieval_can_be_read_as_spans() {
    with_xray(async |xray| {
        xray.put(&lab()).await;
        let start = window_with(json!({ "TraceIds": [SLOW_LIKE] }));
        let token = xray.ok("/StartTraceRetrieval", &start).await["RetrievalToken"].clone();
        let input = json!({ "RetrievalToken": token, "TraceFormat": "OTEL" });
        let list = xray.ok("/ListRetrievedTraces", &input).await;
        assert_eq!((&list["TraceFormat"], &list["Traces"][0]["Id"]), (&json!("OTEL"), &json!(SLOW_LIKE)));
        let spans = list["Traces"][0]["Spans"].as_array().unwrap();
        let ids: Vec<_> = spans.iter().map(|span| span["Id"].as_str().unwrap()).collect();
        assert_eq!(ids, ["00000000000000a0", "00000000000000a1", "00000000000000b0", "00000000000000b1"]);
        let table: Value = serde_json::from_str(spans[3]["Document"].as_str().unwrap()).unwrap();
        assert_eq!(table["traceId"], "69550001000000000000000000000001");
        assert_eq!(table["attributes"]["aws.table_name"], "Mysfits");
    });
}

#[test]
fn links_lead_from_a_service_to_the_traces_before() {
    with_xray(async |xray| {
        xray.put(&lab()).await;
        let id = "1-69550003-000000000000000000000003";
        let link = json!({ "trace_id": SLOW_LIKE, "id": "00000000000000a0" });
        let worker = json!({ "trace_id": id, "id": "00000000000000d0", "name": "worker", "start_time": START + 30.0,
            "end_time": START + 31.0, "links": [link, link], "subsegments": [{ "id": "00000000000000d1", "name": "step",
            "start_time": START + 30.0, "end_time": START + 31.0, "links": [{ "trace_id": NOT_FOUND_LIKE }] }] });
        xray.put(&[worker]).await;
        let start = window_with(json!({ "TraceIds": [id, SLOW_LIKE] }));
        let token = xray.ok("/StartTraceRetrieval", &start).await["RetrievalToken"].clone();
        let graph = xray.ok("/GetRetrievedTracesGraph", &json!({ "RetrievalToken": token })).await;
        let services = graph["Services"].as_array().unwrap().iter();
        let linked: Vec<_> = services.filter(|service| service["Links"] != json!([])).collect();
        let [worker] = linked.as_slice() else { panic!("one service: {linked:?}") };
        assert_eq!((&worker["Service"]["Name"], &worker["Service"]["Root"]), (&json!("worker"), &json!(true)));
        let expected = json!([{ "ReferenceType": "parent", "SourceTraceId": id, "DestinationTraceIds": [SLOW_LIKE, NOT_FOUND_LIKE] }]);
        assert_eq!(worker["Links"], expected);
    });
}

#[test]
fn a_retrieval_comes_in_pages_of_five_traces_and_a_hundred_spans() {
    with_xray(async |xray| {
        let trace = |number: usize| format!("1-69550003-{number:024x}");
        let segment = |number: usize, id: usize| {
            json!({ "trace_id": trace(number), "id": format!("{id:016x}"), "name": "shop", "start_time": START + 1.0,
                "end_time": START + 2.0 })
        };
        let documents: Vec<_> = (0..7).map(|number| segment(number, 1)).collect();
        xray.put(&documents).await;
        let long: Vec<_> = (2..=250).map(|id| segment(1, id)).collect();
        xray.put(&long).await;

        let ids: Vec<_> = (0..7).map(trace).collect();
        let start = window_with(json!({ "TraceIds": ids }));
        let token = xray.ok("/StartTraceRetrieval", &start).await["RetrievalToken"].clone();
        let mut pages = Vec::new();
        let mut input = json!({ "RetrievalToken": token });
        loop {
            let page = xray.ok("/ListRetrievedTraces", &input).await;
            let parts = page["Traces"].as_array().unwrap().iter();
            pages.push(parts.map(|part| part["Spans"].as_array().unwrap().len()).collect::<Vec<_>>());
            let Some(next) = page.get("NextToken") else { break };
            input["NextToken"] = next.clone();
        }
        assert_eq!(pages, [vec![1, 100, 100, 50, 1], vec![1, 1, 1, 1]]);
        input["RetrievalToken"] = xray.ok("/StartTraceRetrieval", &start).await["RetrievalToken"].clone();
        invalid(&xray, "/ListRetrievedTraces", input, "NextToken does not belong").await;
    });
}

#[test]
fn there_are_no_insights() {
    with_xray(async |xray| {
        let all = window_with(json!({ "GroupName": "Default", "States": ["ACTIVE"], "MaxResults": 100 }));
        assert_eq!(xray.ok("/InsightSummaries", &all).await, json!({ "InsightSummaries": [] }));
        invalid(&xray, "/InsightSummaries", window_with(json!({})), "GroupName or GroupARN").await;
        invalid(&xray, "/InsightSummaries", window_with(json!({ "GroupName": "x" })), "no group x").await;
        let many = window_with(json!({ "GroupName": "Default", "MaxResults": 101 }));
        invalid(&xray, "/InsightSummaries", many, "MaxResults: 101").await;
        let id = json!({ "InsightId": "f81d4fae-7dec-41d0-a765-00a0c91e6bf6" });
        invalid(&xray, "/Insight", id.clone(), "there is no insight f81d4fae").await;
        invalid(&xray, "/InsightEvents", id.clone(), "there is no insight f81d4fae").await;
        invalid(&xray, "/InsightImpactGraph", window_with(id), "there is no insight f81d4fae").await;
        invalid(&xray, "/Insight", json!({ "InsightId": "x" }), "is not a UUID").await;
    });
}

#[test]
fn strict_limits_are_those_of_aws() {
    let config = Config { strict: true, ..Config::on_free_ports() };
    with_config(config, async |xray| {
        xray.ok("/Traces", &json!({ "TraceIds": vec![SLOW_LIKE; 5] })).await;
        for path in ["/Traces", "/TraceGraph"] {
            invalid(&xray, path, json!({ "TraceIds": vec![SLOW_LIKE; 6] }), "Exceeding maximum query size: 5").await;
        }
        let rules = xray.ok("/GetSamplingRules", &json!({})).await;
        let default = &rules["SamplingRuleRecords"][0]["SamplingRule"];
        assert_eq!((&default["FixedRate"], &default["ReservoirSize"]), (&json!(0.05), &json!(1)));
        let day = json!({ "StartTime": START, "EndTime": START + 86_400.0 });
        let longer = json!({ "StartTime": START, "EndTime": START + 86_401.0 });
        for path in ["/ServiceGraph", "/TraceSummaries", "/TimeSeriesServiceStatistics"] {
            xray.ok(path, &day).await;
            invalid(&xray, path, longer.clone(), "more than 24 hours").await;
        }
        let documents = json!({ "TraceSegmentDocuments": vec!["{}"; 51] });
        invalid(&xray, "/TraceSegments", documents, "51 is not between 0 and 50").await;
        let report = json!({ "RuleName": "Default", "ClientID": "0".repeat(24), "Timestamp": 1, "RequestCount": 1,
            "SampledCount": 1 });
        let reports = json!({ "SamplingStatisticsDocuments": vec![report; 26] });
        invalid(&xray, "/SamplingTargets", reports, "26 is not between 0 and 25").await;
        for number in 0..25 {
            xray.ok("/CreateGroup", &json!({ "GroupName": format!("g{number}") })).await;
        }
        invalid(&xray, "/CreateGroup", json!({ "GroupName": "g25" }), "25 groups").await;
    });
}

#[test]
fn an_answer_that_aws_would_refuse_says_so() {
    with_xray(async |xray| {
        let beyond = async |path: &str, input: Value| {
            let answer = xray.client.post(xray.url(path)).json(&input).send().await.unwrap();
            assert_eq!(answer.status().as_u16(), 200, "{path}");
            answer.headers().get("x-local-xray-beyond-aws").map(|words| words.to_str().unwrap().to_owned())
        };
        let report = json!({ "RuleName": "Default", "ClientID": "0".repeat(24), "Timestamp": 1, "RequestCount": 1,
            "SampledCount": 1 });
        let cases = [
            ("/Traces", json!({ "TraceIds": vec![SLOW_LIKE; 6] }), "maximum query size: 5"),
            ("/TraceGraph", json!({ "TraceIds": vec![SLOW_LIKE; 500] }), "maximum query size: 5"),
            ("/ServiceGraph", json!({ "StartTime": 0, "EndTime": 4_000_000_000_u32 }), "more than 24 hours"),
            ("/TraceSummaries", json!({ "StartTime": 0, "EndTime": 4_000_000_000_u32 }), "more than 24 hours"),
            ("/TraceSegments", json!({ "TraceSegmentDocuments": vec!["{}"; 51] }), "51 is not between 0 and 50"),
            (
                "/SamplingTargets",
                json!({ "SamplingStatisticsDocuments": vec![report; 26] }),
                "26 is not between 0 and 25",
            ),
        ];
        for (path, input, expected) in cases {
            let words = beyond(path, input).await.unwrap_or_default();
            assert!(words.contains(expected), "{path}: {words}");
        }
        assert_eq!(beyond("/Traces", json!({ "TraceIds": vec![SLOW_LIKE; 5] })).await, None);
        assert_eq!(beyond("/ServiceGraph", json!({ "StartTime": START, "EndTime": START + 86_400.0 })).await, None);
    });
}
