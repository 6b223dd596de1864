//! The connectivity of things outlasts connections, crashes and hours; that of other clients is not kept.

use broker::presence::DisconnectReason;
use broker::standing::Standing;
use broker::{ScopeId, SessionId};
use hub::keys::ScopeKey;
use hub::{Cause, Closed, ConnectRequest, Event, Hub, Plan, Settings};
use message::Dialect;
use mqtt::{Connect, Version};
use policy::Access;
use store::{Durability, Memory, Store};

const SCOPE: &str = "000000000000/us-east-1";
const YEAR_MS: u64 = 366 * 24 * 3_600_000;

struct Stage {
    hub: Hub<u32>,
    store: Memory,
    now_ms: u64,
    link: u32,
}

impl Stage {
    fn new() -> Stage {
        let mut store = Memory::new();
        Stage { hub: open(&mut store, 1_000), store, now_ms: 1_000, link: 0 }
    }

    fn decide<T>(&mut self, decide: impl FnOnce(&mut Hub<u32>, u64, &mut Plan<u32>) -> T) -> T {
        let mut plan = Plan::default();
        let decided = decide(&mut self.hub, self.now_ms, &mut plan);
        self.store.commit(&plan.take_writes().0, Durability::Buffered).expect("committed");
        decided
    }

    fn connect(&mut self, client: &str, is_thing: bool) -> SessionId {
        self.link += 1;
        let request = ConnectRequest {
            link: self.link,
            scope: ScopeId(0),
            packet: Connect::new(Version::V5, client),
            principal: "p".into(),
            thing: None,
            is_thing,
            address: "192.0.2.1".into(),
            access: Access::everything(),
        };
        self.decide(|hub, now_ms, plan| hub.decide(now_ms, Event::Connect(Box::new(request)), plan));
        self.hub.sessions().of_client(ScopeId(0), client).expect("a session")
    }

    fn leave(&mut self, session: SessionId, reason: DisconnectReason) {
        let cause = Cause { reason, will: true, text: String::new() };
        let closed = Closed { link: self.link, session, cause, session_expiry_s: None, sent: 0 };
        self.decide(|hub, now_ms, plan| hub.decide(now_ms, Event::Closed(closed), plan));
    }

    /// The process dies, and the next one starts.
    fn crash(&mut self) {
        self.hub = open(&mut self.store, self.now_ms);
    }

    fn thing_changed(&mut self, client: &str, is_there: bool) {
        self.decide(|hub, _, plan| hub.thing_changed(ScopeId(0), client, is_there, plan));
    }

    /// Since when, and why it is not connected.
    fn standing(&self, client: &str) -> Option<(u64, Option<DisconnectReason>)> {
        let standing: Option<Standing> = self.hub.standing(ScopeId(0), client).expect("read");
        standing.map(|standing| (standing.since_ms, standing.ended))
    }
}

fn open(store: &mut Memory, now_ms: u64) -> Hub<u32> {
    let mut plan = Plan::default();
    let scopes = vec![ScopeKey(SCOPE.into())];
    let hub = Hub::open(Settings::new(Dialect::Aws, 1), scopes, store.reader(), now_ms, &mut plan);
    store.commit(&plan.take_writes().0, Durability::Synced).expect("committed");
    hub.expect("a world")
}

#[test]
fn a_thing_is_known_long_after_it_left() {
    let mut stage = Stage::new();
    assert_eq!(stage.standing("pump"), None);
    let session = stage.connect("pump", true);
    assert_eq!(stage.standing("pump"), Some((1_000, None)));
    stage.now_ms = 5_000;
    stage.leave(session, DisconnectReason::KeepAliveTimeout);
    let left = Some((5_000, Some(DisconnectReason::KeepAliveTimeout)));
    assert_eq!(stage.standing("pump"), left);
    stage.now_ms += YEAR_MS;
    stage.crash();
    assert_eq!(stage.standing("pump"), left);
}

#[test]
fn a_connection_that_died_with_the_server_is_known_to_have_ended() {
    let mut stage = Stage::new();
    stage.connect("pump", true);
    stage.now_ms = 9_000;
    stage.crash();
    let ended = Some((9_000, Some(DisconnectReason::ServerError)));
    assert_eq!(stage.standing("pump"), ended);
    stage.now_ms = 20_000;
    stage.crash();
    assert_eq!(stage.standing("pump"), ended);
    stage.connect("pump", true);
    assert_eq!(stage.standing("pump"), Some((20_000, None)));
}

#[test]
fn a_second_connection_of_the_same_name_takes_its_place() {
    let mut stage = Stage::new();
    stage.connect("pump", true);
    stage.now_ms = 3_000;
    stage.connect("pump", true);
    assert_eq!(stage.standing("pump"), Some((3_000, None)));
}

#[test]
fn only_things_are_kept_and_as_long_as_they_are_there() {
    let mut stage = Stage::new();
    let session = stage.connect("app", false);
    stage.leave(session, DisconnectReason::ClientInitiated);
    assert_eq!(stage.standing("app"), None);
    stage.connect("pump", false);
    stage.thing_changed("pump", true);
    assert_eq!(stage.standing("pump"), Some((1_000, None)));
    stage.thing_changed("pump", false);
    assert_eq!(stage.standing("pump"), None);
    let session = stage.hub.sessions().of_client(ScopeId(0), "pump").expect("a session");
    stage.leave(session, DisconnectReason::ClientInitiated);
    assert_eq!(stage.standing("pump"), None);
}
