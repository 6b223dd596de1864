//! Certificates that wait to take the place of others in, the others turned off out: once a new one has connected, and
//! not before. Lasts over restarts.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use registry::{CertificateId, CertificateStatus, RegistryError, Scope};
use serde::{Deserialize, Serialize};
use store::{Batch, Expect, ReadError, Reader};

use crate::shared::Shared;

/// Rotations under way, by the new certificate.
#[derive(Debug, Default)]
pub(crate) struct Rotations {
    by_new: Mutex<HashMap<CertificateId, Rotation>>,
    count: AtomicUsize,
}

/// What happens when the new certificate connects.
#[derive(Debug, Clone)]
pub(crate) struct Rotation {
    pub(crate) scope: Arc<Scope>,
    pub(crate) device: String,
    pub(crate) old: Vec<CertificateId>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    format: u32,
    device: String,
    old: Vec<String>,
}

const FORMAT: u32 = 1;

impl Rotations {
    pub(crate) fn open<'a>(
        reader: &dyn Reader,
        scopes: impl Iterator<Item = &'a Arc<Scope>>,
    ) -> Result<Rotations, ReadError> {
        let rotations = Rotations::default();
        for scope in scopes {
            let prefix = key(scope, "");
            let mut after: Option<Vec<u8>> = None;
            loop {
                let page = reader.scan(&prefix, after.as_deref(), 1000)?;
                let Some((last, _)) = page.last() else { break };
                after = Some(last.clone());
                for (key, document) in &page {
                    let id = key.strip_prefix(prefix.as_slice()).and_then(|id| std::str::from_utf8(id).ok());
                    let id = id.and_then(|id| CertificateId::parse(id).ok());
                    // What a newer version wrote is left alone: the old certificate stays on, which is safe.
                    let stored = serde_json::from_slice::<Stored>(&document.value);
                    if let (Some(id), Ok(stored)) = (id, stored)
                        && stored.format <= FORMAT
                    {
                        rotations.insert(id, Rotation::from_stored(scope.clone(), &stored));
                    }
                }
            }
        }
        Ok(rotations)
    }

    /// What to write so that the rotation lasts.
    pub(crate) fn begin(&self, new: CertificateId, rotation: Rotation) -> Batch {
        let mut batch = Batch::new();
        let stored = Stored {
            format: FORMAT,
            device: rotation.device.clone(),
            old: rotation.old.iter().map(ToString::to_string).collect(),
        };
        let value = serde_json::to_vec(&stored).expect("texts and numbers always have a JSON form");
        batch.put(key(&rotation.scope, &new.to_string()), value, Expect::Any);
        self.insert(new, rotation);
        batch
    }

    pub(crate) fn forget(&self) {
        self.lock().clear();
        self.count.store(0, Ordering::Relaxed);
    }

    fn insert(&self, new: CertificateId, rotation: Rotation) {
        let mut by_new = self.lock();
        by_new.insert(new, rotation);
        self.count.store(by_new.len(), Ordering::Relaxed);
    }

    fn take(&self, new: &CertificateId) -> Option<Rotation> {
        if self.count.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let mut by_new = self.lock();
        let taken = by_new.remove(new);
        self.count.store(by_new.len(), Ordering::Relaxed);
        taken
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<CertificateId, Rotation>> {
        self.by_new.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Rotation {
    fn from_stored(scope: Arc<Scope>, stored: &Stored) -> Rotation {
        let old = stored.old.iter().filter_map(|id| CertificateId::parse(id).ok()).collect();
        Rotation { scope, device: stored.device.clone(), old }
    }
}

/// The new certificate has connected, or was used for a call: those that it replaces are turned off, and their connections end.
pub(crate) fn complete(shared: &Arc<Shared>, new: &CertificateId) {
    let Some(rotation) = shared.rotations.take(new) else { return };
    let now_ms = shared.clock.wall_ms();
    let (after, new) = (shared.clone(), *new);
    let (of, ids) = (rotation.scope.clone(), rotation.old.clone());
    shared.registrar.post(
        move |draft| {
            for id in &ids {
                // One that is gone or revoked meanwhile needs no turning off.
                match draft.set_status(&of, id, CertificateStatus::Inactive, now_ms) {
                    Ok(()) | Err(RegistryError::UnknownCertificate(_) | RegistryError::Revoked(_)) => {}
                    Err(error) => tracing::warn!(%error, certificate = %id, "not turned off by the rotation"),
                }
            }
        },
        move |committed| match committed {
            Ok(()) => finish(&after, new, &rotation),
            Err(why) => {
                tracing::warn!(why, certificate = %new, "the certificates that it replaces stay on until it connects again");
                after.rotations.insert(new, rotation);
            }
        },
    );
}

/// The old ones are off, and so are rotations that were to begin with one of them.
fn finish(shared: &Shared, new: CertificateId, rotation: &Rotation) {
    let mut batch = Batch::new();
    for id in rotation.old.iter().chain([&new]) {
        shared.rotations.take(id);
        batch.delete(key(&rotation.scope, &id.to_string()), Expect::Any);
    }
    shared.desk.post(batch);
    let old: Vec<String> = rotation.old.iter().map(ToString::to_string).collect();
    let text = format!("certificate {new} has connected; turned off: {}", old.join(", "));
    shared.explain(&rotation.device, "rotated", &text);
}

fn key(scope: &Scope, id: &str) -> Vec<u8> {
    let mut key = scope.key_prefix();
    key.extend_from_slice(b"rotation\0");
    key.extend_from_slice(id.as_bytes());
    key
}

#[cfg(test)]
mod tests {
    use store::{Durability, Memory, Store};

    use super::*;

    #[test]
    fn a_rotation_is_remembered_until_it_is_taken() {
        let scope = Arc::new(Scope::default());
        let (new, old) = (CertificateId::from_der(b"new"), CertificateId::from_der(b"old"));
        let rotation = Rotation { scope: scope.clone(), device: "pump-1".into(), old: vec![old] };
        let mut store = Memory::default();
        let batch = Rotations::default().begin(new, rotation);
        store.commit(&batch, Durability::Synced).expect("written");
        let read = Rotations::open(&*store.reader(), [scope].iter()).expect("read");
        assert!(read.take(&old).is_none());
        let taken = read.take(&new).expect("it is there");
        assert_eq!((taken.device.as_str(), taken.old), ("pump-1", vec![old]));
        assert!(read.take(&new).is_none());
    }
}
