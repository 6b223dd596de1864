//! A secret's name in, the call for it out; the reply in, the secret out. Shows none.

use serde_json::{Value as Json, json};

use super::{Call, JSON_1_1, Outside, by_target};
use crate::value::{Blob, Secret, Value as _};

/// A secret's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretValue {
    Text(Secret),
    Bytes(Secret),
}

/// Secrets Manager `GetSecretValue`; the stage is `AWSCURRENT` unless another one or a version is given.
#[must_use]
pub fn get_secret_value(secret: &str, version: Option<&str>, stage: Option<&str>) -> Call {
    let mut body = json!({ "SecretId": secret });
    for (name, value) in [("VersionId", version), ("VersionStage", stage)] {
        if let (Some(value), Json::Object(body)) = (value, &mut body) {
            body.insert(name.to_owned(), Json::from(value));
        }
    }
    by_target(Outside::SecretsManager, "GetSecretValue", "secretsmanager.GetSecretValue", JSON_1_1, &body)
}

/// The secret in a reply; bytes are base64.
#[must_use]
pub fn value(body: &[u8]) -> Option<SecretValue> {
    let mut reply: Json = serde_json::from_slice(body).ok()?;
    let mut take = |name: &str| match reply.get_mut(name).map(Json::take) {
        Some(Json::String(text)) => Some(text),
        _ => None,
    };
    if let Some(text) = take("SecretString") {
        return Some(SecretValue::Text(Secret(text)));
    }
    let text = take("SecretBinary")?;
    Blob::read(Json::from(text.as_str())).ok()?;
    Some(SecretValue::Bytes(Secret(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_asked_for_and_read_but_not_shown() {
        let call = get_secret_value("s", None, Some("AWSPREVIOUS"));
        let body: Json = serde_json::from_slice(&call.body).unwrap();
        assert_eq!(body, json!({ "SecretId": "s", "VersionStage": "AWSPREVIOUS" }));
        let found = value(br#"{"Name":"s","SecretString":"hunter2"}"#).unwrap();
        assert_eq!(found, SecretValue::Text(Secret("hunter2".into())));
        assert!(!format!("{found:?}").contains("hunter2"));
        assert_eq!(value(br#"{"SecretBinary":"AA=="}"#), Some(SecretValue::Bytes(Secret("AA==".into()))));
        assert_eq!(value(br#"{"SecretBinary":"%"}"#), None);
        assert_eq!(value(b"{}"), None);
    }
}
