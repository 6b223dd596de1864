//! Requests to shadows: the document, its replies and what they lead to are one plan. The document's algebra is the
//! crate `shadow`'s.

pub(crate) mod forgotten;

use std::collections::HashMap;
use std::sync::Arc;

use broker::ScopeId;
use bytes::Bytes;
use message::{Dialect, Message, QoS, Reserved, Topic};
use shadow::history::{Change, Source};
use shadow::lint::{self, Finding};
use shadow::topic::{Meaning, Reply, Request, Verb};
use shadow::{Fault, Limits, Rejection, ShadowId, Stored};
use store::{ReadError, Span};

use crate::Link;
use crate::event::Origin;
use crate::keys::ScopeKey;
use crate::plan::Plan;
use crate::publish::DISK_FULL;
use crate::world::Hub;

/// Changes of a shadow that are remembered.
const HISTORY: u64 = 100;
/// Trimmed some at a time: each trim is a write.
const HISTORY_SLACK: u64 = 20;
/// Bytes of one look into a history.
const HISTORY_BYTES: usize = 4 * 1024 * 1024;

/// Shadows that were decided and are not committed: the store does not have them yet.
#[derive(Debug, Default)]
pub(crate) struct Shadows {
    fresh: HashMap<Vec<u8>, Fresh>,
}

#[derive(Debug)]
struct Fresh {
    stored: Stored,
    /// Entries of its history that wait with it.
    entries: u64,
}

/// Who asks something of a shadow.
#[derive(Debug, Clone)]
pub struct Asker {
    pub principal: Arc<str>,
    pub client: Option<Arc<str>>,
    pub source: Source,
}

/// What a request came to: the answer, and what else is published about it.
struct Outcome {
    accepted: Vec<u8>,
    stored: Option<Stored>,
    delta: Option<Vec<u8>>,
    documents: Option<Vec<u8>>,
    /// What whoever asked may not have meant.
    advice: Vec<Finding>,
    /// The request's state, of an update.
    asked: Option<String>,
}

/// Whether a request to this reserved topic is answered; if it is not, why.
pub fn check_served(topic: &str) -> Result<(), String> {
    if matches!(Reserved::parse(topic), Some(Reserved::BasicIngest { .. })) {
        return Ok(());
    }
    match Meaning::of(topic) {
        Some(Meaning::Request(_)) => Ok(()),
        Some(Meaning::BadName(_, wrong)) => Err(wrong.to_string()),
        Some(Meaning::Unknown | Meaning::Reply(..)) => {
            Err("no request to a shadow: those end in /get, /update and /delete".to_owned())
        }
        None => Err("the service behind this reserved topic is not implemented (see COMPAT.md)".to_owned()),
    }
}

impl<L: Link> Hub<L> {
    /// Everything decided so far is on disk.
    pub fn committed(&mut self) {
        self.shadows.fresh.clear();
    }

    /// The request that a message is, if it is one.
    pub(crate) fn shadow_request(&self, message: &Message) -> Option<Request> {
        if self.settings.dialect != Dialect::Aws || !message.topic.is_reserved() {
            return None;
        }
        Request::parse(&message.topic)
    }

    /// A request that was published: its replies are published, too.
    pub(crate) fn answer_shadow(
        &mut self,
        origin: Origin,
        request: &Request,
        message: &Message,
        plan: &mut Plan<L>,
    ) {
        let scope = origin.scope;
        let accepted = Reply::Accepted(request.verb);
        if request.verb == Verb::Get && !self.is_wanted(scope, &accepted.topic(&request.id)) {
            let text = format!(
                "nobody was subscribed to {} when it was answered: subscribe before you publish the request",
                accepted.topic(&request.id)
            );
            self.explain(&message.publisher, "shadow reply unheard", text, plan);
        }
        match self.decide_shadow(scope, request, &message.payload) {
            Ok(outcome) => {
                let asker = self.asker(origin, message);
                self.tell_shadow(scope, &asker, request, outcome, plan);
            }
            Err(rejection) => {
                let text = format!("{} of {}: {rejection}", request.verb.word(), describe(&request.id));
                self.explain(&message.publisher, "shadow request rejected", text, plan);
                let payload = rejection.payload(self.now_ms);
                self.publish_reply(scope, Reply::Rejected(request.verb), &request.id, payload, plan);
            }
        }
    }

    /// A request over HTTP: the caller gets the answer after the commit; what was accepted is published, too. The outer
    /// error: it could not even be decided.
    pub fn call_shadow(
        &mut self,
        now_ms: u64,
        scope: ScopeId,
        asker: &Asker,
        request: &Request,
        payload: &[u8],
        plan: &mut Plan<L>,
    ) -> Result<Result<Vec<u8>, Rejection>, &'static str> {
        self.now_ms = self.now_ms.max(now_ms);
        if self.disk_full && request.verb != Verb::Get {
            return Err(DISK_FULL);
        }
        let outcome = match self.decide_shadow(scope, request, payload) {
            Ok(outcome) => outcome,
            Err(rejection) => return Ok(Err(rejection)),
        };
        let accepted = outcome.accepted.clone();
        if request.verb != Verb::Get {
            self.tell_shadow(scope, asker, request, outcome, plan);
            self.fire_rules(plan);
        }
        Ok(Ok(accepted))
    }

    /// The latest changes of a shadow, oldest first; one that cannot be read is left out.
    pub fn shadow_history(&self, scope: ScopeId, id: &ShadowId, most: u64) -> Result<Vec<Change>, ReadError> {
        let log = self.key(scope).shadow_history(id.thing(), id.name().unwrap_or_default());
        let Some(span) = self.reader.span(&log)? else { return Ok(Vec::new()) };
        let most = most.min(HISTORY);
        let from = span.tail.saturating_sub(most).max(span.head);
        let count = usize::try_from(most).unwrap_or(usize::MAX);
        let records = self.reader.read_log(&log, from, count, HISTORY_BYTES)?;
        Ok(records.into_iter().filter_map(|(_, bytes)| Change::from_bytes(&bytes).ok()).collect())
    }

    /// The names of a thing's named shadows, in order, beginning after the name given.
    pub fn shadow_names(
        &self,
        scope: ScopeId,
        thing: &str,
        after: Option<&str>,
        most: usize,
    ) -> Result<Vec<String>, ReadError> {
        let key = self.key(scope);
        let prefix = key.shadows_of(thing);
        // Behind the classic shadow, whose name is empty.
        let mut from = Some(key.shadow(thing, after.unwrap_or_default()));
        let mut names = Vec::new();
        while names.len() < most {
            let page = self.reader.scan(&prefix, from.as_deref(), most)?;
            let Some((last, _)) = page.last() else { break };
            from = Some(last.clone());
            for (key, document) in page {
                let name = key.strip_prefix(prefix.as_slice()).map(String::from_utf8_lossy);
                let stored = self.shadows.fresh.get(&key).map(|fresh| fresh.stored.clone());
                let stored = stored.or_else(|| Stored::from_bytes(&document.value).ok());
                if let (Some(name), Some(false)) = (name, stored.map(|stored| stored.is_deleted())) {
                    names.push(name.into_owned());
                }
            }
        }
        names.truncate(most);
        Ok(names)
    }

    fn decide_shadow(
        &mut self,
        scope: ScopeId,
        request: &Request,
        payload: &[u8],
    ) -> Result<Outcome, Rejection> {
        let Request { id, verb } = request;
        let (limits, now_ms) = (Limits::default(), self.now_ms);
        let key = shadow_key(&self.key(scope), id);
        let current = self.read_shadow(&key).map_err(|_| Rejection::new(Fault::Internal, None))?;
        Ok(match verb {
            Verb::Get => {
                let got = Stored::get(current.as_ref(), id, payload, now_ms, &limits)?;
                let accepted = got.accepted;
                Outcome {
                    accepted,
                    stored: None,
                    delta: None,
                    documents: None,
                    advice: Vec::new(),
                    asked: None,
                }
            }
            Verb::Update => {
                let updated = Stored::update(current.as_ref(), payload, now_ms, &limits)?;
                let documents = Some(updated.documents);
                let (accepted, delta) = (updated.accepted, updated.delta);
                let advice = advice(current.as_ref(), &updated.stored, &limits);
                let (stored, asked) = (Some(updated.stored), Some(updated.asked));
                Outcome { accepted, stored, delta, documents, advice, asked }
            }
            Verb::Delete => {
                let deleted = Stored::delete(current.as_ref(), id, payload, now_ms, &limits)?;
                let stored = Some(deleted.stored);
                let accepted = deleted.accepted;
                Outcome { accepted, stored, delta: None, documents: None, advice: Vec::new(), asked: None }
            }
        })
    }

    fn read_shadow(&self, key: &[u8]) -> Result<Option<Stored>, String> {
        if let Some(fresh) = self.shadows.fresh.get(key) {
            return Ok(Some(fresh.stored.clone()));
        }
        let document = self.reader.get(key).map_err(|error| error.to_string())?;
        let Some(document) = document else { return Ok(None) };
        Stored::from_bytes(&document.value).map(Some).map_err(|error| error.to_string())
    }

    /// Keeps what is to be kept and publishes the replies, in AWS's order.
    fn tell_shadow(
        &mut self,
        scope: ScopeId,
        asker: &Asker,
        request: &Request,
        outcome: Outcome,
        plan: &mut Plan<L>,
    ) {
        let Outcome { accepted, stored, delta, documents, advice, asked } = outcome;
        let Request { id, verb } = request;
        for finding in advice {
            let who = asker.client.as_ref().unwrap_or(&asker.principal);
            self.explain(who, "shadow advice", format!("{}: {finding}", describe(id)), plan);
        }
        if let Some(stored) = stored {
            self.keep_shadow(scope, asker, id, stored, asked, plan);
        }
        self.publish_reply(scope, Reply::Accepted(*verb), id, accepted, plan);
        if let Some(delta) = delta {
            self.publish_reply(scope, Reply::Delta, id, delta, plan);
        }
        if let Some(documents) = documents {
            self.publish_reply(scope, Reply::Documents, id, documents, plan);
        }
    }

    fn keep_shadow(
        &mut self,
        scope: ScopeId,
        asker: &Asker,
        id: &ShadowId,
        stored: Stored,
        asked: Option<String>,
        plan: &mut Plan<L>,
    ) {
        let keys = self.key(scope);
        let (key, log) =
            (shadow_key(&keys, id), keys.shadow_history(id.thing(), id.name().unwrap_or_default()));
        let change = Change {
            version: stored.version(),
            at_ms: self.now_ms,
            principal: asker.principal.to_string(),
            client_id: asker.client.as_deref().map(str::to_owned),
            source: asker.source,
            asked,
        };
        let waiting = self.shadows.fresh.get(&key).map_or(0, |fresh| fresh.entries);
        let span = self.reader.span(&log).ok().flatten().unwrap_or(Span { head: 0, tail: 0, bytes: 0 });
        let tail = span.tail + waiting;
        plan.append(log.clone(), tail, Bytes::from(change.to_bytes()));
        if tail - span.head > HISTORY + HISTORY_SLACK {
            plan.trim(log, tail - HISTORY);
        }
        plan.put(key.clone(), stored.to_bytes());
        self.shadows.fresh.insert(key, Fresh { stored, entries: waiting + 1 });
    }

    fn asker(&self, origin: Origin, message: &Message) -> Asker {
        let session = origin.session.and_then(|id| self.sessions.get(id));
        let principal = session.map_or_else(|| "n/a".into(), |session| session.connection.principal.clone());
        Asker { principal, client: Some(message.publisher.clone()), source: Source::Mqtt }
    }

    /// Whether a subscriber or a rule waits for messages on this topic.
    pub(crate) fn is_wanted(&self, scope: ScopeId, topic: &str) -> bool {
        self.scopes.get(scope.0 as usize).is_some_and(|place| {
            place.routes.tree.any_match(topic) || place.rules.set.picture().is_wanted(topic)
        })
    }

    /// Nothing is made for nobody.
    fn publish_reply(
        &mut self,
        scope: ScopeId,
        reply: Reply,
        id: &ShadowId,
        payload: Vec<u8>,
        plan: &mut Plan<L>,
    ) {
        let topic = reply.topic(id);
        if !self.is_wanted(scope, &topic) {
            return;
        }
        let Ok(topic) = Topic::parse(&topic) else { return };
        let message = Message {
            id: self.message_id(),
            topic,
            payload: Bytes::from(payload),
            qos: QoS::AtLeastOnce,
            retain: false,
            properties: None,
            publisher: Arc::from("$aws"),
            received_ms: self.now_ms,
            expires_ms: None,
        };
        self.publish(scope, None, message, plan);
    }
}

/// What is odd since this update: what was odd before has been told.
fn advice(before: Option<&Stored>, after: &Stored, limits: &Limits) -> Vec<Finding> {
    let told = before.map(|before| lint::document(None, before, limits)).unwrap_or_default();
    let mut found = lint::document(before, after, limits);
    found.retain(|finding| !told.contains(finding));
    found
}

fn shadow_key(key: &ScopeKey, id: &ShadowId) -> Vec<u8> {
    key.shadow(id.thing(), id.name().unwrap_or_default())
}

fn describe(id: &ShadowId) -> String {
    match id.name() {
        None => format!("the shadow of {}", id.thing()),
        Some(name) => format!("shadow {name} of {}", id.thing()),
    }
}
