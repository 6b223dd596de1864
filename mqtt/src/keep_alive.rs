//! The keep-alive period of a connection in, the moment it counts as dead out. Holds no clock.

/// How long a peer may be silent (MQTT 5.0 section 3.1.2.10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeepAlive {
    pub period_ms: u64,
}

impl KeepAlive {
    pub const fn from_s(period_s: u16) -> Self {
        Self { period_ms: period_s as u64 * 1000 }
    }

    /// One and a half periods after the last packet; none when keep-alive is off.
    pub const fn deadline(self, last_packet_ms: u64) -> Option<u64> {
        if self.period_ms == 0 {
            return None;
        }
        Some(last_packet_ms.saturating_add(self.period_ms.saturating_add(self.period_ms / 2)))
    }
}

#[cfg(test)]
mod tests {
    use super::KeepAlive;

    #[test]
    fn a_silent_peer_is_dead_after_one_and_a_half_periods() {
        assert_eq!(KeepAlive::from_s(30).deadline(1_000), Some(46_000));
        assert_eq!(KeepAlive::from_s(1).deadline(0), Some(1_500));
        assert_eq!(KeepAlive::from_s(u16::MAX).deadline(0), Some(98_302_500));
        assert_eq!(KeepAlive::from_s(1).deadline(u64::MAX), Some(u64::MAX));
    }

    #[test]
    fn period_zero_turns_keep_alive_off() {
        assert_eq!(KeepAlive::from_s(0).deadline(5), None);
    }
}
