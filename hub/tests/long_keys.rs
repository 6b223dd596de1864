//! Names as long as MQTT allows: refused or explained, and never a batch that the store refuses as a whole.

use broker::{ScopeId, SessionId};
use bytes::Bytes;
use hub::keys::ScopeKey;
use hub::{ConnectRequest, Event, Hub, Notice, Origin, Plan, Settings};
use message::{Dialect, Message, QoS, Topic};
use mqtt::{Connect, ReasonCode, Subscribe, SubscribeFilter, Version};
use policy::Access;
use store::{Durability, Memory, Store};

struct Stage {
    hub: Hub<u32>,
    store: Memory,
}

impl Stage {
    fn new() -> Stage {
        let store = Memory::new();
        let scopes = vec![ScopeKey("000000000000/us-east-1".into())];
        let settings = Settings::new(Dialect::Standard, 1);
        let hub =
            Hub::open(settings, scopes, store.reader(), 0, &mut Plan::default()).expect("an empty world");
        Stage { hub, store }
    }

    fn happen(&mut self, event: Event<u32>) -> Vec<Notice<u32>> {
        let mut plan = Plan::default();
        self.hub.decide(1, event, &mut plan);
        self.store.commit(&plan.take_writes().0, Durability::Synced).expect("a batch that the store takes");
        plan.notices
    }

    fn connect(&mut self, client: &str) -> Vec<Notice<u32>> {
        let mut packet = Connect::new(Version::V5, client);
        packet.session_expiry_s = Some(60);
        self.happen(Event::Connect(Box::new(ConnectRequest {
            link: 1,
            scope: ScopeId(0),
            packet,
            principal: "p".into(),
            thing: None,
            is_thing: false,
            address: "192.0.2.1".into(),
            access: Access::everything(),
        })))
    }

    fn session(&self) -> SessionId {
        self.hub.sessions().iter().next().expect("a session").id
    }
}

#[test]
fn a_client_id_too_long_for_the_store_is_refused() {
    let notices = Stage::new().connect(&"c".repeat(65_535));
    let refused = notices.iter().any(
        |n| matches!(n, Notice::Refused { refusal, .. } if refusal.code == ReasonCode::ClientIdNotValid),
    );
    assert!(refused, "{notices:?}");
}

#[test]
fn a_filter_too_long_beside_its_client_id_is_refused() {
    let mut stage = Stage::new();
    stage.connect(&"c".repeat(40_000));
    let filters = vec![
        SubscribeFilter::new("f".repeat(40_000), QoS::AtLeastOnce),
        SubscribeFilter::new("f", QoS::AtMostOnce),
    ];
    let packet = Subscribe { packet_id: 1, filters, ..Subscribe::default() };
    let session = stage.session();
    let notices = stage.happen(Event::Subscribe { link: 1, session, packet });
    let codes = notices.iter().find_map(|n| match n {
        Notice::Suback { packet, .. } => Some(packet.codes.clone()),
        _ => None,
    });
    assert_eq!(codes, Some(vec![ReasonCode::TopicFilterInvalid, ReasonCode::Success]));
}

#[test]
fn a_topic_too_long_to_be_retained_is_delivered_and_explained() {
    let mut stage = Stage::new();
    stage.connect("c");
    let packet = Subscribe {
        packet_id: 1,
        filters: vec![SubscribeFilter::new("#", QoS::AtLeastOnce)],
        ..Subscribe::default()
    };
    let session = stage.session();
    stage.happen(Event::Subscribe { link: 1, session, packet });
    let message = Message {
        id: 1,
        topic: Topic::parse(&"t".repeat(65_535)).expect("a topic"),
        payload: Bytes::from_static(b"x"),
        qos: QoS::AtLeastOnce,
        retain: true,
        properties: None,
        publisher: "p".into(),
        received_ms: 1,
        expires_ms: None,
    };
    let origin = Origin { scope: ScopeId(0), session: None };
    let notices = stage.happen(Event::Publish { origin, message, answer: None });
    let explained = notices.iter().any(|n| matches!(n, Notice::Explain { what: "not retained", .. }));
    let delivered = notices.iter().any(|n| matches!(n, Notice::Deliver(_)));
    assert!(explained && delivered, "{notices:?}");
    assert!(stage.hub.retained(ScopeId(0)).is_some_and(broker::Retained::is_empty));
}
