//! A connection that was made in; whether it leads to this server itself out. What it would ask there would count as a
//! call from this machine, whoever's rule it was.

use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;

/// Where this server listens.
#[derive(Debug, Default)]
pub(super) struct Own {
    listening: OnceLock<Vec<SocketAddr>>,
}

impl Own {
    /// Counts once: listeners do not change while a server runs.
    pub(super) fn listen(&self, addresses: Vec<SocketAddr>) {
        self.listening.get_or_init(|| addresses);
    }

    /// `from` is this side's end of the connection.
    pub(super) fn is_reached(&self, peer: SocketAddr, from: SocketAddr) -> bool {
        let (to, from) = (canonical(peer.ip()), canonical(from.ip()));
        // Whoever speaks to an address of this machine speaks from the same one, unless it is a loopback.
        let is_here = to.is_loopback() || to == from;
        self.listening.get().into_iter().flatten().any(|own| {
            let ip = canonical(own.ip());
            own.port() == peer.port() && (ip == to || (ip.is_unspecified() && is_here))
        })
    }
}

fn canonical(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_is_known_by_every_address_that_leads_to_it() {
        let own = Own::default();
        let reached = |own: &Own, peer: &str, from: &str| {
            own.is_reached(peer.parse().expect("an address"), from.parse().expect("an address"))
        };
        assert!(!reached(&own, "127.0.0.1:80", "127.0.0.1:5"), "nobody listens yet");
        let listening = ["127.0.0.1:80", "0.0.0.0:81", "[::]:82", "10.0.0.1:83"];
        own.listen(listening.iter().map(|text| text.parse().expect("an address")).collect());
        for (peer, from, expected) in [
            ("127.0.0.1:80", "127.0.0.1:5", true),
            ("[::ffff:127.0.0.1]:80", "[::ffff:127.0.0.1]:5", true),
            ("127.0.0.1:8000", "127.0.0.1:5", false),
            ("10.0.0.9:80", "10.0.0.1:5", false),
            ("127.0.0.2:81", "127.0.0.1:5", true),
            ("10.0.0.1:81", "10.0.0.1:5", true),
            ("10.0.0.9:81", "10.0.0.1:5", false),
            ("[::1]:82", "[::1]:5", true),
            ("127.0.0.1:82", "127.0.0.1:5", true),
            ("10.0.0.1:83", "10.0.0.1:5", true),
            ("127.0.0.1:83", "127.0.0.1:5", false),
        ] {
            assert_eq!(reached(&own, peer, from), expected, "{peer} from {from}");
        }
    }
}
