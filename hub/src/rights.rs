//! What connections may do, while they are connected: policies that change, and accounts and regions that are new.

use std::sync::Arc;

use broker::{Retained, Routes, ScopeId, SessionId};
use policy::{Access, Action, Ask, Resource, Verdict};

use crate::Link;
use crate::keys::ScopeKey;
use crate::notice::Notice;
use crate::plan::Plan;
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
        let routes = Routes::new(self.settings.dialect);
        self.scopes.push(Scope { key, routes, retained: Retained::default() });
        self.changed = true;
    }

    pub(crate) fn ask<'a>(&self, action: Action, resource: Resource<'a>) -> Ask<'a> {
        Ask { now_ms: Some(self.now_ms), ..Ask::new(action, resource) }
    }

    /// Whether the session may get a message that waited for it; its policies may have changed meanwhile.
    pub(crate) fn may_receive(&self, id: SessionId, topic: &str) -> Result<(), Arc<Verdict>> {
        let Some(access) = self.access.get(&id) else { return Ok(()) };
        let ask = self.ask(Action::Receive, Resource::Topic(topic));
        if access.allows(&ask) { Ok(()) } else { Err(Arc::new(access.evaluate(&ask))) }
    }

    pub(crate) fn tell_unheard(&self, link: &L, verdict: Arc<Verdict>, plan: &mut Plan<L>) {
        plan.tell(Notice::Unheard(crate::view::Unheard { link: link.clone(), verdict }));
    }
}
