//! The server's side of one connection: the window, and live deliveries merged with pages of the mailbox.

use std::collections::{BTreeSet, VecDeque};

use broker::SessionId;
use hub::Lane;
use message::QoS;

use crate::packet::{Client, Down, Greeting, Link, Number, number_of};

/// Where a connection is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Waiting,
    Open,
    Ending,
}

/// A live connection.
#[derive(Debug)]
pub(crate) struct Out {
    pub(crate) stage: Stage,
    pub(crate) greeting: Greeting,
    pub(crate) client: Client,
    pub(crate) session: Option<SessionId>,
    pub(crate) serial: u64,
    pub(crate) lane: Lane<Link>,
    /// QoS 2 packet ids received and not released.
    pub(crate) held: BTreeSet<u16>,
    /// Publishes given to the writer and not yet decided; later ones must not overtake them.
    pub(crate) handed_over: usize,
    pub(crate) mail: Option<Mail>,
    pub(crate) expiry_s: Option<u32>,
    pub(crate) says_goodbye: bool,
    window: Vec<InFlight>,
    pending: VecDeque<Sent>,
    next_id: u16,
    pub(crate) packets: Vec<Down>,
}

/// How far this connection is with its session's mailbox.
#[derive(Debug, Default)]
pub(crate) struct Mail {
    pub(crate) next: u64,
    tail: u64,
    fetching: bool,
    taken: Vec<(u64, Number)>,
    received: Vec<u64>,
}

/// What the connection wants from the hub.
#[derive(Debug)]
pub(crate) struct Wish {
    pub(crate) taken: Vec<(u64, Number)>,
    pub(crate) received: Vec<u64>,
    pub(crate) fetch: Option<(u64, usize)>,
}

/// A message to send.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent {
    pub(crate) number: Number,
    pub(crate) qos: QoS,
    pub(crate) retain: bool,
    pub(crate) seq: Option<u64>,
}

#[derive(Debug)]
struct InFlight {
    packet_id: u16,
    sent: Sent,
    released: bool,
}

impl Out {
    pub(crate) fn new(greeting: Greeting) -> Out {
        Out {
            stage: Stage::Waiting,
            greeting,
            client: greeting.client,
            session: None,
            serial: 0,
            lane: Lane::default(),
            held: BTreeSet::new(),
            handed_over: 0,
            mail: None,
            expiry_s: None,
            says_goodbye: false,
            window: Vec::new(),
            pending: VecDeque::new(),
            next_id: 1,
            packets: Vec::new(),
        }
    }

    pub(crate) fn welcome(
        &mut self,
        session: SessionId,
        serial: u64,
        mailbox: Option<(u64, u64)>,
        held: &[u16],
    ) {
        self.stage = Stage::Open;
        self.session = Some(session);
        self.serial = serial;
        self.held = held.iter().copied().collect();
        self.mail = mailbox.map(|(head, tail)| Mail { next: head, tail, ..Mail::default() });
    }

    pub(crate) fn put(&mut self, packet: Down) {
        if self.stage != Stage::Ending {
            self.packets.push(packet);
        }
    }

    /// Says goodbye; what the client sends from now on is not read.
    pub(crate) fn finish(&mut self) {
        if self.stage != Stage::Ending {
            self.packets.push(Down::Closed);
            self.stage = Stage::Ending;
        }
    }

    fn room(&self) -> usize {
        self.greeting.window.saturating_sub(self.window.len())
    }

    /// A decided delivery: at once, or when the window has room, or by way of the mailbox.
    pub(crate) fn deliver(&mut self, sent: Sent) {
        if self.stage != Stage::Open {
            return;
        }
        match sent.seq {
            Some(seq) => {
                if self.may_send_next(seq) {
                    self.put_mail(sent, seq, false);
                }
            }
            None if sent.qos == QoS::AtMostOnce => self.put_publish(sent, 0, false),
            None if self.room() > 0 && self.pending.is_empty() => self.put_direct(sent),
            None => self.pending.push_back(sent),
        }
    }

    fn put_direct(&mut self, sent: Sent) {
        while self.window.iter().any(|w| w.packet_id == self.next_id) {
            self.next_id = self.next_id % 60_000 + 1;
        }
        let packet_id = self.next_id;
        self.next_id = self.next_id % 60_000 + 1;
        self.window.push(InFlight { packet_id, sent, released: false });
        self.put_publish(sent, packet_id, false);
    }

    fn put_publish(&mut self, sent: Sent, packet_id: u16, dup: bool) {
        let Sent { number, qos, retain, seq } = sent;
        self.put(Down::Publish { packet_id, qos, dup, retain, number, seq, serial: self.serial });
    }

    fn may_send_next(&mut self, seq: u64) -> bool {
        let room = self.room() > 0;
        let Some(mail) = &mut self.mail else { return false };
        mail.tail = mail.tail.max(seq + 1);
        room && !mail.fetching && seq == mail.next
    }

    fn put_mail(&mut self, sent: Sent, seq: u64, dup: bool) {
        self.window.push(InFlight { packet_id: packet_id(seq), sent, released: false });
        self.put_publish(sent, packet_id(seq), dup);
        if let Some(mail) = &mut self.mail {
            mail.next = seq + 1;
        }
    }

    /// A page of backlog has come.
    pub(crate) fn page(&mut self, parcels: Vec<hub::Parcel>, next: u64, tail: u64) {
        if self.stage != Stage::Open {
            return;
        }
        if let Some(mail) = &mut self.mail {
            mail.fetching = false;
            mail.tail = mail.tail.max(tail);
        }
        for parcel in parcels {
            let Some(mail) = &mut self.mail else { return };
            if parcel.seq < mail.next {
                continue;
            }
            if self.greeting.window <= self.window.len() {
                return;
            }
            let number = number_of(&parcel.message);
            let sent = Sent { number, qos: parcel.qos, retain: parcel.retain, seq: Some(parcel.seq) };
            if parcel.released {
                mail.next = parcel.seq + 1;
                self.window.push(InFlight { packet_id: packet_id(parcel.seq), sent, released: true });
                self.put(Down::Pubrel(packet_id(parcel.seq)));
            } else {
                self.put_mail(sent, parcel.seq, parcel.dup);
            }
        }
        if let Some(mail) = &mut self.mail {
            mail.next = mail.next.max(next);
        }
    }

    pub(crate) fn on_puback(&mut self, packet_id: u16) {
        self.take(packet_id, |w| w.sent.qos == QoS::AtLeastOnce);
        self.pump();
    }

    pub(crate) fn on_pubrec(&mut self, packet_id: u16) {
        let found = self.window.iter().find(|w| w.packet_id == packet_id && w.sent.qos == QoS::ExactlyOnce);
        match (found.and_then(|w| w.sent.seq), &mut self.mail) {
            (Some(seq), Some(mail)) => mail.received.push(seq),
            _ => self.release(packet_id),
        }
    }

    /// That the client has message `seq` is on disk.
    pub(crate) fn release_seq(&mut self, seq: u64) {
        self.release(packet_id(seq));
    }

    fn release(&mut self, packet_id: u16) {
        if let Some(entry) = self.window.iter_mut().find(|w| w.packet_id == packet_id) {
            entry.released = true;
        }
        self.put(Down::Pubrel(packet_id));
    }

    pub(crate) fn on_pubcomp(&mut self, packet_id: u16) {
        self.take(packet_id, |w| w.released);
        self.pump();
    }

    fn take(&mut self, packet_id: u16, is_it: impl Fn(&InFlight) -> bool) {
        let Some(at) = self.window.iter().position(|w| w.packet_id == packet_id && is_it(w)) else { return };
        let sent = self.window.remove(at).sent;
        if let (Some(seq), Some(mail)) = (sent.seq, &mut self.mail) {
            mail.taken.push((seq, sent.number));
        }
    }

    fn pump(&mut self) {
        while self.room() > 0
            && let Some(sent) = self.pending.pop_front()
        {
            self.put_direct(sent);
        }
    }

    /// What to ask of the hub now; a page is asked for when half the window is free.
    pub(crate) fn wish(&mut self) -> Option<Wish> {
        let room = self.room();
        let enough = room > 0 && room >= self.window.len();
        let mail = self.mail.as_mut()?;
        let behind = mail.next < mail.tail && !mail.fetching && enough;
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

/// Packet ids follow from mailbox numbers, so that they survive reconnects and crashes without being stored.
fn packet_id(seq: u64) -> u16 {
    u16::try_from(seq % 65_535 + 1).unwrap_or(1)
}
