//! Page tokens: any text is read as a place or refused, and a place that was read is written as the same place.

#![no_main]

use libfuzzer_sys::fuzz_target;
use local_xray::fuzz::page_token;

fuzz_target!(|input: &str| {
    let (query, text) = input.split_once('\n').unwrap_or(("", input));
    if let Some(place) = page_token(query, text) {
        assert_eq!(page_token(query, &place).as_ref(), Some(&place));
    }
});
