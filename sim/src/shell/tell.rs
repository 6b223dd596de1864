//! Notices in, packets to connections and promises out, as told after the commit.

use hub::{Notice, Welcome};
use message::QoS;

use super::Shell;
use crate::out::{Sent, Stage};
use crate::packet::{Deed, Down, Link, number_of};

impl Shell {
    pub(super) fn tell(&mut self, notices: Vec<Notice<Link>>) -> Result<(), String> {
        for notice in notices {
            if let Some(link) = self.tell_one(notice) {
                self.want_backlog(link);
            }
        }
        Ok(())
    }

    /// The link that may want more of its mailbox now.
    fn tell_one(&mut self, notice: Notice<Link>) -> Option<Link> {
        match notice {
            Notice::Welcome(welcome) => Some(self.welcome(&welcome)),
            Notice::Refused { link, .. } => {
                if let Some(mut out) = self.links.remove(&link) {
                    out.put(Down::Connack { accepted: false, present: false, serial: 0 });
                    self.parting.extend(out.packets.into_iter().map(|packet| (link, packet)));
                }
                None
            }
            Notice::Close { link, .. } => {
                let out = self.links.get_mut(&link)?;
                out.finish();
                None
            }
            Notice::Deliver(deliver) => {
                let number = number_of(&deliver.message);
                let out = self.links.get_mut(&deliver.link)?;
                out.deliver(Sent { number, qos: deliver.qos, retain: deliver.retain, seq: deliver.seq });
                deliver.seq.map(|_| deliver.link)
            }
            Notice::Suback { link, .. } => self.put(link, Down::Suback),
            Notice::Unsuback { link, .. } => self.put(link, Down::Unsuback),
            Notice::Answer { link, packet_id, qos, reason, .. } => {
                self.answer(link, packet_id, qos, !reason.is_error());
                None
            }
            Notice::Release { link, seq } => {
                self.links.get_mut(&link)?.release_seq(seq);
                None
            }
            Notice::Page { link, parcels, next, tail } => {
                self.links.get_mut(&link)?.page(parcels, next, tail);
                Some(link)
            }
            Notice::Explain { .. }
            | Notice::Unheard(_)
            | Notice::Review { .. }
            | Notice::Trace(_)
            | Notice::Woke { .. }
            | Notice::Work { .. }
            | Notice::Confirm { .. }
            | Notice::ShadowOfClient { .. } => None,
        }
    }

    fn welcome(&mut self, welcome: &Welcome<Link>) -> Link {
        let (link, session) = (welcome.link, welcome.session);
        let serial = self.book.sessions.values().find(|e| e.id == session).map_or(0, |e| e.serial);
        match self.links.get_mut(&link) {
            Some(out) if out.stage == Stage::Waiting => {
                out.welcome(session, serial, welcome.mailbox, &welcome.held);
                let present = welcome.connack.session_present;
                out.put(Down::Connack { accepted: true, present, serial });
            }
            // It went while its CONNECT was being decided, and nobody else would tell the hub.
            _ => {
                self.links.remove(&link);
                let closed = Deed::Closed { link, session, will: true, expiry_s: None, sent: 0 };
                self.desk.push_back(closed);
            }
        }
        link
    }

    /// PUBACK or PUBREC; MQTT 3 has no word for a refusal, so the connection ends and the client tries again.
    fn answer(&mut self, link: Link, packet_id: u16, qos: QoS, ok: bool) {
        if let Some(at) = self.pending.iter().position(|p| (p.link, p.packet_id) == (link, packet_id)) {
            let pending = self.pending.remove(at);
            if ok {
                let before = self.dues_of.get(&pending.number).into_iter().flatten();
                self.promises.extend(pending.dues.iter().chain(before));
            } else {
                self.refused.push(pending.number);
            }
        }
        let Some(out) = self.links.get_mut(&link) else { return };
        if !ok && qos == QoS::ExactlyOnce {
            out.held.remove(&packet_id);
        }
        if !ok && out.greeting.version != mqtt::Version::V5 {
            out.finish();
        } else if qos == QoS::ExactlyOnce {
            out.put(Down::Pubrec { packet_id, ok });
        } else {
            out.put(Down::Puback(packet_id));
        }
    }

    fn put(&mut self, link: Link, packet: Down) -> Option<Link> {
        self.links.get_mut(&link)?.put(packet);
        None
    }

    /// Asks the hub for what the connection may still get of its mailbox, and tells it what the client has taken.
    pub(super) fn want_backlog(&mut self, link: Link) {
        let Some(out) = self.links.get_mut(&link).filter(|out| out.stage == Stage::Open) else { return };
        let (Some(session), Some(wish)) = (out.session, out.wish()) else { return };
        if !wish.taken.is_empty() {
            self.desk.push_back(Deed::Taken { session, seqs: wish.taken });
        }
        for seq in wish.received {
            self.desk.push_back(Deed::Received { link, session, seq });
        }
        if let Some((from, most)) = wish.fetch {
            self.desk.push_back(Deed::Fetch { link, session, from, most });
        }
    }
}
