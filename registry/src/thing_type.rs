//! A thing type and the rules for what it says. Knows nothing of what is stored.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::thing::{self, fits};
use crate::{RegistryError, Tags, limits};

/// What things of one kind have in common; also the form in which it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThingType {
    #[serde(skip)]
    pub name: Arc<str>,
    /// Looks like a UUID.
    pub id: String,
    pub properties: ThingTypeProperties,
    pub created_ms: u64,
    /// Since when no thing may be given this type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprecated_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    /// Revision of the stored document; 0 if it is not stored yet.
    #[serde(skip)]
    pub(crate) revision: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ThingTypeProperties {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub searchable_attributes: Vec<String>,
    /// What is added to the messages of its things as MQTT 5 user properties.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub propagating_attributes: Vec<PropagatingAttribute>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PropagatingAttribute {
    pub user_property: String,
    pub from: PropagatedFrom,
}

/// Where a user property's value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PropagatedFrom {
    ThingAttribute(String),
    /// Such as `iot:ClientId`.
    ConnectionAttribute(String),
}

pub(crate) fn check_properties(properties: &ThingTypeProperties) -> Result<(), RegistryError> {
    check_description(properties.description.as_deref())?;
    let searchable = &properties.searchable_attributes;
    if searchable.len() > limits::SEARCHABLE_ATTRIBUTES {
        return Err(RegistryError::SearchableAttributes(searchable.len()));
    }
    for name in searchable {
        thing::check_attribute_name(name)?;
    }
    let propagating = &properties.propagating_attributes;
    if propagating.len() > limits::PROPAGATING_ATTRIBUTES {
        return Err(RegistryError::PropagatingAttributes(propagating.len()));
    }
    for attribute in propagating {
        if !is_property(&attribute.user_property, ":$.") {
            return Err(RegistryError::UserProperty(clipped(&attribute.user_property)));
        }
        match &attribute.from {
            PropagatedFrom::ThingAttribute(name) => thing::check_attribute_name(name)?,
            PropagatedFrom::ConnectionAttribute(name) if is_property(name, ":.") => {}
            PropagatedFrom::ConnectionAttribute(name) => {
                return Err(RegistryError::ConnectionAttribute(clipped(name)));
            }
        }
    }
    Ok(())
}

pub(crate) fn check_description(text: Option<&str>) -> Result<(), RegistryError> {
    let Some(text) = text else { return Ok(()) };
    let count = text.chars().count();
    if count > limits::DESCRIPTION_CHARS {
        return Err(RegistryError::DescriptionTooLong(count));
    }
    match text.chars().find(|c| c.is_control() || (c.is_whitespace() && *c != ' ')) {
        Some(found) => Err(RegistryError::DescriptionCharacter(found)),
        None => Ok(()),
    }
}

fn is_property(name: &str, marks: &str) -> bool {
    !name.is_empty() && fits(name, limits::PROPERTY_CHARS, marks)
}

pub(crate) fn clipped(text: &str) -> String {
    text.chars().take(80).collect()
}
