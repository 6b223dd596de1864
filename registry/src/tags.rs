//! Tags and what may carry them: the rules, and ARNs that name a carrier. Stores nothing itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::thing_type::clipped;
use crate::{CertificateId, RegistryError, Scope, limits, policies, thing};

/// Keys and values; kept with the resource and deleted with it.
pub type Tags = BTreeMap<String, String>;

/// A resource that may carry tags. Things and certificates may not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tagged {
    ThingType(Arc<str>),
    Group(Arc<str>),
    Policy(Arc<str>),
    CaCertificate(CertificateId),
}

impl Tagged {
    /// Reads an ARN of the scope.
    pub fn parse(scope: &Scope, arn: &str) -> Result<Self, RegistryError> {
        let refused = || RegistryError::NotTaggable(clipped(arn));
        let tail = arn.strip_prefix(&scope.arn("")).ok_or_else(refused)?;
        let (kind, name) = tail.split_once('/').ok_or_else(refused)?;
        let named = |check: bool| if check { Ok(Arc::from(name)) } else { Err(refused()) };
        match kind {
            "thingtype" => Ok(Self::ThingType(named(thing::check_name(name).is_ok())?)),
            "thinggroup" => Ok(Self::Group(named(thing::check_name(name).is_ok())?)),
            "policy" => Ok(Self::Policy(named(policies::check_name(name).is_ok())?)),
            "cacert" => CertificateId::parse(name).map(Self::CaCertificate).map_err(|_| refused()),
            _ => Err(refused()),
        }
    }
}

/// # Errors
/// There are too many, or a key or a value is not what AWS takes.
pub fn check(tags: &Tags) -> Result<(), RegistryError> {
    if tags.len() > limits::TAGS {
        return Err(RegistryError::TooManyTags(tags.len()));
    }
    for (key, value) in tags {
        let count = key.chars().count();
        if count == 0
            || count > limits::TAG_KEY_CHARS
            || !key.chars().all(is_legal)
            || key.starts_with("aws:")
        {
            return Err(RegistryError::TagKey(clipped(key)));
        }
        if value.chars().count() > limits::TAG_VALUE_CHARS {
            return Err(RegistryError::TagValue(clipped(key)));
        }
    }
    Ok(())
}

/// What a key is made of, and in IAM a value too: letters, numbers and spaces of any script, and a few marks.
pub(crate) fn is_legal(c: char) -> bool {
    c.is_alphanumeric() || (c.is_whitespace() && !c.is_control()) || "_.:/=+-@".contains(c)
}
