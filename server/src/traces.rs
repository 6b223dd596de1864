//! The trace rings of all threads: each thread writes its own, so that they do not wait for each other.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};

use hub::{Step, Trace};

const RINGS: usize = 16;

/// Rings by thread.
#[derive(Debug, Default)]
pub struct Traces {
    rings: [Mutex<Trace>; RINGS],
}

static NEXT: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static RING: Cell<usize> = Cell::new(NEXT.fetch_add(1, Ordering::Relaxed) % RINGS);
}

impl Traces {
    /// This thread's ring, for a batch of steps.
    pub(crate) fn mine(&self) -> MutexGuard<'_, Trace> {
        let at = RING.with(Cell::get);
        let ring = self.rings.get(at).unwrap_or(&self.rings[0]);
        ring.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Every kept step of one message, oldest first.
    pub fn of(&self, message: u64) -> Vec<Step> {
        self.collect(|ring| ring.of(message).cloned().collect())
    }

    /// The latest steps of all rings, oldest first.
    pub fn latest(&self, most: usize) -> Vec<Step> {
        let mut steps = self.collect(|ring| ring.latest(most).cloned().collect());
        let surplus = steps.len().saturating_sub(most);
        steps.drain(..surplus);
        steps
    }

    fn collect(&self, pick: impl Fn(&Trace) -> Vec<Step>) -> Vec<Step> {
        let locked =
            |ring: &Mutex<Trace>| pick(&ring.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        let mut steps: Vec<Step> = self.rings.iter().flat_map(locked).collect();
        steps.sort_by_key(|step| step.at_ms);
        steps
    }
}
