//! The end of a draft: what differs from the registry as documents to write.

use std::sync::Arc;

use store::{Batch, Expect};

use super::{Change, Draft};
use crate::affected::Affected;
use crate::documents::{self, Kept};
use crate::keys;
use crate::layer::Layer;
use crate::shelf::Shelf;
use crate::{CertificateRecord, Scope};

impl Draft<'_> {
    /// Ends the draft. What it created and deleted again leaves no write.
    pub fn finish(mut self) -> Change {
        let affected = Affected::of(self.base, &self.scopes, &self.certificates);
        let mut writes = Batch::new();
        for (scope, shelf) in &mut self.scopes {
            write_shelf(&mut writes, scope, self.base.shelf(scope), shelf);
        }
        self.write_certificates(&mut writes);
        let Self { scopes, certificates, events, .. } = self;
        Change { writes, events, affected, scopes, certificates }
    }

    fn write_certificates(&mut self, writes: &mut Batch) {
        for (id, record) in self.certificates.entries_mut() {
            let mut stored: Option<&CertificateRecord> = self.base.find_certificate(id);
            if let Some(old) = stored.filter(|old| record.as_ref().is_none_or(|new| new.scope != old.scope)) {
                write(writes, keys::certificate(&old.scope, id), Some(old.revision), None);
                writes.delete(keys::pem(&old.scope, id), Expect::Any);
                stored = None;
            }
            let Some(record) = record else { continue };
            let record = Arc::make_mut(record);
            let (key, revision) = (keys::certificate(&record.scope, id), stored.map(|old| old.revision));
            record.revision = write(writes, key, revision, Some(documents::encode(record)));
            if let Some(pem) = self.pems.get(id) {
                writes.put(keys::pem(&record.scope, id), pem.clone().into_bytes(), Expect::Any);
            }
        }
    }
}

fn write_shelf(writes: &mut Batch, scope: &Scope, below: &Shelf, top: &mut Shelf) {
    write_layer(writes, &below.things, &mut top.things, |name| keys::thing(scope, name));
    write_layer(writes, &below.types, &mut top.types, |name| keys::key(scope, keys::TYPE, name));
    write_layer(writes, &below.groups, &mut top.groups, |name| keys::key(scope, keys::GROUP, name));
    write_layer(writes, &below.policies, &mut top.policies, |name| keys::key(scope, keys::POLICY, name));
    write_layer(writes, &below.cas, &mut top.cas, |id| keys::key(scope, keys::CA, &id.to_string()));
    write_layer(writes, &below.identities, &mut top.identities, |id| keys::key(scope, keys::IDENTITY, id));
    write_layer(writes, &below.registration, &mut top.registration, |()| {
        keys::key(scope, keys::REGISTRATION_CODE, "")
    });
    write_layer(writes, &below.events, &mut top.events, |()| keys::key(scope, keys::EVENTS, ""));
}

fn write_layer<K: Ord + Clone, V: Kept + Clone>(
    writes: &mut Batch,
    below: &Layer<K, Arc<V>>,
    top: &mut Layer<K, Arc<V>>,
    key: impl Fn(&K) -> Vec<u8>,
) {
    for (name, value) in top.entries_mut() {
        let stored = below.get(name).map(|old| old.revision());
        match value {
            Some(value) => {
                let value = Arc::make_mut(value);
                let revision = write(writes, key(name), stored, Some(documents::encode(value)));
                value.set_revision(revision);
            }
            None => {
                write(writes, key(name), stored, None);
            }
        }
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
