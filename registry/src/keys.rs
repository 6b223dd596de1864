//! Keys in the store: scope first, then what it is, then its name, separated by NUL, which no name contains.

use crate::{CertificateId, Scope};

pub(crate) const THING: &str = "thing";
pub(crate) const TYPE: &str = "thing-type";
pub(crate) const GROUP: &str = "thing-group";
pub(crate) const POLICY: &str = "policy";
pub(crate) const CERTIFICATE: &str = "certificate";
pub(crate) const CA: &str = "ca-certificate";
pub(crate) const IDENTITY: &str = "identity";
pub(crate) const REGISTRATION_CODE: &str = "registration-code";
pub(crate) const EVENTS: &str = "event-configurations";

/// With an empty name: what all keys of the kind begin with.
pub(crate) fn key(scope: &Scope, kind: &str, name: &str) -> Vec<u8> {
    let mut key = scope.key_prefix();
    key.extend_from_slice(kind.as_bytes());
    key.push(0);
    key.extend_from_slice(name.as_bytes());
    key
}

pub(crate) fn thing(scope: &Scope, name: &str) -> Vec<u8> {
    key(scope, THING, name)
}

pub(crate) fn certificate(scope: &Scope, id: &CertificateId) -> Vec<u8> {
    key(scope, CERTIFICATE, &id.to_string())
}

/// Apart from the certificate's document, so that opening the registry does not read every PEM.
pub(crate) fn pem(scope: &Scope, id: &CertificateId) -> Vec<u8> {
    key(scope, "certificate-pem", &id.to_string())
}

/// The smallest key after every key of the scope.
pub(crate) fn after(scope: &Scope) -> Vec<u8> {
    let mut key = scope.to_string().into_bytes();
    key.push(1);
    key
}
