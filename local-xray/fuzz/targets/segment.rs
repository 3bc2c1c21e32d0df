//! Segment documents: any bytes are taken or refused with a place and a reason.

#![no_main]

use libfuzzer_sys::fuzz_target;
use local_xray::document::parse;
use local_xray_fuzz::check;

fuzz_target!(|bytes: &[u8]| {
    match parse(bytes) {
        Ok(documents) => check(documents),
        Err(rejection) => assert!(rejection.path.starts_with('$') && !rejection.reason.is_empty(), "{rejection:?}"),
    }
});
