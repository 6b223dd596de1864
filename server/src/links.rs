//! All live connections, for what looks at each of them now and then.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::link::Link;

/// Live connections by number.
#[derive(Debug, Default)]
pub(crate) struct Links {
    by_number: Mutex<HashMap<u64, Arc<Link>>>,
    next: AtomicU64,
}

impl Links {
    pub(crate) fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(crate) fn insert(&self, link: Arc<Link>) {
        self.lock().insert(link.number, link);
    }

    pub(crate) fn remove(&self, number: u64) {
        let mut links = self.lock();
        links.remove(&number);
        if links.capacity() > 1024 && links.len() < links.capacity() / 8 {
            links.shrink_to_fit();
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    pub(crate) fn all(&self) -> Vec<Arc<Link>> {
        self.lock().values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Arc<Link>>> {
        self.by_number.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
