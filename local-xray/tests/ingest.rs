//! Segments through UDP and through `PutTraceSegments`, over real sockets.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail where it stands")]

mod support;

use std::collections::BTreeMap;
use std::net::UdpSocket;

use local_xray::document::{ErrorCode, Timestamp, Window};
use local_xray::ingest::Door;
use local_xray::store::{Eviction, StoreConfig};
use local_xray::workload::{Topology, Workload};
use local_xray::{App, Config};
use proptest::prelude::*;
use serde_json::{Value, json};

use support::{SLOW_LIKE, Xray, eventually, lab, with_config, with_xray};

const HEADER: &str = r#"{"format": "json", "version": 1}"#;

fn send_datagram(xray: &Xray, datagram: &[u8]) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    assert_eq!(socket.send_to(datagram, xray.addr).unwrap(), datagram.len());
}

fn segment(name: &str) -> Value {
    json!({
        "trace_id": SLOW_LIKE, "id": "00000000000000f0", "name": name,
        "start_time": 1_767_225_600.123_456, "end_time": 1.767_225_600_223_457E9,
    })
}

#[test]
fn a_datagram_becomes_a_trace() {
    with_xray(async |xray| {
        send_datagram(&xray, format!("{HEADER}\n{:#}\n", segment("shop")).as_bytes());
        let documents =
            eventually("the trace", async || Some(xray.documents(SLOW_LIKE).await).filter(|it| !it.is_empty()));
        assert_eq!(documents.await, [segment("shop")]);
    });
}

#[test]
fn the_largest_datagram_is_taken() {
    with_xray(async |xray| {
        let mut document = segment("shop");
        document["metadata"] = json!({ "default": { "padding": "" } });
        let room = 65_507 - HEADER.len() - 1 - document.to_string().len();
        document["metadata"]["default"]["padding"] = "x".repeat(room).into();
        send_datagram(&xray, format!("{HEADER}\n{document}").as_bytes());
        eventually("the trace", async || Some(xray.documents(SLOW_LIKE).await).filter(|it| it == &[document.clone()]))
            .await;
    });
}

#[test]
fn rubbish_is_counted_and_changes_nothing() {
    with_xray(async |xray| {
        let rubbish: [&[u8]; 6] = [
            b"",
            b"hello",
            b"{\"format\": \"json\", \"version\": 2}\n{}",
            b"{\"format\": \"json\", \"version\": 1}\n",
            b"{\"format\": \"json\", \"version\": 1}\n{\"name\": \"shop\"",
            b"{\"format\": \"json\", \"version\": 1}\n{\"name\": \"shop\"}",
        ];
        for datagram in rubbish {
            send_datagram(&xray, datagram);
        }
        send_datagram(&xray, format!("{HEADER}\n{}", segment("shop")).as_bytes());
        let udp = eventually("the document after the rubbish", async || {
            xray.state.intake.report().doors.remove(&Door::Udp).filter(|udp| udp.accepted == 1)
        });
        let rejected = BTreeMap::from([
            (ErrorCode::InvalidDatagram, 4),
            (ErrorCode::InvalidSegment, 1),
            (ErrorCode::MissingTraceId, 1),
        ]);
        assert_eq!(udp.await.rejected, rejected);
        let report = xray.state.intake.report();
        let latest = &report.rejections[0].rejection;
        assert_eq!((latest.code, latest.path.as_str()), (ErrorCode::MissingTraceId, "$.trace_id"));
        assert!(report.udp.unwrap().buffer_granted > 0);
        eventually("one trace and no more", async || (xray.state.store.snapshot().report().traces == 1).then_some(()))
            .await;
    });
}

#[test]
fn every_datagram_of_a_burst_is_taken_or_counted_as_lost() {
    with_xray(async |xray| {
        let start = Timestamp::from_micros(1_767_225_600_000_000);
        let window = Window { start, end: Timestamp::from_micros(start.micros() + 60_000_000) };
        let workload = Workload::new(Topology::Mysfits, 3, 2_000, window);
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut sent = 0;
        for document in (0..workload.traces()).flat_map(|number| workload.story(number).documents()) {
            socket.send_to(format!("{HEADER}\n{}", document.to_json()).as_bytes(), xray.addr).unwrap();
            sent += 1;
        }
        eventually("an account of every datagram", async || {
            let report = xray.state.intake.report();
            let taken = report.doors.get(&Door::Udp).map_or(0, |door| door.accepted);
            let dropped = report.udp.and_then(|udp| udp.kernel_drops).unwrap_or(0);
            (taken + dropped == sent).then_some(())
        })
        .await;
    });
}

#[test]
fn pieces_are_put_together_whatever_comes_first() {
    with_xray(async |xray| {
        let early = json!({
            "type": "subsegment", "trace_id": SLOW_LIKE, "parent_id": "00000000000000f0", "id": "00000000000000f1",
            "name": "work", "start_time": 1_767_225_600.2, "end_time": 1_767_225_600.21,
        });
        xray.put(std::slice::from_ref(&early)).await;
        assert_eq!(xray.documents(SLOW_LIKE).await, std::slice::from_ref(&early), "an orphan is shown as it came");

        xray.put(&[segment("shop")]).await;
        let mut open = segment("shop");
        open.as_object_mut().unwrap().remove("end_time");
        open["in_progress"] = true.into();
        xray.put(&[open, segment("shop"), early]).await;

        let documents = xray.documents(SLOW_LIKE).await;
        let [shop] = documents.as_slice() else { panic!("one segment: {documents:?}") };
        assert_eq!(shop["end_time"], segment("shop")["end_time"], "the complete segment stays");
        assert_eq!(shop["subsegments"].as_array().unwrap().len(), 1);
        assert_eq!(shop["subsegments"][0]["id"], "00000000000000f1");
        let trace = xray.state.store.snapshot().trace(SLOW_LIKE.parse().unwrap()).unwrap();
        assert_eq!(trace.revision(), 2, "what came later changed nothing");
    });
}

#[test]
fn one_document_may_be_a_list() {
    with_xray(async |xray| {
        xray.put(&[Value::Array(lab())]).await;
        assert_eq!(xray.state.store.snapshot().report().traces, 2);
        assert_eq!(xray.state.intake.report().doors[&Door::SegmentsApi].accepted, 4);
    });
}

#[test]
fn a_request_that_is_refused_whole_is_counted() {
    with_xray(async |xray| {
        let documents: Vec<String> = vec![String::new(); 100_001];
        let requests = [
            (json!({ "TraceSegmentDocuments": documents }), "there are more than 100000 documents"),
            (json!({ "TraceSegmentDocuments": [segment("shop")] }), "invalid type: map, expected a string"),
            (json!({}), "missing field `TraceSegmentDocuments`"),
        ];
        for (request, expected) in &requests {
            let answer = xray.call("/TraceSegments", request).await;
            let message = answer.body["message"].as_str().unwrap_or_default();
            assert!(answer.status == 400 && message.contains(expected), "{answer:?}");
            assert!(xray.state.intake.report().rejections[0].rejection.reason.contains(expected));
        }
        let door = xray.state.intake.report().doors.remove(&Door::SegmentsApi).unwrap();
        assert_eq!((door.accepted, door.rejected), (0, BTreeMap::from([(ErrorCode::InvalidRequest, 3)])));
    });
}

#[test]
fn the_oldest_traces_go_when_there_are_too_many() {
    let usual = Config::on_free_ports();
    let store = StoreConfig { max_bytes: 4_000, ..usual.store.clone() };
    with_config(Config { store, ..usual }, async |xray| {
        for n in 0..50 {
            let start = 1_767_225_600 + n;
            let id = format!("1-69550001-0000000000000000000000{n:02x}");
            xray.put(&[json!({ "trace_id": id, "id": "00000000000000a0", "name": "shop", "start_time": start, "end_time": start })])
                .await;
        }
        let report = xray.state.store.snapshot().report();
        assert!(report.bytes <= report.max_bytes && report.traces > 0, "{report:?}");
        let evicted = report.evicted[&Eviction::Room];
        assert_eq!(evicted.traces + report.traces as u64, 50);
        assert_eq!(evicted.segments, evicted.traces);
        assert!(xray.documents("1-69550001-000000000000000000000000").await.is_empty(), "the oldest went");
        assert_eq!(xray.documents("1-69550001-000000000000000000000031").await.len(), 1, "the newest stayed");
    });
}

#[test]
fn a_taken_port_is_named_with_its_flag() {
    with_xray(async |xray| {
        let config = Config { otlp_http: xray.addr, ..Config::on_free_ports() };
        let error = App::build(config).await.err().unwrap();
        let message = format!("{error:#}");
        assert!(message.contains("--otlp-http") && message.contains(&xray.addr.port().to_string()), "{message}");
    });
}

#[test]
fn senders_are_told_to_come_back_when_too_much_is_on_its_way() {
    with_xray(async |xray| {
        let call = json!({ "TraceSegmentDocuments": [segment("shop").to_string()] });
        let all_the_room = xray.state.intake.admit(usize::MAX, Door::OtlpGrpc).unwrap();

        let refused = send_raw(&xray, "/TraceSegments", call.to_string().into()).await;
        assert_eq!((refused.status().as_u16(), refused.headers()["retry-after"].to_str().unwrap()), (429, "1"));
        assert_eq!(refused.headers()["x-amzn-errortype"], "ThrottledException");
        let refused = send_raw(&xray, "/v1/traces", Vec::new()).await;
        assert_eq!((refused.status().as_u16(), refused.headers()["retry-after"].to_str().unwrap()), (503, "1"));
        let report = xray.state.intake.report();
        assert_eq!(report.doors[&Door::SegmentsApi].rejected, BTreeMap::from([(ErrorCode::QueueFull, 1)]));
        assert_eq!(report.doors[&Door::OtlpHttp].rejected, BTreeMap::from([(ErrorCode::QueueFull, 1)]));

        drop(all_the_room);
        xray.put(&[segment("shop")]).await;
        assert_eq!(send_raw(&xray, "/v1/traces", Vec::new()).await.status().as_u16(), 200);
    });
}

async fn send_raw(xray: &Xray, path: &str, body: Vec<u8>) -> reqwest::Response {
    xray.client.post(xray.url(path)).body(body).send().await.unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn arrival_order_changes_neither_documents_nor_map(order in Just((0..lab().len()).collect::<Vec<_>>()).prop_shuffle()) {
        let views = |documents: Vec<Value>| {
            let mut views = Vec::new();
            with_xray(async |xray| {
                for document in documents {
                    xray.put(&[document]).await;
                }
                views.extend(xray.documents(SLOW_LIKE).await);
                let window = json!({ "StartTime": 0, "EndTime": 1_800_000_000 });
                views.push(xray.ok("/ServiceGraph", &window).await);
            });
            views
        };
        let shuffled = order.iter().map(|index| lab()[*index].clone()).collect();
        prop_assert_eq!(views(lab()), views(shuffled));
    }
}
