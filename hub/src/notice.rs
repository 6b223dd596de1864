//! Everything that can be told, after the commit of what it rests on.

use std::sync::Arc;

use broker::{ScopeId, SessionId};
use message::{Filter, Message, QoS};
use mqtt::{Connack, ReasonCode, Suback, Unsuback};
use policy::Verdict;
use rules::Recorded;

use crate::refusal::Refusal;
use crate::trace::Step;
use crate::view::Unheard;

/// Something to tell a connection or a person.
#[derive(Debug)]
pub enum Notice<L> {
    Welcome(Box<Welcome<L>>),
    /// The CONNECT was refused: CONNACK with this reason, then close.
    Refused {
        link: L,
        refusal: Refusal,
    },
    /// Close a welcomed connection and say why.
    Close {
        link: L,
        refusal: Refusal,
    },
    Deliver(Deliver<L>),
    Suback {
        link: L,
        packet: Suback,
        /// The filters that were granted.
        granted: Vec<Filter>,
    },
    Unsuback {
        link: L,
        packet: Unsuback,
    },
    /// PUBACK or PUBREC for a publish of the client's.
    Answer {
        link: L,
        packet_id: u16,
        qos: QoS,
        reason: ReasonCode,
        text: Option<String>,
    },
    /// QoS 2: that the client has message `seq` is on disk; PUBREL may go out.
    Release {
        link: L,
        seq: u64,
    },
    /// A part of the mailbox, as asked for; `next` is where the following part begins.
    Page {
        link: L,
        parcels: Vec<Parcel>,
        next: u64,
        tail: u64,
    },
    /// The connection did not get a topic it has subscribed to, because its policies do not allow that.
    Unheard(Unheard<L>),
    /// What this connection may do has to be worked out anew.
    Review {
        link: L,
    },
    /// Something happened to a message, for its trace.
    Trace(Step),
    /// A message woke rules here: what they came to, for whoever asks why. The publish lane keeps its own.
    Woke {
        scope: ScopeId,
        recorded: Box<Recorded>,
    },
    /// Rules left work for outside.
    Work {
        scope: ScopeId,
    },
    /// The owner of an address has to be asked whether messages may go there.
    Confirm {
        scope: ScopeId,
        destination: String,
    },
    /// A client asked for a shadow, or made one, of a thing that has the name of a client: whether there is such a thing
    /// is for the registry to say.
    ShadowOfClient {
        client: Arc<str>,
        scope: ScopeId,
        thing: String,
    },
    /// Something a person may want to know about a client.
    Explain {
        client: Arc<str>,
        what: &'static str,
        text: String,
        /// Where the client is, as far as that is known here.
        scope: Option<ScopeId>,
        /// What its policies say, if it is they who refuse.
        verdict: Option<Arc<Verdict>>,
    },
}

/// A connection is accepted.
#[derive(Debug)]
pub struct Welcome<L> {
    pub link: L,
    pub session: SessionId,
    pub client: Arc<str>,
    pub connack: Connack,
    pub keep_alive_s: u16,
    /// The session's mailbox spans these numbers; none for a session that ends with its connection.
    pub mailbox: Option<(u64, u64)>,
    /// QoS 2 packet ids the session has received and not seen released.
    pub held: Vec<u16>,
}

/// One message for one live connection.
#[derive(Debug)]
pub struct Deliver<L> {
    pub link: L,
    pub message: Arc<Message>,
    pub qos: QoS,
    pub retain: bool,
    pub subscription_ids: Vec<u32>,
    /// Its number in the session's mailbox; none when it went through none.
    pub seq: Option<u64>,
}

/// One message of a mailbox.
#[derive(Debug)]
pub struct Parcel {
    pub seq: u64,
    pub message: Arc<Message>,
    pub qos: QoS,
    pub retain: bool,
    pub subscription_ids: Vec<u32>,
    /// It may have been sent before.
    pub dup: bool,
    /// QoS 2: the client has it; only PUBREL is missing.
    pub released: bool,
}
