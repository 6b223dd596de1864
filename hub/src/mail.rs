//! Mailboxes: storing what the publish lane sends, and giving a connection its backlog page by page.

use std::sync::Arc;

use broker::{Record, SessionId};
use message::{Dialect, QoS};
use mqtt::ReasonCode;

use crate::Link;
use crate::event::Store;
use crate::notice::{Notice, Parcel};
use crate::plan::Plan;
use crate::publish::DISK_FULL;
use crate::world::Hub;

/// Bytes of backlog handed to a connection at a time.
const PAGE_BYTES: usize = 256 * 1024;
/// Messages of backlog handed to a connection at a time.
const PAGE_MESSAGES: usize = 1000;

impl<L: Link> Hub<L> {
    pub(crate) fn store(&mut self, store: Store<L>, plan: &mut Plan<L>) {
        let Store { message, receivers, fired, answer } = store;
        let needs_disk =
            || fired.as_ref().is_some_and(|fired| fired.outcomes.iter().any(|(rule, _)| rule.needs_disk()));
        if self.is_disk_full() && (!receivers.is_empty() || answer.is_some() && needs_disk()) {
            self.explain(&message.publisher, "publish refused", DISK_FULL, plan);
            self.answer(answer, ReasonCode::QuotaExceeded, Some(DISK_FULL), plan);
            return;
        }
        self.put_in_mailboxes(&message, receivers, plan);
        if let Some(fired) = fired {
            self.settle_fired(*fired, plan);
        }
        self.answer(answer, ReasonCode::Success, None, plan);
    }

    pub(crate) fn taken(&mut self, id: SessionId, seqs: &[u64], plan: &mut Plan<L>) {
        let Some(session) = self.sessions.get_mut(id) else { return };
        let mut moved = false;
        for seq in seqs {
            moved |= session.mailbox.take(*seq);
        }
        let released = session.mailbox.forget_released();
        let (scope, head) = (session.scope, session.mailbox.head());
        let key = self.key(scope);
        for seq in released {
            plan.delete(key.released(id, seq));
        }
        if moved {
            plan.trim(key.mailbox(id), head);
        }
    }

    /// QoS 2: PUBREL goes out only once it is on disk that the client has the message.
    pub(crate) fn received(&mut self, link: L, id: SessionId, seq: u64, plan: &mut Plan<L>) {
        let Some(session) = self.sessions.get_mut(id) else { return };
        let scope = session.scope;
        if session.mailbox.release(seq) {
            plan.put(self.key(scope).released(id, seq), vec![1]);
        }
        plan.tell(Notice::Release { link, seq });
    }

    pub(crate) fn released(&mut self, id: SessionId, packet_id: u16, plan: &mut Plan<L>) {
        let Some(session) = self.sessions.get_mut(id) else { return };
        if session.held.remove(&packet_id) {
            self.store_session(id, plan);
        }
    }

    pub(crate) fn fetch(&mut self, link: L, id: SessionId, from: u64, most: usize, plan: &mut Plan<L>) {
        let Some(session) = self.sessions.get(id) else { return };
        if session.link.as_ref() != Some(&link) {
            return;
        }
        let log = self.key(session.scope).mailbox(id);
        let from = from.max(session.mailbox.head());
        let client = session.client.clone();
        // Asked before the records are read: a group may be committed in between.
        let tail = session.mailbox.tail();
        let is_committed = self.is_committed(&log, tail);
        let records = match self.reader.read_log(&log, from, most.clamp(1, PAGE_MESSAGES), PAGE_BYTES) {
            Ok(records) => records,
            Err(error) => {
                let text = format!("the mailbox cannot be read: {error}");
                self.explain(&client, "mailbox unreadable", text, plan);
                return;
            }
        };
        let Some(session) = self.sessions.get(id) else { return };
        let mut next = from;
        // AWS never sets DUP.
        let sets_dup = self.settings.dialect == Dialect::Standard;
        let mut parcels = Vec::with_capacity(records.len());
        let mut gone = Vec::new();
        let mut unheard = Vec::new();
        for (seq, bytes) in records {
            next = seq + 1;
            if session.mailbox.is_taken(seq) {
                continue;
            }
            match Record::decode(&bytes) {
                Ok(record) if record.message.is_expired(self.now_ms) && !is_begun(session, seq, &record) => {
                    gone.push(seq);
                }
                Ok(record) if !is_begun(session, seq, &record) => {
                    match self.check_receive(&link, id, &record.message.topic) {
                        Ok(()) => parcels.push(parcel(session, seq, record, sets_dup)),
                        Err(denied) => {
                            unheard.push(denied);
                            gone.push(seq);
                        }
                    }
                }
                Ok(record) => parcels.push(parcel(session, seq, record, sets_dup)),
                Err(error) => {
                    self.explain(&client, "message unreadable", format!("message {seq}: {error}"), plan);
                    gone.push(seq);
                }
            }
        }
        if next == from && from < tail && is_committed {
            let text = format!("messages {from} to {} of the mailbox are missing", tail - 1);
            self.explain(&client, "mailbox unreadable", text, plan);
            gone.extend(from..tail);
            next = tail;
        }
        unheard.into_iter().for_each(|unheard| plan.tell(Notice::Unheard(unheard)));
        plan.tell(Notice::Page { link, parcels, next, tail });
        self.taken(id, &gone, plan);
    }

    /// Whether the log holds everything up to `tail`, so that waiting for a commit would be in vain. A log that is not
    /// there begins with a message that is still on its way.
    fn is_committed(&self, log: &[u8], tail: u64) -> bool {
        match self.reader.span(log) {
            Ok(Some(span)) => span.tail >= tail,
            Ok(None) => false,
            Err(_) => true,
        }
    }
}

/// A QoS 2 handshake that may have begun goes on after the message's time: the client remembers its packet id.
fn is_begun<L>(session: &broker::Session<L>, seq: u64, record: &Record) -> bool {
    record.qos == QoS::ExactlyOnce && (seq < session.mailbox.sent() || session.mailbox.is_released(seq))
}

fn parcel<L>(session: &broker::Session<L>, seq: u64, record: Record, sets_dup: bool) -> Parcel {
    Parcel {
        seq,
        message: Arc::new(record.message),
        qos: record.qos,
        retain: record.retain,
        subscription_ids: record.subscription_ids,
        dup: sets_dup && seq < session.mailbox.sent(),
        released: record.qos == QoS::ExactlyOnce && session.mailbox.is_released(seq),
    }
}
