//! Segment or subsegment, names and namespaces.

use super::*;

const IS_LOCAL: u32 = 0x100;
const IS_REMOTE: u32 = 0x300;

#[test]
fn kind_and_parent_decide_between_segment_and_subsegment() {
    let check = |span: Value, expected: &str| {
        let document = document_of(span.clone());
        assert_eq!(document["type"].as_str().unwrap_or("segment"), expected, "{span}");
    };
    for kind in [0, INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER] {
        check(root(kind, json!({})), "segment");
    }
    for kind in [0, INTERNAL, CLIENT, PRODUCER] {
        check(span(kind, json!({})), "subsegment");
        check(span_with(kind, json!({}), json!({ "flags": IS_REMOTE })), "subsegment");
    }
    check(span(SERVER, json!({})), "segment");
    check(span_with(SERVER, json!({}), json!({ "flags": IS_LOCAL })), "segment");
    check(span(CONSUMER, json!({})), "segment");
    check(span_with(CONSUMER, json!({}), json!({ "flags": IS_REMOTE })), "segment");
    check(span_with(CONSUMER, json!({}), json!({ "flags": IS_LOCAL })), "subsegment");
    check(span(INTERNAL, json!({ "aws.span.kind": "LOCAL_ROOT" })), "segment");
    check(span(99, json!({})), "subsegment");
}

#[test]
fn the_root_call_of_a_service_becomes_a_segment_and_a_call_in_it() {
    let attributes = json!({
        "aws.span.kind": "LOCAL_ROOT", "aws.local.service": "shop", "aws.remote.service": "payments",
        "http.request.method": "GET", "http.response.status_code": 503, "tenant": "blue",
        "aws.xray.annotations": ["tenant", "aws.remote.service"],
    });
    let linked = json!([{ "traceId": TRACE, "spanId": SPAN }]);
    for (kind, links_at) in [(CLIENT, 1), (PRODUCER, 1), (CONSUMER, 0)] {
        let documents = documents_of(span_with(kind, attributes.clone(), json!({ "links": linked })));
        let [service, call] = documents.as_slice() else { panic!("two documents") };
        assert_eq!(
            (&service["name"], &service["type"], &service["parent_id"]),
            (&json!("shop"), &Value::Null, &json!(PARENT))
        );
        assert_eq!(
            (&call["name"], &call["type"], &call["id"]),
            (&json!("payments"), &json!("subsegment"), &json!(SPAN))
        );
        assert_eq!((&call["parent_id"], &call["namespace"]), (&service["id"], &json!("remote")));
        assert_eq!((&service["http"], &service["fault"], &call["fault"]), (&Value::Null, &json!(true), &json!(true)));
        assert_eq!(service["annotations"], json!({ "tenant": "blue" }));
        assert_eq!(call["annotations"], json!({ "tenant": "blue", "aws.remote.service": "payments" }));
        assert_eq!((&service["start_time"], &service["end_time"]), (&call["start_time"], &call["end_time"]));
        assert!(documents[links_at]["links"].is_array() && documents[1 - links_at]["links"].is_null());
    }
}

#[test]
fn the_first_name_that_is_there_wins() {
    let check = |span: Value, expected: &str| assert_eq!(document_of(span.clone())["name"], expected, "{span}");
    check(span(SERVER, json!({ "aws.local.service": "a", "peer.service": "b" })), "a");
    check(span(SERVER, json!({ "aws.remote.service": "a" })), "shop");
    check(span(SERVER, json!({ "rpc.service": "a" })), "shop");
    check(span(INTERNAL, json!({ "aws.span.kind": "LOCAL_ROOT", "aws.local.service": "a" })), "a");
    check(span(INTERNAL, json!({ "aws.local.service": "a" })), "work");
    check(root(INTERNAL, json!({})), "work");
    check(span(CLIENT, json!({ "aws.remote.service": "a", "peer.service": "b" })), "a");
    check(span(CLIENT, json!({ "aws.remote.service": "AWS.SDK.DynamoDB", "rpc.system": "aws-api" })), "DynamoDB");
    check(span(CLIENT, json!({ "aws.remote.service": "AWS::S3", "rpc.system": "aws-api" })), "S3");
    check(span(CLIENT, json!({ "aws.remote.service": "AWS::S3" })), "AWS::S3");
    check(span(CLIENT, json!({ "peer.service": "a", "aws.service": "b" })), "a");
    check(span(CLIENT, json!({ "aws.service": "a", "db.name": "b" })), "a");
    check(span(CLIENT, json!({ "db.name": "a", "db.connection_string": "jdbc:mysql://u:p@h:3306/a?x=y" })), "a@h");
    check(span(CLIENT, json!({ "db.name": "a", "net.peer.name": "h" })), "a@h");
    check(span(CLIENT, json!({ "db.namespace": "a", "server.address": "h", "rpc.service": "b" })), "a@h");
    check(span(CLIENT, json!({ "db.namespace": "a" })), "a");
    check(span(CLIENT, json!({ "db.system": "sqlite" })), "sqlite");
    check(span(CLIENT, json!({ "rpc.service": "a", "http.host": "b" })), "a");
    check(span(CLIENT, json!({ "rpc.method": "pkg.Greeter/Hello" })), "pkg.Greeter");
    check(span(CLIENT, json!({ "http.host": "a", "net.peer.name": "b" })), "a");
    check(span(CLIENT, json!({ "net.peer.name": "a" })), "a");
    check(span(CLIENT, json!({ "server.address": "a" })), "a");
    check(span(CLIENT, json!({ "server.address": "" })), "work");
}

#[test]
fn messages_name_their_queue_and_their_consumer() {
    let check = |span: Value, name: &str, namespace: Value| {
        let document = document_of(span.clone());
        assert_eq!((&document["name"], &document["namespace"]), (&json!(name), &namespace), "{span}");
    };
    let kafka = |more: Value| {
        let mut attributes = json!({ "messaging.system": "kafka" });
        attributes.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        attributes
    };
    let topic = kafka(json!({ "messaging.destination.name": "orders", "server.address": "broker" }));
    check(span(PRODUCER, topic.clone()), "orders", json!("remote"));
    check(span(PRODUCER, kafka(json!({ "messaging.destination": "orders" }))), "orders", json!("remote"));
    check(span(PRODUCER, kafka(json!({}))), "kafka", json!("remote"));
    check(span(PRODUCER, json!({})), "work", Value::Null);
    check(span(CLIENT, topic.clone()), "orders", json!("remote"));
    check(span(CONSUMER, topic.clone()), "shop", Value::Null);
    check(span(CONSUMER, kafka(json!({ "peer.service": "broker" }))), "shop", Value::Null);
    check(span_with(CONSUMER, topic, json!({ "flags": IS_LOCAL })), "orders", json!("remote"));
}

#[test]
fn the_namespace_says_what_was_called() {
    let check = |span: Value, expected: Value| assert_eq!(document_of(span.clone())["namespace"], expected, "{span}");
    check(span(CLIENT, json!({})), json!("remote"));
    check(root(CLIENT, json!({})), json!("remote"));
    check(span(CLIENT, json!({ "rpc.system": "aws-api", "rpc.service": "S3" })), json!("aws"));
    check(span(CLIENT, json!({ "aws.service": "S3" })), json!("aws"));
    check(span(INTERNAL, json!({ "aws.service": "S3" })), json!("aws"));
    check(span(INTERNAL, json!({})), Value::Null);
    check(span(SERVER, json!({})), Value::Null);
    check(span(PRODUCER, json!({ "aws.remote.service": "a" })), json!("remote"));
}

#[test]
fn names_are_cleaned_and_what_is_cut_stays_readable() {
    let check = |peer: &str, expected: &str, metadata: Value| {
        let document = document_of(span(CLIENT, json!({ "peer.service": peer })));
        assert_eq!((&document["name"], Value::Object(default_metadata(&document))), (&json!(expected), metadata));
    };
    check("pay-ments_1.2:/%&#=+\\@", "pay-ments_1.2:/%&#=+\\@", json!({}));
    check("pay(ments)!", "payments", json!({ "peer.service": "pay(ments)!" }));
    check("({!})", "span", json!({ "peer.service": "({!})" }));
    check("Zahlungen für ö", "Zahlungen für ö", json!({}));
    check(&"x".repeat(201), &"x".repeat(200), json!({ "peer.service": "x".repeat(201) }));
}
