//! The registry and a list of wishes in, one change out: the writes to commit and what to apply afterwards. Each wish
//! sees those before it; a refused wish changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use store::{Batch, Expect};
use thiserror::Error;

use crate::thing::{self, ThingError};
use crate::{
    Attachment, CertificateFault, CertificateId, CertificateRecord, CertificateStatus, PublicCertificate,
    Registry, Scope, Thing, documents, keys,
};

/// `None` is a thing that is deleted.
pub(crate) type DraftedThings = BTreeMap<Arc<Scope>, BTreeMap<String, Option<Thing>>>;

/// `None` is a certificate that is deleted.
pub(crate) type DraftedCertificates = BTreeMap<CertificateId, Option<CertificateRecord>>;

/// Wishes decided so far, on top of the registry as it was when the draft began.
#[derive(Debug)]
pub struct Draft<'a> {
    base: &'a Registry,
    things: DraftedThings,
    certificates: DraftedCertificates,
    pems: BTreeMap<CertificateId, String>,
}

/// What was decided. Commit `writes` first, then hand it to [`Registry::apply`]; drop it if the commit fails.
#[derive(Debug, Clone)]
#[must_use = "a change does nothing until its writes are committed and it is applied"]
pub struct Change {
    pub writes: Batch,
    pub(crate) things: DraftedThings,
    pub(crate) certificates: DraftedCertificates,
}

/// What is asked for when a thing is created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewThing {
    pub name: String,
    pub attributes: BTreeMap<String, String>,
    /// Becomes the thing's id.
    pub random: [u8; 16],
}

/// Why a wish is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RegistryError {
    #[error(transparent)]
    Thing(#[from] ThingError),
    #[error("thing {0} exists with other attributes: choose another name, or delete it first")]
    ThingExists(String),
    #[error("there is no thing {0}: create it first, or look for its name with `thingstead device ls`")]
    UnknownThing(String),
    #[error("thing {name} has {count} certificate(s) attached, {id} among them: detach them first")]
    ThingInUse { name: String, count: usize, id: CertificateId },
    #[error(transparent)]
    Certificate(#[from] CertificateFault),
    #[error("certificate {id} expired at {not_after_s} (Unix seconds): register one that is still valid")]
    Expired { id: CertificateId, not_after_s: i64 },
    #[error("certificate {0} is registered already: use it as it is, or delete it first")]
    CertificateExists(CertificateId),
    #[error("certificate {id} is registered already for {scope}: delete it there first")]
    CertificateElsewhere { id: CertificateId, scope: Arc<Scope> },
    #[error(
        "there is no certificate {0}: register it first, or look for its id with `thingstead device show NAME`"
    )]
    UnknownCertificate(CertificateId),
    #[error("a certificate cannot be set to {0}: choose ACTIVE, INACTIVE or REVOKED")]
    StatusNotSettable(CertificateStatus),
    #[error("certificate {0} is REVOKED, which is final: create a new one")]
    Revoked(CertificateId),
    #[error("certificate {0} is ACTIVE: set it to INACTIVE before you delete it")]
    StillActive(CertificateId),
    #[error("certificate {id} is attached to thing {thing}: detach it first, or force the deletion")]
    CertificateInUse { id: CertificateId, thing: String },
    #[error("certificate {id} belongs to thing {thing} exclusively: detach it there first")]
    Exclusive { id: CertificateId, thing: String },
    #[error(
        "certificate {id} has thing {thing} already and so cannot belong to another one exclusively: detach it there first"
    )]
    NotExclusive { id: CertificateId, thing: String },
}

impl<'a> Draft<'a> {
    pub(crate) fn new(base: &'a Registry) -> Self {
        Self { base, things: BTreeMap::new(), certificates: BTreeMap::new(), pems: BTreeMap::new() }
    }

    #[must_use]
    pub fn find_thing(&self, scope: &Scope, name: &str) -> Option<&Thing> {
        match self.things.get(scope).and_then(|things| things.get(name)) {
            Some(drafted) => drafted.as_ref(),
            None => self.base.find_thing(scope, name),
        }
    }

    #[must_use]
    pub fn find_certificate(&self, id: &CertificateId) -> Option<&CertificateRecord> {
        match self.certificates.get(id) {
            Some(drafted) => drafted.as_ref(),
            None => self.base.find_certificate(id),
        }
    }

    /// The certificates that are attached to a thing.
    #[must_use]
    pub fn principals_of(&self, scope: &Scope, thing: &str) -> BTreeSet<CertificateId> {
        let undrafted =
            self.base.principals_of(scope, thing).filter(|id| !self.certificates.contains_key(id));
        let drafted = self.certificates.iter().filter(|(_, record)| {
            record.as_ref().is_some_and(|r| *r.scope == *scope && r.things.contains_key(thing))
        });
        undrafted.chain(drafted.map(|(id, _)| *id)).collect()
    }

    /// Creating what exists with the same attributes is no error and answers what exists.
    pub fn create_thing(
        &mut self,
        scope: &Scope,
        new: NewThing,
        now_ms: u64,
    ) -> Result<&Thing, RegistryError> {
        let NewThing { name, attributes, random } = new;
        thing::check_name(&name)?;
        thing::check_attributes(&attributes)?;
        match self.find_thing(scope, &name) {
            Some(found) if found.attributes != attributes => return Err(RegistryError::ThingExists(name)),
            Some(_) => {}
            None => {
                let id = thing::id_from(random);
                let thing =
                    Thing { name: name.clone(), id, version: 1, attributes, created_ms: now_ms, revision: 0 };
                self.draft_thing(scope, &name, Some(thing));
            }
        }
        self.find_thing(scope, &name).ok_or(RegistryError::UnknownThing(name))
    }

    /// Deleting what does not exist is no error, as with AWS; the answer tells whether it existed.
    pub fn delete_thing(&mut self, scope: &Scope, name: &str) -> Result<bool, RegistryError> {
        let principals = self.principals_of(scope, name);
        if let Some(id) = principals.first() {
            let (name, count) = (name.to_owned(), principals.len());
            return Err(RegistryError::ThingInUse { name, count, id: *id });
        }
        if self.find_thing(scope, name).is_none() {
            return Ok(false);
        }
        self.draft_thing(scope, name, None);
        Ok(true)
    }

    /// Registers a certificate of whatever issuer.
    pub fn register_certificate(
        &mut self,
        scope: &Scope,
        pem: &str,
        status: CertificateStatus,
        now_ms: u64,
    ) -> Result<CertificateId, RegistryError> {
        let PublicCertificate { id, pem, not_before_s, not_after_s, .. } = PublicCertificate::from_pem(pem)?;
        if i64::try_from(now_ms / 1000).unwrap_or(i64::MAX) > not_after_s {
            return Err(RegistryError::Expired { id, not_after_s });
        }
        match self.find_certificate(&id) {
            Some(found) if *found.scope == *scope => return Err(RegistryError::CertificateExists(id)),
            Some(found) => {
                return Err(RegistryError::CertificateElsewhere { id, scope: found.scope.clone() });
            }
            None => {}
        }
        let record = CertificateRecord {
            id,
            scope: self.shared(scope),
            status,
            created_ms: now_ms,
            modified_ms: now_ms,
            not_before_s,
            not_after_s,
            things: BTreeMap::new(),
            revision: 0,
        };
        self.certificates.insert(id, Some(record));
        self.pems.insert(id, pem);
        Ok(id)
    }

    pub fn set_status(
        &mut self,
        scope: &Scope,
        id: &CertificateId,
        status: CertificateStatus,
        now_ms: u64,
    ) -> Result<(), RegistryError> {
        let settable = matches!(
            status,
            CertificateStatus::Active | CertificateStatus::Inactive | CertificateStatus::Revoked
        );
        if !settable {
            return Err(RegistryError::StatusNotSettable(status));
        }
        let mut record = self.certificate(scope, id)?;
        if record.status == CertificateStatus::Revoked && status != CertificateStatus::Revoked {
            return Err(RegistryError::Revoked(*id));
        }
        if record.status != status {
            record.status = status;
            record.modified_ms = now_ms;
            self.certificates.insert(*id, Some(record));
        }
        Ok(())
    }

    /// `force` detaches the certificate from its things first; an active certificate is never deleted.
    pub fn delete_certificate(
        &mut self,
        scope: &Scope,
        id: &CertificateId,
        force: bool,
    ) -> Result<(), RegistryError> {
        let record = self.certificate(scope, id)?;
        if record.status == CertificateStatus::Active {
            return Err(RegistryError::StillActive(*id));
        }
        if let Some(thing) = record.things.keys().next().filter(|_| !force) {
            return Err(RegistryError::CertificateInUse { id: *id, thing: thing.clone() });
        }
        self.certificates.insert(*id, None);
        self.pems.remove(id);
        Ok(())
    }

    /// Attaching again is no error and may change the kind of the attachment.
    pub fn attach(
        &mut self,
        scope: &Scope,
        thing: &str,
        id: &CertificateId,
        attachment: Attachment,
    ) -> Result<(), RegistryError> {
        if self.find_thing(scope, thing).is_none() {
            return Err(RegistryError::UnknownThing(thing.to_owned()));
        }
        let mut record = self.certificate(scope, id)?;
        for (other, kind) in record.things.iter().filter(|(other, _)| *other != thing) {
            if *kind == Attachment::ExclusiveThing {
                return Err(RegistryError::Exclusive { id: *id, thing: other.clone() });
            }
            if attachment == Attachment::ExclusiveThing {
                return Err(RegistryError::NotExclusive { id: *id, thing: other.clone() });
            }
        }
        if record.things.insert(thing.to_owned(), attachment) != Some(attachment) {
            self.certificates.insert(*id, Some(record));
        }
        Ok(())
    }

    /// Detaching what is not attached is no error; the answer tells whether it was.
    pub fn detach(&mut self, scope: &Scope, thing: &str, id: &CertificateId) -> Result<bool, RegistryError> {
        if self.find_thing(scope, thing).is_none() {
            return Err(RegistryError::UnknownThing(thing.to_owned()));
        }
        let mut record = self.certificate(scope, id)?;
        let was_attached = record.things.remove(thing).is_some();
        if was_attached {
            self.certificates.insert(*id, Some(record));
        }
        Ok(was_attached)
    }

    /// Ends the draft. What it created and deleted again leaves no write.
    pub fn finish(mut self) -> Change {
        let mut writes = Batch::new();
        for (scope, things) in &mut self.things {
            for (name, thing) in things {
                let stored = self.base.find_thing(scope, name).map(|thing| thing.revision);
                let value = thing.as_ref().map(documents::write_thing);
                let revision = write(&mut writes, keys::thing(scope, name), stored, value);
                if let Some(thing) = thing {
                    thing.revision = revision;
                }
            }
        }
        for (id, record) in &mut self.certificates {
            let mut stored = self.base.find_certificate(id);
            if let Some(old) = stored.filter(|old| record.as_ref().is_none_or(|new| new.scope != old.scope)) {
                write(&mut writes, keys::certificate(&old.scope, id), Some(old.revision), None);
                writes.delete(keys::pem(&old.scope, id), Expect::Any);
                stored = None;
            }
            let Some(record) = record else { continue };
            let (key, revision) = (keys::certificate(&record.scope, id), stored.map(|old| old.revision));
            record.revision = write(&mut writes, key, revision, Some(documents::write_certificate(record)));
            if let Some(pem) = self.pems.remove(id) {
                writes.put(keys::pem(&record.scope, id), pem.into_bytes(), Expect::Any);
            }
        }
        Change { writes, things: self.things, certificates: self.certificates }
    }

    fn draft_thing(&mut self, scope: &Scope, name: &str, thing: Option<Thing>) {
        let scope = self.shared(scope);
        self.things.entry(scope).or_default().insert(name.to_owned(), thing);
    }

    /// The one copy of a scope that all its records share.
    fn shared(&self, scope: &Scope) -> Arc<Scope> {
        let drafted = self.things.get_key_value(scope).map(|(shared, _)| shared.clone());
        drafted.unwrap_or_else(|| self.base.shared(scope))
    }

    fn certificate(&self, scope: &Scope, id: &CertificateId) -> Result<CertificateRecord, RegistryError> {
        let found = self.find_certificate(id).filter(|record| *record.scope == *scope);
        found.cloned().ok_or(RegistryError::UnknownCertificate(*id))
    }
}

/// Adds the write that leads from the stored revision to the value, and answers the revision it leads to.
fn write(writes: &mut Batch, key: Vec<u8>, stored: Option<u64>, value: Option<Vec<u8>>) -> u64 {
    match (stored, value) {
        (None, Some(value)) => {
            writes.put(key, value, Expect::Absent);
            1
        }
        (Some(revision), Some(value)) => {
            writes.put(key, value, Expect::Revision(revision));
            revision.saturating_add(1)
        }
        (Some(revision), None) => {
            writes.delete(key, Expect::Revision(revision));
            0
        }
        (None, None) => 0,
    }
}
