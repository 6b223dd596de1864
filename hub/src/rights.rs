//! What connections may do, while they are connected: policies that change, and accounts and regions that are new.

use broker::presence::DisconnectReason;
use broker::{Presence, ScopeId, SessionId, Sessions};
use mqtt::ReasonCode;
use policy::{Access, Action, Ask, Resource};

use crate::Link;
use crate::deadlines::Deadlines;
use crate::keys::ScopeKey;
use crate::notice::Notice;
use crate::plan::Plan;
use crate::refusal::Refusal;
use crate::rules::Waking;
use crate::view::{Unheard, receive};
use crate::world::{Hub, Scope};

impl<L: Link> Hub<L> {
    /// From here on every subscription of the session is judged by the new policies. One that may not be made any
    /// more stays, as on AWS: what it may receive decides.
    pub(crate) fn change_access(&mut self, link: &L, id: SessionId, access: Access) {
        if self.sessions.get(id).is_some_and(|session| session.link.as_ref() == Some(link)) {
            self.access.insert(id, access);
            self.route_session(id);
        }
    }

    pub(crate) fn review(&self, scope: ScopeId, client: &str, plan: &mut Plan<L>) {
        let session = self.sessions.of_client(scope, client).and_then(|id| self.sessions.get(id));
        if let Some(link) = session.and_then(|session| session.link.clone()) {
            plan.tell(Notice::Review { link });
        }
    }

    pub(crate) fn open_scope(&mut self, key: ScopeKey) {
        self.scopes.push(Scope::new(key, self.settings.dialect));
        self.changed = true;
    }

    /// Forgets every session and every retained message; whoever is connected is sent away. The disk is the shell's.
    pub fn reset(&mut self, plan: &mut Plan<L>) {
        const TEXT: &str = "everything was reset: connect again";
        let links = self.sessions.iter().filter_map(|session| session.link.clone());
        for link in links.collect::<Vec<_>>() {
            let (code, reason) = (ReasonCode::AdministrativeAction, DisconnectReason::ServerInitiated);
            plan.tell(Notice::Close { link, refusal: Refusal::new(code, reason, TEXT) });
        }
        let keys: Vec<ScopeKey> = self.scopes.drain(..).map(|scope| scope.key).collect();
        keys.into_iter().for_each(|key| self.open_scope(key));
        self.epoch += 1;
        self.waking = Waking::default();
        self.sessions = Sessions::default();
        self.presence = Presence::default();
        self.forget_fresh();
        self.access.clear();
        self.connects.clear();
        self.deadlines = Deadlines::default();
    }

    pub(crate) fn ask<'a>(&self, action: Action, resource: Resource<'a>) -> Ask<'a> {
        Ask { now_ms: Some(self.now_ms), ..Ask::new(action, resource) }
    }

    /// Whether the session may get a message that waited for it; its policies may have changed meanwhile.
    pub(crate) fn check_receive(&self, link: &L, id: SessionId, topic: &str) -> Result<(), Unheard<L>> {
        match self.access.get(&id) {
            Some(access) if !access.allows(&receive(topic, self.now_ms)) => {
                Err(Unheard::new(link.clone(), access.clone(), topic, self.now_ms))
            }
            _ => Ok(()),
        }
    }
}
