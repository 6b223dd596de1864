//! Things, certificates and the certificate authority: documents and asks in, decisions and writes out. Holds no
//! clock, no file and no socket; keys, serial numbers and nothing else draw randomness of their own.

pub mod authority;
mod certificate;
mod documents;
mod draft;
pub mod folder;
mod index;
mod keys;
pub mod limits;
mod presented;
mod scope;
mod thing;
mod x509;

pub use authority::{Authority, AuthorityError, DeviceIdentity, KeyChoice, ServerIdentity};
pub use certificate::{
    Attachment, CertificateId, CertificateRecord, CertificateStatus, MalformedCertificateId, UnknownStatus,
};
pub use draft::{Change, Draft, NewThing, RegistryError};
pub use folder::{Endpoint, FolderFile, SnippetKind, UnknownSnippet, device_folder, snippet};
pub use index::{OpenError, Registry};
pub use presented::{Principal, Refusal, verify_presented};
pub use scope::{MalformedScope, Scope};
pub use thing::{Thing, ThingError};
pub use x509::{CertificateFault, PublicCertificate};
