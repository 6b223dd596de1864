//! When each session has something due: at most one time for each. Reads no clock.

use std::collections::{BTreeSet, HashMap};

use broker::SessionId;

/// Due times, soonest first.
#[derive(Debug, Default)]
pub(crate) struct Deadlines {
    by_time: BTreeSet<(u64, SessionId)>,
    of: HashMap<SessionId, u64>,
}

impl Deadlines {
    /// Sets a session's due time, in place of the one it had.
    pub(crate) fn set(&mut self, id: SessionId, due_ms: u64) {
        self.clear(id);
        self.of.insert(id, due_ms);
        self.by_time.insert((due_ms, id));
    }

    pub(crate) fn clear(&mut self, id: SessionId) {
        if let Some(due_ms) = self.of.remove(&id) {
            self.by_time.remove(&(due_ms, id));
        }
    }

    pub(crate) fn first_ms(&self) -> Option<u64> {
        self.by_time.first().map(|(due_ms, _)| *due_ms)
    }

    /// Takes out the first session whose time has come.
    pub(crate) fn take_due(&mut self, now_ms: u64) -> Option<SessionId> {
        let (due_ms, id) = *self.by_time.first()?;
        if due_ms > now_ms {
            return None;
        }
        self.clear(id);
        Some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_that_comes_and_goes_leaves_one_deadline() {
        let mut deadlines = Deadlines::default();
        let id = SessionId(7);
        for due_ms in [50, 90, 70] {
            deadlines.set(id, due_ms);
        }
        assert_eq!((deadlines.first_ms(), deadlines.by_time.len()), (Some(70), 1));
        assert_eq!((deadlines.take_due(69), deadlines.take_due(70)), (None, Some(id)));
        deadlines.set(id, 100);
        deadlines.clear(id);
        assert!(deadlines.by_time.is_empty() && deadlines.of.is_empty());
    }
}
