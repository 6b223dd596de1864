//! Arbitrary requests into the reader of STS's and IAM's forms.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| aws::fuzzing::read_query(input));
