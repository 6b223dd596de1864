//! One connection's reading side: packets in, decisions of the publish lane, events for the writer.

mod account;
mod fire;
mod publish;

use std::sync::Arc;

use broker::presence::DisconnectReason;
use broker::{ScopeId, SessionId};
use hub::{Cause, Closed, ConnectRequest, Event, Lane, Refusal};
use message::QoS;
use mqtt::{
    Connect, DecodeError, Disconnect, Inbound, InboundLimits, Incoming, OutboundLimits, Packet, ReasonCode,
    Role, Version,
};
use policy::Access;

use crate::limits::CONNECT_BYTES;
use crate::link::{Dirty, Link, Stage, is_refusal};
use crate::rights::{Principal, Rights};
use crate::shared::Shared;
use crate::tell::want_backlog;
use account::COUNTED_EVERY_MS;
use publish::Meter;

/// What the socket loop does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    Read,
    /// Do not read until the link is woken: the CONNECT is being decided.
    AwaitWelcome,
    /// Do not read until the desk has room.
    AwaitRoom,
    /// Do not read until this time of the machine's clock.
    AwaitTime(u64),
    Stop,
}

/// The reading side.
pub(crate) struct Connection {
    pub(crate) link: Arc<Link>,
    inbound: Inbound,
    /// The beginning of a packet whose end has not come yet.
    partial: Vec<u8>,
    /// Receivers of the last batch wait to be written by this connection's next turn.
    deferred: bool,
    core: Core,
}

/// Everything but the decoder, which lends the packets that the core works on.
struct Core {
    shared: Arc<Shared>,
    link: Arc<Link>,
    principal: Principal,
    /// What the client may do, from its CONNECT on.
    access: Access,
    scope: ScopeId,
    session: Option<SessionId>,
    client: Arc<str>,
    version: Version,
    lane: Lane<Arc<Link>>,
    meter: Meter,
    /// The session expiry this connection ends with, when its DISCONNECT changes it.
    session_expiry_s: Option<u32>,
    connected_expiry_s: u32,
    sent_connect: bool,
    /// The topic of its last will.
    will: Option<Box<str>>,
    /// The last change this connection left at the desk. Until it and every SUBSCRIBE that has come are told,
    /// publishes queue behind them, so that a SUBSCRIBE counts for every PUBLISH that comes after it.
    change: u64,
    /// When counts of messages were entered into the client's record last.
    counted_ms: u64,
    /// This batch left something at the desk, so it waits for room there. Who leaves nothing waits for nobody.
    queued: bool,
}

impl Connection {
    pub(crate) fn new(shared: Arc<Shared>, link: Arc<Link>, principal: Principal) -> Box<Connection> {
        let limits = InboundLimits {
            maximum_packet_size: CONNECT_BYTES,
            receive_maximum: shared.settings.receive_maximum,
            topic_alias_maximum: shared.settings.topic_alias_maximum,
        };
        Box::new(Connection {
            inbound: Inbound::new(Role::Server, limits),
            partial: Vec::new(),
            deferred: false,
            core: Core {
                shared,
                link: link.clone(),
                scope: principal.scope,
                principal,
                access: Access::everything(),
                session: None,
                client: "".into(),
                version: Version::V311,
                lane: Lane::default(),
                meter: Meter::default(),
                session_expiry_s: None,
                connected_expiry_s: 0,
                sent_connect: false,
                will: None,
                change: 0,
                counted_ms: 0,
                queued: false,
            },
            link,
        })
    }

    /// The link was woken: has the CONNECT been decided?
    pub(crate) fn on_wake(&mut self) -> Flow {
        if self.core.session.is_some() {
            return Flow::Read;
        }
        let mut out = self.link.lock();
        if out.stage == Stage::Waiting {
            return if self.core.sent_connect { Flow::AwaitWelcome } else { Flow::Read };
        }
        let Some(session) = out.session else { return Flow::Stop };
        self.core.session = Some(session);
        self.core.client = out.client.clone();
        for packet_id in std::mem::take(&mut out.held) {
            self.inbound.hold(packet_id);
        }
        Flow::Read
    }

    /// Packets that came before the CONNECT was decided.
    pub(crate) fn resume(&mut self) -> Flow {
        if self.partial.is_empty() { Flow::Read } else { self.feed(&[]) }
    }

    /// Works on what was read, then writes every connection it touched once.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Flow {
        let now_ms = self.core.shared.clock.machine_ms();
        self.link.heard(now_ms);
        self.core.shared.metrics.bytes_received.add(bytes.len() as u64);
        let mut dirty = Dirty::new();
        let flow = if self.partial.is_empty() {
            let (used, flow) = self.work(bytes, now_ms, &mut dirty);
            self.partial.extend_from_slice(bytes.get(used..).unwrap_or_default());
            flow
        } else {
            let mut whole = std::mem::take(&mut self.partial);
            whole.extend_from_slice(bytes);
            let (used, flow) = self.work(&whole, now_ms, &mut dirty);
            if used == whole.len() {
                whole = Vec::new();
            } else {
                whole.drain(..used);
            }
            self.partial = whole;
            flow
        };
        self.deferred |= self.core.shared.pending.write_or_defer(&mut dirty);
        let paused = self.core.meter.pause(&self.core.shared.settings, bytes.len(), now_ms);
        match flow {
            Flow::Read if self.core.must_wait() => Flow::AwaitRoom,
            Flow::Read => paused,
            flow => flow,
        }
    }

    fn work(&mut self, bytes: &[u8], now_ms: u64, dirty: &mut Dirty) -> (usize, Flow) {
        let mut used = 0;
        let mut flow = Flow::Read;
        self.core.begin(&mut self.inbound);
        self.core.queued = false;
        while flow == Flow::Read {
            let next = self.inbound.next(bytes.get(used..).unwrap_or_default());
            match next {
                Ok(Some((packet, size))) => {
                    used += size;
                    match self.core.on_packet(packet, now_ms, dirty) {
                        Ok(next) => flow = next,
                        Err(refusal) => {
                            self.core.refuse(refusal, dirty);
                            flow = Flow::Stop;
                        }
                    }
                    if flow == Flow::AwaitWelcome {
                        self.inbound.set_limits(self.core.limits());
                    }
                    if flow == Flow::Read && self.core.must_wait() {
                        flow = Flow::AwaitRoom;
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    self.core.refuse(malformed(&error), dirty);
                    flow = Flow::Stop;
                }
            }
        }
        self.core.end_batch(now_ms, dirty);
        (used, flow)
    }

    /// The connection is over; tells the hub if it had been welcomed.
    pub(crate) fn close(&mut self, lost: Refusal) {
        self.write_deferred();
        self.on_wake();
        self.core.count();
        let shared = &self.core.shared;
        let (end, sent) = {
            let mut out = self.link.lock();
            let sent = out.mail.as_ref().map_or(0, |m| m.next);
            let taken = out.close().map(|w| w.taken).unwrap_or_default();
            if let Some(session) = out.session.filter(|_| !taken.is_empty()) {
                shared.desk.submit(Event::Taken { session, seqs: taken });
            }
            (out.end.take(), sent)
        };
        shared.metrics.connections_closed.add(1);
        let Some(session) = self.core.session else {
            // A look at an open port that says nothing is not worth a line; silence and half a CONNECT are.
            if end.is_none() && (lost.reason != DisconnectReason::ConnectionLost || !self.partial.is_empty())
            {
                shared.metrics.connections_refused.add(1);
                let text = format!("{}: {lost}", self.link.address);
                shared.explain(&self.core.client, "no connection", &text);
                self.core.trouble(&lost);
            }
            return;
        };
        let end = end.unwrap_or(lost);
        let will =
            end.reason != DisconnectReason::ClientInitiated && end.reason != DisconnectReason::ApiInitiated;
        let will = will || end.code == ReasonCode::DisconnectWithWill;
        self.core.part(&end, will);
        shared.desk.submit(Event::Closed(Closed {
            link: self.link.clone(),
            session,
            cause: Cause { reason: end.reason, will, text: end.text },
            session_expiry_s: self.core.session_expiry_s,
            sent,
        }));
    }

    /// Whether [`Connection::write_deferred`] is due, after the other ready connections had their turn.
    pub(crate) fn has_deferred(&self) -> bool {
        self.deferred
    }

    pub(crate) fn write_deferred(&mut self) {
        if self.link.is_asked() {
            self.core.count();
        }
        if std::mem::take(&mut self.deferred) {
            self.core.shared.pending.write();
        }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.core.shared
    }
}

/// What the peer did wrong, for the wire and for people.
fn malformed(error: &DecodeError) -> Refusal {
    Refusal::client_error(error.reason, error.to_string())
}

impl Core {
    /// Whether the desk has to have room before this connection goes on.
    fn must_wait(&self) -> bool {
        self.queued && self.shared.desk.is_full()
    }

    fn limits(&self) -> InboundLimits {
        let settings = &self.shared.settings;
        InboundLimits {
            maximum_packet_size: settings.maximum_packet_size,
            receive_maximum: settings.receive_maximum,
            topic_alias_maximum: settings.topic_alias_maximum,
        }
    }

    /// Answers that were written since the last batch free their place in the receive maximum.
    fn begin(&mut self, inbound: &mut Inbound) {
        let mut out = self.link.lock();
        if std::mem::take(&mut out.has_new_access) {
            self.access = out.access.clone();
            drop(out);
            self.count();
            self.lane.forget();
            out = self.link.lock();
        }
        for packet_id in out.acks.take_answered() {
            inbound.answered(packet_id);
        }
    }

    fn end_batch(&mut self, now_ms: u64, dirty: &mut Dirty) {
        self.meter.flush(&self.shared.metrics);
        if now_ms.saturating_sub(self.counted_ms) >= COUNTED_EVERY_MS {
            self.count();
        }
        if self.meter.acked {
            self.meter.acked = false;
            self.queued = true;
            let wall_ms = self.shared.clock.wall_ms();
            self.link.with(dirty, |out| out.pump(wall_ms, now_ms));
            want_backlog(&self.shared, &self.link);
        }
    }

    fn on_packet(&mut self, packet: Incoming<'_>, now_ms: u64, dirty: &mut Dirty) -> Result<Flow, Refusal> {
        match packet {
            Incoming::Publish { publish, duplicate_of_held } => {
                self.on_publish(&publish, duplicate_of_held, now_ms, dirty)?;
            }
            Incoming::Puback(ack) => {
                self.meter.acked = true;
                let message = self.link.lock().on_puback(&ack);
                if let Some(message) = message.filter(|_| is_refusal(&ack)) {
                    let text = format!("refused a message on {} with {}", message.topic, ack.reason.name());
                    self.shared.explain(&self.client, "delivery refused by the client", &text);
                }
            }
            Incoming::Pubrec(ack) => {
                self.meter.acked = true;
                self.link.with(dirty, |out| out.on_pubrec(&ack));
            }
            Incoming::Pubrel { ack, known } => self.on_pubrel(ack.packet_id, known, dirty),
            Incoming::Pubcomp(ack) => {
                self.meter.acked = true;
                self.link.with(dirty, |out| out.on_pubcomp(&ack));
            }
            Incoming::Pingreq => self.link.with(dirty, |out| out.put(&Packet::Pingresp)),
            Incoming::Connect(connect) => return self.on_connect(*connect),
            Incoming::Subscribe(packet) => {
                if let Some(session) = self.session {
                    self.queued = true;
                    let event = Event::Subscribe { link: self.link.clone(), session, packet };
                    self.change = self.shared.desk.submit_subscription(event);
                }
            }
            Incoming::Unsubscribe(packet) => {
                if let Some(session) = self.session {
                    self.queued = true;
                    let event = Event::Unsubscribe { link: self.link.clone(), session, packet };
                    self.change = self.shared.desk.submit_subscription(event);
                }
            }
            Incoming::Disconnect(disconnect) => return self.on_disconnect(&disconnect),
            Incoming::Auth(_) => {
                let text = "AUTH without an authentication method: enhanced authentication is not served";
                return Err(Refusal::client_error(ReasonCode::ProtocolError, text));
            }
            Incoming::Connack(_) | Incoming::Suback(_) | Incoming::Unsuback(_) | Incoming::Pingresp => {
                let text = "a client sent a packet that only servers send";
                return Err(Refusal::client_error(ReasonCode::ProtocolError, text));
            }
        }
        Ok(Flow::Read)
    }

    fn on_connect(&mut self, packet: Connect) -> Result<Flow, Refusal> {
        self.version = packet.version;
        self.client = packet.client_id.as_str().into();
        self.sent_connect = true;
        self.will = packet.will.as_ref().map(|will| will.topic.as_str().into());
        self.connected_expiry_s = packet.session_expiry_s.unwrap_or(0);
        let limits = OutboundLimits {
            receive_maximum: packet.receive_maximum.unwrap_or(u16::MAX).min(self.shared.settings.in_flight),
            maximum_packet_size: packet.maximum_packet_size.unwrap_or(u32::MAX),
            topic_alias_maximum: packet.topic_alias_maximum.unwrap_or(0),
        };
        let is_thing;
        {
            // Held until the link has its rights: a change of policies comes before them, or finds what to change.
            let registry = self.shared.registry();
            let accounts = self.shared.ledger.read();
            let now_s = self.shared.clock.wall_s();
            let name = self.shared.scopes.name(self.scope);
            let client = packet.client_id.as_str();
            is_thing = name.is_some_and(|scope| registry.find_thing(&scope, client).is_some());
            let rights = &self.principal.rights;
            self.access = rights.compile(&registry, &accounts, now_s, &packet, &self.link.address)?;
            let mut out = self.link.lock();
            out.prepare(packet.version, limits, packet.request_problem_information);
            out.access = self.access.clone();
            (out.scope, out.client) = (self.scope, self.client.clone());
        }
        self.principal.rights = Rights::Fixed(Access::everything());
        self.shared.desk.submit(Event::Connect(Box::new(ConnectRequest {
            link: self.link.clone(),
            scope: self.scope,
            packet,
            principal: self.principal.name.clone(),
            thing: self.principal.thing.clone(),
            is_thing,
            address: self.link.address.clone(),
            access: self.access.clone(),
        })));
        Ok(Flow::AwaitWelcome)
    }

    fn on_pubrel(&mut self, packet_id: u16, known: bool, dirty: &mut Dirty) {
        match self.session.filter(|_| known) {
            Some(session) => {
                self.queued = true;
                self.shared.desk.release(self.link.clone(), session, packet_id);
            }
            None => self.link.with(dirty, |out| out.complete(packet_id, ReasonCode::PacketIdNotFound)),
        }
    }

    fn on_disconnect(&mut self, packet: &Disconnect) -> Result<Flow, Refusal> {
        if packet.session_expiry_s.is_some_and(|s| s > 0) && self.connected_expiry_s == 0 {
            let text = "DISCONNECT sets a session expiry although CONNECT had none: set it in CONNECT";
            return Err(Refusal::client_error(ReasonCode::ProtocolError, text));
        }
        self.session_expiry_s = packet.session_expiry_s;
        let code = packet.reason;
        let mut refusal = Refusal::new(code, DisconnectReason::ClientInitiated, "the client said goodbye");
        if code.is_error() || code == ReasonCode::DisconnectWithWill {
            refusal.text = format!("the client said goodbye with {}", code.name());
            refusal.code = ReasonCode::DisconnectWithWill;
        }
        let mut out = self.link.lock();
        out.stage = Stage::Ending;
        out.end = Some(refusal);
        Ok(Flow::Stop)
    }

    /// Says why on the wire where the protocol can, and to people.
    fn refuse(&mut self, refusal: Refusal, dirty: &mut Dirty) {
        if self.session.is_none() {
            self.shared.metrics.connections_refused.add(1);
            self.shared.explain(
                &self.client,
                "connection refused",
                &format!("{}: {}", self.link.address, refusal),
            );
        }
        self.trouble(&refusal);
        let connecting = self.session.is_none() && !self.sent_connect;
        self.link.with(dirty, |out| {
            if connecting && let Some(connack) = connack_for(refusal.code) {
                out.put(&Packet::Connack(Box::new(connack)));
            }
            out.finish(refusal);
        });
    }

    /// Answers a publish, now or once those before it are answered.
    fn acknowledge(
        &mut self,
        packet_id: u16,
        qos: QoS,
        reason: ReasonCode,
        text: Option<String>,
        dirty: &mut Dirty,
    ) {
        self.link.with(dirty, |out| out.answer(packet_id, qos, reason, text));
    }
}

/// A CONNECT that cannot be read gets an answer only where its sender can read that: a wrong version or id.
fn connack_for(code: ReasonCode) -> Option<mqtt::Connack> {
    let told = matches!(code, ReasonCode::UnsupportedProtocolVersion | ReasonCode::ClientIdNotValid);
    told.then(|| mqtt::Connack { reason: code, ..mqtt::Connack::default() })
}
