//! Publishing on the change lane: retained messages, wills, events of the house, QoS 2.

use std::sync::Arc;

use broker::record;
use broker::{ScopeId, SessionId};
use bytes::Bytes;
use message::{Dialect, Message, QoS, Reserved, Topic};
use mqtt::ReasonCode;
use shadow::topic::Verb;

use crate::Link;
use crate::event::{Answer, Origin, StoreFor};
use crate::keys::fits;
use crate::notice::{Deliver, Notice};
use crate::plan::Plan;
use crate::view::Route;
use crate::world::Hub;

pub(crate) const DISK_FULL: &str = "the disk is full: this message needs it (a persistent subscriber, RETAIN, a shadow or a rule) and was refused; free some space";

impl<L: Link> Hub<L> {
    pub(crate) fn publish_event(
        &mut self,
        origin: Origin,
        message: Message,
        answer: Option<Answer<L>>,
        plan: &mut Plan<L>,
    ) {
        if self.is_disk_full() && self.needs_disk(origin, &message) {
            self.explain(&message.publisher, "publish refused", DISK_FULL, plan);
            self.answer(answer, ReasonCode::QuotaExceeded, Some(DISK_FULL), plan);
            return;
        }
        if let (Some(session), Some(answer), QoS::ExactlyOnce) = (origin.session, &answer, message.qos)
            && let Some(session) = self.sessions.get_mut(session)
        {
            let is_new = session.held.insert(answer.packet_id);
            let id = session.id;
            if !is_new {
                // It was on its way from the connection before when the client sent it again on the next one.
                self.answer(Some(answer.clone()), ReasonCode::Success, None, plan);
                return;
            }
            self.store_session(id, plan);
        }
        self.publish_and_serve(origin, message, plan);
        self.answer(answer, ReasonCode::Success, None, plan);
    }

    /// A message that asks something of a service of the house is published like any other, and answered.
    pub(crate) fn publish_and_serve(&mut self, origin: Origin, message: Message, plan: &mut Plan<L>) {
        match self.shadow_request(&message) {
            None => self.publish(origin.scope, origin.session, message, plan),
            Some(request) => {
                self.publish(origin.scope, origin.session, message.clone(), plan);
                self.answer_shadow(origin, &request, &message, plan);
            }
        }
    }

    /// A publish that is not a client's: the caller hears whether it could be taken.
    pub fn publish_for(
        &mut self,
        now_ms: u64,
        origin: Origin,
        message: Message,
        plan: &mut Plan<L>,
    ) -> Result<(), &'static str> {
        self.now_ms = self.now_ms.max(now_ms);
        if self.is_disk_full() && self.needs_disk(origin, &message) {
            return Err(DISK_FULL);
        }
        self.publish_and_serve(origin, message, plan);
        self.fire_rules(plan);
        Ok(())
    }

    /// Sends a message to one client, whatever it has subscribed to. False: it is not connected.
    pub fn send_to(&mut self, scope: ScopeId, client: &str, message: Message, plan: &mut Plan<L>) -> bool {
        let session = self.sessions.of_client(scope, client).and_then(|id| self.sessions.get(id));
        let Some(link) = session.and_then(|session| session.link.clone()) else { return false };
        let (qos, message) = (message.qos, Arc::new(message));
        let retain = message.retain;
        plan.tell(Notice::Deliver(Deliver {
            link,
            message,
            qos,
            retain,
            subscription_ids: vec![],
            seq: None,
        }));
        true
    }

    /// Clearing a retained message frees room, so that is let through.
    pub(crate) fn needs_disk(&self, origin: Origin, message: &Message) -> bool {
        let persistent = |id| self.sessions.get(id).is_some_and(|s| s.persistent);
        let now_ms = self.now_ms;
        let stored =
            |scope: &crate::world::Scope<L>| Route::of(&scope.routes.tree, &message.topic, now_ms).stores;
        message.retain && !message.payload.is_empty()
            || self.shadow_request(message).is_some_and(|request| request.verb != Verb::Get)
            || message.qos == QoS::ExactlyOnce && origin.session.is_some_and(persistent)
            || message.qos > QoS::AtMostOnce && self.scopes.get(origin.scope.0 as usize).is_some_and(stored)
            || message.qos > QoS::AtMostOnce && self.wakes_work(origin.scope, &message.topic)
    }

    pub(crate) fn answer(
        &self,
        answer: Option<Answer<L>>,
        reason: ReasonCode,
        text: Option<&str>,
        plan: &mut Plan<L>,
    ) {
        if let Some(Answer { link, packet_id, qos }) = answer {
            plan.tell(Notice::Answer { link, packet_id, qos, reason, text: text.map(str::to_owned) });
        }
    }

    /// Publishes a message: keeps it if it is retained, and sends it to everybody who gets it now.
    pub(crate) fn publish(
        &mut self,
        scope: ScopeId,
        publisher: Option<SessionId>,
        message: Message,
        plan: &mut Plan<L>,
    ) {
        let message = Arc::new(message);
        if message.retain && !message.topic.is_reserved() {
            self.retain(scope, &message, plan);
        }
        let Some(place) = self.scopes.get(scope.0 as usize) else { return };
        // Basic Ingest is for one rule, and for nobody else.
        let is_ingest = self.settings.dialect == Dialect::Aws
            && matches!(Reserved::parse(&message.topic), Some(Reserved::BasicIngest { .. }));
        let route = match is_ingest {
            true => Route::empty(),
            false => Route::of(&place.routes.tree, &message.topic, self.now_ms),
        };
        route.unheard.iter().cloned().for_each(|unheard| plan.tell(Notice::Unheard(unheard)));
        let mut stores = Vec::new();
        route.for_each(publisher, message.id, message.qos, |reach| {
            let qos = reach.granted(message.qos);
            let retain = reach.retain(message.retain);
            let subscription_ids = reach.subscription_ids.clone();
            if reach.stores(message.qos) {
                stores.push(StoreFor { session: reach.session, qos, retain, subscription_ids });
            } else if let Some(link) = &reach.link {
                let (link, message) = (link.clone(), message.clone());
                plan.tell(Notice::Deliver(Deliver {
                    link,
                    message,
                    qos,
                    retain,
                    subscription_ids,
                    seq: None,
                }));
            }
        });
        self.put_in_mailboxes(&message, stores, plan);
        self.wake_rules(scope, publisher, &message);
    }

    fn retain(&mut self, scope: ScopeId, message: &Arc<Message>, plan: &mut Plan<L>) {
        let disk_full = self.is_disk_full();
        let key = self.key(scope);
        let Some(place) = self.scope(scope) else { return };
        if message.payload.is_empty() {
            if place.retained.remove(&message.topic).is_some() {
                plan.delete(key.retained(&message.topic));
            }
        } else if disk_full
            || !fits(&key.retained(&message.topic))
            || !place.retained.has_room_for(&message.topic)
        {
            let text = format!(
                "the message on {} was delivered but not retained: {}",
                message.topic,
                if disk_full {
                    "the disk is full".to_owned()
                } else if !fits(&key.retained(&message.topic)) {
                    "its topic is too long for a key of the store".to_owned()
                } else {
                    format!("{} topics are retained, the limit", broker::limits::RETAINED_MESSAGES)
                }
            );
            self.explain(&message.publisher, "not retained", text, plan);
        } else {
            place.retained.set(message.clone());
            plan.put(key.retained(&message.topic), message.to_bytes());
        }
    }

    /// Puts a message into mailboxes and offers it to those of them that are connected.
    pub(crate) fn put_in_mailboxes(
        &mut self,
        message: &Arc<Message>,
        receivers: Vec<StoreFor>,
        plan: &mut Plan<L>,
    ) {
        if receivers.is_empty() {
            return;
        }
        let bytes = message.to_bytes();
        for receiver in receivers {
            self.put_in_mailbox(message, &bytes, receiver, plan);
        }
    }

    fn put_in_mailbox(
        &mut self,
        message: &Arc<Message>,
        bytes: &[u8],
        receiver: StoreFor,
        plan: &mut Plan<L>,
    ) {
        let StoreFor { session, qos, retain, subscription_ids } = receiver;
        let disk_full = self.is_disk_full();
        let Some(session) = self.sessions.get_mut(session) else { return };
        let client = session.client.clone();
        if disk_full {
            self.explain(&client, "message dropped", DISK_FULL, plan);
            return;
        }
        let seq = match session.mailbox.admit(bytes.len() as u64) {
            Ok(seq) => seq,
            Err(overflow) => {
                let text = format!("message on {} was dropped: {overflow}", message.topic);
                self.explain(&client, "message dropped", text, plan);
                return;
            }
        };
        let (id, scope, link) = (session.id, session.scope, session.link.clone());
        let record = record::encode(qos, retain, &subscription_ids, bytes);
        plan.append(self.key(scope).mailbox(id), seq, record);
        if let Some(link) = link {
            let message = message.clone();
            plan.tell(Notice::Deliver(Deliver {
                link,
                message,
                qos,
                retain,
                subscription_ids,
                seq: Some(seq),
            }));
        }
    }

    /// Events are frequent, listening to them rare: they are written only for somebody.
    pub(crate) fn is_heard(&self, scope: ScopeId, kind: &str, client: &str) -> bool {
        let topic = format!("$aws/events/{kind}/{client}");
        self.is_wanted(scope, &topic)
    }

    /// Publishes an event of the house under `$aws/events/`.
    pub(crate) fn presence_event(
        &mut self,
        scope: ScopeId,
        kind: &str,
        client: &str,
        payload: Vec<u8>,
        plan: &mut Plan<L>,
    ) {
        let Ok(topic) = Topic::parse(&format!("$aws/events/{kind}/{client}")) else { return };
        let message = Message {
            id: self.message_id(),
            topic,
            payload: Bytes::from(payload),
            qos: QoS::AtLeastOnce,
            retain: false,
            properties: None,
            publisher: "$aws".into(),
            received_ms: self.now_ms,
            expires_ms: None,
        };
        self.publish(scope, None, message, plan);
    }
}
