//! The hub's world against the model's: the first difference, in words.

use broker::{Record, ScopeId, Session};
use hub::Hub;
use hub::keys::ScopeKey;
use store::Reader;

use crate::book::{Book, Entry};
use crate::packet::{Link, Number, client_id, number_of};

/// How closely mailboxes are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// How many messages.
    Counts,
    /// Which ones, as read from the log.
    Contents,
    /// After a crash: what was taken may be back, nothing else.
    Recovered,
}

/// The scope that the simulation runs in.
pub(crate) fn scope() -> ScopeKey {
    ScopeKey("000000000000/us-east-1".into())
}

/// Compares everything; after a crash the model adopts the mailboxes that it cannot know.
pub(crate) fn compare(
    book: &mut Book,
    hub: &Hub<Link>,
    reader: &dyn Reader,
    depth: Depth,
) -> Result<(), String> {
    let known: Vec<&str> = hub.sessions().iter().map(|s| &*s.client).collect();
    if hub.sessions().len() != book.sessions.len() {
        return Err(format!("the hub has sessions {known:?}, the model {:?}", book.sessions.keys()));
    }
    for (client, entry) in &mut book.sessions {
        let name = client_id(*client);
        let id = hub.sessions().of_client(ScopeId(0), &name);
        let session = id.and_then(|id| hub.sessions().get(id));
        let session = session.ok_or_else(|| format!("the hub has no session of {name}"))?;
        compare_session(entry, session).map_err(|what| format!("session of {name}: {what}"))?;
        let mail = compare_mail(entry, session, reader, depth);
        let mail = mail.map_err(|what| format!("mailbox of {name}: {what}"))?;
        if depth == Depth::Recovered {
            entry.mail = mail;
        }
    }
    let retained: Vec<(String, Number)> = hub.retained(ScopeId(0)).map_or_else(Vec::new, |retained| {
        retained.iter().map(|m| (m.topic.as_str().to_owned(), number_of(m))).collect()
    });
    let expected: Vec<(String, Number)> =
        book.retained.iter().map(|(t, (n, _))| ((*t).to_owned(), *n)).collect();
    equal("retained messages", &retained, &expected)
}

fn compare_session(entry: &Entry, session: &Session<Link>) -> Result<(), String> {
    equal("id", &session.id, &entry.id)?;
    equal("version", &session.version, &entry.version)?;
    equal("persistent", &session.persistent, &entry.persistent)?;
    equal("expiry", &session.expiry_s, &entry.expiry_s)?;
    equal("link", &session.link, &entry.link)?;
    equal("offline since", &session.offline_since_ms, &entry.offline_since_ms)?;
    let subscriptions: Vec<_> = session.subscriptions.iter().map(|(f, s)| (f.as_str(), s.qos)).collect();
    let expected: Vec<_> = entry.subscriptions.iter().map(|(f, qos)| (*f, *qos)).collect();
    equal("subscriptions", &subscriptions, &expected)?;
    equal("held packet ids", &session.held, &entry.held)?;
    let due_ms = session.will.as_ref().map(|w| (number_of(&w.message), w.due_ms));
    equal("will", &due_ms, &entry.will.map(|(word, due_ms)| (word.number, due_ms)))
}

fn compare_mail(
    entry: &Entry,
    session: &Session<Link>,
    reader: &dyn Reader,
    depth: Depth,
) -> Result<Vec<Number>, String> {
    let count = entry.mail.len() as u64;
    if depth == Depth::Counts {
        equal("messages", &session.mailbox.len(), &count)?;
        return Ok(Vec::new());
    }
    let log = scope().mailbox(session.id);
    let records = reader.read_log(&log, session.mailbox.head(), usize::MAX, usize::MAX);
    let mut found = Vec::new();
    for (seq, bytes) in records.map_err(|e| e.to_string())? {
        let record = Record::decode(&bytes).map_err(|e| e.to_string())?;
        if !session.mailbox.is_taken(seq) {
            found.push(number_of(&record.message));
        }
    }
    equal("messages in the log", &(found.len() as u64), &session.mailbox.len())?;
    let mut extra = found.clone();
    for number in &entry.mail {
        let at = extra.iter().position(|n| n == number);
        let at = at.ok_or_else(|| format!("message {number} is missing; there are {found:?}"))?;
        extra.remove(at);
    }
    let known = extra.iter().all(|n| depth == Depth::Recovered && entry.appended.contains(n));
    if known { Ok(found) } else { Err(format!("messages {extra:?} should not be there")) }
}

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, hub: &T, model: &T) -> Result<(), String> {
    if hub == model { Ok(()) } else { Err(format!("{what}: the hub has {hub:?}, the model {model:?}")) }
}
