//! The writer's desk: events queue here; one thread decides them in groups and gives each group to be committed.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::task::Waker;
use std::time::{Duration, Instant};

use broker::SessionId;
use hub::{Event, Hub, Plan};
use store::{Batch, Need, Reader};
use tokio::sync::oneshot;

use crate::committer::{Group, Handle};
use crate::limits::{COMMIT_BYTES, EVENTS_PER_COMMIT, QUEUED_BYTES, QUEUED_EVENTS};
use crate::link::Link;
use crate::reserve::Reserve;
use crate::shared::Shared;

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
    disk_full: AtomicBool,
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
pub(crate) type Wishes = Plan<Arc<Link>>;

pub(crate) type Told = Box<dyn FnOnce() + Send>;

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

pub(crate) const STOPPING: &str = "the server is stopping";
pub(crate) const DISK_FULL: &str = "the disk is full: free some space and try again";

/// How long the writer sleeps when nothing happens, so that due times are met within it.
const IDLE: Duration = Duration::from_millis(500);
/// How often the hub sees the time at least.
const TICK_EVERY: Duration = Duration::from_secs(1);
/// How often room on the disk is looked at.
pub(crate) const DISK_CHECK: Duration = Duration::from_millis(20);

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

    /// Whether what needs the disk is refused.
    pub(crate) fn is_disk_full(&self) -> bool {
        self.disk_full.load(Ordering::Relaxed)
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

    pub(crate) fn is_stopping(&self) -> bool {
        self.lock().stop
    }

    /// So many more jobs have been committed and told.
    pub(crate) fn have_told(&self, count: u64) {
        self.told.fetch_add(count, Ordering::Release);
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

/// The one writer: it decides. What it decided is committed and told on another thread, while it decides on.
pub(crate) struct Writer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) hub: Hub<Arc<Link>>,
    pub(crate) reader: Arc<dyn Reader>,
    pub(crate) committer: Handle,
    pub(crate) reserve: Reserve,
    /// When room on the disk was last looked at.
    pub(crate) checked: Option<Instant>,
    /// When the hub was last let see the time.
    pub(crate) ticked: Option<Instant>,
}

impl Writer {
    /// Runs until the desk is stopped and empty, and everything is told.
    pub(crate) fn run(mut self) {
        let mut jobs = Vec::new();
        loop {
            let closed = self.shared.desk.take(&mut jobs);
            self.check_disk();
            let due = self.hub.next_deadline_ms().is_some_and(|due| due <= self.shared.clock.wall_ms());
            // A desk that is never empty must not keep the hub from what it does now and then.
            let late = self.ticked.is_none_or(|at| at.elapsed() >= TICK_EVERY);
            let mut stopped = false;
            if due || late || jobs.is_empty() {
                self.ticked = Some(Instant::now());
                let tick = self.decide(&mut std::iter::once(Job::Event(Event::Tick)));
                // It was no job of the desk's.
                stopped = !self.hand_over(Group { count: 0, ..tick });
            }
            let mut waiting = jobs.drain(..);
            while !stopped && waiting.len() > 0 {
                let group = self.decide(&mut waiting);
                stopped = !self.hand_over(group);
            }
            drop(waiting);
            if closed || stopped {
                return self.committer.finish();
            }
        }
    }

    /// Gives a group away to be committed and told. False: the desk was stopped while the disk was full, so nothing of
    /// it will be told and nothing more may be decided.
    fn hand_over(&mut self, group: Group) -> bool {
        let is_reset = group.emptied.is_some();
        self.hub.end_group();
        let taken = self.committer.give(group);
        if taken && is_reset {
            // What is decided from here on must find the store empty.
            self.committer.wait();
        }
        (0..self.committer.newly_done()).for_each(|_| self.hub.committed());
        taken
    }

    /// Decides the jobs of one group.
    fn decide(&mut self, jobs: &mut impl Iterator<Item = Job>) -> Group {
        let mut group = Group::default();
        let mut documents = Batch::new();
        for job in jobs.take(EVENTS_PER_COMMIT) {
            group.count += 1;
            let now_ms = self.shared.clock.wall_ms();
            let plan = &mut group.plan;
            match job {
                Job::Event(event) => self.hub.decide(now_ms, event, plan),
                Job::Release { link, session, packet_id } => {
                    self.hub.decide(now_ms, Event::Released { session, packet_id }, plan);
                    group.completed.push((link, packet_id));
                }
                Job::Write(batch, answer) if !self.has_room(&batch) => {
                    let _ = answer.send(Err(DISK_FULL.into()));
                }
                Job::Write(batch, answer) => {
                    documents.writes.extend(batch.writes);
                    group.written.push(answer);
                }
                Job::Call(_, call) => group.called.push(call.0(&mut self.hub, now_ms, plan)),
                Job::Ask(look) => look.0(&self.hub),
                Job::Reset(answer) => {
                    self.hub.reset(plan);
                    group.emptied = Some(answer);
                    // What comes behind it in the queue must not be wiped with the rest.
                    break;
                }
                Job::Tick(answer) => {
                    self.hub.decide(now_ms, Event::Tick, plan);
                    group.ticked.push(answer);
                }
            }
            if group.plan.weight() >= COMMIT_BYTES {
                break;
            }
        }
        let (batch, must_sync) = group.plan.take_writes();
        (group.batch, group.must_sync) = (batch, must_sync || !documents.is_empty());
        group.batch.writes.extend(documents.writes);
        group.view = self.hub.next_view();
        group
    }

    fn has_room(&self, batch: &Batch) -> bool {
        !self.hub.is_disk_full()
            || self.hub.has_room(batch.need(|key| matches!(self.reader.get(key), Ok(Some(_)))))
    }

    fn check_disk(&mut self) {
        if self.checked.is_some_and(|at| at.elapsed() < DISK_CHECK) {
            return;
        }
        self.checked = Some(Instant::now());
        let Some(free) = self.reader.free_bytes() else { return };
        let (takes, wanted) = self.reserve.takes(free);
        if takes == self.hub.disk() {
            return;
        }
        self.shared.desk.disk_full.store(takes < Need::Room, Ordering::Relaxed);
        let text = match takes {
            Need::Room => "there is room on the disk again".to_owned(),
            Need::Reserve => format!(
                "{free} bytes are free, less than {wanted}: what needs the disk is refused until there is room, but for \
                 what replaces documents, such as turning a certificate off"
            ),
            Need::Nothing => format!(
                "{free} bytes are free, less than {wanted}: everything that needs the disk is refused until there is room"
            ),
        };
        self.shared.explain("", "disk", &text);
        let now_ms = self.shared.clock.wall_ms();
        self.hub.decide(now_ms, Event::Disk(takes), &mut Plan::default());
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
