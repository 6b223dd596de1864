//! One connection's out-buffer: bytes to send, what is in flight, and how they reach the socket.
//!
//! Publishers append to it from their own threads and write it at the end of their read batch; the connection's
//! own task writes only when the socket would block. Never hold two links' locks at once.

mod acks;
mod mail;
mod pending;
mod transport;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Waker;

use broker::presence::DisconnectReason;
use broker::{ScopeId, SessionId};
use hub::{Deliver, Refusal, Welcome};
use message::{Message, QoS};
use mqtt::{Ack, Disconnect, Fanout, Outbound, OutboundLimits, Packet, ReasonCode, SendError, Version};
use policy::Access;
use registry::CertificateId;

pub(crate) use acks::Acks;
pub(crate) use mail::{Mail, Wish, is_refusal};
pub(crate) use pending::Pending;
pub(crate) use transport::{Tls, Transport};

use crate::activity::Who;
use crate::limits::{OUT_BYTES, PENDING_BYTES, PENDING_MESSAGES};
use crate::rights::Signer;

/// A live connection as everybody else sees it.
pub(crate) struct Link {
    pub(crate) number: u64,
    pub(crate) address: Arc<str>,
    /// The client's certificate, if it came with one.
    pub(crate) certificate: Option<CertificateId>,
    /// Who signed for it, if that was with a key that is kept here.
    pub(crate) signer: Option<Arc<Signer>>,
    out: Mutex<Out>,
    /// Somebody wants the connection to say now what it has counted.
    asked: AtomicBool,
    /// Milliseconds of the machine's clock when the last packet came.
    heard_ms: AtomicU64,
    keep_alive_s: AtomicU32,
}

impl PartialEq for Link {
    fn eq(&self, other: &Link) -> bool {
        self.number == other.number
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Link({})", self.number)
    }
}

/// Where a connection is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// CONNECT has not been decided.
    Waiting,
    Open,
    /// Said goodbye; the task writes what is left and closes.
    Ending,
}

/// What goes out.
pub(crate) struct Out {
    pub(crate) transport: Transport,
    pub(crate) buffer: Vec<u8>,
    /// How much of the buffer's front the socket has taken already.
    written: usize,
    pub(crate) stage: Stage,
    pub(crate) outbound: Outbound<Sent>,
    pub(crate) acks: Acks,
    pub(crate) mail: Option<Box<Mail>>,
    /// QoS 1 and 2 messages of a session without a mailbox that wait for the window.
    pending: VecDeque<Sent>,
    pending_bytes: usize,
    /// Set once by whoever ends the connection.
    pub(crate) end: Option<Refusal>,
    pub(crate) session: Option<SessionId>,
    pub(crate) client: Arc<str>,
    pub(crate) scope: ScopeId,
    /// What the client may do, from its CONNECT on.
    pub(crate) access: Access,
    /// Others have changed `access`; the connection takes it over before its next packet.
    pub(crate) has_new_access: bool,
    pub(crate) held: Vec<u16>,
    /// The socket would block: only the task writes.
    pub(crate) blocked: bool,
    /// Already in somebody's list of buffers to write.
    pub(crate) dirty: bool,
    /// MQTT 5: the peer wants reason strings on acknowledgements.
    explains: bool,
    pub(crate) dropped: u64,
    /// Messages that went out since the last look.
    pub(crate) delivered: u64,
    pub(crate) waker: Option<Waker>,
}

/// A message in flight.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) message: Arc<Message>,
    pub(crate) qos: QoS,
    pub(crate) retain: bool,
    pub(crate) subscription_ids: Vec<u32>,
    /// Its number in the mailbox; none when it went through none.
    pub(crate) seq: Option<u64>,
}

/// Links with something to write at the end of a batch.
pub(crate) type Dirty = Vec<Arc<Link>>;

impl Link {
    pub(crate) fn new(
        number: u64,
        address: Arc<str>,
        certificate: Option<CertificateId>,
        signer: Option<Arc<Signer>>,
        transport: Transport,
        now_ms: u64,
    ) -> Arc<Link> {
        Arc::new(Link {
            number,
            address,
            certificate,
            signer,
            out: Mutex::new(Out::new(transport)),
            asked: AtomicBool::new(false),
            heard_ms: AtomicU64::new(now_ms),
            keep_alive_s: AtomicU32::new(0),
        })
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Out> {
        self.out.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Whose connection it is, from its CONNECT on.
    pub(crate) fn who(&self) -> Who {
        let out = self.lock();
        Who { scope: out.scope, client: out.client.clone(), certificate: self.certificate }
    }

    /// Makes the connection say soon what it has counted.
    pub(crate) fn ask(&self) {
        self.asked.store(true, Ordering::Relaxed);
        self.lock().wake();
    }

    pub(crate) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed) && self.asked.swap(false, Ordering::Relaxed)
    }

    pub(crate) fn heard(&self, now_ms: u64) {
        self.heard_ms.store(now_ms, Ordering::Relaxed);
    }

    pub(crate) fn keep_alive_s(&self) -> u32 {
        self.keep_alive_s.load(Ordering::Relaxed)
    }

    /// Whether nothing was heard for one and a half keep-alives.
    pub(crate) fn is_silent(&self, now_ms: u64) -> bool {
        let keep_alive_s = u64::from(self.keep_alive_s());
        keep_alive_s > 0 && now_ms.saturating_sub(self.heard_ms.load(Ordering::Relaxed)) > keep_alive_s * 1500
    }

    /// Ends the connection: says why where the protocol can, and wakes its task.
    pub(crate) fn finish(&self, refusal: Refusal) {
        self.lock().finish(refusal);
    }

    /// Appends with the lock held and notes the link as dirty if it was not yet.
    pub(crate) fn with(self: &Arc<Link>, dirty: &mut Dirty, act: impl FnOnce(&mut Out)) {
        let mut out = self.lock();
        act(&mut out);
        if !out.dirty && !out.buffer.is_empty() {
            out.dirty = true;
            drop(out);
            dirty.push(self.clone());
        }
    }

    /// The connection is accepted: CONNACK, and the out-buffer opens.
    ///
    /// None: it ended while its CONNECT was being decided, and will not report that by itself.
    pub(crate) fn welcome(&self, welcome: &Welcome<Arc<Link>>, now_ms: u64) -> Option<MutexGuard<'_, Out>> {
        self.keep_alive_s.store(u32::from(welcome.keep_alive_s), Ordering::Relaxed);
        self.heard(now_ms);
        let mut out = self.lock();
        out.welcome(welcome).then_some(out)
    }
}

/// Writes every dirty buffer once.
pub(crate) fn write_all(dirty: &mut Dirty) {
    for link in dirty.drain(..) {
        let mut out = link.lock();
        out.dirty = false;
        out.write();
    }
}

impl Out {
    fn new(transport: Transport) -> Out {
        Out {
            transport,
            buffer: Vec::new(),
            written: 0,
            stage: Stage::Waiting,
            outbound: Outbound::new(Version::V311, OutboundLimits::default()),
            acks: Acks::default(),
            mail: None,
            pending: VecDeque::new(),
            pending_bytes: 0,
            end: None,
            session: None,
            client: "".into(),
            scope: ScopeId::default(),
            access: Access::everything(),
            has_new_access: false,
            held: Vec::new(),
            blocked: false,
            dirty: false,
            explains: true,
            dropped: 0,
            delivered: 0,
            waker: None,
        }
    }

    /// What the peer's CONNECT says of what it takes; set before the CONNECT is decided.
    pub(crate) fn prepare(&mut self, version: Version, limits: OutboundLimits, explains: bool) {
        self.outbound = Outbound::new(version, limits);
        self.explains = explains;
    }

    /// Whether the peer wants reason strings on acknowledgements.
    pub(crate) fn explains(&self) -> bool {
        self.explains
    }

    pub(crate) fn version(&self) -> Version {
        self.outbound.version()
    }

    fn welcome(&mut self, welcome: &Welcome<Arc<Link>>) -> bool {
        if self.stage != Stage::Waiting {
            return false;
        }
        self.stage = Stage::Open;
        self.session = Some(welcome.session);
        self.client = welcome.client.clone();
        self.held = welcome.held.clone();
        self.mail = welcome.mailbox.map(|(head, tail)| Box::new(Mail::new(head, tail)));
        let version = self.version();
        Packet::Connack(Box::new(welcome.connack.clone())).encode(version, &mut self.buffer);
        self.wake();
        true
    }

    /// Appends a packet that needs no window.
    pub(crate) fn put(&mut self, packet: &Packet<'_>) {
        let version = self.version();
        if self.stage != Stage::Ending {
            packet.encode(version, &mut self.buffer);
        }
    }

    /// Appends a QoS 0 delivery, unless the receiver is too far behind.
    pub(crate) fn send(&mut self, what: &mut Fanout<'_>, retain: bool, subscription_ids: &[u32]) -> bool {
        if self.stage != Stage::Open {
            return false;
        }
        if self.buffer.len() >= OUT_BYTES
            || !self.outbound.send(&mut self.buffer, what, retain, subscription_ids)
        {
            self.dropped += 1;
            return false;
        }
        self.delivered += 1;
        true
    }

    /// Sends a QoS 1 or 2 message of a session without a mailbox, or lets it wait for the window.
    pub(crate) fn send_acknowledged(&mut self, what: &mut Fanout<'_>, sent: Sent, now_ms: u64) -> bool {
        if self.stage != Stage::Open {
            return false;
        }
        if self.outbound.room() > 0 && self.pending.is_empty() && self.buffer.len() < OUT_BYTES {
            return self.put_sent(what, sent, None, false, now_ms).is_ok();
        }
        let bytes = sent.message.payload.len() + sent.message.topic.len() + 64;
        if self.pending.len() >= PENDING_MESSAGES || self.pending_bytes + bytes > PENDING_BYTES {
            self.dropped += 1;
            return false;
        }
        self.pending_bytes += bytes;
        self.pending.push_back(sent);
        true
    }

    /// A decided delivery: at once, or by way of the mailbox.
    pub(crate) fn deliver(&mut self, deliver: &Deliver<Arc<Link>>, wall_ms: u64, now_ms: u64) -> bool {
        let properties = current_properties(&deliver.message, wall_ms);
        let mut what = fanout(&deliver.message, properties.as_ref());
        let sent = Sent {
            message: deliver.message.clone(),
            qos: deliver.qos,
            retain: deliver.retain,
            subscription_ids: deliver.subscription_ids.clone(),
            seq: deliver.seq,
        };
        match deliver.seq {
            Some(seq) => {
                if self.may_send_next(seq) {
                    self.put_mail(&mut what, sent, seq, false, now_ms);
                }
                true
            }
            None if deliver.qos == QoS::AtMostOnce => {
                self.send(&mut what, deliver.retain, &deliver.subscription_ids)
            }
            None => self.send_acknowledged(&mut what, sent, now_ms),
        }
    }

    /// Sends what waited for the window.
    pub(crate) fn pump(&mut self, wall_ms: u64, now_ms: u64) {
        while self.outbound.room() > 0 && self.buffer.len() < OUT_BYTES {
            let Some(sent) = self.pending.pop_front() else { break };
            self.pending_bytes -= sent.message.payload.len() + sent.message.topic.len() + 64;
            if sent.message.is_expired(wall_ms) {
                continue;
            }
            let message = sent.message.clone();
            let properties = current_properties(&message, wall_ms);
            // Larger than the client takes: it is given up and counted.
            let _ = self.put_sent(&mut fanout(&message, properties.as_ref()), sent, None, false, now_ms);
        }
        if self.pending.is_empty() {
            self.pending = VecDeque::new();
        }
    }

    /// Appends a PUBLISH above QoS 0.
    fn put_sent(
        &mut self,
        what: &mut Fanout<'_>,
        sent: Sent,
        packet_id: Option<u16>,
        dup: bool,
        now_ms: u64,
    ) -> Result<(), SendError> {
        let (qos, retain) = (sent.qos, sent.retain);
        let ids = sent.subscription_ids.clone();
        let buffer = &mut self.buffer;
        let done =
            self.outbound.send_acknowledged(buffer, what, qos, retain, dup, &ids, packet_id, now_ms, sent);
        self.dropped += u64::from(done == Err(SendError::TooLarge));
        self.delivered += u64::from(done.is_ok() && !dup);
        done.map(|_| ())
    }

    /// Sends again what was not answered for long. Only AWS's dialect does that, and there DUP is never set.
    pub(crate) fn resend(&mut self, before_ms: u64, wall_ms: u64, now_ms: u64) {
        // What the socket has not taken yet is not lost, and more of it would only fill memory.
        if self.stage != Stage::Open || self.blocked || self.buffer.len() >= OUT_BYTES / 8 {
            return;
        }
        let due: Vec<(u16, Arc<Message>, bool, Vec<u32>)> = self
            .outbound
            .due(before_ms)
            .map(|f| {
                (f.packet_id, f.handle.message.clone(), f.handle.retain, f.handle.subscription_ids.clone())
            })
            .collect();
        for (packet_id, message, retain, ids) in due {
            let properties = current_properties(&message, wall_ms);
            let mut what = fanout(&message, properties.as_ref());
            if !self.outbound.resend(&mut self.buffer, &mut what, retain, false, &ids, packet_id, now_ms) {
                self.outbound.touch(packet_id, now_ms);
                self.outbound.release(&mut self.buffer, packet_id);
            }
        }
    }

    /// Ends the connection; only the first reason counts.
    pub(crate) fn finish(&mut self, refusal: Refusal) {
        if self.stage == Stage::Ending {
            return;
        }
        let version = self.version();
        if self.stage == Stage::Open && version == Version::V5 && refusal.code != ReasonCode::Success {
            let reason_string = Some(refusal.text.clone());
            let packet = Disconnect { reason: refusal.code, reason_string, ..Disconnect::default() };
            Packet::Disconnect(packet).encode(version, &mut self.buffer);
        }
        self.stage = Stage::Ending;
        self.end = Some(refusal);
        self.wake();
    }

    /// Answers a publish that nobody had to wait for; the order of the publishes is kept.
    pub(crate) fn answer(&mut self, packet_id: u16, qos: QoS, reason: ReasonCode, text: Option<String>) {
        let ack = self.ack(packet_id, reason, text);
        self.acks.add(packet_id, qos, ack);
        self.write_acks();
    }

    fn ack(&self, packet_id: u16, reason: ReasonCode, text: Option<String>) -> Ack {
        let mut ack = Ack::new(packet_id, reason);
        ack.reason_string = text.filter(|_| self.explains).map(String::into_boxed_str);
        ack
    }

    fn write_acks(&mut self) {
        let (version, stage) = (self.version(), self.stage);
        let buffer = &mut self.buffer;
        self.acks.write(|packet| {
            if stage != Stage::Ending {
                packet.encode(version, buffer);
            }
        });
    }

    /// PUBCOMP: the packet id is free again.
    pub(crate) fn complete(&mut self, packet_id: u16, reason: ReasonCode) {
        self.acks.complete(packet_id);
        self.put(&Packet::Pubcomp(Ack::new(packet_id, reason)));
    }

    /// The writer's answer. MQTT 3 has no word for a refusal, so the connection ends and the client tries again.
    pub(crate) fn answer_decided(
        &mut self,
        packet_id: u16,
        qos: QoS,
        reason: ReasonCode,
        text: Option<String>,
    ) {
        if reason.is_error() && self.version() != Version::V5 {
            let text = text.unwrap_or_else(|| reason.name().to_owned());
            self.finish(Refusal::new(reason, DisconnectReason::ServerError, text));
        } else {
            let ack = self.ack(packet_id, reason, text);
            self.acks.settle(packet_id, qos, ack);
            self.write_acks();
        }
    }

    /// Messages this client did not get since the last look, because it takes too little or too slowly.
    pub(crate) fn take_dropped(&mut self) -> u64 {
        std::mem::take(&mut self.dropped)
    }

    /// The connection is over: what it held goes now, however long others still know its link. Says what the
    /// client had taken and the hub has not been told of.
    pub(crate) fn close(&mut self) -> Option<Wish> {
        let wish = self.wish();
        self.stage = Stage::Ending;
        self.transport.close();
        self.buffer = Vec::new();
        self.written = 0;
        self.waker = None;
        self.pending = VecDeque::new();
        self.pending_bytes = 0;
        self.acks = Acks::default();
        self.mail = None;
        self.outbound = Outbound::new(self.version(), OutboundLimits::default());
        wish
    }

    /// Writes what the socket takes now; wakes the task if it would block.
    pub(crate) fn write(&mut self) {
        if self.blocked {
            return;
        }
        if !self.transport.write(&mut self.buffer, &mut self.written) {
            self.blocked = true;
            self.wake();
        }
    }

    pub(crate) fn wake(&mut self) {
        if let Some(waker) = &self.waker {
            waker.wake_by_ref();
        }
    }
}

/// The message's properties with what is left of its expiry interval.
pub(crate) fn current_properties(message: &Message, wall_ms: u64) -> Option<message::Properties> {
    let properties = message.properties.as_deref()?;
    let mut properties = properties.clone();
    if properties.message_expiry_s.is_some() {
        properties.message_expiry_s = message.remaining_expiry_s(wall_ms);
    }
    Some(properties)
}

pub(crate) fn fanout<'a>(message: &'a Message, properties: Option<&'a message::Properties>) -> Fanout<'a> {
    Fanout::new(&message.topic, &message.payload, properties)
}
