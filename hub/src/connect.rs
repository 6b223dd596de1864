//! CONNECT: may this client come in, what happens to the session it had, and what it is told.

use std::sync::Arc;

use broker::mailbox::Mailbox;
use broker::presence::{self, DisconnectReason};
use broker::session::{Connection, Will};
use broker::{ScopeId, Session, SessionId};
use message::limits::{check_client_id, check_properties, check_topic};
use message::{Dialect, Message, QoS, Topic};
use mqtt::{Connack, Connect, ReasonCode, Version};
use policy::{Action, Resource};

use crate::Link;
use crate::event::{Cause, ConnectRequest};
use crate::keys::fits;
use crate::lane::{Outcome, judge};
use crate::notice::{Notice, Welcome};
use crate::plan::Plan;
use crate::refusal::Refusal;
use crate::world::{Allowance, Hub};

/// A CONNECT that may proceed.
struct Admitted {
    client: Arc<str>,
    assigned: bool,
    will: Option<Will>,
    expiry_s: u32,
    keep_alive_s: u16,
}

impl<L: Link> Hub<L> {
    pub(crate) fn connect(&mut self, request: ConnectRequest<L>, plan: &mut Plan<L>) {
        match self.admit(&request) {
            Ok(admitted) => self.accept(request, admitted, plan),
            Err(refusal) => self.refuse(&request, refusal, plan),
        }
    }

    fn refuse(&mut self, request: &ConnectRequest<L>, refusal: Refusal, plan: &mut Plan<L>) {
        let client: Arc<str> = request.packet.client_id.as_str().into();
        self.explain_refusal((request.scope, &client), "connect refused", &refusal, plan);
        if refusal.code == ReasonCode::NotAuthorized && presence::has_events(&client) && !client.is_empty() {
            let connection = self.connection(request, 0);
            let event = presence::connect_failed_event(&client, &connection, self.now_ms);
            self.presence_event(request.scope, "presence/connect_failed", &client, event, plan);
        }
        plan.tell(Notice::Refused { link: request.link.clone(), refusal });
    }

    fn admit(&mut self, request: &ConnectRequest<L>) -> Result<Admitted, Refusal> {
        let packet = &request.packet;
        let (client, assigned) = self.client_id(packet)?;
        if !fits(&self.key(request.scope).session(&client)) {
            let text = "the client id is too long for a key of the store: choose a shorter one";
            return Err(Refusal::client_error(ReasonCode::ClientIdNotValid, text));
        }
        let ask = self.ask(Action::Connect, Resource::Client(&client));
        if !request.access.allows(&ask) {
            return Err(Refusal::denied(request.access.evaluate(&ask)));
        }
        self.check_connect_rate(request.scope, &client)?;
        let will = self.check_will(request, &client)?;
        let expiry_s = match packet.version {
            Version::V5 => packet.session_expiry_s.unwrap_or(0),
            _ if packet.clean_start => 0,
            _ => u32::MAX,
        }
        .min(self.settings.session_expiry_max_s);
        if self.is_disk_full() && expiry_s > 0 {
            return Err(Refusal::new(
                ReasonCode::ServerUnavailable,
                DisconnectReason::ServerError,
                "the disk is full, so no session can be kept: free some space, or connect with a clean session",
            ));
        }
        if packet.authentication_method.is_some() {
            return Err(Refusal::client_error(
                ReasonCode::BadAuthenticationMethod,
                "enhanced authentication (AUTH) is not served: connect without an authentication method",
            ));
        }
        self.check_packet_size(packet)?;
        let keep_alive_s = self.settings.keep_alive_s(packet.keep_alive_s);
        Ok(Admitted { client, assigned, will, expiry_s, keep_alive_s })
    }

    fn client_id(&mut self, packet: &Connect) -> Result<(Arc<str>, bool), Refusal> {
        let id = packet.client_id.as_str();
        if id.is_empty() {
            let number = mix(self.settings.seed ^ self.next_session);
            return Ok((format!("auto-{number:016x}").into(), true));
        }
        if self.settings.dialect == Dialect::Aws {
            check_client_id(id)
                .map_err(|e| Refusal::client_error(ReasonCode::ClientIdNotValid, e.to_string()))?;
            if id.starts_with('$') {
                let text = format!(
                    "client id \"{id}\" starts with $, which AWS IoT keeps for itself: choose another"
                );
                return Err(Refusal::client_error(ReasonCode::ClientIdNotValid, text));
            }
        }
        Ok((id.into(), false))
    }

    fn check_packet_size(&self, packet: &Connect) -> Result<(), Refusal> {
        let least = message::limits::PACKET_MIN_BYTES;
        match packet.maximum_packet_size {
            Some(size) if size < least && self.settings.dialect == Dialect::Aws => {
                let text = format!(
                    "Maximum Packet Size {size}; AWS IoT serves no client that takes less than {least} bytes"
                );
                Err(Refusal::client_error(ReasonCode::ImplementationSpecific, text))
            }
            _ => Ok(()),
        }
    }

    /// A bucket of five, filled at the dialect's rate, so that one quick reconnect is no offence.
    fn check_connect_rate(&mut self, scope: ScopeId, client: &Arc<str>) -> Result<(), Refusal> {
        const BURST: u32 = 5;
        let rate = self.settings.connects_per_client_per_s;
        if rate == 0 {
            return Ok(());
        }
        let now_ms = self.now_ms;
        let full = Allowance { left: BURST, since_ms: now_ms };
        let allowance = self.connects.entry((scope, client.clone())).or_insert(full);
        let earned = now_ms.saturating_sub(allowance.since_ms) * u64::from(rate) / 1000;
        if earned > 0 {
            allowance.left = allowance.left.saturating_add(u32::try_from(earned).unwrap_or(BURST)).min(BURST);
            allowance.since_ms = now_ms;
        }
        if allowance.left == 0 {
            let text = format!(
                "client id \"{client}\" connects more than {rate} time(s) a second (AWS quota \"Connect requests per \
                 second per client ID\"): wait between attempts, or check whether two devices share the id"
            );
            return Err(Refusal::new(ReasonCode::ConnectionRateExceeded, DisconnectReason::Throttled, text));
        }
        allowance.left -= 1;
        Ok(())
    }

    fn check_will(
        &mut self,
        request: &ConnectRequest<L>,
        client: &Arc<str>,
    ) -> Result<Option<Will>, Refusal> {
        let Some(will) = &request.packet.will else { return Ok(None) };
        let invalid = |text: String| Refusal::client_error(ReasonCode::TopicNameInvalid, text);
        let topic = Topic::parse(&will.topic).map_err(|e| invalid(format!("will topic: {e}")))?;
        if will.qos > self.settings.maximum_qos {
            let text = "the will asks for QoS 2, which AWS IoT does not serve: use QoS 0 or 1";
            return Err(Refusal::client_error(ReasonCode::QosNotSupported, text));
        }
        if self.settings.dialect == Dialect::Aws {
            check_topic(&topic).map_err(|e| invalid(format!("will topic: {e}")))?;
            if let Some(properties) = &will.properties {
                check_properties(properties).map_err(|e| {
                    Refusal::client_error(ReasonCode::QuotaExceeded, format!("the will: {e}"))
                })?;
            }
        }
        if will.payload.len() > self.settings.payload_bytes {
            let text = format!("the will's payload is larger than {} bytes", self.settings.payload_bytes);
            return Err(Refusal::client_error(ReasonCode::PacketTooLarge, text));
        }
        // A will on a reserved topic is accepted and comes to nothing, as on AWS.
        if !topic.is_reserved()
            && let Outcome::Denied(verdict) =
                judge(self.settings.dialect, &request.access, &topic, self.now_ms)
        {
            return Err(Refusal::denied_because("the will may not be published", verdict));
        }
        if will.retain {
            let ask = self.ask(Action::RetainPublish, Resource::Topic(&topic));
            if !request.access.allows(&ask) {
                let verdict = request.access.evaluate(&ask);
                return Err(Refusal::denied_because("the will may not be retained", verdict));
            }
        }
        let message = Message {
            id: self.message_id(),
            topic,
            payload: will.payload.clone(),
            qos: will.qos,
            retain: will.retain,
            properties: will.properties.as_deref().cloned().map(Arc::new),
            publisher: client.clone(),
            received_ms: self.now_ms,
            expires_ms: None,
        };
        Ok(Some(Will { message: Arc::new(message), delay_s: will.delay_s, due_ms: None }))
    }

    fn accept(&mut self, request: ConnectRequest<L>, admitted: Admitted, plan: &mut Plan<L>) {
        let client = admitted.client.clone();
        if let Some(id) = self.sessions.of_client(request.scope, &client) {
            self.take_over(id, &request, plan);
        }
        let resumed = self.resumable(&request, &client);
        if resumed.is_none()
            && let Some(id) = self.sessions.of_client(request.scope, &client)
        {
            self.discard(id, plan);
        }
        let version = self.presence.connected(request.scope, &client, self.now_ms);
        let connection = self.connection(&request, version);
        let id = match resumed {
            Some(id) => self.resume(id, &request, &admitted, connection),
            None => self.create(&request, &admitted, connection),
        };
        if resumed.is_none() || admitted.will.is_some() || self.will_was_stored(id) {
            self.store_session(id, plan);
        }
        self.welcome(id, &request, &admitted, resumed.is_some(), plan);
        self.note_connected(id, plan);
        if let Some(will) = &admitted.will {
            // Said now, and not only when it would have been sent.
            self.explain_ignored_will(will, plan);
        }
        if presence::has_events(&client) && self.is_heard(request.scope, "presence/connected", &client) {
            let Some(session) = self.sessions.get(id) else { return };
            let event = presence::connected_event(&client, &session.connection, self.now_ms);
            self.presence_event(request.scope, "presence/connected", &client, event, plan);
        }
    }

    /// A resumed session may have a will on disk that this connection does not have.
    fn will_was_stored(&self, id: SessionId) -> bool {
        self.sessions.get(id).is_some_and(|s| s.persistent)
    }

    fn take_over(&mut self, id: SessionId, request: &ConnectRequest<L>, plan: &mut Plan<L>) {
        let Some(link) = self.sessions.get(id).and_then(|s| s.link.clone()) else { return };
        let text = format!(
            "client id \"{}\" connected again from {}: the newer connection wins; two devices with one id throw each \
             other out, so give each its own",
            request.packet.client_id, request.address
        );
        let refusal =
            Refusal::new(ReasonCode::SessionTakenOver, DisconnectReason::DuplicateClientId, text.clone());
        plan.tell(Notice::Close { link, refusal });
        let cause = Cause { reason: DisconnectReason::DuplicateClientId, will: true, text };
        self.end_connection(id, &cause, None, u64::MAX, plan);
    }

    fn resumable(&self, request: &ConnectRequest<L>, client: &str) -> Option<SessionId> {
        if request.packet.clean_start {
            return None;
        }
        let id = self.sessions.of_client(request.scope, client)?;
        let session = self.sessions.get(id)?;
        let same = (session.version == Version::V5) == (request.packet.version == Version::V5);
        (same || self.settings.dialect == Dialect::Standard).then_some(id)
    }

    fn resume(
        &mut self,
        id: SessionId,
        request: &ConnectRequest<L>,
        admitted: &Admitted,
        connection: Connection,
    ) -> SessionId {
        self.deadlines.clear(id);
        if let Some(session) = self.sessions.get_mut(id) {
            session.version = request.packet.version;
            session.expiry_s = admitted.expiry_s;
            session.link = Some(request.link.clone());
            session.offline_since_ms = None;
            session.will = admitted.will.clone();
            session.connection = connection;
        }
        self.access.insert(id, request.access.clone());
        self.route_session(id);
        id
    }

    fn create(
        &mut self,
        request: &ConnectRequest<L>,
        admitted: &Admitted,
        connection: Connection,
    ) -> SessionId {
        let id = SessionId(self.next_session);
        self.next_session += 1;
        self.access.insert(id, request.access.clone());
        self.sessions.insert(Session {
            id,
            scope: request.scope,
            client: admitted.client.clone(),
            version: request.packet.version,
            persistent: admitted.expiry_s > 0,
            expiry_s: admitted.expiry_s,
            link: Some(request.link.clone()),
            offline_since_ms: None,
            subscriptions: Default::default(),
            will: admitted.will.clone(),
            mailbox: Mailbox::default(),
            held: Default::default(),
            connection,
        });
        id
    }

    fn welcome(
        &mut self,
        id: SessionId,
        request: &ConnectRequest<L>,
        admitted: &Admitted,
        session_present: bool,
        plan: &mut Plan<L>,
    ) {
        let Some(session) = self.sessions.get(id) else { return };
        let mut connack = self.connack(request.packet.version, admitted, session_present);
        if request.packet.version == Version::V5 && admitted.keep_alive_s != request.packet.keep_alive_s {
            connack.server_keep_alive_s = Some(admitted.keep_alive_s);
        }
        if request.packet.session_expiry_s.unwrap_or(0) != admitted.expiry_s {
            connack.session_expiry_s = Some(admitted.expiry_s);
        }
        plan.tell(Notice::Welcome(Box::new(Welcome {
            link: request.link.clone(),
            session: id,
            client: admitted.client.clone(),
            connack,
            keep_alive_s: admitted.keep_alive_s,
            mailbox: session.persistent.then(|| (session.mailbox.head(), session.mailbox.tail())),
            held: session.held.iter().copied().collect(),
        })));
    }

    fn connack(&self, version: Version, admitted: &Admitted, session_present: bool) -> Connack {
        let mut connack = Connack { session_present, ..Connack::default() };
        if version != Version::V5 {
            return connack;
        }
        let settings = &self.settings;
        let aws = settings.dialect == Dialect::Aws;
        connack.receive_maximum = Some(settings.receive_maximum);
        connack.maximum_qos = (settings.maximum_qos < QoS::ExactlyOnce).then_some(settings.maximum_qos as u8);
        connack.maximum_packet_size = Some(settings.maximum_packet_size);
        connack.topic_alias_maximum = Some(settings.topic_alias_maximum);
        connack.assigned_client_id = admitted.assigned.then(|| admitted.client.to_string());
        if aws {
            connack.retain_available = Some(true);
            connack.wildcard_available = Some(true);
            connack.subscription_ids_available = Some(false);
            connack.shared_available = Some(true);
            connack.session_expiry_s = Some(admitted.expiry_s);
            connack.server_keep_alive_s = Some(admitted.keep_alive_s);
        }
        connack
    }

    fn connection(&self, request: &ConnectRequest<L>, presence_version: u64) -> Connection {
        let number = mix(self.settings.seed ^ self.next_message);
        Connection {
            principal: request.principal.clone(),
            thing: request.thing.clone(),
            address: request.address.clone(),
            identifier: format!(
                "{:016x}{:016x}",
                mix(number),
                mix(self.settings.seed ^ self.now_ms ^ number)
            ),
            presence_version,
            connected_ms: self.now_ms,
            keep_alive_s: self.settings.keep_alive_s(request.packet.keep_alive_s),
            is_clean: request.packet.clean_start,
            is_thing: request.is_thing,
        }
    }
}

/// Spreads a number over 64 bits.
fn mix(number: u64) -> u64 {
    let mut x = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
