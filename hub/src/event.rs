//! Everything that can happen on the change lane.

use std::collections::BTreeMap;
use std::sync::Arc;

use broker::ScopeId;
use broker::SessionId;
use broker::presence::DisconnectReason;
use message::{Message, QoS};
use mqtt::{Connect, Subscribe, Unsubscribe};
use policy::Access;
use rules::{Failure, Job, Occasion, Outcome, Rule, Unreadable};
use store::Need;

use crate::keys::ScopeKey;

/// Something that happened; decided in the order it arrives.
#[derive(Debug)]
pub enum Event<L> {
    Connect(Box<ConnectRequest<L>>),
    /// The connection is over; told exactly once for each connection that was welcomed.
    Closed(Closed<L>),
    Subscribe {
        link: L,
        session: SessionId,
        packet: Subscribe,
    },
    Unsubscribe {
        link: L,
        session: SessionId,
        packet: Unsubscribe,
    },
    /// A publish that changes the world: retained, QoS 2, or to a reserved topic.
    Publish {
        origin: Origin,
        message: Message,
        answer: Option<Answer<L>>,
    },
    /// The publish lane's plan with writes: messages for mailboxes.
    Store(Store<L>),
    /// The client has taken these messages of its mailbox.
    Taken {
        session: SessionId,
        seqs: Vec<u64>,
    },
    /// QoS 2: the client has stored the message; PUBREL follows once that is on disk.
    Received {
        link: L,
        session: SessionId,
        seq: u64,
    },
    /// QoS 2: the client released a packet id it had published with.
    Released {
        session: SessionId,
        packet_id: u16,
    },
    /// The connection has room for more of its mailbox.
    Fetch {
        link: L,
        session: SessionId,
        from: u64,
        most: usize,
    },
    /// Somebody with the right to do so ends a client's connection.
    Drop {
        scope: ScopeId,
        client: String,
        clean_session: bool,
        cause: Cause,
    },
    /// The connection's policies have changed: this is what it may do from now on.
    Access {
        link: L,
        session: SessionId,
        access: Access,
    },
    /// Something about the thing with this client's name has changed: whoever is connected with it is reviewed.
    Review {
        scope: ScopeId,
        client: String,
    },
    /// An account and region that was not there before; its number is the next one.
    Scope(ScopeKey),
    /// Time has passed.
    Tick,
    /// The most that the disk takes; while that is not everything, what needs more is refused and says so.
    Disk(Need),
    /// What each role that rules may act in lets them do; asked where roles are held to it.
    RuleRoles {
        scope: ScopeId,
        roles: BTreeMap<String, Access>,
    },
    /// Something that rules left for outside is done.
    Worked(Box<Worked>),
    /// Something that rules left for outside cannot be read, for this reason.
    Unread {
        epoch: u64,
        scope: ScopeId,
        seq: u64,
        reason: Unreadable,
    },
}

/// A piece of work that is over.
#[derive(Debug)]
pub struct Worked {
    /// The hub's when the work was taken: what was reset meanwhile is not told.
    pub epoch: u64,
    pub scope: ScopeId,
    /// Its number in the scope's queue.
    pub seq: u64,
    pub job: Arc<Job>,
    pub result: WorkResult,
}

/// What came of a piece of work.
#[derive(Debug)]
pub enum WorkResult {
    /// The actions were done, but these.
    Acted(Vec<Failure>),
    /// The rule was evaluated with all that it had asked for.
    Evaluated(Arc<Rule>, Outcome),
    /// It is of no use any more.
    Dropped(String),
}

/// What a message's rules came to, evaluated where it came in.
#[derive(Debug)]
pub struct Fired {
    pub scope: ScopeId,
    pub occasion: Occasion,
    pub outcomes: Vec<(Arc<Rule>, Outcome)>,
}

impl Fired {
    /// Bytes that its outcomes hold.
    pub fn bytes(&self) -> usize {
        self.outcomes.iter().map(|(_, outcome)| outcome.bytes()).sum()
    }
}

/// A CONNECT and what the shell knows of its sender.
#[derive(Debug)]
pub struct ConnectRequest<L> {
    pub link: L,
    pub scope: ScopeId,
    pub packet: Connect,
    pub principal: Arc<str>,
    pub thing: Option<Arc<str>>,
    /// The registry has a thing of the client's name.
    pub is_thing: bool,
    pub address: Arc<str>,
    pub access: Access,
}

/// The end of a welcomed connection.
#[derive(Debug)]
pub struct Closed<L> {
    pub link: L,
    pub session: SessionId,
    pub cause: Cause,
    /// MQTT 5: DISCONNECT may change it.
    pub session_expiry_s: Option<u32>,
    /// First mailbox number never sent on this connection.
    pub sent: u64,
}

/// Why a connection ended.
#[derive(Debug, Clone)]
pub struct Cause {
    pub reason: DisconnectReason,
    pub will: bool,
    pub text: String,
}

/// Who published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    pub scope: ScopeId,
    pub session: Option<SessionId>,
}

/// The acknowledgement a publisher waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<L> {
    pub link: L,
    pub packet_id: u16,
    pub qos: QoS,
}

/// One message for some mailboxes, and what rules made of it.
#[derive(Debug)]
pub struct Store<L> {
    pub message: Arc<Message>,
    pub receivers: Vec<StoreFor>,
    pub fired: Option<Box<Fired>>,
    pub answer: Option<Answer<L>>,
}

/// One mailbox that gets the message, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreFor {
    pub session: SessionId,
    pub qos: QoS,
    pub retain: bool,
    pub subscription_ids: Vec<u32>,
}
