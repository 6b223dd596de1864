//! A shadow's change in, an entry of its history out, and back: who changed it, and a version made the current one again.

use broker::ScopeId;
use bytes::Bytes;
use shadow::history::{Change, STATE_EVERY, Source};
use shadow::lint::Finding;
use shadow::topic::{Request, Verb};
use shadow::{Limits, Rejection, ShadowId, Snapshot, SnapshotError, Stored};
use store::{ReadError, Span};

use super::{Asker, Outcome, Place};
use crate::Link;
use crate::keys::ScopeKey;
use crate::plan::Plan;
use crate::publish::DISK_FULL;
use crate::world::Hub;

/// Bytes of one look into a history: entries are at most some kilobytes.
pub(super) const HISTORY_BYTES: usize = 64 * 1024 * 1024;

/// How much is remembered of each shadow's past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryBound {
    /// Changes; 0: none.
    pub changes: u64,
    pub age_ms: u64,
}

impl Default for HistoryBound {
    fn default() -> Self {
        HistoryBound { changes: 100, age_ms: 90 * 24 * 60 * 60 * 1000 }
    }
}

/// Why a version was not restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    #[error("{0}")]
    Snapshot(#[from] SnapshotError),
    #[error("{0}")]
    Rejected(Rejection),
    #[error("the history cannot be read: {0}")]
    Read(#[from] ReadError),
    #[error("{DISK_FULL}")]
    DiskFull,
}

impl<L: Link> Hub<L> {
    /// The latest changes of a shadow, oldest first; one that cannot be read is left out.
    pub fn shadow_history(&self, scope: ScopeId, id: &ShadowId, most: u64) -> Result<Vec<Change>, ReadError> {
        let HistoryBound { changes, age_ms } = self.settings.shadow_history;
        let mut found = self.kept_changes(scope, id, most.min(changes))?;
        let oldest_ms = self.now_ms.saturating_sub(age_ms);
        found.retain(|change| change.at_ms >= oldest_ms);
        let from = found.len().saturating_sub(usize::try_from(most.min(changes)).unwrap_or(usize::MAX));
        Ok(found.split_off(from))
    }

    /// The state of a version becomes the document's again, as a new version; it is told like any update. The caller
    /// gets what was accepted.
    pub fn restore_shadow(
        &mut self,
        now_ms: u64,
        scope: ScopeId,
        asker: &Asker,
        (id, version): (&ShadowId, u64),
        plan: &mut Plan<L>,
    ) -> Result<Vec<u8>, RestoreError> {
        self.now_ms = self.now_ms.max(now_ms);
        if self.is_disk_full() {
            return Err(RestoreError::DiskFull);
        }
        let changes = self.changes_to(scope, id, version)?;
        let snapshot = Snapshot::of_version(&changes, version)?;
        let place = self.place(scope, id);
        let current = self.read_shadow(&place.key).map_err(|_| RestoreError::Rejected(super::internal()))?;
        let wanted = self.wanted(scope, id, true);
        let updated = Stored::restore(current.as_ref(), &snapshot, self.now_ms, &Limits::default(), wanted)
            .map_err(RestoreError::Rejected)?;
        let outcome = Outcome::of_update(updated, wanted, true, Vec::new());
        let accepted = outcome.accepted.clone();
        let asker = Asker { source: Source::Restore, ..asker.clone() };
        let request = Request { id: id.clone(), verb: Verb::Update };
        self.tell_shadow(scope, &asker, &request, (place, outcome), plan);
        self.fire_rules(plan);
        Ok(accepted)
    }

    /// The history as it is shown where it does not reach back to this version, else with what that rests on.
    fn changes_to(&self, scope: ScopeId, id: &ShadowId, version: u64) -> Result<Vec<Change>, ReadError> {
        let shown = self.shadow_history(scope, id, u64::MAX)?;
        match shown.iter().any(|change| change.version == version && change.asked.is_some()) {
            true => self.kept_changes(scope, id, self.settings.shadow_history.changes),
            false => Ok(shown),
        }
    }

    /// At least the latest so many entries, and those before them that say what they rest on, committed or not.
    fn kept_changes(&self, scope: ScopeId, id: &ShadowId, most: u64) -> Result<Vec<Change>, ReadError> {
        let Place { key, log } = self.place(scope, id);
        let waiting: Vec<&(u64, Bytes)> = self.shadows.fresh.entries(&key).collect();
        let span = self.reader.span(&log)?.unwrap_or(NEW);
        let tail = waiting.last().map_or(span.tail, |(seq, _)| seq + 1);
        let from = state_before(tail.saturating_sub(most)).max(span.head);
        let count = usize::try_from(span.tail.saturating_sub(from)).unwrap_or(usize::MAX);
        let committed = self.reader.read_log(&log, from, count, HISTORY_BYTES)?;
        // A group may have been committed since.
        let next = committed.last().map_or(from, |(seq, _)| seq + 1);
        let waiting = waiting.into_iter().filter(|(seq, _)| *seq >= next);
        let all = committed.iter().chain(waiting);
        Ok(all.filter_map(|(_, bytes)| Change::from_bytes(bytes).ok()).collect())
    }

    /// Enters a change. `tail`: its number, where the store may not know it yet. What is entered waits for its commit.
    pub(super) fn enter_change(
        &self,
        log: Vec<u8>,
        tail: Option<u64>,
        change: Change,
        stored: &Stored,
        plan: &mut Plan<L>,
    ) -> (Option<(u64, Bytes)>, Vec<Finding>) {
        let most = self.settings.shadow_history.changes;
        if most == 0 {
            return (None, Vec::new());
        }
        let span = self.reader.span(&log).ok().flatten().unwrap_or(NEW);
        let tail = tail.unwrap_or(span.tail);
        let state = if tail.is_multiple_of(STATE_EVERY) { stored.state_text() } else { None };
        let entry = Bytes::from(Change { state, ..change }.to_bytes());
        let advice = self.usage_advice(&log, tail);
        let before = state_before((tail + 1).saturating_sub(most));
        if before > span.head {
            plan.trim(log.clone(), before);
        }
        plan.append(log, tail, entry.clone());
        (Some((tail, entry)), advice)
    }

    /// Forgets what is too old of a shadow's history; whether there was anything.
    pub(super) fn age_history(&self, keys: &ScopeKey, which: &[u8], plan: &mut Plan<L>) -> bool {
        let log = keys.history_of_shadow(which);
        let Ok(Some(span)) = self.reader.span(&log) else { return false };
        let oldest_ms = self.now_ms.saturating_sub(self.settings.shadow_history.age_ms);
        let is_old = |at: u64| {
            let found = self.reader.read_log(&log, at, 1, HISTORY_BYTES).unwrap_or_default();
            let change = found.first().and_then(|(_, bytes)| Change::from_bytes(bytes).ok());
            change.is_some_and(|change| change.at_ms < oldest_ms)
        };
        if span.is_empty() {
            return false;
        }
        if self.settings.shadow_history.changes == 0 || is_old(span.tail - 1) {
            plan.drop_log(log);
            return true;
        }
        // Only whole stretches go: what is left begins with an entry that has the whole state.
        let stretches = (span.head / STATE_EVERY + 1..).map(|number| number * STATE_EVERY);
        let before = stretches.take_while(|at| *at < span.tail && is_old(*at - 1)).last();
        before.is_some_and(|before| {
            plan.trim(log.clone(), before);
            true
        })
    }
}

/// A history that is not there yet.
const NEW: Span = Span { head: 0, tail: 0, bytes: 0 };

/// The entry with the whole state that this one rests on, or itself.
fn state_before(seq: u64) -> u64 {
    seq - seq % STATE_EVERY
}
