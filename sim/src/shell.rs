//! The server as a model: decide in groups, commit, publish the view, tell. Packets in and out are values; the disk
//! is the store's faulty one.

mod hear;
mod tell;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use hub::{Hub, Notice, Plan, Settings, View};
use message::QoS;
use store::{Batch, CommitError, Disk, Durability, Faulty, Store};

use crate::Flaw;
use crate::book::{Book, Receiver};
use crate::compare::{Depth, compare, scope};
use crate::out::{Out, Stage};
use crate::packet::{Client, Deed, Down, Due, Greeting, Link, Number};

/// The server.
pub(crate) struct Shell {
    pub(crate) disk: Disk,
    store: Faulty,
    hub: Hub<Link>,
    view: View<Link>,
    pub(crate) settings: Settings,
    pub(crate) desk: VecDeque<Deed>,
    pub(crate) links: BTreeMap<Link, Out>,
    /// The model as of the last decision, and as of the last commit, which is also what the view shows.
    pub(crate) book: Book,
    committed: Book,
    /// A group whose commit waits for room on the disk.
    stuck: Option<Group>,
    /// Room is short: the hub is told before a commit fails.
    pub(crate) is_short_of_room: bool,
    flaw: Flaw,
    next_serial: u64,
    /// What an answer not yet told promises.
    pending: Vec<Pending>,
    /// What was promised by answers.
    pub(crate) promises: Vec<Due>,
    /// Publishes that were answered with a refusal.
    pub(crate) refused: Vec<Number>,
    /// Whom each message was for when the server first had it.
    pub(crate) first_for: BTreeMap<Number, BTreeSet<(Client, u64, QoS)>>,
    /// Messages the server had more than once: where a delivery can be lost, the repetition comes late.
    pub(crate) repeated: BTreeSet<Number>,
    /// Whom each QoS 2 message was put into the mailbox of.
    dues_of: BTreeMap<Number, Vec<Due>>,
    /// Connections that died with the process, or that the server closed.
    broken: Vec<Link>,
    /// Last packets of connections that are gone.
    parting: Vec<(Link, Down)>,
    pub(crate) tally: Tally,
}

/// What the server did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) commits: u64,
    pub(crate) deeds: u64,
    pub(crate) crashes: u64,
}

/// An answer not yet told.
struct Pending {
    link: Link,
    packet_id: u16,
    number: Number,
    dues: Vec<Due>,
}

/// Events decided together.
struct Group {
    batch: Batch,
    must_sync: bool,
    notices: Vec<Notice<Link>>,
    /// QoS 2 publishes released by their clients: PUBCOMP goes out after the commit.
    completes: Vec<(Link, u16)>,
    /// Publishes that were decided here.
    handed_over: Vec<Link>,
}

/// Deeds one group takes at most.
const GROUP: usize = 64;

impl Shell {
    pub(crate) fn open(settings: Settings, seed: u64, flaw: Flaw, now_ms: u64) -> Result<Shell, String> {
        let disk = Disk::new(seed);
        let store = disk.open();
        let book = Book::new(settings.dialect, settings.session_expiry_max_s);
        let mut plan = Plan::default();
        let hub = Hub::open(settings.clone(), vec![scope()], store.reader(), now_ms, &mut plan)
            .map_err(|e| e.to_string())?;
        let view = View::empty();
        let mut shell = Shell {
            disk,
            store,
            hub,
            view,
            settings,
            desk: VecDeque::new(),
            links: BTreeMap::new(),
            committed: book.clone(),
            book,
            stuck: None,
            is_short_of_room: false,
            flaw,
            next_serial: 1,
            pending: Vec::new(),
            promises: Vec::new(),
            refused: Vec::new(),
            first_for: BTreeMap::new(),
            repeated: BTreeSet::new(),
            dues_of: BTreeMap::new(),
            broken: Vec::new(),
            parting: Vec::new(),
            tally: Tally::default(),
        };
        shell.publish_view();
        Ok(shell)
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.desk.is_empty() && self.stuck.is_none()
    }

    /// Decides up to `most` deeds, commits, tells. A failed commit ends the process and starts the next one.
    pub(crate) fn group(&mut self, now_ms: u64, most: usize) -> Result<(), String> {
        let mut group = match self.stuck.take() {
            Some(group) => group,
            None => match self.decide(now_ms, most.min(GROUP))? {
                Some(group) => group,
                None => return Ok(()),
            },
        };
        if self.flaw == Flaw::AnswersBeforeCommit {
            self.tell(std::mem::take(&mut group.notices))?;
        }
        match self.commit(&group) {
            Ok(()) => self.finish(group),
            Err(CommitError::Full) => {
                self.stuck = Some(group);
                Ok(())
            }
            Err(CommitError::Failed(_)) => self.crash(now_ms),
            Err(error) => Err(format!("a batch of the hub's was refused: {error}")),
        }
    }

    fn decide(&mut self, now_ms: u64, most: usize) -> Result<Option<Group>, String> {
        if self.hub.is_disk_full() != self.is_short_of_room {
            self.desk.push_front(Deed::Disk { full: self.is_short_of_room });
        }
        if self.hub.next_deadline_ms().is_some_and(|due_ms| due_ms <= now_ms) {
            self.desk.push_front(Deed::Tick);
        }
        if self.desk.is_empty() {
            return Ok(None);
        }
        let (mut plan, mut completes, mut handed_over) = (Plan::default(), Vec::new(), Vec::new());
        for deed in self.desk.drain(..most.min(self.desk.len())).collect::<Vec<_>>() {
            self.tally.deeds += 1;
            let told = plan.notices.len();
            self.hub.decide(now_ms, deed.event(), &mut plan);
            self.follow(now_ms, &deed, plan.notices.get(told..).unwrap_or_default())?;
            match deed {
                Deed::Released { link, packet_id, .. } => completes.push((link, packet_id)),
                Deed::Publish { link, .. } => handed_over.push(link),
                _ => {}
            }
        }
        let (batch, must_sync) = plan.take_writes();
        Ok(Some(Group { batch, must_sync, notices: plan.notices, completes, handed_over }))
    }

    /// Lets the model follow a deed, and holds the hub's outcome to it.
    fn follow(&mut self, now_ms: u64, deed: &Deed, notices: &[Notice<Link>]) -> Result<(), String> {
        match deed {
            Deed::Connect { link, greeting } => self.follow_connect(now_ms, *link, greeting, notices)?,
            Deed::Publish { link, parcel, .. } => {
                let receivers = self.book.receivers(parcel.topic, parcel.qos);
                self.note_receivers(parcel.number, &receivers);
                let dues = self.book.follow(now_ms, deed);
                if let Some(dues) = dues.clone().filter(|_| parcel.qos == QoS::ExactlyOnce) {
                    self.dues_of.insert(parcel.number, dues);
                }
                let dues = dues.unwrap_or_default();
                self.pending.push(Pending {
                    link: *link,
                    packet_id: parcel.packet_id,
                    number: parcel.number,
                    dues,
                });
            }
            Deed::Store { link, packet_id, dues, message, .. } => {
                let (link, packet_id, dues) = (*link, *packet_id, dues.clone());
                self.pending.push(Pending { link, packet_id, number: message.id, dues });
                self.book.follow(now_ms, deed);
            }
            deed => drop(self.book.follow(now_ms, deed)),
        }
        Ok(())
    }

    fn note_receivers(&mut self, number: Number, receivers: &[Receiver]) {
        if self.first_for.contains_key(&number) {
            self.repeated.insert(number);
        }
        let first_for = || receivers.iter().map(|r| (r.client, r.serial, r.qos)).collect();
        self.first_for.entry(number).or_insert_with(first_for);
    }

    fn follow_connect(
        &mut self,
        now_ms: u64,
        link: Link,
        greeting: &Greeting,
        notices: &[Notice<Link>],
    ) -> Result<(), String> {
        if notices.iter().any(|n| matches!(n, Notice::Refused { .. })) {
            let full = self.book.disk_full && self.book.granted_expiry_s(greeting) > 0;
            let throttled = self.settings.connects_per_client_per_s > 0;
            return if full || throttled {
                Ok(())
            } else {
                Err("a CONNECT was refused without a reason".into())
            };
        }
        let welcome = notices.iter().find_map(|n| match n {
            Notice::Welcome(welcome) => Some(welcome),
            _ => None,
        });
        let welcome = welcome.ok_or("a CONNECT had no answer")?;
        let before = self.book.sessions.get(&greeting.client).map(|e| e.id);
        let resumed = self.book.connect(now_ms, link, greeting, welcome.session, self.next_serial);
        self.next_serial += 1;
        if resumed != welcome.connack.session_present {
            return Err(format!("session present of {link}: the hub says {}, the model {resumed}", !resumed));
        }
        if resumed != (before == Some(welcome.session)) {
            return Err(format!(
                "the session's number {:?} does not fit resumed: {resumed}",
                welcome.session
            ));
        }
        Ok(())
    }

    fn commit(&mut self, group: &Group) -> Result<(), CommitError> {
        if group.batch.is_empty() {
            return Ok(());
        }
        let durability = if group.must_sync { Durability::Synced } else { Durability::Buffered };
        self.store.commit(&group.batch, durability)?;
        self.tally.commits += 1;
        Ok(())
    }

    fn finish(&mut self, group: Group) -> Result<(), String> {
        self.committed = self.book.clone();
        self.hub.committed();
        self.publish_view();
        for (link, packet_id) in group.completes {
            if self.flaw != Flaw::CompletesBeforeCommit
                && let Some(out) = self.links.get_mut(&link)
            {
                out.put(Down::Pubcomp(packet_id));
            }
        }
        for link in group.handed_over {
            if let Some(out) = self.links.get_mut(&link) {
                out.handed_over -= 1;
            }
        }
        self.tell(group.notices)?;
        self.pending.clear();
        self.sweep();
        let depth = if self.tally.commits.is_multiple_of(8) { Depth::Contents } else { Depth::Counts };
        compare(&mut self.book, &self.hub, &*self.store.reader(), depth)
    }

    fn publish_view(&mut self) {
        if let Some(view) = self.hub.next_view() {
            self.view = view;
        }
    }

    /// The process dies and the next one opens what the disk has.
    pub(crate) fn crash(&mut self, now_ms: u64) -> Result<(), String> {
        self.tally.crashes += 1;
        self.desk.clear();
        self.broken.extend(std::mem::take(&mut self.links).into_keys());
        self.parting.clear();
        self.pending.clear();
        self.stuck = None;
        self.is_short_of_room = false;
        self.disk.set_full(false);
        self.store = self.disk.open();
        let mut plan = Plan::default();
        let settings = self.settings.clone();
        self.hub = Hub::open(settings, vec![scope()], self.store.reader(), now_ms, &mut plan)
            .map_err(|e| e.to_string())?;
        let (batch, _) = plan.take_writes();
        self.store.commit(&batch, Durability::Synced).map_err(|e| e.to_string())?;
        self.publish_view();
        // A commit that was told to fail may have happened or not; nothing in between is allowed.
        let mut decided = self.book.clone();
        decided.recover(now_ms);
        let mut committed = self.committed.clone();
        committed.recover(now_ms);
        let reader = self.store.reader();
        let outcome = compare(&mut decided, &self.hub, &*reader, Depth::Recovered);
        self.book = match outcome {
            Ok(()) => decided,
            Err(first) => {
                let outcome = compare(&mut committed, &self.hub, &*reader, Depth::Recovered);
                outcome
                    .map_err(|then| format!("after recovery, {first}; and without the last group, {then}"))?;
                committed
            }
        };
        self.committed = self.book.clone();
        Ok(())
    }

    /// The connection is over, as the server sees it.
    pub(crate) fn hang_up(&mut self, link: Link) {
        let Some(out) = self.links.get_mut(&link) else { return };
        // Not decided yet: the welcome finds nobody and then ends what it began.
        if out.stage == Stage::Waiting {
            out.stage = Stage::Ending;
            return;
        }
        let wish = out.wish();
        let Some(out) = self.links.remove(&link) else { return };
        self.parting.extend(out.packets.iter().cloned().map(|packet| (link, packet)));
        let Some(session) = out.session else { return };
        if let Some(wish) = wish.filter(|w| !w.taken.is_empty()) {
            self.desk.push_back(Deed::Taken { session, seqs: wish.taken });
        }
        let sent = out.mail.map_or(0, |mail| mail.next);
        let will = !out.says_goodbye;
        self.desk.push_back(Deed::Closed { link, session, will, expiry_s: out.expiry_s, sent });
    }

    /// Connections that the server has ended are over once their last packets are out.
    fn sweep(&mut self) {
        let over = self.links.iter().filter(|(_, out)| out.stage == Stage::Ending && out.session.is_some());
        for link in over.map(|(link, _)| *link).collect::<Vec<_>>() {
            self.hang_up(link);
        }
    }

    /// Ends a client's connection as an operator would.
    pub(crate) fn drop_client(&mut self, client: Client, clean_session: bool, will: bool) {
        self.desk.push_back(Deed::Drop { client, clean_session, will });
    }

    /// Connections whose clients find out now.
    pub(crate) fn take_broken(&mut self) -> Vec<Link> {
        std::mem::take(&mut self.broken)
    }

    /// Takes every fault away.
    pub(crate) fn heal(&mut self) {
        self.is_short_of_room = false;
        self.disk.set_full(false);
        self.disk.fail_commit(u32::MAX, store::Fault::Lost);
    }

    /// What the network takes from the server now.
    pub(crate) fn take_packets(&mut self) -> Vec<(Link, Down)> {
        let mut packets = std::mem::take(&mut self.parting);
        for (link, out) in &mut self.links {
            packets.extend(out.packets.drain(..).map(|packet| (*link, packet)));
        }
        packets
    }
}
