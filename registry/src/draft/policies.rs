//! Wishes about policies: created, versioned, attached, deleted.

use std::sync::Arc;

use super::{Draft, insert_sorted, remove_sorted};
use crate::policies::{self, Identity};
use crate::{Policy, PolicyVersion, RegistryError, Scope, Tags, Target, limits, tags};

impl Draft<'_> {
    /// The first version is the default one.
    pub fn create_policy(
        &mut self,
        scope: &Scope,
        name: &str,
        document: &str,
        tags: Tags,
        now_ms: u64,
    ) -> Result<&Policy, RegistryError> {
        policies::check_name(name)?;
        tags::check(&tags)?;
        if self.find_policy(scope, name).is_some() {
            return Err(RegistryError::PolicyExists(name.to_owned()));
        }
        let mut policy = Policy {
            name: Arc::from(name),
            versions: vec![PolicyVersion { id: 1, document: Arc::from(document), created_ms: now_ms }],
            default_version: 1,
            last_version: 1,
            created_ms: now_ms,
            modified_ms: now_ms,
            tags,
            parsed: None,
            revision: 0,
        };
        policy.parse()?;
        self.replace_policy(scope, &policy.name.clone(), Some(policy));
        self.policy(scope, name)
    }

    /// Answers the new version's id.
    pub fn create_policy_version(
        &mut self,
        scope: &Scope,
        name: &str,
        document: &str,
        set_as_default: bool,
        now_ms: u64,
    ) -> Result<u32, RegistryError> {
        let mut policy = self.policy(scope, name)?.clone();
        policies::parse(name, document)?;
        if policy.versions.len() >= limits::POLICY_VERSIONS {
            return Err(RegistryError::TooManyVersions(name.to_owned()));
        }
        let id = policy.last_version.saturating_add(1);
        policy.last_version = id;
        policy.versions.push(PolicyVersion { id, document: Arc::from(document), created_ms: now_ms });
        policy.modified_ms = now_ms;
        if set_as_default {
            policy.default_version = id;
            policy.parse()?;
        }
        self.replace_policy(scope, &policy.name.clone(), Some(policy));
        Ok(id)
    }

    pub fn set_default_version(
        &mut self,
        scope: &Scope,
        name: &str,
        version: u32,
        now_ms: u64,
    ) -> Result<(), RegistryError> {
        let mut policy = self.policy(scope, name)?.clone();
        if policy.version(version).is_none() {
            return Err(RegistryError::UnknownPolicyVersion { name: name.to_owned(), version });
        }
        if policy.default_version != version {
            policy.default_version = version;
            policy.modified_ms = now_ms;
            policy.parse()?;
            self.replace_policy(scope, &policy.name.clone(), Some(policy));
        }
        Ok(())
    }

    pub fn delete_policy_version(
        &mut self,
        scope: &Scope,
        name: &str,
        version: u32,
        now_ms: u64,
    ) -> Result<(), RegistryError> {
        let mut policy = self.policy(scope, name)?.clone();
        if policy.version(version).is_none() {
            return Err(RegistryError::UnknownPolicyVersion { name: name.to_owned(), version });
        }
        if policy.default_version == version {
            return Err(RegistryError::DefaultVersion { name: name.to_owned(), version });
        }
        policy.versions.retain(|kept| kept.id != version);
        policy.modified_ms = now_ms;
        self.replace_policy(scope, &policy.name.clone(), Some(policy));
        Ok(())
    }

    pub fn delete_policy(&mut self, scope: &Scope, name: &str) -> Result<(), RegistryError> {
        let policy = self.policy(scope, name)?;
        let (shared, name) = (policy.name.clone(), name.to_owned());
        if let Some(other) = policy.versions.iter().find(|version| version.id != policy.default_version) {
            return Err(RegistryError::PolicyHasVersions { name, version: other.id });
        }
        if let Some(target) = self.view(scope).targets(&name).next() {
            let target = target.to_string();
            return Err(RegistryError::PolicyInUse { name, target });
        }
        self.replace_policy(scope, &shared, None);
        Ok(())
    }

    /// Attaching again is no error.
    pub fn attach_policy(&mut self, scope: &Scope, name: &str, target: &Target) -> Result<(), RegistryError> {
        let policy = self.policy(scope, name)?.name.clone();
        let full = |list: &[Arc<str>], max| {
            let refused = RegistryError::TooManyPolicies { target: target.to_string(), max };
            if list.len() > max { Err(refused) } else { Ok(()) }
        };
        match target {
            Target::Certificate(id) => {
                let mut record = self.certificate(scope, id)?;
                if insert_sorted(&mut record.policies, policy) {
                    full(&record.policies, limits::POLICIES)?;
                    self.replace_certificate(*id, Some(record));
                }
            }
            Target::Group(group) => {
                let mut group = self.group(scope, group)?.clone();
                if insert_sorted(&mut group.policies, policy) {
                    full(&group.policies, limits::POLICIES_OF_GROUP)?;
                    self.replace_group(scope, &group.name.clone(), Some(group));
                }
            }
            Target::Identity(id) => {
                let mut identity = self.identity(scope, id);
                if insert_sorted(&mut identity.policies, policy) {
                    full(&identity.policies, limits::POLICIES)?;
                    self.replace_identity(scope, identity);
                }
            }
        }
        Ok(())
    }

    /// Detaching what is not attached, or does not exist, is no error; the answer tells whether it was attached.
    pub fn detach_policy(
        &mut self,
        scope: &Scope,
        name: &str,
        target: &Target,
    ) -> Result<bool, RegistryError> {
        let was_attached = match target {
            Target::Certificate(id) => {
                let Ok(mut record) = self.certificate(scope, id) else { return Ok(false) };
                let found = remove_sorted(&mut record.policies, name);
                if found {
                    self.replace_certificate(*id, Some(record));
                }
                found
            }
            Target::Group(group) => {
                let Some(mut group) = self.find_group(scope, group).cloned() else { return Ok(false) };
                let found = remove_sorted(&mut group.policies, name);
                if found {
                    self.replace_group(scope, &group.name.clone(), Some(group));
                }
                found
            }
            Target::Identity(id) => {
                let mut identity = self.identity(scope, id);
                let found = remove_sorted(&mut identity.policies, name);
                if found {
                    self.replace_identity(scope, identity);
                }
                found
            }
        };
        Ok(was_attached)
    }

    fn identity(&self, scope: &Scope, id: &Arc<str>) -> Identity {
        let none = || Identity { id: id.clone(), policies: Vec::new(), revision: 0 };
        self.view(scope).identity(id).map_or_else(none, |identity| (**identity).clone())
    }
}
