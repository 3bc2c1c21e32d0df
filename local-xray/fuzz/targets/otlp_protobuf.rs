//! OTLP in protobuf, compressed or not: every span is in a document or among the refused.

#![no_main]

use libfuzzer_sys::fuzz_target;
use local_xray::fuzz::otlp;
use local_xray_fuzz::check;

fuzz_target!(|bytes: &[u8]| {
    let Some((spans, taken)) = otlp("application/x-protobuf", bytes) else { return };
    // A call that is also the root of its service makes two documents.
    let most = taken.documents.len() + taken.rejections.len();
    assert!((spans..=2 * spans).contains(&most), "{spans} spans: {taken:?}");
    check(taken.documents);
});
