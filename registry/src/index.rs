//! Stored documents in, the registry in memory out: what things and certificates there are, and who belongs to whom.
//! Changes only by applying a committed change.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use store::{ReadError, Reader};
use thiserror::Error;

use crate::documents::{self, Unreadable};
use crate::draft::{Change, Draft};
use crate::{CertificateId, CertificateRecord, Scope, Thing, keys, limits};

/// All things and certificates of all scopes.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    scopes: BTreeSet<Arc<Scope>>,
    things: BTreeMap<Arc<Scope>, BTreeMap<String, Thing>>,
    certificates: BTreeMap<CertificateId, CertificateRecord>,
    /// The certificates of each thing: the other direction of [`CertificateRecord::things`].
    principals: BTreeMap<Arc<Scope>, BTreeMap<String, BTreeSet<CertificateId>>>,
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
                    let scope = Arc::new(scope);
                    registry.scopes.insert(scope.clone());
                    registry.read_scope(reader, &scope)?;
                    beyond
                }
                None => key,
            });
        }
        Ok(registry)
    }

    #[must_use]
    pub fn find_certificate(&self, id: &CertificateId) -> Option<&CertificateRecord> {
        self.certificates.get(id)
    }

    /// The certificate's PEM, from the store.
    pub fn read_pem(&self, reader: &dyn Reader, id: &CertificateId) -> Result<Option<String>, OpenError> {
        let Some(record) = self.find_certificate(id) else { return Ok(None) };
        let key = keys::pem(&record.scope, id);
        let Some(document) = reader.get(&key)? else { return Ok(None) };
        match String::from_utf8(document.value.to_vec()) {
            Ok(pem) => Ok(Some(pem)),
            Err(error) => Err(OpenError::Damaged { key, reason: error.to_string() }),
        }
    }

    #[must_use]
    pub fn find_thing(&self, scope: &Scope, name: &str) -> Option<&Thing> {
        self.things.get(scope)?.get(name)
    }

    /// Things in the order of their names, beginning after the name given.
    pub fn things<'a>(
        &'a self,
        scope: &Scope,
        after: Option<&'a str>,
    ) -> impl Iterator<Item = &'a Thing> + use<'a> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.things
            .get(scope)
            .into_iter()
            .flat_map(move |things| things.range::<str, _>((from, Bound::Unbounded)).map(|(_, thing)| thing))
    }

    /// Certificates in the order of their ids, beginning after the id given.
    pub fn certificates<'a>(
        &'a self,
        scope: &'a Scope,
        after: Option<&CertificateId>,
    ) -> impl Iterator<Item = &'a CertificateRecord> + use<'a> {
        let from = after.map_or(Bound::Unbounded, |id| Bound::Excluded(*id));
        self.certificates.range((from, Bound::Unbounded)).map(|(_, r)| r).filter(move |r| *r.scope == *scope)
    }

    /// The names of the things that a certificate is attached to.
    pub fn things_of(&self, id: &CertificateId) -> impl Iterator<Item = &str> {
        self.certificates.get(id).into_iter().flat_map(|record| record.things.keys().map(String::as_str))
    }

    /// The certificates that are attached to a thing.
    pub fn principals_of<'a>(
        &'a self,
        scope: &Scope,
        thing: &str,
    ) -> impl Iterator<Item = CertificateId> + use<'a> {
        self.principals.get(scope).and_then(|things| things.get(thing)).into_iter().flatten().copied()
    }

    /// Starts a change. Nothing happens before [`Registry::apply`].
    #[must_use]
    pub fn draft(&self) -> Draft<'_> {
        Draft::new(self)
    }

    /// Takes over a change whose writes are committed.
    pub fn apply(&mut self, change: Change) {
        for (scope, drafted) in change.things {
            let things = self.things.entry(scope.clone()).or_default();
            for (name, thing) in drafted {
                match thing {
                    Some(thing) => things.insert(name, thing),
                    None => things.remove(&name),
                };
            }
            self.scopes.insert(scope);
        }
        for (id, record) in change.certificates {
            self.unlink(&id);
            match record {
                Some(record) => self.keep(record),
                None => {
                    self.certificates.remove(&id);
                }
            }
        }
    }

    fn keep(&mut self, record: CertificateRecord) {
        if !record.things.is_empty() {
            let principals = self.principals.entry(record.scope.clone()).or_default();
            for thing in record.things.keys() {
                principals.entry(thing.clone()).or_default().insert(record.id);
            }
        }
        self.scopes.insert(record.scope.clone());
        self.certificates.insert(record.id, record);
    }

    /// The one copy of a scope that all its records share.
    pub(crate) fn shared(&self, scope: &Scope) -> Arc<Scope> {
        self.scopes.get(scope).cloned().unwrap_or_else(|| Arc::new(scope.clone()))
    }

    /// Forgets which things a certificate is attached to.
    fn unlink(&mut self, id: &CertificateId) {
        let Some(record) = self.certificates.get(id) else { return };
        let Some(principals) = self.principals.get_mut(&record.scope) else { return };
        for thing in record.things.keys() {
            let Some(ids) = principals.get_mut(thing) else { continue };
            ids.remove(id);
            if ids.is_empty() {
                principals.remove(thing);
            }
        }
    }

    fn read_scope(&mut self, reader: &dyn Reader, scope: &Arc<Scope>) -> Result<(), OpenError> {
        read_all(reader, &keys::things(scope), |name, value, revision| {
            let thing = documents::read_thing(name.to_owned(), value, revision)?;
            self.things.entry(scope.clone()).or_default().insert(name.to_owned(), thing);
            Ok(())
        })?;
        read_all(reader, &keys::certificates(scope), |name, value, revision| {
            let id = CertificateId::parse(name).map_err(|error| Unreadable::Damaged(error.to_string()))?;
            self.keep(documents::read_certificate(scope.clone(), id, value, revision)?);
            Ok(())
        })
    }
}

/// Visits every document below the prefix with the rest of its key, its value and its revision.
fn read_all(
    reader: &dyn Reader,
    prefix: &[u8],
    mut visit: impl FnMut(&str, &[u8], u64) -> Result<(), Unreadable>,
) -> Result<(), OpenError> {
    let mut after: Option<Vec<u8>> = None;
    loop {
        let page = reader.scan(prefix, after.as_deref(), limits::SCAN_DOCUMENTS)?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after = Some(last.clone());
        for (key, document) in page {
            let name = key.strip_prefix(prefix).and_then(|name| std::str::from_utf8(name).ok());
            let read = match name {
                Some(name) => visit(name, &document.value, document.revision),
                None => Err(Unreadable::Damaged("its name is not text".to_owned())),
            };
            read.map_err(|why| match why {
                Unreadable::Newer(format) => OpenError::Newer { key, format },
                Unreadable::Damaged(reason) => OpenError::Damaged { key, reason },
            })?;
        }
    }
}
