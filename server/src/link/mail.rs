//! The mailbox side of a connection: live deliveries and pages of backlog merged by sequence number.

use std::sync::Arc;

use hub::Parcel;
use message::Message;
use mqtt::{Ack, Fanout, Pubrec, ReasonCode, SendError};

use super::{Out, Sent, current_properties, fanout};
use crate::limits::OUT_BYTES;

/// How far this connection is with its session's mailbox.
#[derive(Debug)]
pub(crate) struct Mail {
    /// The next number to send.
    pub(crate) next: u64,
    /// One after the last number known to exist.
    tail: u64,
    /// A page is on its way.
    fetching: bool,
    /// Nothing can be sent before the client acknowledges something.
    stuck: bool,
    /// Numbers the client has taken and the hub has not been told of.
    taken: Vec<u64>,
    /// QoS 2: numbers the client has and whose PUBREL waits for the disk.
    received: Vec<u64>,
}

/// What the connection wants from the hub.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) taken: Vec<u64>,
    pub(crate) received: Vec<u64>,
    /// From which number, and how many.
    pub(crate) fetch: Option<(u64, usize)>,
}

impl Mail {
    pub(crate) fn new(head: u64, tail: u64) -> Mail {
        Mail { next: head, tail, fetching: false, stuck: false, taken: Vec::new(), received: Vec::new() }
    }
}

/// Packet ids follow from mailbox numbers, so that they survive reconnects and crashes without being stored.
fn packet_id(seq: u64) -> u16 {
    u16::try_from(seq % 65_535 + 1).unwrap_or(1)
}

impl Out {
    /// A new message is in the mailbox: true if it may go out right now.
    pub(crate) fn may_send_next(&mut self, seq: u64) -> bool {
        let room = self.outbound.room() > 0 && self.buffer.len() < OUT_BYTES;
        let Some(mail) = &mut self.mail else { return false };
        mail.tail = mail.tail.max(seq + 1);
        room && !mail.fetching && !mail.stuck && seq == mail.next
    }

    /// Sends message `seq` and moves on. False: it has to wait for an acknowledgement.
    pub(crate) fn put_mail(
        &mut self,
        what: &mut Fanout<'_>,
        sent: Sent,
        seq: u64,
        dup: bool,
        now_ms: u64,
    ) -> bool {
        let done = self.put_sent(what, sent, Some(packet_id(seq)), dup, now_ms);
        let Some(mail) = &mut self.mail else { return false };
        match done {
            Ok(()) => {}
            // The client will never get it, and it must not block the rest.
            Err(SendError::TooLarge) => mail.taken.push(seq),
            // The id is still in flight, 65,535 messages on, or the window is full.
            Err(SendError::PacketIdInUse | SendError::WindowFull) => {
                mail.stuck = true;
                return false;
            }
        }
        mail.next = seq + 1;
        true
    }

    /// A page of backlog has come.
    pub(crate) fn page(&mut self, parcels: Vec<Parcel>, next: u64, tail: u64, wall_ms: u64, now_ms: u64) {
        if let Some(mail) = &mut self.mail {
            mail.fetching = false;
            mail.tail = mail.tail.max(tail);
        }
        for parcel in parcels {
            let Some(mail) = &self.mail else { return };
            if parcel.seq < mail.next {
                continue;
            }
            if self.outbound.room() == 0 || self.buffer.len() >= OUT_BYTES {
                return;
            }
            if !self.put_parcel(parcel, wall_ms, now_ms) {
                return;
            }
        }
        if let Some(mail) = &mut self.mail {
            mail.next = mail.next.max(next);
        }
    }

    fn put_parcel(&mut self, parcel: Parcel, wall_ms: u64, now_ms: u64) -> bool {
        let Parcel { seq, message, qos, retain, subscription_ids, dup, released } = parcel;
        let handle = Arc::clone(&message);
        let sent = Sent { message: handle, qos, retain, subscription_ids, seq: Some(seq) };
        if released {
            let done = self.outbound.resume_release(&mut self.buffer, packet_id(seq), now_ms, sent);
            let Some(mail) = &mut self.mail else { return false };
            match done {
                Ok(()) => mail.next = seq + 1,
                Err(_) => mail.stuck = true,
            }
            return done.is_ok();
        }
        let properties = current_properties(&message, wall_ms);
        self.put_mail(&mut fanout(&message, properties.as_ref()), sent, seq, dup, now_ms)
    }

    /// PUBACK came.
    pub(crate) fn on_puback(&mut self, ack: &Ack) -> Option<Arc<Message>> {
        let sent = self.outbound.on_puback(ack)?;
        Some(self.took(sent))
    }

    /// PUBREC came.
    pub(crate) fn on_pubrec(&mut self, ack: &Ack) {
        match self.outbound.on_pubrec(ack) {
            Pubrec::Release => match (self.seq_in_flight(ack.packet_id), &mut self.mail) {
                (Some(seq), Some(mail)) => mail.received.push(seq),
                _ => self.outbound.release(&mut self.buffer, ack.packet_id),
            },
            Pubrec::Refused(sent) => {
                self.took(sent);
            }
            Pubrec::Unknown => self.outbound.release(&mut self.buffer, ack.packet_id),
        }
    }

    /// That the client has message `seq` is on disk.
    pub(crate) fn release(&mut self, seq: u64) {
        self.outbound.release(&mut self.buffer, packet_id(seq));
    }

    /// PUBCOMP came.
    pub(crate) fn on_pubcomp(&mut self, ack: &Ack) {
        if let Some(sent) = self.outbound.on_pubcomp(ack) {
            self.took(sent);
        }
    }

    fn took(&mut self, sent: Sent) -> Arc<Message> {
        if let (Some(seq), Some(mail)) = (sent.seq, &mut self.mail) {
            mail.taken.push(seq);
            mail.stuck = false;
        }
        sent.message
    }

    fn seq_in_flight(&self, packet_id: u16) -> Option<u64> {
        self.outbound.due(u64::MAX).find(|f| f.packet_id == packet_id).and_then(|f| f.handle.seq)
    }

    /// What to ask of the hub now; a page is asked for when half the window is free.
    pub(crate) fn wish(&mut self) -> Option<Wish> {
        let room = self.outbound.room();
        let enough = room > 0 && room >= self.outbound.in_flight() && self.buffer.len() < OUT_BYTES;
        let mail = self.mail.as_mut()?;
        let behind = mail.next < mail.tail && !mail.fetching && !mail.stuck && enough;
        if !behind && mail.taken.is_empty() && mail.received.is_empty() {
            return None;
        }
        mail.fetching |= behind;
        Some(Wish {
            taken: std::mem::take(&mut mail.taken),
            received: std::mem::take(&mut mail.received),
            fetch: behind.then_some((mail.next, room)),
        })
    }
}

/// A PUBACK that says no is an answer all the same: the client has had its say.
pub(crate) fn is_refusal(ack: &Ack) -> bool {
    ack.reason.is_error() && ack.reason != ReasonCode::PacketIdNotFound
}
