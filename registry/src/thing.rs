//! A thing and the rules for its name and attributes. Knows nothing of what is stored.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Attributes, limits};

/// A device as the registry knows it; also the form in which it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thing {
    #[serde(skip)]
    pub name: Arc<str>,
    /// Looks like a UUID; never changes and is never used again.
    pub id: String,
    /// Starts at 1 and counts changes.
    pub version: u64,
    pub attributes: Attributes,
    pub created_ms: u64,
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub thing_type: Option<Arc<str>>,
    /// The static groups it is a direct member of, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Arc<str>>,
    /// Revision of the stored document; 0 if it is not stored yet.
    #[serde(skip)]
    pub(crate) revision: u64,
}

/// Which rule a thing breaks.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ThingError {
    #[error("a thing needs a name: give 1 to {max} letters, digits, `:`, `_` or `-`", max = limits::THING_NAME_CHARS)]
    NoName,
    #[error("a thing's name may have {max} characters, and this one has {0}: shorten it", max = limits::THING_NAME_CHARS)]
    NameTooLong(usize),
    #[error(
        "a thing's name may have letters, digits, `:`, `_` and `-`, and \"{name}\" has {found:?}: replace it"
    )]
    NameCharacter { name: String, found: char },
    #[error(
        "a thing without a type may have {max} attributes, and this one has {0}: leave some out, or give it a type",
        max = limits::ATTRIBUTES
    )]
    TooManyAttributes(usize),
    #[error(
        "there may be {max} attributes, and here are {0}: leave some out",
        max = limits::ATTRIBUTES_WITH_TYPE
    )]
    TooManyAttributesWithType(usize),
    #[error(
        "all attributes together may have {max} bytes, and these have {0}: shorten the values",
        max = limits::ATTRIBUTES_BYTES
    )]
    AttributesTooLong(usize),
    #[error(
        "\"{0}\" is no attribute name: give 1 to {max} letters, digits or `_ . , @ / : # -`",
        max = limits::ATTRIBUTE_NAME_CHARS
    )]
    AttributeName(String),
    #[error(
        "the value of attribute \"{name}\" is not allowed: give at most {max} letters, digits or \
         `_ . , @ / : # = [ ] -`",
        max = limits::ATTRIBUTE_VALUE_CHARS
    )]
    AttributeValue { name: String },
}

pub(crate) fn check_name(name: &str) -> Result<(), ThingError> {
    if name.is_empty() {
        return Err(ThingError::NoName);
    }
    let chars = name.chars().count();
    if chars > limits::THING_NAME_CHARS {
        return Err(ThingError::NameTooLong(chars));
    }
    match name.chars().find(|c| !(c.is_ascii_alphanumeric() || ":_-".contains(*c))) {
        Some(found) => Err(ThingError::NameCharacter { name: name.to_owned(), found }),
        None => Ok(()),
    }
}

/// What a type gives room for; a group has as much room as a thing with a type.
pub(crate) fn check_attributes(
    attributes: &BTreeMap<String, String>,
    has_type: bool,
) -> Result<(), ThingError> {
    let count = attributes.len();
    if has_type && count > limits::ATTRIBUTES_WITH_TYPE {
        return Err(ThingError::TooManyAttributesWithType(count));
    }
    if !has_type && count > limits::ATTRIBUTES {
        return Err(ThingError::TooManyAttributes(count));
    }
    let bytes: usize = attributes.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > limits::ATTRIBUTES_BYTES {
        return Err(ThingError::AttributesTooLong(bytes));
    }
    for (name, value) in attributes {
        check_attribute_name(name)?;
        if !fits(value, limits::ATTRIBUTE_VALUE_CHARS, "_.,@/:#=[]-") {
            return Err(ThingError::AttributeValue { name: name.clone() });
        }
    }
    Ok(())
}

pub(crate) fn check_attribute_name(name: &str) -> Result<(), ThingError> {
    if name.is_empty() || !fits(name, limits::ATTRIBUTE_NAME_CHARS, "_.,@/:#-") {
        return Err(ThingError::AttributeName(name.chars().take(limits::ATTRIBUTE_NAME_CHARS).collect()));
    }
    Ok(())
}

/// Letters, digits and the marks.
pub(crate) fn fits(text: &str, max: usize, marks: &str) -> bool {
    text.len() <= max && text.chars().all(|c| c.is_ascii_alphanumeric() || marks.contains(c))
}

/// Sixteen random bytes as a UUID of version 4.
pub(crate) fn id_from(random: [u8; 16]) -> String {
    let number = (u128::from_be_bytes(random) & !(0xf << 76) & !(0b11 << 62)) | (4 << 76) | (0b10 << 62);
    let hex = format!("{number:032x}");
    let mut id = String::with_capacity(36);
    for (index, digit) in hex.chars().enumerate() {
        if matches!(index, 8 | 12 | 16 | 20) {
            id.push('-');
        }
        id.push(digit);
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rules_of_aws() {
        let check = |name: &str, expected: Result<(), &str>| {
            let got = check_name(name).map_err(|error| error.to_string());
            match (got, expected) {
                (Ok(()), Ok(())) => {}
                (Err(text), Err(part)) => assert!(text.contains(part), "{name}: {text}"),
                (got, _) => panic!("{name}: {got:?}"),
            }
        };
        check("pump-1", Ok(()));
        check("A:b_c-9", Ok(()));
        check(&"a".repeat(128), Ok(()));
        check(&"a".repeat(129), Err("has 129"));
        check("", Err("needs a name"));
        check("pump 1", Err("' '"));
        check("pump/1", Err("'/'"));
        check("../pump", Err("'.'"));
        check("pümp", Err("'ü'"));
        check("pump\n", Err("'\\n'"));
        check("pump+", Err("'+'"));
    }

    #[test]
    fn attributes_follow_the_rules_of_aws() {
        let check = |pairs: &[(&str, &str)], expected: bool| {
            let attributes = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            assert_eq!(check_attributes(&attributes, false).is_ok(), expected, "{pairs:?}");
        };
        check(&[], true);
        check(&[("model", "BME680"), ("room", "a.1,b@c/d:e#f=[g]-"), ("empty", "")], true);
        check(&[("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")], false);
        check(&[("", "x")], false);
        check(&[("a b", "x")], false);
        check(&[("a=", "x")], false);
        check(&[("a", "x y")], false);
        check(&[(&"a".repeat(128), &"v".repeat(800))], true);
        check(&[(&"a".repeat(129), "v")], false);
        check(&[("a", &"v".repeat(801))], false);
    }

    #[test]
    fn ids_look_like_uuids() {
        assert_eq!(id_from([0; 16]), "00000000-0000-4000-8000-000000000000");
        assert_eq!(id_from([0xff; 16]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }
}
