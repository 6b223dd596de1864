//! An account and a region in, the beginning of every key that belongs to them out. Knows nothing of credentials.

use std::fmt;

use thiserror::Error;

/// Whose things and certificates are meant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope {
    account: String,
    region: String,
}

/// Why an account and a region are no scope.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MalformedScope {
    #[error("\"{0}\" is no account: give 12 digits, such as 000000000000")]
    Account(String),
    #[error("\"{0}\" is no region: give lower-case letters, digits and hyphens, such as us-east-1")]
    Region(String),
}

impl Scope {
    pub fn new(account: impl Into<String>, region: impl Into<String>) -> Result<Self, MalformedScope> {
        let (account, region) = (account.into(), region.into());
        if account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) {
            return Err(MalformedScope::Account(account));
        }
        let is_region_byte = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if region.is_empty() || region.len() > 64 || !region.bytes().all(is_region_byte) {
            return Err(MalformedScope::Region(region));
        }
        Ok(Self { account, region })
    }

    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The ARN of what `tail` names, such as `thing/pump-1`, with the partition that the region lies in.
    #[must_use]
    pub fn arn(&self, tail: &str) -> String {
        let partition = match self.region.as_str() {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        };
        format!("arn:{partition}:iot:{}:{}:{tail}", self.region, self.account)
    }

    /// `ACCOUNT/REGION` and a NUL: what every key of the scope starts with.
    #[must_use]
    pub fn key_prefix(&self) -> Vec<u8> {
        let mut prefix = self.to_string().into_bytes();
        prefix.push(0);
        prefix
    }

    /// The scope that a key starts with, if it starts with one.
    #[must_use]
    pub fn of_key(key: &[u8]) -> Option<Self> {
        let end = key.iter().position(|byte| *byte == 0)?;
        let (account, region) = std::str::from_utf8(key.get(..end)?).ok()?.split_once('/')?;
        Self::new(account, region).ok()
    }
}

impl Default for Scope {
    fn default() -> Self {
        Self { account: "000000000000".to_owned(), region: "us-east-1".to_owned() }
    }
}

/// `ACCOUNT/REGION`.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account, self.region)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_and_regions_are_checked() {
        let check = |account: &str, region: &str, expected: bool| {
            assert_eq!(Scope::new(account, region).is_ok(), expected, "{account:?} {region:?}");
        };
        check("000000000000", "us-east-1", true);
        check("123456789012", "eu-central-1", true);
        check("12345678901", "us-east-1", false);
        check("1234567890123", "us-east-1", false);
        check("12345678901a", "us-east-1", false);
        check("123456789012", "", false);
        check("123456789012", "US-EAST-1", false);
        check("123456789012", "us/east", false);
        check("123456789012", "us\0east", false);
        check("123456789012", &"a".repeat(65), false);
    }

    #[test]
    fn the_scope_is_read_back_from_a_key() {
        let check = |key: &[u8], expected: Option<&str>| {
            assert_eq!(Scope::of_key(key).map(|s| s.to_string()).as_deref(), expected, "{key:?}");
        };
        check(&Scope::default().key_prefix(), Some("000000000000/us-east-1"));
        check(b"123456789012/eu-west-1\0thing\0pump", Some("123456789012/eu-west-1"));
        check(b"123456789012/eu-west-1", None);
        check(b"format\0", None);
        check(b"\0", None);
        check(b"", None);
        check(b"\xff\xfe/us-east-1\0", None);
    }
}
