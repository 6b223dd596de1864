//! What a connection did and why it ended, entered into its client's record. Decides nothing.

use broker::presence::DisconnectReason;
use hub::Refusal;

use super::Core;
use crate::activity::{Activity, Parted, Trouble, Who};

/// How often counts are entered while messages flow.
pub(super) const COUNTED_EVERY_MS: u64 = 5_000;

impl Core {
    pub(super) fn who(&self) -> Who {
        Who { scope: self.scope, client: self.client.clone(), certificate: self.link.certificate }
    }

    /// Enters what was published and received since the last time.
    pub(super) fn count(&mut self) {
        self.counted_ms = self.shared.clock.machine_ms();
        let received = std::mem::take(&mut self.link.lock().delivered);
        let mut topics = Vec::new();
        let uncounted = self.lane.take_counts(|topic, count| topics.push((topic.clone(), count)));
        if self.session.is_none() || (received == 0 && uncounted == 0 && topics.is_empty()) {
            return;
        }
        let now_ms = self.shared.clock.wall_ms();
        self.shared.activity.clients.enter(&self.who(), |record| {
            record.heard(self.link.number, now_ms);
            record.received += received;
            record.published_elsewhere(uncounted);
            for (topic, count) in topics {
                record.published(&topic, count, now_ms);
            }
        });
    }

    /// Enters what the client did wrong.
    pub(super) fn trouble(&self, refusal: &Refusal) {
        self.shared.trouble(&self.who(), self.what(refusal), refusal);
    }

    /// Enters the end of the connection, and the will that it takes along unless `will` is published.
    pub(super) fn part(&self, end: &Refusal, will: bool) {
        use DisconnectReason::{ApiInitiated, ClientInitiated, ServerInitiated};
        let now_ms = self.shared.clock.wall_ms();
        let reason = end.reason.as_str();
        let dropped_will =
            self.will.as_deref().filter(|_| !will).map(|topic| Activity::clip(topic).into_owned());
        let parted =
            Parted { at_ms: now_ms, reason: reason.to_owned(), text: end.text.clone(), dropped_will };
        let expected = matches!(end.reason, ClientInitiated | ApiInitiated | ServerInitiated);
        let trouble =
            (!expected).then(|| Trouble::new(self.what(end), reason, &end.text, end.verdict.as_deref()));
        self.shared.activity.clients.enter(&self.who(), |record| {
            record.parted(self.link.number, parted);
            if let Some(trouble) = trouble {
                record.troubled_unless_told(trouble, now_ms);
            }
        });
    }

    fn what(&self, refusal: &Refusal) -> &'static str {
        match (&refusal.verdict, self.session) {
            (_, None) => "connect refused",
            (Some(verdict), _) if verdict.action == policy::Action::Subscribe => "subscribe refused",
            (Some(_), _) => "publish denied",
            (None, _) => "disconnected",
        }
    }
}
