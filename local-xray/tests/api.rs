//! The X-Ray API over real sockets, as its clients call it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail where it stands")]

mod support;

use std::collections::HashSet;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use local_xray::Config;
use local_xray::config::Token;
use serde_json::{Value, json};

use support::{NOT_FOUND_LIKE, SLOW_LIKE, Xray, lab, send, with_config, with_xray};

/// Covers `testdata/lab.json`.
const START: f64 = 1_767_225_600.0;
const END: f64 = 1_767_225_700.0;

fn window() -> Value {
    json!({ "StartTime": START, "EndTime": END })
}

/// The window with further members.
fn window_with(members: &[(&str, Value)]) -> Value {
    let mut input = window();
    for (key, value) in members {
        input[*key] = value.clone();
    }
    input
}

fn statistics(ok: u64, error: u64, seconds: f64) -> Value {
    json!({
        "OkCount": ok,
        "ErrorStatistics": { "ThrottleCount": 0, "OtherCount": error, "TotalCount": error },
        "FaultStatistics": { "OtherCount": 0, "TotalCount": 0 },
        "TotalCount": ok + error,
        "TotalResponseTime": seconds,
    })
}

fn node<'a>(services: &'a Value, name: &str, service_type: &Value) -> &'a Value {
    let services = services.as_array().unwrap();
    let found = services.iter().find(|service| service["Name"] == name && &service["Type"] == service_type);
    found.unwrap_or_else(|| panic!("no node {name} ({service_type}) in {services:#?}"))
}

#[test]
fn the_map_of_the_lab() {
    with_xray(async |xray| {
        xray.put(&lab()).await;
        let graph = xray.ok("/ServiceGraph", &window()).await;
        assert_eq!((&graph["StartTime"], &graph["EndTime"]), (&json!(START), &json!(END)));
        assert_eq!(graph["ContainsOldGroupVersions"], false);
        let services = &graph["Services"];
        assert_eq!(services.as_array().unwrap().len(), 4);

        let client = node(services, "like service", &json!("client"));
        let like = node(services, "like service", &Value::Null);
        let monolith = node(services, "monolith", &Value::Null);
        let table = node(services, "Mysfits", &json!("AWS::DynamoDB::Table"));

        assert_eq!((&client["State"], &client["SummaryStatistics"]), (&json!("unknown"), &Value::Null));
        assert_eq!(client["Edges"][0]["ReferenceId"], like["ReferenceId"]);
        assert_eq!(client["Edges"][0]["SummaryStatistics"], statistics(1, 1, 3.501));

        assert_eq!((&like["State"], &like["Root"]), (&json!("active"), &json!(true)));
        assert_eq!(like["SummaryStatistics"], statistics(1, 1, 3.501));
        assert_eq!(
            like["ResponseTimeHistogram"],
            json!([{ "Value": 0.001, "Count": 1 }, { "Value": 3.5, "Count": 1 }])
        );
        assert_eq!(like["Edges"][0]["ReferenceId"], monolith["ReferenceId"]);
        assert_eq!(like["Edges"][0]["SummaryStatistics"], statistics(1, 0, 1.0), "the caller's view");
        assert_eq!(like["Edges"][0]["Aliases"], json!([]));

        assert_eq!(monolith["SummaryStatistics"], statistics(1, 0, 0.9), "its own view");
        assert_eq!(monolith["Root"], Value::Null);
        assert_eq!(monolith["Edges"][0]["ReferenceId"], table["ReferenceId"]);
        assert_eq!((&table["State"], &table["Edges"]), (&json!("unknown"), &json!([])));
        assert_eq!(table["SummaryStatistics"], statistics(1, 0, 0.02));
    });
}

#[test]
fn a_window_without_work_has_no_map() {
    with_xray(async |xray| {
        xray.put(&lab()).await;
        let later = json!({ "StartTime": END, "EndTime": END + 60.0 });
        assert_eq!(xray.ok("/ServiceGraph", &later).await["Services"], json!([]));
    });
}

#[test]
fn the_graph_of_one_trace_holds_that_trace_alone() {
    with_xray(async |xray| {
        xray.put(&lab()).await;
        let unknown = "1-69550009-000000000000000000000009";
        let graph = xray.ok("/TraceGraph", &json!({ "TraceIds": [NOT_FOUND_LIKE, NOT_FOUND_LIKE, unknown] })).await;
        let services = &graph["Services"];
        assert_eq!(services.as_array().unwrap().len(), 2);
        assert_eq!(node(services, "like service", &Value::Null)["SummaryStatistics"], statistics(0, 1, 0.001));
    });
}

#[test]
fn a_trace_comes_back_merged_with_what_is_inferred() {
    with_xray(async |xray| {
        xray.put(&lab()).await;
        let answer = xray.ok("/Traces", &json!({ "TraceIds": [SLOW_LIKE, "1-nonsense"] })).await;
        assert_eq!(answer["UnprocessedTraceIds"], json!(["1-nonsense"]));
        assert_eq!(answer["Traces"][0]["Duration"], 3.5);
        assert_eq!(answer["Traces"][0]["LimitExceeded"], false);

        let documents = xray.documents(SLOW_LIKE).await;
        let [like, monolith, inferred] = documents.as_slice() else { panic!("three segments: {documents:#?}") };
        assert_eq!(like, &lab()[0], "nothing is lost and nothing made up");
        assert_eq!(monolith["subsegments"][0]["aws"]["retries"], 0, "unknown members of aws stay");
        assert_eq!(inferred["name"], "dynamodb");
        assert_eq!(inferred["origin"], "AWS::DynamoDB::Table");
        assert_eq!((&inferred["inferred"], &inferred["parent_id"]), (&json!(true), &json!("00000000000000b1")));
    });
}

#[test]
fn a_refused_document_is_listed_with_code_and_path() {
    with_xray(async |xray| {
        let mut nested = lab()[0].clone();
        nested["subsegments"][0]["name"] = "what?".into();
        let documents = [nested.to_string(), lab()[3].to_string(), "[]".to_owned(), "{".to_owned()];
        let answer = xray.ok("/TraceSegments", &json!({ "TraceSegmentDocuments": documents })).await;
        let refused = answer["UnprocessedTraceSegments"].as_array().unwrap();
        let codes: Vec<_> = refused.iter().map(|it| (it["Id"].as_str(), it["ErrorCode"].as_str().unwrap())).collect();
        assert_eq!(codes, [(Some("00000000000000a0"), "InvalidName"), (None, "MissingId"), (None, "InvalidSegment")]);
        let message = refused[0]["Message"].as_str().unwrap();
        assert!(message.contains("$.subsegments[0].name") && message.contains("what?"), "{message}");
        assert!(xray.documents(SLOW_LIKE).await.is_empty(), "nothing of a refused document is stored");
        assert_eq!(xray.documents(NOT_FOUND_LIKE).await.len(), 1, "its neighbours are");
    });
}

#[test]
fn a_summary_says_how_the_trace_went() {
    with_xray(async |xray| {
        xray.put(&lab()).await;
        let answer = xray.ok("/TraceSummaries", &window()).await;
        assert_eq!(answer["TracesProcessedCount"], 2);
        assert_eq!(answer.get("NextToken"), None);
        let [not_found, slow] = answer["TraceSummaries"].as_array().unwrap().as_slice() else { panic!("{answer:#}") };
        assert_eq!((&not_found["Id"], &not_found["HasError"]), (&json!(NOT_FOUND_LIKE), &json!(true)), "newest first");
        assert_eq!(slow["ResponseTime"], 3.5);
        assert_eq!((&slow["HasError"], &slow["IsPartial"]), (&json!(false), &json!(false)));
        assert_eq!(slow["Http"]["HttpURL"], "http://like.local/mysfits/4e53920c/like");
        assert_eq!(slow["Http"]["HttpStatus"], 200);
        let slow_by_chaos = &slow["Annotations"]["chaos_fault"][0];
        assert_eq!(slow_by_chaos["AnnotationValue"], json!({ "StringValue": "slow" }));
        assert_eq!(slow_by_chaos["ServiceIds"][0]["Name"], "like service");
        assert_eq!(slow["EntryPoint"]["Name"], "like service");
        assert_eq!(slow["ServiceIds"].as_array().unwrap().len(), 4);
    });
}

/// Collects every page, newest first.
async fn all_pages(xray: &Xray, between_pages: impl AsyncFn(usize)) -> (Vec<String>, usize) {
    let (mut ids, mut tokens, mut input) = (Vec::new(), HashSet::new(), window());
    loop {
        let page = xray.ok("/TraceSummaries", &input).await;
        let page_ids = page["TraceSummaries"].as_array().unwrap().iter();
        ids.extend(page_ids.map(|summary| summary["Id"].as_str().unwrap().to_owned()));
        let Some(token) = page["NextToken"].as_str() else { return (ids, tokens.len() + 1) };
        assert!(tokens.insert(token.to_owned()), "tokens differ from page to page");
        input = window_with(&[("NextToken", token.into())]);
        between_pages(tokens.len()).await;
    }
}

fn numbered(n: u32) -> Value {
    let start = START + f64::from(n / 10);
    let id = format!("1-69550001-{n:024x}");
    json!({ "trace_id": id, "id": "00000000000000a0", "name": "shop", "start_time": start, "end_time": start + 0.1 })
}

#[test]
fn pages_show_every_trace_once_while_others_arrive() {
    with_xray(async |xray| {
        let documents: Vec<Value> = (0..250).map(numbered).collect();
        xray.put(&documents).await;
        let late = async |page: usize| xray.put(&[numbered(990 + u32::try_from(page).unwrap())]).await;
        let (ids, pages) = all_pages(&xray, late).await;
        let expected: Vec<String> = (0..250).rev().map(|n| format!("1-69550001-{n:024x}")).collect();
        assert_eq!((ids, pages), (expected, 3));
    });
}

#[test]
fn a_page_token_belongs_to_its_query() {
    with_xray(async |xray| {
        let documents: Vec<Value> = (0..101).map(numbered).collect();
        xray.put(&documents).await;
        let token = xray.ok("/TraceSummaries", &window()).await["NextToken"].clone();
        assert!(token.is_string());
        for (path, input) in [
            ("/TraceSummaries", window_with(&[("NextToken", token.clone()), ("EndTime", json!(END + 1.0))])),
            ("/TraceSummaries", window_with(&[("NextToken", token.clone()), ("TimeRangeType", json!("Event"))])),
            ("/TraceSummaries", window_with(&[("NextToken", json!("1"))])),
            ("/ServiceGraph", window_with(&[("NextToken", token)])),
        ] {
            let answer = xray.call(path, &input).await;
            assert_eq!(
                (answer.status, answer.error_type.as_deref()),
                (400, Some("InvalidRequestException")),
                "{input}"
            );
        }
    });
}

#[test]
fn a_window_goes_by_start_by_activity_or_by_end() {
    with_xray(async |xray| {
        xray.put(&lab()).await;
        let count = async |range: &str, start: f64, end: f64| {
            let input = json!({ "TimeRangeType": range, "StartTime": start, "EndTime": end });
            xray.ok("/TraceSummaries", &input).await["TraceSummaries"].as_array().unwrap().len()
        };
        // The slow like lasts from 10 to 13.5 seconds after START, its callee until 12.95.
        for (range, from, to, expected) in [
            ("TraceId", 10.0, 11.0, 1),
            ("TraceId", 11.0, 12.0, 0),
            ("TraceId", 9.0, 10.0, 0),
            ("Event", 11.0, 12.0, 1),
            ("Event", 14.0, 15.0, 0),
            ("Service", 11.0, 12.0, 0),
            ("Service", 12.9, 13.0, 1),
            ("Service", 13.0, 14.0, 1),
        ] {
            assert_eq!(count(range, START + from, START + to).await, expected, "{range} {from} {to}");
        }
    });
}

#[test]
fn requests_that_cannot_be_answered_say_why() {
    with_xray(async |xray| {
        let check = async |path: &str, input: Value, expected: &str| {
            let answer = xray.call(path, &input).await;
            let message = answer.body["message"].as_str().unwrap_or_default();
            assert_eq!(
                (answer.status, answer.error_type.as_deref()),
                (400, Some("InvalidRequestException")),
                "{path} {input}"
            );
            assert!(message.contains(expected), "{path} {input}: {message}");
            assert!(answer.request_id.is_some());
        };
        check("/TraceSummaries", json!({}), "StartTime").await;
        check("/TraceSummaries", json!({ "StartTime": END, "EndTime": START }), "StartTime is after EndTime").await;
        check("/TraceSummaries", window_with(&[("FilterExpression", json!("falt"))]), "unknown keyword `falt`").await;
        check("/TraceSummaries", window_with(&[("TimeRangeType", json!("Never"))]), "Never").await;
        check(
            "/TraceSummaries",
            window_with(&[("Sampling", json!(true)), ("SamplingStrategy", json!({ "Name": "FixedRate", "Value": 2 }))]),
            "between 0 and 1",
        )
        .await;
        check("/ServiceGraph", window_with(&[("GroupName", json!("slow"))]), "no group slow").await;
        check("/Traces", json!({ "TraceIds": vec![SLOW_LIKE; 101] }), "Exceeding maximum query size").await;
        check("/Traces", json!({ "TraceIds": [], "NextToken": "1" }), "NextToken").await;
        check("/TraceSegments", json!({}), "TraceSegmentDocuments").await;
        check("/TelemetryRecords", json!({}), "TelemetryRecords").await;
        check(
            "/TelemetryRecords",
            json!({ "TelemetryRecords": [{}] }),
            "TelemetryRecords[0]: missing field `Timestamp`",
        )
        .await;
    });
}

#[test]
fn an_unknown_operation_is_a_json_404() {
    with_xray(async |xray| {
        let answer = xray.call("/NoSuchOperation", &json!({})).await;
        assert_eq!((answer.status, answer.error_type.as_deref()), (404, Some("UnknownOperationException")));
        assert!(answer.body["message"].as_str().unwrap().contains("/NoSuchOperation"));
        let by_name = xray.call("/GetServiceGraph", &json!({})).await;
        assert!(by_name.body["message"].as_str().unwrap().ends_with("GetServiceGraph is POST /ServiceGraph"));
    });
}

#[test]
fn bodies_may_be_empty_or_packed_whatever_the_headers_say() {
    with_xray(async |xray| {
        let no_body = send(xray.client.post(xray.url("/GetSamplingRules"))).await;
        assert_eq!(no_body.body["SamplingRuleRecords"][0]["SamplingRule"]["RuleName"], "Default");

        let body = json!({ "TraceSegmentDocuments": [lab()[3].to_string()] }).to_string();
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(body.as_bytes()).unwrap();
        let packed = encoder.finish().unwrap();
        for body in [packed, body.into_bytes()] {
            let request = xray.client.post(xray.url("/TraceSegments")).header("content-encoding", "gzip");
            let request = request.header("content-type", "application/x-amz-json-1.1");
            let answer = send(request.body(body)).await;
            assert_eq!((answer.status, answer.body), (200, json!({ "UnprocessedTraceSegments": [] })));
        }
    });
}

#[test]
fn every_request_is_kept_by_the_only_sampling_rule() {
    with_xray(async |xray| {
        let rules = xray.ok("/GetSamplingRules", &json!({})).await;
        let rule = &rules["SamplingRuleRecords"][0]["SamplingRule"];
        assert_eq!((&rule["FixedRate"], &rule["Attributes"]), (&json!(1.0), &json!({})));
        let document = |rule: &str| json!({ "RuleName": rule, "ClientID": "0".repeat(24), "Timestamp": 1, "RequestCount": 1, "SampledCount": 1 });
        let input = json!({ "SamplingStatisticsDocuments": [document("Default"), document("gone")] });
        let targets = xray.ok("/SamplingTargets", &input).await;
        assert_eq!(targets["SamplingTargetDocuments"][0]["FixedRate"], 1.0);
        assert!(targets["LastRuleModification"].is_number());
        assert_eq!(targets["UnprocessedStatistics"][0]["RuleName"], "gone");
    });
}

#[test]
fn pages_on_other_sites_can_read_nothing() {
    with_xray(async |xray| {
        let foreign = |path: &str| xray.client.post(xray.url(path)).header("origin", "http://evil.example");
        assert_eq!(send(foreign("/TraceSummaries").json(&window())).await.status, 403);
        let rebound = xray.client.get(xray.url("/map")).header("host", "evil.example:2000");
        assert_eq!(send(rebound).await.status, 403);
        let own = xray.client.post(xray.url("/TraceSummaries")).header("origin", format!("http://{}", xray.addr));
        assert_eq!(send(own.json(&window())).await.status, 200);
        let ingest = xray.client.post(xray.url("/TraceSegments")).header("host", "xray:2000");
        assert_eq!(send(ingest.json(&json!({ "TraceSegmentDocuments": [] }))).await.status, 200);
    });
}

#[test]
fn with_a_token_set_reading_needs_it_and_ingest_does_not() {
    let config = Config { token: Token::new("secret"), ..Config::on_free_ports() };
    with_config(config, async |xray| {
        xray.put(&lab()).await;
        let read = || xray.client.post(xray.url("/TraceSummaries")).json(&window());
        let signed =
            "AWS4-HMAC-SHA256 Credential=secret/20260101/us-east-1/xray/aws4_request, SignedHeaders=host, Signature=0";
        assert_eq!(send(read()).await.status, 401);
        assert_eq!(send(read().bearer_auth("wrong")).await.status, 401);
        assert_eq!(send(read().bearer_auth("secret")).await.status, 200);
        assert_eq!(send(read().header("authorization", signed)).await.status, 200);
        assert_eq!(send(read().header("cookie", "local_xray_token=secret")).await.status, 200);

        let no_redirects = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let first_visit = no_redirects.get(xray.url("/map?token=secret")).send().await.unwrap();
        assert_eq!((first_visit.status().as_u16(), first_visit.headers()["location"].to_str().unwrap()), (303, "/map"));
        assert!(first_visit.headers()["set-cookie"].to_str().unwrap().contains("HttpOnly"));
    });
}
