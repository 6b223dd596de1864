//! A request's payload in, its checked parts or a rejection out; compares nothing with a stored shadow.

use crate::fields::Fields;
use crate::json::{Broken, Value, read};
use crate::limits::{Limits, READ_DEPTH, VERSION};
use crate::rejection::{Fault, Rejection};

/// An update as it was asked for.
#[derive(Debug)]
pub(crate) struct UpdateRequest {
    /// An object with at most `desired` and `reported`, or null.
    pub(crate) state: Value,
    pub(crate) version: Option<u64>,
    pub(crate) client_token: Option<String>,
}

impl UpdateRequest {
    pub(crate) fn read(payload: &[u8], limits: &Limits) -> Result<Self, Rejection> {
        let without_token = |fault| Rejection::new(fault, None);
        let members = members(payload, limits).map_err(without_token)?;
        let client_token = client_token(&members, limits).map_err(without_token)?;
        let checked = state(&members, limits).and_then(|()| version(&members));
        let version = match checked {
            Ok(version) => version,
            Err(fault) => return Err(Rejection::new(fault, client_token)),
        };
        let state = members.into_iter().find(|(name, _)| &**name == "state");
        let state = state.map_or(Value::Null, |(_, state)| state);
        Ok(Self { state, version, client_token })
    }
}

/// The token of any request, if one can be read.
pub fn client_token_of(payload: &[u8], limits: &Limits) -> Option<String> {
    read_token(payload, limits).ok().flatten()
}

/// The token of a get or a delete, whose payload may be empty.
pub(crate) fn read_token(payload: &[u8], limits: &Limits) -> Result<Option<String>, Rejection> {
    if payload.iter().all(u8::is_ascii_whitespace) && payload.len() <= limits.payload_bytes {
        return Ok(None);
    }
    let token = members(payload, limits).and_then(|members| client_token(&members, limits));
    token.map_err(|fault| Rejection::new(fault, None))
}

fn members(payload: &[u8], limits: &Limits) -> Result<Fields<Value>, Fault> {
    if payload.len() > limits.payload_bytes {
        return Err(Fault::PayloadTooLarge { bytes: payload.len(), most: limits.payload_bytes });
    }
    let text = std::str::from_utf8(payload);
    let text = text.map_err(|wrong| Fault::Encoding { valid_bytes: wrong.valid_up_to() })?;
    match read(text) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(other) => Err(Fault::InvalidJson { reason: format!("the payload is {}", other.kind()) }),
        Err(Broken::TooDeep) => Err(Fault::TooDeep { most: limits.depth.min(READ_DEPTH) }),
        Err(wrong @ Broken::At { .. }) => Err(Fault::InvalidJson { reason: wrong.to_string() }),
    }
}

fn client_token(members: &Fields<Value>, limits: &Limits) -> Result<Option<String>, Fault> {
    match members.get("clientToken") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Text(token)) if token.len() <= limits.client_token_bytes => Ok(Some(token.to_string())),
        Some(_) => Err(Fault::InvalidClientToken { most_bytes: limits.client_token_bytes }),
    }
}

fn version(members: &Fields<Value>) -> Result<Option<u64>, Fault> {
    match members.get("version") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => {
            let whole = number.whole().filter(|version| *version <= VERSION);
            whole.map(Some).ok_or(Fault::InvalidVersion)
        }
        Some(_) => Err(Fault::InvalidVersion),
    }
}

fn state(members: &Fields<Value>, limits: &Limits) -> Result<(), Fault> {
    let sections = match members.get("state") {
        None => return Err(Fault::MissingState),
        Some(Value::Null) => return Ok(()),
        Some(Value::Object(sections)) => sections,
        Some(other) => return Err(Fault::StateNotObject { kind: other.kind() }),
    };
    if let Some((node, _)) = sections.iter().find(|(name, _)| !matches!(*name, "desired" | "reported")) {
        return Err(Fault::InvalidNode { node: node.to_owned() });
    }
    for (name, section) in sections.iter() {
        match section {
            Value::Null => {}
            Value::Object(fields) => {
                // The section's own object does not count as a level.
                if section.depth() > limits.depth.saturating_add(1) {
                    return Err(Fault::TooDeep { most: limits.depth });
                }
                fields.iter().try_for_each(|(name, value)| no_null_in_arrays(name, value))?;
            }
            other if name == "desired" => return Err(Fault::DesiredNotObject { kind: other.kind() }),
            other => return Err(Fault::ReportedNotObject { kind: other.kind() }),
        }
    }
    Ok(())
}

fn no_null_in_arrays(name: &str, value: &Value) -> Result<(), Fault> {
    match value {
        Value::Object(fields) => fields.iter().try_for_each(|(name, value)| no_null_in_arrays(name, value)),
        Value::List(elements) if elements.contains(&Value::Null) => {
            Err(Fault::NullInArray { node: name.to_owned() })
        }
        Value::List(elements) => elements.iter().try_for_each(|element| no_null_in_arrays(name, element)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => Ok(()),
    }
}
