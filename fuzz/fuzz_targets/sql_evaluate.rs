//! An arbitrary statement on an arbitrary payload: run, explained, and compared.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| sql::fuzzing::evaluate(input));
