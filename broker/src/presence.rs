//! Presence: version numbers of connections and the events about connecting, leaving and subscribing.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::ScopeId;
use crate::limits::{CONNECTION_MEMORY_MS, PRESENCE_MEMORY_MS};
use crate::session::Connection;

/// Why a connection ended, in AWS's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DisconnectReason {
    ClientInitiated,
    ClientError,
    ConnectionLost,
    KeepAliveTimeout,
    DuplicateClientId,
    AuthError,
    ForbiddenAccess,
    ServerError,
    ServerInitiated,
    ApiInitiated,
    Throttled,
    WebSocketExpired,
}

impl DisconnectReason {
    pub const ALL: [Self; 12] = [
        Self::ClientInitiated,
        Self::ClientError,
        Self::ConnectionLost,
        Self::KeepAliveTimeout,
        Self::DuplicateClientId,
        Self::AuthError,
        Self::ForbiddenAccess,
        Self::ServerError,
        Self::ServerInitiated,
        Self::ApiInitiated,
        Self::Throttled,
        Self::WebSocketExpired,
    ];

    /// The name in lifecycle events.
    pub fn as_str(self) -> &'static str {
        match self {
            DisconnectReason::ClientInitiated => "CLIENT_INITIATED_DISCONNECT",
            DisconnectReason::ClientError => "CLIENT_ERROR",
            DisconnectReason::ConnectionLost => "CONNECTION_LOST",
            DisconnectReason::KeepAliveTimeout => "MQTT_KEEP_ALIVE_TIMEOUT",
            DisconnectReason::DuplicateClientId => "DUPLICATE_CLIENTID",
            DisconnectReason::AuthError => "AUTH_ERROR",
            DisconnectReason::ForbiddenAccess => "FORBIDDEN_ACCESS",
            DisconnectReason::ServerError => "SERVER_ERROR",
            DisconnectReason::ServerInitiated => "SERVER_INITIATED_DISCONNECT",
            DisconnectReason::ApiInitiated => "API_INITIATED_DISCONNECT",
            DisconnectReason::Throttled => "THROTTLED",
            DisconnectReason::WebSocketExpired => "WEBSOCKET_TTL_EXPIRATION",
        }
    }
}

/// Version numbers by client; grows with each connection, forgotten about an hour after the last one ended.
#[derive(Debug, Default)]
pub struct Presence {
    versions: HashMap<(ScopeId, Arc<str>), Seen>,
}

#[derive(Debug)]
struct Seen {
    version: u64,
    offline_since_ms: Option<u64>,
    parted: Option<Parting>,
}

/// How a client's last connection ended.
#[derive(Debug, Clone)]
pub struct Parting {
    pub connection: Connection,
    pub expiry_s: u32,
    pub at_ms: u64,
    pub reason: DisconnectReason,
}

impl Presence {
    /// The number for a connection that begins now.
    pub fn connected(&mut self, scope: ScopeId, client: &Arc<str>, now_ms: u64) -> u64 {
        let seen = self.versions.entry((scope, client.clone()));
        let seen = seen
            .and_modify(|seen| {
                let forgotten =
                    seen.offline_since_ms.is_some_and(|at| now_ms.saturating_sub(at) > PRESENCE_MEMORY_MS);
                seen.version = if forgotten { 0 } else { seen.version + 1 };
                seen.offline_since_ms = None;
                seen.parted = None;
            })
            .or_insert(Seen { version: 0, offline_since_ms: None, parted: None });
        seen.version
    }

    pub fn disconnected(&mut self, scope: ScopeId, client: &Arc<str>, parting: Parting) {
        if let Some(seen) = self.versions.get_mut(&(scope, client.clone())) {
            seen.offline_since_ms = Some(parting.at_ms);
            seen.parted = Some(parting);
        }
    }

    /// How the client's last connection ended, if that was not long ago and it has not come back.
    pub fn parting(&self, scope: ScopeId, client: &str, now_ms: u64) -> Option<&Parting> {
        let seen = self.versions.get(&(scope, Arc::from(client)))?;
        seen.parted.as_ref().filter(|p| now_ms.saturating_sub(p.at_ms) <= CONNECTION_MEMORY_MS)
    }

    /// Gives memory back; called now and then.
    pub fn forget_old(&mut self, now_ms: u64) {
        self.versions.retain(|_, seen| {
            seen.offline_since_ms.is_none_or(|at| now_ms.saturating_sub(at) <= PRESENCE_MEMORY_MS)
        });
    }
}

/// Events are not sent for client ids that would be wildcards in the event's topic.
pub fn has_events(client: &str) -> bool {
    !client.contains(['+', '#'])
}

pub fn connected_event(client: &str, connection: &Connection, now_ms: u64) -> Vec<u8> {
    let mut event = common(client, connection, now_ms, "connected");
    event["ipAddress"] = json!(&*connection.address);
    event["versionNumber"] = json!(connection.presence_version);
    event.to_string().into_bytes()
}

pub fn disconnected_event(
    client: &str,
    connection: &Connection,
    now_ms: u64,
    reason: DisconnectReason,
) -> Vec<u8> {
    let mut event = common(client, connection, now_ms, "disconnected");
    event["clientInitiatedDisconnect"] = json!(reason == DisconnectReason::ClientInitiated);
    event["disconnectReason"] = json!(reason.as_str());
    event["versionNumber"] = json!(connection.presence_version);
    event.to_string().into_bytes()
}

pub fn connect_failed_event(client: &str, connection: &Connection, now_ms: u64) -> Vec<u8> {
    let mut event = common(client, connection, now_ms, "connect_failed");
    event["ipAddress"] = json!(&*connection.address);
    event["connectFailureReason"] = json!("AUTHORIZATION_FAILED");
    event.to_string().into_bytes()
}

/// `subscribed` or `unsubscribed`.
pub fn subscription_event(
    client: &str,
    connection: &Connection,
    now_ms: u64,
    event_type: &str,
    filters: &[&str],
) -> Vec<u8> {
    let mut event = common(client, connection, now_ms, event_type);
    event["topics"] = json!(filters);
    event.to_string().into_bytes()
}

fn common(client: &str, connection: &Connection, now_ms: u64, event_type: &str) -> Value {
    let mut event = json!({
        "clientId": client,
        "timestamp": now_ms,
        "eventType": event_type,
        "sessionIdentifier": connection.identifier,
        "principalIdentifier": &*connection.principal,
    });
    if let Some(thing) = &connection.thing {
        event["thingName"] = json!(&**thing);
    }
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_grow_and_are_forgotten_an_hour_after_leaving() {
        let mut presence = Presence::default();
        let client: Arc<str> = "pump-1".into();
        let scope = ScopeId(0);
        assert_eq!(presence.connected(scope, &client, 0), 0);
        presence.disconnected(scope, &client, parting(10));
        assert_eq!(presence.connected(scope, &client, 20), 1);
        presence.disconnected(scope, &client, parting(30));
        let known = |now_ms| presence.parting(scope, &client, now_ms).is_some();
        assert!(known(30 + CONNECTION_MEMORY_MS) && !known(31 + CONNECTION_MEMORY_MS));
        assert_eq!(presence.connected(scope, &client, 31 + PRESENCE_MEMORY_MS), 0);
    }

    fn parting(at_ms: u64) -> Parting {
        let reason = DisconnectReason::ConnectionLost;
        Parting { connection: Connection::default(), expiry_s: 0, at_ms, reason }
    }

    #[test]
    fn a_lost_connection_is_not_client_initiated() {
        let event = disconnected_event("a", &Connection::default(), 5, DisconnectReason::ConnectionLost);
        let event: Value = serde_json::from_slice(&event).expect("JSON");
        assert_eq!(event["clientInitiatedDisconnect"], json!(false));
        assert_eq!(event["disconnectReason"], json!("CONNECTION_LOST"));
    }
}
