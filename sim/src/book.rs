//! The simple model: what sessions, mailboxes and retained messages must look like after each deed. It knows
//! nothing of links' windows, pages, logs or trees.

use std::collections::{BTreeMap, BTreeSet};

use broker::SessionId;
use message::{Dialect, QoS, pattern_matches};
use mqtt::Version;

use crate::packet::{Client, Deed, Due, Greeting, LastWord, Link, Number, Parcel};

/// Everything there is.
#[derive(Debug, Clone)]
pub(crate) struct Book {
    pub(crate) dialect: Dialect,
    pub(crate) expiry_max_s: u32,
    pub(crate) sessions: BTreeMap<Client, Entry>,
    pub(crate) retained: BTreeMap<&'static str, (Number, QoS)>,
    pub(crate) disk_full: bool,
}

/// One session.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Which of its client's sessions this is; grows.
    pub(crate) serial: u64,
    pub(crate) id: SessionId,
    pub(crate) version: Version,
    pub(crate) persistent: bool,
    pub(crate) expiry_s: u32,
    pub(crate) link: Option<Link>,
    pub(crate) offline_since_ms: Option<u64>,
    pub(crate) subscriptions: BTreeMap<&'static str, QoS>,
    /// In the mailbox and not taken.
    pub(crate) mail: Vec<Number>,
    /// Was ever in the mailbox.
    pub(crate) appended: BTreeSet<Number>,
    taken: BTreeSet<u64>,
    pub(crate) held: BTreeSet<u16>,
    pub(crate) will: Option<(LastWord, Option<u64>)>,
}

/// A session that gets a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Receiver {
    pub(crate) session: SessionId,
    pub(crate) qos: QoS,
    pub(crate) stores: bool,
    pub(crate) client: Client,
    pub(crate) serial: u64,
}

impl Book {
    pub(crate) fn new(dialect: Dialect, expiry_max_s: u32) -> Book {
        Book { dialect, expiry_max_s, sessions: BTreeMap::new(), retained: BTreeMap::new(), disk_full: false }
    }

    /// Follows one deed, except CONNECT, which is followed by [`Book::connect`].
    /// What a publish of it came to: whose mailboxes it went into, or nothing if it was not published.
    pub(crate) fn follow(&mut self, now_ms: u64, deed: &Deed) -> Option<Vec<Due>> {
        match deed {
            Deed::Closed { link, session, will, expiry_s, .. } => {
                if let Some(client) = self.online(*session, *link) {
                    self.end_connection(now_ms, client, *will, *expiry_s);
                }
            }
            Deed::Subscribe { link, session, filter, qos, .. } => {
                self.subscribe(*link, *session, filter, *qos)
            }
            Deed::Unsubscribe { link, session, filter, .. } => {
                if let Some(client) = self.online(*session, *link) {
                    self.entry(client, |entry| {
                        entry.subscriptions.remove(filter);
                    });
                }
            }
            Deed::Publish { session, parcel, .. } => return self.publish_deed(*session, parcel),
            Deed::Store { message, receivers, .. } if !self.disk_full => {
                for receiver in receivers {
                    self.append(receiver.session, message.id);
                }
            }
            Deed::Taken { session, seqs } => self.take(*session, seqs),
            Deed::Released { session, packet_id, .. } => {
                if let Some(entry) = self.of_id(*session) {
                    entry.held.remove(packet_id);
                }
            }
            Deed::Drop { client, clean_session, will } => {
                if self.sessions.get(client).is_some_and(|e| e.link.is_some()) {
                    self.end_connection(now_ms, *client, *will, None);
                }
                if *clean_session {
                    self.discard(*client);
                }
            }
            Deed::Tick => self.tick(now_ms),
            Deed::Disk { full } => self.disk_full = *full,
            Deed::Connect { .. } | Deed::Store { .. } | Deed::Received { .. } | Deed::Fetch { .. } => {}
        }
        None
    }

    /// Follows a CONNECT that was accepted: true if a session was there to be resumed. `id` is what the hub named it.
    pub(crate) fn connect(
        &mut self,
        now_ms: u64,
        link: Link,
        greeting: &Greeting,
        id: SessionId,
        serial: u64,
    ) -> bool {
        let client = greeting.client;
        if self.sessions.get(&client).is_some_and(|e| e.link.is_some()) {
            self.end_connection(now_ms, client, true, None);
        }
        let expiry_s = self.granted_expiry_s(greeting);
        let same = |e: &Entry| (e.version == Version::V5) == (greeting.version == Version::V5);
        let aws = self.dialect == Dialect::Aws;
        let resumed = !greeting.clean_start && self.sessions.get(&client).is_some_and(|e| !aws || same(e));
        if !resumed {
            self.discard(client);
            self.sessions.insert(client, Entry::new(serial, id, expiry_s > 0));
        }
        self.entry(client, |entry| {
            entry.version = greeting.version;
            entry.expiry_s = expiry_s;
            entry.link = Some(link);
            entry.offline_since_ms = None;
            entry.will = greeting.will.map(|word| (word, None));
        });
        resumed
    }

    pub(crate) fn granted_expiry_s(&self, greeting: &Greeting) -> u32 {
        let asked = match greeting.version {
            Version::V5 => greeting.expiry_s,
            _ if greeting.clean_start => 0,
            _ => u32::MAX,
        };
        asked.min(self.expiry_max_s)
    }

    /// Who gets a message now.
    pub(crate) fn receivers(&self, topic: &str, qos: QoS) -> Vec<Receiver> {
        let dialect = self.dialect;
        let receiver = |(client, entry): (&Client, &Entry)| {
            let matching =
                entry.subscriptions.iter().filter(|(filter, _)| pattern_matches(filter, topic, dialect));
            let qos = matching.map(|(_, qos)| *qos).max()?.min(qos);
            let stores = entry.persistent && qos > QoS::AtMostOnce;
            let reachable = stores || entry.link.is_some();
            let receiver = Receiver { session: entry.id, qos, stores, client: *client, serial: entry.serial };
            reachable.then_some(receiver)
        };
        self.sessions.iter().filter_map(receiver).collect()
    }

    /// What is left after a crash: connections are gone, and so is what lived in memory only.
    pub(crate) fn recover(&mut self, now_ms: u64) {
        self.disk_full = false;
        self.sessions.retain(|_, entry| entry.persistent);
        for entry in self.sessions.values_mut() {
            entry.link = None;
            entry.offline_since_ms = Some(now_ms);
            entry.taken.clear();
            if let Some((word, due_ms)) = &mut entry.will {
                *due_ms = Some(now_ms + u64::from(word.delay_s) * 1000);
            }
        }
        self.tick(now_ms);
    }

    fn subscribe(&mut self, link: Link, session: SessionId, filter: &'static str, qos: QoS) {
        let Some(client) = self.online(session, link) else { return };
        let disk_full = self.disk_full;
        let dialect = self.dialect;
        let Some(entry) = self.sessions.get_mut(&client) else { return };
        if disk_full && entry.persistent {
            return;
        }
        entry.subscriptions.insert(filter, qos);
        if !entry.persistent
            || qos == QoS::AtMostOnce
            || dialect == Dialect::Aws && filter.contains(['+', '#'])
        {
            return;
        }
        let sent = self.retained.iter().filter(|(topic, _)| pattern_matches(filter, topic, dialect));
        for (number, _) in sent.map(|(_, kept)| kept).filter(|(_, kept_qos)| *kept_qos > QoS::AtMostOnce) {
            entry.mail.push(*number);
            entry.appended.insert(*number);
        }
    }

    fn publish_deed(&mut self, session: SessionId, parcel: &Parcel) -> Option<Vec<Due>> {
        if self.disk_full && self.needs_disk(session, parcel) {
            return None;
        }
        if parcel.qos == QoS::ExactlyOnce
            && let Some(entry) = self.of_id(session)
            && !entry.held.insert(parcel.packet_id)
        {
            return None;
        }
        if parcel.clears {
            self.retained.remove(parcel.topic);
        } else if parcel.retain {
            self.retained.insert(parcel.topic, (parcel.number, parcel.qos));
        }
        Some(self.publish(parcel.number, parcel.topic, parcel.qos))
    }

    fn needs_disk(&mut self, session: SessionId, parcel: &Parcel) -> bool {
        let persistent = self.of_id(session).is_some_and(|entry| entry.persistent);
        parcel.retain && !parcel.clears
            || parcel.qos == QoS::ExactlyOnce && persistent
            || parcel.qos > QoS::AtMostOnce
                && self.receivers(parcel.topic, parcel.qos).iter().any(|receiver| receiver.stores)
    }

    fn publish(&mut self, number: Number, topic: &str, qos: QoS) -> Vec<Due> {
        if self.disk_full {
            return Vec::new();
        }
        let stores: Vec<Receiver> = self.receivers(topic, qos).into_iter().filter(|r| r.stores).collect();
        for receiver in &stores {
            self.append(receiver.session, number);
        }
        stores.iter().map(|r| (number, r.client, r.serial)).collect()
    }

    fn append(&mut self, session: SessionId, number: Number) {
        if let Some(entry) = self.of_id(session) {
            entry.mail.push(number);
            entry.appended.insert(number);
        }
    }

    fn take(&mut self, session: SessionId, seqs: &[(u64, Number)]) {
        let Some(entry) = self.of_id(session) else { return };
        for (seq, number) in seqs {
            if entry.taken.insert(*seq)
                && let Some(at) = entry.mail.iter().position(|n| n == number)
            {
                entry.mail.remove(at);
            }
        }
    }

    fn end_connection(&mut self, now_ms: u64, client: Client, will: bool, expiry_s: Option<u32>) {
        let most_s = self.expiry_max_s;
        let Some(entry) = self.sessions.get_mut(&client) else { return };
        entry.link = None;
        entry.offline_since_ms = Some(now_ms);
        entry.expiry_s = expiry_s.map_or(entry.expiry_s, |s| s.min(most_s));
        let ends = entry.expiry_s == 0;
        let mut said = entry.will.take().filter(|_| will);
        if let Some((word, _)) = said.filter(|(word, _)| word.delay_s > 0 && !ends) {
            entry.will = Some((word, Some(now_ms + u64::from(word.delay_s) * 1000)));
            said = None;
        }
        if ends {
            self.sessions.remove(&client);
        }
        if let Some((word, _)) = said {
            self.publish(word.number, word.topic, word.qos);
        }
    }

    fn discard(&mut self, client: Client) {
        if let Some((word, Some(_))) = self.sessions.remove(&client).and_then(|e| e.will) {
            self.publish(word.number, word.topic, word.qos);
        }
    }

    fn tick(&mut self, now_ms: u64) {
        for client in self.sessions.keys().copied().collect::<Vec<_>>() {
            let Some(entry) = self.sessions.get_mut(&client) else { continue };
            let Some(since_ms) = entry.offline_since_ms else { continue };
            if let Some((word, _)) = entry.will.take_if(|(_, due)| due.is_some_and(|due| due <= now_ms)) {
                self.publish(word.number, word.topic, word.qos);
            }
            let Some(entry) = self.sessions.get(&client) else { continue };
            if entry.expiry_s != u32::MAX && since_ms + u64::from(entry.expiry_s) * 1000 <= now_ms {
                self.discard(client);
            }
        }
    }

    fn online(&self, session: SessionId, link: Link) -> Option<Client> {
        self.sessions.iter().find(|(_, e)| e.id == session && e.link == Some(link)).map(|(client, _)| *client)
    }

    fn of_id(&mut self, session: SessionId) -> Option<&mut Entry> {
        self.sessions.values_mut().find(|e| e.id == session)
    }

    fn entry(&mut self, client: Client, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.sessions.get_mut(&client) {
            change(entry);
        }
    }
}

impl Entry {
    fn new(serial: u64, id: SessionId, persistent: bool) -> Entry {
        Entry {
            serial,
            id,
            version: Version::V5,
            persistent,
            expiry_s: 0,
            link: None,
            offline_since_ms: None,
            subscriptions: BTreeMap::new(),
            mail: Vec::new(),
            appended: BTreeSet::new(),
            taken: BTreeSet::new(),
            held: BTreeSet::new(),
            will: None,
        }
    }
}
