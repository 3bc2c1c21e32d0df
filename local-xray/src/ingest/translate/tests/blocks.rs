//! The blocks of a document.

use super::*;

#[test]
fn http_is_read_from_both_generations_of_names() {
    let check = |kind, attributes: Value, expected: Value, metadata: Value| {
        let document = document_of(span(kind, attributes.clone()));
        assert_eq!(document["http"], expected, "{attributes}");
        assert_eq!(Value::Object(default_metadata(&document)), metadata, "{attributes}");
    };
    check(
        SERVER,
        json!({ "http.method": "GET", "http.url": "http://shop/a?b=c", "http.target": "/a?b=c", "http.scheme": "http",
            "http.user_agent": "curl", "http.client_ip": "1.2.3.4", "http.status_code": 200, "http.route": "/a" }),
        json!({ "request": { "method": "GET", "url": "http://shop/a?b=c", "user_agent": "curl", "client_ip": "1.2.3.4",
            "x_forwarded_for": true }, "response": { "status": 200 } }),
        json!({ "http.route": "/a" }),
    );
    check(
        SERVER,
        json!({ "http.request.method": "GET", "url.scheme": "https", "server.address": "shop", "server.port": 8443,
            "url.path": "/a", "url.query": "b=c", "user_agent.original": "curl", "network.peer.address": "1.2.3.4",
            "http.response.status_code": 200, "http.response.body.size": 12 }),
        json!({ "request": { "method": "GET", "url": "https://shop:8443/a?b=c", "user_agent": "curl", "client_ip": "1.2.3.4" },
            "response": { "status": 200, "content_length": 12 } }),
        json!({}),
    );
    check(
        SERVER,
        json!({ "http.method": "GET", "client.address": "1.2.3.4", "network.peer.address": "10.0.0.1" }),
        json!({ "request": { "method": "GET", "client_ip": "1.2.3.4", "x_forwarded_for": true } }),
        json!({ "network.peer.address": "10.0.0.1" }),
    );
    check(
        SERVER,
        json!({ "http.method": "GET", "client.address": "1.2.3.4", "network.peer.address": "1.2.3.4" }),
        json!({ "request": { "method": "GET", "client_ip": "1.2.3.4" } }),
        json!({}),
    );
    check(
        CLIENT,
        json!({ "http.method": "GET", "net.peer.name": "like", "net.peer.port": 80, "net.peer.ip": "10.0.0.1" }),
        json!({ "request": { "method": "GET", "url": "http://like/" } }),
        json!({ "net.peer.ip": "10.0.0.1" }),
    );
    check(
        CLIENT,
        json!({ "http.method": "GET", "http.host": "like:8081", "net.peer.port": 8081, "http.target": "/a" }),
        json!({ "request": { "method": "GET", "url": "http://like:8081/a" } }),
        json!({}),
    );
    check(
        SERVER,
        json!({ "http.request.method": "GET", "url.path": "/a" }),
        json!({ "request": { "method": "GET", "url": "/a" } }),
        json!({}),
    );
    check(CLIENT, json!({ "server.address": "db", "server.port": 5432 }), Value::Null, json!({ "server.port": 5432 }));
    check(SERVER, json!({ "http.method": ["GET"] }), Value::Null, json!({ "http.method": ["GET"] }));
}

#[test]
fn the_size_of_an_answer_may_stand_in_an_event() {
    let event = json!({ "name": "message", "attributes": otlp_attributes(json!({
        "message.type": "RECEIVED", "messaging.message_payload_size_bytes": 7 })) });
    let document = document_of(span_with(CLIENT, json!({ "http.status_code": 200 }), json!({ "events": [event] })));
    assert_eq!(document["http"]["response"], json!({ "status": 200, "content_length": 7 }));
}

#[test]
fn sql_is_read_from_both_generations_and_never_holds_a_password() {
    let check = |kind, attributes: Value, expected: Value, metadata: Value| {
        let document = document_of(span(kind, attributes.clone()));
        assert_eq!(document["sql"], expected, "{attributes}");
        assert_eq!(Value::Object(default_metadata(&document)), metadata, "{attributes}");
        assert!(!document.to_string().contains("secret"), "{document}");
    };
    check(
        CLIENT,
        json!({ "db.system": "postgresql", "db.name": "mysfits", "db.statement": "SELECT 1", "db.user": "app",
            "db.connection_string": "postgresql://app:secret@db:5432/mysfits?password=secret&sslmode=require",
            "net.peer.name": "db", "net.peer.port": 5432 }),
        json!({ "connection_string": "postgresql://app@db:5432/mysfits?sslmode=require", "database_type": "postgresql",
            "sanitized_query": "SELECT 1", "url": "postgresql://db:5432/mysfits", "user": "app" }),
        json!({}),
    );
    check(
        CLIENT,
        json!({ "db.system.name": "mysql", "db.system": "mysql", "db.namespace": "mysfits", "db.query.text": "SELECT 1",
            "db.statement": "SELECT 1", "server.address": "db", "peer.service": "mysfits@db", "db.operation.name": "SELECT" }),
        json!({ "database_type": "mysql", "sanitized_query": "SELECT 1", "url": "mysql://db/mysfits" }),
        json!({ "db.operation.name": "SELECT" }),
    );
    check(
        CLIENT,
        json!({ "db.system": "mssql", "db.connection_string": "Server=db;User Id=app;Password=secret;Timeout=3" }),
        json!({ "connection_string": "Server=db;User Id=app;Timeout=3", "database_type": "mssql", "url": "mssql:" }),
        json!({}),
    );
    check(
        CLIENT,
        json!({ "db.system": "redis", "db.statement": "GET a" }),
        Value::Null,
        json!({ "db.system": "redis", "db.statement": "GET a" }),
    );
    check(CLIENT, json!({ "http.method": "GET", "server.address": "a" }), Value::Null, json!({}));
    check(SERVER, json!({ "db.system": "mysql" }), Value::Null, json!({ "db.system": "mysql" }));
}

#[test]
fn aws_calls_name_operation_and_resource() {
    let check = |attributes: Value, expected: Value| {
        assert_eq!(document_of(span(CLIENT, attributes.clone()))["aws"], expected, "{attributes}");
    };
    let dynamodb = json!({ "rpc.system": "aws-api", "rpc.service": "DynamoDB", "rpc.method": "GetItem",
        "aws.dynamodb.table_names": ["Mysfits"], "aws.region": "eu-west-1", "aws.requestId": "r1" });
    check(
        dynamodb,
        json!({ "operation": "GetItem", "table_name": "Mysfits", "region": "eu-west-1", "request_id": "r1" }),
    );
    check(json!({ "aws.dynamodb.table_names": ["A", "B"] }), json!({ "table_names": ["A", "B"] }));
    check(
        json!({ "aws.operation": "SendMessage", "aws.queue.url": "https://sqs/q", "aws.account_id": "123" }),
        json!({ "operation": "SendMessage", "queue_url": "https://sqs/q", "account_id": "123" }),
    );
    check(
        json!({ "rpc.system.name": "aws-api", "rpc.method": "S3/PutObject", "aws.s3.bucket": "b", "cloud.region": "eu-west-1" }),
        json!({ "operation": "PutObject", "bucket_name": "b", "region": "eu-west-1" }),
    );
    check(json!({ "rpc.system": "grpc", "rpc.method": "Hello" }), Value::Null);
}

#[test]
fn the_resource_says_where_a_segment_ran() {
    let check = |resource: Value, members: &[(&str, Value)]| {
        let document = documents_from(resource.clone(), span(SERVER, json!({}))).remove(0);
        for (member, expected) in members {
            assert_eq!(&document[*member], expected, "{member} of {resource}");
        }
    };
    check(
        json!({ "cloud.provider": "aws", "cloud.platform": "aws_ecs", "aws.ecs.launchtype": "fargate", "service.version": "7",
            "aws.ecs.cluster.arn": "arn:c", "aws.ecs.task.arn": "arn:t", "container.name": "like", "cloud.account.id": "123",
            "aws.log.group.arns": "arn:aws:logs:eu-west-1:123:log-group:like:*&arn:aws:logs:eu-west-1:123:log-group:b",
            "telemetry.sdk.name": "opentelemetry", "telemetry.sdk.language": "rust", "telemetry.sdk.version": "0.33.1" }),
        &[
            ("origin", json!("AWS::ECS::Fargate")),
            ("service", json!({ "version": "7" })),
            (
                "aws",
                json!({
                    "account_id": "123",
                    "ecs": { "cluster_arn": "arn:c", "task_arn": "arn:t", "container": "like", "launch_type": "fargate" },
                    "cloudwatch_logs": [{ "arn": "arn:aws:logs:eu-west-1:123:log-group:like:*", "log_group": "like" },
                        { "arn": "arn:aws:logs:eu-west-1:123:log-group:b", "log_group": "b" }],
                    "xray": { "sdk": "opentelemetry for rust", "sdk_version": "0.33.1", "auto_instrumentation": false },
                }),
            ),
        ],
    );
    let origin = |resource: Value, expected: Value| check(resource, &[("origin", expected)]);
    origin(json!({ "cloud.platform": "aws_ec2" }), json!("AWS::EC2::Instance"));
    origin(json!({ "cloud.platform": "aws_ecs", "aws.ecs.launchtype": "EC2" }), json!("AWS::ECS::EC2"));
    origin(json!({ "cloud.platform": "aws_ecs" }), json!("AWS::ECS::Container"));
    origin(json!({ "cloud.platform": "aws_eks" }), json!("AWS::EKS::Container"));
    origin(json!({ "cloud.platform": "aws_app_runner" }), json!("AWS::AppRunner::Service"));
    origin(json!({ "cloud.platform": "aws_elastic_beanstalk" }), json!("AWS::ElasticBeanstalk::Environment"));
    origin(json!({ "cloud.platform": "gcp_compute_engine" }), Value::Null);
    check(
        json!({ "cloud.provider": "azure", "cloud.platform": "aws_ec2", "host.id": "i-1" }),
        &[("origin", Value::Null), ("aws", Value::Null), ("service", Value::Null)],
    );
}

#[test]
fn the_http_status_decides_the_flags_before_the_span_status() {
    let check = |status: Option<i64>, code: i32, expected: [bool; 3]| {
        let attributes = status.map_or(json!({}), |status| json!({ "http.response.status_code": status }));
        let document = document_of(span_with(SERVER, attributes, json!({ "status": { "code": code } })));
        let flags = ["error", "throttle", "fault"].map(|flag| document[flag] == true);
        assert_eq!(flags, expected, "{status:?} {code}");
    };
    check(None, 0, [false, false, false]);
    check(None, 1, [false, false, false]);
    check(None, 2, [false, false, true]);
    check(Some(200), 2, [false, false, true]);
    check(Some(404), 0, [true, false, false]);
    check(Some(404), 2, [true, false, false]);
    check(Some(429), 0, [true, true, false]);
    check(Some(500), 0, [false, false, true]);
    check(Some(599), 1, [false, false, true]);
    check(Some(600), 0, [false, false, false]);
}

#[test]
fn exceptions_become_the_cause() {
    let event = json!({ "name": "exception", "timeUnixNano": "1767225600000000001", "attributes": otlp_attributes(json!({
        "exception.type": "Refused", "exception.message": "no", "exception.stacktrace": "Refused: no\n    at like (like.js:3:7)",
        "exception.escaped": "true" })) });
    let failed = |message: &str| json!({ "events": [event], "status": { "code": 2, "message": message } });
    let document = document_of(span_with(CLIENT, json!({}), failed("Refused: no")));
    let exception = &document["cause"]["exceptions"][0];
    assert_eq!(exception["id"].as_str().unwrap().len(), 16);
    assert_eq!(
        (&exception["type"], &exception["message"], &exception["remote"]),
        (&json!("Refused"), &json!("no"), &json!(true))
    );
    assert_eq!(exception["stack"], json!([{ "path": "like.js", "line": 3, "label": "like" }]));
    let rest = json!({ "otel.events": [{ "name": "exception", "time_unix_nano": "1767225600000000001",
        "attributes": { "exception.escaped": "true" } }] });
    assert_eq!(Value::Object(default_metadata(&document)), rest);
}

#[test]
fn a_failed_span_without_exceptions_gives_its_status_message() {
    let check = |code: i32, cause: Value, metadata: Value| {
        let document =
            document_of(span_with(SERVER, json!({}), json!({ "status": { "code": code, "message": "no" } })));
        assert_eq!(document["cause"]["exceptions"][0]["message"], cause);
        assert_eq!(Value::Object(default_metadata(&document)), metadata);
    };
    check(2, json!("no"), json!({}));
    check(0, Value::Null, json!({ "otel.status.message": "no" }));
    check(1, Value::Null, json!({ "otel.status.message": "no", "otel.status.code": "OK" }));
}

#[test]
fn annotations_are_what_the_sender_names() {
    let check = |attributes: Value, annotations: Value, metadata: Value| {
        let document = document_of(span(SERVER, attributes.clone()));
        assert_eq!(
            (&document["annotations"], Value::Object(default_metadata(&document))),
            (&annotations, metadata),
            "{attributes}"
        );
    };
    check(
        json!({ "mysfit_id": "7", "n": 1, "x": 0.5, "ok": true, "other": "o",
            "aws.xray.annotations": ["mysfit_id", "n", "x", "ok", "absent", "otel.resource.service.name"] }),
        json!({ "mysfit_id": "7", "n": 1, "x": 0.5, "ok": true, "otel.resource.service.name": "shop" }),
        json!({ "other": "o" }),
    );
    check(json!({ "a-b c": "v", "aws.xray.annotations": ["a-b c"] }), json!({ "a_b_c": "v" }), json!({}));
    check(json!({ "annotation.tenant": "blue" }), json!({ "tenant": "blue" }), json!({}));
    check(json!({ "list": [1], "aws.xray.annotations": ["list"] }), Value::Null, json!({ "list": [1] }));
    check(json!({ "aws.xray.annotations": [1] }), Value::Null, json!({ "aws.xray.annotations": [1] }));
    check(
        json!({ "enduser.id": "ada", "aws.xray.annotations": "enduser.id" }),
        json!({ "enduser.id": "ada" }),
        json!({}),
    );
}

#[test]
fn metadata_namespaces_come_from_json_texts() {
    let document = document_of(span(
        SERVER,
        json!({ "aws.xray.metadata.shop": "{\"basket\": [1]}", "aws.xray.metadata.bad": "[1]" }),
    ));
    assert_eq!(document["metadata"]["shop"], json!({ "basket": [1] }));
    assert_eq!(default_metadata(&document)["aws.xray.metadata.bad"], "[1]");
}

#[test]
fn links_keep_their_attributes_and_broken_ones_their_words() {
    let links = json!([
        { "traceId": TRACE, "spanId": SPAN, "traceState": "a=b", "attributes": otlp_attributes(json!({ "age": 3 })) },
        { "traceId": "00".repeat(16), "spanId": SPAN, "attributes": otlp_attributes(json!({ "age": 4 })) },
    ]);
    let document = document_of(span_with(CONSUMER, json!({}), json!({ "links": links })));
    let x_ray_id = "1-4efaaf4d-1e8720b39541901950019ee5";
    assert_eq!(
        document["links"],
        json!([{ "trace_id": x_ray_id, "id": SPAN, "attributes": { "age": 3, "otel.trace_state": "a=b" } }])
    );
    assert_eq!(default_metadata(&document)["otel.links"][0]["attributes"], json!({ "age": 4 }));
}

#[test]
fn resource_attributes_stand_on_segments_and_on_calls_from_elsewhere() {
    let check = |span: Value, expected: bool| {
        let document = document_of(span.clone());
        assert_eq!(document["metadata"]["default"].get("otel.resource.service.name").is_some(), expected, "{span}");
    };
    check(span(SERVER, json!({ "a": 1 })), true);
    check(span(INTERNAL, json!({ "a": 1 })), false);
    check(span_with(INTERNAL, json!({ "a": 1 }), json!({ "flags": 0x300 })), true);
}

#[test]
fn a_segment_names_the_rule_that_sampled_it() {
    const RULE: &str = "aws.xray.sampling_rule";
    let check = |span: Value, expected: &[Option<&str>]| {
        let documents = documents_of(span);
        let named = |document: &Value| {
            assert_eq!(document["metadata"]["default"].get(RULE), None);
            document["aws"]["xray"]["sampling_rule_name"].as_str().map(str::to_owned)
        };
        let named: Vec<_> = documents.iter().map(named).collect();
        assert_eq!(named.iter().map(Option::as_deref).collect::<Vec<_>>(), expected);
    };
    check(root(SERVER, json!({ RULE: "checkout" })), &[Some("checkout")]);
    check(root(CLIENT, json!({ RULE: "checkout" })), &[Some("checkout")]);
    check(root(CLIENT, json!({ RULE: "checkout", "aws.span.kind": "LOCAL_ROOT" })), &[Some("checkout"), None]);
    check(root(SERVER, json!({})), &[None]);
    // No sampler is asked about a part of a segment, but nobody's attribute is lost.
    let part = document_of(span(INTERNAL, json!({ RULE: "checkout" })));
    assert_eq!(part["metadata"]["default"][RULE], "checkout");
}
