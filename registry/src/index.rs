//! Stored documents in, the registry in memory out: everything that identifies devices and says what they may do.
//! Changes only by applying a committed change.

use std::collections::BTreeMap;
use std::sync::Arc;

use store::{ReadError, Reader};
use thiserror::Error;

use crate::affected::Affected;
use crate::documents::{self, Kept, Unreadable};
use crate::draft::{Certificates, Change, Draft};
use crate::events::EventConfigurations;
use crate::layer::FINAL;
use crate::shelf::Shelf;
use crate::tags::Tagged;
use crate::view::{EMPTY, View};
use crate::{
    CaCertificate, CertificateId, CertificateRecord, Group, Policy, RegistryError, Scope, Tags, Thing,
    ThingType, keys, limits,
};

/// Things, groups, certificates, policies and their relations, of all scopes.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    pub(crate) scopes: BTreeMap<Arc<Scope>, Shelf>,
    pub(crate) certificates: Certificates,
}

/// Why the registry cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OpenError {
    #[error("the registry cannot be read: {0}")]
    Read(#[from] ReadError),
    #[error(
        "\"{}\" was written in format {format} by a newer version: run that version, or restore an older backup",
        key.escape_ascii()
    )]
    Newer { key: Vec<u8>, format: u32 },
    #[error("\"{}\" is damaged ({reason}): restore the data directory from a backup", key.escape_ascii())]
    Damaged { key: Vec<u8>, reason: String },
}

impl Registry {
    /// Reads every scope there is.
    pub fn open(reader: &dyn Reader) -> Result<Self, OpenError> {
        let mut registry = Self::default();
        let mut after: Option<Vec<u8>> = None;
        while let Some((key, _)) = reader.scan(b"", after.as_deref(), 1)?.pop() {
            after = Some(match Scope::of_key(&key) {
                Some(scope) => {
                    let beyond = keys::after(&scope);
                    registry.read_scope(reader, &Arc::new(scope))?;
                    beyond
                }
                None => key,
            });
        }
        Ok(registry)
    }

    /// Every account and region that the store holds something of, or that something was added to since.
    pub fn scopes(&self) -> impl Iterator<Item = &Arc<Scope>> {
        self.scopes.keys()
    }

    /// Starts a change. Nothing happens before [`Registry::apply`].
    #[must_use]
    pub fn draft(&self) -> Draft<'_> {
        Draft::new(self)
    }

    /// Takes over a change whose writes are committed; answers whose connections to look at again.
    pub fn apply(&mut self, change: Change) -> Affected {
        for (scope, top) in change.scopes {
            self.scopes.entry(scope).or_default().take_over(top);
        }
        self.certificates.take_over(change.certificates);
        change.affected
    }

    #[must_use]
    pub fn find_thing(&self, scope: &Scope, name: &str) -> Option<&Thing> {
        self.view(scope).thing(name).map(|thing| &**thing)
    }

    #[must_use]
    pub fn find_type(&self, scope: &Scope, name: &str) -> Option<&ThingType> {
        self.view(scope).thing_type(name).map(|kind| &**kind)
    }

    #[must_use]
    pub fn find_group(&self, scope: &Scope, name: &str) -> Option<&Group> {
        self.view(scope).group(name).map(|group| &**group)
    }

    #[must_use]
    pub fn find_policy(&self, scope: &Scope, name: &str) -> Option<&Policy> {
        self.view(scope).policy(name).map(|policy| &**policy)
    }

    #[must_use]
    pub fn find_ca(&self, scope: &Scope, id: &CertificateId) -> Option<&CaCertificate> {
        self.view(scope).ca(id).map(|ca| &**ca)
    }

    #[must_use]
    pub fn find_certificate(&self, id: &CertificateId) -> Option<&CertificateRecord> {
        self.certificates.get(id).map(|record| &**record)
    }

    /// The registered CAs, whatever their status, whose keys signed the certificate, with their scopes: for
    /// certificates that are registered when they first connect.
    pub fn issuers_of(&self, der: &[u8]) -> Result<Vec<(Arc<Scope>, &CaCertificate)>, RegistryError> {
        let mut found = Vec::new();
        for (scope, shelf) in &self.scopes {
            let signers = crate::draft::signers(View::of(shelf), der)?;
            found.extend(signers.into_iter().map(|ca| (scope.clone(), ca)));
        }
        Ok(found)
    }

    /// The code that a verification certificate must carry, if one was asked for.
    #[must_use]
    pub fn registration_code(&self, scope: &Scope) -> Option<&str> {
        self.view(scope).registration_code()
    }

    /// Which events the scope publishes, if that was ever set.
    #[must_use]
    pub fn events(&self, scope: &Scope) -> Option<&EventConfigurations> {
        self.view(scope).events().map(|events| &**events)
    }

    pub fn tags(&self, scope: &Scope, what: &Tagged) -> Result<&Tags, RegistryError> {
        Ok(match what {
            Tagged::ThingType(name) => {
                &self.find_type(scope, name).ok_or_else(|| RegistryError::UnknownType(name.to_string()))?.tags
            }
            Tagged::Group(name) => {
                &self
                    .find_group(scope, name)
                    .ok_or_else(|| RegistryError::UnknownGroup(name.to_string()))?
                    .tags
            }
            Tagged::Policy(name) => {
                let unknown = || RegistryError::UnknownPolicy(name.to_string());
                &self.find_policy(scope, name).ok_or_else(unknown)?.tags
            }
            Tagged::CaCertificate(id) => &self.find_ca(scope, id).ok_or(RegistryError::UnknownCa(*id))?.tags,
        })
    }

    pub(crate) fn shelf(&self, scope: &Scope) -> &Shelf {
        self.scopes.get(scope).unwrap_or(&EMPTY)
    }

    pub(crate) fn view(&self, scope: &Scope) -> View<'_> {
        View::of(self.shelf(scope))
    }

    /// The one copy of a scope that all its records share.
    pub(crate) fn shared(&self, scope: &Scope) -> Arc<Scope> {
        let kept = self.scopes.get_key_value(scope).map(|(shared, _)| shared.clone());
        kept.unwrap_or_else(|| Arc::new(scope.clone()))
    }

    fn read_scope(&mut self, reader: &dyn Reader, scope: &Arc<Scope>) -> Result<(), OpenError> {
        let shelf = self.scopes.entry(scope.clone()).or_default();
        read_small(reader, scope, shelf)?;
        read_all(reader, scope, keys::GROUP, |name, mut group: Group| {
            group.name = name.into();
            shelf.index_group(FINAL, &group, true);
            shelf.groups.put(FINAL, group.name.clone(), Some(Arc::new(group)));
            Ok(())
        })?;
        read_all(reader, scope, keys::THING, |name, mut thing: Thing| {
            thing.name = name.into();
            share(shelf, &mut thing);
            shelf.index_thing(FINAL, &thing, true);
            shelf.things.put(FINAL, thing.name.clone(), Some(Arc::new(thing)));
            Ok(())
        })?;
        let certificates = &mut self.certificates;
        read_all(reader, scope, keys::CERTIFICATE, |name, mut record: CertificateRecord| {
            record.id = id(name)?;
            record.scope = scope.clone();
            record.things.share(|name| shelf.things.get(name).map(|thing| thing.name.clone()));
            for policy in &mut record.policies {
                if let Some(known) = shelf.policies.get(&**policy) {
                    *policy = known.name.clone();
                }
            }
            shelf.index_certificate(FINAL, &record, true);
            certificates.put(FINAL, record.id, Some(Arc::new(record)));
            Ok(())
        })
    }
}

/// What there is little of.
fn read_small(reader: &dyn Reader, scope: &Scope, shelf: &mut Shelf) -> Result<(), OpenError> {
    read_all(reader, scope, keys::TYPE, |name, mut kind: ThingType| {
        kind.name = name.into();
        shelf.types.put(FINAL, kind.name.clone(), Some(Arc::new(kind)));
        Ok(())
    })?;
    read_all(reader, scope, keys::POLICY, |name, mut policy: Policy| {
        policy.name = name.into();
        policy.parse().map_err(|error| Unreadable::Damaged(error.to_string()))?;
        shelf.index_policy(FINAL, &policy, true);
        shelf.policies.put(FINAL, policy.name.clone(), Some(Arc::new(policy)));
        Ok(())
    })?;
    read_all(reader, scope, keys::CA, |name, mut ca: CaCertificate| {
        ca.id = id(name)?;
        shelf.index_ca(FINAL, &ca, true);
        shelf.cas.put(FINAL, ca.id, Some(Arc::new(ca)));
        Ok(())
    })?;
    read_all(reader, scope, keys::IDENTITY, |name, mut identity: crate::Identity| {
        identity.id = name.into();
        shelf.index_identity(FINAL, &identity, true);
        shelf.identities.put(FINAL, identity.id.clone(), Some(Arc::new(identity)));
        Ok(())
    })?;
    read_all(reader, scope, keys::REGISTRATION_CODE, |_, code| {
        shelf.registration.put(FINAL, (), Some(Arc::new(code)));
        Ok(())
    })?;
    read_all(reader, scope, keys::EVENTS, |_, events| {
        shelf.events.put(FINAL, (), Some(Arc::new(events)));
        Ok(())
    })
}

/// Puts the texts that other records have already in place of the thing's own.
fn share(shelf: &Shelf, thing: &mut Thing) {
    thing.attributes.share(|name, value| View::of(shelf).shared_attribute(name, value));
    if let Some(kind) = thing.thing_type.as_deref().and_then(|kind| shelf.types.get(kind)) {
        thing.thing_type = Some(kind.name.clone());
    }
    for group in &mut thing.groups {
        if let Some(known) = shelf.groups.get(&**group) {
            *group = known.name.clone();
        }
    }
}

fn id(name: &str) -> Result<CertificateId, Unreadable> {
    CertificateId::parse(name).map_err(|error| Unreadable::Damaged(error.to_string()))
}

/// Visits every record of a kind with its name.
fn read_all<T: Kept>(
    reader: &dyn Reader,
    scope: &Scope,
    kind: &str,
    mut visit: impl FnMut(&str, T) -> Result<(), Unreadable>,
) -> Result<(), OpenError> {
    let prefix = keys::key(scope, kind, "");
    let mut after: Option<Vec<u8>> = None;
    loop {
        let page = reader.scan(&prefix, after.as_deref(), limits::SCAN_DOCUMENTS)?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after = Some(last.clone());
        for (key, document) in page {
            let name = key.strip_prefix(&*prefix).and_then(|name| std::str::from_utf8(name).ok());
            let read = match name {
                Some(name) => documents::decode(&document.value, document.revision)
                    .and_then(|record| visit(name, record)),
                None => Err(Unreadable::Damaged("its name is not text".to_owned())),
            };
            read.map_err(|why| match why {
                Unreadable::Newer(format) => OpenError::Newer { key, format },
                Unreadable::Damaged(reason) => OpenError::Damaged { key, reason },
            })?;
        }
    }
}
