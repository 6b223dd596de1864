//! Records in, the tables and indexes of one scope out. Decides nothing and writes no document.

use std::sync::Arc;

use crate::layer::Layer;
use crate::{
    CaCertificate, CertificateId, CertificateRecord, EventConfigurations, Group, Identity, Policy, Target,
    Thing, ThingType,
};

type Name = Arc<str>;

macro_rules! shelf {
    ($($(#[$doc:meta])* $table:ident: $key:ty => $value:ty,)*) => {
        /// Everything of one scope, except the certificates' records.
        #[derive(Debug, Clone, Default)]
        pub(crate) struct Shelf {
            $($(#[$doc])* pub(crate) $table: Layer<$key, $value>,)*
        }

        impl Shelf {
            pub(crate) const fn new() -> Self {
                Self { $($table: Layer::new(),)* }
            }

            /// Takes back what was written in this step and later.
            pub(crate) fn take_back(&mut self, step: u32) {
                $(self.$table.take_back(step);)*
            }

            pub(crate) fn take_over(&mut self, top: Self) {
                $(self.$table.take_over(top.$table);)*
            }
        }
    };
}

shelf! {
    things: Name => Arc<Thing>,
    types: Name => Arc<ThingType>,
    groups: Name => Arc<Group>,
    policies: Name => Arc<Policy>,
    cas: CertificateId => Arc<CaCertificate>,
    identities: Name => Arc<Identity>,
    registration: () => Arc<RegistrationCode>,
    events: () => Arc<EventConfigurations>,
    /// By type, then thing.
    of_type: (Name, Name) => (),
    /// By attribute, value, then thing.
    with_attribute: (Name, Name, Name) => (),
    /// By group, then thing.
    members: (Name, Name) => (),
    /// By parent, empty at the top, then child.
    children: (Name, Name) => (),
    /// By thing, then certificate.
    principals: (Name, CertificateId) => (),
    /// By policy, then what it is attached to.
    targets: (Name, Target) => (),
    /// By time of creation.
    certificates: (u64, CertificateId) => (),
    /// By CA, then time of creation.
    issued: (CertificateId, u64, CertificateId) => (),
    policies_by_age: (u64, Name) => (),
    cas_by_age: (u64, CertificateId) => (),
    /// By the hash of the subject.
    cas_by_subject: (CertificateId, CertificateId) => (),
}

/// The code that proves, in a verification certificate, that a CA's owner asked for its registration.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct RegistrationCode {
    pub(crate) code: String,
    #[serde(skip)]
    pub(crate) revision: u64,
}

/// Each adds a record's entries to the indexes, or removes them.
impl Shelf {
    pub(crate) fn index_thing(&mut self, step: u32, thing: &Thing, present: bool) {
        let present = present.then_some(());
        let name = &thing.name;
        if let Some(kind) = &thing.thing_type {
            self.of_type.put(step, (kind.clone(), name.clone()), present);
        }
        for (key, value) in thing.attributes.shared() {
            self.with_attribute.put(step, (key.clone(), value.clone(), name.clone()), present);
        }
        for group in &thing.groups {
            self.members.put(step, (group.clone(), name.clone()), present);
        }
    }

    pub(crate) fn index_group(&mut self, step: u32, group: &Group, present: bool) {
        let present = present.then_some(());
        let parent = group.parent.clone().unwrap_or_default();
        self.children.put(step, (parent, group.name.clone()), present);
        for policy in &group.policies {
            self.targets.put(step, (policy.clone(), Target::Group(group.name.clone())), present);
        }
    }

    pub(crate) fn index_certificate(&mut self, step: u32, record: &CertificateRecord, present: bool) {
        let present = present.then_some(());
        self.certificates.put(step, (record.created_ms, record.id), present);
        if let Some(ca) = record.ca {
            self.issued.put(step, (ca, record.created_ms, record.id), present);
        }
        for thing in record.things.names() {
            self.principals.put(step, (thing.clone(), record.id), present);
        }
        for policy in &record.policies {
            self.targets.put(step, (policy.clone(), Target::Certificate(record.id)), present);
        }
    }

    pub(crate) fn index_identity(&mut self, step: u32, identity: &Identity, present: bool) {
        for policy in &identity.policies {
            let key = (policy.clone(), Target::Identity(identity.id.clone()));
            self.targets.put(step, key, present.then_some(()));
        }
    }

    pub(crate) fn index_policy(&mut self, step: u32, policy: &Policy, present: bool) {
        let key = (policy.created_ms, policy.name.clone());
        self.policies_by_age.put(step, key, present.then_some(()));
    }

    pub(crate) fn index_ca(&mut self, step: u32, ca: &CaCertificate, present: bool) {
        let present = present.then_some(());
        self.cas_by_age.put(step, (ca.created_ms, ca.id), present);
        self.cas_by_subject.put(step, (ca.subject, ca.id), present);
    }
}
