//! The change lane's world and its door: events are decided here, one after the other.

use std::collections::HashMap;
use std::sync::Arc;

use ::logs::Logs;
use broker::presence::Parting;
use broker::session::Will;
use broker::{Presence, Retained, Routes, ScopeId, Session, SessionId, Sessions, Subscriber};
use message::Dialect;
use policy::Access;
use store::{Need, Reader};

use crate::Link;
use crate::deadlines::Deadlines;
use crate::event::Event;
use crate::keys::ScopeKey;
use crate::notice::Notice;
use crate::plan::Plan;
use crate::refusal::Refusal;
use crate::rules::{Rulebook, Waking};
use crate::settings::Settings;
use crate::shadows::Shadows;
use crate::shadows::forgotten::Walk;
use crate::view::View;

/// Everything the one writer knows.
pub struct Hub<L> {
    pub(crate) settings: Settings,
    pub(crate) reader: Arc<dyn Reader>,
    pub(crate) scopes: Vec<Scope<L>>,
    pub(crate) sessions: Sessions<L>,
    pub(crate) presence: Presence,
    pub(crate) shadows: Shadows,
    pub(crate) walk: Walk,
    pub(crate) waking: Waking,
    /// What each live connection may do.
    pub(crate) access: HashMap<SessionId, Access>,
    pub(crate) connects: HashMap<(ScopeId, Arc<str>), Allowance>,
    /// Offline sessions that have something due.
    pub(crate) deadlines: Deadlines,
    pub(crate) next_session: u64,
    pub(crate) next_message: u64,
    pub(crate) now_ms: u64,
    pub(crate) forgot_ms: u64,
    pub(crate) disk: Need,
    generation: u64,
    /// Grows with each reset: numbers begin anew.
    pub(crate) epoch: u64,
    pub(crate) changed: bool,
}

/// What belongs to one account and region.
pub(crate) struct Scope<L> {
    pub(crate) key: ScopeKey,
    pub(crate) routes: Routes<L>,
    pub(crate) retained: Retained,
    pub(crate) rules: Rulebook,
    /// None: nobody has asked for them yet.
    pub(crate) logs: Option<Logs>,
}

impl<L: Clone> Scope<L> {
    pub(crate) fn new(key: ScopeKey, dialect: Dialect) -> Self {
        let rules = Rulebook::new(&key, dialect);
        Scope { key, routes: Routes::new(dialect), retained: Retained::default(), rules, logs: None }
    }
}

/// CONNECTs a client id may still send.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowance {
    pub(crate) left: u32,
    pub(crate) since_ms: u64,
}

/// Ids of messages that the hub itself makes; the publish lane's stay below.
const FIRST_OWN_MESSAGE: u64 = 1 << 62;

impl<L: Link> Hub<L> {
    pub(crate) fn empty(
        settings: Settings,
        scopes: Vec<ScopeKey>,
        reader: Arc<dyn Reader>,
        now_ms: u64,
    ) -> Self {
        let dialect = settings.dialect;
        let scope = |key| Scope::new(key, dialect);
        Hub {
            settings,
            reader,
            scopes: scopes.into_iter().map(scope).collect(),
            sessions: Sessions::default(),
            presence: Presence::default(),
            shadows: Shadows::default(),
            walk: Walk::default(),
            waking: Waking::default(),
            access: HashMap::new(),
            connects: HashMap::new(),
            deadlines: Deadlines::default(),
            next_session: 1,
            next_message: FIRST_OWN_MESSAGE,
            now_ms,
            forgot_ms: now_ms,
            disk: Need::Room,
            generation: 0,
            epoch: 0,
            changed: true,
        }
    }

    /// Decides one event. Nothing is told and nothing is on disk until the shell has committed the plan.
    pub fn decide(&mut self, now_ms: u64, event: Event<L>, plan: &mut Plan<L>) {
        self.now_ms = self.now_ms.max(now_ms);
        match event {
            Event::Connect(request) => self.connect(*request, plan),
            Event::Closed(closed) => self.closed(closed, plan),
            Event::Subscribe { link, session, packet } => self.subscribe(&link, session, packet, plan),
            Event::Unsubscribe { link, session, packet } => self.unsubscribe(&link, session, &packet, plan),
            Event::Publish { origin, message, answer } => self.publish_event(origin, message, answer, plan),
            Event::Store(store) => self.store(store, plan),
            Event::Taken { session, seqs } => self.taken(session, &seqs, plan),
            Event::Received { link, session, seq } => self.received(link, session, seq, plan),
            Event::Released { session, packet_id } => self.released(session, packet_id, plan),
            Event::Fetch { link, session, from, most } => self.fetch(link, session, from, most, plan),
            Event::Drop { scope, client, clean_session, cause } => {
                self.drop_client(scope, &client, clean_session, &cause, plan);
            }
            Event::Access { link, session, access } => self.change_access(&link, session, access),
            Event::Review { scope, client } => self.review(scope, &client, plan),
            Event::Scope(key) => self.open_scope(key),
            Event::Tick => self.tick(plan),
            Event::Disk(takes) => self.disk = takes,
            Event::RuleRoles { scope, roles } => self.set_rule_roles(scope, roles),
            Event::Worked(worked) => self.worked(*worked, plan),
            Event::Unread { epoch, scope, seq, reason } => {
                self.set_work_aside(epoch, (scope, seq), &reason, plan);
            }
        }
        self.fire_rules(plan);
    }

    /// The next picture for the publish lane, if subscriptions have changed since the last one.
    pub fn next_view(&mut self) -> Option<View<L>> {
        if !std::mem::take(&mut self.changed) {
            return None;
        }
        self.generation += 1;
        Some(View {
            generation: self.generation,
            trees: self.scopes.iter().map(|s| s.routes.tree.clone()).collect(),
            rules: self.scopes.iter().map(|s| s.rules.set.picture().clone()).collect(),
        })
    }

    /// When the next [`Event::Tick`] has something to do.
    pub fn next_deadline_ms(&self) -> Option<u64> {
        self.deadlines.first_ms()
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    pub fn sessions(&self) -> &Sessions<L> {
        &self.sessions
    }

    pub fn retained(&self, scope: ScopeId) -> Option<&Retained> {
        self.scopes.get(scope.0 as usize).map(|s| &s.retained)
    }

    /// How the client's last connection ended, if it is not connected now and that was not long ago.
    pub fn parting(&self, scope: ScopeId, client: &str) -> Option<&Parting> {
        self.presence.parting(scope, client, self.now_ms)
    }

    /// Grows with each reset.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The most that the disk takes.
    pub fn disk(&self) -> Need {
        self.disk
    }

    /// Whether the disk takes what needs so much.
    pub fn has_room(&self, need: Need) -> bool {
        need <= self.disk
    }

    pub fn is_disk_full(&self) -> bool {
        !self.has_room(Need::Room)
    }

    pub(crate) fn scope(&mut self, id: ScopeId) -> Option<&mut Scope<L>> {
        self.scopes.get_mut(id.0 as usize)
    }

    pub(crate) fn key(&self, id: ScopeId) -> ScopeKey {
        self.scopes.get(id.0 as usize).map_or_else(|| ScopeKey(String::new()), |s| s.key.clone())
    }

    pub(crate) fn explain(
        &self,
        client: &Arc<str>,
        what: &'static str,
        text: impl Into<String>,
        plan: &mut Plan<L>,
    ) {
        let (client, text) = (client.clone(), text.into());
        plan.tell(Notice::Explain { client, what, text, scope: None, verdict: None });
    }

    /// Says what a client was refused, with the verdict if its policies are the reason.
    pub(crate) fn explain_refusal(
        &self,
        (scope, client): (ScopeId, &Arc<str>),
        what: &'static str,
        refusal: &Refusal,
        plan: &mut Plan<L>,
    ) {
        let (client, text, verdict) = (client.clone(), refusal.text.clone(), refusal.verdict.clone());
        plan.tell(Notice::Explain { client, what, text, scope: Some(scope), verdict });
    }

    /// Enters every subscription of a session into the routes, with the link it has now.
    pub(crate) fn route_session(&mut self, id: SessionId) {
        let Some(session) = self.sessions.get(id) else { return };
        let Some(scope) = self.scopes.get_mut(session.scope.0 as usize) else { return };
        let access = self.access.get(&id).cloned().unwrap_or(Access::everything());
        for subscription in session.subscriptions.values() {
            scope.routes.insert(&subscription.filter, subscriber(session, subscription, &access));
        }
        self.changed |= !session.subscriptions.is_empty();
    }

    /// Enters one subscription into the routes.
    pub(crate) fn route_subscription(&mut self, id: SessionId, filter: &str) {
        let Some(session) = self.sessions.get(id) else { return };
        let Some(scope) = self.scopes.get_mut(session.scope.0 as usize) else { return };
        if let Some(subscription) = session.subscriptions.get(filter) {
            let access = self.access.get(&id).cloned().unwrap_or(Access::everything());
            scope.routes.insert(&subscription.filter, subscriber(session, subscription, &access));
            self.changed = true;
        }
    }

    pub(crate) fn unroute(&mut self, scope: ScopeId, filter: &message::Filter, id: SessionId) {
        if let Some(scope) = self.scope(scope) {
            scope.routes.remove(filter, id);
            self.changed = true;
        }
    }

    /// Ends a session: subscriptions, mailbox and what the disk holds of it.
    pub(crate) fn remove_session(&mut self, id: SessionId, plan: &mut Plan<L>) -> Option<Session<L>> {
        let session = self.sessions.remove(id)?;
        self.deadlines.clear(id);
        self.access.remove(&id);
        let key = self.key(session.scope);
        for subscription in session.subscriptions.values() {
            self.unroute(session.scope, &subscription.filter, id);
            if session.persistent {
                plan.delete(key.subscription(&session.client, subscription.filter.as_str()));
            }
        }
        if session.persistent {
            plan.delete(key.session(&session.client));
            plan.drop_log(key.mailbox(id));
            for seq in session.mailbox.all_released() {
                plan.delete(key.released(id, seq));
            }
        }
        Some(session)
    }

    pub(crate) fn store_session(&self, id: SessionId, plan: &mut Plan<L>) {
        let Some(session) = self.sessions.get(id).filter(|s| s.persistent) else { return };
        let stored = broker::session::StoredSession {
            id,
            version: session.version,
            expiry_s: session.expiry_s,
            will: session.will.as_ref().map(stored_will),
            held: session.held.clone(),
        };
        plan.put(self.key(session.scope).session(&session.client), stored.encode());
    }

    pub(crate) fn message_id(&mut self) -> u64 {
        self.next_message += 1;
        self.next_message
    }
}

fn stored_will(will: &Will) -> broker::session::StoredWill {
    broker::session::StoredWill { message: will.message.to_bytes(), delay_s: will.delay_s }
}

fn subscriber<L: Clone>(
    session: &Session<L>,
    subscription: &broker::Subscription,
    access: &Access,
) -> Subscriber<L> {
    Subscriber {
        session: session.id,
        link: session.link.clone(),
        qos: subscription.qos,
        no_local: subscription.no_local,
        retain_as_published: subscription.retain_as_published,
        persistent: session.persistent,
        subscription_id: subscription.subscription_id,
        access: access.clone(),
    }
}
