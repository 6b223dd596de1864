//! Logs on the change lane: what the crate `logs` decides becomes part of the plan. Reads no events: a search is run by
//! whoever asked for it.

use std::sync::Arc;

use ::logs::{Event, Logs, OpenError, Refusal, Rejected};
use broker::ScopeId;
use store::{Reader, Write};

use crate::Link;
use crate::plan::Plan;
use crate::world::Hub;

/// Why logs were not changed.
#[derive(Debug, thiserror::Error)]
pub enum NotLogged {
    #[error("{0}")]
    Refused(#[from] Refusal),
    #[error("the disk is full: free some space and try again")]
    DiskFull,
    #[error("{0}: restart when the disk is in order")]
    Unreadable(#[from] OpenError),
    #[error("the account and region are not open here: call again")]
    NoScope,
}

/// Events and where they go.
#[derive(Debug, Clone, Copy)]
pub struct LogBatch<'a> {
    pub group: &'a str,
    pub stream: &'a str,
    /// In the order of their times.
    pub events: &'a [Event],
    /// The stream is made if it does not exist; the group must exist.
    pub makes_stream: bool,
}

/// What became of a batch of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Logged {
    /// Grows with every event of the stream.
    pub next_seq: u64,
    pub rejected: Rejected,
}

impl<L: Link> Hub<L> {
    /// A scope's logs, to look at.
    pub fn logs(&mut self, scope: ScopeId) -> Result<&Logs, NotLogged> {
        self.opened_logs(scope).map(|logs| &*logs)
    }

    /// Where the events of a search are read.
    pub fn reader(&self) -> Arc<dyn Reader> {
        self.reader.clone()
    }

    /// Changes a scope's logs; what is to be written for it goes into the plan.
    pub fn change_logs(
        &mut self,
        scope: ScopeId,
        plan: &mut Plan<L>,
        change: impl FnOnce(&mut Logs) -> Result<Vec<Write>, Refusal>,
    ) -> Result<(), NotLogged> {
        if self.is_disk_full() {
            return Err(NotLogged::DiskFull);
        }
        let writes = change(self.opened_logs(scope)?)?;
        write(writes, plan);
        Ok(())
    }

    /// The same for what only makes room: a full disk is no reason against it.
    pub fn delete_logs(
        &mut self,
        scope: ScopeId,
        plan: &mut Plan<L>,
        delete: impl FnOnce(&mut Logs) -> Result<Vec<Write>, Refusal>,
    ) -> Result<(), NotLogged> {
        let writes = delete(self.opened_logs(scope)?)?;
        write(writes, plan);
        Ok(())
    }

    /// Appends events to a stream of a group; they are on disk when the plan is.
    pub fn append_log(
        &mut self,
        now_ms: u64,
        scope: ScopeId,
        batch: &LogBatch<'_>,
        plan: &mut Plan<L>,
    ) -> Result<Logged, NotLogged> {
        if self.is_disk_full() {
            return Err(NotLogged::DiskFull);
        }
        let (logs, LogBatch { group, stream, events, .. }) = (self.opened_logs(scope)?, batch);
        let accepted = match batch.makes_stream {
            true => logs.append_making(now_ms, group, stream, events)?,
            false => logs.append(now_ms, group, stream, events)?,
        };
        write(accepted.writes, plan);
        Ok(Logged { next_seq: accepted.next_seq, rejected: accepted.rejected })
    }

    /// Reads the logs of every scope that is known at the start.
    pub(crate) fn read_logs(&mut self, scope: ScopeId) -> Result<(), OpenError> {
        match self.opened_logs(scope) {
            Err(NotLogged::Unreadable(error)) => Err(error),
            _ => Ok(()),
        }
    }

    /// What groups no longer keep goes from the disk.
    pub(crate) fn forget_logs(&mut self, plan: &mut Plan<L>) {
        let now_ms = self.now_ms;
        for logs in self.scopes.iter_mut().filter_map(|scope| scope.logs.as_mut()) {
            write(logs.forget(now_ms), plan);
        }
    }

    /// A scope that is opened while the hub runs may have been here before.
    fn opened_logs(&mut self, scope: ScopeId) -> Result<&mut Logs, NotLogged> {
        let reader = self.reader.clone();
        let place = self.scope(scope).ok_or(NotLogged::NoScope)?;
        let logs = match place.logs.take() {
            Some(logs) => logs,
            None => Logs::open(place.key.0.as_str(), &*reader)?,
        };
        Ok(place.logs.insert(logs))
    }
}

fn write<L>(writes: Vec<Write>, plan: &mut Plan<L>) {
    for write in writes {
        match write {
            Write::Put { key, value, .. } => plan.put(key, value),
            Write::Delete { key, .. } => plan.delete(key),
            Write::Append { log, first_seq, records } => {
                for (seq, record) in (first_seq..).zip(records) {
                    plan.append(log.clone(), seq, record);
                }
            }
            Write::Trim { log, before } => plan.trim(log, before),
            Write::DropLog { log } => plan.drop_log(log),
        }
    }
}
