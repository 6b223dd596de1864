//! What a certificate is to the registry: its id, its status, and what it is attached to. Parses no X.509.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};
use store::Reader;
use thiserror::Error;

use crate::{OpenError, Scope, keys};

/// The SHA-256 of a certificate's DER. Shown as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CertificateId([u8; 32]);

#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "\"{0}\" is no certificate id: give the 64 hexadecimal digits that `thingstead device show NAME` prints"
)]
pub struct MalformedCertificateId(pub String);

impl CertificateId {
    /// Comes before all others.
    pub(crate) const LEAST: Self = Self([0; 32]);

    /// Comes after all others.
    pub(crate) const GREATEST: Self = Self([0xff; 32]);

    #[must_use]
    pub fn from_der(der: &[u8]) -> Self {
        let mut id = [0; 32];
        for (to, from) in id.iter_mut().zip(digest::digest(&digest::SHA256, der).as_ref()) {
            *to = *from;
        }
        Self(id)
    }

    /// Takes upper case and a leading `0x` too, as AWS does.
    pub fn parse(text: &str) -> Result<Self, MalformedCertificateId> {
        let malformed = || MalformedCertificateId(text.chars().take(80).collect());
        let digits = text.strip_prefix("0x").unwrap_or(text).as_bytes();
        if digits.len() != 64 {
            return Err(malformed());
        }
        let mut id = [0; 32];
        for (byte, pair) in id.iter_mut().zip(digits.chunks_exact(2)) {
            for digit in pair {
                let value = char::from(*digit).to_digit(16).ok_or_else(malformed)?;
                *byte = (*byte << 4) | u8::try_from(value).map_err(|_| malformed())?;
            }
        }
        Ok(Self(id))
    }

    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for CertificateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for CertificateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for CertificateId {
    type Err = MalformedCertificateId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// What a certificate may be used for, in AWS's words. Only `Active` connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CertificateStatus {
    Active,
    Inactive,
    Revoked,
    PendingTransfer,
    RegisterInactive,
    PendingActivation,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("\"{0}\" is no certificate status: give ACTIVE, INACTIVE or REVOKED")]
pub struct UnknownStatus(pub String);

impl CertificateStatus {
    pub const ALL: [Self; 6] = [
        Self::Active,
        Self::Inactive,
        Self::Revoked,
        Self::PendingTransfer,
        Self::RegisterInactive,
        Self::PendingActivation,
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Inactive => "INACTIVE",
            Self::Revoked => "REVOKED",
            Self::PendingTransfer => "PENDING_TRANSFER",
            Self::RegisterInactive => "REGISTER_INACTIVE",
            Self::PendingActivation => "PENDING_ACTIVATION",
        }
    }
}

impl fmt::Display for CertificateStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for CertificateStatus {
    type Err = UnknownStatus;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|status| status.as_str() == text);
        known.ok_or_else(|| UnknownStatus(text.chars().take(40).collect()))
    }
}

/// How a certificate belongs to a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Attachment {
    /// The certificate has this thing and no other.
    ExclusiveThing,
    NonExclusiveThing,
}

/// The things that a certificate is attached to, sorted by name: far smaller in memory than a map.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attachments(Box<[(Arc<str>, Attachment)]>);

impl Attachments {
    #[must_use]
    pub fn get(&self, thing: &str) -> Option<Attachment> {
        let found = self.0.binary_search_by(|(name, _)| (**name).cmp(thing)).ok()?;
        self.0.get(found).map(|(_, kind)| *kind)
    }

    #[must_use]
    pub fn contains(&self, thing: &str) -> bool {
        self.get(thing).is_some()
    }

    /// In the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, Attachment)> {
        self.0.iter().map(|(name, kind)| (name, *kind))
    }

    pub fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.0.iter().map(|(name, _)| name)
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Answers what the thing's attachment was before.
    pub(crate) fn insert(&mut self, thing: Arc<str>, kind: Attachment) -> Option<Attachment> {
        let before = self.remove(&thing);
        let mut all = std::mem::take(&mut self.0).into_vec();
        all.push((thing, kind));
        *self = all.into_iter().collect();
        before
    }

    pub(crate) fn remove(&mut self, thing: &str) -> Option<Attachment> {
        let kind = self.get(thing)?;
        let mut all = std::mem::take(&mut self.0).into_vec();
        all.retain(|(name, _)| **name != *thing);
        self.0 = all.into_boxed_slice();
        Some(kind)
    }

    /// Puts other copies of the same names in place of its own.
    pub(crate) fn share(&mut self, copy: impl Fn(&str) -> Option<Arc<str>>) {
        for (name, _) in &mut self.0 {
            if let Some(shared) = copy(name) {
                *name = shared;
            }
        }
    }
}

impl FromIterator<(Arc<str>, Attachment)> for Attachments {
    fn from_iter<I: IntoIterator<Item = (Arc<str>, Attachment)>>(pairs: I) -> Self {
        let mut all: Vec<_> = pairs.into_iter().collect();
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        all.dedup_by(|(a, _), (b, _)| a == b);
        Self(all.into_boxed_slice())
    }
}

impl Serialize for Attachments {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Attachments {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        BTreeMap::deserialize(deserializer)
            .map(|map: BTreeMap<Arc<str>, Attachment>| map.into_iter().collect())
    }
}

/// Whether a certificate is known by its CA or by the server name that its owner asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CertificateMode {
    #[default]
    Default,
    SniOnly,
}

impl CertificateMode {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "DEFAULT",
            Self::SniOnly => "SNI_ONLY",
        }
    }
}

/// A registered certificate without its PEM, which [`CertificateRecord::read_pem`] reads when it is asked for; also the
/// form in which it is stored. Its scope's account owns it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateRecord {
    #[serde(skip, default = "least")]
    pub id: CertificateId,
    #[serde(skip)]
    pub scope: Arc<Scope>,
    pub status: CertificateStatus,
    pub created_ms: u64,
    pub modified_ms: u64,
    pub not_before_s: i64,
    pub not_after_s: i64,
    /// The things it is attached to, by name.
    pub things: Attachments,
    /// The policies attached to it, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<Arc<str>>,
    /// The registered CA that it was registered with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<CertificateId>,
    #[serde(default)]
    pub mode: CertificateMode,
    /// Starts at 1 and counts changes of the status.
    #[serde(default = "first")]
    pub version: u64,
    /// Revision of the stored document; 0 if it is not stored yet.
    #[serde(skip)]
    pub(crate) revision: u64,
}

pub(crate) fn first() -> u64 {
    1
}

pub(crate) fn least() -> CertificateId {
    CertificateId::LEAST
}

impl CertificateRecord {
    /// The thing that it belongs to exclusively.
    #[must_use]
    pub fn exclusive_thing(&self) -> Option<&Arc<str>> {
        self.things.iter().find(|(_, kind)| *kind == Attachment::ExclusiveThing).map(|(thing, _)| thing)
    }

    /// The certificate's PEM, from the store. None: it was deleted meanwhile.
    pub fn read_pem(&self, reader: &dyn Reader) -> Result<Option<String>, OpenError> {
        let key = keys::pem(&self.scope, &self.id);
        let Some(document) = reader.get(&key)? else { return Ok(None) };
        match String::from_utf8(document.value.to_vec()) {
            Ok(pem) => Ok(Some(pem)),
            Err(error) => Err(OpenError::Damaged { key, reason: error.to_string() }),
        }
    }
}

/// As text.
impl Serialize for CertificateId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CertificateId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_64_hexadecimal_digits() {
        let lower = "0123456789abcdef".repeat(4);
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(
                CertificateId::parse(text).ok().map(|id| id.to_string()).as_deref(),
                expected,
                "{text}"
            );
        };
        check(&lower, Some(&lower));
        check(&lower.to_uppercase(), Some(&lower));
        check(&format!("0x{lower}"), Some(&lower));
        check(&lower[1..], None);
        check(&format!("{lower}0"), None);
        check(&lower.replace('f', "g"), None);
        check(&lower.replace('f', "+"), None);
        check(&"é".repeat(32), None);
        check("", None);
    }

    #[test]
    fn an_id_is_the_sha_256_of_the_der() {
        let check =
            |der: &[u8], expected: &str| assert_eq!(CertificateId::from_der(der).to_string(), expected);
        check(b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        check(b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn statuses_are_read_back_from_their_names() {
        for status in CertificateStatus::ALL {
            assert_eq!(status.to_string().parse(), Ok(status));
            assert_eq!(serde_json::to_string(&status).unwrap(), format!("\"{status}\""));
        }
        assert_eq!("active".parse::<CertificateStatus>(), Err(UnknownStatus("active".into())));
    }
}
