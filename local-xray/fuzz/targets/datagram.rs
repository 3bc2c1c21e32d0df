//! Datagrams: a header line and a segment document, or OTLP in Base64. Each leaves something behind.

#![no_main]

use libfuzzer_sys::fuzz_target;
use local_xray::fuzz::datagram;
use local_xray_fuzz::check;

fuzz_target!(|bytes: &[u8]| {
    let taken = datagram(bytes);
    check(taken.documents);
});
