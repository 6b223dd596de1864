//! A seed in, a life of shadows out: updates, gets, deletes and restored versions over MQTT and HTTP, with a failing disk
//! and crashes; document, version, history and messages must agree with each other and with the model at every step.

mod model;

use std::collections::{BTreeMap, VecDeque};

use broker::{Record, ScopeId, SessionId};
use bytes::Bytes;
use hub::event::Origin;
use hub::{Asker, Cause, Closed, ConnectRequest, Event, HistoryBound, Hub, Plan, Settings};
use message::{Dialect, Message, QoS, Topic};
use mqtt::{Connect, Subscribe, SubscribeFilter, Version};
use policy::Access;
use serde_json::Value;
use shadow::history::Source;
use shadow::topic::{Request, Verb};
use shadow::{ShadowId, Stored};
use store::{Batch, CommitError, Disk, Durability, Fault, Faulty, Need, Store};

use crate::Flaw;
use crate::chance::Chance;
use crate::compare::scope;
use crate::packet::Link;
use model::{Ask, Outcome, Shadow, Which};

/// What a run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) requests: u64,
    pub(crate) restored: u64,
    pub(crate) messages: u64,
    pub(crate) crashes: u64,
}

/// Everything as the model has it.
#[derive(Debug, Clone, Default, PartialEq)]
struct Book {
    shadows: BTreeMap<Which, Shadow>,
    /// Messages that the watcher was sent.
    said: usize,
}

/// What was decided together, and everything as it is with it.
struct Group {
    batch: Batch,
    durability: Durability,
    book: Book,
}

struct World {
    chance: Chance,
    disk: Disk,
    store: Faulty,
    hub: Hub<Link>,
    settings: Settings,
    flaw: Flaw,
    now_ms: u64,
    /// As of the last group decided, and as of what callers were told.
    book: Book,
    told: Book,
    /// Groups that are decided and not committed.
    under_way: VecDeque<Group>,
    /// What the watcher was sent: topic and what of the payload the model says.
    said: Vec<(String, Value)>,
    /// Messages that were seen to be right on the disk.
    seen: usize,
    tally: Tally,
    log: VecDeque<String>,
}

/// Runs one seed.
pub(crate) fn run(seed: u64, steps: usize, flaw: Flaw) -> Result<Tally, (usize, String, Vec<String>)> {
    let fail = |step, what, log: VecDeque<String>| (step, what, log.into());
    let mut world = World::new(seed, flaw).map_err(|what| fail(0, what, VecDeque::new()))?;
    for step in 0..steps {
        if let Err(what) = world.step() {
            return Err(fail(step, what, world.log));
        }
    }
    world.crash(None).map_err(|what| fail(steps, what, world.log.clone()))?;
    Ok(world.tally)
}

impl World {
    fn new(seed: u64, flaw: Flaw) -> Result<World, String> {
        let mut chance = Chance::new(seed ^ 0x5ade);
        let history = HistoryBound {
            changes: chance.pick(&[0, 3, 25, 100]),
            age_ms: chance.pick(&[40 * 3_600_000, u64::MAX]),
        };
        let settings = Settings {
            shadow_history: history,
            shadow_requests_per_s: 0,
            connects_per_client_per_s: 0,
            session_expiry_max_s: u32::MAX,
            ..Settings::new(Dialect::Aws, seed)
        };
        let disk = Disk::new(seed);
        let (store, now_ms) = (disk.open(), 1_000_000);
        let hub = open(&settings, &store, now_ms)?;
        let (book, tally) = (Book::default(), Tally::default());
        let (told, log) = (book.clone(), VecDeque::new());
        let mut world = World {
            chance,
            disk,
            store,
            hub,
            settings,
            flaw,
            now_ms,
            book,
            told,
            under_way: VecDeque::new(),
            said: Vec::new(),
            seen: 0,
            tally,
            log,
        };
        world.watch()?;
        Ok(world)
    }

    /// A persistent session that has subscribed to all replies and is away: its mailbox keeps them.
    fn watch(&mut self) -> Result<(), String> {
        let mut packet = Connect::new(Version::V5, "watcher");
        packet.session_expiry_s = Some(u32::MAX);
        let request = ConnectRequest {
            link: 1,
            scope: ScopeId(0),
            packet,
            principal: "p".into(),
            thing: None,
            is_thing: false,
            address: "192.0.2.1".into(),
            access: Access::everything(),
        };
        let filters = ["$aws/things/+/shadow/+/+", "$aws/things/+/shadow/name/+/+/+"];
        let filters = filters.map(|filter| SubscribeFilter::new(filter, QoS::AtLeastOnce)).to_vec();
        let packet = Subscribe { packet_id: 1, filters, ..Subscribe::default() };
        let reason = broker::presence::DisconnectReason::ClientInitiated;
        let cause = Cause { reason, will: false, text: String::new() };
        let session = SessionId(1);
        let mut plan = Plan::default();
        for event in [
            Event::Connect(Box::new(request)),
            Event::Subscribe { link: 1, session, packet },
            Event::Closed(Closed { link: 1, session, cause, session_expiry_s: None, sent: 0 }),
        ] {
            self.hub.decide(self.now_ms, event, &mut plan);
        }
        self.store.commit(&plan.take_writes().0, Durability::Synced).map_err(|error| error.to_string())
    }

    fn step(&mut self) -> Result<(), String> {
        self.now_ms += self.chance.below(3_000);
        match self.chance.below(40) {
            0 => self.crash(None),
            1..4 => {
                let fault = self.chance.pick(&[Fault::Lost, Fault::Kept, Fault::Torn]);
                let healthy = u32::try_from(self.chance.below(3)).unwrap_or(0);
                self.note(format!("{healthy} commits to go until {fault:?}"));
                self.disk.fail_commit(healthy, fault);
                Ok(())
            }
            4 => {
                self.settle(0)?;
                self.now_ms += self.chance.pick(&[3_600_000, 30 * 3_600_000, 48 * 3_600_000]);
                self.forget()
            }
            _ => self.group(),
        }
    }

    fn note(&mut self, what: String) {
        if self.log.len() >= 60 {
            self.log.pop_front();
        }
        self.log.push_back(format!("{} {what}", self.now_ms));
    }

    /// Some requests decided together; they are committed and told now, or when up to two more groups are decided.
    fn group(&mut self) -> Result<(), String> {
        let mut plan = Plan::default();
        for _ in 0..=self.chance.below(6) {
            self.now_ms += self.chance.below(20);
            let which = (self.chance.below(2), self.chance.one_in(3));
            let ask = self.ask(which);
            self.request(which, &ask, &mut plan)?;
        }
        self.give(plan);
        let most = self.chance.below(3);
        self.settle(usize::try_from(most).unwrap_or(0))
    }

    fn ask(&mut self, which: Which) -> Ask {
        let version = self.book.shadows.get(&which).map_or(0, |shadow| shadow.version);
        match self.chance.below(16) {
            0 => Ask::Delete,
            1 | 2 => Ask::Get,
            3 | 4 => Ask::Restore { version: self.chance.below(version + 2) },
            5 => Ask::Nonsense,
            _ => {
                let sections = self.chance.below(3);
                let desired = (sections != 1).then(|| self.change());
                let reported = (sections != 0).then(|| self.change());
                let version = match self.chance.below(6) {
                    0 => Some(version),
                    1 => Some(self.chance.below(version + 2)),
                    _ => None,
                };
                Ask::Update { desired, reported, version }
            }
        }
    }

    fn change(&mut self) -> BTreeMap<String, Option<u64>> {
        let chance = &mut self.chance;
        (0..chance.below(4))
            .map(|_| {
                let name = chance.pick(&["a", "b", "c", "d"]).to_owned();
                let value = (!chance.one_in(4)).then(|| chance.below(3));
                (name, value)
            })
            .collect()
    }

    /// One request to the hub and to the model, held against each other.
    fn request(&mut self, which: Which, ask: &Ask, plan: &mut Plan<Link>) -> Result<(), String> {
        self.tally.requests += 1;
        self.note(format!("{which:?} {ask:?}"));
        let bound = self.settings.shadow_history;
        let shadow = self.book.shadows.entry(which).or_default();
        let Outcome { answer: expected, said } =
            shadow.follow(ask, (bound.changes, bound.age_ms), self.now_ms);
        let id = id(which)?;
        let topics = format!("$aws/things/{}/shadow", id.thing());
        let topics = id.name().map_or_else(|| topics.clone(), |name| format!("{topics}/name/{name}"));
        let over_http = self.chance.one_in(2);
        let answer = match ask.request() {
            None => {
                let asker = asker();
                let wish = (&id, if let Ask::Restore { version } = ask { *version } else { 0 });
                let restored = self.hub.restore_shadow(self.now_ms, ScopeId(0), &asker, wish, plan);
                self.tally.restored += u64::from(restored.is_ok());
                Some(restored.map_err(|_| 0))
            }
            Some((verb, payload)) if over_http => {
                let verb = match verb {
                    "get" => Verb::Get,
                    "delete" => Verb::Delete,
                    _ => Verb::Update,
                };
                let request = Request { id, verb };
                let (asker, payload) = (asker(), payload.as_bytes());
                let called = self.hub.call_shadow(self.now_ms, ScopeId(0), &asker, &request, payload, plan);
                Some(called.map_err(str::to_owned)?.map_err(|rejection| rejection.code()))
            }
            Some((verb, payload)) => {
                let topic = Topic::parse(&format!("{topics}/{verb}")).map_err(|e| e.to_string())?;
                self.hub.decide(self.now_ms, self.publish(topic, payload), plan);
                None
            }
        };
        // Over HTTP the caller alone hears of a refusal, and of what a get found.
        let to_caller = over_http && (expected.is_err() || matches!(ask, Ask::Get));
        if !to_caller || answer.is_none() {
            self.said.extend(said.into_iter().map(|(end, say)| (format!("{topics}/{end}"), say)));
            self.book.said = self.said.len();
        }
        let Some(answer) = answer else { return Ok(()) };
        let answer = answer.map(|bytes| serde_json::from_slice::<Value>(&bytes).unwrap_or_default());
        let answer = answer.map(|document| document["version"].as_u64().unwrap_or(0));
        if answer == expected { Ok(()) } else { Err(format!("answered {answer:?}, the model {expected:?}")) }
    }

    fn publish(&self, topic: Topic, payload: String) -> Event<Link> {
        let message = Message {
            id: 1,
            topic,
            payload: Bytes::from(payload),
            qos: QoS::AtLeastOnce,
            retain: false,
            properties: None,
            publisher: "device".into(),
            received_ms: self.now_ms,
            expires_ms: None,
        };
        let origin = Origin { scope: ScopeId(0), session: None };
        Event::Publish { origin, message, answer: None }
    }

    fn give(&mut self, mut plan: Plan<Link>) {
        self.hub.end_group();
        let (batch, must_sync) = plan.take_writes();
        let durability = if must_sync { Durability::Synced } else { Durability::Buffered };
        self.under_way.push_back(Group { batch, durability, book: self.book.clone() });
    }

    /// Commits groups in their order until only so many are left.
    fn settle(&mut self, most: usize) -> Result<(), String> {
        while self.under_way.len() > most
            && let Some(Group { batch, durability, book }) = self.under_way.pop_front()
        {
            if self.flaw == Flaw::AnswersBeforeCommit {
                self.told = book.clone();
            }
            let committed = if batch.is_empty() { Ok(()) } else { self.store.commit(&batch, durability) };
            match committed {
                Ok(()) => {
                    self.hub.committed();
                    self.told = book;
                }
                Err(CommitError::Failed(_)) => return self.crash(Some(book)),
                Err(error) => return Err(format!("a batch of the hub's was refused: {error}")),
            }
        }
        // The hub is ahead of the disk until the last one is there.
        if self.under_way.is_empty() {
            self.compare(&self.book, self.seen)?;
            self.seen = self.book.said;
        }
        Ok(())
    }

    /// The process dies and the next one starts: all of the group that was being committed is there, or nothing of it,
    /// and all that was told; nothing of the groups behind it.
    fn crash(&mut self, committing: Option<Book>) -> Result<(), String> {
        self.note("the process dies".into());
        self.tally.crashes += 1;
        self.under_way.clear();
        self.disk.crash();
        self.store = self.disk.open();
        self.hub = open(&self.settings, &self.store, self.now_ms)?;
        self.hub.decide(self.now_ms, Event::Disk(Need::Room), &mut Plan::default());
        let committing = committing.unwrap_or_else(|| self.told.clone());
        self.book = match self.compare(&committing, 0) {
            Ok(()) => committing,
            Err(first) => {
                self.compare(&self.told, 0)
                    .map_err(|then| format!("after recovery, {first}; and as of what was told, {then}"))?;
                self.told.clone()
            }
        };
        self.said.truncate(self.book.said);
        self.told = self.book.clone();
        self.seen = self.book.said;
        Ok(())
    }

    /// What was deleted long ago goes, and what is too old of the histories.
    fn forget(&mut self) -> Result<(), String> {
        self.note("time passes".into());
        loop {
            self.now_ms += 61_000;
            let mut plan = Plan::default();
            self.hub.decide(self.now_ms, Event::Tick, &mut plan);
            let crashes = self.tally.crashes;
            // The tick says nothing: the book is the same before and after.
            self.commit_quietly(plan)?;
            if self.tally.crashes == crashes {
                break;
            }
        }
        let now_ms = self.now_ms;
        self.book.shadows.retain(|_, shadow| !shadow.is_forgotten(now_ms));
        self.told = self.book.clone();
        self.compare(&self.book, self.seen)
    }

    fn commit_quietly(&mut self, mut plan: Plan<Link>) -> Result<(), String> {
        let (batch, must_sync) = plan.take_writes();
        let durability = if must_sync { Durability::Synced } else { Durability::Buffered };
        if batch.is_empty() || self.store.commit(&batch, durability).is_ok() {
            return Ok(());
        }
        self.tally.crashes += 1;
        self.disk.crash();
        self.store = self.disk.open();
        self.hub = open(&self.settings, &self.store, self.now_ms)?;
        Ok(())
    }

    /// Documents, histories and the watcher's mailbox against a book; so many messages have been seen to be right.
    fn compare(&self, book: &Book, seen: usize) -> Result<(), String> {
        let reader = self.store.reader();
        let bound = self.settings.shadow_history;
        for (which, shadow) in &book.shadows {
            let id = id(*which)?;
            let key = scope().shadow(id.thing(), id.name().unwrap_or_default());
            let stored = reader.get(&key).map_err(|error| error.to_string())?;
            let stored = stored.map(|document| Stored::from_bytes(&document.value));
            let stored = stored.transpose().map_err(|error| error.to_string())?;
            let found = stored.as_ref().map_or(0, Stored::version);
            equal(&format!("version of {id}"), &found, &shadow.version)?;
            let state = stored.as_ref().and_then(Stored::state_text);
            let state = state.map(|text| serde_json::from_str::<Value>(&text).unwrap_or_default());
            equal(&format!("state of {id}"), &state, &shadow.state.as_ref().map(model::State::document))?;
            let changes = self.hub.shadow_history(ScopeId(0), &id, u64::MAX).map_err(|e| e.to_string())?;
            let found: Vec<_> = changes.iter().map(|c| (c.version, c.at_ms, c.asked.is_some())).collect();
            let shown = shadow.shown(bound.changes, bound.age_ms, self.now_ms);
            let shown: Vec<_> = shown.iter().map(|e| (e.version, e.at_ms, e.state.is_some())).collect();
            equal(&format!("history of {id}"), &found, &shown)?;
        }
        self.compare_messages(book, seen)
    }

    fn compare_messages(&self, book: &Book, seen: usize) -> Result<(), String> {
        let log = scope().mailbox(SessionId(1));
        let records = self.store.reader().read_log(&log, seen as u64, usize::MAX, usize::MAX);
        let records = records.map_err(|error| error.to_string())?;
        equal("messages", &(seen + records.len()), &book.said)?;
        for ((_, bytes), (topic, said)) in records.iter().zip(self.said.iter().skip(seen)) {
            let record = Record::decode(bytes).map_err(|error| error.to_string())?;
            equal("topic", &record.message.topic.as_str(), &topic.as_str())?;
            let payload: Value =
                serde_json::from_slice(&record.message.payload).map_err(|error| error.to_string())?;
            agree(said, &payload).map_err(|what| format!("{topic}: {what} in {payload}"))?;
        }
        Ok(())
    }
}

/// All that the model says must be said; a message says more, such as times.
fn agree(model: &Value, message: &Value) -> Result<(), String> {
    for (name, expected) in model.as_object().into_iter().flatten() {
        let found = &message[name.as_str()];
        match name.as_str() {
            "previous" | "current" if expected.is_object() => agree(expected, found)?,
            _ => equal(name, found, expected)?,
        }
    }
    Ok(())
}

fn open(settings: &Settings, store: &Faulty, now_ms: u64) -> Result<Hub<Link>, String> {
    let mut plan = Plan::default();
    let hub = Hub::open(settings.clone(), vec![scope()], store.reader(), now_ms, &mut plan);
    hub.map_err(|error| error.to_string())
}

fn id((thing, is_named): Which) -> Result<ShadowId, String> {
    ShadowId::new(&format!("t{thing}"), is_named.then_some("n")).map_err(|error| error.to_string())
}

fn asker() -> Asker {
    Asker { principal: "p".into(), client: None, source: Source::Http }
}

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, hub: &T, model: &T) -> Result<(), String> {
    if hub == model { Ok(()) } else { Err(format!("{what}: the hub has {hub:?}, the model {model:?}")) }
}
