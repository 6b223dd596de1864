//! Arbitrary requests into the reader of AWS's REST calls.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| aws::fuzzing::parse_call(input));
