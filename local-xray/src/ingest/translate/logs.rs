//! OTLP log records to log lines. Attributes become fields under their own names; what the wire says beside them, and
//! whatever is known about the sender, becomes the line's source.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::logs::v1::LogRecord as Message;
use serde_json::{Map, Value};

use crate::document::{ErrorCode, Rejection, SegmentId, Timestamp, TraceId};
use crate::logs::{Level, LogRecord};

use super::attributes::{Attributes, value};
use super::identity::hex;
use super::resource::Resource;
use super::span::Scope;

/// The longest line, as JSON.
const MAX_LINE_BYTES: usize = 1 << 20;
/// The bit of the flags that says that the trace is sampled.
const SAMPLED: u32 = 1;

/// What became of a request: every record is either a line or among the rejections.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Lines {
    pub(crate) records: Vec<LogRecord>,
    /// Records that are not kept, with their path in the OTLP/JSON form of the request.
    pub(crate) rejections: Vec<Rejection>,
}

/// Translates all log records of a request. `now` is for those that do not say when they were written.
#[must_use]
pub(crate) fn lines(request: &ExportLogsServiceRequest, now: Timestamp) -> Lines {
    let mut lines = Lines::default();
    for (r, resource_logs) in request.resource_logs.iter().enumerate() {
        let resource = Resource::new(resource_logs.resource.as_ref(), &resource_logs.schema_url);
        let service = resource.attributes.text(&["service.name"]).unwrap_or_default();
        let mut of_resource = resource.attributes.into_map();
        of_resource.extend(resource.remarks);
        for (s, scope_logs) in resource_logs.scope_logs.iter().enumerate() {
            let mut source = of_resource.clone();
            source.extend(Scope::new(scope_logs.scope.as_ref(), &scope_logs.schema_url).0);
            for (n, message) in scope_logs.log_records.iter().enumerate() {
                let record = record(message, &service, &source, now);
                match record.to_json().len() {
                    0..=MAX_LINE_BYTES => lines.records.push(record),
                    bytes => {
                        let path = format!("$.resourceLogs[{r}].scopeLogs[{s}].logRecords[{n}]");
                        let reason = format!("a line of {bytes} bytes as JSON; {MAX_LINE_BYTES} are kept");
                        lines.rejections.push(Rejection::new(ErrorCode::DocumentTooLarge, path, reason));
                    }
                }
            }
        }
    }
    lines
}

fn record(message: &Message, service: &str, source: &Map<String, Value>, now: Timestamp) -> LogRecord {
    let [written, observed] = [message.time_unix_nano, message.observed_time_unix_nano].map(time);
    let mut source = source.clone();
    let mut remark = |key: &str, value: Option<Value>| source.extend(value.map(|value| (format!("otel.{key}"), value)));
    let number = |number: u32| (number > 0).then(|| number.into());
    let text = |text: &str| (!text.is_empty()).then(|| text.into());
    remark("event_name", text(&message.event_name));
    remark("severity_number", (message.severity_number != 0).then(|| message.severity_number.into()));
    remark("severity_text", text(&message.severity_text));
    remark(
        "observed_time",
        observed.filter(|_| written.is_some() && written != observed).map(|time| time.seconds().into()),
    );
    remark("dropped_attributes_count", number(message.dropped_attributes_count));
    // That a trace is sampled shows in its being there.
    remark("flags", number(message.flags & !SAMPLED));
    let trace_id = id(&message.trace_id).map(TraceId::from_bytes);
    let span_id = id(&message.span_id).map(SegmentId::from_bytes);
    remark("trace_id", trace_id.is_none().then(|| text(&hex(&message.trace_id))).flatten());
    remark("span_id", span_id.is_none().then(|| text(&hex(&message.span_id))).flatten());
    LogRecord {
        time: written.or(observed).unwrap_or(now),
        level: Level::of_severity(message.severity_number, &message.severity_text),
        service: service.to_owned(),
        trace_id,
        span_id,
        body: value(message.body.as_ref()),
        fields: Attributes::new(&message.attributes).into_map(),
        source,
    }
}

/// A time that a line can be listed by; 0 means that the sender does not know.
fn time(nanos: u64) -> Option<Timestamp> {
    Timestamp::from_nanos(nanos).filter(|_| nanos > 0)
}

/// An id of the right length that is not all zero, which would mean none.
fn id<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.try_into().ok().filter(|id| *id != [0; N])
}

#[cfg(test)]
mod tests {
    #![expect(clippy::needless_pass_by_value, reason = "nested fixtures read better without borrows")]

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

    fn attributes(key: &str, value: &str) -> Value {
        json!([{ "key": key, "value": { "stringValue": value } }])
    }

    fn lines_of(records: Value) -> Lines {
        let resource = json!({ "attributes": attributes("service.name", "shop") });
        let scope_logs = json!([{ "logRecords": records }]);
        let request = json!({ "resourceLogs": [{ "resource": resource, "scopeLogs": scope_logs }] });
        lines(&serde_json::from_value(request).unwrap(), NOW)
    }

    fn line_of(record: Value) -> LogRecord {
        match lines_of(json!([record])).records.as_slice() {
            [only] => only.clone(),
            several => panic!("{} lines", several.len()),
        }
    }

    /// Every member of the wire format holds a text or number that occurs nowhere else; each must be found in the line.
    #[test]
    fn every_field_of_a_request_has_a_home() {
        let sent = json!({ "resourceLogs": [{
            "schemaUrl": "mark-01",
            "resource": { "attributes": attributes("mark-02", "mark-03"), "droppedAttributesCount": 90_004,
                "entityRefs": [{ "schemaUrl": "mark-05", "type": "mark-06", "idKeys": ["mark-07"], "descriptionKeys": ["mark-08"] }] },
            "scopeLogs": [{
                "schemaUrl": "mark-09",
                "scope": { "name": "mark-10", "version": "mark-11", "attributes": attributes("mark-12", "mark-13"),
                    "droppedAttributesCount": 90_014 },
                "logRecords": [{
                    "timeUnixNano": "90015000000000", "observedTimeUnixNano": "90016000000000", "severityNumber": 17,
                    "severityText": "mark-18", "body": { "kvlistValue": { "values": attributes("mark-19", "mark-20") } },
                    "attributes": attributes("mark-21", "mark-22"), "droppedAttributesCount": 90_023, "flags": 90_024,
                    "traceId": "aaaaaaaa000000000000000000000025", "spanId": "0000000000000026", "eventName": "mark-27",
                }],
            }],
        }]});
        let lines = lines(&serde_json::from_value(sent).unwrap(), NOW);
        let [line] = lines.records.as_slice() else { panic!("one line: {lines:?}") };
        let text = line.to_json();
        for number in (1..=27).filter(|number| *number != 17) {
            let forms = [format!("mark-{number:02}"), format!("900{number:02}"), format!("00000{number}\"")];
            assert!(forms.iter().any(|form| text.contains(form)), "{number} is lost in {text}");
        }
        assert_eq!((line.level, &line.source["otel.severity_number"]), (Level::Error, &json!(17)));
    }

    #[test]
    fn a_line_has_the_time_that_its_sender_knows() {
        let check = |record: Value, micros: i64| assert_eq!(line_of(record.clone()).time.micros(), micros, "{record}");
        check(json!({ "timeUnixNano": "5000", "observedTimeUnixNano": "7000" }), 5);
        check(json!({ "observedTimeUnixNano": "7000" }), 7);
        check(json!({}), NOW.micros());
        check(json!({ "timeUnixNano": u64::MAX.to_string(), "observedTimeUnixNano": "7000" }), 7);
    }

    #[test]
    fn ids_that_are_none_stay_in_the_source() {
        let line = line_of(json!({ "traceId": "0102", "spanId": "0000000000000000" }));
        assert_eq!((line.trace_id, line.span_id), (None, None));
        assert_eq!(line.source["otel.trace_id"], "0102");
        assert_eq!(line.source["otel.span_id"], "0000000000000000");
        let line =
            line_of(json!({ "traceId": "4efaaf4d1e8720b39541901950019ee5", "spanId": "00f067aa0ba902b7", "flags": 1 }));
        assert_eq!(line.trace_id.unwrap().to_string(), "1-4efaaf4d-1e8720b39541901950019ee5");
        assert_eq!(line.span_id.unwrap().to_string(), "00f067aa0ba902b7");
        assert_eq!(line.source.keys().collect::<Vec<_>>(), ["service.name"]);
    }

    #[test]
    fn a_line_that_is_too_long_does_not_cost_the_others() {
        let long = json!({ "body": { "stringValue": "x".repeat(MAX_LINE_BYTES) } });
        let Lines { records, rejections } = lines_of(json!([{ "severityText": "WARN" }, long]));
        assert_eq!((records.len(), records[0].level), (1, Level::Warn));
        let [rejection] = rejections.as_slice() else { panic!("one rejection") };
        assert_eq!(rejection.code, ErrorCode::DocumentTooLarge);
        assert_eq!(rejection.path, "$.resourceLogs[0].scopeLogs[0].logRecords[1]");
    }

    proptest! {
        #[test]
        fn any_request_makes_lines_that_read_back(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            use prost::Message as _;
            if let Ok(request) = ExportLogsServiceRequest::decode(bytes.as_slice()) {
                for record in lines(&request, NOW).records {
                    prop_assert_eq!(LogRecord::parse(record.to_json().as_bytes()), Some(record));
                }
            }
        }

        #[test]
        fn any_member_makes_lines_that_read_back(text in ".*", double in any::<f64>(), time in any::<u64>(), number in any::<i32>()) {
            let values = json!([{ "stringValue": text }, { "bytesValue": "AAE=" }, {}]);
            let mut request: ExportLogsServiceRequest = serde_json::from_value(json!({ "resourceLogs": [{ "scopeLogs": [{ "logRecords": [{
                "body": { "arrayValue": { "values": values } }, "attributes": attributes(&text, &text), "severityText": text }] }] }] })).unwrap();
            let message = &mut request.resource_logs[0].scope_logs[0].log_records[0];
            (message.time_unix_nano, message.severity_number) = (time, number);
            message.attributes[0].value.as_mut().unwrap().value =
                Some(opentelemetry_proto::tonic::common::v1::any_value::Value::DoubleValue(double));
            for record in lines(&request, NOW).records {
                prop_assert_eq!(LogRecord::parse(record.to_json().as_bytes()), Some(record));
            }
        }
    }
}
