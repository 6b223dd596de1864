//! Connections that wait for their next request. Opens none.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::connect::{Place, Sender};
use crate::limits::{WAITING_CONNECTIONS, WAITING_FOR};

/// By where they lead, each with since when it waits.
type Waiting = HashMap<(bool, String), Vec<(Sender, Instant)>>;

#[derive(Debug, Default)]
pub(super) struct Pool {
    waiting: Mutex<Waiting>,
}

impl Pool {
    /// The one that waits shortest; those that have ended or waited too long go.
    pub(super) fn take(&self, place: &Place) -> Option<Sender> {
        let mut waiting = self.lock();
        forget(&mut waiting);
        waiting.get_mut(&place.key())?.pop().map(|(sender, _)| sender)
    }

    /// Keeps a connection whose reply has been read to its end, if there is room.
    pub(super) fn give(&self, place: &Place, sender: Sender) {
        let mut waiting = self.lock();
        forget(&mut waiting);
        if waiting.values().map(Vec::len).sum::<usize>() < WAITING_CONNECTIONS && !sender.is_closed() {
            waiting.entry(place.key()).or_default().push((sender, Instant::now()));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn forget(waiting: &mut Waiting) {
    waiting.retain(|_, senders| {
        senders.retain(|(sender, since)| !sender.is_closed() && since.elapsed() < WAITING_FOR);
        !senders.is_empty()
    });
}
