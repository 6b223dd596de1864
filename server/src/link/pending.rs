//! Buffers of scattered batches: written together once the other ready publishers have added theirs.

use std::sync::{Mutex, MutexGuard};

use super::{Dirty, write_all};

/// From this many receivers on, a batch is scattered: each gets little, and waiting for more saves system calls.
const SCATTERED: usize = 24;

/// Links that wait to be written.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    links: Mutex<Dirty>,
}

impl Pending {
    /// Writes a batch's buffers now, or leaves them for [`Pending::write`]. True: left, and the caller must see to it.
    pub(crate) fn write_or_defer(&self, dirty: &mut Dirty) -> bool {
        if dirty.len() < SCATTERED {
            write_all(dirty);
            return false;
        }
        self.lock().append(dirty);
        true
    }

    pub(crate) fn write(&self) {
        let mut links = std::mem::take(&mut *self.lock());
        write_all(&mut links);
    }

    fn lock(&self) -> MutexGuard<'_, Dirty> {
        self.links.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
