//! Which dialect is spoken and every limit that a client can meet, named beside AWS's quota.

use message::{Dialect, QoS, limits};

use crate::shadows::history::HistoryBound;

/// What the hub and the connections need to know before the first packet.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    pub dialect: Dialect,
    /// Whole packet, fixed header included (AWS: 146 KiB).
    pub maximum_packet_size: u32,
    /// Payload of a publish (AWS: 128 KiB).
    pub payload_bytes: usize,
    /// QoS 1 publishes a client may have unanswered (AWS: 100).
    pub receive_maximum: u16,
    /// QoS 1 deliveries to a client that are unanswered (AWS: 100).
    pub in_flight: u16,
    /// MQTT 5 topic aliases a client may set (AWS: 8).
    pub topic_alias_maximum: u16,
    pub keep_alive_min_s: u16,
    /// Also what keep-alive 0 becomes (AWS: 1200). 0: no limit and 0 stays off.
    pub keep_alive_max_s: u16,
    /// Longest life of a session without a connection; `u32::MAX`: for ever.
    pub session_expiry_max_s: u32,
    pub filters_per_subscribe: usize,
    pub subscriptions_per_connection: usize,
    pub share_groups: usize,
    pub share_members: usize,
    /// Inbound publishes per second and connection; 0: no limit.
    pub publishes_per_s: u32,
    /// Inbound bytes per second and connection; 0: no limit.
    pub bytes_per_s: u32,
    /// CONNECTs per second and client id; 0: no limit.
    pub connects_per_client_per_s: u32,
    /// An unanswered QoS 1 delivery is sent again on the same connection after this time; 0: never.
    pub resend_after_ms: u64,
    pub maximum_qos: QoS,
    /// Whether a rule's role must let it do what it does; else it is only said.
    pub strict_roles: bool,
    /// Requests per second to one shadow (AWS: 20); 0: no limit.
    pub shadow_requests_per_s: u32,
    pub shadow_history: HistoryBound,
    /// Handed in once at start: makes session identifiers and assigned client ids unguessable.
    pub seed: u64,
}

impl Settings {
    pub fn new(dialect: Dialect, seed: u64) -> Settings {
        match dialect {
            Dialect::Aws => Settings::aws(seed),
            Dialect::Standard => Settings::standard(seed),
        }
    }

    fn aws(seed: u64) -> Settings {
        Settings {
            dialect: Dialect::Aws,
            maximum_packet_size: limits::PACKET_BYTES,
            payload_bytes: limits::PAYLOAD_BYTES,
            receive_maximum: limits::IN_FLIGHT,
            in_flight: limits::IN_FLIGHT,
            topic_alias_maximum: limits::TOPIC_ALIASES,
            keep_alive_min_s: limits::KEEP_ALIVE_MIN_S,
            keep_alive_max_s: limits::KEEP_ALIVE_MAX_S,
            session_expiry_max_s: limits::SESSION_EXPIRY_S,
            filters_per_subscribe: limits::FILTERS_PER_SUBSCRIBE,
            subscriptions_per_connection: limits::SUBSCRIPTIONS_PER_CONNECTION,
            share_groups: limits::SHARE_GROUPS_PER_ACCOUNT,
            share_members: limits::SUBSCRIPTIONS_PER_SHARE_GROUP,
            publishes_per_s: u32::try_from(limits::PUBLISHES_PER_CONNECTION_PER_S).unwrap_or(u32::MAX),
            bytes_per_s: u32::try_from(limits::THROUGHPUT_PER_CONNECTION_BYTES_PER_S).unwrap_or(u32::MAX),
            connects_per_client_per_s: 1,
            resend_after_ms: 30_000,
            maximum_qos: QoS::AtLeastOnce,
            strict_roles: false,
            shadow_requests_per_s: u32::try_from(shadow::limits::REQUESTS_PER_SECOND).unwrap_or(u32::MAX),
            shadow_history: HistoryBound::default(),
            seed,
        }
    }

    /// The whole of MQTT, bounded only against strangers.
    fn standard(seed: u64) -> Settings {
        Settings {
            dialect: Dialect::Standard,
            maximum_packet_size: 16 * 1024 * 1024,
            payload_bytes: 16 * 1024 * 1024,
            receive_maximum: 1000,
            in_flight: 1000,
            topic_alias_maximum: 64,
            keep_alive_min_s: 0,
            keep_alive_max_s: 0,
            session_expiry_max_s: u32::MAX,
            filters_per_subscribe: 10_000,
            subscriptions_per_connection: 100_000,
            share_groups: 100_000,
            share_members: 100_000,
            publishes_per_s: 0,
            bytes_per_s: 0,
            connects_per_client_per_s: 0,
            resend_after_ms: 0,
            maximum_qos: QoS::ExactlyOnce,
            strict_roles: false,
            shadow_requests_per_s: 0,
            shadow_history: HistoryBound::default(),
            seed,
        }
    }

    /// The keep-alive a client gets for the one it asks for.
    pub fn keep_alive_s(&self, asked_s: u16) -> u16 {
        match (asked_s, self.keep_alive_max_s) {
            (asked, 0) => asked,
            (0, most) => most,
            (asked, most) => asked.clamp(self.keep_alive_min_s, most),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keep_alive_is_what_aws_makes_of_it() {
        let aws = Settings::new(Dialect::Aws, 0);
        for (asked, granted) in [(0, 1200), (1, 30), (30, 30), (600, 600), (1200, 1200), (65535, 1200)] {
            assert_eq!(aws.keep_alive_s(asked), granted, "asked {asked}");
        }
        let standard = Settings::new(Dialect::Standard, 0);
        assert_eq!((standard.keep_alive_s(0), standard.keep_alive_s(5)), (0, 5));
    }
}
