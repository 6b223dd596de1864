//! PUBLISH on the publish lane: decided and delivered on this thread, or handed to the writer.

use std::sync::Arc;

use hub::event::{Answer, Fired, Origin, Store, StoreFor};
use hub::trace::What;
use hub::{Event, Outcome, Refusal, Route, Settings, Step};
use message::limits::check_properties;
use message::{Dialect, Message, QoS, Topic};
use mqtt::{Fanout, Publish, ReasonCode, Version};
use policy::{Action, Ask, Resource, Verdict};

use super::fire::ingests;
use super::{Core, Flow};
use crate::link::{Dirty, Link, Sent};
use crate::metrics::Metrics;
use crate::tell::tell_unheard;

/// Counts of one batch and the quotas of one connection.
#[derive(Debug, Default)]
pub(super) struct Meter {
    received: u64,
    delivered: u64,
    dropped: u64,
    /// The window was moved by an acknowledgement.
    pub(super) acked: bool,
    second: u64,
    publishes: u32,
    explained_second: u64,
    /// Bytes beyond the quota that have to be waited for.
    owed_bytes: u64,
    paid_until_ms: u64,
}

impl Meter {
    pub(super) fn flush(&mut self, metrics: &Metrics) {
        metrics.messages_received.add(std::mem::take(&mut self.received));
        metrics.messages_delivered.add(std::mem::take(&mut self.delivered));
        metrics.messages_dropped.add(std::mem::take(&mut self.dropped));
    }

    /// Whether one more publish fits in this second.
    fn admits(&mut self, settings: &Settings, now_ms: u64) -> bool {
        if settings.publishes_per_s == 0 {
            return true;
        }
        let second = now_ms / 1000;
        if second != self.second {
            self.second = second;
            self.publishes = 0;
        }
        self.publishes += 1;
        self.publishes <= settings.publishes_per_s
    }

    fn explains(&mut self) -> bool {
        let first = self.explained_second != self.second + 1;
        self.explained_second = self.second + 1;
        first
    }

    /// Bytes above the quota delay the next read.
    pub(super) fn pause(&mut self, settings: &Settings, bytes: usize, now_ms: u64) -> Flow {
        let rate = u64::from(settings.bytes_per_s);
        if rate == 0 {
            return Flow::Read;
        }
        let earned = now_ms.saturating_sub(self.paid_until_ms).saturating_mul(rate) / 1000;
        self.paid_until_ms = now_ms;
        self.owed_bytes = self.owed_bytes.saturating_sub(earned) + bytes as u64;
        if self.owed_bytes <= rate {
            return Flow::Read;
        }
        Flow::AwaitTime(now_ms + (self.owed_bytes - rate) * 1000 / rate + 1)
    }
}

impl Core {
    pub(super) fn on_publish(
        &mut self,
        publish: &Publish<'_>,
        duplicate_of_held: bool,
        now_ms: u64,
        dirty: &mut Dirty,
    ) -> Result<(), Refusal> {
        self.meter.received += 1;
        self.check_publish(publish)?;
        if duplicate_of_held {
            self.acknowledge(publish.packet_id, QoS::ExactlyOnce, ReasonCode::Success, None, dirty);
            return Ok(());
        }
        if !self.meter.admits(&self.shared.settings, now_ms) {
            self.discard_surplus(publish);
            return Ok(());
        }
        let dialect = self.shared.settings.dialect;
        // Asked before the view is loaded, so that the view holds what has been told.
        let current = self.shared.desk.has_told(self.change);
        let view = self.shared.view.load();
        let clock = &self.shared.clock;
        let now = || clock.wall_ms();
        let entry = self.lane.decide(&view, dialect, self.scope, &self.access, publish.topic, now);
        let Some(entry) = entry else {
            let text = format!("\"{}\" is no topic name", publish.topic);
            return Err(Refusal::client_error(ReasonCode::TopicNameInvalid, text));
        };
        let (topic, route) = (entry.topic.clone(), entry.route.clone());
        let outcome = entry.outcome.clone();
        for unheard in self.lane.take_unheard() {
            tell_unheard(&self.shared, &unheard);
        }
        match outcome {
            Outcome::Allowed if !publish.retain && publish.qos < QoS::ExactlyOnce && current => {
                self.deliver(publish, &topic, &route, now_ms, dirty);
                Ok(())
            }
            Outcome::Allowed => {
                self.check_retain(&topic, publish.retain)?;
                self.hand_over(publish, topic);
                Ok(())
            }
            Outcome::Reserved if ingests(&topic) && !publish.retain => {
                self.ingest(publish, &topic, &route, now_ms, dirty);
                Ok(())
            }
            Outcome::Reserved => {
                match hub::check_served(&topic) {
                    Ok(()) => self.hand_over(publish, topic),
                    Err(why) => self.not_served(publish, &why, dirty),
                }
                Ok(())
            }
            Outcome::Denied(verdict) => self.deny(publish, verdict, dirty),
            Outcome::TooLong(limit) => {
                Err(Refusal::client_error(ReasonCode::TopicNameInvalid, limit.to_string()))
            }
            Outcome::NotForClients => Err(Refusal::client_error(
                ReasonCode::TopicNameInvalid,
                format!(
                    "{topic} is a reserved topic that clients cannot publish to: choose one that does not start with $"
                ),
            )),
        }
    }

    /// No service stands behind the topic yet: nothing happens, and it is not acknowledged as if something had.
    fn not_served(&mut self, publish: &Publish<'_>, why: &str, dirty: &mut Dirty) {
        let text = format!("{}: {why}; the message went nowhere", publish.topic);
        self.meter.dropped += 1;
        self.shared.explain(&self.client, "publish not served", &text);
        let code = ReasonCode::ImplementationSpecific;
        self.shared.trouble(&self.who(), "publish not served", &Refusal::client_error(code, text.as_str()));
        if self.version == Version::V5 && publish.qos > QoS::AtMostOnce {
            let code = ReasonCode::ImplementationSpecific;
            self.acknowledge(publish.packet_id, publish.qos, code, Some(text), dirty);
        }
    }

    fn check_publish(&self, publish: &Publish<'_>) -> Result<(), Refusal> {
        let settings = &self.shared.settings;
        if publish.qos > settings.maximum_qos {
            let text =
                "QoS 2 is not served by AWS IoT: publish with QoS 0 or 1, or start with `--dialect standard`";
            return Err(Refusal::client_error(ReasonCode::QosNotSupported, text));
        }
        if publish.payload.len() > settings.payload_bytes {
            let text = format!(
                "a payload of {} bytes; {} is the most (AWS quota \"Maximum publish payload size\"): send less, or put it \
                 elsewhere and publish where",
                publish.payload.len(),
                settings.payload_bytes
            );
            return Err(Refusal::client_error(ReasonCode::PacketTooLarge, text));
        }
        if let (Dialect::Aws, Some(properties)) = (settings.dialect, &publish.properties) {
            check_properties(properties)
                .map_err(|limit| Refusal::client_error(ReasonCode::QuotaExceeded, limit.to_string()))?;
        }
        Ok(())
    }

    fn check_retain(&self, topic: &Topic, retain: bool) -> Result<(), Refusal> {
        let now_ms = Some(self.shared.clock.wall_ms());
        let ask = Ask { now_ms, ..Ask::new(Action::RetainPublish, Resource::Topic(topic)) };
        if retain && !self.access.allows(&ask) {
            return Err(Refusal::denied(self.access.evaluate(&ask)));
        }
        if retain {
            self.shared.activity.clients.enter(&self.who(), |record| record.retained(topic));
        }
        Ok(())
    }

    /// As AWS does: beyond the quota publishes are discarded without an answer. Ours says so once a second.
    fn discard_surplus(&mut self, publish: &Publish<'_>) {
        self.meter.dropped += 1;
        if self.meter.explains() {
            let text = format!(
                "more than {} publishes in a second (AWS quota \"Publish requests per second per connection\"): the rest \
                 is discarded without an answer; the first was on {}",
                self.shared.settings.publishes_per_s, publish.topic
            );
            self.shared.explain(&self.client, "publish discarded", &text);
            let code = ReasonCode::QuotaExceeded;
            self.shared.trouble(&self.who(), "publish discarded", &Refusal::client_error(code, text));
        }
    }

    fn deny(
        &mut self,
        publish: &Publish<'_>,
        verdict: Arc<Verdict>,
        dirty: &mut Dirty,
    ) -> Result<(), Refusal> {
        self.shared.metrics.publishes_refused.add(1);
        let refusal = Refusal::denied(verdict);
        self.trace_refusal(publish.topic, &refusal.text);
        if self.version == Version::V5 && publish.qos > QoS::AtMostOnce {
            self.shared.explain(&self.client, "publish denied", &refusal.text);
            self.trouble(&refusal);
            self.acknowledge(publish.packet_id, publish.qos, refusal.code, Some(refusal.text), dirty);
            return Ok(());
        }
        Err(refusal)
    }

    fn trace_refusal(&self, topic: &str, why: &str) {
        let what = What::Refused { client: self.client.clone(), topic: topic.into(), why: why.into() };
        let at_ms = self.shared.clock.wall_ms();
        self.shared.traces.mine().push(Step { message: self.shared.message_id(), at_ms, what });
    }

    /// The hot path: everybody who gets it, on this thread.
    pub(super) fn deliver(
        &mut self,
        publish: &Publish<'_>,
        topic: &Topic,
        route: &Route<Arc<Link>>,
        now_ms: u64,
        dirty: &mut Dirty,
    ) {
        let (id, received_ms) = (self.shared.message_id(), self.shared.clock.wall_ms());
        let mut what = Fanout::new(publish.topic, publish.payload, publish.properties.as_deref());
        let mut kept: Option<Arc<Message>> = None;
        let mut stores: Vec<StoreFor> = Vec::new();
        let (mut delivered, mut dropped) = (0u32, 0u32);
        let keep = |kept: &mut Option<Arc<Message>>| {
            kept.get_or_insert_with(|| Arc::new(self.message((id, received_ms), publish, topic.clone())))
                .clone()
        };
        route.for_each(self.session, id, publish.qos, |reach| {
            let qos = reach.granted(publish.qos);
            if reach.stores(publish.qos) {
                let subscription_ids = reach.subscription_ids.clone();
                stores.push(StoreFor { session: reach.session, qos, retain: false, subscription_ids });
                return;
            }
            let Some(link) = &reach.link else { return };
            let mut sent = false;
            if qos == QoS::AtMostOnce {
                link.with(dirty, |out| sent = out.send(&mut what, false, &reach.subscription_ids));
            } else {
                let handle = Sent {
                    message: keep(&mut kept),
                    qos,
                    retain: false,
                    subscription_ids: reach.subscription_ids.clone(),
                    seq: None,
                };
                link.with(dirty, |out| sent = out.send_acknowledged(&mut what, handle, now_ms));
            }
            delivered += u32::from(sent);
            dropped += u32::from(!sent);
        });
        let (outcomes, came) = self.evaluate((id, received_ms), publish, &route.rules);
        if !came.is_empty() {
            self.record(keep(&mut kept), &route.rules, came);
        }
        let message = (!stores.is_empty() || !outcomes.is_empty()).then(|| keep(&mut kept));
        let fired = message.clone().and_then(|message| self.fired(message, outcomes));
        self.meter.delivered += u64::from(delivered);
        self.meter.dropped += u64::from(dropped);
        self.trace_publish((id, received_ms), publish, topic, delivered);
        self.settle(publish, message, (stores, fired), dirty);
    }

    /// Acknowledges at once, or leaves it to the commit that puts the message into mailboxes and does what rules want.
    fn settle(
        &mut self,
        publish: &Publish<'_>,
        message: Option<Arc<Message>>,
        (receivers, fired): (Vec<StoreFor>, Option<Box<Fired>>),
        dirty: &mut Dirty,
    ) {
        let acknowledged = publish.qos > QoS::AtMostOnce;
        match message {
            Some(message) => {
                let answer = acknowledged.then(|| self.expect_answer(publish.packet_id, publish.qos));
                self.queued = true;
                self.shared.desk.submit(Event::Store(Store { message, receivers, fired, answer }));
            }
            None if acknowledged => {
                self.acknowledge(publish.packet_id, publish.qos, ReasonCode::Success, None, dirty);
            }
            None => {}
        }
    }

    fn trace_publish(&self, (id, at_ms): (u64, u64), publish: &Publish<'_>, topic: &Topic, receivers: u32) {
        let what = What::Published {
            client: self.client.clone(),
            topic: topic.clone(),
            qos: publish.qos,
            bytes: u32::try_from(publish.payload.len()).unwrap_or(u32::MAX),
            receivers,
        };
        self.shared.traces.mine().push(Step { message: id, at_ms, what });
    }

    fn expect_answer(&mut self, packet_id: u16, qos: QoS) -> Answer<Arc<Link>> {
        self.link.lock().acks.expect(packet_id);
        Answer { link: self.link.clone(), packet_id, qos }
    }

    /// A publish that changes the world is the writer's.
    fn hand_over(&mut self, publish: &Publish<'_>, topic: Topic) {
        let number = (self.shared.message_id(), self.shared.clock.wall_ms());
        self.trace_publish(number, publish, &topic, 0);
        let message = self.message(number, publish, topic);
        let answer =
            (publish.qos > QoS::AtMostOnce).then(|| self.expect_answer(publish.packet_id, publish.qos));
        let origin = Origin { scope: self.scope, session: self.session };
        self.queued = true;
        self.change = self.shared.desk.submit(Event::Publish { origin, message, answer });
    }

    fn message(&self, (id, received_ms): (u64, u64), publish: &Publish<'_>, topic: Topic) -> Message {
        let properties = publish.properties.as_deref().cloned().map(|mut properties| {
            if self.shared.settings.dialect == Dialect::Aws {
                properties.message_expiry_s = properties.message_expiry_s.map(|s| s.clamp(1, 604_800));
            }
            Arc::new(properties)
        });
        let expires_ms =
            properties.as_ref().and_then(|p| p.message_expiry_s).map(|s| received_ms + u64::from(s) * 1000);
        Message {
            id,
            topic,
            payload: bytes::Bytes::copy_from_slice(publish.payload),
            qos: publish.qos,
            retain: publish.retain,
            properties,
            publisher: self.client.clone(),
            received_ms,
            expires_ms,
        }
    }
}
