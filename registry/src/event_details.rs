//! Records in, events about them out. Does not know which events are wanted.

use std::sync::Arc;

use aws_lc_rs::digest;
use serde::Serialize;

use crate::events::{EventKind, RegistryEvent};
use crate::view::View;
use crate::{Attributes, CertificateId, CertificateStatus, Group, Scope, Thing, ThingType, thing};

/// What an event says besides what all of them say.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Details {
    #[serde(rename_all = "camelCase")]
    Thing {
        thing_id: String,
        thing_name: Arc<str>,
        version_number: u64,
        thing_type_name: Option<Arc<str>>,
        attributes: Attributes,
    },
    #[serde(rename_all = "camelCase")]
    ThingType {
        thing_type_id: String,
        thing_type_name: Arc<str>,
        is_deprecated: bool,
        deprecation_date: Option<u64>,
        searchable_attributes: Vec<String>,
        description: Option<String>,
    },
    #[serde(rename_all = "camelCase")]
    Association {
        thing_id: String,
        thing_name: Arc<str>,
        thing_type_name: Arc<str>,
    },
    #[serde(rename_all = "camelCase")]
    Group {
        thing_group_id: String,
        thing_group_name: Arc<str>,
        version_number: u64,
        parent_group_name: Option<Arc<str>>,
        parent_group_id: Option<String>,
        description: Option<String>,
        root_to_parent_thing_groups: Vec<Ancestor>,
        attributes: Attributes,
        dynamic_group_mapping_id: Option<String>,
    },
    #[serde(rename_all = "camelCase")]
    Membership {
        group_arn: String,
        group_id: String,
        thing_arn: String,
        thing_id: String,
        membership_id: String,
    },
    #[serde(rename_all = "camelCase")]
    Hierarchy {
        thing_group_id: String,
        thing_group_name: Arc<str>,
        child_group_id: String,
        child_group_name: Arc<str>,
    },
    Registration(Registration),
}

/// A certificate that was registered when it first connected. Its message has a form of its own.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Registration {
    certificate_id: CertificateId,
    ca_certificate_id: CertificateId,
    timestamp: u64,
    certificate_status: CertificateStatus,
    aws_account_id: String,
    certificate_registration_timestamp: String,
}

impl Registration {
    /// As it is told at this time.
    pub(crate) fn at(&self, timestamp: u64) -> Self {
        Self { timestamp, ..self.clone() }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Ancestor {
    group_arn: String,
    group_id: String,
}

/// What became of a resource.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Turn {
    Created,
    Updated,
    Deleted,
    Added,
    Removed,
}

impl Turn {
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Created => ("CREATED", "created"),
            Self::Updated => ("UPDATED", "updated"),
            Self::Deleted => ("DELETED", "deleted"),
            Self::Added => ("ADDED", "added"),
            Self::Removed => ("REMOVED", "removed"),
        }
    }
}

fn event(scope: &Arc<Scope>, kind: EventKind, about: &str, turn: Turn, details: Details) -> RegistryEvent {
    let (operation, last) = turn.words();
    let topic = format!("$aws/events/{about}/{last}");
    RegistryEvent { scope: scope.clone(), kind, topic, operation, details }
}

pub(crate) fn of_thing(scope: &Arc<Scope>, thing: &Thing, turn: Turn) -> RegistryEvent {
    let details = Details::Thing {
        thing_id: thing.id.clone(),
        thing_name: thing.name.clone(),
        version_number: thing.version,
        thing_type_name: thing.thing_type.clone(),
        attributes: thing.attributes.clone(),
    };
    event(scope, EventKind::Thing, &format!("thing/{}", thing.name), turn, details)
}

pub(crate) fn of_type(scope: &Arc<Scope>, kind: &ThingType, turn: Turn) -> RegistryEvent {
    let details = Details::ThingType {
        thing_type_id: kind.id.clone(),
        thing_type_name: kind.name.clone(),
        is_deprecated: kind.deprecated_ms.is_some(),
        deprecation_date: kind.deprecated_ms,
        searchable_attributes: kind.properties.searchable_attributes.clone(),
        description: kind.properties.description.clone(),
    };
    event(scope, EventKind::ThingType, &format!("thingType/{}", kind.name), turn, details)
}

pub(crate) fn of_association(
    scope: &Arc<Scope>,
    thing: &Thing,
    kind: &Arc<str>,
    turn: Turn,
) -> RegistryEvent {
    let about = format!("thingTypeAssociation/thing/{}/thingType/{kind}", thing.name);
    let details = Details::Association {
        thing_id: thing.id.clone(),
        thing_name: thing.name.clone(),
        thing_type_name: kind.clone(),
    };
    event(scope, EventKind::ThingTypeAssociation, &about, turn, details)
}

pub(crate) fn of_group(scope: &Arc<Scope>, view: View<'_>, group: &Group, turn: Turn) -> RegistryEvent {
    let parent = group.parent.as_deref();
    let mut ancestors: Vec<Ancestor> = parent
        .into_iter()
        .flat_map(|name| view.lineage(name))
        .map(|above| Ancestor {
            group_arn: scope.arn(&format!("thinggroup/{}", above.name)),
            group_id: above.id.clone(),
        })
        .collect();
    ancestors.reverse();
    let details = Details::Group {
        thing_group_id: group.id.clone(),
        thing_group_name: group.name.clone(),
        version_number: group.version,
        parent_group_name: group.parent.clone(),
        parent_group_id: parent.and_then(|name| view.group(name)).map(|above| above.id.clone()),
        description: group.description.clone(),
        root_to_parent_thing_groups: ancestors,
        attributes: group.attributes.clone(),
        dynamic_group_mapping_id: None,
    };
    event(scope, EventKind::ThingGroup, &format!("thingGroup/{}", group.name), turn, details)
}

pub(crate) fn of_membership(scope: &Arc<Scope>, group: &Group, thing: &Thing, turn: Turn) -> RegistryEvent {
    let about = format!("thingGroupMembership/thingGroup/{}/thing/{}", group.name, thing.name);
    let details = Details::Membership {
        group_arn: scope.arn(&format!("thinggroup/{}", group.name)),
        group_id: group.id.clone(),
        thing_arn: scope.arn(&format!("thing/{}", thing.name)),
        thing_id: thing.id.clone(),
        membership_id: membership_id(group, thing),
    };
    event(scope, EventKind::ThingGroupMembership, &about, turn, details)
}

/// The same for the same pair, so that an end can be told from its beginning.
fn membership_id(group: &Group, thing: &Thing) -> String {
    let hash = digest::digest(&digest::SHA256, format!("{}/{}", group.id, thing.id).as_bytes());
    let mut half = [0; 16];
    for (to, from) in half.iter_mut().zip(hash.as_ref()) {
        *to = *from;
    }
    thing::id_from(half)
}

pub(crate) fn of_hierarchy(scope: &Arc<Scope>, parent: &Group, child: &Group, turn: Turn) -> RegistryEvent {
    let about = format!("thingGroupHierarchy/thingGroup/{}/childThingGroup/{}", parent.name, child.name);
    let details = Details::Hierarchy {
        thing_group_id: parent.id.clone(),
        thing_group_name: parent.name.clone(),
        child_group_id: child.id.clone(),
        child_group_name: child.name.clone(),
    };
    event(scope, EventKind::ThingGroupHierarchy, &about, turn, details)
}

/// Always told, whatever is wanted.
pub(crate) fn of_registration(
    scope: &Arc<Scope>,
    id: CertificateId,
    ca: CertificateId,
    now_ms: u64,
) -> RegistryEvent {
    let details = Details::Registration(Registration {
        certificate_id: id,
        ca_certificate_id: ca,
        timestamp: now_ms,
        certificate_status: CertificateStatus::PendingActivation,
        aws_account_id: scope.account().to_owned(),
        certificate_registration_timestamp: now_ms.to_string(),
    });
    let topic = format!("$aws/events/certificates/registered/{ca}");
    let (kind, operation) = (EventKind::Certificate, Turn::Created.words().0);
    RegistryEvent { scope: scope.clone(), kind, topic, operation, details }
}
