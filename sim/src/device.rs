//! A client: what it remembers between its connections, what it sends, and how it answers. Draws no lots.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use message::{Dialect, QoS};
use mqtt::Version;

use crate::packet::{Client, Down, Greeting, Link, Number, Parcel, Up};

/// A client.
#[derive(Debug)]
pub(crate) struct Device {
    pub(crate) client: Client,
    pub(crate) version: Version,
    pub(crate) link: Option<Link>,
    pub(crate) is_welcome: bool,
    /// The session its memory belongs to.
    serial: u64,
    /// Not answered yet, oldest first.
    pub(crate) outgoing: Vec<Outgoing>,
    /// QoS 2 packet ids received and not released.
    received: BTreeSet<u16>,
    /// Answers it takes its time with.
    pub(crate) owed: Vec<Up>,
    next_id: u16,
}

/// A publish that is not answered yet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outgoing {
    pub(crate) parcel: Parcel,
    released: bool,
}

/// A message that reached the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arrival {
    pub(crate) client: Client,
    pub(crate) serial: u64,
    pub(crate) number: Number,
    pub(crate) qos: QoS,
    pub(crate) retain: bool,
    pub(crate) dup: bool,
    pub(crate) seq: Option<u64>,
    /// A QoS 2 repetition that the client recognised: seen on the wire only.
    pub(crate) is_repetition: bool,
}

/// What a packet from the server led to.
#[derive(Debug, Default)]
pub(crate) struct Reaction {
    pub(crate) replies: Vec<Up>,
    pub(crate) arrival: Option<Arrival>,
}

impl Device {
    pub(crate) fn new(client: Client, version: Version) -> Device {
        Device {
            client,
            version,
            link: None,
            is_welcome: false,
            serial: 0,
            outgoing: Vec::new(),
            received: BTreeSet::new(),
            owed: Vec::new(),
            next_id: 1,
        }
    }

    /// Begins a connection; what was owed on the one before is never sent.
    pub(crate) fn connect(&mut self, link: Link, greeting: &Greeting) {
        self.version = greeting.version;
        self.link = Some(link);
        self.is_welcome = false;
        self.owed.clear();
    }

    pub(crate) fn cut(&mut self) -> Option<Link> {
        self.is_welcome = false;
        self.owed.clear();
        self.link.take()
    }

    /// Ids come back soon, so that a server that remembers one for too long is found out.
    pub(crate) fn packet_id(&mut self) -> u16 {
        loop {
            let id = self.next_id;
            self.next_id = self.next_id % 11 + 1;
            if !self.outgoing.iter().any(|o| o.parcel.packet_id == id) {
                return id;
            }
        }
    }

    pub(crate) fn publish(&mut self, parcel: Parcel) -> Up {
        if parcel.qos > QoS::AtMostOnce {
            self.outgoing.push(Outgoing { parcel, released: false });
        }
        Up::Publish(parcel)
    }

    /// A real client cannot always tell a new session from the old one (its CONNACK may be lost); this one can, so
    /// that what the protocol leaves open is not taken for the server's fault.
    fn forget(&mut self, serial: u64) {
        self.serial = serial;
        self.outgoing.clear();
        self.received.clear();
    }

    pub(crate) fn hear(&mut self, packet: Down) -> Reaction {
        let mut reaction = Reaction::default();
        match packet {
            Down::Connack { accepted: false, .. } | Down::Closed => {
                self.cut();
            }
            Down::Connack { present, serial, .. } => {
                if !present || serial != self.serial {
                    self.forget(serial);
                }
                self.is_welcome = true;
                reaction.replies.extend(self.outgoing.iter().map(|o| match o.released {
                    true => Up::Pubrel(o.parcel.packet_id),
                    false => Up::Publish(o.parcel),
                }));
            }
            Down::Publish { packet_id, qos, dup, retain, number, seq, serial } => {
                let is_repetition = qos == QoS::ExactlyOnce && !self.received.insert(packet_id);
                let client = self.client;
                reaction.arrival =
                    Some(Arrival { client, serial, number, qos, retain, dup, seq, is_repetition });
                match qos {
                    QoS::AtMostOnce => {}
                    QoS::AtLeastOnce => self.owed.push(Up::Puback(packet_id)),
                    QoS::ExactlyOnce => self.owed.push(Up::Pubrec(packet_id)),
                }
            }
            Down::Puback(packet_id) | Down::Pubrec { packet_id, ok: false } => self.answered(packet_id),
            Down::Pubrec { packet_id, ok: true } => {
                if let Some(outgoing) = self.outgoing.iter_mut().find(|o| o.parcel.packet_id == packet_id) {
                    outgoing.released = true;
                }
                reaction.replies.push(Up::Pubrel(packet_id));
            }
            Down::Pubrel(packet_id) => {
                self.received.remove(&packet_id);
                self.owed.push(Up::Pubcomp(packet_id));
            }
            Down::Pubcomp(packet_id) => self.answered(packet_id),
            Down::Suback | Down::Unsuback => {}
        }
        reaction
    }

    fn answered(&mut self, packet_id: u16) {
        self.outgoing.retain(|o| o.parcel.packet_id != packet_id);
    }
}

/// What applications got, and whether they may have got it.
#[derive(Debug)]
pub(crate) struct Receipts {
    dialect: Dialect,
    /// By client, session and message: how often it came other than as a retained message.
    counts: BTreeMap<(Client, u64, Number), u32>,
    any: BTreeSet<(Client, u64, Number)>,
    /// The latest number first delivered, by client, session, publisher, topic and both QoS.
    latest: BTreeMap<(Client, u64, Client, &'static str, QoS, QoS), Number>,
    sent: BTreeSet<(Client, u64, u64)>,
}

/// What was published.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Published {
    /// None for a will.
    pub(crate) publisher: Option<Client>,
    pub(crate) topic: &'static str,
    pub(crate) qos: QoS,
    /// It may come late: it was refused once, and the client sends it again after later ones.
    pub(crate) refused: bool,
}

impl Receipts {
    pub(crate) fn new(dialect: Dialect) -> Receipts {
        Receipts {
            dialect,
            counts: BTreeMap::new(),
            any: BTreeSet::new(),
            latest: BTreeMap::new(),
            sent: BTreeSet::new(),
        }
    }

    pub(crate) fn has(&self, client: Client, serial: u64, number: Number) -> bool {
        self.any.contains(&(client, serial, number))
    }

    pub(crate) fn len(&self) -> usize {
        self.any.len()
    }

    /// Notes an arrival and holds it to the promises about order and repetition.
    /// `was_for`: the server had it for this session when it first had it; else a repetition brought it late.
    pub(crate) fn note(
        &mut self,
        arrival: &Arrival,
        published: &Published,
        was_for: bool,
    ) -> Result<(), String> {
        let Arrival { client, serial, number, qos, retain, dup, seq, is_repetition } = *arrival;
        if let Some(seq) = seq
            && !self.sent.insert((client, serial, seq))
            && !dup
            && self.dialect == Dialect::Standard
        {
            return Err(format!("message {number} came to c{client} again without DUP"));
        }
        if dup && self.dialect == Dialect::Aws {
            return Err(format!("message {number} came to c{client} with DUP, which AWS never sets"));
        }
        if is_repetition {
            return Ok(());
        }
        self.any.insert((client, serial, number));
        if retain {
            return Ok(());
        }
        let count = self.counts.entry((client, serial, number)).or_default();
        *count += 1;
        if qos == QoS::ExactlyOnce && *count > 1 {
            return Err(format!("message {number} came to c{client} {count} times with QoS 2"));
        }
        let is_first = *count == 1 && was_for && published.qos > QoS::AtMostOnce && !published.refused;
        let Some(publisher) = published.publisher.filter(|_| is_first) else { return Ok(()) };
        let key = (client, serial, publisher, published.topic, qos, published.qos);
        let latest = self.latest.entry(key).or_default();
        if *latest > number {
            let topic = published.topic;
            return Err(format!("c{client} got message {number} of c{publisher} on {topic} after {latest}"));
        }
        *latest = number;
        Ok(())
    }
}
