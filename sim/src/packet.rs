//! What travels on the made-up network, and what happened as the shell's desk holds it. No bytes, no decisions.

use std::sync::Arc;

use broker::presence::DisconnectReason;
use broker::{ScopeId, SessionId};
use bytes::Bytes;
use hub::{Answer, Cause, Closed, ConnectRequest, Event, Origin, Store, StoreFor};
use message::{Message, QoS, Topic};
use mqtt::{Connect, Subscribe, SubscribeFilter, Unsubscribe, Version};
use policy::Access;
use store::Need;

/// A connection's number; the hub's handle for it.
pub(crate) type Link = u32;
/// A client's number; its id is `c` and the number.
pub(crate) type Client = usize;
/// A message's number, in the order of first publishing.
pub(crate) type Number = u64;

/// From a client to the server.
#[derive(Debug, Clone)]
pub(crate) enum Up {
    Connect(Greeting),
    Publish(Parcel),
    Puback(u16),
    Pubrec(u16),
    Pubrel(u16),
    Pubcomp(u16),
    Subscribe { packet_id: u16, filter: &'static str, qos: QoS },
    Unsubscribe { packet_id: u16, filter: &'static str },
    Disconnect { expiry_s: Option<u32>, with_will: bool },
}

/// A PUBLISH of a client's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parcel {
    pub(crate) packet_id: u16,
    pub(crate) qos: QoS,
    pub(crate) retain: bool,
    /// RETAIN without a payload: takes the retained message away.
    pub(crate) clears: bool,
    pub(crate) topic: &'static str,
    pub(crate) number: Number,
}

/// A CONNECT.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Greeting {
    pub(crate) client: Client,
    pub(crate) version: Version,
    pub(crate) clean_start: bool,
    pub(crate) expiry_s: u32,
    pub(crate) window: usize,
    pub(crate) will: Option<LastWord>,
}

/// A will.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LastWord {
    pub(crate) number: Number,
    pub(crate) topic: &'static str,
    pub(crate) qos: QoS,
    pub(crate) delay_s: u32,
}

/// From the server to a client. `serial` names the session for the checks; real packets do not carry it.
#[derive(Debug, Clone)]
pub(crate) enum Down {
    Connack {
        accepted: bool,
        present: bool,
        serial: u64,
    },
    Publish {
        packet_id: u16,
        qos: QoS,
        dup: bool,
        retain: bool,
        number: Number,
        seq: Option<u64>,
        serial: u64,
    },
    Puback(u16),
    Pubrec {
        packet_id: u16,
        ok: bool,
    },
    Pubrel(u16),
    Pubcomp(u16),
    Suback,
    Unsuback,
    Closed,
}

/// A message that a session is owed: its number, the client and the session's serial.
pub(crate) type Due = (Number, Client, u64);

/// One entry of the shell's desk.
#[derive(Debug, Clone)]
pub(crate) enum Deed {
    Connect {
        link: Link,
        greeting: Greeting,
    },
    Closed {
        link: Link,
        session: SessionId,
        will: bool,
        expiry_s: Option<u32>,
        sent: u64,
    },
    Subscribe {
        link: Link,
        session: SessionId,
        packet_id: u16,
        filter: &'static str,
        qos: QoS,
    },
    Unsubscribe {
        link: Link,
        session: SessionId,
        packet_id: u16,
        filter: &'static str,
    },
    Publish {
        link: Link,
        session: SessionId,
        message: Arc<Message>,
        parcel: Parcel,
    },
    Store {
        link: Link,
        packet_id: u16,
        message: Arc<Message>,
        receivers: Vec<StoreFor>,
        dues: Vec<Due>,
    },
    /// Mailbox numbers, each with its message's number.
    Taken {
        session: SessionId,
        seqs: Vec<(u64, Number)>,
    },
    Received {
        link: Link,
        session: SessionId,
        seq: u64,
    },
    Released {
        link: Link,
        session: SessionId,
        packet_id: u16,
    },
    Fetch {
        link: Link,
        session: SessionId,
        from: u64,
        most: usize,
    },
    Drop {
        client: Client,
        clean_session: bool,
        will: bool,
    },
    Tick,
    Disk {
        full: bool,
    },
}

impl Deed {
    /// The hub's event for it.
    pub(crate) fn event(&self) -> Event<Link> {
        match self.clone() {
            Deed::Connect { link, greeting } => Event::Connect(Box::new(greeting.request(link))),
            Deed::Closed { link, session, will, expiry_s, sent } => {
                let reason =
                    if will { DisconnectReason::ConnectionLost } else { DisconnectReason::ClientInitiated };
                let cause = Cause { reason, will, text: String::new() };
                Event::Closed(Closed { link, session, cause, session_expiry_s: expiry_s, sent })
            }
            Deed::Subscribe { link, session, packet_id, filter, qos } => {
                let filters = vec![SubscribeFilter::new(filter, qos)];
                let packet = Subscribe { packet_id, filters, ..Subscribe::default() };
                Event::Subscribe { link, session, packet }
            }
            Deed::Unsubscribe { link, session, packet_id, filter } => {
                let packet =
                    Unsubscribe { packet_id, filters: vec![filter.into()], ..Unsubscribe::default() };
                Event::Unsubscribe { link, session, packet }
            }
            Deed::Publish { link, session, message, parcel } => {
                let origin = Origin { scope: ScopeId(0), session: Some(session) };
                let answer = answer(link, parcel.packet_id, parcel.qos);
                Event::Publish { origin, message: (*message).clone(), answer }
            }
            Deed::Store { link, packet_id, message, receivers, .. } => {
                let answer = answer(link, packet_id, message.qos);
                Event::Store(Store { message, receivers, fired: None, answer })
            }
            Deed::Taken { session, seqs } => {
                Event::Taken { session, seqs: seqs.iter().map(|(seq, _)| *seq).collect() }
            }
            Deed::Received { link, session, seq } => Event::Received { link, session, seq },
            Deed::Released { session, packet_id, .. } => Event::Released { session, packet_id },
            Deed::Fetch { link, session, from, most } => Event::Fetch { link, session, from, most },
            Deed::Drop { client, clean_session, will } => {
                let (client, why) = (client_id(client), "the simulation says so".to_owned());
                let reason =
                    if will { DisconnectReason::ConnectionLost } else { DisconnectReason::ApiInitiated };
                let cause = Cause { reason, will, text: why };
                Event::Drop { scope: ScopeId(0), client, clean_session, cause }
            }
            Deed::Tick => Event::Tick,
            Deed::Disk { full } => Event::Disk(if full { Need::Nothing } else { Need::Room }),
        }
    }
}

impl Greeting {
    fn request(&self, link: Link) -> ConnectRequest<Link> {
        let mut packet = Connect::new(self.version, client_id(self.client));
        packet.clean_start = self.clean_start;
        packet.session_expiry_s = (self.version == Version::V5).then_some(self.expiry_s);
        packet.will = self.will.map(|word| mqtt::Will {
            topic: word.topic.into(),
            payload: payload(word.number),
            qos: word.qos,
            retain: false,
            delay_s: word.delay_s,
            properties: None,
        });
        ConnectRequest {
            link,
            scope: ScopeId(0),
            packet,
            principal: "anonymous".into(),
            thing: None,
            is_thing: false,
            address: "192.0.2.1".into(),
            access: Access::everything(),
        }
    }
}

impl Parcel {
    pub(crate) fn message(&self, topic: Topic, publisher: &str, now_ms: u64) -> Message {
        Message {
            id: self.number,
            topic,
            payload: if self.clears { Bytes::new() } else { payload(self.number) },
            qos: self.qos,
            retain: self.retain,
            properties: None,
            publisher: publisher.into(),
            received_ms: now_ms,
            expires_ms: None,
        }
    }
}

pub(crate) fn client_id(client: Client) -> String {
    format!("c{client}")
}

fn payload(number: Number) -> Bytes {
    Bytes::from(number.to_string())
}

/// Wills get their id from the hub, so the payload tells; a message that clears has only its id.
pub(crate) fn number_of(message: &Message) -> Number {
    std::str::from_utf8(&message.payload).ok().and_then(|text| text.parse().ok()).unwrap_or(message.id)
}

fn answer(link: Link, packet_id: u16, qos: QoS) -> Option<Answer<Link>> {
    (qos > QoS::AtMostOnce).then_some(Answer { link, packet_id, qos })
}
