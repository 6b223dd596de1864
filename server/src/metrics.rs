//! Counters of what happens, cheap enough for the publish lane.

use std::sync::atomic::{AtomicU64, Ordering};

/// One counter.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self, more: u64) {
        if more > 0 {
            self.0.fetch_add(more, Ordering::Relaxed);
        }
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Everything that is counted.
#[derive(Debug, Default)]
pub struct Metrics {
    pub connections_opened: Count,
    pub connections_refused: Count,
    pub connections_closed: Count,
    pub handshakes_failed: Count,
    pub messages_received: Count,
    pub messages_delivered: Count,
    pub messages_dropped: Count,
    pub publishes_refused: Count,
    pub bytes_received: Count,
    pub commits: Count,
    pub commit_micros: Count,
    pub commit_bytes: Count,
}
