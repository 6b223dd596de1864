//! Functions of the message and the moment: what was handed in comes out. Nothing is looked up.

use crate::call::{Stop, Surroundings};
use crate::chance::TraceId;
use crate::convert;
use crate::decimal::Decimal;
use crate::function::Function;
use crate::functions::{encoding, string};
use crate::input::Input;
use crate::value::{Object, Value};
use crate::version::Version::{V2015, V2016};

pub(super) static TABLE: &[Function] = &[
    Function::full("accountid", V2015, (0, 0), |_, surroundings| Ok(string(surroundings.input.account))),
    Function::full("clientid", V2015, (0, 0), |_, surroundings| {
        Ok(string(surroundings.input.client_id.unwrap_or("n/a")))
    }),
    Function::full("get_mqtt_property", V2016, (1, 1), mqtt_property),
    Function::full("get_user_properties", V2016, (0, 1), user_properties),
    Function::full("newuuid", V2015, (0, 0), |_, surroundings| Ok(string(uuid(surroundings)))),
    Function::full("principal", V2015, (0, 0), |_, surroundings| Ok(maybe(surroundings.input.principal))),
    Function::full("rand", V2015, (0, 0), rand),
    Function::full("sourceip", V2016, (0, 0), |_, surroundings| Ok(maybe(surroundings.input.source_ip))),
    Function::full("sql_version", V2015, (0, 0), |_, surroundings| Ok(string(surroundings.version.name()))),
    Function::full("timestamp", V2015, (0, 0), |_, surroundings| {
        Ok(Value::Int(i128::from(surroundings.input.now_ms)))
    }),
    Function::full("topic", V2015, (0, 1), topic),
    Function::full("traceid", V2015, (0, 0), |_, surroundings| {
        let Input { client_id, seed, .. } = surroundings.input;
        Ok(client_id.map_or(Value::Undefined, |_| Value::String(TraceId::of(*seed).to_string())))
    }),
];

fn maybe(text: Option<&str>) -> Value {
    text.map_or(Value::Undefined, string)
}

/// Segments count from 1.
fn topic(arguments: &[Value], surroundings: &mut Surroundings<'_>) -> Result<Value, Stop> {
    let topic = surroundings.input.topic;
    let Some(argument) = arguments.first() else { return Ok(string(topic)) };
    let before = convert::int(argument).and_then(|segment| usize::try_from(segment - 1).ok());
    Ok(maybe(before.and_then(|before| topic.split('/').nth(before))))
}

fn mqtt_property(arguments: &[Value], surroundings: &mut Surroundings<'_>) -> Result<Value, Stop> {
    let (Some(Value::String(name)), Some(properties)) = (arguments.first(), surroundings.input.properties)
    else {
        return Ok(Value::Undefined);
    };
    Ok(match name.as_str() {
        "content_type" => maybe(properties.content_type.as_deref()),
        "response_topic" => maybe(properties.response_topic.as_deref()),
        "correlation_data" => {
            let data = properties.correlation_data.as_ref();
            data.map_or(Value::Undefined, |data| string(encoding::base64(data)))
        }
        "format_indicator" => match properties.payload_format {
            Some(1) => string("UTF8_DATA"),
            _ => string("UNSPECIFIED_BYTES"),
        },
        _ => Value::Undefined,
    })
}

fn user_properties(arguments: &[Value], surroundings: &mut Surroundings<'_>) -> Result<Value, Stop> {
    let Some(properties) = surroundings.input.properties else { return Ok(Value::Undefined) };
    let Some(key) = arguments.first() else {
        let pair = |(name, value): &(String, String)| {
            let mut pair = Object::default();
            pair.set(name, Value::String(value.clone()));
            Value::Object(pair)
        };
        return Ok(Value::Array(properties.user.iter().map(pair).collect()));
    };
    let Some(key) = convert::text(key) else { return Ok(Value::Undefined) };
    let with_key = properties.user.iter().filter(|(name, _)| *name == key);
    let values: Vec<Value> = with_key.map(|(_, value)| Value::String(value.clone())).collect();
    Ok(if values.is_empty() { Value::Undefined } else { Value::Array(values) })
}

/// From 0 to below 1, with the 53 bits that a double keeps.
fn rand(_: &[Value], surroundings: &mut Surroundings<'_>) -> Result<Value, Stop> {
    let double = (surroundings.draw() >> 11) as f64 / (1u64 << 53) as f64;
    Ok(Decimal::from_f64(double).map_or(Value::Undefined, Value::Decimal))
}

/// Version 4, variant 1.
fn uuid(surroundings: &mut Surroundings<'_>) -> String {
    let high = surroundings.draw() & !0xF000 | 0x4000;
    let low = surroundings.draw() & (u64::MAX >> 2) | (1 << 63);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xFFFF,
        high & 0xFFFF,
        low >> 48,
        low & 0xFFFF_FFFF_FFFF
    )
}

#[cfg(test)]
mod tests {
    use message::Properties;

    use super::super::trial::{Trial, check};
    use super::*;
    use crate::version::Version;

    #[test]
    fn the_message_and_the_moment_are_told() {
        check("accountid()", r#""012345678901""#);
        check("clientid()", r#""sensor-1""#);
        check("principal()", r#""ba67293af50bf2506f5f93469686da660c7c844e7b3950bfb16813e0d31e9373""#);
        check("sourceip()", r#""192.0.2.7""#);
        check("traceid()", r#""bd7a8013-8497-4178-8f90-cc82767af010""#);
        check("timestamp()", "1481825251155");
        for version in [Version::V2015, Version::V2016, Version::Beta] {
            let (value, _) = Trial { version, ..Trial::default() }.call("sql_version", &[]);
            assert_eq!(value, Ok(string(version.name())));
        }
        for name in [
            "accountid",
            "clientid",
            "principal",
            "sourceip",
            "traceid",
            "timestamp",
            "sql_version",
            "rand",
            "newuuid",
        ] {
            check(&format!("{name}(1)"), "undefined");
        }
    }

    #[test]
    fn without_mqtt_the_client_is_n_a_and_the_rest_is_undefined() {
        let trial = Trial { on_mqtt: false, ..Trial::default() };
        let check = |call, expected: &str| assert_eq!(trial.run(call).0.as_deref(), Ok(expected), "{call}");
        check("clientid()", r#""n/a""#);
        check("principal()", "undefined");
        check("sourceip()", "undefined");
        check("traceid()", "undefined");
        check("get_mqtt_property(\"content_type\")", "undefined");
        check("get_user_properties()", "undefined");
        check("get_user_properties(\"a\")", "undefined");
    }

    #[test]
    fn segments_of_the_topic_count_from_one() {
        check("topic()", r#""things/myThings/thingOne""#);
        check("topic(1)", r#""things""#);
        check("topic(3)", r#""thingOne""#);
        check(r#"topic("2")"#, r#""myThings""#);
        check("topic(1.0)", r#""things""#);
        for argument in ["0", "-1", "4", "1E300", "true", r#""x""#, "[1]", "null", "undefined", "1, 2"] {
            check(&format!("topic({argument})"), "undefined");
        }
    }

    fn on_mqtt5() -> Trial {
        let user = [("key1", "a"), ("key2", "b"), ("key1", "c")];
        let properties = Properties {
            payload_format: Some(1),
            content_type: Some("application/json".to_owned()),
            correlation_data: Some(vec![0, 255, 16].into()),
            user: user.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            ..Properties::default()
        };
        Trial { properties: Some(properties), ..Trial::default() }
    }

    #[test]
    fn properties_of_mqtt_5_are_got_by_name() {
        let check =
            |call, expected: &str| assert_eq!(on_mqtt5().run(call).0.as_deref(), Ok(expected), "{call}");
        check(r#"get_mqtt_property("content_type")"#, r#""application/json""#);
        check(r#"get_mqtt_property("response_topic")"#, "undefined");
        check(r#"get_mqtt_property("correlation_data")"#, r#""AP8Q""#);
        check(r#"get_mqtt_property("format_indicator")"#, r#""UTF8_DATA""#);
        check(r#"get_mqtt_property("message_expiry")"#, "undefined");
        check("get_mqtt_property(5)", "undefined");
        check("get_mqtt_property(null)", "undefined");
        check("get_user_properties()", r#"[{"key1":"a"},{"key2":"b"},{"key1":"c"}]"#);
        check(r#"get_user_properties("key1")"#, r#"["a","c"]"#);
        check(r#"get_user_properties("key2")"#, r#"["b"]"#);
        check(r#"get_user_properties("key3")"#, "undefined");
        check("get_user_properties(null)", "undefined");
        let plain = Trial { properties: Some(Properties::default()), ..Trial::default() };
        let (format, _) = plain.run(r#"get_mqtt_property("format_indicator")"#);
        assert_eq!(format.as_deref(), Ok(r#""UNSPECIFIED_BYTES""#));
        assert_eq!(plain.run("get_user_properties()").0.as_deref(), Ok("[]"));
    }

    #[test]
    fn chance_comes_from_the_seed_alone() {
        let draw = |name: &str, seed| {
            let (value, _) = Trial { seed, version: Version::V2015, ..Trial::default() }.call(name, &[]);
            value.expect("a value")
        };
        for name in ["rand", "newuuid"] {
            assert_eq!(draw(name, 1), draw(name, 1));
            assert_ne!(draw(name, 1), draw(name, 2));
        }
        for seed in 0..2000 {
            let Value::Decimal(rand) = draw("rand", seed) else { panic!("no decimal") };
            assert!(rand.to_f64().is_some_and(|double| (0.0..1.0).contains(&double)), "{rand}");
            let Value::String(uuid) = draw("newuuid", seed) else { panic!("no text") };
            let parts: Vec<&str> = uuid.split('-').collect();
            assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [8, 4, 4, 4, 12], "{uuid}");
            assert!(
                uuid.bytes().all(|byte| byte == b'-' || matches!(byte, b'0'..=b'9' | b'a'..=b'f')),
                "{uuid}"
            );
            assert!(
                uuid.get(14..15) == Some("4") && uuid.get(19..20).is_some_and(|v| "89ab".contains(v)),
                "{uuid}"
            );
        }
    }

    #[test]
    fn splitmix64_draws_what_its_author_publishes() {
        // 6457827717110365317 and 3203168211198807973, but for the bits of version and variant.
        let (uuid, _) = Trial { seed: 1_234_567, ..Trial::default() }.call("newuuid", &[]);
        assert_eq!(uuid, Ok(string("599ed017-fb08-4c85-ac73-f08458540fa5")));
    }
}
