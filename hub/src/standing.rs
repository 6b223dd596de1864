//! Connectivity of things: kept with each coming and going, so that it can be asked for long after, and after a crash.
//! Which clients are things is the shell's to say.

use broker::presence::DisconnectReason;
use broker::session::Connection;
use broker::standing::Standing;
use broker::{ScopeId, SessionId};
use store::ReadError;

use crate::Link;
use crate::open::OpenError;
use crate::plan::Plan;
use crate::world::Hub;

impl<L: Link> Hub<L> {
    /// What is kept of the client with a thing's name.
    pub fn standing(&self, scope: ScopeId, client: &str) -> Result<Option<Standing>, ReadError> {
        let document = self.reader.get(&self.key(scope).standing(client))?;
        Ok(document.and_then(|document| Standing::decode(&document.value).ok()))
    }

    /// A thing was made or removed while a client with its name may be connected.
    pub fn thing_changed(&mut self, scope: ScopeId, client: &str, is_there: bool, plan: &mut Plan<L>) {
        if let Some(session) = self.sessions.of_client(scope, client).and_then(|id| self.sessions.get_mut(id))
        {
            let was_there = std::mem::replace(&mut session.connection.is_thing, is_there);
            if is_there && !was_there && session.link.is_some() {
                let standing = Standing::connected(&session.connection, session.expiry_s);
                self.keep_standing(scope, client, &standing, plan);
            }
        }
        if !is_there {
            plan.delete(self.key(scope).standing(client));
        }
    }

    pub(crate) fn note_connected(&self, id: SessionId, plan: &mut Plan<L>) {
        let Some(session) = self.sessions.get(id).filter(|session| session.connection.is_thing) else {
            return;
        };
        let standing = Standing::connected(&session.connection, session.expiry_s);
        self.keep_standing(session.scope, &session.client, &standing, plan);
    }

    pub(crate) fn note_ended(
        &self,
        (scope, client): (ScopeId, &str),
        connection: &Connection,
        expiry_s: u32,
        reason: DisconnectReason,
        plan: &mut Plan<L>,
    ) {
        if connection.is_thing {
            let standing = Standing::connected(connection, expiry_s).ended(reason, self.now_ms);
            self.keep_standing(scope, client, &standing, plan);
        }
    }

    /// Nobody waits for it: a process that dies leaves it to the system, and a machine that dies ends the connection
    /// anyway.
    fn keep_standing(&self, scope: ScopeId, client: &str, standing: &Standing, plan: &mut Plan<L>) {
        if !self.is_disk_full() {
            plan.put_unpromised(self.key(scope).standing(client), standing.encode());
        }
    }

    /// Who was connected when the process before ended is not any more.
    pub(crate) fn read_standings(&self, scope: ScopeId, plan: &mut Plan<L>) -> Result<(), OpenError> {
        let keys = self.key(scope);
        self.each_document(&keys.standings(), |name, document| {
            let standing = Standing::decode(&document.value)?;
            if standing.ended.is_none() {
                let ended = standing.ended(DisconnectReason::ServerError, self.now_ms);
                plan.put(keys.standing(&String::from_utf8_lossy(name)), ended.encode());
            }
            Ok(())
        })
    }
}
