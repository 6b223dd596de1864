//! A static thing group. Knows nothing of its members, which things name themselves.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Attributes, Tags};

/// A place in a tree of groups; also the form in which it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    #[serde(skip)]
    pub name: Arc<str>,
    /// Looks like a UUID.
    pub id: String,
    /// Starts at 1 and counts changes.
    pub version: u64,
    /// Never changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Arc<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
    pub created_ms: u64,
    /// The policies attached to it, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<Arc<str>>,
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    /// Revision of the stored document; 0 if it is not stored yet.
    #[serde(skip)]
    pub(crate) revision: u64,
}

/// What is asked for when a group is created.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewGroup {
    pub name: String,
    pub parent: Option<String>,
    pub description: Option<String>,
    pub attributes: BTreeMap<String, String>,
    pub tags: Tags,
    /// Becomes the group's id.
    pub random: [u8; 16],
}

/// What is asked for when a group is changed. What is absent stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupUpdate {
    pub description: Option<String>,
    pub attributes: Option<BTreeMap<String, String>>,
    /// Keep the attributes that are not named; an empty value always removes one.
    pub merge: bool,
    pub expected_version: Option<u64>,
}
