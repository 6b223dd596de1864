//! A topic in, the shadow request it is out, and a shadow's reply topics; does not decide who may use them.

use message::{Reserved, ShadowOp, ShadowReply};

use crate::id::{IdError, ShadowId};

/// What a client may ask of a shadow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    Get,
    Update,
    Delete,
}

/// What the service publishes about a shadow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reply {
    Accepted(Verb),
    Rejected(Verb),
    Delta,
    Documents,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub id: ShadowId,
    pub verb: Verb,
}

/// What a topic means to the shadow service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    Request(Request),
    /// A reply's topic: clients subscribe to it, only the service publishes there.
    Reply(ShadowId, Reply),
    /// Below `$aws/things/THING/shadow`, but no request and no reply of the service.
    Unknown,
    /// A request or reply of a shadow that cannot exist.
    BadName(Verb, IdError),
}

impl Request {
    /// `None` unless the topic is a request of a shadow that can exist; see [`Meaning`] for what else it may be.
    pub fn parse(topic: &str) -> Option<Self> {
        match Meaning::of(topic)? {
            Meaning::Request(request) => Some(request),
            Meaning::Reply(..) | Meaning::Unknown | Meaning::BadName(..) => None,
        }
    }

    pub fn topic(&self) -> String {
        let [start, thing, middle, name] = prefix(&self.id);
        [start, thing, middle, name, "/", self.verb.word()].concat()
    }
}

impl Meaning {
    /// `None` for a topic that has nothing to do with shadows.
    pub fn of(topic: &str) -> Option<Self> {
        let (thing, name, op, reply) = match Reserved::parse(topic)? {
            Reserved::Shadow { thing, name, op, reply } => (thing, name, op, reply),
            _ => return is_below_a_shadow(topic).then_some(Self::Unknown),
        };
        let verb = match op {
            ShadowOp::Get => Verb::Get,
            ShadowOp::Update => Verb::Update,
            ShadowOp::Delete => Verb::Delete,
        };
        let id = match ShadowId::new(thing, name) {
            Ok(id) => id,
            Err(wrong) => return Some(Self::BadName(verb, wrong)),
        };
        Some(match (reply, verb) {
            (None, _) => Self::Request(Request { id, verb }),
            (Some(ShadowReply::Accepted), _) => Self::Reply(id, Reply::Accepted(verb)),
            (Some(ShadowReply::Rejected), _) => Self::Reply(id, Reply::Rejected(verb)),
            (Some(ShadowReply::Delta), Verb::Update) => Self::Reply(id, Reply::Delta),
            (Some(ShadowReply::Documents), Verb::Update) => Self::Reply(id, Reply::Documents),
            (Some(ShadowReply::Delta | ShadowReply::Documents), Verb::Get | Verb::Delete) => Self::Unknown,
        })
    }
}

impl Reply {
    pub fn topic(self, id: &ShadowId) -> String {
        let (verb, end) = match self {
            Self::Accepted(verb) => (verb, "accepted"),
            Self::Rejected(verb) => (verb, "rejected"),
            Self::Delta => (Verb::Update, "delta"),
            Self::Documents => (Verb::Update, "documents"),
        };
        let [start, thing, middle, name] = prefix(id);
        [start, thing, middle, name, "/", verb.word(), "/", end].concat()
    }
}

impl Verb {
    pub fn word(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// The parts of what all topics of a shadow begin with.
fn prefix(id: &ShadowId) -> [&str; 4] {
    match id.name() {
        None => ["$aws/things/", id.thing(), "/shadow", ""],
        Some(name) => ["$aws/things/", id.thing(), "/shadow/name/", name],
    }
}

fn is_below_a_shadow(topic: &str) -> bool {
    let mut levels = topic.split('/');
    let start = [levels.next(), levels.next()];
    start == [Some("$aws"), Some("things")] && levels.nth(1) == Some("shadow")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> ShadowId {
        let (thing, name) = text.split_once('~').map_or((text, None), |(thing, name)| (thing, Some(name)));
        ShadowId::new(thing, name).expect("a literal id")
    }

    fn request(topic: &str, expected: &str, verb: Verb) {
        let found = Request::parse(topic).expect(topic);
        assert_eq!(found, Request { id: id(expected), verb });
        assert_eq!(found.topic(), topic);
    }

    fn meaning(topic: &str, expected: Option<Meaning>) {
        assert_eq!(Meaning::of(topic), expected, "{topic}");
        assert_eq!(Request::parse(topic), None, "{topic}");
    }

    #[test]
    fn requests_are_read_from_their_topics() {
        request("$aws/things/T/shadow/get", "T", Verb::Get);
        request("$aws/things/T/shadow/update", "T", Verb::Update);
        request("$aws/things/T/shadow/delete", "T", Verb::Delete);
        request("$aws/things/T/shadow/name/N/get", "T~N", Verb::Get);
        request("$aws/things/T/shadow/name/get/update", "T~get", Verb::Update);
        request("$aws/things/shadow/shadow/name/name/delete", "shadow~name", Verb::Delete);
    }

    #[test]
    fn replies_are_read_from_the_topics_they_are_sent_to() {
        for id in [id("T"), id("T~N")] {
            for verb in [Verb::Get, Verb::Update, Verb::Delete] {
                for reply in [Reply::Accepted(verb), Reply::Rejected(verb), Reply::Delta, Reply::Documents] {
                    meaning(&reply.topic(&id), Some(Meaning::Reply(id.clone(), reply)));
                }
            }
        }
        assert_eq!(Reply::Delta.topic(&id("T~N")), "$aws/things/T/shadow/name/N/update/delta");
        assert_eq!(Reply::Rejected(Verb::Get).topic(&id("T")), "$aws/things/T/shadow/get/rejected");
    }

    #[test]
    fn a_shadow_topic_with_a_wrong_verb_is_told_apart_from_other_topics() {
        for wrong in
            ["put", "", "Update", "get/delta", "delete/documents", "update/accepted/x", "name/N", "name//get"]
        {
            meaning(&format!("$aws/things/T/shadow/{wrong}"), Some(Meaning::Unknown));
        }
        meaning("$aws/things/T/shadow", Some(Meaning::Unknown));
        meaning("$aws/things/T/jobs/get", None);
        meaning("things/T/shadow/get", None);
        meaning("$aws/events/presence/connected/c", None);
    }

    #[test]
    fn a_shadow_that_cannot_exist_is_refused_by_its_name() {
        let wrong = IdError::ThingCharacter("a b".to_owned());
        meaning("$aws/things/a b/shadow/get", Some(Meaning::BadName(Verb::Get, wrong)));
        let wrong = IdError::NameTooLong(65);
        let topic = format!("$aws/things/T/shadow/name/{}/update", "n".repeat(65));
        meaning(&topic, Some(Meaning::BadName(Verb::Update, wrong)));
    }
}
