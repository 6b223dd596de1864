//! The end of a connection: the will, the presence event, and whether the session lives on.

use broker::presence::{self, DisconnectReason, Parting};
use broker::session::Will;
use broker::{ScopeId, SessionId};
use message::Dialect;
use mqtt::ReasonCode;

use crate::Link;
use crate::event::{Cause, Closed};
use crate::notice::Notice;
use crate::plan::Plan;
use crate::refusal::Refusal;
use crate::world::Hub;

impl<L: Link> Hub<L> {
    pub(crate) fn closed(&mut self, closed: Closed<L>, plan: &mut Plan<L>) {
        // After a takeover the session has another link already, and the old one has been dealt with.
        let Some(session) = self.sessions.get_mut(closed.session) else { return };
        if session.link.as_ref() != Some(&closed.link) {
            session.mailbox.mark_sent(closed.sent);
            return;
        }
        self.end_connection(closed.session, &closed.cause, closed.session_expiry_s, closed.sent, plan);
    }

    /// Somebody with the right to do so ends a client's connection.
    pub(crate) fn drop_client(
        &mut self,
        scope: ScopeId,
        client: &str,
        clean_session: bool,
        cause: &Cause,
        plan: &mut Plan<L>,
    ) {
        let Some(id) = self.sessions.of_client(scope, client) else { return };
        if let Some(link) = self.sessions.get(id).and_then(|s| s.link.clone()) {
            // Pulling the cable says nothing to the client; ending the connection does.
            let code = match cause.reason {
                DisconnectReason::ConnectionLost => ReasonCode::Success,
                _ => ReasonCode::AdministrativeAction,
            };
            let refusal = Refusal::new(code, cause.reason, cause.text.as_str());
            plan.tell(Notice::Close { link, refusal });
            self.end_connection(id, cause, None, u64::MAX, plan);
        }
        if clean_session {
            self.discard(id, plan);
        }
    }

    /// `sent`: first mailbox number that never went out on it; `u64::MAX` where that is not known.
    pub(crate) fn end_connection(
        &mut self,
        id: SessionId,
        cause: &Cause,
        expiry_s: Option<u32>,
        sent: u64,
        plan: &mut Plan<L>,
    ) {
        let most_s = self.settings.session_expiry_max_s;
        let now_ms = self.now_ms;
        let Some(session) = self.sessions.get_mut(id) else { return };
        self.access.remove(&id);
        session.link = None;
        session.offline_since_ms = Some(now_ms);
        session.mailbox.mark_sent(sent);
        let had_will = session.will.is_some();
        let mut will = session.will.take().filter(|_| cause.will);
        let expiry_before_s = session.expiry_s;
        if let Some(expiry_s) = expiry_s {
            session.expiry_s = expiry_s.min(most_s);
        }
        let (scope, client, ends) = (session.scope, session.client.clone(), session.expiry_s == 0);
        let changed = had_will || session.expiry_s != expiry_before_s;
        if let Some(waiting) = will.as_mut().filter(|w| w.delay_s > 0 && !ends) {
            waiting.due_ms = Some(now_ms + u64::from(waiting.delay_s) * 1000);
            session.will = will.take();
        }
        let connection = session.connection.clone();
        let expiry_s = session.expiry_s;
        let parting =
            Parting { connection: connection.clone(), expiry_s, at_ms: now_ms, reason: cause.reason };
        self.presence.disconnected(scope, &client, parting);
        self.note_ended((scope, &client), &connection, expiry_s, cause.reason, plan);
        self.explain(&client, "disconnected", format!("{}: {}", cause.reason.as_str(), cause.text), plan);
        if ends {
            self.remove_session(id, plan);
        } else {
            self.route_session(id);
            self.set_deadline(id);
            if changed {
                self.store_session(id, plan);
            }
        }
        if let Some(will) = will {
            self.publish_will(scope, &will, plan);
        }
        if presence::has_events(&client) && self.is_heard(scope, "presence/disconnected", &client) {
            let event = presence::disconnected_event(&client, &connection, now_ms, cause.reason);
            self.presence_event(scope, "presence/disconnected", &client, event, plan);
        }
    }

    /// Ends a session that is offline. A will that waits is published: the session's end is the latest time for it.
    pub(crate) fn discard(&mut self, id: SessionId, plan: &mut Plan<L>) {
        let Some(session) = self.remove_session(id, plan) else { return };
        if let Some(will) = session.will.filter(|w| w.due_ms.is_some()) {
            self.publish_will(session.scope, &will, plan);
        }
    }

    pub(crate) fn publish_will(&mut self, scope: ScopeId, will: &Will, plan: &mut Plan<L>) {
        let message = &will.message;
        if self.explain_ignored_will(will, plan) {
            return;
        }
        let mut message = (**message).clone();
        message.received_ms = self.now_ms;
        message.expires_ms = expiry(&message, self.now_ms);
        self.publish(scope, None, message, plan);
    }

    /// A will on a reserved topic is accepted and comes to nothing, as on AWS; whether this one is such.
    pub(crate) fn explain_ignored_will(&self, will: &Will, plan: &mut Plan<L>) -> bool {
        let message = &will.message;
        let is_ignored = self.settings.dialect == Dialect::Aws && message.topic.is_reserved();
        if is_ignored {
            let text = format!(
                "the will on reserved topic {} is ignored, as on AWS: use a plain topic for the will and a rule that \
                 republishes it there (`thingstead init presence` makes one)",
                message.topic
            );
            self.explain(&message.publisher, "will ignored", text, plan);
        }
        is_ignored
    }
}

/// The absolute time for a message expiry interval counted from now.
pub(crate) fn expiry(message: &message::Message, now_ms: u64) -> Option<u64> {
    let seconds = message.properties.as_ref()?.message_expiry_s?;
    Some(now_ms + u64::from(seconds) * 1000)
}
