//! What the peer sends, packet by packet, with the rules that need memory: order, aliases, quota, QoS 2. Answers nothing.

mod alias;

use alias::AliasTable;
use message::QoS;

use crate::decode::{DecodeError, PROTOCOL, decode, version_of};
use crate::limits::OPEN_IDS_MAX;
use crate::{
    Ack, Auth, Connack, Connect, Disconnect, Packet, Publish, ReasonCode, Suback, Subscribe, Unsuback,
    Unsubscribe, Version,
};

/// Which end of the connection we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Server,
    Client,
}

/// What we let the peer do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InboundLimits {
    pub maximum_packet_size: u32,
    /// Unanswered QoS 1 and 2 messages. In 3.x, which has no such limit, exceeding it is no error.
    pub receive_maximum: u16,
    pub topic_alias_maximum: u16,
}

impl Default for InboundLimits {
    /// What a peer that says nothing is held to.
    fn default() -> Self {
        Self { maximum_packet_size: u32::MAX, receive_maximum: u16::MAX, topic_alias_maximum: 0 }
    }
}

/// A packet that obeys the protocol at this point of the connection.
#[derive(Debug, Clone, PartialEq)]
pub enum Incoming<'a> {
    Connect(Box<Connect>),
    Connack(Box<Connack>),
    Publish {
        /// Its topic is filled in when an alias stood for it.
        publish: Publish<'a>,
        /// QoS 2 only: the same packet id was received and not yet released, so the message is not new.
        duplicate_of_held: bool,
    },
    Puback(Ack),
    Pubrec(Ack),
    Pubrel {
        ack: Ack,
        /// False: no QoS 2 message with that packet id was held.
        known: bool,
    },
    Pubcomp(Ack),
    Subscribe(Subscribe),
    Suback(Suback),
    Unsubscribe(Unsubscribe),
    Unsuback(Unsuback),
    Pingreq,
    Pingresp,
    Disconnect(Disconnect),
    Auth(Auth),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing but CONNECT (server) or CONNACK and AUTH (client) may come.
    Opening,
    Open,
    /// DISCONNECT was received: nothing may come.
    Closed,
}

/// The receiving half of one connection.
#[derive(Debug)]
pub struct Inbound {
    role: Role,
    stage: Stage,
    /// Server only: CONNECT named no authentication method, so AUTH may not come.
    auth_barred: bool,
    version: Option<Version>,
    limits: InboundLimits,
    /// Packet ids of QoS 1 and 2 messages not yet answered for good, oldest first.
    open: Vec<u16>,
    /// Packet ids of QoS 2 messages received and not yet released.
    held: Vec<u16>,
    aliases: Option<Box<AliasTable>>,
}

impl Inbound {
    /// A client's version is 3.1.1 until `set_version`; a server's comes with CONNECT.
    pub fn new(role: Role, limits: InboundLimits) -> Self {
        let version = match role {
            Role::Server => None,
            Role::Client => Some(Version::V311),
        };
        Self {
            role,
            stage: Stage::Opening,
            auth_barred: false,
            version,
            limits,
            open: Vec::new(),
            held: Vec::new(),
            aliases: None,
        }
    }

    /// Decodes the next packet, says how many bytes it took, and applies the protocol. `Ok(None)`: more bytes
    /// are needed. After an error the connection has to end.
    pub fn next<'a>(&'a mut self, bytes: &'a [u8]) -> Result<Option<(Incoming<'a>, usize)>, DecodeError> {
        let version = if self.is_awaiting_connect() { None } else { self.version };
        let decoded = match decode(bytes, version, self.limits.maximum_packet_size) {
            Ok(decoded) => decoded,
            Err(error) => {
                if self.is_awaiting_connect() {
                    self.version = version_of(bytes);
                }
                return Err(error);
            }
        };
        let Some((packet, used)) = decoded else { return Ok(None) };
        self.check_stage(&packet)?;
        let incoming = match packet {
            Packet::Publish(publish) => self.on_publish(publish)?,
            other => self.on_other(other)?,
        };
        Ok(Some((incoming, used)))
    }

    /// The connection's version. After a refused CONNECT: the version it named, to answer in its form.
    pub fn version(&self) -> Option<Version> {
        self.version
    }

    /// Sets the version a client speaks, before anything is received.
    pub fn set_version(&mut self, version: Version) {
        self.version = Some(version);
    }

    pub fn set_limits(&mut self, limits: InboundLimits) {
        self.limits = limits;
    }

    pub fn limits(&self) -> InboundLimits {
        self.limits
    }

    /// How many QoS 1 and 2 messages are not yet answered: a server stops reading a 3.x peer with too many.
    pub fn unanswered(&self) -> usize {
        self.open.len()
    }

    /// We sent PUBACK, PUBCOMP, or a PUBREC that refuses: the message no longer counts against the quota.
    pub fn answered(&mut self, packet_id: u16) {
        remove(&mut self.open, packet_id);
        remove(&mut self.held, packet_id);
    }

    /// Packet ids of QoS 2 messages received and not yet released, for the session to keep.
    pub fn held(&self) -> impl Iterator<Item = u16> + '_ {
        self.held.iter().copied()
    }

    /// Restores a packet id that an earlier connection of the session held.
    pub fn hold(&mut self, packet_id: u16) {
        if !self.held.contains(&packet_id) {
            self.held.push(packet_id);
        }
    }

    fn is_awaiting_connect(&self) -> bool {
        self.role == Role::Server && self.stage == Stage::Opening
    }

    fn is_v5(&self) -> bool {
        self.version.is_some_and(Version::is_v5)
    }

    fn check_stage(&self, packet: &Packet<'_>) -> Result<(), DecodeError> {
        let what = match (self.stage, self.role, packet) {
            (Stage::Closed, ..) => "a packet follows DISCONNECT [5.0 section 3.14.4]",
            (Stage::Open, Role::Server, Packet::Connect(_)) => "a second CONNECT [5.0 section 3.1]",
            (Stage::Open, Role::Client, Packet::Connack(_)) => "a second CONNACK [5.0 section 3.2]",
            (
                _,
                Role::Server,
                Packet::Connack(_) | Packet::Suback(_) | Packet::Unsuback(_) | Packet::Pingresp,
            ) => "a packet that only a server sends [5.0 section 2.1.2]",
            (
                _,
                Role::Client,
                Packet::Connect(_) | Packet::Subscribe(_) | Packet::Unsubscribe(_) | Packet::Pingreq,
            ) => "a packet that only a client sends [5.0 section 2.1.2]",
            (_, Role::Client, Packet::Disconnect(_)) if !self.is_v5() => {
                "a server sends no DISCONNECT before MQTT 5 [3.1.1 section 3.14]"
            }
            (Stage::Opening, Role::Client, packet)
                if !matches!(packet, Packet::Connack(_) | Packet::Auth(_)) =>
            {
                "the first packet is not CONNACK [5.0 section 3.2]"
            }
            (_, _, Packet::Auth(_)) if self.auth_barred => {
                "AUTH comes without an authentication method in CONNECT [5.0 section 4.12]"
            }
            _ => return Ok(()),
        };
        Err(DecodeError { reason: PROTOCOL, packet: packet.name(), what })
    }

    fn on_publish<'a>(&'a mut self, mut publish: Publish<'a>) -> Result<Incoming<'a>, DecodeError> {
        if self.role == Role::Server && !publish.subscription_ids.is_empty() {
            let what = "a client sends a subscription identifier [5.0 section 3.3.4]";
            return Err(DecodeError { reason: PROTOCOL, packet: "PUBLISH", what });
        }
        let duplicate_of_held = match publish.qos {
            QoS::AtMostOnce => false,
            QoS::AtLeastOnce => {
                self.count(publish.packet_id, publish.dup)?;
                false
            }
            QoS::ExactlyOnce => {
                let known = self.held.contains(&publish.packet_id);
                self.count(publish.packet_id, known)?;
                if !known {
                    self.held.push(publish.packet_id);
                }
                known
            }
        };
        if let Some(alias) = publish.topic_alias {
            let maximum = self.limits.topic_alias_maximum;
            publish.topic = AliasTable::resolve(&mut self.aliases, alias, publish.topic, maximum)?;
        }
        Ok(Incoming::Publish { publish, duplicate_of_held })
    }

    /// Counts a message against the quota, once when it is `repeated`.
    fn count(&mut self, packet_id: u16, repeated: bool) -> Result<(), DecodeError> {
        if repeated && self.open.contains(&packet_id) {
            return Ok(());
        }
        let maximum = if self.is_v5() { usize::from(self.limits.receive_maximum) } else { OPEN_IDS_MAX };
        if self.open.len() >= maximum {
            let what =
                "more unanswered messages than the receive maximum; wait for answers [5.0 section 3.3.4]";
            return Err(DecodeError { reason: ReasonCode::ReceiveMaximumExceeded, packet: "PUBLISH", what });
        }
        self.open.push(packet_id);
        Ok(())
    }

    fn on_other<'a>(&mut self, packet: Packet<'a>) -> Result<Incoming<'a>, DecodeError> {
        Ok(match packet {
            Packet::Connect(connect) => {
                self.stage = Stage::Open;
                self.version = Some(connect.version);
                self.auth_barred = connect.authentication_method.is_none();
                Incoming::Connect(connect)
            }
            Packet::Connack(connack) => {
                self.stage = Stage::Open;
                Incoming::Connack(connack)
            }
            Packet::Publish(publish) => Incoming::Publish { publish, duplicate_of_held: false },
            Packet::Puback(ack) => Incoming::Puback(ack),
            Packet::Pubrec(ack) => Incoming::Pubrec(ack),
            Packet::Pubrel(ack) => {
                let known = remove(&mut self.held, ack.packet_id);
                Incoming::Pubrel { ack, known }
            }
            Packet::Pubcomp(ack) => Incoming::Pubcomp(ack),
            Packet::Subscribe(subscribe) => Incoming::Subscribe(subscribe),
            Packet::Suback(suback) => Incoming::Suback(suback),
            Packet::Unsubscribe(unsubscribe) => Incoming::Unsubscribe(unsubscribe),
            Packet::Unsuback(unsuback) => Incoming::Unsuback(unsuback),
            Packet::Pingreq => Incoming::Pingreq,
            Packet::Pingresp => Incoming::Pingresp,
            Packet::Disconnect(disconnect) => {
                self.check_disconnect(&disconnect)?;
                self.stage = Stage::Closed;
                Incoming::Disconnect(disconnect)
            }
            Packet::Auth(auth) => Incoming::Auth(auth),
        })
    }

    fn check_disconnect(&self, disconnect: &Disconnect) -> Result<(), DecodeError> {
        let what = match self.role {
            Role::Client if disconnect.session_expiry_s.is_some() => {
                "a server sends a session expiry interval [5.0 section 3.14.2.2.2]"
            }
            Role::Client if disconnect.reason == ReasonCode::DisconnectWithWill => {
                "a server asks for a will message [5.0 section 3.14.2.1]"
            }
            Role::Server if disconnect.server_reference.is_some() => {
                "a client sends a server reference [5.0 section 3.14.2.2.5]"
            }
            _ => return Ok(()),
        };
        Err(DecodeError { reason: PROTOCOL, packet: "DISCONNECT", what })
    }
}

/// Removes the oldest entry with that id; answers come nearly always in order, so it is near the front.
fn remove(ids: &mut Vec<u16>, packet_id: u16) -> bool {
    let found = ids.iter().position(|&id| id == packet_id);
    if let Some(at) = found {
        ids.remove(at);
    }
    found.is_some()
}
