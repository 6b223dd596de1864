//! The writer's desk: events queue here; one thread decides them in groups, commits, publishes the view, tells.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::task::Waker;
use std::time::{Duration, Instant};

use broker::SessionId;
use hub::{Event, Hub, Plan};
use store::{Batch, CommitError, Durability, Store};
use tokio::sync::oneshot;

use crate::limits::{EVENTS_PER_COMMIT, QUEUED_EVENTS};
use crate::link::Link;
use crate::shared::Shared;
use crate::tell::{complete, tell};

/// Where connections leave what happened.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    queue: Mutex<Queue>,
    bell: Condvar,
    waiting: AtomicUsize,
    /// Jobs whose outcome has been told.
    told: AtomicU64,
    /// The latest job that changes subscriptions.
    subscribed: AtomicU64,
}

#[derive(Debug, Default)]
struct Queue {
    jobs: Vec<Job>,
    /// Connections that stopped reading until there is room.
    paused: Vec<Waker>,
    pushed: u64,
    stop: bool,
}

#[derive(Debug)]
enum Job {
    Event(Event<Arc<Link>>),
    /// PUBREL: the client hears PUBCOMP once it is on disk that the packet id is free.
    Release {
        link: Arc<Link>,
        session: SessionId,
        packet_id: u16,
    },
    /// Documents of the registry: committed with the group, answered after it.
    Write(Batch, oneshot::Sender<Result<(), String>>),
    Tick(oneshot::Sender<()>),
}

/// How long the writer sleeps when nothing happens, so that due times are met within it.
const IDLE: Duration = Duration::from_millis(500);
/// How often room on the disk is looked at.
const DISK_CHECK: Duration = Duration::from_millis(250);

impl Desk {
    /// Leaves an event and says its number. Never waits; connections ask [`Desk::is_full`] before they read on.
    pub(crate) fn submit(&self, event: Event<Arc<Link>>) -> u64 {
        self.push(Job::Event(event))
    }

    /// As `submit`, for an event after which other publishes find other receivers.
    pub(crate) fn submit_subscription(&self, event: Event<Arc<Link>>) -> u64 {
        let number = self.submit(event);
        self.subscribed.fetch_max(number, Ordering::Release);
        number
    }

    /// Leaves a PUBREL.
    pub(crate) fn release(&self, link: Arc<Link>, session: SessionId, packet_id: u16) {
        self.push(Job::Release { link, session, packet_id });
    }

    /// Whether the event with this number, every SUBSCRIBE that has come, and so all before them, has been decided,
    /// committed and told.
    pub(crate) fn has_told(&self, number: u64) -> bool {
        self.told.load(Ordering::Acquire) >= number.max(self.subscribed.load(Ordering::Acquire))
    }

    /// Commits documents of the registry and answers when they are on disk.
    pub(crate) async fn write(&self, batch: Batch) -> Result<(), String> {
        let (done, answer) = oneshot::channel();
        self.push(Job::Write(batch, done));
        answer.await.unwrap_or_else(|_| Err("the server is stopping".into()))
    }

    /// Lets the hub see the time, and answers when what was due is told.
    pub(crate) async fn tick(&self) {
        let (done, answer) = oneshot::channel();
        self.push(Job::Tick(done));
        let _ = answer.await;
    }

    pub(crate) fn is_full(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) >= QUEUED_EVENTS
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Wakes this task when there is room; false: there is room already.
    pub(crate) fn wait_for_room(&self, waker: &Waker) -> bool {
        let mut queue = self.lock();
        if queue.jobs.len() < QUEUED_EVENTS {
            return false;
        }
        queue.paused.push(waker.clone());
        true
    }

    /// Decides what is queued and then ends the writer.
    pub(crate) fn stop(&self) {
        self.lock().stop = true;
        self.bell.notify_one();
    }

    fn push(&self, job: Job) -> u64 {
        let mut queue = self.lock();
        queue.jobs.push(job);
        queue.pushed += 1;
        let number = queue.pushed;
        self.waiting.store(queue.jobs.len(), Ordering::Relaxed);
        let first = queue.jobs.len() == 1;
        drop(queue);
        if first {
            self.bell.notify_one();
        }
        number
    }

    /// The next jobs, or none after `IDLE`; the second value: the desk is closed.
    fn take(&self, jobs: &mut Vec<Job>) -> bool {
        let mut queue = self.lock();
        if queue.jobs.is_empty() && !queue.stop {
            queue = self.bell.wait_timeout(queue, IDLE).unwrap_or_else(std::sync::PoisonError::into_inner).0;
        }
        std::mem::swap(&mut queue.jobs, jobs);
        self.waiting.store(0, Ordering::Relaxed);
        queue.paused.drain(..).for_each(Waker::wake);
        queue.stop && jobs.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The one writer.
pub(crate) struct Writer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) hub: Hub<Arc<Link>>,
    pub(crate) store: Box<dyn Store>,
    pub(crate) keep_free_bytes: u64,
    pub(crate) checked: Instant,
}

/// Room beyond the store's own reserve: the disk counts as full before a commit could be refused.
const MARGIN_BYTES: u64 = 16 * 1024 * 1024;

impl Writer {
    /// Runs until the desk is stopped and empty.
    pub(crate) fn run(mut self) {
        let mut jobs = Vec::new();
        loop {
            let closed = self.shared.desk.take(&mut jobs);
            self.check_disk();
            let due = self.hub.next_deadline_ms().is_some_and(|due| due <= self.shared.clock.wall_ms());
            if due || jobs.is_empty() {
                self.group(std::iter::once(Job::Event(Event::Tick)));
            }
            let mut waiting = jobs.drain(..).peekable();
            while waiting.peek().is_some() {
                let count = waiting.len().min(EVENTS_PER_COMMIT);
                self.group(waiting.by_ref().take(count));
                self.shared.desk.told.fetch_add(count as u64, Ordering::Release);
            }
            drop(waiting);
            if closed {
                return;
            }
        }
    }

    /// Decide, commit, publish the view, tell.
    fn group(&mut self, jobs: impl Iterator<Item = Job>) {
        let mut plan = Plan::default();
        let mut written = Vec::new();
        let mut completed = Vec::new();
        let mut ticked = Vec::new();
        let mut documents = Batch::new();
        for job in jobs {
            let now_ms = self.shared.clock.wall_ms();
            match job {
                Job::Event(event) => self.hub.decide(now_ms, event, &mut plan),
                Job::Release { link, session, packet_id } => {
                    self.hub.decide(now_ms, Event::Released { session, packet_id }, &mut plan);
                    completed.push((link, packet_id));
                }
                Job::Write(_, answer) if self.hub.is_disk_full() => {
                    let _ = answer.send(Err("the disk is full: free some space and try again".into()));
                }
                Job::Write(batch, answer) => {
                    documents.writes.extend(batch.writes);
                    written.push(answer);
                }
                Job::Tick(answer) => {
                    self.hub.decide(now_ms, Event::Tick, &mut plan);
                    ticked.push(answer);
                }
            }
        }
        let (mut batch, must_sync) = plan.take_writes();
        let must_sync = must_sync || !documents.is_empty();
        batch.writes.extend(documents.writes);
        self.commit(&batch, must_sync);
        if let Some(view) = self.hub.next_view() {
            self.shared.view.store(Arc::new(view));
        }
        tell(&self.shared, plan.notices);
        complete(completed);
        written.into_iter().for_each(|answer| _ = answer.send(Ok(())));
        ticked.into_iter().for_each(|answer| _ = answer.send(()));
    }

    fn commit(&mut self, batch: &Batch, must_sync: bool) {
        if batch.is_empty() {
            return;
        }
        let durability = if must_sync { Durability::Synced } else { Durability::Buffered };
        let begun = Instant::now();
        loop {
            match self.store.commit(batch, durability) {
                Ok(()) => break,
                // Decided before the disk was seen to be full: what was decided waits, nothing is lost.
                Err(CommitError::Full) => {
                    tracing::error!("the disk is full: the writer waits for room");
                    std::thread::sleep(DISK_CHECK);
                }
                Err(error) => {
                    tracing::error!(%error, "a commit failed; stopping, so that nothing unsaved is acknowledged");
                    eprintln!(
                        "thingstead: a commit failed: {error}. Start again to recover from the data folder."
                    );
                    std::process::exit(70);
                }
            }
        }
        self.shared.metrics.commits.add(1);
        self.shared.metrics.commit_micros.add(u64::try_from(begun.elapsed().as_micros()).unwrap_or(0));
    }

    fn check_disk(&mut self) {
        if self.checked.elapsed() < DISK_CHECK {
            return;
        }
        self.checked = Instant::now();
        let Some(free) = self.store.free_bytes() else { return };
        let full = free < self.keep_free_bytes.saturating_add(MARGIN_BYTES);
        if full == self.hub.is_disk_full() {
            return;
        }
        let text = if full {
            format!(
                "{free} bytes are free, less than the reserve: what needs the disk is refused until there is room"
            )
        } else {
            "there is room on the disk again".to_owned()
        };
        self.shared.explain("", "disk", &text);
        let now_ms = self.shared.clock.wall_ms();
        self.hub.decide(now_ms, Event::Disk { full }, &mut Plan::default());
    }
}
