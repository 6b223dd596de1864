//! Roles: what is asked for in, records out. A role's rights are kept and shown; they are not evaluated here.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::access_key::id_of;
use super::document::{self, Use};
use super::draft::Draft;
use super::fault::AccountsError;
use super::policies::PolicyArn;
use super::table::Record;
use super::{SessionHolder, limits};

/// What may be assumed, by whom, and with which rights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    pub name: String,
    pub path: String,
    /// `AROA` and 16 letters: never used again.
    pub id: String,
    pub account: String,
    /// Who may assume it, as it was handed in.
    pub trust: String,
    pub description: Option<String>,
    pub max_session_s: u32,
    /// The ARN of a managed policy that bounds its rights.
    pub boundary: Option<String>,
    pub inline: BTreeMap<String, String>,
    /// ARNs of managed policies.
    pub attached: BTreeSet<String>,
    pub tags: BTreeMap<String, String>,
    pub created_ms: u64,
}

/// What is asked for when a role is created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRole {
    pub name: String,
    pub path: String,
    pub trust: String,
    pub description: Option<String>,
    /// One hour, unless it says otherwise.
    pub max_session_s: Option<u32>,
    pub boundary: Option<String>,
    pub tags: BTreeMap<String, String>,
    /// Becomes the role's id.
    pub random: [u8; 10],
}

impl Record for Role {
    const KIND: &'static str = "role";
}

impl Role {
    #[must_use]
    pub fn arn(&self) -> String {
        format!("arn:aws:iam::{}:role{}{}", self.account, self.path, self.name)
    }
}

impl Draft<'_> {
    pub fn create_role(&mut self, account: &str, new: NewRole, now_ms: u64) -> Result<&Role, AccountsError> {
        super::check_account(account)?;
        let NewRole { name, path, trust, description, max_session_s, boundary, tags, random } = new;
        document::check_name("the name of a role", &name, limits::NAME_CHARS)?;
        document::check_path(&path)?;
        document::check_description(description.as_deref())?;
        check_trust_document(&trust)?;
        let max_session_s = max_session_s.unwrap_or(limits::ROLE_SESSION_S);
        check_max_session(max_session_s)?;
        if let Some(arn) = &boundary {
            self.check_attachable(account, arn)?;
        }
        document::check_tags(&tags)?;
        if self.roles.all(account).any(|role| role.name.eq_ignore_ascii_case(&name)) {
            return Err(AccountsError::Exists { what: "Role", name });
        }
        if self.roles.all(account).count() >= limits::ROLES {
            return Err(AccountsError::Limit { what: "roles", most: limits::ROLES });
        }
        let role = Role {
            name: name.clone(),
            path,
            id: id_of("AROA", &random),
            account: account.to_owned(),
            trust,
            description,
            max_session_s,
            boundary,
            inline: BTreeMap::new(),
            attached: BTreeSet::new(),
            tags,
            created_ms: now_ms,
        };
        self.roles.put(account, &name, role);
        self.role(account, &name)
    }

    /// What is not given stays.
    pub fn update_role(
        &mut self,
        account: &str,
        name: &str,
        description: Option<String>,
        max_session_s: Option<u32>,
    ) -> Result<(), AccountsError> {
        document::check_description(description.as_deref())?;
        max_session_s.map_or(Ok(()), check_max_session)?;
        self.change_role(account, name, |role| {
            role.description = description.or(role.description.take());
            role.max_session_s = max_session_s.unwrap_or(role.max_session_s);
            Ok(())
        })
    }

    pub fn update_trust(&mut self, account: &str, name: &str, trust: String) -> Result<(), AccountsError> {
        check_trust_document(&trust)?;
        self.change_role(account, name, |role| {
            role.trust = trust;
            Ok(())
        })
    }

    /// Adds or replaces an inline policy.
    pub fn put_inline(
        &mut self,
        account: &str,
        role: &str,
        policy: &str,
        text: String,
    ) -> Result<(), AccountsError> {
        document::check_name("the name of a policy", policy, limits::POLICY_NAME_CHARS)?;
        document::check(&text, Use::Inline)?;
        self.change_role(account, role, |role| {
            role.inline.insert(policy.to_owned(), text);
            let letters = role.inline.values().map(|text| document::letters(text)).sum();
            document::check_letters("all inline policies of a role", letters, limits::INLINE_CHARS)
        })
    }

    pub fn delete_inline(&mut self, account: &str, role: &str, policy: &str) -> Result<(), AccountsError> {
        self.change_role(account, role, |found| match found.inline.remove(policy) {
            Some(_) => Ok(()),
            None => Err(AccountsError::UnknownInline { role: role.to_owned(), policy: policy.to_owned() }),
        })
    }

    /// Attaching again is no error. Policies of AWS itself are taken by their ARN.
    pub fn attach(&mut self, account: &str, role: &str, arn: &str) -> Result<(), AccountsError> {
        self.role(account, role)?;
        self.check_attachable(account, arn)?;
        self.change_role(account, role, |role| {
            role.attached.insert(arn.to_owned());
            if role.attached.len() > limits::ATTACHED_POLICIES {
                let what = "managed policies attached to one role";
                return Err(AccountsError::Limit { what, most: limits::ATTACHED_POLICIES });
            }
            Ok(())
        })
    }

    pub fn detach(&mut self, account: &str, role: &str, arn: &str) -> Result<(), AccountsError> {
        self.change_role(account, role, |found| match found.attached.remove(arn) {
            true => Ok(()),
            false => Err(AccountsError::NotAttached { role: role.to_owned(), arn: arn.to_owned() }),
        })
    }

    pub fn tag_role(
        &mut self,
        account: &str,
        name: &str,
        tags: BTreeMap<String, String>,
    ) -> Result<(), AccountsError> {
        self.change_role(account, name, |role| {
            role.tags.extend(tags);
            document::check_tags(&role.tags)
        })
    }

    /// Tags that are not there are no error.
    pub fn untag_role(&mut self, account: &str, name: &str, keys: &[String]) -> Result<(), AccountsError> {
        self.change_role(account, name, |role| {
            role.tags.retain(|key, _| !keys.contains(key));
            Ok(())
        })
    }

    /// Its sessions end with it.
    pub fn delete_role(&mut self, account: &str, name: &str) -> Result<(), AccountsError> {
        let role = self.role(account, name)?;
        let in_use = |fix, found: &String| {
            Err(AccountsError::RoleInUse { role: name.to_owned(), fix, found: found.clone() })
        };
        if let Some(arn) = role.attached.first() {
            return in_use("detach all policies", arn);
        }
        if let Some(policy) = role.inline.keys().next() {
            return in_use("delete policies", policy);
        }
        let id = role.id.clone();
        self.end_sessions(
            account,
            |holder| matches!(holder, SessionHolder::Role { role_id, .. } if *role_id == id),
        );
        self.roles.remove(account, name);
        Ok(())
    }

    pub fn role(&self, account: &str, name: &str) -> Result<&Role, AccountsError> {
        self.roles.find(account, name).ok_or_else(|| AccountsError::UnknownRole(name.to_owned()))
    }

    /// The change is kept only if it succeeds.
    fn change_role(
        &mut self,
        account: &str,
        name: &str,
        change: impl FnOnce(&mut Role) -> Result<(), AccountsError>,
    ) -> Result<(), AccountsError> {
        let before = self.role(account, name)?;
        let mut role = before.clone();
        change(&mut role)?;
        if role != *before {
            self.roles.put(account, name, role);
        }
        Ok(())
    }

    fn check_attachable(&self, account: &str, arn: &str) -> Result<(), AccountsError> {
        let parsed = PolicyArn::parse(arn)?;
        if parsed.is_of_aws() || (parsed.account == account && self.find_policy(account, arn).is_some()) {
            return Ok(());
        }
        Err(AccountsError::UnknownPolicy(arn.to_owned()))
    }
}

fn check_trust_document(trust: &str) -> Result<(), AccountsError> {
    document::check(trust, Use::Trust)?;
    document::check_letters("a trust policy", document::letters(trust), limits::TRUST_CHARS)
}

fn check_max_session(found: u32) -> Result<(), AccountsError> {
    let (least, most) = (limits::ROLE_SESSION_S, limits::SESSION_S.1);
    if (least..=most).contains(&found) {
        return Ok(());
    }
    Err(AccountsError::Duration { what: "the maximum duration of a role's sessions", least, most, found })
}
