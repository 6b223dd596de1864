//! The aliases we give topics, first come first served. Never takes one back from a topic that was sent.

use crate::limits::OUTBOUND_ALIASES_MAX;

/// The topic of alias n stands at n - 1.
#[derive(Debug, Default)]
pub(super) struct AliasGiver {
    topics: Vec<Box<str>>,
}

impl AliasGiver {
    /// The alias for `topic`, and true when it is new, so that the topic has to go along.
    pub(super) fn alias(giver: &mut Option<Box<Self>>, topic: &str, maximum: u16) -> Option<(u16, bool)> {
        let maximum = usize::from(maximum).min(OUTBOUND_ALIASES_MAX);
        let topics = &mut giver.get_or_insert_default().topics;
        if let Some(at) = topics.iter().position(|known| **known == *topic) {
            return Some((u16::try_from(at + 1).ok()?, false));
        }
        if topics.len() >= maximum {
            return None;
        }
        topics.push(topic.into());
        Some((u16::try_from(topics.len()).ok()?, true))
    }

    /// Forgets the newest alias: the packet that should have defined it was not sent.
    pub(super) fn withdraw(giver: &mut Option<Box<Self>>) {
        if let Some(giver) = giver {
            giver.topics.pop();
        }
    }
}
