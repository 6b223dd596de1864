//! Messages in, JSON and numbers of flags out; what `pub`, `sub` and `watch` have in common.

use mqtt::QoS;
use serde_json::{Value, json};

use crate::client::Received;

/// The level of a checked flag.
pub(crate) fn qos(level: u8) -> QoS {
    QoS::from_u8(level).unwrap_or(QoS::AtMostOnce)
}

/// A message as JSON: the payload as JSON if it is, else as text, else its bytes in hexadecimal digits.
pub(crate) fn as_json(message: &Received) -> Value {
    let (form, payload) = match serde_json::from_slice::<Value>(&message.payload) {
        Ok(value) => ("json", value),
        Err(_) => match std::str::from_utf8(&message.payload) {
            Ok(text) => ("text", text.into()),
            Err(_) => {
                ("hex", message.payload.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into())
            }
        },
    };
    json!({
        "topic": message.topic,
        "qos": message.qos as u8,
        "retain": message.retain,
        "form": form,
        "payload": payload,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_payload_has_a_form_in_json() {
        for (payload, form, shown) in [
            (b"{\"a\":1}".as_slice(), "json", json!({"a": 1})),
            (b"21.5", "json", json!(21.5)),
            (b"hello", "text", json!("hello")),
            (b"\xff\x00", "hex", json!("ff00")),
            (b"", "text", json!("")),
        ] {
            let message = Received {
                topic: "t".into(),
                payload: bytes::Bytes::from_static(payload),
                qos: QoS::AtMostOnce,
                retain: false,
            };
            let value = as_json(&message);
            assert_eq!((&value["form"], &value["payload"]), (&json!(form), &shown));
        }
    }
}
