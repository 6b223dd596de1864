//! SUBSCRIBE and UNSUBSCRIBE: each filter checked, entered, answered; then the retained messages.

use std::sync::Arc;

use broker::presence;
use broker::{SessionId, Subscription};
use message::limits::check_filter;
use message::{Dialect, Filter, Message, QoS};
use mqtt::{ReasonCode, Suback, Subscribe, SubscribeFilter, Unsuback, Unsubscribe};
use policy::{Action, Resource};

use crate::Link;
use crate::event::StoreFor;
use crate::keys::fits;
use crate::notice::{Deliver, Notice};
use crate::plan::Plan;
use crate::refusal::Refusal;
use crate::world::Hub;

/// A filter that was entered, and whether the session had it before.
struct Entered {
    filter: Filter,
    qos: QoS,
    new: bool,
    handling: u8,
    subscription_id: u32,
}

impl<L: Link> Hub<L> {
    pub(crate) fn subscribe(&mut self, link: &L, id: SessionId, packet: Subscribe, plan: &mut Plan<L>) {
        let Some(session) = self.sessions.get(id).filter(|s| s.link.as_ref() == Some(link)) else { return };
        let (scope, client) = (session.scope, session.client.clone());
        if let Err(refusal) = self.check_subscribe(&packet) {
            self.explain_refusal((scope, &client), "subscribe refused", &refusal, plan);
            plan.tell(Notice::Close { link: link.clone(), refusal });
            return;
        }
        let most = self.settings.filters_per_subscribe;
        let too_many = packet.filters.len() > most;
        if too_many {
            let text = format!(
                "a SUBSCRIBE with {} filters; {most} is the most (AWS quota \"Subscriptions per subscribe request\"): \
                 send several SUBSCRIBE packets",
                packet.filters.len()
            );
            self.explain(&client, "subscribe refused", text, plan);
        }
        let mut codes = Vec::with_capacity(packet.filters.len());
        let mut reason_string = None;
        let mut entered = Vec::new();
        for filter in &packet.filters {
            let outcome = if too_many {
                Err(ReasonCode::QuotaExceeded)
            } else {
                self.enter(id, filter, packet.subscription_id, plan).map_err(|refusal| {
                    reason_string.get_or_insert(self.reason_string(&refusal.text));
                    self.explain_refusal((scope, &client), "subscribe refused", &refusal, plan);
                    self.refusal_code(refusal.code)
                })
            };
            codes.push(match &outcome {
                Ok(entered) => granted(entered.qos),
                Err(code) => *code,
            });
            entered.extend(outcome.ok());
        }
        let suback = Suback { packet_id: packet.packet_id, codes, reason_string, ..Suback::default() };
        let granted = entered.iter().map(|entered| entered.filter.clone()).collect();
        plan.tell(Notice::Suback { link: link.clone(), packet: suback, granted });
        self.tell_subscribed(id, "subscribed", entered.iter().map(|e| e.filter.as_str()), plan);
        let mut left = broker::limits::RETAINED_MESSAGES;
        for entered in &entered {
            self.send_retained(link, id, entered, &mut left, plan);
        }
        if left == 0 {
            let most = broker::limits::RETAINED_MESSAGES;
            let text =
                format!("one SUBSCRIBE brings {most} retained messages at most: the rest was not sent");
            self.explain(&client, "retained messages left out", text, plan);
        }
    }

    /// Clients of the standard dialect get the beginning: some, paho's test clients among them, cannot read properties
    /// of 128 bytes and more. The whole text is in the log.
    fn reason_string(&self, text: &str) -> String {
        const BYTES: usize = 120;
        match self.settings.dialect {
            Dialect::Standard if text.len() > BYTES => text[..text.floor_char_boundary(BYTES)].to_owned(),
            _ => text.to_owned(),
        }
    }

    /// Outside AWS's dialect a denied filter has the one code that clients of all versions know; the reason string
    /// says more.
    fn refusal_code(&self, code: ReasonCode) -> ReasonCode {
        match (code, self.settings.dialect) {
            (ReasonCode::NotAuthorized, Dialect::Standard) => ReasonCode::Unspecified,
            _ => code,
        }
    }

    /// What makes the whole packet an offence.
    fn check_subscribe(&self, packet: &Subscribe) -> Result<(), Refusal> {
        if self.settings.dialect == Dialect::Standard {
            return Ok(());
        }
        if packet.subscription_id.is_some() {
            let text = "subscription identifiers are not served, as on AWS IoT: subscribe without one";
            return Err(Refusal::client_error(ReasonCode::SubscriptionIdentifiersNotSupported, text));
        }
        if packet.filters.iter().any(|f| f.qos > self.settings.maximum_qos) {
            let text = "a subscription asks for QoS 2, which AWS IoT does not serve: use QoS 0 or 1, or start with \
                        `--dialect standard`";
            return Err(Refusal::client_error(ReasonCode::QosNotSupported, text));
        }
        Ok(())
    }

    fn enter(
        &mut self,
        id: SessionId,
        asked: &SubscribeFilter,
        subscription_id: Option<u32>,
        plan: &mut Plan<L>,
    ) -> Result<Entered, Refusal> {
        let invalid = |text: String| Refusal::client_error(ReasonCode::TopicFilterInvalid, text);
        let filter =
            Filter::parse(&asked.filter).map_err(|e| invalid(format!("filter \"{}\": {e}", asked.filter)))?;
        self.check_filter_limits(id, &filter)?;
        let access = self.access.get(&id).cloned();
        let ask = self.ask(Action::Subscribe, Resource::TopicFilter(filter.as_str()));
        if let Some(access) = access.filter(|a| !a.allows(&ask)) {
            return Err(Refusal::denied(access.evaluate(&ask)));
        }
        let disk_full = self.is_disk_full();
        let key = self
            .sessions
            .get(id)
            .map(|s| self.key(s.scope))
            .ok_or_else(|| invalid("the session has ended".into()))?;
        let session = self.sessions.get_mut(id).ok_or_else(|| invalid("the session has ended".into()))?;
        if disk_full && session.persistent {
            let text =
                "the disk is full, so a persistent session's subscription cannot be kept: free some space";
            return Err(Refusal::client_error(ReasonCode::QuotaExceeded, text));
        }
        if session.persistent && !fits(&key.subscription(&session.client, filter.as_str())) {
            let text =
                "client id and filter together are too long for a key of the store: shorten one of them";
            return Err(Refusal::client_error(ReasonCode::TopicFilterInvalid, text));
        }
        let qos = asked.qos.min(self.settings.maximum_qos);
        let subscription = Subscription {
            filter: filter.clone(),
            qos,
            no_local: asked.no_local,
            retain_as_published: asked.retain_as_published,
            subscription_id: subscription_id.unwrap_or(0),
        };
        let (persistent, client) = (session.persistent, session.client.clone());
        let stored = persistent.then(|| subscription.encode());
        let new = session.subscriptions.insert(filter.as_str().to_owned(), subscription).is_none();
        if let Some(stored) = stored {
            plan.put(key.subscription(&client, filter.as_str()), stored);
        }
        self.route_subscription(id, filter.as_str());
        let subscription_id = subscription_id.unwrap_or(0);
        Ok(Entered { filter, qos, new, handling: asked.retain_handling, subscription_id })
    }

    fn check_filter_limits(&self, id: SessionId, filter: &Filter) -> Result<(), Refusal> {
        let settings = &self.settings;
        let quota = |text: String| Refusal::client_error(ReasonCode::QuotaExceeded, text);
        if settings.dialect == Dialect::Aws {
            check_filter(filter)
                .map_err(|e| Refusal::client_error(ReasonCode::TopicFilterInvalid, e.to_string()))?;
        }
        let Some(session) = self.sessions.get(id) else { return Ok(()) };
        let known = session.subscriptions.contains_key(filter.as_str());
        if !known && session.subscriptions.len() >= settings.subscriptions_per_connection {
            return Err(quota(format!(
                "filter \"{filter}\" would be subscription {} of this client; {} is the most (AWS quota \
                 \"Subscriptions per connection\"): use a wildcard filter or a second client",
                session.subscriptions.len() + 1,
                settings.subscriptions_per_connection
            )));
        }
        let Some(scope) = self.scopes.get(session.scope.0 as usize) else { return Ok(()) };
        if filter.share().is_none() {
            return Ok(());
        }
        match scope.routes.share_members(filter) {
            Some(members) if !known && members >= settings.share_members => Err(quota(format!(
                "share group of \"{filter}\" has {members} members, the limit: use a second group"
            ))),
            None if scope.routes.share_groups() >= settings.share_groups => Err(quota(format!(
                "\"{filter}\" would be share group {}; {} is the limit: unsubscribe from groups no longer used",
                scope.routes.share_groups() + 1,
                settings.share_groups
            ))),
            _ => Ok(()),
        }
    }

    /// `left`: how many more this SUBSCRIBE may bring; the same filter a thousand times is a small packet.
    fn send_retained(
        &mut self,
        link: &L,
        id: SessionId,
        entered: &Entered,
        left: &mut usize,
        plan: &mut Plan<L>,
    ) {
        let wanted = entered.handling == 0 || entered.handling == 1 && entered.new;
        if !wanted || *left == 0 || entered.filter.share().is_some() {
            return;
        }
        let Some(session) = self.sessions.get(id) else { return };
        let persistent = session.persistent;
        let Some(scope) = self.scopes.get(session.scope.0 as usize) else { return };
        let subscription_ids: Vec<u32> =
            (entered.subscription_id > 0).then_some(entered.subscription_id).into_iter().collect();
        let now_ms = self.now_ms;
        let retained: Vec<Arc<Message>> = scope
            .retained
            .matching(&entered.filter, self.settings.dialect)
            .into_iter()
            .filter(|m| !m.is_expired(now_ms))
            .take(*left)
            .collect();
        *left -= retained.len();
        for message in retained {
            if let Err(unheard) = self.check_receive(link, id, &message.topic) {
                plan.tell(Notice::Unheard(unheard));
                continue;
            }
            let qos = message.qos.min(entered.qos);
            let subscription_ids = subscription_ids.clone();
            if persistent && qos > QoS::AtMostOnce {
                let receiver = StoreFor { session: id, qos, retain: true, subscription_ids };
                self.put_in_mailboxes(&message, vec![receiver], plan);
            } else {
                let link = link.clone();
                plan.tell(Notice::Deliver(Deliver {
                    link,
                    message,
                    qos,
                    retain: true,
                    subscription_ids,
                    seq: None,
                }));
            }
        }
    }

    pub(crate) fn unsubscribe(&mut self, link: &L, id: SessionId, packet: &Unsubscribe, plan: &mut Plan<L>) {
        let Some(session) = self.sessions.get_mut(id).filter(|s| s.link.as_ref() == Some(link)) else {
            return;
        };
        let (scope, client, persistent) = (session.scope, session.client.clone(), session.persistent);
        let removed: Vec<Option<Subscription>> =
            packet.filters.iter().map(|filter| session.subscriptions.remove(filter)).collect();
        let mut codes = Vec::with_capacity(removed.len());
        for (filter, subscription) in packet.filters.iter().zip(&removed) {
            let Some(subscription) = subscription else {
                codes.push(ReasonCode::NoSubscriptionExisted);
                continue;
            };
            self.unroute(scope, &subscription.filter, id);
            if persistent {
                plan.delete(self.key(scope).subscription(&client, filter));
            }
            codes.push(ReasonCode::Success);
        }
        let unsuback = Unsuback { packet_id: packet.packet_id, codes, ..Unsuback::default() };
        plan.tell(Notice::Unsuback { link: link.clone(), packet: unsuback });
        self.tell_subscribed(id, "unsubscribed", packet.filters.iter().map(String::as_str), plan);
    }

    fn tell_subscribed<'a>(
        &mut self,
        id: SessionId,
        kind: &str,
        filters: impl Iterator<Item = &'a str>,
        plan: &mut Plan<L>,
    ) {
        let filters: Vec<&str> = filters.collect();
        let Some(session) = self.sessions.get(id) else { return };
        if filters.is_empty() || !presence::has_events(&session.client) {
            return;
        }
        let (scope, client) = (session.scope, session.client.clone());
        let topic = format!("subscriptions/{kind}");
        if self.is_heard(scope, &topic, &client) {
            let event =
                presence::subscription_event(&client, &session.connection, self.now_ms, kind, &filters);
            self.presence_event(scope, &topic, &client, event, plan);
        }
    }
}

fn granted(qos: QoS) -> ReasonCode {
    match qos {
        QoS::AtMostOnce => ReasonCode::Success,
        QoS::AtLeastOnce => ReasonCode::GrantedQos1,
        QoS::ExactlyOnce => ReasonCode::GrantedQos2,
    }
}
