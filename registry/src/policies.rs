//! A policy with its versions and what it may be attached to. Evaluates nothing.

use std::fmt;
use std::sync::Arc;

use policy::{Document, NamedDocument};
use serde::{Deserialize, Serialize};

use crate::thing_type::clipped;
use crate::{CertificateId, RegistryError, Scope, Tags, limits, thing};

/// A policy of a scope; also the form in which it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    #[serde(skip)]
    pub name: Arc<str>,
    /// In the order of their ids; at least the default one.
    pub versions: Vec<PolicyVersion>,
    pub default_version: u32,
    /// The highest id that was ever given.
    pub last_version: u32,
    pub created_ms: u64,
    pub modified_ms: u64,
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    /// The default version, ready to be compiled. Absent only while the policy is read.
    #[serde(skip)]
    pub(crate) parsed: Option<Arc<NamedDocument>>,
    /// Revision of the stored document; 0 if it is not stored yet.
    #[serde(skip)]
    pub(crate) revision: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyVersion {
    pub id: u32,
    pub document: Arc<str>,
    pub created_ms: u64,
}

impl Policy {
    #[must_use]
    pub fn version(&self, id: u32) -> Option<&PolicyVersion> {
        self.versions.iter().find(|version| version.id == id)
    }

    /// The default version's text.
    #[must_use]
    pub fn document(&self) -> &str {
        self.version(self.default_version).map_or("", |version| &version.document)
    }

    /// Makes the default version ready to be compiled.
    pub(crate) fn parse(&mut self) -> Result<(), RegistryError> {
        let document = parse(&self.name, self.document())?;
        let named = NamedDocument {
            name: self.name.clone(),
            version: self.default_version,
            document: Arc::new(document),
        };
        self.parsed = Some(Arc::new(named));
        Ok(())
    }
}

pub(crate) fn parse(name: &str, document: &str) -> Result<Document, RegistryError> {
    Document::parse(document)
        .map_err(|error| RegistryError::MalformedPolicy { name: name.to_owned(), error: Box::new(error) })
}

pub(crate) fn check_name(name: &str) -> Result<(), RegistryError> {
    let fits = !name.is_empty() && thing::fits(name, limits::POLICY_NAME_CHARS, "_+=,.@-");
    if fits { Ok(()) } else { Err(RegistryError::PolicyName(clipped(name))) }
}

/// What a policy can be attached to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    Certificate(CertificateId),
    /// A static group, by name.
    Group(Arc<str>),
    /// An Amazon Cognito identity, as `REGION:UUID`.
    Identity(Arc<str>),
}

impl Target {
    /// Reads an ARN of a certificate or a thing group of the scope, or an identity's id.
    pub fn parse(scope: &Scope, text: &str) -> Result<Self, RegistryError> {
        let refused = || RegistryError::Target(clipped(text));
        if !text.starts_with("arn:") {
            return identity(text).ok_or_else(refused);
        }
        let tail = text.strip_prefix(&scope.arn("")).ok_or_else(|| RegistryError::ForeignTarget {
            target: clipped(text),
            scope: Arc::new(scope.clone()),
        })?;
        match tail.split_once('/') {
            Some(("cert", id)) => CertificateId::parse(id).map(Self::Certificate).map_err(|_| refused()),
            Some(("thinggroup", name)) => {
                thing::check_name(name).map_err(|_| refused())?;
                Ok(Self::Group(Arc::from(name)))
            }
            _ => Err(refused()),
        }
    }

    /// As AWS writes it.
    #[must_use]
    pub fn text(&self, scope: &Scope) -> String {
        match self {
            Self::Certificate(id) => scope.arn(&format!("cert/{id}")),
            Self::Group(name) => scope.arn(&format!("thinggroup/{name}")),
            Self::Identity(id) => id.to_string(),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate(id) => write!(f, "certificate {id}"),
            Self::Group(name) => write!(f, "group {name}"),
            Self::Identity(id) => write!(f, "identity {id}"),
        }
    }
}

fn identity(text: &str) -> Option<Target> {
    let (region, uuid) = text.split_once(':')?;
    let in_place = |(at, c): (usize, char)| match at {
        8 | 13 | 18 | 23 => c == '-',
        _ => c.is_ascii_hexdigit(),
    };
    let is_uuid = uuid.len() == 36 && uuid.char_indices().all(in_place);
    (Scope::new("000000000000", region).is_ok() && is_uuid).then(|| Target::Identity(Arc::from(text)))
}

/// An identity that policies are attached to; also the form in which it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    #[serde(skip)]
    pub(crate) id: Arc<str>,
    /// Sorted.
    pub(crate) policies: Vec<Arc<str>>,
    #[serde(skip)]
    pub(crate) revision: u64,
}
