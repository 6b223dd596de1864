//! Acknowledgements in the order of their publishes, although some wait for the disk and others do not.

use std::collections::VecDeque;

use message::QoS;
use mqtt::{Ack, Packet};

/// Publishes not yet acknowledged, oldest first. Empty as long as nothing waits for the disk.
#[derive(Debug, Default)]
pub(crate) struct Acks {
    waiting: VecDeque<Waiting>,
    /// Packet ids acknowledged since the reading side last looked.
    answered: Vec<u16>,
}

#[derive(Debug)]
struct Waiting {
    packet_id: u16,
    settled: Option<(QoS, Ack)>,
}

impl Acks {
    /// A publish whose answer comes later.
    pub(crate) fn expect(&mut self, packet_id: u16) {
        self.waiting.push_back(Waiting { packet_id, settled: None });
    }

    /// The answer to a publish that nobody had to wait for; it queues behind those before it.
    pub(crate) fn add(&mut self, packet_id: u16, qos: QoS, ack: Ack) {
        self.waiting.push_back(Waiting { packet_id, settled: Some((qos, ack)) });
    }

    /// The answer to a publish that was expected. They come in order, so it is among the first.
    pub(crate) fn settle(&mut self, packet_id: u16, qos: QoS, ack: Ack) {
        let open = self.waiting.iter_mut().find(|w| w.packet_id == packet_id && w.settled.is_none());
        if let Some(waiting) = open {
            waiting.settled = Some((qos, ack));
        }
    }

    /// Writes the answers whose turn it is.
    pub(crate) fn write(&mut self, mut put: impl FnMut(&Packet<'_>)) {
        while let Some(Waiting { packet_id, settled: Some(_) }) = self.waiting.front() {
            let packet_id = *packet_id;
            let Some((qos, ack)) = self.waiting.pop_front().and_then(|w| w.settled) else { return };
            if qos == QoS::ExactlyOnce {
                if ack.reason.is_error() {
                    self.answered.push(packet_id);
                }
                put(&Packet::Pubrec(ack));
            } else {
                self.answered.push(packet_id);
                put(&Packet::Puback(ack));
            }
        }
    }

    /// The whole QoS 2 handshake of a publish is over.
    pub(crate) fn complete(&mut self, packet_id: u16) {
        self.answered.push(packet_id);
    }

    /// Packet ids whose place in the receive maximum is free again.
    pub(crate) fn take_answered(&mut self) -> Vec<u16> {
        std::mem::take(&mut self.answered)
    }
}

#[cfg(test)]
mod tests {
    use mqtt::ReasonCode;

    use super::*;

    #[test]
    fn answers_go_out_in_the_order_of_the_publishes() {
        let mut acks = Acks::default();
        acks.expect(1);
        acks.expect(2);
        let mut written = Vec::new();
        acks.add(3, QoS::AtLeastOnce, Ack::new(3, ReasonCode::Success));
        for id in [2, 1] {
            acks.settle(id, QoS::AtLeastOnce, Ack::new(id, ReasonCode::Success));
            acks.write(|packet| {
                if let Packet::Puback(ack) = packet {
                    written.push(ack.packet_id);
                }
            });
        }
        assert_eq!(written, [1, 2, 3]);
        assert!(acks.waiting.is_empty());
        assert_eq!(acks.take_answered(), [1, 2, 3]);
    }
}
