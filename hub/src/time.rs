//! What time brings: sessions expire, delayed wills fall due, old numbers are forgotten.

use broker::SessionId;

use crate::Link;
use crate::plan::Plan;
use crate::world::Hub;

/// Numbers of clients long gone, expired retained messages and deleted shadows are looked for this often: it takes a
/// walk over all.
const FORGET_EVERY_MS: u64 = 60_000;

impl<L: Link> Hub<L> {
    pub(crate) fn tick(&mut self, plan: &mut Plan<L>) {
        while let Some(id) = self.deadlines.take_due(self.now_ms) {
            self.fall_due(id, plan);
        }
        let now_ms = self.now_ms;
        self.shadows.forget_rates(now_ms);
        if now_ms.saturating_sub(self.forgot_ms) < FORGET_EVERY_MS {
            return;
        }
        self.forgot_ms = now_ms;
        self.presence.forget_old(now_ms);
        self.forget_retained(plan);
        self.forget_shadows(plan);
        self.forget_logs(plan);
        self.connects.retain(|_, allowance| now_ms.saturating_sub(allowance.since_ms) < 60_000);
    }

    /// Retained messages past their expiry go from memory and disk.
    fn forget_retained(&mut self, plan: &mut Plan<L>) {
        let now_ms = self.now_ms;
        for scope in &mut self.scopes {
            for message in scope.retained.take_expired(now_ms) {
                plan.delete(scope.key.retained(&message.topic));
            }
        }
    }

    fn fall_due(&mut self, id: SessionId, plan: &mut Plan<L>) {
        let now_ms = self.now_ms;
        let Some(session) = self.sessions.get_mut(id) else { return };
        let Some(since_ms) = session.offline_since_ms else { return };
        if let Some(will) = session.will.take_if(|w| w.due_ms.is_some_and(|due| due <= now_ms)) {
            let scope = session.scope;
            self.publish_will(scope, &will, plan);
            self.store_session(id, plan);
        }
        let Some(session) = self.sessions.get(id) else { return };
        if expires_ms(since_ms, session.expiry_s).is_some_and(|at| at <= now_ms) {
            let text = format!(
                "its session expired {} s after the connection ended; {} queued message(s) went with it",
                session.expiry_s,
                session.mailbox.len()
            );
            let client = session.client.clone();
            self.explain(&client, "session expired", text, plan);
            self.discard(id, plan);
            return;
        }
        self.set_deadline(id);
    }

    /// Notes when something is due for a session that is offline.
    pub(crate) fn set_deadline(&mut self, id: SessionId) {
        let Some(session) = self.sessions.get(id) else { return };
        let Some(since_ms) = session.offline_since_ms else { return };
        let will_ms = session.will.as_ref().and_then(|w| w.due_ms);
        let due_ms = match (expires_ms(since_ms, session.expiry_s), will_ms) {
            (Some(a), Some(b)) => a.min(b),
            (Some(due), None) | (None, Some(due)) => due,
            (None, None) => return,
        };
        self.deadlines.set(id, due_ms);
    }
}

/// `u32::MAX` seconds is for ever.
fn expires_ms(since_ms: u64, expiry_s: u32) -> Option<u64> {
    (expiry_s != u32::MAX).then(|| since_ms + u64::from(expiry_s) * 1000)
}
