//! Requests to shadows: the document, its replies and what they lead to are one plan. The document's algebra is the
//! crate `shadow`'s.

pub(crate) mod forgotten;
mod fresh;
mod hints;
pub(crate) mod history;
mod rate;

use std::sync::Arc;

use broker::ScopeId;
use bytes::Bytes;
use message::{Dialect, Message, QoS, Reserved, Topic};
use shadow::history::{Change, Source};
use shadow::lint::{self, Finding};
use shadow::topic::{Meaning, Reply, Request, Verb};
use shadow::{Fault, Limits, Rejection, ShadowId, Stored, Updated, Wanted, client_token_of};
use store::ReadError;

use crate::Link;
use crate::event::Origin;
use crate::plan::Plan;
use crate::publish::DISK_FULL;
use crate::world::Hub;
use fresh::Fresh;
use hints::Told;
use rate::{Admission, Rates};

/// What is known of shadows beside the store.
#[derive(Debug, Default)]
pub(crate) struct Shadows {
    /// Decided, and perhaps not in the store yet.
    fresh: Fresh,
    rates: Rates,
    told: Told,
}

impl Shadows {
    pub(crate) fn forget_rates(&mut self, now_ms: u64) {
        self.rates.forget(now_ms);
    }
}

/// Where a shadow lies in the store.
struct Place {
    key: Vec<u8>,
    log: Vec<u8>,
}

/// Who asks something of a shadow.
#[derive(Debug, Clone)]
pub struct Asker {
    pub principal: Arc<str>,
    pub client: Option<Arc<str>>,
    pub source: Source,
}

/// A request beyond the rate.
struct Surplus {
    rejection: Rejection,
    /// In this second.
    first: bool,
}

/// What a request came to: the answer, and what else is published about it.
#[derive(Default)]
struct Outcome {
    accepted: Vec<u8>,
    stored: Option<Stored>,
    delta: Option<Vec<u8>>,
    documents: Option<Vec<u8>>,
    /// What whoever asked may not have meant.
    advice: Vec<Finding>,
    /// The request's state, of an update.
    asked: Option<String>,
    /// There was no shadow before.
    is_new: bool,
    /// Whoever asked seems to have the answer in mind, and nobody is known to hear it.
    expects_answer: bool,
    /// It is known that somebody hears what was accepted.
    is_heard: bool,
}

impl Outcome {
    /// `for_caller`: what was accepted is wanted, whoever hears it.
    fn of_update(updated: Updated, wanted: Wanted, for_caller: bool, advice: Vec<Finding>) -> Outcome {
        let Updated { stored, accepted, delta, documents, asked, client_token, .. } = updated;
        let documents = wanted.documents.then_some(documents);
        let (stored, asked) = (Some(stored), Some(asked));
        let expects_answer = client_token.is_some() && !wanted.accepted;
        let is_heard = wanted.accepted && !for_caller;
        Outcome { accepted, stored, delta, documents, advice, asked, is_new: false, expects_answer, is_heard }
    }
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
    /// What is decided from now on is another group: one group is committed as a whole, in the order of their ends.
    pub fn end_group(&mut self) {
        self.shadows.fresh.end_group();
    }

    /// The oldest group that is not known to be on disk is there now.
    pub fn committed(&mut self) {
        self.shadows.fresh.committed();
    }

    /// Nothing of what was decided counts any more.
    pub(crate) fn forget_fresh(&mut self) {
        self.shadows.fresh.forget();
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
        let place = self.place(scope, &request.id);
        let who = &message.publisher;
        let (decided, is_told) = match self.check_rate(&place, request, &message.payload, who, plan) {
            Ok(()) => (self.decide_shadow(scope, &place, request, &message.payload, false), false),
            Err(Surplus { rejection, first }) => (Err(rejection), !first),
        };
        match decided {
            Ok(outcome) => {
                if outcome.expects_answer {
                    self.hint_unheard(origin, request, message, plan);
                }
                let asker = self.asker(origin, message);
                self.tell_shadow(scope, &asker, request, (place, outcome), plan);
            }
            Err(rejection) => {
                if !is_told {
                    self.explain_rejection(scope, request, message, &rejection, plan);
                }
                if let Fault::NoShadow(id) = &rejection.fault {
                    self.hint_client(scope, who, id.thing(), plan);
                }
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
        if self.is_disk_full() && request.verb != Verb::Get {
            return Err(DISK_FULL);
        }
        let place = self.place(scope, &request.id);
        let who = asker.client.as_ref().unwrap_or(&asker.principal);
        if let Err(Surplus { rejection, first }) = self.check_rate(&place, request, payload, who, plan) {
            if first {
                let text = format!("{} of {}: {rejection}", request.verb.word(), describe(&request.id));
                self.explain(who, "shadow request rejected", text, plan);
            }
            return Ok(Err(rejection));
        }
        let outcome = match self.decide_shadow(scope, &place, request, payload, true) {
            Ok(outcome) => outcome,
            Err(rejection) => return Ok(Err(rejection)),
        };
        let accepted = outcome.accepted.clone();
        if request.verb != Verb::Get {
            self.tell_shadow(scope, asker, request, (place, outcome), plan);
            self.fire_rules(plan);
        }
        Ok(Ok(accepted))
    }

    /// Whether one more request to this shadow is AWS's to serve within this second.
    fn check_rate(
        &mut self,
        place: &Place,
        request: &Request,
        payload: &[u8],
        who: &Arc<str>,
        plan: &mut Plan<L>,
    ) -> Result<(), Surplus> {
        let per_s = self.settings.shadow_requests_per_s;
        match self.shadows.rates.admit(self.settings.seed, &place.key, per_s, self.now_ms) {
            Admission::Served => Ok(()),
            Admission::Near { per_second } => {
                let finding = Finding::NearRate { per_second: u64::from(per_second) };
                let text = format!("{}: {finding}", describe(&request.id));
                self.explain(who, "shadow advice", text, plan);
                Ok(())
            }
            Admission::Refused { first } => {
                let token = client_token_of(payload, &Limits::default());
                Err(Surplus { rejection: Rejection::new(Fault::TooManyRequests { per_s }, token), first })
            }
        }
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
                let stored = self.shadows.fresh.get(&key).map(|latest| latest.stored.clone());
                let stored = stored.or_else(|| Stored::from_bytes(&document.value).ok());
                if let (Some(name), Some(false)) = (name, stored.map(|stored| stored.is_deleted())) {
                    names.push(name.into_owned());
                }
            }
        }
        names.truncate(most);
        Ok(names)
    }

    /// `for_caller`: the answer is wanted, whoever has subscribed.
    fn decide_shadow(
        &mut self,
        scope: ScopeId,
        place: &Place,
        request: &Request,
        payload: &[u8],
        for_caller: bool,
    ) -> Result<Outcome, Rejection> {
        let Request { id, verb } = request;
        let (limits, now_ms) = (Limits::default(), self.now_ms);
        let current = self.read_shadow(&place.key).map_err(|_| internal())?;
        Ok(match verb {
            Verb::Get => {
                let got = Stored::get(current.as_ref(), id, payload, now_ms, &limits)?;
                let accepted = got.accepted;
                Outcome { accepted, expects_answer: true, ..Outcome::default() }
            }
            Verb::Update => {
                let wanted = self.wanted(scope, id, for_caller);
                let updated = Stored::update_for(current.as_ref(), payload, now_ms, &limits, wanted)?;
                let advice = advice(current.as_ref(), &updated, &limits);
                let is_new = current.is_none_or(|current| current.is_deleted());
                Outcome { is_new, ..Outcome::of_update(updated, wanted, for_caller, advice) }
            }
            Verb::Delete => {
                let deleted = Stored::delete(current.as_ref(), id, payload, now_ms, &limits)?;
                let stored = Some(deleted.stored);
                let accepted = deleted.accepted;
                let expects_answer = deleted.client_token.is_some();
                Outcome { accepted, stored, expects_answer, ..Outcome::default() }
            }
        })
    }

    fn read_shadow(&self, key: &[u8]) -> Result<Option<Stored>, String> {
        if let Some(latest) = self.shadows.fresh.get(key) {
            return Ok(Some(latest.stored.clone()));
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
        (place, outcome): (Place, Outcome),
        plan: &mut Plan<L>,
    ) {
        let Outcome { accepted, stored, delta, documents, mut advice, asked, is_new, is_heard, .. } = outcome;
        let Request { id, verb } = request;
        let who = asker.client.as_ref().unwrap_or(&asker.principal);
        if let Some(stored) = stored {
            advice.extend(self.keep_shadow(asker, place, stored, asked, plan));
        }
        for finding in advice {
            self.explain(who, "shadow advice", format!("{}: {finding}", describe(id)), plan);
        }
        if is_new {
            self.hint_client(scope, who, id.thing(), plan);
        }
        // Delta and documents are there only if somebody hears them.
        let mut send = |reply: Reply, payload, is_heard| match is_heard {
            true => self.send_reply(scope, &reply.topic(id), payload, plan),
            false => self.publish_reply(scope, reply, id, payload, plan),
        };
        if !accepted.is_empty() {
            send(Reply::Accepted(*verb), accepted, is_heard);
        }
        delta.into_iter().for_each(|delta| send(Reply::Delta, delta, true));
        documents.into_iter().for_each(|documents| send(Reply::Documents, documents, true));
    }

    /// What the way it is used gives to think of.
    fn keep_shadow(
        &mut self,
        asker: &Asker,
        Place { key, log }: Place,
        stored: Stored,
        asked: Option<String>,
        plan: &mut Plan<L>,
    ) -> Vec<Finding> {
        let change = Change {
            version: stored.version(),
            at_ms: self.now_ms,
            principal: asker.principal.to_string(),
            client_id: asker.client.as_deref().map(str::to_owned),
            source: asker.source,
            asked,
            state: None,
        };
        let tail = self.shadows.fresh.get(&key).and_then(|latest| latest.tail);
        let (entry, advice) = self.enter_change(log, tail, change, &stored, plan);
        plan.put(key.clone(), stored.to_bytes());
        self.shadows.fresh.keep(key, stored, entry);
        advice
    }

    fn place(&self, scope: ScopeId, id: &ShadowId) -> Place {
        let name = id.name().unwrap_or_default();
        match self.scopes.get(scope.0 as usize) {
            Some(scope) => Place {
                key: scope.key.shadow(id.thing(), name),
                log: scope.key.shadow_history(id.thing(), name),
            },
            None => Place { key: Vec::new(), log: Vec::new() },
        }
    }

    fn wanted(&self, scope: ScopeId, id: &ShadowId, for_caller: bool) -> Wanted {
        let is_wanted = |reply: Reply| self.is_wanted(scope, &reply.topic(id));
        Wanted {
            accepted: for_caller || is_wanted(Reply::Accepted(Verb::Update)),
            delta: is_wanted(Reply::Delta),
            documents: is_wanted(Reply::Documents),
        }
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
        if self.is_wanted(scope, &topic) {
            self.send_reply(scope, &topic, payload, plan);
        }
    }

    fn send_reply(&mut self, scope: ScopeId, topic: &str, payload: Vec<u8>, plan: &mut Plan<L>) {
        let Ok(topic) = Topic::parse(topic) else { return };
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
fn advice(before: Option<&Stored>, updated: &Updated, limits: &Limits) -> Vec<Finding> {
    let mut found = lint::document(before, &updated.stored, updated.state_bytes, limits);
    if let Some(before) = before.filter(|_| !found.is_empty()) {
        let told = lint::document(None, before, before.document_bytes(), limits);
        found.retain(|finding| !told.contains(finding));
    }
    found
}

fn internal() -> Rejection {
    Rejection::new(Fault::Internal, None)
}

fn describe(id: &ShadowId) -> String {
    match id.name() {
        None => format!("the shadow of {}", id.thing()),
        Some(name) => format!("shadow {name} of {}", id.thing()),
    }
}
