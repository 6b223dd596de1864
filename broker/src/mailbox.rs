//! A persistent session's queue of QoS 1 and 2 messages: numbers only; the records are in a store log.

use std::collections::BTreeSet;

use crate::limits::{MAILBOX_BYTES, MAILBOX_MESSAGES};

/// Where a session's log begins and ends, and which of its messages the client has already taken.
#[derive(Debug, Clone, Default)]
pub struct Mailbox {
    head: u64,
    tail: u64,
    bytes: u64,
    /// Taken by the client out of order: above `head`, below `tail`.
    taken: BTreeSet<u64>,
    /// QoS 2: the client has the message and waits for PUBREL; must survive a crash.
    released: BTreeSet<u64>,
    /// First number never yet handed to a connection; below it a delivery is a repetition.
    sent: u64,
    dropped: u64,
}

/// Why a mailbox did not take a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Overflow {
    #[error(
        "the mailbox holds {0} messages, its limit; new ones are dropped until the client takes some or its session ends"
    )]
    Messages(u64),
    #[error(
        "the mailbox holds {0} bytes, its limit; new messages are dropped until the client takes some or its session ends"
    )]
    Bytes(u64),
}

impl Mailbox {
    /// A mailbox whose log spans `head..tail` and holds `bytes`. How much of it went out before is not known, so
    /// all of it may have.
    pub fn new(head: u64, tail: u64, bytes: u64) -> Self {
        Mailbox { head, tail: tail.max(head), bytes, sent: tail.max(head), ..Mailbox::default() }
    }

    pub fn head(&self) -> u64 {
        self.head
    }

    pub fn tail(&self) -> u64 {
        self.tail
    }

    /// Messages that the client has not taken yet.
    pub fn len(&self) -> u64 {
        self.tail - self.head - self.taken.len() as u64
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Gives the next message its number, or counts it as dropped.
    pub fn admit(&mut self, size: u64) -> Result<u64, Overflow> {
        let overflow = if self.len() >= MAILBOX_MESSAGES {
            Some(Overflow::Messages(MAILBOX_MESSAGES))
        } else if self.bytes.saturating_add(size) > MAILBOX_BYTES {
            Some(Overflow::Bytes(MAILBOX_BYTES))
        } else {
            None
        };
        if let Some(overflow) = overflow {
            self.dropped += 1;
            return Err(overflow);
        }
        let seq = self.tail;
        self.tail += 1;
        self.bytes += size;
        Ok(seq)
    }

    /// The client has taken message `seq`; true when the head moved, so that the log may be trimmed.
    pub fn take(&mut self, seq: u64) -> bool {
        if seq < self.head || seq >= self.tail {
            return false;
        }
        if seq != self.head {
            self.taken.insert(seq);
            return false;
        }
        let before = self.head;
        self.head += 1;
        while self.taken.remove(&self.head) {
            self.head += 1;
        }
        self.forget_bytes(before);
        true
    }

    /// Whether the client has already taken `seq`.
    pub fn is_taken(&self, seq: u64) -> bool {
        seq < self.head || self.taken.contains(&seq)
    }

    /// QoS 2: the client has stored `seq`; what is left is PUBREL and PUBCOMP.
    pub fn release(&mut self, seq: u64) -> bool {
        seq >= self.head && seq < self.tail && self.released.insert(seq)
    }

    pub fn is_released(&self, seq: u64) -> bool {
        self.released.contains(&seq)
    }

    /// Released numbers that the head has passed. Above it they stay: `taken` does not survive a crash, and without
    /// them the client would get a finished QoS 2 message again.
    pub fn forget_released(&mut self) -> BTreeSet<u64> {
        let kept = self.released.split_off(&self.head);
        std::mem::replace(&mut self.released, kept)
    }

    pub fn all_released(&self) -> impl Iterator<Item = u64> + '_ {
        self.released.iter().copied()
    }

    /// First number never handed to a connection.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    pub fn mark_sent(&mut self, before: u64) {
        self.sent = self.sent.max(before.min(self.tail));
    }

    /// Bytes are known for the whole log only; a trimmed part counts as its share of it.
    fn forget_bytes(&mut self, before: u64) {
        let total = self.tail - before;
        let gone = self.head - before;
        let share = u128::from(self.bytes) * u128::from(gone) / u128::from(total.max(1));
        self.bytes -= u64::try_from(share).unwrap_or(self.bytes).min(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_waits_for_the_oldest_message_not_taken() {
        let mut mailbox = Mailbox::new(10, 10, 0);
        for _ in 0..4 {
            mailbox.admit(100).expect("room");
        }
        assert!(!mailbox.take(11));
        assert!(!mailbox.take(12));
        assert_eq!((mailbox.head(), mailbox.len()), (10, 2));
        assert!(mailbox.take(10));
        assert_eq!((mailbox.head(), mailbox.len(), mailbox.bytes()), (13, 1, 100));
    }

    #[test]
    fn a_released_number_is_kept_until_the_head_passes_it() {
        let mut mailbox = Mailbox::new(0, 2, 0);
        assert!(mailbox.release(1));
        assert!(!mailbox.take(1));
        assert!(mailbox.forget_released().is_empty());
        assert!(mailbox.take(0));
        assert_eq!(mailbox.forget_released(), BTreeSet::from([1]));
        assert!(!mailbox.is_released(1));
    }

    #[test]
    fn taking_twice_or_the_unknown_changes_nothing() {
        let mut mailbox = Mailbox::new(0, 0, 0);
        mailbox.admit(1).expect("room");
        assert!(mailbox.take(0));
        assert!(!mailbox.take(0));
        assert!(!mailbox.take(7));
        assert_eq!((mailbox.head(), mailbox.tail()), (1, 1));
    }

    #[test]
    fn a_full_mailbox_drops_the_new_message_and_counts_it() {
        let mut mailbox = Mailbox::new(0, 0, 0);
        assert_eq!(mailbox.admit(MAILBOX_BYTES + 1), Err(Overflow::Bytes(MAILBOX_BYTES)));
        assert_eq!((mailbox.dropped(), mailbox.len()), (1, 0));
    }
}
