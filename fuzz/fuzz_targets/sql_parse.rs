//! Arbitrary text as statements and templates of rules: parsed, printed, parsed again, linted.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| sql::fuzzing::parse(input));
