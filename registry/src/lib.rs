//! Things, types, groups, certificates, policies and the certificate authority: documents and wishes in, decisions and
//! writes out. Holds no clock, no file and no socket; keys, serial numbers and nothing else draw randomness of their own.

mod access;
pub mod accounts;
mod affected;
mod attributes;
pub mod authority;
mod ca_certificate;
mod certificate;
mod documents;
mod draft;
mod event_details;
mod events;
mod fields;
pub mod folder;
mod group;
mod index;
mod keys;
mod layer;
pub mod limits;
mod lists;
mod policies;
mod presented;
mod refusal;
mod scope;
mod shelf;
mod signature;
mod tags;
mod thing;
mod thing_type;
mod view;
mod x509;

pub use access::{Caller, EffectivePolicy};
pub use affected::Affected;
pub use attributes::Attributes;
pub use authority::{Authority, AuthorityError, DeviceIdentity, KeyChoice, ServerIdentity};
pub use ca_certificate::{CaCertificate, CaStatus, CaUpdate, NewCa, RegistrationConfig};
pub use certificate::{
    Attachment, Attachments, CertificateId, CertificateMode, CertificateRecord, CertificateStatus,
    MalformedCertificateId, UnknownStatus,
};
pub use draft::{Change, Draft, NewThing, NewThingType, ThingTypeUpdate, ThingUpdate};
pub use events::{EventConfigurations, EventKind, RegistryEvent, UnknownEventKind};
pub use fields::certificate_fields;
pub use folder::{Endpoint, FolderFile, SnippetKind, UnknownSnippet, device_folder, snippet};
pub use group::{Group, GroupUpdate, NewGroup};
pub use index::{OpenError, Registry};
pub use lists::{GroupFilter, Order, ThingFilter};
pub(crate) use policies::Identity;
pub use policies::{Policy, PolicyVersion, Target};
pub use presented::{Principal, Refusal, verify_presented};
pub use refusal::{ErrorKind, RegistryError};
pub use scope::{MalformedScope, Scope};
pub use tags::{Tagged, Tags, check as check_tags};
pub use thing::{Thing, ThingError};
pub use thing_type::{PropagatedFrom, PropagatingAttribute, ThingType, ThingTypeProperties};
pub use x509::{CertificateFault, PublicCertificate};
