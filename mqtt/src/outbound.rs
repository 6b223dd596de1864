//! What we send: packet ids, the window, handshakes, aliases. Keeps handles of messages, never the messages.

mod alias;
mod window;

pub use window::{InFlight, Phase};

use message::QoS;

use crate::encode::put_ack;
use crate::limits::{PACKET_BYTES_MAX, RESERVED_IDS_MAX};
use crate::{Ack, Fanout, ReasonCode, Version};
use alias::AliasGiver;
use window::Window;

/// What the peer lets us do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboundLimits {
    pub receive_maximum: u16,
    pub maximum_packet_size: u32,
    pub topic_alias_maximum: u16,
}

impl Default for OutboundLimits {
    /// What a peer that says nothing takes.
    fn default() -> Self {
        Self { receive_maximum: u16::MAX, maximum_packet_size: u32::MAX, topic_alias_maximum: 0 }
    }
}

/// Why a message was not sent. Nothing was written and nothing is in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    #[error("the peer's receive maximum is reached; wait for an acknowledgement")]
    WindowFull,
    #[error("the packet is larger than the peer takes; it can never be sent to it")]
    TooLarge,
    #[error("the packet id is 0 or in flight; choose another")]
    PacketIdInUse,
}

/// What a PUBREC means for the message it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pubrec<T> {
    /// Received: the caller sends PUBREL with `Outbound::release`.
    Release,
    /// The peer refuses the message; the handshake is over.
    Refused(T),
    /// No QoS 2 message is in flight with that packet id. `Outbound::release` tells the peer so.
    Unknown,
}

/// The sending half of one connection. `T` is the owner's handle for a message.
#[derive(Debug)]
pub struct Outbound<T> {
    version: Version,
    next_id: u16,
    limits: OutboundLimits,
    window: Window<T>,
    /// Packet ids of SUBSCRIBE and UNSUBSCRIBE not yet freed, oldest first.
    reserved: Vec<u16>,
    aliases: Option<Box<AliasGiver>>,
}

impl<T> Outbound<T> {
    pub fn new(version: Version, limits: OutboundLimits) -> Self {
        Self { version, next_id: 1, limits, window: Window::default(), reserved: Vec::new(), aliases: None }
    }

    pub fn version(&self) -> Version {
        self.version
    }

    pub fn limits(&self) -> OutboundLimits {
        self.limits
    }

    /// QoS 1 and 2 messages the peer's receive maximum still takes.
    pub fn room(&self) -> usize {
        usize::from(self.limits.receive_maximum).saturating_sub(self.window.len())
    }

    pub fn in_flight(&self) -> usize {
        self.window.len()
    }

    /// Appends a QoS 0 PUBLISH. False: larger than the peer takes, nothing written.
    pub fn send(
        &mut self,
        out: &mut Vec<u8>,
        what: &mut Fanout<'_>,
        retain: bool,
        subscription_ids: &[u32],
    ) -> bool {
        self.put_publish(out, what, QoS::AtMostOnce, retain, false, subscription_ids, 0)
    }

    /// Appends a QoS 1 or 2 PUBLISH with the next free packet id, or with the one given.
    #[expect(
        clippy::too_many_arguments,
        reason = "the fields of a PUBLISH header and what to remember of it"
    )]
    pub fn send_acknowledged(
        &mut self,
        out: &mut Vec<u8>,
        what: &mut Fanout<'_>,
        qos: QoS,
        retain: bool,
        dup: bool,
        subscription_ids: &[u32],
        packet_id: Option<u16>,
        now_ms: u64,
        handle: T,
    ) -> Result<u16, SendError> {
        if self.room() == 0 {
            return Err(SendError::WindowFull);
        }
        let packet_id = match packet_id {
            Some(id) if self.is_free(id) => id,
            Some(_) => return Err(SendError::PacketIdInUse),
            None => self.free_id().ok_or(SendError::WindowFull)?,
        };
        // The caller asked for an acknowledgement, and QoS 0 has none.
        let qos = qos.max(QoS::AtLeastOnce);
        if !self.put_publish(out, what, qos, retain, dup, subscription_ids, packet_id) {
            return Err(SendError::TooLarge);
        }
        let phase = if qos == QoS::ExactlyOnce { Phase::AwaitPubrec } else { Phase::AwaitPuback };
        self.window.push(packet_id, phase, now_ms, handle);
        Ok(packet_id)
    }

    /// Appends the PUBLISH of a message in flight once more; `dup` marks it as a repetition, which a peer that
    /// never sets the flag leaves out. False: the packet id awaits no answer to a PUBLISH, nothing written.
    #[expect(clippy::too_many_arguments, reason = "the fields of a PUBLISH header")]
    pub fn resend(
        &mut self,
        out: &mut Vec<u8>,
        what: &mut Fanout<'_>,
        retain: bool,
        dup: bool,
        subscription_ids: &[u32],
        packet_id: u16,
        now_ms: u64,
    ) -> bool {
        let qos = match self.window.phase(packet_id) {
            Some(Phase::AwaitPuback) => QoS::AtLeastOnce,
            Some(Phase::AwaitPubrec) => QoS::ExactlyOnce,
            Some(Phase::AwaitPubcomp) | None => return false,
        };
        self.window.touch(packet_id, now_ms);
        self.put_publish(out, what, qos, retain, dup, subscription_ids, packet_id)
    }

    /// Appends the PUBREL of a handshake that an earlier connection of the session left at that point.
    pub fn resume_release(
        &mut self,
        out: &mut Vec<u8>,
        packet_id: u16,
        now_ms: u64,
        handle: T,
    ) -> Result<(), SendError> {
        if self.room() == 0 {
            return Err(SendError::WindowFull);
        }
        if !self.is_free(packet_id) {
            return Err(SendError::PacketIdInUse);
        }
        self.window.push(packet_id, Phase::AwaitPubcomp, now_ms, handle);
        self.release(out, packet_id);
        Ok(())
    }

    /// `None`: no QoS 1 message is in flight with that packet id, to be ignored.
    pub fn on_puback(&mut self, ack: &Ack) -> Option<T> {
        self.window.take(ack.packet_id, Phase::AwaitPuback)
    }

    pub fn on_pubrec(&mut self, ack: &Ack) -> Pubrec<T> {
        match self.window.phase(ack.packet_id) {
            Some(Phase::AwaitPubrec) if ack.reason.is_error() => {
                self.window.take(ack.packet_id, Phase::AwaitPubrec).map_or(Pubrec::Unknown, Pubrec::Refused)
            }
            Some(Phase::AwaitPubrec | Phase::AwaitPubcomp) => Pubrec::Release,
            Some(Phase::AwaitPuback) | None => Pubrec::Unknown,
        }
    }

    /// Appends PUBREL. For a packet id without a QoS 2 message in flight it says so (MQTT 5 only).
    pub fn release(&mut self, out: &mut Vec<u8>, packet_id: u16) {
        let known = self.window.release(packet_id);
        let reason = if known { ReasonCode::Success } else { ReasonCode::PacketIdNotFound };
        put_ack(out, 0x62, &Ack::new(packet_id, reason), self.version);
    }

    pub fn on_pubcomp(&mut self, ack: &Ack) -> Option<T> {
        self.window.take(ack.packet_id, Phase::AwaitPubcomp)
    }

    /// Messages last sent before that time, in the order of first sending.
    pub fn due(&self, before_ms: u64) -> impl Iterator<Item = InFlight<'_, T>> {
        self.window.iter().filter(move |entry| entry.sent_ms < before_ms)
    }

    /// Notes that a packet of this handshake was sent again.
    pub fn touch(&mut self, packet_id: u16, now_ms: u64) {
        self.window.touch(packet_id, now_ms);
    }

    /// Empties the window at the end of the connection, oldest first.
    pub fn drain(&mut self) -> impl Iterator<Item = (u16, Phase, T)> + '_ {
        self.window.drain()
    }

    /// A packet id for SUBSCRIBE or UNSUBSCRIBE, kept from publishes until `free`.
    pub fn packet_id(&mut self) -> u16 {
        if self.reserved.len() >= RESERVED_IDS_MAX {
            self.reserved.remove(0);
        }
        // With every id in flight there is no free one; a server answers the oldest first.
        let id = self.free_id().unwrap_or(self.next_id);
        self.reserved.push(id);
        id
    }

    /// SUBACK or UNSUBACK came: the packet id may be used again.
    pub fn free(&mut self, packet_id: u16) {
        self.reserved.retain(|&id| id != packet_id);
    }

    fn is_free(&self, packet_id: u16) -> bool {
        packet_id != 0 && !self.window.contains(packet_id) && !self.reserved.contains(&packet_id)
    }

    fn free_id(&mut self) -> Option<u16> {
        for _ in 0..=self.window.len() + self.reserved.len() {
            let id = self.next_id;
            self.next_id = if id == u16::MAX { 1 } else { id + 1 };
            if self.is_free(id) {
                return Some(id);
            }
        }
        None
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of a PUBLISH header")]
    fn put_publish(
        &mut self,
        out: &mut Vec<u8>,
        what: &mut Fanout<'_>,
        qos: QoS,
        retain: bool,
        dup: bool,
        subscription_ids: &[u32],
        packet_id: u16,
    ) -> bool {
        let version = self.version;
        let maximum = (self.limits.maximum_packet_size as usize).min(PACKET_BYTES_MAX);
        let mut alias = match (version, self.limits.topic_alias_maximum) {
            (Version::V5, maximum @ 1..) => AliasGiver::alias(&mut self.aliases, what.topic(), maximum),
            _ => None,
        };
        if alias.is_some() && what.size_with(version, qos, alias, subscription_ids) > maximum {
            // An alias takes room too: without it the packet may still fit.
            if matches!(alias, Some((_, true))) {
                AliasGiver::withdraw(&mut self.aliases);
            }
            alias = None;
        }
        if what.size_with(version, qos, alias, subscription_ids) > maximum {
            return false;
        }
        what.append_with(out, version, qos, retain, dup, packet_id, alias, subscription_ids);
        true
    }
}
