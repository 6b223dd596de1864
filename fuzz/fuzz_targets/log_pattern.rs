//! Arbitrary text as a filter pattern, and arbitrary text that it may fit.
#![no_main]

use logs::Pattern;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let (pattern, message) = text.split_once('\n').unwrap_or((text, "{}"));
    match Pattern::parse(pattern) {
        Ok(pattern) => {
            let first = pattern.matches(message);
            assert_eq!(pattern.matches(message), first, "a pattern has one answer");
        }
        Err(error) => assert!(error.to_string().starts_with("Invalid filter pattern"), "{error}"),
    }
});
