//! A hub on a store in memory: what happens in, what is told out. A group is committed when the next one is decided, or
//! some groups later.

use std::collections::VecDeque;

use broker::{ScopeId, SessionId};
use bytes::Bytes;
use hub::keys::ScopeKey;
use hub::{Asker, ConnectRequest, Event, Hub, Notice, Origin, Plan, Settings};
use message::{Dialect, Message, QoS, Topic};
use mqtt::{Connect, Subscribe, SubscribeFilter, Version};
use policy::Access;
use shadow::history::Source;
use shadow::topic::{Request, Verb};
use shadow::{Rejection, ShadowId};
use store::{Batch, Durability, Memory, Store};

pub(crate) const SCOPE: ScopeId = ScopeId(0);

pub(crate) struct Stage {
    pub(crate) hub: Hub<u32>,
    pub(crate) store: Memory,
    pub(crate) now_ms: u64,
    /// Groups that are decided and not committed.
    pub(crate) lag: usize,
    under_way: VecDeque<Batch>,
    scopes: Vec<ScopeKey>,
    /// The latest connection.
    pub(crate) link: u32,
}

impl Stage {
    pub(crate) fn new() -> Stage {
        Stage::with(aws())
    }

    pub(crate) fn with(settings: Settings) -> Stage {
        Stage::of(vec![scope_key()], settings)
    }

    pub(crate) fn of(scopes: Vec<ScopeKey>, settings: Settings) -> Stage {
        let (mut store, now_ms) = (Memory::new(), 1_000);
        let hub = open(&mut store, scopes.clone(), settings, now_ms);
        Stage { hub, store, now_ms, lag: 0, under_way: VecDeque::new(), scopes, link: 0 }
    }

    /// The process dies, and the next one starts.
    pub(crate) fn restart(&mut self, settings: Settings) {
        self.under_way.clear();
        self.hub = open(&mut self.store, self.scopes.clone(), settings, self.now_ms);
    }

    pub(crate) fn decide<T>(
        &mut self,
        decide: impl FnOnce(&mut Hub<u32>, u64, &mut Plan<u32>) -> T,
    ) -> (T, Vec<Notice<u32>>) {
        let mut plan = Plan::default();
        let decided = decide(&mut self.hub, self.now_ms, &mut plan);
        self.hub.end_group();
        self.under_way.push_back(plan.take_writes().0);
        self.settle(self.lag);
        (decided, plan.notices)
    }

    /// Commits all but the latest groups.
    pub(crate) fn settle(&mut self, lag: usize) {
        while self.under_way.len() > lag
            && let Some(batch) = self.under_way.pop_front()
        {
            self.store.commit(&batch, Durability::Synced).expect("a batch that the store takes");
            self.hub.committed();
        }
    }

    pub(crate) fn happen(&mut self, event: Event<u32>) -> Vec<Notice<u32>> {
        self.decide(|hub, now_ms, plan| hub.decide(now_ms, event, plan)).1
    }

    pub(crate) fn pass(&mut self, ms: u64) {
        self.now_ms += ms;
        self.happen(Event::Tick);
    }

    pub(crate) fn publish(&mut self, message: Message) -> Vec<Notice<u32>> {
        let origin = Origin { scope: SCOPE, session: None };
        self.happen(Event::Publish { origin, message, answer: None })
    }

    pub(crate) fn connect(&mut self, packet: Connect, is_thing: bool) -> Vec<Notice<u32>> {
        self.link += 1;
        self.happen(Event::Connect(Box::new(ConnectRequest {
            link: self.link,
            scope: SCOPE,
            packet,
            principal: "p".into(),
            thing: None,
            is_thing,
            address: "192.0.2.1".into(),
            access: Access::everything(),
        })))
    }

    /// Connects a client that has a session for an hour.
    pub(crate) fn join(&mut self, client: &str) -> SessionId {
        let session_expiry_s = Some(3600);
        self.connect(Connect { session_expiry_s, ..Connect::new(Version::V5, client) }, false);
        self.hub.sessions().of_client(SCOPE, client).expect("a session")
    }

    pub(crate) fn subscribe(
        &mut self,
        session: SessionId,
        filters: Vec<SubscribeFilter>,
    ) -> Vec<Notice<u32>> {
        let packet = Subscribe { packet_id: 1, filters, ..Subscribe::default() };
        self.happen(Event::Subscribe { link: self.link, session, packet })
    }

    /// A request to the shadow of thing `t` over HTTP.
    pub(crate) fn call(
        &mut self,
        verb: Verb,
        payload: &str,
    ) -> (Result<Vec<u8>, Rejection>, Vec<Notice<u32>>) {
        self.decide(|hub, now_ms, plan| call(hub, now_ms, verb, payload, plan).expect("there is room"))
    }
}

pub(crate) fn aws() -> Settings {
    Settings::new(Dialect::Aws, 1)
}

pub(crate) fn scope_key() -> ScopeKey {
    ScopeKey("000000000000/us-east-1".into())
}

fn open(store: &mut Memory, scopes: Vec<ScopeKey>, settings: Settings, now_ms: u64) -> Hub<u32> {
    let mut plan = Plan::default();
    let hub = Hub::open(settings, scopes, store.reader(), now_ms, &mut plan).expect("a world");
    store.commit(&plan.take_writes().0, Durability::Synced).expect("committed");
    hub
}

/// A QoS 1 message that is not retained.
pub(crate) fn message(topic: &str, payload: impl Into<Bytes>) -> Message {
    Message {
        id: 1,
        topic: Topic::parse(topic).expect("a topic"),
        payload: payload.into(),
        qos: QoS::AtLeastOnce,
        retain: false,
        properties: None,
        publisher: "p".into(),
        received_ms: 1_000,
        expires_ms: None,
    }
}

pub(crate) fn every(filter: &str) -> Vec<SubscribeFilter> {
    vec![SubscribeFilter::new(filter, QoS::AtLeastOnce)]
}

/// The classic shadow of thing `t`.
pub(crate) fn id() -> ShadowId {
    ShadowId::classic("t").expect("a literal id")
}

pub(crate) fn asker() -> Asker {
    Asker { principal: "p".into(), client: None, source: Source::Http }
}

type Answer = Result<Result<Vec<u8>, Rejection>, &'static str>;

pub(crate) fn call(
    hub: &mut Hub<u32>,
    now_ms: u64,
    verb: Verb,
    payload: &str,
    plan: &mut Plan<u32>,
) -> Answer {
    let request = Request { id: id(), verb };
    hub.call_shadow(now_ms, SCOPE, &asker(), &request, payload.as_bytes(), plan)
}
