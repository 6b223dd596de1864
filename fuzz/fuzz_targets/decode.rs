//! Arbitrary bytes into the MQTT decoder.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mqtt::fuzzing::decode_packets(input));
