//! Clients, network, server and time in one place, moved step by step by a seed.

use std::collections::{BTreeMap, VecDeque};

use hub::Settings;
use message::{Dialect, QoS};
use mqtt::Version;
use store::Fault;

use crate::chance::Chance;
use crate::device::{Device, Published, Receipts};
use crate::packet::{Client, Down, Greeting, LastWord, Link, Number, Parcel, Up};
use crate::shell::Shell;
use crate::{Flaw, Report};

const TOPICS: [&str; 5] = ["a", "a/b", "a/c", "b", "b/c/d"];
const FILTERS: [&str; 8] = ["a", "a/b", "a/+", "a/#", "b/#", "#", "+/c", "b"];

/// Packets that the server hears in one step at most; more would be a loop.
const PACKETS: usize = 100_000;
/// Steps within which a world without faults comes to rest.
const REST: usize = 6000;

/// The whole simulation.
pub(crate) struct World {
    chance: Chance,
    now_ms: u64,
    shell: Shell,
    devices: Vec<Device>,
    wires: BTreeMap<Link, Wire>,
    published: BTreeMap<Number, Published>,
    receipts: Receipts,
    next_link: Link,
    next_number: Number,
    most_qos: QoS,
    /// Steps for which the disk keeps the writer waiting.
    stalled: u64,
    pub(crate) log: VecDeque<String>,
}

/// One connection's packets under way, with the time they arrive.
#[derive(Debug, Default)]
struct Wire {
    up: VecDeque<(u64, Up)>,
    down: VecDeque<(u64, Down)>,
    client: Client,
    /// The client no longer listens.
    is_cut: bool,
}

impl World {
    pub(crate) fn new(seed: u64, flaw: Flaw) -> Result<World, String> {
        let mut chance = Chance::new(seed);
        let dialect = if chance.one_in(4) { Dialect::Aws } else { Dialect::Standard };
        let settings = Settings::new(dialect, seed);
        let most_qos = settings.maximum_qos;
        let now_ms = 1_000_000;
        let shell = Shell::open(settings, seed, flaw, now_ms)?;
        let clients = 2 + usize::try_from(chance.below(4)).unwrap_or(0);
        let version = |chance: &mut Chance| if chance.one_in(3) { Version::V311 } else { Version::V5 };
        let devices = (0..clients).map(|client| Device::new(client, version(&mut chance))).collect();
        Ok(World {
            chance,
            now_ms,
            shell,
            devices,
            wires: BTreeMap::new(),
            published: BTreeMap::new(),
            receipts: Receipts::new(dialect),
            next_link: 1,
            next_number: 1,
            most_qos,
            stalled: 0,
            log: VecDeque::new(),
        })
    }

    pub(crate) fn step(&mut self) -> Result<(), String> {
        self.now_ms += self.chance.below(30);
        match self.chance.below(100) {
            0..50 => self.act(),
            50..55 => self.cut(),
            55 => self.fault()?,
            56 => {
                let ms = self.chance.pick(&[1000, 10_000, 100_000]);
                self.note(format!("{ms} ms pass"));
                self.now_ms += ms;
            }
            _ => {}
        }
        self.carry()?;
        self.answer_some();
        if self.chance.one_in(60) {
            self.stalled = self.chance.below(20);
        }
        if self.stalled > 0 {
            self.stalled -= 1;
            if self.stalled == 0 && self.chance.one_in(4) {
                self.crash()?;
            }
        } else if self.chance.below(3) > 0 {
            let most = 1 + usize::try_from(self.chance.below(12)).unwrap_or(0);
            self.shell.group(self.now_ms, most)?;
        }
        self.after_server();
        Ok(())
    }

    fn note(&mut self, what: String) {
        if self.log.len() >= 60 {
            self.log.pop_front();
        }
        self.log.push_back(format!("{} {what}", self.now_ms));
    }

    /// A client does something.
    fn act(&mut self) {
        let at = usize::try_from(self.chance.below(self.devices.len() as u64)).unwrap_or(0);
        if self.devices[at].link.is_none() {
            return self.connect(at);
        }
        if !self.devices[at].is_welcome {
            if self.chance.one_in(12) {
                self.connect(at);
            }
            return;
        }
        match self.chance.below(20) {
            0..12 => self.publish(at),
            12..16 => {
                let (filter, qos) = (self.chance.pick(&FILTERS), self.qos());
                let packet_id = self.devices[at].packet_id();
                self.send(at, Up::Subscribe { packet_id, filter, qos });
            }
            16 => {
                let filter = self.chance.pick(&FILTERS);
                let packet_id = self.devices[at].packet_id();
                self.send(at, Up::Unsubscribe { packet_id, filter });
            }
            17 if self.chance.one_in(3) => {
                let clears = self.devices[at].version == Version::V5 && self.chance.one_in(3);
                let expiry_s = clears.then_some(0);
                let with_will = self.chance.one_in(3);
                self.send(at, Up::Disconnect { expiry_s, with_will });
                self.leave(at);
            }
            // Connects while the server still believes in the connection before.
            18 if self.chance.one_in(3) => {
                self.leave(at);
                self.connect(at);
            }
            _ => {}
        }
    }

    fn qos(&mut self) -> QoS {
        self.chance
            .pick(&[QoS::AtMostOnce, QoS::AtLeastOnce, QoS::AtLeastOnce, QoS::ExactlyOnce])
            .min(self.most_qos)
    }

    fn number(&mut self, publisher: Option<Client>, topic: &'static str, qos: QoS) -> Number {
        let number = self.next_number;
        self.next_number += 1;
        self.published.insert(number, Published { publisher, topic, qos, refused: false });
        number
    }

    fn publish(&mut self, at: Client) {
        if self.devices[at].outgoing.len() >= 8 {
            return;
        }
        let (topic, qos) = (self.chance.pick(&TOPICS), self.qos());
        let retain = self.chance.one_in(6);
        let clears = retain && self.chance.one_in(3);
        let number = self.number(Some(at), topic, qos);
        let packet_id = if qos == QoS::AtMostOnce { 0 } else { self.devices[at].packet_id() };
        let packet = self.devices[at].publish(Parcel { packet_id, qos, retain, clears, topic, number });
        self.send(at, packet);
    }

    fn connect(&mut self, at: Client) {
        let version = if self.chance.one_in(12) { Version::V311 } else { self.devices[at].version };
        let persistent = !self.chance.one_in(4);
        let expiry_s = if persistent { self.chance.pick(&[5, 60, 100_000, u32::MAX]) } else { 0 };
        let clean_start = if version == Version::V5 { self.chance.one_in(8) } else { !persistent };
        let will = self.chance.one_in(2).then(|| {
            let (topic, qos) = (self.chance.pick(&TOPICS), self.qos());
            let delay_s = if version == Version::V5 { self.chance.pick(&[0, 2, 30]) } else { 0 };
            LastWord { number: self.number(None, topic, qos), topic, qos, delay_s }
        });
        let window = usize::try_from(1 + self.chance.below(8)).unwrap_or(1);
        self.greet(Greeting { client: at, version, clean_start, expiry_s, window, will });
    }

    fn greet(&mut self, greeting: Greeting) {
        let at = greeting.client;
        if self.devices[at].link.is_some() {
            self.leave(at);
        }
        let link = self.next_link;
        self.next_link += 1;
        self.wires.insert(link, Wire { client: at, ..Wire::default() });
        self.devices[at].connect(link, &greeting);
        self.send(at, Up::Connect(greeting));
    }

    /// The client turns its back on its connection; what it sent is still under way.
    fn leave(&mut self, at: Client) {
        if let Some(link) = self.devices[at].cut()
            && let Some(wire) = self.wires.get_mut(&link)
        {
            wire.is_cut = true;
            wire.down.clear();
        }
    }

    fn send(&mut self, at: Client, packet: Up) {
        let Some(link) = self.devices[at].link else { return };
        self.note(format!("c{at} on {link}: {packet:?}"));
        let arrives_ms = self.now_ms + self.chance.below(40);
        if let Some(wire) = self.wires.get_mut(&link) {
            let arrives_ms = wire.up.back().map_or(arrives_ms, |(last_ms, _)| arrives_ms.max(*last_ms));
            wire.up.push_back((arrives_ms, packet));
        }
    }

    /// A connection breaks: for the client, for the server, or for both; some packets are lost with it.
    fn cut(&mut self) {
        if self.wires.is_empty() {
            return;
        }
        let links: Vec<Link> = self.wires.keys().copied().collect();
        let link = self.chance.pick(&links);
        let which = self.chance.below(6);
        let Some(wire) = self.wires.get_mut(&link) else { return };
        let is_cut = wire.is_cut;
        if which > 2 && !is_cut {
            return;
        }
        if which != 1 {
            let kept = usize::try_from(self.chance.below(wire.up.len() as u64 + 1)).unwrap_or(0);
            wire.up.truncate(kept);
            let at = wire.client;
            if self.devices[at].link == Some(link) {
                self.leave(at);
            }
        }
        self.note(format!("connection {link} breaks ({which})"));
        if which != 0 {
            self.wires.remove(&link);
            self.shell.hang_up(link);
            for device in self.devices.iter_mut().filter(|d| d.link == Some(link)) {
                device.cut();
            }
        }
    }

    fn fault(&mut self) -> Result<(), String> {
        match self.chance.below(8) {
            0 => self.crash()?,
            1..4 => {
                let fault = self.chance.pick(&[Fault::Lost, Fault::Kept, Fault::Torn]);
                let healthy = u32::try_from(self.chance.below(4)).unwrap_or(0);
                self.note(format!("{healthy} commits to go until {fault:?}"));
                self.shell.disk.fail_commit(healthy, fault);
            }
            4 => {
                let is_short = !self.shell.is_short_of_room;
                self.note(format!("short of room: {is_short}"));
                self.shell.is_short_of_room = is_short;
                if !is_short {
                    self.shell.disk.set_full(false);
                }
            }
            5 if self.shell.is_short_of_room => {
                self.note("the disk is full to the last byte".into());
                self.shell.disk.set_full(true);
            }
            _ => {
                let client = usize::try_from(self.chance.below(self.devices.len() as u64)).unwrap_or(0);
                let (clean, will) = (self.chance.one_in(3), self.chance.one_in(2));
                self.note(format!("an operator drops c{client} (clean: {clean}, will: {will})"));
                self.shell.drop_client(client, clean, will);
            }
        }
        Ok(())
    }

    fn crash(&mut self) -> Result<(), String> {
        self.note("the process dies".into());
        self.shell.crash(self.now_ms)
    }

    /// Brings packets whose time has come to the server and to the clients.
    fn carry(&mut self) -> Result<(), String> {
        let now_ms = self.now_ms;
        let mut carried = 0;
        for link in self.wires.keys().copied().collect::<Vec<_>>() {
            while let Some(packet) = self.wires.get_mut(&link).and_then(|wire| next_due(&mut wire.up, now_ms))
            {
                self.shell.hear(now_ms, link, packet)?;
                carried += 1;
            }
            while let Some(packet) =
                self.wires.get_mut(&link).and_then(|wire| next_due(&mut wire.down, now_ms))
            {
                self.receive(link, packet)?;
                carried += 1;
            }
            if carried > PACKETS {
                return Err("packets go round in circles".into());
            }
        }
        Ok(())
    }

    fn receive(&mut self, link: Link, packet: Down) -> Result<(), String> {
        let Some(at) = self.devices.iter().position(|d| d.link == Some(link)) else { return Ok(()) };
        self.note(format!("to c{at} on {link}: {packet:?}"));
        let reaction = self.devices[at].hear(packet);
        for reply in reaction.replies {
            self.send(at, reply);
        }
        if let Some(arrival) = reaction.arrival {
            let published = self.published.get(&arrival.number);
            let published =
                published.ok_or_else(|| format!("message {} was never published", arrival.number))?;
            let first_for = self.shell.first_for.get(&arrival.number);
            let was_for =
                first_for.is_some_and(|f| f.contains(&(arrival.client, arrival.serial, arrival.qos)));
            let was_lost = arrival.qos == QoS::AtMostOnce && self.shell.repeated.contains(&arrival.number);
            self.receipts.note(&arrival, published, was_for && !was_lost)?;
        }
        if self.devices[at].link.is_none()
            && let Some(wire) = self.wires.get_mut(&link)
        {
            wire.is_cut = true;
        }
        Ok(())
    }

    /// Clients answer deliveries when they like, each its oldest or a later one.
    fn answer_some(&mut self) {
        for at in 0..self.devices.len() {
            while !self.devices[at].owed.is_empty() && self.chance.below(3) > 0 {
                let owed = self.devices[at].owed.len() as u64;
                let which = if self.chance.one_in(4) { self.chance.below(owed) } else { 0 };
                let packet = self.devices[at].owed.remove(usize::try_from(which).unwrap_or(0));
                self.send(at, packet);
            }
        }
    }

    /// Puts what the server said on the wires, and breaks those of a server that died.
    fn after_server(&mut self) {
        for (link, packet) in self.shell.take_packets() {
            let arrives_ms = self.now_ms + self.chance.below(40);
            if let Some(wire) = self.wires.get_mut(&link).filter(|wire| !wire.is_cut) {
                let arrives_ms = wire.down.back().map_or(arrives_ms, |(last_ms, _)| arrives_ms.max(*last_ms));
                wire.down.push_back((arrives_ms, packet));
            }
        }
        for link in self.shell.take_broken() {
            self.wires.remove(&link);
            for device in self.devices.iter_mut().filter(|d| d.link == Some(link)) {
                device.cut();
            }
        }
        for refused in self.shell.refused.drain(..) {
            if let Some(published) = self.published.get_mut(&refused) {
                published.refused = true;
            }
        }
    }

    /// No more faults and no more publishes: everything under way must arrive and everything promised be there.
    pub(crate) fn come_to_rest(&mut self) -> Result<Report, String> {
        self.note("no more faults".into());
        self.shell.heal();
        for _ in 0..REST {
            self.now_ms += 20;
            for at in 0..self.devices.len() {
                self.return_to(at);
            }
            self.carry()?;
            for at in 0..self.devices.len() {
                for packet in std::mem::take(&mut self.devices[at].owed) {
                    self.send(at, packet);
                }
            }
            self.shell.group(self.now_ms, usize::MAX)?;
            self.after_server();
            if self.is_at_rest() {
                return self.settle();
            }
        }
        Err(format!("the world does not come to rest: {}", self.unrest()))
    }

    /// A client with a session to come back to does so; connections that nobody listens to end.
    fn return_to(&mut self, at: Client) {
        let abandoned: Vec<Link> =
            self.wires.iter().filter(|(_, w)| w.client == at && w.is_cut).map(|(link, _)| *link).collect();
        for link in abandoned {
            self.wires.remove(&link);
            self.shell.hang_up(link);
        }
        let Some(entry) = self.shell.book.sessions.get(&at).filter(|e| e.persistent) else { return };
        if self.devices[at].link.is_none() && self.chance.one_in(30) {
            let (version, expiry_s) = (entry.version, entry.expiry_s.max(1));
            self.greet(Greeting { client: at, version, clean_start: false, expiry_s, window: 5, will: None });
        }
    }

    fn is_at_rest(&self) -> bool {
        self.unrest().is_empty()
    }

    fn unrest(&self) -> String {
        let mut found = Vec::new();
        if !self.shell.is_idle() {
            found.push(format!("{} deeds wait", self.shell.desk.len()));
        }
        for (link, wire) in self.wires.iter().filter(|(_, w)| !w.up.is_empty() || !w.down.is_empty()) {
            found.push(format!("packets under way on {link}: {wire:?}"));
        }
        for (client, entry) in self.shell.book.sessions.iter().filter(|(_, e)| e.persistent) {
            if entry.link.is_none() || !entry.mail.is_empty() {
                let (link, mail) = (entry.link, &entry.mail);
                found.push(format!("c{client} is on {link:?} and has not got {mail:?}"));
            }
        }
        for device in self.devices.iter().filter(|d| d.is_welcome && !d.outgoing.is_empty()) {
            found.push(format!("c{} waits for answers: {:?}", device.client, device.outgoing));
        }
        found.join("; ")
    }

    fn settle(&mut self) -> Result<Report, String> {
        for (number, client, serial) in &self.shell.promises {
            let lives = self.shell.book.sessions.get(client).is_some_and(|e| e.serial == *serial);
            if lives && !self.receipts.has(*client, *serial, *number) {
                return Err(format!("message {number} was acknowledged and never reached c{client}"));
            }
        }
        let tally = self.shell.tally;
        Ok(Report {
            published: self.next_number - 1,
            delivered: self.receipts.len() as u64,
            promised: self.shell.promises.len() as u64,
            commits: tally.commits,
            deeds: tally.deeds,
            crashes: tally.crashes,
            ..Report::default()
        })
    }
}

fn next_due<T>(queue: &mut VecDeque<(u64, T)>, now_ms: u64) -> Option<T> {
    queue.pop_front_if(|(arrives_ms, _)| *arrives_ms <= now_ms).map(|(_, packet)| packet)
}
