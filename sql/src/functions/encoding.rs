//! `encode` and `decode`: values or the payload's own bytes in, base64 or what it stood for out. No Protobuf.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::call::{Stop, Surroundings};
use crate::convert;
use crate::function::{Function, Service};
use crate::functions::{string, within};
use crate::json;
use crate::value::Value;
use crate::version::Version::V2016;

pub(super) static TABLE: &[Function] = &[
    Function::full("decode", V2016, (2, 6), decode).service(Service::Partly("not 'proto'")),
    Function::full("encode", V2016, (2, 2), encode),
];

/// As Java's basic decoder: the standard alphabet, padding or none.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

pub(super) fn base64(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

fn is(argument: Option<&Value>, scheme: &str) -> bool {
    matches!(argument, Some(Value::String(text)) if text == scheme)
}

fn encode(arguments: &[Value], surroundings: &mut Surroundings<'_>) -> Result<Value, Stop> {
    if !is(arguments.get(1), "base64") {
        return Ok(Value::Undefined);
    }
    if surroundings.whole {
        within(surroundings.input.payload.len() / 3 * 4)?;
        return Ok(string(base64(surroundings.input.payload)));
    }
    let text = arguments.first().and_then(convert::text);
    Ok(text.map_or(Value::Undefined, |text| string(base64(text.as_bytes()))))
}

fn decode(arguments: &[Value], surroundings: &mut Surroundings<'_>) -> Result<Value, Stop> {
    if arguments.len() == 6 && is(arguments.get(1), "proto") {
        return Err(Stop::Failed(
            "decode(…, 'proto', …) is not served: decode Protobuf behind the rule".to_owned(),
        ));
    }
    if arguments.len() != 2 || !is(arguments.get(1), "base64") {
        return Ok(Value::Undefined);
    }
    let decoded = if surroundings.whole {
        BASE64.decode(surroundings.input.payload)
    } else {
        match arguments.first().and_then(convert::text) {
            Some(text) => BASE64.decode(text.as_bytes()),
            None => return Ok(Value::Undefined),
        }
    };
    let Some(text) = decoded.ok().and_then(|bytes| String::from_utf8(bytes).ok()) else {
        return Ok(Value::Null);
    };
    // The guide's page on WHERE decodes `80` to a number.
    Ok(match json::read(&text, surroundings.version) {
        Some(value @ (Value::Array(_) | Value::Object(_) | Value::Int(_) | Value::Decimal(_))) => value,
        _ => Value::String(text),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::trial::{Trial, check};
    use super::*;

    #[test]
    fn values_are_encoded_as_their_text() {
        check(r#"encode("hello", "base64")"#, r#""aGVsbG8=""#);
        check(r#"encode("", "base64")"#, r#""""#);
        check(r#"encode(12, "base64")"#, r#""MTI=""#);
        check(r#"encode({"a":1}, "base64")"#, r#""eyJhIjoxfQ==""#);
        check(r#"encode("€", "base64")"#, r#""4oKs""#);
        check(r#"encode(null, "base64")"#, "undefined");
        check(r#"encode(undefined, "base64")"#, "undefined");
        check(r#"encode("a", "hex")"#, "undefined");
        check(r#"encode("a", null)"#, "undefined");
        check(r#"encode("a")"#, "undefined");
    }

    #[test]
    fn decoded_documents_can_be_looked_into_and_other_text_is_text() {
        check(r#"decode("eyAidGVtcGVyYXR1cmUiOiAzMyB9Cg==", "base64")"#, r#"{"temperature":33}"#);
        check(r#"decode("WzEsMl0=", "base64")"#, "[1,2]");
        check(r#"decode("aGVsbG8=", "base64")"#, r#""hello""#);
        check(r#"decode("aGVsbG8", "base64")"#, r#""hello""#);
        check(r#"decode("MTI=", "base64")"#, "12");
        check(r#"decode("bnVsbA==", "base64")"#, r#""null""#);
        check(r#"decode("", "base64")"#, r#""""#);
        check(r#"decode("a b", "base64")"#, "null");
        check(r#"decode("%%%", "base64")"#, "null");
        check(r#"decode("/w==", "base64")"#, "null");
        check(r#"decode(null, "base64")"#, "undefined");
        check(r#"decode(undefined, "base64")"#, "undefined");
        check(r#"decode("aGVsbG8=", "hex")"#, "undefined");
        check(r#"decode("aGVsbG8=", "base64", "x")"#, "undefined");
        check(r#"decode("aGVsbG8=", "proto")"#, "undefined");
    }

    #[test]
    fn a_star_means_the_payload_s_own_bytes() {
        let trial = |payload| Trial { payload, whole: true, ..Trial::default() };
        let check =
            |payload, call, expected: &str| assert_eq!(trial(payload).run(call).0.as_deref(), Ok(expected));
        check(b"\x00\xff\x10", r#"encode(undefined, "base64")"#, r#""AP8Q""#);
        check(b"{ \"a\" : 1 }", r#"encode({"a":1}, "base64")"#, r#""eyAiYSIgOiAxIH0=""#);
        check(b"", r#"encode(undefined, "base64")"#, r#""""#);
        check(b"eyJhIjoxfQ==", r#"decode(undefined, "base64")"#, r#"{"a":1}"#);
        check(b"\xff", r#"decode(undefined, "base64")"#, "null");
        check(b"abc", r#"encode(undefined, "hex")"#, "undefined");
    }

    #[test]
    fn protobuf_is_refused_by_name() {
        let (result, _) =
            Trial::default().run(r#"decode("CAE=", "proto", "bucket", "key", "file.proto", "Message")"#);
        assert!(matches!(&result, Err(Stop::Failed(reason)) if reason.contains("'proto'")), "{result:?}");
    }

    #[test]
    fn what_is_too_large_when_encoded_stops() {
        let (result, _) = Trial::default().call("encode", &[string("a".repeat(120_000)), string("base64")]);
        assert!(matches!(result, Err(Stop::Limit(_))), "{result:?}");
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_itself(text in ".*") {
            let (encoded, _) = Trial::default().call("encode", &[string(&*text), string("base64")]);
            let (decoded, _) = Trial::default().call("decode", &[encoded.expect("short"), string("base64")]);
            let expected = match json::read(&text, crate::version::Version::V2016) {
                Some(value @ (Value::Array(_) | Value::Object(_) | Value::Int(_) | Value::Decimal(_))) => value,
                _ => Value::String(text),
            };
            prop_assert_eq!(decoded, Ok(expected));
        }

        #[test]
        fn any_text_decodes_to_something(text in ".*") {
            let (decoded, _) = Trial::default().call("decode", &[string(text), string("base64")]);
            prop_assert!(matches!(decoded, Ok(Value::Null | Value::String(_) | Value::Array(_) | Value::Object(_))));
        }
    }
}
