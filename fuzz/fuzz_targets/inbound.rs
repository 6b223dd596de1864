//! Arbitrary bytes into the receiving half of an MQTT connection.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mqtt::fuzzing::feed_inbound(input));
