//! All live connections, for what looks at each of them now and then.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use registry::CertificateId;

use crate::link::Link;

/// Live connections by number and by certificate.
#[derive(Debug, Default)]
pub(crate) struct Links {
    known: Mutex<Known>,
    next: AtomicU64,
}

#[derive(Debug, Default)]
struct Known {
    by_number: HashMap<u64, Arc<Link>>,
    by_certificate: HashMap<CertificateId, Vec<Arc<Link>>>,
}

impl Links {
    pub(crate) fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(crate) fn insert(&self, link: Arc<Link>) {
        let mut known = self.lock();
        if let Some(certificate) = link.certificate {
            known.by_certificate.entry(certificate).or_default().push(link.clone());
        }
        known.by_number.insert(link.number, link);
    }

    pub(crate) fn remove(&self, number: u64) {
        let mut known = self.lock();
        let Known { by_number, by_certificate } = &mut *known;
        let certificate = by_number.remove(&number).and_then(|link| link.certificate);
        if let Some(certificate) = certificate
            && let Some(links) = by_certificate.get_mut(&certificate)
        {
            links.retain(|link| link.number != number);
            if links.is_empty() {
                by_certificate.remove(&certificate);
            }
        }
        if by_number.capacity() > 1024 && by_number.len() < by_number.capacity() / 8 {
            by_number.shrink_to_fit();
            by_certificate.shrink_to_fit();
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().by_number.len()
    }

    pub(crate) fn all(&self) -> Vec<Arc<Link>> {
        self.lock().by_number.values().cloned().collect()
    }

    /// Those that somebody signed for.
    pub(crate) fn signed(&self) -> Vec<Arc<Link>> {
        self.lock().by_number.values().filter(|link| link.signer.is_some()).cloned().collect()
    }

    pub(crate) fn of_certificate(&self, id: &CertificateId) -> Vec<Arc<Link>> {
        self.lock().by_certificate.get(id).cloned().unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
