//! What was decided in, the messages that AWS publishes about it out: topic and payload. Publishes nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::Scope;
use crate::event_details::Details;

/// What events can be about, in AWS's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EventKind {
    Thing,
    ThingGroup,
    ThingType,
    ThingGroupMembership,
    ThingGroupHierarchy,
    ThingTypeAssociation,
    Job,
    JobExecution,
    Policy,
    Certificate,
    CaCertificate,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "\"{0}\" is no kind of event: give one of THING, THING_GROUP, THING_TYPE, THING_GROUP_MEMBERSHIP, THING_GROUP_HIERARCHY, THING_TYPE_ASSOCIATION, JOB, JOB_EXECUTION, POLICY, CERTIFICATE, CA_CERTIFICATE"
)]
pub struct UnknownEventKind(pub String);

impl EventKind {
    pub const ALL: [Self; 11] = [
        Self::Thing,
        Self::ThingGroup,
        Self::ThingType,
        Self::ThingGroupMembership,
        Self::ThingGroupHierarchy,
        Self::ThingTypeAssociation,
        Self::Job,
        Self::JobExecution,
        Self::Policy,
        Self::Certificate,
        Self::CaCertificate,
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Thing => "THING",
            Self::ThingGroup => "THING_GROUP",
            Self::ThingType => "THING_TYPE",
            Self::ThingGroupMembership => "THING_GROUP_MEMBERSHIP",
            Self::ThingGroupHierarchy => "THING_GROUP_HIERARCHY",
            Self::ThingTypeAssociation => "THING_TYPE_ASSOCIATION",
            Self::Job => "JOB",
            Self::JobExecution => "JOB_EXECUTION",
            Self::Policy => "POLICY",
            Self::Certificate => "CERTIFICATE",
            Self::CaCertificate => "CA_CERTIFICATE",
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for EventKind {
    type Err = UnknownEventKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        known.ok_or_else(|| UnknownEventKind(text.chars().take(40).collect()))
    }
}

/// Which events a scope publishes; also the form in which it is stored. What is not named is off.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EventConfigurations {
    pub enabled: BTreeMap<EventKind, bool>,
    pub created_ms: u64,
    pub modified_ms: u64,
    /// Revision of the stored document; 0 if it is not stored yet.
    #[serde(skip)]
    pub(crate) revision: u64,
}

impl EventConfigurations {
    #[must_use]
    pub fn is_enabled(&self, kind: EventKind) -> bool {
        self.enabled.get(&kind).copied().unwrap_or(false)
    }
}

/// A message to publish once the change is committed.
#[derive(Debug, Clone, PartialEq)]
pub struct RegistryEvent {
    pub scope: Arc<Scope>,
    pub kind: EventKind,
    pub topic: String,
    pub(crate) operation: &'static str,
    pub(crate) details: Details,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Payload<'a> {
    event_type: String,
    event_id: &'a str,
    timestamp: u64,
    operation: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<&'a str>,
    #[serde(flatten)]
    details: &'a Details,
}

impl RegistryEvent {
    /// The message's text. `event_id` looks like a UUID.
    #[must_use]
    pub fn payload(&self, event_id: &str, timestamp_ms: u64) -> Vec<u8> {
        if let Details::Registration(registration) = &self.details {
            return text(&registration.at(timestamp_ms));
        }
        let names_account = self.kind != EventKind::ThingTypeAssociation;
        let payload = Payload {
            event_type: format!("{}_EVENT", self.kind),
            event_id,
            timestamp: timestamp_ms,
            operation: self.operation,
            account_id: names_account.then(|| self.scope.account()),
            details: &self.details,
        };
        text(&payload)
    }
}

fn text(payload: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(payload).expect("texts, numbers and maps with text keys always have a JSON form")
}
