//! Managed policies and their versions: what is asked for in, records out. Evaluates none of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::access_key::id_of;
use super::document::{self, Use};
use super::draft::Draft;
use super::fault::AccountsError;
use super::limits;
use super::table::Record;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManagedPolicy {
    pub name: String,
    pub path: String,
    /// `ANPA` and 16 letters: never used again.
    pub id: String,
    pub account: String,
    pub description: Option<String>,
    /// By number: `v1` is 1.
    pub versions: BTreeMap<u32, PolicyVersion>,
    pub default: u32,
    /// The number of the next version: no number is used twice.
    pub next: u32,
    pub tags: BTreeMap<String, String>,
    pub created_ms: u64,
    pub updated_ms: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyVersion {
    /// As it was handed in.
    pub document: String,
    pub created_ms: u64,
}

/// What is asked for when a managed policy is created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPolicy {
    pub name: String,
    pub path: String,
    pub document: String,
    pub description: Option<String>,
    pub tags: BTreeMap<String, String>,
    /// Becomes the policy's id.
    pub random: [u8; 10],
}

/// `arn:aws:iam::ACCOUNT:policy/PATH/NAME`, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyArn<'a> {
    /// 12 digits, or `aws` for those that AWS itself provides.
    pub account: &'a str,
    /// Begins and ends with a slash.
    pub path: &'a str,
    pub name: &'a str,
}

impl<'a> PolicyArn<'a> {
    pub fn parse(arn: &'a str) -> Result<Self, AccountsError> {
        let parse = || {
            let (account, rest) = arn.strip_prefix("arn:aws:iam::")?.split_once(":policy/")?;
            let name = rest.rsplit('/').next()?;
            // The slash that `policy` ends with begins the path.
            let full = arn.get(arn.len() - rest.len() - 1..)?;
            let path = full.strip_suffix(name)?;
            document::check_name("the name of a policy", name, limits::POLICY_NAME_CHARS).ok()?;
            document::check_path(path).ok()?;
            (account == "aws" || super::check_account(account).is_ok()).then_some(Self {
                account,
                path,
                name,
            })
        };
        parse().ok_or_else(|| AccountsError::PolicyArn(arn.chars().take(2_048).collect()))
    }

    /// Whether AWS provides it: such a policy needs no record here.
    #[must_use]
    pub fn is_of_aws(&self) -> bool {
        self.account == "aws"
    }
}

impl Record for ManagedPolicy {
    const KIND: &'static str = "managed-policy";
}

impl ManagedPolicy {
    #[must_use]
    pub fn arn(&self) -> String {
        format!("arn:aws:iam::{}:policy{}{}", self.account, self.path, self.name)
    }

    /// The version called `v1`, `v2` and so on.
    #[must_use]
    pub fn version(&self, id: &str) -> Option<(u32, &PolicyVersion)> {
        let number = number_of(id)?;
        self.versions.get(&number).map(|version| (number, version))
    }
}

impl Draft<'_> {
    pub fn create_policy(
        &mut self,
        account: &str,
        new: NewPolicy,
        now_ms: u64,
    ) -> Result<&ManagedPolicy, AccountsError> {
        super::check_account(account)?;
        let NewPolicy { name, path, document: text, description, tags, random } = new;
        document::check_name("the name of a policy", &name, limits::POLICY_NAME_CHARS)?;
        document::check_path(&path)?;
        document::check_description(description.as_deref())?;
        check_rights(&text)?;
        document::check_tags(&tags)?;
        if self.policies.all(account).any(|policy| policy.name.eq_ignore_ascii_case(&name)) {
            return Err(AccountsError::Exists { what: "A policy", name });
        }
        if self.policies.all(account).count() >= limits::POLICIES {
            return Err(AccountsError::Limit { what: "managed policies", most: limits::POLICIES });
        }
        let policy = ManagedPolicy {
            name: name.clone(),
            path,
            id: id_of("ANPA", &random),
            account: account.to_owned(),
            description,
            versions: BTreeMap::from([(1, PolicyVersion { document: text, created_ms: now_ms })]),
            default: 1,
            next: 2,
            tags,
            created_ms: now_ms,
            updated_ms: now_ms,
        };
        let arn = policy.arn();
        self.policies.put(account, &name, policy);
        self.policy(account, &arn)
    }

    /// Answers the number of the new version.
    pub fn create_version(
        &mut self,
        account: &str,
        arn: &str,
        text: String,
        set_default: bool,
        now_ms: u64,
    ) -> Result<u32, AccountsError> {
        check_rights(&text)?;
        let mut policy = self.policy(account, arn)?.clone();
        if policy.versions.len() >= limits::POLICY_VERSIONS {
            let what = "versions of one managed policy";
            return Err(AccountsError::Limit { what, most: limits::POLICY_VERSIONS });
        }
        let number = policy.next;
        policy.versions.insert(number, PolicyVersion { document: text, created_ms: now_ms });
        policy.next = number.saturating_add(1);
        policy.updated_ms = now_ms;
        if set_default {
            policy.default = number;
        }
        self.keep_policy(policy);
        Ok(number)
    }

    pub fn set_default_version(
        &mut self,
        account: &str,
        arn: &str,
        version: &str,
        now_ms: u64,
    ) -> Result<(), AccountsError> {
        let mut policy = self.policy(account, arn)?.clone();
        let (number, _) = policy.version(version).ok_or_else(|| unknown_version(arn, version))?;
        if policy.default != number {
            policy.default = number;
            policy.updated_ms = now_ms;
            self.keep_policy(policy);
        }
        Ok(())
    }

    pub fn delete_version(
        &mut self,
        account: &str,
        arn: &str,
        version: &str,
        now_ms: u64,
    ) -> Result<(), AccountsError> {
        let mut policy = self.policy(account, arn)?.clone();
        let (number, _) = policy.version(version).ok_or_else(|| unknown_version(arn, version))?;
        if policy.default == number {
            return Err(AccountsError::DefaultVersion { arn: arn.to_owned() });
        }
        policy.versions.remove(&number);
        policy.updated_ms = now_ms;
        self.keep_policy(policy);
        Ok(())
    }

    pub fn delete_policy(&mut self, account: &str, arn: &str) -> Result<(), AccountsError> {
        let policy = self.policy(account, arn)?;
        let in_use = |fix| Err(AccountsError::PolicyInUse { arn: arn.to_owned(), fix });
        if self.roles.all(account).any(|role| role.attached.contains(arn)) {
            return in_use("detach it from all roles (`aws iam detach-role-policy`)");
        }
        if self.roles.all(account).any(|role| role.boundary.as_deref() == Some(arn)) {
            return in_use("delete the roles that it bounds");
        }
        if policy.versions.len() > 1 {
            return in_use("delete all versions but the default (`aws iam delete-policy-version`)");
        }
        let name = policy.name.clone();
        self.policies.remove(account, &name);
        Ok(())
    }

    pub fn policy(&self, account: &str, arn: &str) -> Result<&ManagedPolicy, AccountsError> {
        PolicyArn::parse(arn)?;
        self.find_policy(account, arn).ok_or_else(|| AccountsError::UnknownPolicy(arn.to_owned()))
    }

    pub(super) fn find_policy(&self, account: &str, arn: &str) -> Option<&ManagedPolicy> {
        let parsed = PolicyArn::parse(arn).ok()?;
        self.policies.find(account, parsed.name).filter(|policy| policy.arn() == arn)
    }

    fn keep_policy(&mut self, policy: ManagedPolicy) {
        let (account, name) = (policy.account.clone(), policy.name.clone());
        self.policies.put(&account, &name, policy);
    }
}

fn check_rights(text: &str) -> Result<(), AccountsError> {
    document::check(text, Use::Managed)?;
    document::check_letters("a managed policy", document::letters(text), limits::POLICY_CHARS)
}

fn number_of(id: &str) -> Option<u32> {
    let digits = id.strip_prefix('v')?;
    let is_number = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok()).flatten()
}

fn unknown_version(arn: &str, version: &str) -> AccountsError {
    AccountsError::UnknownVersion { arn: arn.to_owned(), version: version.chars().take(20).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_of_policies_are_taken_apart() {
        let check = |arn: &str, expected: Option<(&str, &str, &str)>| {
            let found = PolicyArn::parse(arn).ok();
            assert_eq!(found.map(|arn| (arn.account, arn.path, arn.name)), expected, "{arn}");
        };
        check("arn:aws:iam::aws:policy/ReadOnlyAccess", Some(("aws", "/", "ReadOnlyAccess")));
        check("arn:aws:iam::aws:policy/service-role/X", Some(("aws", "/service-role/", "X")));
        check("arn:aws:iam::111122223333:policy/a/b/c", Some(("111122223333", "/a/b/", "c")));
        check("arn:aws:iam::11112222333:policy/c", None);
        check("arn:aws:iam::aws:policy/", None);
        check("arn:aws:iam::aws:policy//", None);
        check("arn:aws:iam::aws:policy//x", None);
        check("arn:aws:iam::aws:role/x", None);
        check("ReadOnlyAccess", None);
    }
}
