//! The body of an OTLP request with log records, as JSON when it begins so: every record becomes a line or is refused,
//! and each line reads back as it was written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use local_xray::fuzz::otlp_logs;
use local_xray::logs::LogRecord;

fuzz_target!(|body: &[u8]| {
    let Some((records, lines, rejections)) = otlp_logs("", body) else { return };
    assert_eq!(lines.len() + rejections.len(), records);
    for line in lines {
        assert_eq!(LogRecord::parse(line.to_json().as_bytes()), Some(line));
    }
});
