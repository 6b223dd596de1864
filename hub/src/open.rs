//! Recovery: the world as the store remembers it.

use std::collections::HashMap;
use std::sync::Arc;

use broker::mailbox::Mailbox;
use broker::session::{Connection, StoredError, StoredSession, Will};
use broker::{ScopeId, Session, SessionId, Subscription};
use bytes::Bytes;
use message::Message;
use rules::{Destination, Record};
use store::{Document, ReadError, Reader, Span};

use crate::Link;
use crate::keys::{ScopeKey, parts_of_released, session_of_mailbox};
use crate::plan::Plan;
use crate::settings::Settings;
use crate::world::Hub;

/// Documents read at a time.
const PAGE: usize = 4096;

/// Why the store cannot be read as a world.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the data folder cannot be read: {0}")]
    Read(#[from] ReadError),
    #[error("{0}")]
    Stored(#[from] StoredError),
    #[error("{0}")]
    Logs(#[from] ::logs::OpenError),
    #[error("a retained message cannot be read: {0}")]
    Message(String),
    #[error("rule {0} cannot be used: {1}")]
    Rule(String, String),
}

impl<L: Link> Hub<L> {
    /// Reads the world. The plan holds what recovery itself decides, e.g. wills of connections that a crash cut.
    pub fn open(
        settings: Settings,
        scopes: Vec<ScopeKey>,
        reader: Arc<dyn Reader>,
        now_ms: u64,
        plan: &mut Plan<L>,
    ) -> Result<Self, OpenError> {
        let mut hub = Hub::empty(settings, scopes, reader, now_ms);
        for index in 0..hub.scopes.len() {
            let scope = ScopeId(u32::try_from(index).unwrap_or(u32::MAX));
            hub.read_retained(scope)?;
            hub.read_sessions(scope)?;
            hub.read_subscriptions(scope)?;
            hub.read_mailboxes(scope, plan)?;
            hub.read_rules(scope)?;
            hub.read_logs(scope)?;
            hub.read_standings(scope, plan)?;
        }
        hub.settle(plan);
        Ok(hub)
    }

    pub(crate) fn each_document(
        &self,
        prefix: &[u8],
        mut each: impl FnMut(&[u8], Document) -> Result<(), OpenError>,
    ) -> Result<(), OpenError> {
        let mut after: Option<Vec<u8>> = None;
        loop {
            let page = self.reader.scan(prefix, after.as_deref(), PAGE)?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after = Some(last.clone());
            for (key, document) in page {
                each(key.strip_prefix(prefix).unwrap_or_default(), document)?;
            }
        }
    }

    fn read_retained(&mut self, scope: ScopeId) -> Result<(), OpenError> {
        let mut found = Vec::new();
        self.each_document(&self.key(scope).all_retained(), |_, document| {
            let message =
                Message::from_bytes(&document.value).map_err(|e| OpenError::Message(e.to_string()))?;
            found.push(message);
            Ok(())
        })?;
        if let Some(place) = self.scope(scope) {
            found.into_iter().for_each(|message| place.retained.set(Arc::new(message)));
        }
        Ok(())
    }

    fn read_sessions(&mut self, scope: ScopeId) -> Result<(), OpenError> {
        let mut found = Vec::new();
        self.each_document(&self.key(scope).sessions(), |name, document| {
            found.push((text(name), StoredSession::decode(&document.value)?));
            Ok(())
        })?;
        for (client, stored) in found {
            self.next_session = self.next_session.max(stored.id.0 + 1);
            let will = stored.will.and_then(|will| {
                let message = Message::from_bytes(&Bytes::from(will.message)).ok()?;
                Some(Will { message: Arc::new(message), delay_s: will.delay_s, due_ms: None })
            });
            self.sessions.insert(Session {
                id: stored.id,
                scope,
                client: client.into(),
                version: stored.version,
                persistent: true,
                expiry_s: stored.expiry_s,
                link: None,
                // The time of the crash is not known: the session's life is counted from now.
                offline_since_ms: Some(self.now_ms),
                subscriptions: Default::default(),
                will,
                mailbox: Mailbox::default(),
                held: stored.held,
                connection: Connection::default(),
            });
        }
        Ok(())
    }

    fn read_subscriptions(&mut self, scope: ScopeId) -> Result<(), OpenError> {
        let mut found: HashMap<String, Vec<Subscription>> = HashMap::new();
        self.each_document(&self.key(scope).subscriptions(), |name, document| {
            let client = name.split(|byte| *byte == 0).next().unwrap_or_default();
            found.entry(text(client)).or_default().push(Subscription::decode(&document.value)?);
            Ok(())
        })?;
        for (client, subscriptions) in found {
            let Some(id) = self.sessions.of_client(scope, &client) else { continue };
            let Some(session) = self.sessions.get_mut(id) else { continue };
            for subscription in subscriptions {
                session.subscriptions.insert(subscription.filter.as_str().to_owned(), subscription);
            }
            self.route_session(id);
        }
        Ok(())
    }

    fn read_mailboxes(&mut self, scope: ScopeId, plan: &mut Plan<L>) -> Result<(), OpenError> {
        let mut found = Vec::new();
        let reader = self.reader.clone();
        reader.logs(&self.key(scope).mailboxes(), &mut |log, span| {
            found.push((log.to_vec(), span));
        })?;
        for (log, span) in found {
            match session_of_mailbox(&log).and_then(|id| self.sessions.get_mut(id)) {
                Some(session) => session.mailbox = Mailbox::new(span.head, span.tail, span.bytes),
                None => plan.drop_log(log),
            }
        }
        let mut released = Vec::new();
        self.each_document(&self.key(scope).all_released(), |name, _| {
            released.extend(parts_of_released(name));
            Ok(())
        })?;
        for (id, seq) in released {
            if let Some(session) = self.sessions.get_mut(id) {
                session.mailbox.release(seq);
            }
        }
        Ok(())
    }

    fn read_rules(&mut self, scope: ScopeId) -> Result<(), OpenError> {
        let mut found = Vec::new();
        self.each_document(&self.key(scope).rules(), |name, document| {
            let record = Record::from_bytes(&document.value)
                .map_err(|error| OpenError::Rule(text(name), error.to_string()))?;
            found.push(record);
            Ok(())
        })?;
        let mut destinations = Vec::new();
        self.each_document(&self.key(scope).rule_destinations(), |id, document| {
            let destination = Destination::from_bytes(&document.value)
                .map_err(|error| OpenError::Rule(text(id), error.to_string()))?;
            destinations.push((destination.id.clone(), destination));
            Ok(())
        })?;
        let key = self.key(scope);
        let (jobs, letters) = (self.reader.span(&key.rule_jobs())?, self.reader.span(&key.rule_letters())?);
        let mailbox =
            |span: Option<Span>| span.map(|s| Mailbox::new(s.head, s.tail, s.bytes)).unwrap_or_default();
        let Some(place) = self.scope(scope) else { return Ok(()) };
        (place.rules.jobs, place.rules.letters) = (mailbox(jobs), mailbox(letters));
        place.rules.destinations.extend(destinations);
        for record in found {
            let name = record.name.clone();
            place.rules.set.load(record).map_err(|error| OpenError::Rule(name, error.to_string()))?;
        }
        Ok(())
    }

    /// Connections that a crash cut are over: their wills fall due, their sessions' time runs.
    fn settle(&mut self, plan: &mut Plan<L>) {
        let now_ms = self.now_ms;
        let ids: Vec<SessionId> = self.sessions.iter().map(|s| s.id).collect();
        for id in ids {
            if let Some(will) = self.sessions.get_mut(id).and_then(|s| s.will.as_mut()) {
                will.due_ms = Some(now_ms + u64::from(will.delay_s) * 1000);
            }
            self.set_deadline(id);
        }
        self.tick(plan);
        self.fire_rules(plan);
    }
}

fn text(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}
