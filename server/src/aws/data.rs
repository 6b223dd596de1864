//! Calls of the data plane in, their outcomes out: messages published, retained ones read, connections looked at and
//! ended. Shadows have their own service.

use std::sync::Arc;

use ::aws::iot_data::Call;
use ::aws::iot_data::connections::{
    DeleteConnection, DeleteConnectionOutput, GetConnection, GetConnectionOutput, ListSubscriptions,
    ListSubscriptionsOutput, SubscriptionSummary,
};
use ::aws::iot_data::messages::{
    GetRetainedMessage, GetRetainedMessageOutput, ListRetainedMessages, ListRetainedMessagesOutput,
    PayloadFormatIndicator, Publish, PublishOutput, RetainedMessageSummary, SendDirectMessage,
    SendDirectMessageOutput,
};
use ::aws::iot_data::properties::{as_blob, correlation_data, user_properties};
use ::aws::value::Blob;
use ::aws::{Fault, reply};
use axum::http::Response;
use broker::ScopeId;
use broker::presence::DisconnectReason;
use bytes::Bytes;
use hub::{Asker, Cause, Event, Hub, Origin, Refusal};
use message::limits::{check_properties, check_topic};
use message::{Dialect, Message, Properties, QoS, Topic, can_publish};
use policy::{Action, Ask, Resource};
use registry::CertificateId;
use shadow::history::Source;

use super::credentials::{Caller, UNSIGNED};
use super::{shadows, token};
use crate::http::Api;
use crate::link::Link;

/// Items of a page where the call does not say.
const PAGE: u16 = 200;
const SUBSCRIPTIONS_PAGE: u16 = 20;

pub(super) async fn answer(
    api: &Arc<Api>,
    caller: &Caller,
    call: Call,
    request_id: &str,
) -> Result<Response<Vec<u8>>, Fault> {
    let scope = caller.scope_id(api)?;
    let plane = Plane { api, caller, scope };
    Ok(match call {
        Call::Publish(call) => reply(&plane.publish(call, request_id).await?, request_id),
        Call::GetRetainedMessage(call) => reply(&plane.retained(call).await?, request_id),
        Call::ListRetainedMessages(call) => reply(&plane.retained_list(call).await?, request_id),
        Call::SendDirectMessage(call) => reply(&plane.send(call, request_id).await?, request_id),
        Call::GetThingShadow(call) => reply(&shadows::get(&plane, call).await?, request_id),
        Call::UpdateThingShadow(call) => reply(&shadows::update(&plane, call).await?, request_id),
        Call::DeleteThingShadow(call) => reply(&shadows::delete(&plane, call).await?, request_id),
        Call::ListNamedShadowsForThing(call) => reply(&shadows::list(&plane, call).await?, request_id),
        Call::GetConnection(call) => reply(&plane.connection(call).await?, request_id),
        Call::DeleteConnection(call) => reply(&plane.disconnect(call).await?, request_id),
        Call::ListSubscriptions(call) => reply(&plane.subscriptions(call).await?, request_id),
    })
}

/// One call's surroundings.
pub(super) struct Plane<'a> {
    pub(super) api: &'a Api,
    caller: &'a Caller,
    pub(super) scope: ScopeId,
}

impl Plane<'_> {
    async fn publish(&self, call: Publish, request_id: &str) -> Result<PublishOutput, Fault> {
        let topic = self.topic(&call.topic)?;
        self.check(Ask::new(Action::Publish, Resource::Topic(&topic)))?;
        let retain = call.retain.unwrap_or(false);
        if retain {
            self.check(Ask::new(Action::RetainPublish, Resource::Topic(&topic)))?;
        }
        let carried = (call.content_type, call.response_topic, call.payload_format_indicator);
        let mut properties = properties(carried, call.correlation_data, call.user_properties)?;
        properties.message_expiry_s = call.message_expiry_s.filter(|s| *s > 0);
        let qos = if call.qos == Some(1) { QoS::AtLeastOnce } else { QoS::AtMostOnce };
        let mut message = self.message(topic, call.payload, properties, qos)?;
        message.retain = retain;
        let (origin, bytes) = (Origin { scope: self.scope, session: None }, message.payload.len());
        // What went wrong is a full disk.
        let decide =
            move |hub: &mut Hub<_>, now_ms, plan: &mut _| hub.publish_for(now_ms, origin, message, plan);
        let published = self.api.shared.desk.call(bytes, decide).await.map_err(Fault::service_unavailable)?;
        published.map_err(Fault::service_unavailable)?;
        Ok(PublishOutput { message: "OK".to_owned(), trace_id: request_id.to_owned() })
    }

    async fn retained(&self, call: GetRetainedMessage) -> Result<GetRetainedMessageOutput, Fault> {
        let topic = Topic::parse(&call.topic).map_err(|e| Fault::invalid_request(e.to_string()))?;
        self.check(Ask::new(Action::GetRetainedMessage, Resource::Topic(&topic)))?;
        let (scope, now_ms) = (self.scope, self.api.shared.clock.wall_ms());
        let found = self
            .ask(move |hub| {
                let message = hub.retained(scope)?.get(&topic)?;
                (!message.is_expired(now_ms)).then(|| message.clone())
            })
            .await?;
        let message = found.ok_or_else(|| {
            Fault::resource_not_found(format!(
                "no message is retained on {}: publish one with RETAIN first",
                call.topic
            ))
        })?;
        let user = message.properties.as_ref().map(|properties| &properties.user);
        let user = user.filter(|user| !user.is_empty()).map(|user| as_blob(user));
        Ok(GetRetainedMessageOutput {
            topic: call.topic,
            payload: Blob(message.payload.to_vec()),
            qos: message.qos as u8,
            last_modified_ms: message.received_ms.cast_signed(),
            user_properties: user,
        })
    }

    async fn retained_list(&self, call: ListRetainedMessages) -> Result<ListRetainedMessagesOutput, Fault> {
        self.check(Ask::new(Action::ListRetainedMessages, Resource::Any))?;
        let (scope, now_ms) = (self.scope, self.api.shared.clock.wall_ms());
        let after = token::read(call.next_token.as_deref())?;
        let most = usize::from(call.max_results.unwrap_or(PAGE));
        let mut topics = self
            .ask(move |hub| {
                let all =
                    hub.retained(scope).into_iter().flat_map(|retained| retained.after(after.as_deref()));
                let current = all.filter(|message| !message.is_expired(now_ms));
                current.take(most + 1).map(summary).collect::<Vec<_>>()
            })
            .await?;
        let next_token = token::next(&mut topics, most, |summary| &summary.topic);
        Ok(ListRetainedMessagesOutput { retained_topics: topics, next_token })
    }

    async fn send(
        &self,
        call: SendDirectMessage,
        request_id: &str,
    ) -> Result<SendDirectMessageOutput, Fault> {
        self.check(Ask::new(Action::SendDirectMessage, Resource::Client(&call.client_id)))?;
        if call.confirmation == Some(true) {
            return Err(Fault::not_implemented(
                "SendDirectMessage with confirmation=true is not served by Thingstead yet: send it without, or let the \
                 device answer on a topic",
            ));
        }
        let topic = self.topic(&call.topic)?;
        let carried = (call.content_type, call.response_topic, call.payload_format_indicator);
        let properties = properties(carried, call.correlation_data, call.user_properties)?;
        let message = self.message(topic, call.payload, properties, QoS::AtMostOnce)?;
        let (scope, client, bytes) = (self.scope, call.client_id.clone(), message.payload.len());
        let decide = move |hub: &mut Hub<_>, _, plan: &mut _| hub.send_to(scope, &client, message, plan);
        let sent = self.api.shared.desk.call(bytes, decide).await;
        match sent.map_err(Fault::service_unavailable)? {
            true => Ok(SendDirectMessageOutput { message: "OK".to_owned(), trace_id: request_id.to_owned() }),
            false => Err(Fault::resource_not_found(format!("no client {} is connected", call.client_id))),
        }
    }

    async fn connection(&self, call: GetConnection) -> Result<GetConnectionOutput, Fault> {
        let include = call.include_socket_information;
        let ask = Ask::new(Action::GetConnection, Resource::Client(&call.client_id));
        self.check(Ask { include_socket_information: include, ..ask })?;
        let (scope, client) = (self.scope, call.client_id.clone());
        let found = self.ask(move |hub| facts(hub, scope, &client)).await?;
        let mut facts = found.ok_or_else(|| {
            Fault::resource_not_found(format!(
                "no client {} is or was connected in the last 30 minutes",
                call.client_id
            ))
        })?;
        if include != Some(true) {
            facts.source_ip = None;
        }
        Ok(facts)
    }

    async fn disconnect(&self, call: DeleteConnection) -> Result<DeleteConnectionOutput, Fault> {
        self.check(Ask::new(Action::DeleteConnection, Resource::Client(&call.client_id)))?;
        let (scope, client) = (self.scope, call.client_id.clone());
        let clean_session = call.clean_session.unwrap_or(false);
        let is_known = self
            .ask(move |hub| {
                let session = hub.sessions().of_client(scope, &client).and_then(|id| hub.sessions().get(id));
                session.is_some_and(|session| session.link.is_some() || clean_session)
            })
            .await?;
        if !is_known {
            return Err(Fault::resource_not_found(format!("no client {} is connected", call.client_id)));
        }
        let cause = Cause {
            reason: DisconnectReason::ApiInitiated,
            will: !call.prevent_will_message.unwrap_or(false),
            text: "it was disconnected with DeleteConnection".to_owned(),
        };
        let desk = &self.api.shared.desk;
        desk.submit(Event::Drop { scope: self.scope, client: call.client_id, clean_session, cause });
        desk.tick().await;
        Ok(DeleteConnectionOutput {})
    }

    async fn subscriptions(&self, call: ListSubscriptions) -> Result<ListSubscriptionsOutput, Fault> {
        self.check(Ask::new(Action::ListSubscriptions, Resource::Client(&call.client_id)))?;
        let (scope, client) = (self.scope, call.client_id.clone());
        let after = token::read(call.next_token.as_deref())?;
        let most = usize::from(call.max_results.unwrap_or(SUBSCRIPTIONS_PAGE));
        let found = self
            .ask(move |hub| {
                let session =
                    hub.sessions().of_client(scope, &client).and_then(|id| hub.sessions().get(id))?;
                let all = session.subscriptions.values().map(|subscription| SubscriptionSummary {
                    topic_filter: subscription.filter.to_string(),
                    qos: subscription.qos as u8,
                });
                let rest = all.filter(|s| after.as_ref().is_none_or(|after| s.topic_filter > *after));
                Some(rest.take(most + 1).collect::<Vec<_>>())
            })
            .await?;
        let mut subscriptions = found.ok_or_else(|| {
            Fault::resource_not_found(format!("no client {} has a session", call.client_id))
        })?;
        let next_token = token::next(&mut subscriptions, most, |s| &s.topic_filter);
        Ok(ListSubscriptionsOutput { subscriptions, next_token })
    }

    async fn ask<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Hub<Arc<Link>>) -> T + Send + 'static,
    ) -> Result<T, Fault> {
        self.api.shared.desk.ask(look).await.map_err(Fault::service_unavailable)
    }

    /// Who calls, for the history of what changes.
    pub(super) fn asker(&self) -> Asker {
        let principal = self.caller.access_key.as_str();
        let source = if principal == UNSIGNED { Source::Operator } else { Source::Http };
        Asker { principal: principal.into(), client: None, source }
    }

    pub(super) fn check(&self, ask: Ask<'_>) -> Result<(), Fault> {
        let ask = Ask { now_ms: Some(self.api.shared.clock.wall_ms()), ..ask };
        match self.caller.access.allows(&ask) {
            true => Ok(()),
            false => {
                let (shared, key) = (&self.api.shared, &self.caller.access_key);
                let refusal = Refusal::denied(self.caller.access.evaluate(&ask));
                shared.explain(key, "call denied", &refusal.text);
                // Devices call in the name of their certificate.
                if let Some(who) = CertificateId::parse(key).ok().and_then(|id| shared.owner(&id)) {
                    shared.trouble(&who, "call denied", &refusal);
                }
                Err(Fault::forbidden(refusal.text))
            }
        }
    }

    fn topic(&self, name: &str) -> Result<Topic, Fault> {
        let topic = Topic::parse(name).map_err(|e| Fault::invalid_request(e.to_string()))?;
        if self.api.shared.settings.dialect == Dialect::Aws {
            check_topic(&topic).map_err(|e| Fault::invalid_request(e.to_string()))?;
            if topic.is_reserved() && !can_publish(&topic) {
                let text =
                    format!("{topic} is a reserved topic that nobody publishes to: choose one without $");
                return Err(Fault::forbidden(text));
            }
            if topic.is_reserved() {
                hub::check_served(&topic).map_err(|why| Fault::not_implemented(format!("{topic}: {why}")))?;
            }
        }
        Ok(topic)
    }

    fn message(
        &self,
        topic: Topic,
        payload: Option<Blob>,
        properties: Properties,
        qos: QoS,
    ) -> Result<Message, Fault> {
        let shared = &self.api.shared;
        let most = shared.settings.payload_bytes;
        let payload = payload.map(|Blob(bytes)| bytes).unwrap_or_default();
        if payload.len() > most {
            let text = format!("a payload of {} bytes; {most} is the most: send less", payload.len());
            return Err(Fault::request_entity_too_large(text));
        }
        check_properties(&properties).map_err(|e| Fault::invalid_request(e.to_string()))?;
        let received_ms = shared.clock.wall_ms();
        let expires_ms = properties.message_expiry_s.map(|s| received_ms + u64::from(s) * 1000);
        Ok(Message {
            id: shared.message_id(),
            topic,
            payload: Bytes::from(payload),
            qos,
            retain: false,
            properties: (!properties.is_empty()).then(|| Arc::new(properties)),
            publisher: "n/a".into(),
            received_ms,
            expires_ms,
        })
    }
}

/// MQTT 5 properties as both calls that carry a message have them.
fn properties(
    (content_type, response_topic, indicator): (
        Option<String>,
        Option<String>,
        Option<PayloadFormatIndicator>,
    ),
    correlation: Option<String>,
    user: Option<String>,
) -> Result<Properties, Fault> {
    Ok(Properties {
        payload_format: indicator.map(format_of),
        message_expiry_s: None,
        content_type,
        response_topic,
        correlation_data: correlation.as_deref().map(correlation_data).transpose()?.map(Bytes::from),
        user: user.as_deref().map(user_properties).transpose()?.unwrap_or_default(),
    })
}

fn summary(message: &Arc<Message>) -> RetainedMessageSummary {
    RetainedMessageSummary {
        topic: message.topic.to_string(),
        payload_size: i64::try_from(message.payload.len()).unwrap_or(i64::MAX),
        qos: message.qos as u8,
        last_modified_ms: message.received_ms.cast_signed(),
    }
}

/// What is known of a client that is connected, or was not long ago.
fn facts(hub: &Hub<Arc<Link>>, scope: ScopeId, client: &str) -> Option<GetConnectionOutput> {
    let session = hub.sessions().of_client(scope, client).and_then(|id| hub.sessions().get(id));
    let live = session.filter(|session| session.link.is_some());
    let (connection, expiry_s, parted) = match live {
        Some(session) => (&session.connection, session.expiry_s, None),
        None => {
            let parting = hub.parting(scope, client)?;
            (&parting.connection, parting.expiry_s, Some((parting.at_ms, parting.reason)))
        }
    };
    Some(GetConnectionOutput {
        connected: parted.is_none(),
        thing_name: connection.thing.as_deref().map(str::to_owned),
        clean_session: Some(connection.is_clean),
        source_ip: Some(connection.address.to_string()),
        keep_alive_s: Some(u32::from(connection.keep_alive_s)),
        connected_since_ms: parted.is_none().then_some(connection.connected_ms.cast_signed()),
        disconnected_since_ms: parted.map(|(at_ms, _)| at_ms.cast_signed()),
        disconnect_reason: parted.map(|(_, reason)| reason.as_str().to_owned()),
        session_expiry_s: Some(i64::from(expiry_s)),
        client_id: client.to_owned(),
        ..GetConnectionOutput::default()
    })
}

/// The same of the client with a thing's name, however long ago it went.
pub(crate) fn connectivity(hub: &Hub<Arc<Link>>, scope: ScopeId, thing: &str) -> Option<GetConnectionOutput> {
    facts(hub, scope, thing).or_else(|| {
        let standing = hub.standing(scope, thing).ok()??;
        Some(GetConnectionOutput {
            connected: false,
            clean_session: Some(standing.is_clean),
            source_ip: Some(standing.address),
            keep_alive_s: Some(u32::from(standing.keep_alive_s)),
            disconnected_since_ms: Some(standing.since_ms.cast_signed()),
            disconnect_reason: standing.ended.map(|reason| reason.as_str().to_owned()),
            session_expiry_s: Some(i64::from(standing.session_expiry_s)),
            client_id: thing.to_owned(),
            ..GetConnectionOutput::default()
        })
    })
}

fn format_of(indicator: PayloadFormatIndicator) -> u8 {
    match indicator {
        PayloadFormatIndicator::UnspecifiedBytes => 0,
        PayloadFormatIndicator::Utf8Data => 1,
    }
}
