//! Decided groups in, one commit each, then what they tell: a thread beside the writer's, so that deciding goes on while
//! the disk syncs. Groups are committed and told in the order in which they were decided.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use hub::View;
use store::{Batch, CommitError, Durability, Expect, Store};
use tokio::sync::oneshot;

use crate::desk::{DISK_CHECK, STOPPING, Told, Wishes};
use crate::link::Link;
use crate::shared::Shared;
use crate::tell::{complete, tell};

/// Groups that wait while one is being committed; each is bounded in bytes.
const WAITING_GROUPS: usize = 1;
/// Documents or logs that one commit of a reset deletes.
const WIPED_AT_ONCE: usize = 4096;

/// What was decided together: one commit, then all of it is told.
#[derive(Default)]
pub(crate) struct Group {
    /// Jobs of the desk in it.
    pub(crate) count: u64,
    pub(crate) batch: Batch,
    pub(crate) must_sync: bool,
    /// Its writes are in `batch`.
    pub(crate) plan: Wishes,
    pub(crate) view: Option<View<Arc<Link>>>,
    pub(crate) completed: Vec<(Arc<Link>, u16)>,
    pub(crate) written: Vec<oneshot::Sender<Result<(), String>>>,
    pub(crate) called: Vec<Told>,
    pub(crate) ticked: Vec<oneshot::Sender<()>>,
    /// The store is emptied after the commit.
    pub(crate) emptied: Option<oneshot::Sender<Result<(), String>>>,
}

/// The writer's end.
pub(crate) struct Handle {
    groups: SyncSender<Group>,
    progress: Arc<Progress>,
    thread: JoinHandle<()>,
    given: u64,
    /// What the writer knows to be done.
    known: u64,
}

/// How many groups are committed and told.
#[derive(Default)]
struct Progress {
    done: AtomicU64,
    /// Whoever waits for it.
    lock: Mutex<()>,
    bell: Condvar,
}

struct Committer {
    shared: Arc<Shared>,
    store: Box<dyn Store>,
    progress: Arc<Progress>,
}

impl Handle {
    pub(crate) fn start(shared: Arc<Shared>, store: Box<dyn Store>) -> std::io::Result<Handle> {
        let (groups, waiting) = sync_channel(WAITING_GROUPS);
        let progress = Arc::new(Progress::default());
        let committer = Committer { shared, store, progress: progress.clone() };
        let thread =
            std::thread::Builder::new().name("committer".into()).spawn(move || committer.run(&waiting))?;
        Ok(Handle { groups, progress, thread, given: 0, known: 0 })
    }

    /// Waits while too many groups are on their way. False: no more groups are taken.
    pub(crate) fn give(&mut self, group: Group) -> bool {
        self.given += 1;
        self.groups.send(group).is_ok()
    }

    /// Waits until everything given is told, or will never be.
    pub(crate) fn wait(&self) {
        let mut guard = self.progress.lock.lock().unwrap_or_else(PoisonError::into_inner);
        while self.progress.done.load(Ordering::Acquire) < self.given && !self.thread.is_finished() {
            let waited = self.progress.bell.wait_timeout(guard, DISK_CHECK);
            guard = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// How many more groups are done than at the last look.
    pub(crate) fn newly_done(&mut self) -> u64 {
        let done = self.progress.done.load(Ordering::Acquire);
        done - std::mem::replace(&mut self.known, done)
    }

    pub(crate) fn finish(self) {
        drop(self.groups);
        // A panic of the thread has ended the process.
        let _ = self.thread.join();
    }
}

impl Committer {
    fn run(mut self, groups: &Receiver<Group>) {
        for group in groups {
            let count = group.count;
            if !self.group(group) {
                return;
            }
            self.shared.desk.have_told(count);
            self.progress.done.fetch_add(1, Ordering::Release);
            if let Ok(_guard) = self.progress.lock.lock() {
                self.progress.bell.notify_all();
            }
        }
    }

    /// Commit, publish the view, tell. False: nothing of this was told and nothing more may be.
    fn group(&mut self, group: Group) -> bool {
        if !self.commit(&group.batch, group.must_sync) {
            return false;
        }
        if let Some(answer) = group.emptied {
            let _ = answer.send(self.wipe());
        }
        if let Some(view) = group.view {
            self.shared.view.store(Arc::new(view));
        }
        tell(&self.shared, group.plan.notices);
        complete(group.completed);
        group.written.into_iter().for_each(|answer| _ = answer.send(Ok(())));
        group.called.into_iter().for_each(|told| told());
        group.ticked.into_iter().for_each(|answer| _ = answer.send(()));
        true
    }

    /// Deletes every document and every log, some thousand at a time: a crash in between leaves the rest.
    fn wipe(&mut self) -> Result<(), String> {
        let reader = self.store.reader();
        let mut logs = Vec::new();
        reader.logs(b"", &mut |log, _| logs.push(log.to_vec())).map_err(|error| error.to_string())?;
        for logs in logs.chunks(WIPED_AT_ONCE) {
            let mut batch = Batch::new();
            logs.iter().for_each(|log| _ = batch.drop_log(log.clone()));
            self.commit(&batch, true);
        }
        loop {
            let page = reader.scan(b"", None, WIPED_AT_ONCE).map_err(|error| error.to_string())?;
            if page.is_empty() {
                return Ok(());
            }
            let mut batch = Batch::new();
            page.into_iter().for_each(|(key, _)| _ = batch.delete(key, Expect::Any));
            if !self.commit(&batch, true) {
                return Err(STOPPING.into());
            }
        }
    }

    /// False: it did not happen, because the desk was stopped while the disk was full.
    fn commit(&mut self, batch: &Batch, must_sync: bool) -> bool {
        if batch.is_empty() {
            return true;
        }
        let durability = if must_sync { Durability::Synced } else { Durability::Buffered };
        let begun = Instant::now();
        let mut waits = false;
        loop {
            match self.store.commit(batch, durability) {
                Ok(()) => break,
                // Decided before the disk was seen to be full: what was decided waits, nothing is lost.
                Err(CommitError::Full) if self.shared.desk.is_stopping() => {
                    tracing::error!("the disk is full: stopping without what nobody was told of yet");
                    return false;
                }
                Err(CommitError::Full) => {
                    if !std::mem::replace(&mut waits, true) {
                        tracing::error!("the disk is full: the writer waits for room");
                    }
                    std::thread::sleep(DISK_CHECK);
                }
                Err(error) => {
                    tracing::error!(%error, "a commit failed; stopping, so that nothing unsaved is acknowledged");
                    // The log may be on the same disk, and not being able to write must not be a second failure.
                    let text = format!(
                        "thingstead: a commit failed: {error}. Start again to recover from the data folder.\n"
                    );
                    let _ = std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes());
                    std::process::exit(70);
                }
            }
        }
        self.shared.metrics.commits.add(1);
        self.shared.metrics.commit_bytes.add(batch.bytes() as u64);
        self.shared.metrics.commit_micros.add(u64::try_from(begun.elapsed().as_micros()).unwrap_or(0));
        true
    }
}
