//! Arbitrary requests into the reader and the judge of signatures.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| aws::fuzzing::read_signature(input));
