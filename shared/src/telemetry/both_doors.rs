//! The same spans through both exporters into a local X-Ray: two readings of one format, which must come to the same segments.

use std::time::{Duration, SystemTime};

use local_xray::document::{TraceId, to_document};
use local_xray::store::{Store, Trace};
use opentelemetry::trace::{SpanKind, TraceContextExt, Tracer, TracerProvider};
use opentelemetry_semantic_conventions::attribute as semconv;

use super::database::Database;
use super::tests::DEADLINE;
use super::*;

/// A local X-Ray on a thread of its own, which ends with the test process.
struct LocalXray {
    addr: std::net::SocketAddr,
    store: Store,
}

impl LocalXray {
    fn start() -> Self {
        let (sender, started) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            actix_rt::System::new().block_on(async move {
                let app = local_xray::App::build(local_xray::Config::on_free_ports()).await.unwrap();
                sender.send(Self { addr: app.addr(), store: app.state().store }).unwrap();
                app.run_until_stopped(std::future::pending()).await
            })
        });
        started.recv_timeout(DEADLINE).unwrap()
    }

    fn trace(&self, id: &str, parts: usize) -> Arc<Trace> {
        let id: TraceId = id.parse().unwrap();
        let started = std::time::Instant::now();
        loop {
            let trace = self.store.snapshot().trace(id);
            if let Some(trace) = trace.filter(|trace| trace.part_count() == parts) {
                return trace;
            }
            assert!(started.elapsed() < DEADLINE, "the trace {id} did not arrive whole");
            std::thread::yield_now();
        }
    }
}

fn at(milliseconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_000 + milliseconds)
}

fn exception(message: &'static str) -> Vec<KeyValue> {
    vec![KeyValue::new("exception.type", "internal"), KeyValue::new("exception.message", message)]
}

/// A like that fails in the database, told by one provider; answers the trace id.
fn tell(provider: &SdkTracerProvider) -> String {
    let tracer = provider.tracer("test");
    let span = |name: &'static str, kind, milliseconds, attributes: Vec<KeyValue>, parent: &Context| {
        let builder = tracer.span_builder(name).with_kind(kind).with_start_time(at(milliseconds));
        Context::new().with_span(builder.with_attributes(attributes).start_with_context(&tracer, parent))
    };
    let served = vec![
        KeyValue::new(semconv::HTTP_REQUEST_METHOD, "POST"),
        KeyValue::new(semconv::URL_FULL, "http://site/mysfits/a/like"),
        KeyValue::new(semconv::URL_PATH, "/mysfits/a/like"),
        KeyValue::new(semconv::URL_SCHEME, "http"),
        KeyValue::new(semconv::HTTP_ROUTE, "/mysfits/{id}/like"),
        KeyValue::new(semconv::SERVER_ADDRESS, "site"),
        KeyValue::new(semconv::USER_AGENT_ORIGINAL, "ELB-HealthChecker/2.0"),
        KeyValue::new(semconv::NETWORK_PEER_ADDRESS, "10.0.0.9"),
        KeyValue::new(semconv::CLIENT_ADDRESS, "203.0.113.7"),
        KeyValue::new(semconv::HTTP_RESPONSE_STATUS_CODE, 500),
        KeyValue::new("http.response.body.size", 12),
        KeyValue::new(crate::sampler::SAMPLING_RULE, "Default"),
        KeyValue::new("chaos_fault", "slow"),
        KeyValue::new(ANNOTATIONS, Value::Array(Array::String(vec!["chaos_fault".into()]))),
    ];
    let root = span("POST /mysfits/{id}/like", SpanKind::Server, 0, served, &Context::new());
    root.span().add_event_with_timestamp("exception", at(90), exception("cannot count the likes"));
    let called = vec![
        KeyValue::new(semconv::HTTP_REQUEST_METHOD, "POST"),
        KeyValue::new(semconv::URL_FULL, "http://like:8081/mysfits/a/like"),
        KeyValue::new(semconv::SERVER_ADDRESS, "like"),
        KeyValue::new(semconv::SERVER_PORT, 8081),
        KeyValue::new("peer.service", "like service"),
        KeyValue::new(semconv::HTTP_RESPONSE_STATUS_CODE, 404),
    ];
    let call = span("POST like service", SpanKind::Client, 10, called, &root);
    call.span().end_with_timestamp(at(40));
    let inner = span("count {likes}", SpanKind::Internal, 50, vec![KeyValue::new("app.detail", 7)], &root);
    let database = Database::postgresql("mysfits", "db", 5432).with_user("monolith");
    let queried = database.attributes("UPDATE likes", "UPDATE likes SET n = n + 1 WHERE id = $1");
    let query = span("UPDATE likes", SpanKind::Client, 60, queried, &inner);
    query.span().add_event_with_timestamp("exception", at(80), exception("the disk is full"));
    query.span().set_status(opentelemetry::trace::Status::error("the disk is full"));
    query.span().end_with_timestamp(at(80));
    inner.span().end_with_timestamp(at(85));
    root.span().end_with_timestamp(at(100));
    xray_trace_id(root.span().span_context().trace_id())
}

/// Where the two may differ, and why.
const ACCEPTED: [(&str, &str); 5] = [
    ("id", "made up anew for each span"),
    ("parent_id", "made up anew for each span"),
    ("trace_id", "made up anew for each trace"),
    ("otel.events", "what X-Ray has no member for is left out over UDP, where a document must fit into a datagram"),
    ("otel.scope.name", "the same: the service names the program, and the library within it is left out"),
];

/// The segments of a trace without what may differ. A flag that is not raised says as much as one that is absent.
fn segments(trace: &Trace) -> Vec<serde_json::Value> {
    fn forget(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::Object(fields) => {
                fields.retain(|key, value| ACCEPTED.iter().all(|(accepted, _)| key != accepted) && *value != false);
                fields.values_mut().for_each(forget);
                fields.retain(|_, value| value.as_object().is_none_or(|fields| !fields.is_empty()));
            }
            serde_json::Value::Array(values) => values.iter_mut().for_each(forget),
            _ => {}
        }
    }
    let document = |segment| serde_json::from_str(&to_document(trace.id(), segment)).unwrap();
    let mut segments: Vec<serde_json::Value> = trace.segments().iter().map(document).collect();
    segments.iter_mut().for_each(forget);
    // Segments that began at once are ordered by their ids, which are random.
    segments.sort_by_cached_key(ToString::to_string);
    segments
}

/// What becomes of the same spans by the one way and by the other; `tell` makes them, `parts` in number.
fn both_ways(
    xray: &LocalXray,
    tell: impl Fn(&SdkTracerProvider) -> String,
    parts: usize,
) -> [Vec<serde_json::Value>; 2] {
    both_ways_from(xray, &[], tell, parts)
}

/// The same, from a service that runs at `place`.
fn both_ways_from(
    xray: &LocalXray,
    place: &[KeyValue],
    tell: impl Fn(&SdkTracerProvider) -> String,
    parts: usize,
) -> [Vec<serde_json::Value>; 2] {
    let send = |pairs: [(&str, &str); 2]| {
        let environment = Environment::from_pairs(pairs);
        let config = TelemetryConfig::from_environment(&environment, "monolith", "1.2.3").unwrap();
        let found = config.resource();
        let found = found.iter().map(|(key, value)| KeyValue::new(key.clone(), value.clone()));
        let resource = Resource::builder_empty().with_attributes(found.chain(place.to_vec())).build();
        let (provider, _) = provider(&config, &resource, &Arc::new(Losses::default())).unwrap();
        let trace_id = tell(&provider);
        provider.shutdown_with_timeout(DEADLINE).unwrap();
        segments(&xray.trace(&trace_id, parts))
    };
    let addr = xray.addr.to_string();
    let over_udp = send([("OTEL_TRACES_EXPORTER", "xray"), ("AWS_XRAY_DAEMON_ADDRESS", &addr)]);
    let endpoint = format!("http://{addr}");
    [over_udp, send([("OTEL_TRACES_EXPORTER", "otlp"), ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)])]
}

#[test]
fn both_exporters_come_to_the_same_segments() {
    let [over_udp, over_otlp] = both_ways(&LocalXray::start(), tell, 4);
    assert_eq!(over_udp.len(), 1);
    assert_eq!(serde_json::to_string_pretty(&over_udp).unwrap(), serde_json::to_string_pretty(&over_otlp).unwrap());
}

#[test]
fn both_exporters_tell_the_same_of_a_task_on_fargate() {
    let text = |key: &'static str, value: &'static str| KeyValue::new(key, value);
    let list =
        |key: &'static str, value: &'static str| KeyValue::new(key, Value::Array(Array::String(vec![value.into()])));
    // As the ECS detector finds it.
    let place = [
        text("cloud.provider", "aws"),
        text("cloud.platform", "aws_ecs"),
        text("cloud.region", "eu-west-1"),
        text("cloud.account.id", "123456789012"),
        text("cloud.availability_zone", "eu-west-1a"),
        text("aws.ecs.launchtype", "fargate"),
        text("aws.ecs.cluster.arn", "arn:aws:ecs:eu-west-1:123456789012:cluster/mysfits"),
        text("aws.ecs.task.arn", "arn:aws:ecs:eu-west-1:123456789012:task/mysfits/1dc5"),
        text("aws.ecs.task.family", "mysfits-monolith"),
        text("container.id", "1dc5-05"),
        text("container.name", "monolith"),
        list("aws.log.group.names", "/mysfits/monolith"),
        list("aws.log.group.arns", "arn:aws:logs:eu-west-1:123456789012:log-group:/mysfits/monolith:*"),
    ];
    let [over_udp, over_otlp] = both_ways_from(&LocalXray::start(), &place, tell, 4);
    let told = over_udp[0].get("aws").cloned().unwrap_or_default();
    assert_eq!(over_udp[0]["origin"], "AWS::ECS::Fargate");
    assert_eq!(told["ecs"]["availability_zone"], "eu-west-1a");
    assert_eq!(told["cloudwatch_logs"][0]["log_group"], "/mysfits/monolith");
    assert_eq!(serde_json::to_string_pretty(&over_udp).unwrap(), serde_json::to_string_pretty(&over_otlp).unwrap());
}

/// One span of a kind, at the root of a trace or below a server span.
fn tell_one(provider: &SdkTracerProvider, kind: &SpanKind, attributes: &[KeyValue], is_root: bool) -> String {
    let tracer = provider.tracer("test");
    let span = |name: &'static str, kind: SpanKind, attributes: &[KeyValue], parent: &Context| {
        let builder = tracer.span_builder(name).with_kind(kind).with_start_time(at(0));
        Context::new().with_span(builder.with_attributes(attributes.to_vec()).start_with_context(&tracer, parent))
    };
    let root = (!is_root).then(|| span("GET /", SpanKind::Server, &[], &Context::new()));
    let one = span("do it", kind.clone(), attributes, root.as_ref().unwrap_or(&Context::new()));
    one.span().end_with_timestamp(at(50));
    root.inspect(|root| root.span().end_with_timestamp(at(90)));
    xray_trace_id(one.span().span_context().trace_id())
}

#[test]
fn both_exporters_agree_kind_by_kind() {
    let xray = LocalXray::start();
    let mut differences = Vec::new();
    let mut check = |what: &str, kind: SpanKind, attributes: &[(&'static str, &'static str)]| {
        let attributes: Vec<_> = attributes.iter().map(|(key, value)| KeyValue::new(*key, *value)).collect();
        for is_root in [true, false] {
            let parts = if is_root { 1 } else { 2 };
            let [over_udp, over_otlp] = both_ways(&xray, |by| tell_one(by, &kind, &attributes, is_root), parts);
            if over_udp != over_otlp {
                differences.push(format!("{what}, root: {is_root}\n  UDP:  {over_udp:?}\n  OTLP: {over_otlp:?}"));
            }
        }
    };
    check("server", SpanKind::Server, &[(semconv::HTTP_REQUEST_METHOD, "GET"), (semconv::URL_FULL, "http://site/")]);
    check("internal", SpanKind::Internal, &[("app.detail", "x")]);
    check("client", SpanKind::Client, &[("peer.service", "like service"), (semconv::URL_FULL, "http://like/")]);
    check(
        "database",
        SpanKind::Client,
        &[("db.system.name", "postgresql"), ("db.namespace", "mysfits"), ("db.query.text", "SELECT 1")],
    );
    let on_a_server = [
        ("db.system", "mysql"),
        ("db.name", "mysfits"),
        ("net.peer.name", "db"),
        ("net.peer.port", "3306"),
        ("db.statement", "SELECT 1"),
    ];
    check("database on a server", SpanKind::Client, &on_a_server);
    check("rpc", SpanKind::Client, &[("rpc.system", "grpc"), ("rpc.service", "Likes"), ("rpc.method", "Add")]);
    check(
        "aws",
        SpanKind::Client,
        &[
            ("rpc.system", "aws-api"),
            ("rpc.service", "DynamoDB"),
            ("aws.operation", "GetItem"),
            ("aws.table_name", "mysfits"),
        ],
    );
    let queue = [("rpc.system", "aws-api"), ("rpc.service", "SQS"), ("rpc.method", "SendMessage")];
    check("aws by its method", SpanKind::Client, &queue);
    check("producer", SpanKind::Producer, &[("peer.service", "likes queue"), ("messaging.system", "kafka")]);
    check("consumer", SpanKind::Consumer, &[("peer.service", "likes queue"), ("messaging.system", "kafka")]);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
