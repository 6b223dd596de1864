//! The writer's desk: events queue here; one thread decides them in groups, commits, publishes the view, tells.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::task::Waker;
use std::time::{Duration, Instant};

use broker::SessionId;
use hub::{Event, Hub, Plan};
use store::{Batch, CommitError, Durability, Expect, Store};
use tokio::sync::oneshot;

use crate::limits::{COMMIT_BYTES, EVENTS_PER_COMMIT, QUEUED_BYTES, QUEUED_EVENTS};
use crate::link::Link;
use crate::shared::Shared;
use crate::tell::{complete, tell};

/// Where connections leave what happened.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    queue: Mutex<Queue>,
    bell: Condvar,
    waiting: AtomicUsize,
    waiting_bytes: AtomicUsize,
    /// Jobs whose outcome has been told.
    told: AtomicU64,
    /// The latest job that changes subscriptions.
    subscribed: AtomicU64,
}

#[derive(Debug, Default)]
struct Queue {
    jobs: Vec<Job>,
    bytes: usize,
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
    /// Something to decide for a caller over HTTP, who hears of it after the commit.
    Call(usize, Call),
    Ask(Look),
    /// Everything that is stored goes, and with it all sessions.
    Reset(oneshot::Sender<Result<(), String>>),
    Tick(oneshot::Sender<()>),
}

/// Decides, and gives back what tells the caller.
struct Call(Box<Decide>);

type Decide = dyn FnOnce(&mut World, u64, &mut Wishes) -> Told + Send;

/// What is to be written and told.
type Wishes = Plan<Arc<Link>>;

type Told = Box<dyn FnOnce() + Send>;

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Call")
    }
}

/// A look at the hub as it is behind everything that came before.
struct Look(Box<dyn FnOnce(&World) + Send>);

type World = Hub<Arc<Link>>;

impl std::fmt::Debug for Look {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Look")
    }
}

impl Job {
    /// What it holds of a client's bytes.
    fn bytes(&self) -> usize {
        match self {
            Job::Event(Event::Publish { message, .. }) => message.payload.len() + message.topic.len(),
            Job::Event(Event::Store(store)) => {
                let fired = store.fired.as_ref().map_or(0, |fired| fired.bytes());
                store.message.payload.len() + store.message.topic.len() + fired
            }
            Job::Event(Event::Subscribe { packet, .. }) => {
                packet.filters.iter().map(|f| f.filter.len() + size_of_val(f)).sum()
            }
            Job::Event(Event::Unsubscribe { packet, .. }) => {
                packet.filters.iter().map(|f| f.len() + size_of_val(f)).sum()
            }
            Job::Call(bytes, _) => *bytes,
            Job::Event(_)
            | Job::Release { .. }
            | Job::Write(..)
            | Job::Ask(_)
            | Job::Reset(_)
            | Job::Tick(_) => 0,
        }
    }
}

/// Documents or logs that one commit of a reset deletes.
const WIPED_AT_ONCE: usize = 4096;

const STOPPING: &str = "the server is stopping";

/// How long the writer sleeps when nothing happens, so that due times are met within it.
const IDLE: Duration = Duration::from_millis(500);
/// How often the hub sees the time at least.
const TICK_EVERY: Duration = Duration::from_secs(1);
/// How often room on the disk is looked at.
const DISK_CHECK: Duration = Duration::from_millis(20);

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
        answer.await.unwrap_or_else(|_| Err(STOPPING.into()))
    }

    /// The same without waiting.
    pub(crate) fn post(&self, batch: Batch) {
        let (done, _) = oneshot::channel();
        self.push(Job::Write(batch, done));
    }

    /// Decides something for a caller over HTTP, and answers when that is on disk. `bytes`: what it holds of theirs.
    pub(crate) async fn call<T: Send + 'static>(
        &self,
        bytes: usize,
        decide: impl FnOnce(&mut Hub<Arc<Link>>, u64, &mut Plan<Arc<Link>>) -> T + Send + 'static,
    ) -> Result<T, String> {
        let (done, answer) = oneshot::channel();
        let call = Call(Box::new(move |hub, now_ms, plan| {
            let decided = decide(hub, now_ms, plan);
            Box::new(move || _ = done.send(decided))
        }));
        self.push(Job::Call(bytes, call));
        answer.await.map_err(|_| STOPPING.into())
    }

    /// Decides something that nobody waits for.
    pub(crate) fn post_call(
        &self,
        decide: impl FnOnce(&mut Hub<Arc<Link>>, &mut Plan<Arc<Link>>) + Send + 'static,
    ) {
        let call = Call(Box::new(move |hub, _, plan| {
            decide(hub, plan);
            Box::new(|| ())
        }));
        self.push(Job::Call(0, call));
    }

    /// Looks at the hub behind everything that came before.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Hub<Arc<Link>>) -> T + Send + 'static,
    ) -> Result<T, String> {
        let (done, answer) = oneshot::channel();
        self.push(Job::Ask(Look(Box::new(move |hub| _ = done.send(look(hub))))));
        answer.await.map_err(|_| STOPPING.into())
    }

    /// Empties the store and the hub.
    pub(crate) async fn reset(&self) -> Result<(), String> {
        let (done, answer) = oneshot::channel();
        self.push(Job::Reset(done));
        answer.await.unwrap_or_else(|_| Err(STOPPING.into()))
    }

    /// Lets the hub see the time, and answers when what was due is told.
    pub(crate) async fn tick(&self) {
        let (done, answer) = oneshot::channel();
        self.push(Job::Tick(done));
        let _ = answer.await;
    }

    pub(crate) fn is_full(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) >= QUEUED_EVENTS
            || self.waiting_bytes.load(Ordering::Relaxed) >= QUEUED_BYTES
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Wakes this task when there is room; false: there is room already.
    pub(crate) fn wait_for_room(&self, waker: &Waker) -> bool {
        let mut queue = self.lock();
        if queue.jobs.len() < QUEUED_EVENTS && queue.bytes < QUEUED_BYTES {
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
        let bytes = job.bytes();
        let mut queue = self.lock();
        queue.jobs.push(job);
        queue.bytes += bytes;
        queue.pushed += 1;
        let number = queue.pushed;
        self.waiting.store(queue.jobs.len(), Ordering::Relaxed);
        self.waiting_bytes.store(queue.bytes, Ordering::Relaxed);
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
        queue.bytes = 0;
        self.waiting.store(0, Ordering::Relaxed);
        self.waiting_bytes.store(0, Ordering::Relaxed);
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
    /// When room on the disk was last looked at.
    pub(crate) checked: Option<Instant>,
    /// When the hub was last let see the time.
    pub(crate) ticked: Option<Instant>,
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
            // A desk that is never empty must not keep the hub from what it does now and then.
            let late = self.ticked.is_none_or(|at| at.elapsed() >= TICK_EVERY);
            if due || late || jobs.is_empty() {
                self.ticked = Some(Instant::now());
                let Some(_) = self.group(&mut std::iter::once(Job::Event(Event::Tick))) else { return };
            }
            let mut waiting = jobs.drain(..);
            while waiting.len() > 0 {
                let Some(count) = self.group(&mut waiting) else { return };
                self.shared.desk.told.fetch_add(count, Ordering::Release);
            }
            drop(waiting);
            if closed {
                return;
            }
        }
    }

    /// Decide, commit, publish the view, tell; says how many of the jobs it took. None: the desk was
    /// stopped while the disk was full, so nothing of this was told and nothing more may be.
    fn group(&mut self, jobs: &mut impl Iterator<Item = Job>) -> Option<u64> {
        let mut count = 0;
        let mut plan = Plan::default();
        let mut written = Vec::new();
        let mut completed = Vec::new();
        let mut ticked = Vec::new();
        let mut called = Vec::new();
        let mut documents = Batch::new();
        let mut emptied = None;
        for job in jobs.take(EVENTS_PER_COMMIT) {
            count += 1;
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
                Job::Call(_, call) => called.push(call.0(&mut self.hub, now_ms, &mut plan)),
                Job::Ask(look) => look.0(&self.hub),
                Job::Reset(answer) => {
                    self.hub.reset(&mut plan);
                    emptied = Some(answer);
                    // What comes behind it in the queue must not be wiped with the rest.
                    break;
                }
                Job::Tick(answer) => {
                    self.hub.decide(now_ms, Event::Tick, &mut plan);
                    ticked.push(answer);
                }
            }
            if plan.weight() >= COMMIT_BYTES {
                break;
            }
        }
        let (mut batch, must_sync) = plan.take_writes();
        let must_sync = must_sync || !documents.is_empty();
        batch.writes.extend(documents.writes);
        if !self.commit(&batch, must_sync) {
            return None;
        }
        self.hub.committed();
        if let Some(answer) = emptied {
            let _ = answer.send(self.wipe());
        }
        if let Some(view) = self.hub.next_view() {
            self.shared.view.store(Arc::new(view));
        }
        tell(&self.shared, plan.notices);
        complete(completed);
        written.into_iter().for_each(|answer| _ = answer.send(Ok(())));
        called.into_iter().for_each(|told| told());
        ticked.into_iter().for_each(|answer| _ = answer.send(()));
        Some(count)
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
                Err(CommitError::Full) if self.shared.desk.lock().stop => {
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
        self.shared.metrics.commit_micros.add(u64::try_from(begun.elapsed().as_micros()).unwrap_or(0));
        true
    }

    fn check_disk(&mut self) {
        if self.checked.is_some_and(|at| at.elapsed() < DISK_CHECK) {
            return;
        }
        self.checked = Some(Instant::now());
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

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use hub::Origin;
    use message::{Message, QoS, Topic};

    use super::*;

    #[test]
    fn the_desk_is_full_of_bytes_before_it_is_full_of_events() {
        let desk = Desk::default();
        for number in 0..4 {
            assert!(!desk.is_full(), "{number}");
            desk.submit(publish(16 * 1024 * 1024));
        }
        assert!(desk.is_full());
        assert!(desk.wait_for_room(Waker::noop()));
        desk.take(&mut Vec::new());
        assert!(!desk.is_full());
        assert!(!desk.wait_for_room(Waker::noop()));
    }

    fn publish(size: usize) -> Event<Arc<Link>> {
        let message = Message {
            id: 1,
            topic: Topic::parse("a").expect("a topic"),
            payload: Bytes::from(vec![0; size]),
            qos: QoS::AtMostOnce,
            retain: true,
            properties: None,
            publisher: "p".into(),
            received_ms: 0,
            expires_ms: None,
        };
        Event::Publish { origin: Origin { scope: Default::default(), session: None }, message, answer: None }
    }
}
