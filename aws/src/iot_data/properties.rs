//! MQTT 5 properties in, as HTTP carries them in base64, plain values out, and back. Does not bound their number.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value as Json};

use crate::fault::Fault;
use crate::value::{Blob, kind};

const USER_PROPERTIES: &str = "x-amz-mqtt5-user-properties";
const CORRELATION_DATA: &str = "x-amz-mqtt5-correlation-data";

/// The pairs of `x-amz-mqtt5-user-properties`: base64 of `[{"key": "value"}, …]`, in their order.
///
/// # Errors
/// The header is not base64 of such a list.
pub fn user_properties(header: &str) -> Result<Vec<(String, String)>, Fault> {
    let json = serde_json::from_slice(&decoded(USER_PROPERTIES, header)?)
        .map_err(|error| refused(USER_PROPERTIES, &format!("must be base64 of JSON: {error}")))?;
    let Json::Array(items) = json else {
        return Err(not_a_list(kind(&json)));
    };
    let mut pairs = Vec::with_capacity(items.len());
    for item in items {
        let Json::Object(members) = item else {
            return Err(not_a_list(&format!("a list that holds {}", kind(&item))));
        };
        for (key, value) in members {
            let Json::String(value) = value else {
                return Err(not_a_list(&format!("{} as a value", kind(&value))));
            };
            pairs.push((key, value));
        }
    }
    Ok(pairs)
}

/// The bytes of `x-amz-mqtt5-correlation-data`.
///
/// # Errors
/// The header is not base64.
pub fn correlation_data(header: &str) -> Result<Vec<u8>, Fault> {
    decoded(CORRELATION_DATA, header)
}

/// User properties as `GetRetainedMessage` answers them.
#[must_use]
pub fn as_blob(pairs: &[(String, String)]) -> Blob {
    let object = |(key, value): &(String, String)| {
        Json::Object(Map::from_iter([(key.clone(), Json::String(value.clone()))]))
    };
    Blob(pairs.iter().map(object).collect::<Json>().to_string().into_bytes())
}

fn decoded(header: &str, text: &str) -> Result<Vec<u8>, Fault> {
    BASE64.decode(text).map_err(|error| refused(header, &format!("must be base64: {error}")))
}

fn not_a_list(found: &str) -> Fault {
    refused(
        USER_PROPERTIES,
        &format!("must be base64 of a list of objects with strings, `[{{\"key\":\"value\"}}]`, not {found}"),
    )
}

fn refused(header: &str, reason: &str) -> Fault {
    Fault::invalid_request(format!("`{header}` {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expected: Result<&[(&str, &str)], &str>) {
        match (user_properties(&BASE64.encode(json)), expected) {
            (Ok(pairs), Ok(expected)) => {
                let pairs: Vec<_> = pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
                assert_eq!(pairs, expected, "{json}");
            }
            (Err(fault), Err(expected)) => {
                assert_eq!(fault.code, "InvalidRequestException");
                assert!(fault.message.ends_with(expected), "{}", fault.message);
            }
            (found, _) => panic!("{json}: {found:?}"),
        }
    }

    #[test]
    fn user_properties_keep_their_order_and_their_doubles() {
        check(r#"[{"b":"1"},{"a":"2"},{"b":"é"}]"#, Ok(&[("b", "1"), ("a", "2"), ("b", "é")]));
        check("[]", Ok(&[]));
        check("[{}]", Ok(&[]));
    }

    #[test]
    fn other_json_is_refused_by_what_it_is() {
        check(r#"{"a":"1"}"#, Err("not an object"));
        check(r#"["a"]"#, Err("not a list that holds a string"));
        check(r#"[{"a":1}]"#, Err("not a number as a value"));
        check("[", Err("must be base64 of JSON: EOF while parsing a list at line 1 column 1"));
        assert!(user_properties("%").unwrap_err().message.contains("must be base64: "));
        assert!(correlation_data("a").is_err());
        assert_eq!(correlation_data("AQID").unwrap(), [1, 2, 3]);
    }

    #[test]
    fn what_is_answered_reads_back() {
        let pairs = [("a".to_owned(), "1".to_owned()), ("a".to_owned(), "\"".to_owned())];
        assert_eq!(user_properties(&BASE64.encode(as_blob(&pairs).0)).unwrap(), pairs);
    }
}
